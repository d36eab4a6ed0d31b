"""The ground of the tests that walk through pages: the demonstration, with everything in order."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy.engine import Engine

from core.clock import FixedClock
from core.crypto import Keyring
from core.settings import Settings
from core.work import Work
from routes.context import Runtime
from routes.demo.load import make_demo
from routes.demo.story import demo_logins
from routes.demo.telling import ZONE


def test_the_books_of_the_demonstration_are_in_order(demo_work: Work, demo_app: Flask):
    with demo_app.app_context():
        done = demo_app.test_cli_runner().invoke(args=["check"])
    assert done.exit_code == 0, done.output


@pytest.mark.engines("sqlite")
def test_it_can_be_made_just_after_midnight(engine: Engine, keys: Keyring, settings: Settings):
    """Its day has no hours yet to tell anything in."""
    midnight = datetime(2026, 11, 23, 0, 25, tzinfo=ZONE)
    runtime = Runtime(settings, Work(engine, FixedClock(midnight)), keys)
    told = list(make_demo(runtime, households=1000, seed=9901))
    assert told[-1].startswith("Registri:")


def test_everybody_in_the_demonstration_can_log_in(demo_app: Flask):
    assert demo_logins("id")
    demo_app.config["WTF_CSRF_ENABLED"] = False  # what the form's token protects is tested where forms are
    for login in demo_logins("id"):
        client = demo_app.test_client()
        answer = client.post("/masuk", data={"username": login.username, "password": login.password})
        assert answer.status_code in (302, 303), f"{login.username}: {answer.status_code}"
        assert client.get("/").status_code == 200, login.username
