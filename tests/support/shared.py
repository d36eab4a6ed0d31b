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
ALERTS = SHARED / "data" / "cap"
FLOODS = SHARED / "data" / "petabencana" / "jkt_floods_2017-02-21T15.geojson"
BNPB_COLUMNS = SHARED / "data" / "reference" / "bnpb_disaster_table_columns.csv"
CATALOGUE = SHARED / "data" / "reference" / "item_catalogue.csv"

needs_real_regions = pytest.mark.skipif(
    not (LISTS.is_dir() and BOUNDARIES.is_dir()),
    reason=f"real lists and boundaries not found in {SHARED} (TANGGAP_SHARED names their folder)",
)
needs_catalogue = pytest.mark.skipif(
    not CATALOGUE.is_file(), reason=f"compiled catalogue not found: {CATALOGUE} (TANGGAP_SHARED names its folder)"
)
needs_boundaries = pytest.mark.skipif(
    not BOUNDARIES.is_dir(), reason=f"real boundaries not found: {BOUNDARIES} (TANGGAP_SHARED names its folder)"
)
needs_alerts = pytest.mark.skipif(
    not ALERTS.is_dir(), reason=f"real alerts not found: {ALERTS} (TANGGAP_SHARED names its folder)"
)
needs_floods = pytest.mark.skipif(
    not FLOODS.is_file(), reason=f"real states of flood not found: {FLOODS} (TANGGAP_SHARED names its folder)"
)
needs_bnpb_columns = pytest.mark.skipif(
    not BNPB_COLUMNS.is_file(), reason=f"BNPB's columns not found: {BNPB_COLUMNS} (TANGGAP_SHARED names its folder)"
)
