"""One handler turns refusals into ``application/problem+json`` for machines and into a page for people."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Invalid, Refused
from core.i18n import LANGUAGES, say
from routes import context
from routes.texts import sentence, why_not

log = structlog.get_logger()


def install(app: Flask) -> None:
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)


def refused(error: Refused) -> BaseResponse:
    """Answer a refusal with its sentence."""
    if error.status >= 500 or error.status in (401, 403, 429):
        log.info("refused", code=error.code, status=error.status, request=context.request_id(), path=_path())
    errors = []
    if isinstance(error, Invalid) and error.field:
        errors = [{"field": error.field, "text": why_not(error)}]
    response = _answer(error.status, error.code, dict(error.facts), errors)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "5"
    return response


def http_error(error: HTTPException) -> BaseResponse:
    """Answer what Flask, werkzeug or a schema refused."""
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        return error.get_response()
    if isinstance(cause := getattr(error, "exc", None) or error.__cause__, Refused):
        return refused(cause)
    data: dict[str, Any] = getattr(error, "data", None) or {}
    errors = [
        {"field": field, "text": text} for field, text in _flat(data.get("messages", {})) if isinstance(text, str)
    ]
    codes = {400: "request.malformed", 404: "request.not_found", 405: "request.wrong_method", 413: "request.too_large",
             415: "request.wrong_type", 422: "request.invalid", 429: "request.too_often"}  # fmt: skip
    if status == 400 and type(error).__name__ == "CSRFError":
        return _answer(400, "request.form_expired", {}, [])
    response = _answer(status, codes.get(status, "request.failed"), {}, errors)
    if status == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def unexpected(error: Exception) -> BaseResponse:
    """Answer a bug: the reference leads to the log, nothing of the inside is shown."""
    log.error("unexpected", request=context.request_id(), path=_path(), kind=type(error).__name__, exc_info=error)
    if _is_disk_full(error):
        return _answer(507, "request.storage_full", {}, [])
    return _answer(500, "request.failed", {"reference": context.request_id()}, [])


def _answer(status: int, code: str, facts: dict[str, Any], errors: list[dict[str, str]]) -> Response:
    lang = context.lang()
    if request.path.startswith("/api/"):
        body = {
            "type": f"urn:tanggap:problem:{code}",
            "title": say(f"status.{status}", lang, {}) if f"status.{status}" in _known() else str(status),
            "status": status,
            "detail": say(code, lang, facts),
            "code": code,
            "facts": facts,
            "sentences": {each: say(code, each, facts) for each in LANGUAGES},
            "errors": errors,
            "request_id": context.request_id(),
        }
        response = jsonify(body)
        response.status_code = status
        response.mimetype = "application/problem+json"
        if status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="tanggap"'
        return response
    page = render_template(
        "error.html", status=status, title=say(f"status.{status}", lang, {}) if f"status.{status}" in _known() else "",
        what=sentence(code, facts), todo="", reference=context.request_id() if status >= 500 else None, back_href="/",
        errors=errors,
    )  # fmt: skip
    return make_response(page, status)


def _known() -> dict[str, dict[str, str]]:
    from core.i18n import sentences

    return sentences()


def _flat(messages: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(messages, dict):
        found: list[tuple[str, Any]] = []
        for key, value in messages.items():
            here = path if path == "" and key in ("json", "form", "query", "headers") else f"{path}.{key}".strip(".")
            found += _flat(value, here)
        return found
    if isinstance(messages, list):
        return [pair for message in messages for pair in _flat(message, path)]
    return [(path, messages)]


def _path() -> str:
    """The route, not the address: an address could carry what somebody typed."""
    return str(request.url_rule) if request.url_rule else "-"


def _is_disk_full(error: Exception) -> bool:
    text = str(getattr(error, "orig", error))
    return "database or disk is full" in text or getattr(error, "errno", None) == 28
