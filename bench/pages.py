"""How long the server works for every page of the demonstration, for every role, and how much a phone must fetch.

    python -m bench.pages [--households 34000] [--runs 5] [--over 0]

Pages are found by following links from Beranda, one address for each page. "cpu ms" and "wall ms" are the middle of the
runs after a first one; "statements" are those of one run. "page kB" is the page itself compressed, "whole kB" with
the styles, scripts, fonts and maps it names: what an empty browser fetches. Figures to reach: 200 ms, 250 kB.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bench.demonstration import demonstration, machine, timed
from routes.demo.story import PASSWORD, PEOPLE

_LINK = re.compile(r'href="(/[^"#]*)')
_PARTS = re.compile(r'(?:src|href|data-[a-z]+-url)="(/(?:static/|[^"]*\.json)[^"]*)"')
_FONT = "/static/vendor/plus-jakarta-sans-5.3.0/plus-jakarta-sans-latin-wght-normal.woff2"
_PACKED = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
_LEAVE = ("static", "login.language", "login.end", "components.show")
MOST_PAGES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    username: str
    endpoint: str
    path: str
    status: int
    cpu_ms: float
    wall_ms: float
    statements: int
    page_bytes: int
    whole_bytes: int


def log_in(client: FlaskClient, username: str) -> None:
    page = client.get("/masuk").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post("/masuk", data={"username": username, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 303, answer.get_data(as_text=True)


def pages_of(app: Flask, client: FlaskClient) -> Iterator[tuple[str, str, str]]:
    """Give endpoint, address and text of each page that links lead to."""
    adapter = app.url_map.bind("bench")
    ahead, seen = ["/"], set(_LEAVE)
    while ahead and len(seen) < MOST_PAGES:
        path = ahead.pop(0)
        try:
            matched: Any = adapter.match(urlsplit(path).path, method="GET")
        except Exception:  # noqa: S112 (an address only a form may be sent to)
            continue
        if matched[0] in seen:
            continue
        seen.add(matched[0])
        answer = client.get(path)
        text = answer.get_data(as_text=True) if answer.mimetype in ("text/html", "application/geo+json") else ""
        yield matched[0], path, text
        ahead += [html.unescape(one) for one in _LINK.findall(text)]
        ahead += [html.unescape(one) for one in _PARTS.findall(text) if ".json" in one]


def weight(client: FlaskClient, path: str, kept: dict[str, int]) -> int:
    if path not in kept:
        kept[path] = len(client.get(path, headers=_PACKED).data)
    return kept[path]


def measure(app: Flask, username: str, runs: int) -> Iterator[Row]:
    """Measure every page one person can reach."""
    client = app.test_client()
    log_in(client, username)
    said = 0

    def count(*_: Any) -> None:
        nonlocal said
        said += 1

    engine = app.extensions["tanggap"].work.engine
    sa.event.listen(engine, "before_cursor_execute", count)
    kept: dict[str, int] = {}
    try:
        for endpoint, path, text in list(pages_of(app, client)):
            took = []
            for _ in range(runs):
                said = 0
                answer, one = timed(lambda path=path: client.get(path, headers=_PACKED))  # type: ignore[misc]
                took.append(one)
            statements = said
            named = {html.unescape(part) for part in _PARTS.findall(text)} | (
                {_FONT} if "tanggap.css" in text else set()
            )
            whole = len(answer.data) + sum(weight(client, part, kept) for part in sorted(named))
            yield Row(
                username=username, endpoint=endpoint, path=path, status=answer.status_code,
                cpu_ms=median(one.cpu for one in took) * 1000, wall_ms=median(one.wall for one in took) * 1000,
                statements=statements, page_bytes=len(answer.data), whole_bytes=whole,
            )  # fmt: skip
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=34_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--over", type=float, default=0, help="show only pages over so many cpu ms")
    asked = parser.parse_args()
    print(machine())
    with demonstration(asked.households) as (app, _):
        head = (
            f"{'role':<5} {'page':<26} {'cpu ms':>7} {'wall ms':>8} {'statements':>10} {'page kB':>8} {'whole kB':>9}"
        )
        print(head)
        rows = []
        for person in {one.role: one for one in reversed(PEOPLE)}.values():
            for row in measure(app, person.username, asked.runs):
                rows.append(row)
                if row.cpu_ms >= asked.over:
                    note = "" if row.status == 200 else f"  {row.status}"
                    print(
                        f"{person.role.value:<5} {row.endpoint:<26} {row.cpu_ms:7.1f} {row.wall_ms:8.1f} "
                        f"{row.statements:10} {row.page_bytes / 1000:8.1f} {row.whole_bytes / 1000:9.1f}{note}",
                        flush=True,
                    )
        slowest, heaviest = max(rows, key=lambda row: row.cpu_ms), max(rows, key=lambda row: row.whole_bytes)
        print(
            f"{len(rows)} pages; slowest {slowest.endpoint} {slowest.cpu_ms:.0f} ms cpu; "
            f"heaviest {heaviest.endpoint} {heaviest.whole_bytes / 1000:.0f} kB"
        )
        print(machine())


if __name__ == "__main__":
    main()
