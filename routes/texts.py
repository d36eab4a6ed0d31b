"""Page texts in the reader's language, and the filters that print numbers and days in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from core.i18n import catalogue, say
from core.measures import print_count, print_day, print_instant, print_quantity, print_rupiah
from routes import context


def gettext(text: str, /, **facts: Any) -> str:
    found = _found(text, facts)
    return found % facts if facts else found


def _found(text: str, facts: Mapping[str, object]) -> str:
    """Find a text in the reader's language: where it has a form for one, that form for one.

    What is counted is the fact ``count``, or the only fact there is. Indonesian has one form, so that a text names no
    other; the English catalogue holds both (``msgstr[0]`` for one).
    """
    known = catalogue(context.lang())
    counted = facts.get("count", next(iter(facts.values())) if len(facts) == 1 else None)
    found = known.ngettext(text, text, 1 if str(counted) == "1" else 2)
    return known.gettext(text) if found == text else found


@pass_context
def _in_template(page: Context, text: str, /, **facts: Any) -> str:
    found = _found(text, facts)
    # The catalogue is trusted as HTML (tests/house/test_texts.py); facts are escaped as they are filled in.
    return (Markup(found) if page.eval_ctx.autoescape else found) % facts  # noqa: S704


def pgettext(where: str, text: str, /, **facts: Any) -> str:
    """Translate a word that is one in Indonesian and several in English; ``where`` tells them apart."""
    found = catalogue(context.lang()).pgettext(where, text)
    return found % facts if facts else found


class Told(Protocol):
    """A refusal or a reason: its code, and what its sentence speaks of."""

    @property
    def code(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, object]: ...


def why_not(refused: Told) -> str:
    """Say why something was refused, for a page."""
    return sentence(refused.code, refused.facts)


def sentence(code: str, facts: Mapping[str, object] | None) -> str:
    """Say a sentence for a page, in the reader's language."""
    return say(code, context.lang(), facts)


def install(app: Flask) -> None:
    """Give templates ``_()``, and filters named after what they print."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: catalogue(context.lang()).gettext(text),
        lambda one, many, count: catalogue(context.lang()).ngettext(one, many, count),
        newstyle=True,
        pgettext=lambda where, text: catalogue(context.lang()).pgettext(where, text),
    )
    # In the place of Jinja's own, which looks a text up before it knows what is counted.
    app.jinja_env.globals["gettext"] = _in_template
    app.jinja_env.filters.update(
        count=lambda number: print_count(number, context.lang()),
        quantity=lambda amount, unit="": print_quantity(amount, unit, context.lang()),
        rupiah=lambda amount: print_rupiah(amount, context.lang()),
        day=lambda day, weekday=False: print_day(day, context.lang(), weekday=weekday) if day else "—",
        instant=_instant,
        units=print_units,
        short_units=lambda rt, rw: f"{rt or '—'}/{rw or '—'}" if rt or rw else "—",
        say=lambda code, **facts: say(code, context.lang(), facts),
    )


def print_units(rt: str | None, rw: str | None) -> str:
    """Print the neighbourhood units of an address; what is not known is said in words, not by dashes."""
    return "/".join(f"{word} {one}" for word, one in (("RT", rt), ("RW", rw)) if one) or say(
        "household.no_units", context.lang()
    )


def _instant(at: datetime | date | None) -> str:
    if at is None:
        return "—"
    assert isinstance(at, datetime)
    return print_instant(at, context.actor().zone, context.lang())
