"""The application factory: one installation in, one Flask application out."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, jsonify, redirect, request
from flask_smorest import Api
from flask_smorest import Blueprint as ApiBlueprint
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from core import crypto, logs
from core.clock import Clock, SystemClock
from core.crypto import Keyring
from core.db import open_engine
from core.settings import Settings
from core.work import Work
from routes import api, compression, context, frame, guard, limits, pages, problems, static_files, texts
from routes.context import Runtime
from routes.limiter import limiter

API_PREFIX = "/api/v1"
CSP = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:", "blob:"],
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}


class Machines(Api):
    """flask-smorest, without its own idea of what an error looks like."""

    def _register_error_handlers(self) -> None:
        return


def create_app(settings: Settings | None = None, *, work: Work | None = None, clock: Clock | None = None) -> Flask:
    """Build the application. ``work`` may be given by tests, with its engine and clock."""
    settings = settings or Settings.from_env()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    ring = Keyring.load_or_make(settings.keys_dir)
    crypto.use_ring(ring)
    work = work or Work(open_engine(settings.database_url), clock or SystemClock(), folder=settings.data_dir)

    app = Flask("routes", static_folder="static", template_folder="templates")
    app.extensions["tanggap"] = Runtime(settings, work, ring)
    app.config.update(
        SECRET_KEY=ring.secret_for("tanggap/forms/1"),
        SESSION_COOKIE_NAME="tanggap_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        WTF_CSRF_SSL_STRICT=settings.is_production,
        API_TITLE="tanggap",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TEMPLATES_AUTO_RELOAD=not settings.is_production,
    )
    app.url_map.converters["int"] = limits.Number
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    logs.install()
    compression.install(app)
    static_files.install(app)
    limits.install(app)
    Talisman(
        app, content_security_policy=CSP, force_https=settings.is_production,
        strict_transport_security=settings.is_production, session_cookie_secure=settings.is_production,
        frame_options="DENY", referrer_policy="no-referrer",
        permissions_policy={"camera": "(self)", "geolocation": "(self)", "microphone": "()"},
    )  # fmt: skip
    limiter.init_app(app)
    csrf = CSRFProtect(app)
    texts.install(app)
    frame.install(app)
    for module in _modules(pages):
        app.register_blueprint(module.pages)
    machines = Machines(app, spec_kwargs=_spec())
    for module in _modules(api):
        blueprint: ApiBlueprint = module.api
        csrf.exempt(blueprint)
        machines.register_blueprint(blueprint, url_prefix=API_PREFIX + (blueprint.url_prefix or ""))
    _add_document(app, machines)
    _add_health(app)
    problems.install(app)
    guard.install(app)
    app.before_request(limits.check_form)
    app.after_request(_headers)
    from routes import cli

    cli.install(app)
    return app


def _modules(package: ModuleType) -> list[ModuleType]:
    """Every module of a package of ways in, in the order of their names: a new file is a new way in."""
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def _spec() -> dict[str, Any]:
    return {
        "info": {
            "description": "From a posted area to a signed receipt. Every POST that moves stock, plans, hands over or "
            "issues a paper needs an Idempotency-Key header; refusals are application/problem+json.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _add_document(app: Flask, machines: Api) -> None:
    @app.get(f"{API_PREFIX}/openapi.json")
    @guard.public("the API's own description")
    def openapi() -> Response:
        return jsonify(machines.spec.to_dict())

    @app.get(f"{API_PREFIX}/")
    @guard.public("the API's own description")
    def openapi_page() -> str:
        return frame.render_api_page(machines.spec.to_dict())

    @app.get("/api")
    @guard.public("the API's own description")
    def openapi_home() -> BaseResponse:
        return redirect(f"{API_PREFIX}/")


def _add_health(app: Flask) -> None:
    @app.get("/healthz")
    @guard.public("is the process alive")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    @guard.public("can the process serve")
    def readyz() -> tuple[dict[str, object], int]:
        runtime = context.runtime()
        checks: dict[str, object] = {}
        try:
            with runtime.work.engine.connect() as connection:
                found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            from routes.cli import head_revision

            checks["schema"] = found == head_revision()
        except sa.exc.SQLAlchemyError:
            checks["schema"] = False
        usage = shutil.disk_usage(runtime.settings.data_dir)
        checks["disk"] = usage.free > usage.total * 0.05
        is_ready = all(checks.values())
        return {"status": "ready" if is_ready else "not ready", **checks}, 200 if is_ready else 503


def _headers(response: BaseResponse) -> BaseResponse:
    response.headers["X-Request-Id"] = context.request_id()
    if not (request.endpoint or "").endswith("static") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
