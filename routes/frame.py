"""What every page gets around its content: who I am, where I am, what runs now."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, render_template, request, url_for

from core.accounts.queries import SessionView
from core.actor import Actor
from core.i18n import say
from core.office.queries import office
from core.permissions import may
from routes import context
from routes.texts import gettext as _

_NAV = (
    # key, right, endpoint, icon
    ("home", "home.see", "home.show", "home"),
    ("serving", "handover.record", "serving.show", "handover"),
    ("field", "link.verify", "field.index", "field"),
    ("incident", "incident.see", "incident.index", "incident"),
    ("bansos", "bansos.see", "bansos.index", "programme"),
    ("stock", "stock.see", "stock.index", "stock"),
    ("registry", "household.search", "registry.index", "registry"),
    ("village", "village.see", "villages.index", "registry"),
    ("document", "document.see", "document.index", "document"),
    ("settings", "office.see", "settings.index", "settings"),
)


def install(app: Flask) -> None:
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    if request.path.startswith("/api/"):
        return {"lang": context.lang()}
    actor: Actor | None = g.get("actor")
    base: dict[str, Any] = {
        "lang": context.lang(),
        "lang_url": url_for("login.language"),
        # Pages send no referrer, so the switch of language says itself where to come back to.
        "page_address": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "new_form_key": context.new_form_key,
        "may": lambda action: bool(actor and may(actor, action)),
    }
    login = context.login()
    if actor is None or login is None:
        return {**base, "me": None}
    with context.runtime().work.read_by(actor) as tx:
        base["office"] = office(tx)
        base["running"] = _running(tx)
    return {
        **base,
        "me": _me(login),
        "nav": _nav(actor),
        "logout_url": url_for("login.end"),
        "profile_url": url_for("login.password"),
        "search_url": url_for("registry.search") if may(actor, "household.search") else None,
    }


def _running(tx: Any) -> dict[str, Any] | None:
    from logistics.zones.queries import running_incident

    found = running_incident(tx)
    if found is None:
        return None
    return {
        "name": found.name,
        "href": url_for("incident.show", slug=found.slug),
        "day": found.day,
        "days": found.days,
    }


def _me(login: SessionView) -> dict[str, Any]:
    words = login.actor.name.split()
    return {
        "name": login.actor.name,
        "initials": "".join(word[0] for word in words[:2]).upper(),
        "roles": [say(f"role.{role.value}", context.lang()) for role in sorted(login.actor.roles)],
    }


def _nav(actor: Actor) -> list[dict[str, Any]]:
    labels = {
        "home": _("Beranda"), "serving": _("Serah terima"), "field": _("Verifikasi"), "incident": _("Kejadian"),
        "bansos": _("Bansos"), "stock": _("Stok"), "registry": _("Registri"), "village": _("Desa"),
        "document": _("Dokumen"), "settings": _("Pengaturan"),
    }  # fmt: skip
    return [
        {
            "key": key,
            "label": labels[key],
            "href": url_for(endpoint),
            "icon": icon,
            "is_current": _is_below(url_for(endpoint)),
        }
        for key, right, endpoint, icon in _NAV
        # Who sees the registry finds visits and villages there; who sees only those has them in the menu.
        if may(actor, right) and not (key in ("field", "village") and may(actor, "household.search"))
    ]


def _is_below(href: str) -> bool:
    """Tell whether this page stands below a place of the menu: a plan below its incident or its term."""
    return request.path == href or (href != "/" and request.path.startswith(href + "/"))


def render_api_page(document: dict[str, Any]) -> str:
    """Show the OpenAPI document as a page of our own: no script, nothing from elsewhere."""
    operations: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                tag = (operation.get("tags") or ["-"])[0]
                operations.setdefault(tag, []).append({"path": path, "method": method.upper(), **operation})
    return render_template(
        "api.html", document=document, operations=operations, schemas=document.get("components", {}).get("schemas", {})
    )
