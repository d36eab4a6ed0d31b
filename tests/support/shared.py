"""Real lists, boundaries and tables that tests read but the repository does not hold.

They lie in ``TANGGAP_SHARED``, by default in the folder ``shared`` beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TANGGAP_SHARED", Path(__file__).resolve().parents[3] / "shared"))
LISTS = SHARED / "data" / "regions"
BOUNDARIES = SHARED / "data" / "boundaries"
CATALOGUE = SHARED / "data" / "reference" / "item_catalogue.csv"

needs_real_regions = pytest.mark.skipif(
    not (LISTS.is_dir() and BOUNDARIES.is_dir()),
    reason=f"real lists and boundaries not found in {SHARED} (TANGGAP_SHARED names their folder)",
)
needs_catalogue = pytest.mark.skipif(
    not CATALOGUE.is_file(), reason=f"compiled catalogue not found: {CATALOGUE} (TANGGAP_SHARED names its folder)"
)
