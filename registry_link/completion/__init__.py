"""What the village adds to incomplete households, and where they stand."""
