"""Indonesian first, English second.

Two kinds of text. *Sentences* (refusals, reasons, state labels) have a code and stand in both languages side by side
in ``core/locale/sentences/*.toml``. *Page texts* are written in Indonesian in the templates and are translated by the
gettext catalogue ``core/locale/en.po``.
"""

from __future__ import annotations

import io
import re
import string
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.measures import print_day

LANGUAGES = ("id", "en")
_HERE = Path(__file__).parent / "locale"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@cache
def sentences() -> dict[str, dict[str, str]]:
    """Read every sentence: code -> language -> text."""
    read: dict[str, dict[str, str]] = {}
    for path in sorted((_HERE / "sentences").glob("*.toml")):
        for code, texts in tomllib.loads(path.read_text()).items():
            if code in read:
                raise ValueError(f"{path.name}: {code} stands twice")
            if set(texts) != set(LANGUAGES):
                raise ValueError(f"{path.name}: {code} needs exactly {LANGUAGES}")
            read[code] = texts
    return read


class _Gaps(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def say(code: str, lang: str, facts: Mapping[str, object] | None = None) -> str:
    """Give the sentence of a code with its facts filled in; a code nobody wrote a sentence for is shown as it is.

    Days, which facts carry as machines write them, are printed as people do, on pages as for machines.
    """
    texts = sentences().get(code)
    if texts is None:
        return code
    # Only plain names in braces: no attribute or index access from a sentence.
    lang = lang if lang in LANGUAGES else "id"
    told = _Gaps({name: _word(fact, lang) for name, fact in (facts or {}).items()})
    return string.Formatter().vformat(texts[lang], (), told)


def _word(fact: object, lang: str) -> object:
    if isinstance(fact, list | tuple):
        return "; ".join(str(_word(one, lang)) for one in fact)
    if isinstance(fact, str) and _DAY.fullmatch(fact):
        try:
            return print_day(date.fromisoformat(fact), lang)
        except ValueError:
            pass  # What a file wrote, and no day.
    return fact


@cache
def catalogue(lang: str) -> NullTranslations:
    """Give the page texts of a language; Indonesian is the source and needs none."""
    path = _HERE / f"{lang}.po"
    if lang == "id" or not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=lang))
    compiled.seek(0)
    return GNUTranslations(compiled)
