"""What the content security policy and the eye need from templates and static files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROUTES = Path(__file__).parents[2] / "routes"
TEMPLATES = sorted((ROUTES / "templates").rglob("*.html"))
CSS = (ROUTES / "static" / "css" / "tanggap.css").read_text()
Tokens = dict[str, str]

TINTS = ("good", "warn", "bad", "info", "brand")
GROUPS = ("certain", "probable", "verify")
GROUNDS = ("ground", "surface", "sunken")
ON_ALL_GROUNDS = ("ink", "quiet", "brand", "good", "warn", "bad", "info")
TEXT_PAIRS = [
    *((text, ground) for text in ON_ALL_GROUNDS for ground in GROUNDS),
    *((text, f"{text}-tint") for text in TINTS),
    *((text, f"{tint}-tint") for text in ("ink", "quiet") for tint in (*TINTS, "neutral")),
    *(("on-brand", fill) for fill in ("brand-fill", "brand-fill-strong")),
    *(("on-bad", fill) for fill in ("bad-fill", "bad-fill-strong")),
    *((text, bar) for text in ("bar-ink", "bar-quiet") for bar in ("bar", "bar-raised")), ("warn-ink", "warn-tint"),
]  # fmt: skip
SIGN_PAIRS = [
    *(("control", ground) for ground in GROUNDS),
    *(("focus", ground) for ground in GROUNDS), ("focus-bar", "bar"),
    *((sign, ground) for sign in GROUPS for ground in (*GROUNDS[:2], "map-land", "map-sea")),
    *((part, "surface") for part in ("reserved", "available", "gap")),
    *((line, "map-land") for line in ("map-edge", "sev-heavy", "sev-medium", "sev-light")),
]  # fmt: skip


def _tokens(marker: str) -> Tokens:
    start = CSS.index("{", CSS.index(marker))
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", CSS[start : CSS.index("}", start)]))


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """Give the ratio of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: str) -> None:
    tokens = _tokens("/* tokens: light */")
    if theme == "dark":
        tokens |= _tokens("/* tokens: dark */")
    weak = [
        f"{front} on {ground}: {found:.2f}"
        for pairs, least in ((TEXT_PAIRS, 4.5), (SIGN_PAIRS, 3.0))
        for front, ground in pairs
        if (found := _contrast(tokens[front], tokens[ground])) < least
    ]
    assert weak == []


def test_dark_by_preference_and_dark_by_switch_are_the_same() -> None:
    assert _tokens("/* tokens: dark */") == _tokens("/* tokens: dark by switch */")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROUTES / "templates")))
def test_a_template_needs_nothing_the_policy_forbids(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    assert not re.search(r"<style\b", text), "styles stand in tanggap.css"
    assert not re.search(r"\sstyle=", text), "style attributes are blocked: use a class or an SVG attribute"
    assert not re.search(r"\son[a-z]+=\"", text), "inline handlers are blocked: use a module"
    assert not re.search(r"\bhx-on|\bjs:", text), "htmx evaluates nothing here (allowEval is off)"
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), "scripts stand in static/js"
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text), "nothing is loaded from elsewhere"


def test_every_part_is_described_for_page_authors() -> None:
    described = (ROUTES.parent / "docs" / "pages.md").read_text()
    parts = re.findall(r"\{%- set (\w+) =", (ROUTES / "templates" / "_parts" / "all.html").read_text())
    assert parts
    assert [part for part in parts if f"`{part}(" not in described] == []


def test_the_style_sheet_loads_only_files_that_are_here() -> None:
    for address in re.findall(r"url\(\"?([^)\"]+)\"?\)", CSS):
        assert not address.startswith(("data:", "http", "//"))
        assert (ROUTES / "static" / "css" / address).resolve().is_file(), address
