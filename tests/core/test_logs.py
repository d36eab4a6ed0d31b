"""No line that a process of ours writes holds a person's number, and no error what stood in a cell."""

from __future__ import annotations

import csv
import io
import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import logs
from core.logs import tell_error
from core.privacy.numbers import mask_numbers, numbers_in
from core.work import Work
from tests.support.tree import ROOT

NIK = "9901010101200001"
WRITTEN = (
    NIK, "99.0101.010120.0001", "990101 010120 0001", "99-0101-010120-0001", "990101'010120'0001",
    "9901\u00a00101 01200001",
    "990101%20010120%200001", "990101+010120+0001", "９９０１０１０１０１２００００１", "9901 - 0101 - 0120 - 0001",
)  # fmt: skip


@pytest.mark.parametrize("number", WRITTEN)
@pytest.mark.parametrize(
    "text", ["{}", "a{}b", "nik={};", "({})", "dtsen_{}_baru.csv", "{}-abcdef", "x {}, {} y", "0x{}"]
)
def test_a_number_is_masked_however_it_is_written_and_whatever_stands_beside_it(number: str, text: str):
    assert mask_numbers(text.format(number, number)) == text.format("[number]", "[number]")


@given(
    before=st.text(alphabet="0123456789 -./'xyz", max_size=20),
    after=st.text(alphabet="0123456789 -./'xyz", max_size=20),
    signs=st.lists(st.sampled_from(["", " ", ".", "-", "'"]), min_size=15, max_size=15),
)  # fmt: skip
def test_no_sixteen_digits_are_left(before: str, after: str, signs: list[str]):
    written = NIK[0] + "".join(sign + digit for sign, digit in zip(signs, NIK[1:], strict=True))
    assert not numbers_in(mask_numbers(f"{before}{written}{after}"))


@pytest.mark.parametrize(
    "text",
    [
        "019aaf3c-1234-7123-8123-123456789012", "import-019AAF3C-1234-7123-8123-123456789012-0.rows",
        "d41d8cd98f00b204e9800998ecf8427e", "0" * 40 + "1234567890123456789012ab", "1234567890abcdef",
        "2026-11-23 03:00:00,123", "2026-11-23T03:00:00.123456Z", "123456789012345", "127.0.0.1 - - [23/Nov/2026",
        "81.03.01.2001",
    ],
)  # fmt: skip
def test_ids_hashes_days_and_shorter_numbers_stay(text: str):
    assert mask_numbers(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 32, "99010101-0120-0001-9901-010101200002", f"{NIK}abcdef", f"{NIK}0", f"{NIK}{NIK}"]
)
def test_what_is_no_hash_for_certain_is_masked(text: str):
    assert "[number]" in mask_numbers(text) and not numbers_in(mask_numbers(text))


@dataclass(frozen=True)
class Person:
    name: str
    nik: str


def test_an_event_is_masked_whatever_is_said_with_it(capsys: pytest.CaptureFixture[str]):
    logs.install()
    log = structlog.get_logger()
    log.warning(
        f"row of {NIK}", text=WRITTEN[1], number=int(NIK), figure=float(NIK), within=[{NIK: (NIK,)}], few=7,
        person=Person("Budi Uji", NIK), raw=f"Budi Uji {NIK}".encode(), path=Path(NIK),
        error=ValueError(f"'Budi Uji' {NIK}"),
    )  # fmt: skip
    line = capsys.readouterr().out
    told = json.loads(line)
    assert not numbers_in(line) and "Budi" not in line
    assert (told["event"], told["few"], told["person"]) == ("row of [number]", 7, "<Person>")
    assert told["within"] == [{"[number]": ["[number]"]}] and told["error"] == "ValueError: …"


def test_a_record_of_a_library_is_masked_before_any_handler_of_its_own(caplog: pytest.LogCaptureFixture):
    logs.install()
    heard = io.StringIO()
    loud = logging.getLogger("gunicorn.like")
    handler = logging.StreamHandler(heard)
    loud.addHandler(handler)
    loud.propagate = False
    try:
        loud.warning("GET /x?nik=%s", WRITTEN[6])
        loud.warning("%(r)s", {"r": f"GET /?nik={NIK}"})
        loud.warning("does not fit %d", NIK)
        try:
            raise ValueError(f"'Budi Uji' has {NIK}")
        except ValueError:
            loud.exception("Error handling request %s", f"/?q={NIK}")
    finally:
        loud.removeHandler(handler)
    said = heard.getvalue()
    assert said.count("[number]") == 3 and "does not fit" in said
    assert not numbers_in(said) and "Budi" not in said
    assert "ValueError: …" in said and "tests/core/test_logs.py" in said


def errors_that_quote() -> dict[str, Exception]:
    """Let libraries say what they say of cells."""
    found: dict[str, Exception] = {}

    def keep(name: str, act: object, *args: object) -> None:
        try:
            act(*args)  # type: ignore[operator]
        except Exception as error:
            found[name] = error

    keep("polars cast", lambda: pl.Series("nama", ["Budi Uji", NIK + "x"]).cast(pl.Int64))
    keep("polars csv", lambda: pl.read_csv(f"a\n1\n2\nBudi Uji {NIK}\n".encode(), schema={"a": pl.Int64}))
    keep("int", int, "Budi Uji")
    keep("day", lambda: __import__("datetime").date.fromisoformat("Budi Uji"))
    keep("key", lambda: {"x": 1}["Budi O'Uji \" x"])
    keep("bytes", lambda: int(b"Budi Uji"))
    keep("index", lambda: ["x"].index("Budi Uji"))
    keep("assert", lambda: (_ for _ in ()).throw(AssertionError("Budi Uji")))
    keep("csv", lambda: (_ for _ in ()).throw(csv.Error("Budi Uji")))
    keep("unclosed", lambda: (_ for _ in ()).throw(ValueError("found `Budi\nUji")))
    return found


def test_no_error_repeats_a_cell():
    found = errors_that_quote()
    assert len(found) == 10
    for name, error in found.items():
        told = tell_error(error)
        assert "Budi" not in told and "Uji" not in told and not numbers_in(told), (name, told)
        assert type(error).__name__ in told and "tests/core/test_logs.py:" in told, name
    assert any("Budi" in str(one) for one in found.values())


def test_an_error_tells_its_kind_its_place_and_what_led_to_it():
    try:
        try:
            int("Budi")
        except ValueError as error:
            raise RuntimeError("the piece 7 does not open") from error
    except RuntimeError as error:
        told = tell_error(error)
    assert told.startswith("RuntimeError: the piece 7 does not open\n  tests/core/test_logs.py:")
    assert "because of ValueError: invalid literal for int() with base 10: …" in told
    assert (
        tell_error(AttributeError("'X' object has no attribute 'y'"))
        == "AttributeError: 'X' object has no attribute 'y'"
    )
    assert tell_error(FileNotFoundError(2, "No such file", f"/x/{NIK}")) == "FileNotFoundError: No such file (errno 2)"
    several = tell_error(ExceptionGroup("two", [ValueError("one"), KeyError("Budi")]))
    assert "because of ValueError: one" in several and "because of KeyError" in several and "Budi" not in several


def test_a_database_says_which_rule_and_not_which_row(work: Work):
    with work.engine.connect() as connection, connection.begin():
        connection.execute(sa.text("CREATE TABLE uji (nama TEXT, CONSTRAINT ck_uji_nama CHECK (nama <> 'Budi'))"))
    with pytest.raises(sa.exc.IntegrityError) as broken, work.engine.connect() as connection:
        connection.execute(sa.text("INSERT INTO uji VALUES (:nama)"), {"nama": "Budi"})
    told = tell_error(broken.value)
    assert "ck_uji_nama" in told and "Budi" not in told, told


ENDS = """
import sys, threading, warnings
from core import logs
logs.own_process()
nik = sys.argv[1]
warnings.warn(f"cell {nik} of 'Budi'")
def fail(): raise ValueError(f"'Budi' has {nik}")
one = threading.Thread(target=fail, name=f"of {nik}"); one.start(); one.join()
class Gone:
    def __del__(self): raise ValueError(f"'Budi' has {nik}")
Gone()
fail()
"""


def test_what_ends_a_process_or_a_thread_and_a_warning_are_masked():
    done = subprocess.run([sys.executable, "-c", ENDS, NIK], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert not numbers_in(done.stderr) and "Budi" not in done.stderr
    assert done.stderr.count("ValueError: …") == 3 and "UserWarning: cell [number] of …" in done.stderr, done.stderr
