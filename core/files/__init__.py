"""Stored uploads: bytes under their own hash below the data folder, a row that says what they are."""
