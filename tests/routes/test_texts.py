"""Page texts in the reader's language: one or many, and facts that are escaped."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string

from routes.texts import gettext


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 household"), ("1", "1 household"), (0, "0 households"), (2, "2 households"), ("1,001", "1,001 households")],
)
def test_one_is_said_as_one_in_english(app: Flask, count: object, said: str):
    with app.test_request_context("/api/v1", headers={"Accept-Language": "en"}):
        assert gettext("%(count)s keluarga", count=count) == said
        template = '{{ _("%(count)s keluarga", count=count) }}'
        assert render_template_string(template, count=count) == said
    with app.test_request_context("/api/v1", headers={"Accept-Language": "id"}):
        assert gettext("%(count)s keluarga", count=count) == f"{count} keluarga"


def test_what_is_counted_is_the_only_fact_there_is_or_the_one_of_that_name(app: Flask):
    with app.test_request_context("/api/v1", headers={"Accept-Language": "en"}):
        assert gettext("%(days)s hari", days=1) == "1 day"
        assert gettext("%(count)s dari %(all)s keluarga", count=1, all=3) == "1 of 3 households"
        assert (gettext("pasangan", count=1), gettext("pasangan", count=2), gettext("pasangan")) == (
            "pair", "pairs", "pairs",
        )  # fmt: skip


def test_a_fact_is_no_markup(app: Flask):
    with app.test_request_context("/api/v1", headers={"Accept-Language": "en"}):
        shown = render_template_string('{{ _("diunggah %(name)s", name=name) }}', name="<b>&")
        assert shown == "uploaded by &lt;b&gt;&amp;"


def test_a_fact_may_have_any_name(app: Flask):
    with app.test_request_context("/api/v1", headers={"Accept-Language": "en"}):
        text = "Tidak ada yang persis “%(text)s”. Mungkin maksud Anda salah satu di bawah ini."
        assert "x" in render_template_string(f'{{{{ _("{text}", text="x") }}}}') and "x" in gettext(text, text="x")
