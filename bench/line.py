"""How fast the line is on the demonstration: making it, posted to listed, and every main page on the server.

    python -m bench.line [households]

Prints a table of wall and processor seconds; the wall clock says little on a busy machine.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from routes.app import create_app
from routes.cli import alembic_config


def timed(name: str, act: Callable[[], Any], times: int = 1) -> Any:
    best_wall = best_cpu = float("inf")
    result = None
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        result = act()
        best_wall = min(best_wall, time.perf_counter() - wall)
        best_cpu = min(best_cpu, time.process_time() - cpu)
    print(f"{name:<58} {best_wall * 1000:>10.0f} ms {best_cpu * 1000:>10.0f} ms", flush=True)
    return result


def main(households: int) -> None:
    from alembic import command

    from core.settings import Settings
    from logistics.zones import commands as zones
    from logistics.zones import matching, queries
    from logistics.zones.states import Severity
    from routes.demo.load import SYSTEM, make_demo
    from routes.demo.story import PASSWORD

    folder = Path(tempfile.mkdtemp(prefix="tanggap-bench-"))
    settings = Settings.from_env(
        data_dir=folder / "var", keys_dir=folder / "keys", database_url=f"sqlite:///{folder / 'bench.db'}"
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {households} households")
    print(f"{'':<58} {'wall':>13} {'processor':>13}")
    timed("migrate an empty database", lambda: command.upgrade(alembic_config(settings.database_url), "head"))
    app = create_app(settings)
    runtime = app.extensions["tanggap"]
    timed("make the demonstration", lambda: list(make_demo(runtime, households=households, seed=9901)))
    work = runtime.work

    with work.read_by(SYSTEM) as tx:
        incident = queries.incidents(tx)[0]
        ring = json.loads(queries.outlines(tx, incident.id)[0][1])["coordinates"][0]
    for no, wider in enumerate((1.0, 2.5), 1):
        middle = [sum(point[axis] for point in ring) / len(ring) for axis in (0, 1)]
        outline = [[middle[axis] + (point[axis] - middle[axis]) * wider for axis in (0, 1)] for point in ring]

        def post(no: int = no, outline: list[list[float]] = outline) -> Any:
            order = zones.PostZone(
                incident_id=incident.id, name=f"Ukur {no}", severity=Severity.LIGHT,
                observed_at=work.clock.now() - timedelta(minutes=5),
                outline=json.dumps({"type": "Polygon", "coordinates": [outline]}),
            )  # fmt: skip
            posted = work.run(SYSTEM, lambda tx: zones.post_zone(tx, order))
            return work.run(SYSTEM, lambda tx: matching.match_version(tx, posted.version_id))

        matched = timed(f"posted → list complete with reasons, outline × {wider}", post)
        print(f"    {matched.total} households listed")

    client = app.test_client()
    page = client.get("/masuk").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/masuk", data={"username": "logistik", "password": PASSWORD, "csrf_token": token})
    at = f"/kejadian/{incident.slug}"
    paths = ["/", "/kejadian", at, f"{at}/keluarga", f"{at}/kebutuhan", f"{at}/rencana", f"{at}/pengiriman"]
    for path in [*paths, f"{at}/serah-terima", "/stok", "/registri", "/dokumen", "/pengaturan", "/peta/batas.json"]:

        def ask(path: str = path) -> None:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)

        timed(f"GET {path}", ask, 3)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 34_000)
