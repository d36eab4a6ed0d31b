"""The demonstration: an invented district, its invented people, and one invented week."""
