"""Cells as they are shown to whoever names columns: codes of villages open, numbers of people masked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_link.importing.samples import LONGEST_SAMPLE, sample_of
from tests.registry_link.importing.test_rows import NAMES
from tests.registry_link.people import SAUM, kk, nik


@pytest.mark.parametrize(
    "cell", [SAUM, SAUM.replace(".", ""), "9901011001 ", "9803010001", "9803010", "Jalan 12", "001/002"]
)
def test_codes_of_villages_are_shown_to_whoever_names_columns(cell: str):
    assert sample_of(cell, NAMES) == cell.strip()


@pytest.mark.parametrize("cell", [
    nik(1), kk(1), f"'{nik(1)}", nik(1)[:15], f"{nik(1)[:6]} {nik(1)[6:12]} {nik(1)[12:]}", f"{SAUM} {nik(1)[10:]}",
    "-".join(nik(1)[at : at + 4] for at in range(0, 16, 4)), "'".join(nik(1)), " - ".join((nik(1)[:4], nik(1)[4:])),
    "9702001001", "081234567890", "02-04-1986", f"{'x' * 34} {nik(1)}", SAUM.replace(".", "-"),
])  # fmt: skip
def test_numbers_of_people_are_masked_for_whoever_names_columns(cell: str):
    shown = sample_of(cell, NAMES)
    assert "•" in shown and sum(one.isdigit() for one in shown) <= 4
    assert len(shown) <= LONGEST_SAMPLE


# On a machine that does much else drawing texts alone takes long.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text("0123456789", min_size=16, max_size=16), st.lists(st.sampled_from(["", " ", ".", "-", "'", "’ ", " - "]),
       min_size=15, max_size=15), st.text("ab 1", max_size=50))  # fmt: skip
def test_no_sixteen_digits_are_ever_shown(number: str, between: list[str], before: str):
    cell = before + "|" + "".join(a + b for a, b in zip(number, [*between, ""], strict=True))
    assert sum(one.isdigit() for one in sample_of(cell, NAMES).partition("|")[2]) <= 4
