"""Every part of a page together, for those who build and check pages."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, url_for

from routes import context, guard

pages = Blueprint("components", __name__)


@pages.get("/_komponen")
@guard.logged_in
def show() -> str:
    """Show the parts with invented rows; in production there is no such page."""
    if context.runtime().settings.is_production:
        abort(404)
    return render_template("components.html", boundaries_url=url_for("maps.boundaries"))
