"""Sentences: their facts filled in as people write them, in both languages."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from core.i18n import LANGUAGES, say
from core.measures import print_day


def test_days_are_said_as_people_write_them():
    facts = {"given": "2026-11-21", "current": "2026-12-01"}
    assert "dari 21 November 2026, sedangkan yang berlaku dari 1 Desember 2026" in say("snapshot.older", "id", facts)
    assert "of 21 November 2026, but the current one is of 1 December 2026" in say("snapshot.older", "en", facts)
    assert say("snapshot.older", "xx", facts) == say("snapshot.older", "id", facts)


def test_what_only_looks_like_a_day_stays_as_it_is():
    for text in ("2026-13-01", "2026-11-21T10:00", "12026-11-21", " 2026-11-21"):
        assert text in say("import_run.same_file", "id", {"on": text})


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES))
def test_a_day_is_said_once_for_all_however_often_it_is_asked_for(day: date, lang: str, other: str):
    said = say("import_run.same_file", lang, {"on": day.isoformat()})
    assert print_day(day, lang) in said and day.isoformat() not in said
    assert say("import_run.same_file", other, {"on": print_day(day, lang)}).count(print_day(day, lang)) == 1


def test_days_in_a_list_are_days_too():
    assert "1 Maret 2026; dan lagi" in say("import_run.same_file", "id", {"on": ["2026-03-01", "dan lagi"]})
