"""Regular assistance: programmes, their terms, and who is on a term's list."""
