"""Text answers are sent compressed (gzip), unless another site caused the request.

Compression lets somebody who reads the lengths on the wire guess a secret letter by letter, when they can make a
person's browser ask again and again for pages that hold the secret beside words of their choosing (BREACH). Every page
holds a form token: Flask-WTF does not mask it, the part before its time stamp is the same in every answer of a session,
although without the server's signature, which changes each second, that part is worth nothing. Names of persons stand
in the pages too. So the first condition is taken away: what another site makes a browser ask for goes out plain. The
browser says so itself (Sec-Fetch-Site); of one too old to say, only addresses without a query can hold no chosen words.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, request
from werkzeug.wrappers import Response

LEAST_BYTES = 1000
LEVEL = 6
TYPES = frozenset(
    {
        "application/geo+json", "application/javascript", "application/json", "application/problem+json",
        "application/xml", "image/svg+xml",
    }
)  # fmt: skip


def install(app: Flask) -> None:
    """Compress after everything else has had its hand on the answer: installed first, called last."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    kind = response.mimetype or ""
    if not (kind.startswith("text/") or kind in TYPES):
        return response
    response.vary.add("Accept-Encoding")
    is_static = request.endpoint == "static"
    if (
        request.method == "HEAD"
        or not 200 <= response.status_code < 600
        or response.status_code in (204, 206, 304)
        or "Content-Encoding" in response.headers
        or response.cache_control.no_transform
        or not request.accept_encodings["gzip"]
        or not (is_static or _is_own_request())
        # What is written while it is read (an export) is not held in memory for this.
        or (response.is_streamed and not is_static)
    ):
        return response
    if is_static:
        response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) < LEAST_BYTES:
        return response
    # Files and maps are the same for everybody and large: packed once. Pages are not kept.
    packed = _kept(plain) if is_static or kind == "application/geo+json" else _packed(plain)
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


def _is_own_request() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    return site in ("same-origin", "none") if site is not None else not request.query_string


def _packed(plain: bytes) -> bytes:
    return gzip.compress(plain, LEVEL, mtime=0)


_kept = lru_cache(maxsize=64)(_packed)
