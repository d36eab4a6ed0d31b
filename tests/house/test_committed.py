"""What must not stand in a committed file, and what must stand beside one."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.settings import Settings
from tests.support import tree

# Written in parts, so that this file does not hold what it looks for.
HOSTS = re.compile(
    r"\b(py" + r"pi\.org|(files|registry|mirror|deb|security)\.[a-z]*(hosted|js|debian|py" + r"pi)[a-z]*\.(org|com))"
)
MACHINE_PATHS = re.compile(r"(^|[^a-zA-Z0-9_.])/(" + "work|farm|root|home/[a-z]" + r")/")
SIXTEEN = re.compile(
    # The form of a NIK or No. KK (domain.md 4.3): a day (women's are 40 higher) and a month in the middle; other
    # 16-digit numbers, such as the ledger's largest quantity, are nobody's.
    r"(?<![0-9A-Za-z.+/=_-])[1-9][0-9]{5}(?:[04][1-9]|[1256][0-9]|[37][01])(?:0[1-9]|1[0-2])[0-9]{6}"
    r"(?![0-9A-Za-z.+/=_])"
)
LOCKS = {"requirements.txt", "requirements-dev.txt", "requirements-uv.txt", "package-lock.json", "lock.toml"}
# Source: the codes of Kemendagri; a NIK begins with its province.
PROVINCES = {*range(11, 20), 21, *range(31, 37), 51, 52, 53, *range(61, 66), *range(71, 77), 81, 82, *range(91, 98)}
VENDOR = tree.ROOT / "routes" / "static" / "vendor"


def found(pattern: re.Pattern[str], *, leave: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    return [
        f"{tree.name(path)}:{number}: {line.strip()[:100]}"
        for path, text in tree.texts()
        if path.name not in leave and not path.name.endswith(".min.js")
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_registrys_host():
    assert not found(HOSTS)


def test_no_file_names_a_path_of_one_machine():
    assert not found(MACHINE_PATHS)


def test_every_number_like_a_nik_is_synthetic():
    """Province 99 does not exist: a 16-digit number that starts with a real one could be somebody's."""
    wrong = [
        f"{tree.name(path)}: {number[:4]}…"
        for path, text in tree.texts()
        if path.name not in LOCKS and VENDOR not in path.parents
        for number in SIXTEEN.findall(text)
        if int(number[:2]) in PROVINCES and len(set(number)) > 1
    ]
    assert not wrong, "\n".join(wrong)


def test_every_vendored_file_is_the_one_that_was_locked():
    locked = {entry["path"]: entry for entry in tomllib.loads((VENDOR / "lock.toml").read_text())["file"]}
    there = {path.relative_to(VENDOR).as_posix(): path for path in VENDOR.rglob("*") if path.is_file()}
    del there["lock.toml"]
    assert set(locked) == set(there)
    for name, entry in locked.items():
        assert hashlib.sha256(there[name].read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["package"], name
        assert entry["version"] in name, name
        assert entry["licence"], name


def test_every_vendored_package_comes_with_its_licence():
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        licences = [path.name for path in folder.rglob("*") if re.match(r"(licen[cs]e|ofl|copying)", path.name.lower())]
        assert licences, f"{folder.name} has no licence file"


def test_every_setting_is_in_the_readme():
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    names = [f"TANGGAP_{field.name.upper()}" for field in dataclasses.fields(Settings)]
    assert not [name for name in names if name not in readme]


def test_the_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())
    asked = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        "requirements-uv.txt": project["dependency-groups"]["boot"],
    }
    for lock, requirements in asked.items():
        pins = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (tree.ROOT / lock).read_text(), re.MULTILINE))
        for one in map(Requirement, requirements):
            pin = pins.get(canonicalize_name(one.name))
            assert pin, f"{lock} lacks {one.name}: python3 dev.py lock"
            assert one.specifier.contains(pin, prereleases=True), f"{lock}: {one} is not {pin}: python3 dev.py lock"


def test_both_locks_pin_the_same_versions():
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==.*$", (tree.ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_every_pin_has_a_hash():
    for lock in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        for block in re.split(r"\n(?=\S)", (tree.ROOT / lock).read_text()):
            assert block.startswith("#") or "--hash=sha256:" in block, f"{lock}: {block[:60]}"
