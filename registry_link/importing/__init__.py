"""Registry files: read by column aliases, every row checked, staged, shown as counts, then made current at once."""
