"""Households and their members: from the registry's snapshots, or registered on the spot."""
