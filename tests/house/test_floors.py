"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support import tree

HOMES = {
    "flask": "routes/",
    "marshmallow": "routes/",
    "apscheduler": "routes/",
    "reportlab": "reports/",
    "shapely": "registry_link/matching/",
    "xlsxwriter": "reports/",
    "python": "core/reader/",  # python_calamine: nowhere but in the child process
}
PURE = ("rules.py", "states.py", "views.py")


def test_the_import_contracts_hold():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=tree.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_stands_on_a_floor():
    contracts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    ours = {path.parent.name for path in tree.ROOT.glob("*/__init__.py")} - {"tests", "bench", "migrations"}
    assert ours == set(contracts["root_packages"])
    floors = {name.strip() for floor in contracts["contracts"][0]["layers"] for name in floor.split("|")}
    assert floors == ours


def test_every_noun_of_a_floor_that_exists_is_written_without_parentheses():
    contracts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        for container in contract.get("containers", ()):
            named = {name.strip() for floor in contract["layers"] for name in floor.split("|")}
            there = {path.parent.name for path in (tree.ROOT / container).glob("*/__init__.py")}
            assert {name for name in named if not name.startswith("(")} == there


def test_a_nouns_models_are_its_own():
    wrong = []
    for path in tree.product():
        for node, target in tree.imports(path):
            package, _, last = target.rpartition(".")
            if last == "models" and package.split(".")[0] in tree.PACKAGES:
                # core is one ground: its nouns know each other's tables, nobody above does.
                owner = tree.ROOT / ("core" if package.startswith("core.") else package.replace(".", "/"))
                if owner not in path.parents:
                    wrong.append(f"{tree.where(path, node)} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_each_outside_library_has_one_home():
    wrong = [
        f"{tree.where(path, node)} imports {target}"
        for path in tree.product()
        for node, target in tree.imports(path)
        for library, home in HOMES.items()
        if target.split(".")[0].split("_")[0] == library and not tree.name(path).startswith(home)
        if tree.name(path) != "wsgi.py"
    ]
    assert not wrong, "\n".join(wrong)


def test_rules_states_views_and_papers_know_no_database():
    wrong = [
        f"{tree.where(path, node)} imports {target}"
        for path in tree.product()
        if (path.name in PURE and path.relative_to(tree.ROOT).parts[0] in tree.NOUN_PACKAGES)
        or (path.name in ("rules.py", "views.py"))
        or tree.name(path).startswith("reports/")
        for node, target in tree.imports(path)
        if target.split(".")[0] == "sqlalchemy" or target in ("core.work", "core.db")
    ]
    assert not wrong, "\n".join(wrong)
