"""Very many rows go in whole and come out whole, however they fall into statements and batches."""

from __future__ import annotations

import traceback

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.actor import system
from core.work import Work
from registry_link.households.bulk import _MOST_PLACES, columns_of, one_of, put_frame, put_rows
from registry_link.households.models import KnownNumber, SearchText
from registry_link.households.weighing import _among, mapped

OFFICE = system("99.01")
AT_ONCE = _MOST_PLACES // 2
"""Rows of ``known_number`` in one statement."""
NAME = "siti rahasia"
WORDS = ("biasa", 'dengan "kutip"', "koma, titik; dan\ttab", "baris\nbaru", "\\N", "", "é ñ 日本")


def numbers(count: int) -> list[tuple[bytes, int]]:
    return [(at.to_bytes(16, "big"), at * 7) for at in range(count)]


@pytest.mark.parametrize("count", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE, 2 * AT_ONCE + 3])
@pytest.mark.parametrize("is_frame", [True, False])
def test_every_row_goes_in_and_comes_out(work: Work, count: int, is_frame: bool):
    with work.by(OFFICE) as tx:
        if is_frame:
            put_frame(tx, KnownNumber, pl.DataFrame(numbers(count), schema=["number_index", "row_no"], orient="row"))
        else:
            assert put_rows(tx, KnownNumber, ("number_index", "row_no"), numbers(count)) == count
    query = sa.select(KnownNumber.number_index, KnownNumber.row_no).order_by(KnownNumber.row_no)
    for at_once in (1, 7, count, count + 1):
        with work.read_by(OFFICE) as tx:
            batches = list(columns_of(tx, query, at_once))
        assert max(len(one[0]) for one in batches) <= at_once
        found = [(bytes(index), no) for batch in batches for index, no in zip(*batch, strict=True)]
        assert found == numbers(count)


def test_nothing_goes_in_and_nothing_comes_out(work: Work):
    with work.by(OFFICE) as tx:
        assert put_rows(tx, KnownNumber, ("number_index", "row_no"), []) == 0
        put_frame(tx, KnownNumber, pl.DataFrame(schema={"number_index": pl.Binary(), "row_no": pl.Int64()}))
        assert list(columns_of(tx, sa.select(KnownNumber.row_no))) == []


ODD = (*WORDS, "NULL", 'a"{},\\', "{}", "a'b")


def test_rows_are_asked_for_by_any_values(work: Work):
    with work.by(OFFICE) as tx:
        put_rows(tx, SearchText, ("row_no", "regency_code", "words", "folded"),
                 [(no, "99.01", text, None) for no, text in enumerate(ODD)])  # fmt: skip

    def found(column: sa.orm.InstrumentedAttribute[object], values: list[object]) -> set[int]:
        with work.read_by(OFFICE) as tx:
            return set(tx.session.scalars(sa.select(SearchText.row_no).where(one_of(tx, column, values))))

    for no, text in enumerate(ODD):
        assert found(SearchText.words, [text, text, "tidak ada"]) == {no}
    assert found(SearchText.words, list(ODD)) == set(range(len(ODD)))
    assert found(SearchText.row_no, [1, 2, 99]) == {1, 2}
    assert found(SearchText.row_no, []) == found(SearchText.folded, [None]) == set()


def test_texts_of_any_kind_stay_as_they_are(work: Work):
    rows = [(no, "99.01", text, None if no % 2 else text) for no, text in enumerate(WORDS)]
    with work.by(OFFICE) as tx:
        put_frame(
            tx, SearchText, pl.DataFrame(rows, schema=["row_no", "regency_code", "words", "folded"], orient="row")
        )
    with work.read_by(OFFICE) as tx:
        query = sa.select(SearchText.row_no, SearchText.regency_code, SearchText.words, SearchText.folded)
        assert [tuple(row) for row in tx.session.execute(query.order_by(SearchText.row_no))] == rows


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=30), st.lists(st.integers(0, 2**64 - 1), max_size=30), st.data()
)  # fmt: skip
def test_digests_are_found_among_others_and_mapped(one: list[int], other: list[int], data: st.DataObject):
    one += data.draw(st.lists(st.sampled_from(other), max_size=9)) if other else []
    values, others = (np.array(several, dtype=np.uint64) for several in (one, other))
    assert _among(values, others).tolist() == [value in set(other) for value in one]
    keys = list(dict.fromkeys(other))
    to = mapped(values, np.array(keys, dtype=np.uint64), np.arange(len(keys), dtype=np.int64))
    assert to.to_list() == [keys.index(value) if value in keys else None for value in one]


@pytest.mark.parametrize("is_frame", [True, False])
def test_a_row_that_cannot_be_written_is_not_quoted(work: Work, is_frame: bool):
    """What fails ends in a log."""
    names = ("row_no", "regency_code", "words", "folded")
    with pytest.raises(Exception, match=r"(?i)null") as caught, work.by(OFFICE) as tx:
        if is_frame:
            put_frame(tx, SearchText, pl.DataFrame([(1, None, NAME, "")], schema=names, orient="row"))
        else:
            put_rows(tx, SearchText, names, [(1, None, NAME, "")])
    assert NAME not in "".join(traceback.format_exception(caught.value))
