"""Nothing people write can stop a printer, turn a line or mean something to markup."""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab import rl_config

from reports import fonts
from reports.fonts import DRAWABLE, NAMES, REGULAR, width
from reports.pen import Fitted, fit, wrap
from reports.sheet import paragraph
from reports.text import EMPTY, Printable, clean, escape, print_nip, shown


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_becomes_one_line_that_every_font_draws(text: str) -> None:
    line = clean(text)
    assert all(ord(character) in DRAWABLE for character in line)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Mn", "Me"} for character in line)
    assert line == " ".join(line.split())
    assert clean(line) == line


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("Siti  Aminah\n", "Siti Aminah"),
        ("Jos\u0065\u0301", "José"),
        ("abc\u202e123\u202c", "abc123"),
        ("Z\u0351\u0352\u0353a\u0354lgo", "Zalgo"),
        ("A\x00B\x1bC", "ABC"),
        ("Ẍājah", "Xājah"),
        ("\u02bfAbd", "‘Abd"),
        ("محمد", "????"),
        ("Ma\u2019rifah", "Ma’rifah"),
        ("Ma\u02bcrifah", "Ma’rifah"),
        ("D\u2011 4", "D- 4"),
        (None, ""),
    ],
)
def test_names_from_many_hands(raw: str | None, line: str) -> None:
    assert clean(raw) == line


def test_an_empty_field_shows_a_dash() -> None:
    assert shown("") == shown(None) == shown("\u200b ") == EMPTY


@settings(deadline=None)
@given(st.text(max_size=120))
def test_escaped_text_never_holds_markup_and_always_makes_a_paragraph(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped and ">" not in escaped
    made = paragraph(text)
    made.wrap(200, 10_000)
    assert made.getPlainText() == (clean(text) or EMPTY)


@pytest.mark.parametrize("name", ["A<B", "<img src='http://127.0.0.1:9/x.png'/>", "<para>", "&lt;b", "<b>Siti", "]]>"])
def test_markup_in_a_name_is_printed_as_it_was_written(name: str) -> None:
    assert paragraph(name).getPlainText() == name


def test_reportlab_opens_no_address_and_repeats_itself() -> None:
    assert rl_config.trustedHosts == []
    assert rl_config.trustedSchemes == []
    assert rl_config.invariant == 1


def test_a_nip_is_grouped_and_anything_else_stays() -> None:
    assert print_nip("198702142010012003") == "19870214 201001 2 003"
    assert print_nip("19870214 201001 2 003") == "19870214 201001 2 003"
    assert print_nip("") == ""
    assert print_nip("12-A") == "12-A"


@settings(deadline=None)
@given(st.text(alphabet="abc defghi,-", max_size=300).map(clean), st.floats(20, 300), st.floats(8, 80))
def test_fitted_text_stays_in_its_room(text: Printable, room: float, high: float) -> None:
    fitted: Fitted = fit(text, REGULAR, (12, 9, 6), room, high)
    assert all(width(line, REGULAR, fitted.size) <= room + 0.01 for line in fitted.lines)
    assert len(fitted.lines) == 1 or fitted.height <= high + 0.2
    whole = fitted.lines[-1:] == () or not fitted.lines[-1].endswith("…")
    if whole:
        assert "".join(fitted.lines).replace(" ", "") == text.replace(" ", "")


@settings(deadline=None)
@given(st.text(alphabet="ab ", max_size=200).map(clean))
def test_wrapping_loses_no_letter(text: Printable) -> None:
    assert "".join(wrap(text, REGULAR, 9, 40)).replace(" ", "") == text.replace(" ", "")


def test_fonts_are_the_ones_of_the_lock_with_figures_of_one_width() -> None:
    folder = Path(fonts.__file__).parent
    lock = tomllib.loads((folder / "lock.toml").read_text())
    assert set(lock["files"]) == {path.name for path in folder.glob("*.ttf")} == {f"{name}.ttf" for name in NAMES}
    for name, entry in lock["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]
    assert (folder / lock["licence_file"]).is_file()
    for name in NAMES:
        assert len({width(digit, name, 10) for digit in "0123456789"}) == 1
