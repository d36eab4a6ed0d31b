"""Every text of a page has its English, nothing in the catalogue is left over, and no page says a word past it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from tests.support import tree

CATALOGUE = tree.ROOT / "core" / "locale" / "en.po"
TEMPLATES = sorted((tree.ROOT / "routes" / "templates").rglob("*.html"))
# texts.py is where the words are made: it passes on what others say.
PYTHON = sorted(path for path in (tree.ROOT / "routes").rglob("*.py") if path.name != "texts.py")
# Shown in development only, with invented rows: it is read by the builders, not by an officer.
DEVELOPMENT = {"components.html"}
GAP = re.compile(r"%\((\w+)\)s")
SLOT = re.compile(r"\{(\w+)\}")
LETTER = re.compile(r"[^\W\d_]")
SAYERS = {"_", "pgettext"}
SPOKEN = {"aria-label", "placeholder", "title", "alt", "aria-description"}
# Attributes and classes that a macro or block hands to its caller: markup, though the file shows them as text.
MARKUP = re.compile(r'[\w-]+="[^"]*"|\bis-[a-z]+')
# Names of languages in the language itself, of the product, and of things that have one name in both languages.
SAME_IN_BOTH = {"Bahasa Indonesia", "Indonesia", "English", "tanggap", "API", "OpenAPI", "RT", "RW", "QR"}
# What the API's own page writes in the language of JSON.
JSON = {
    "[] () ()object",
    '{: , }[]1.5true{}"01990000-0000-7000-8000-000000000000""2026-11-21""2026-11-21T06:10:00+09:00""…"',
}
Key = tuple[str | None, str]


@cache
def said() -> dict[Key, str]:
    """Give every text the pages ask for, (context, Indonesian) -> the first place that asks."""
    found: dict[Key, str] = {}
    for path in (*TEMPLATES, *PYTHON):
        method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
        with path.open("rb") as file:
            # "silent" off: a template babel cannot read must not look like one without texts.
            for line, texts, _, context in extract(method, file, DEFAULT_KEYWORDS, options={"silent": "false"}):
                text = texts[0] if isinstance(texts, tuple) else texts
                found.setdefault((context, text), f"{tree.name(path)}:{line}")
    return found


@cache
def catalogue() -> dict[Key, Message]:
    with CATALOGUE.open("rb") as file:
        read = read_po(file, locale="en", abort_invalid=True)
    return {(one.context, forms(one.id)[0]): one for one in read if one.id}


def forms(text: object) -> tuple[str, ...]:
    """Give a text's forms: one, or one and many."""
    return tuple(str(one or "") for one in text) if isinstance(text, list | tuple) else (str(text or ""),)


@cache
def parsed(path: Path) -> nodes.Template:
    return Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(path.read_text(encoding="utf-8"))


def test_every_text_has_its_english():
    known = catalogue()
    missing = [
        f"{place}: {text}"
        for (context, text), place in said().items()
        if (context, text) not in known or not all(one.strip() for one in forms(known[context, text].string))
    ]
    assert not missing, "\n".join(sorted(missing))


def test_no_english_is_left_over():
    left = [f"{context or ''} {text}" for context, text in catalogue() if (context, text) not in said()]
    assert not left, "\n".join(sorted(left))


def test_each_text_stands_once_in_the_catalogue():
    keys = re.findall(r'^(?:msgctxt (".*")\n)?msgid (".+")$', CATALOGUE.read_text(encoding="utf-8"), re.MULTILINE)
    assert not [key for key in set(keys) if keys.count(key) > 1]


def test_gaps_agree():
    wrong = []
    for (_, text), message in catalogue().items():
        for one in forms(message.string):
            # Slots in braces are filled by the pages' scripts.
            if set(GAP.findall(text)) != set(GAP.findall(one)) or set(SLOT.findall(text)) != set(SLOT.findall(one)):
                wrong.append(f"{text} -> {one}")
            # Templates fill the gaps of every text, also of one without: a bare % is an error there.
            if "%" in GAP.sub("", one) or "%" in GAP.sub("", text):
                wrong.append(f"bare %: {text} -> {one}")
            # Templates trust the text as HTML, also inside an attribute.
            if re.search(r'["<>]', one):
                wrong.append(f"would break out of an attribute: {one}")
    assert not wrong, "\n".join(wrong)


def test_a_form_for_one_is_of_the_same_text():
    """Indonesian has one form; what is counted is ``count``, or the only gap (routes/texts.py)."""
    wrong, many = [], 0
    for message in catalogue().values():
        if not isinstance(message.id, list | tuple):
            continue
        many += 1
        gaps = set(GAP.findall(message.id[0]))
        if len(set(message.id)) != 1 or len(forms(message.string)) != 2 or not ("count" in gaps or len(gaps) <= 1):
            wrong.append(message.id[0])
    assert many > 100 and not wrong, "\n".join(wrong)


def test_texts_are_written_out_where_they_are_said():
    """An expression inside ``_()`` would never be found, and never be translated."""
    wrong = []
    for path in TEMPLATES:
        for call in parsed(path).find_all(nodes.Call):
            named = call.node.name if isinstance(call.node, nodes.Name) else ""
            if named in SAYERS and not (call.args and all(isinstance(one, nodes.Const) for one in call.args[:2])):
                wrong.append(f"{tree.name(path)}:{call.lineno}")
    for path in PYTHON:
        for found in tree.calls(path):
            if tree.called(found) in SAYERS and not all(
                isinstance(one, ast.Constant) for one in found.args[:1] or [found]
            ):
                wrong.append(tree.where(path, found))
            if tree.called(found) == "flash" and found.args and isinstance(found.args[0], ast.Constant | ast.JoinedStr):
                wrong.append(f"{tree.where(path, found)}: a message past _()")
    assert not wrong, "\n".join(wrong)


class _Spoken(HTMLParser):
    """Collects what a person sees or hears of a page."""

    SILENT = ("script", "style", "code", "pre", "kbd")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in self.SILENT
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def bare(path: Path) -> Iterator[str]:
    """Give the words of a template that stand outside every Jinja expression."""
    lexed = Environment(autoescape=True).lex(path.read_text(encoding="utf-8"))
    parser = _Spoken()
    # Expressions vanish: what is left of a text or attribute is what the template says by itself.
    parser.feed("".join(value for _, kind, value in lexed if kind == "data"))
    parser.close()
    for text in parser.found:
        whole = " ".join(text.split())
        words = re.split(r"[\s·–:,|]+", MARKUP.sub("", whole))
        if whole not in JSON and any(LETTER.search(word) for word in words if word not in SAME_IN_BOTH):
            yield whole


def handed_over(template: nodes.Template) -> Iterator[tuple[int, str]]:
    """Give the literals of a template's expressions that read like a sentence and do not go through ``_()``."""
    translated = {
        id(one)
        for call in template.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SAYERS
        for one in call.find_all(nodes.Const)
    }
    for one in template.find_all(nodes.Const):
        if not isinstance(one.value, str) or id(one) in translated or one.value in SAME_IN_BOTH:
            continue
        if re.match(r"[A-Z][a-z]+(\s|$)", one.value):
            yield one.lineno, one.value


@pytest.mark.parametrize("path", [one for one in TEMPLATES if one.name not in DEVELOPMENT], ids=tree.name)
def test_a_page_says_nothing_past_the_catalogue(path: Path):
    assert not list(bare(path))
    assert not list(handed_over(parsed(path)))
