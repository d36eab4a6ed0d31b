"""The ground of the tests that walk through pages: the demonstration, with everything in order."""

from __future__ import annotations

from flask import Flask

from core.work import Work
from routes.demo.story import demo_logins


def test_the_books_of_the_demonstration_are_in_order(demo_work: Work, demo_app: Flask):
    with demo_app.app_context():
        done = demo_app.test_cli_runner().invoke(args=["check"])
    assert done.exit_code == 0, done.output


def test_everybody_in_the_demonstration_can_log_in(demo_app: Flask):
    assert demo_logins("id")
    demo_app.config["WTF_CSRF_ENABLED"] = False  # what the form's token protects is tested where forms are
    for login in demo_logins("id"):
        client = demo_app.test_client()
        answer = client.post("/masuk", data={"username": login.username, "password": login.password})
        assert answer.status_code in (302, 303), f"{login.username}: {answer.status_code}"
        assert client.get("/").status_code == 200, login.username
