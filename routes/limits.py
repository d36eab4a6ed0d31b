"""How much may come in, and JSON that means one thing only (no twin keys, no NaN, no control characters)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, current_app, g, has_request_context, request
from flask.json.provider import DefaultJSONProvider
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.routing import IntegerConverter

from core.errors import Malformed, TooLarge

JSON_BYTES = 256 * 1024
OUTLINE_BYTES = 10 * 1024 * 1024
FILE_BYTES = 1024**3
DEPTH = 32
VALUES = 10_000
OUTLINE_VALUES = 400_000
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUL = "\0"
_UNFIT = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class StrictJson(DefaultJSONProvider):
    """Refuses what two parsers would read differently, before any of it reaches a schema."""

    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            text = s.decode() if isinstance(s, bytes) else s
        except UnicodeDecodeError as error:
            raise Malformed("request.not_utf8") from error
        _check_shape(text)
        try:
            read = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_bounded_int)
        except (json.JSONDecodeError, RecursionError) as error:
            where = error.pos if isinstance(error, json.JSONDecodeError) else 0
            raise Malformed("request.malformed_json", position=where) from error
        _check_texts(read, "")
        return read


class Number(IntegerConverter):
    """A number in an address, within what any column counts to; a longer one is the address of nothing."""

    regex = r"[0-9]{1,9}"


class StrictParser(FlaskParser):
    """Reads the body of an API order by ``StrictJson``; webargs' own reader would take twin keys and NaN."""

    def _raw_load_json(self, req: Request) -> Any:
        return current_app.json.loads(req.get_data(cache=True)) if req.is_json else missing


def _check_shape(text: str) -> None:
    bare = _STRINGS.sub('""', text)
    depth = deepest = 0
    for sign in re.findall(r"[\[\]{}]", bare):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEPTH:
        raise Malformed("request.too_deep", most=DEPTH)
    most = g.get("json_values", VALUES) if has_request_context() else VALUES
    if bare.count(",") > most:
        raise TooLarge("request.too_many_values", most=most)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise Malformed("request.twin_keys", key=key[:40])
        _check_texts(key, key)
        _check_texts(value, key)
        read[key] = value
    return read


def _check_texts(value: Any, key: str) -> None:
    """Look into lists too; objects were looked into when they were made."""
    if isinstance(value, list):
        for one in value:
            _check_texts(one, key)
    elif isinstance(value, str) and _UNFIT.search(value):
        raise Malformed("request.unfit_characters", key=key[:40])


def _no_constant(name: str) -> None:
    raise Malformed("request.not_a_number", value=name)


def _bounded_int(text: str) -> int:
    if len(text) > 20:
        raise Malformed("request.not_a_number", value=text[:24])
    return int(text)


def install(app: Flask) -> None:
    """Set the limit of each request before anything reads its body."""
    app.json = StrictJson(app)
    app.config["MAX_CONTENT_LENGTH"] = JSON_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = OUTLINE_BYTES
    app.config["MAX_FORM_PARTS"] = 20_000

    @app.before_request
    def limit() -> None:
        _refuse_nul([(request.path, ""), *request.args.items(multi=True)])
        if request.endpoint is None:
            return
        asked = getattr(app.view_functions[request.endpoint], "__tanggap_limit__", None)
        if asked is not None:
            request.max_content_length = asked
            request.max_form_memory_size = min(asked, OUTLINE_BYTES)
            if asked >= OUTLINE_BYTES:
                g.json_values = OUTLINE_VALUES


def check_form() -> None:
    """Refuse a form that no database could keep. Raises: Malformed.

    Asked after the guard, so that a stranger has no file kept on disk; a machine's raw body stays unread.
    """
    if request.endpoint is None or (request.path.startswith("/api/") and request.mimetype != "multipart/form-data"):
        return
    _refuse_nul(request.form.items(multi=True))
    _refuse_nul((name, sent.filename or "") for name, sent in request.files.items(multi=True))


def _refuse_nul(texts: Iterable[tuple[str, str]]) -> None:
    """A NUL is in no word of anybody's; PostgreSQL refuses it only when the query is asked, as an error of ours."""
    for key, value in texts:
        if _NUL in key or _NUL in value:
            raise Malformed("request.unfit_characters", key=key.replace(_NUL, "")[:40])


def accepts(most_bytes: int) -> Any:
    """Let one view take more than the usual 256 KB."""

    def mark(view: Any) -> Any:
        view.__tanggap_limit__ = most_bytes
        return view

    return mark
