"""Which of our households are one and the same: suspected by their data, decided by two people, undone by two."""
