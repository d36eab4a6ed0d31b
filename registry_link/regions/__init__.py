"""Codes, names and boundaries of provinces, regencies, districts and villages."""
