"""The project's own files, as the rules of the house read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("core", "registry_link", "stock", "logistics", "reports", "routes")
NOUN_PACKAGES = ("registry_link", "stock", "logistics")
LEAVE = {".venv", ".bootstrap", ".cache", ".git", "__pycache__", "node_modules", "var", "keys"}
BINARY = {".ttf", ".woff2", ".woff", ".png", ".jpg", ".jpeg", ".webp", ".ico", ".pdf", ".wasm", ".gz", ".zip", ".xlsx"}


@cache
def product() -> tuple[Path, ...]:
    """Give every Python file of the product's own packages and of the files at the top."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return (*found, *(path for path in (ROOT / "wsgi.py", ROOT / "dev.py") if path.exists()))


@cache
def nouns() -> tuple[Path, ...]:
    """Give the folder of every noun: a package inside one of our packages."""
    return tuple(
        folder
        for package in (*NOUN_PACKAGES, "core")
        for folder in sorted((ROOT / package).iterdir())
        if (folder / "__init__.py").exists()
    )


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def where(path: Path, node: ast.AST) -> str:
    return f"{name(path)}:{getattr(node, 'lineno', 0)}"


def module(path: Path) -> str:
    """Give the dotted name a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Give every module a file imports, also inside functions; ``from a import b`` gives ``a`` and ``a.b``."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module(path).split(".")
                above = above[: len(above) - node.level + (1 if path.name == "__init__.py" else 0)]
                base = ".".join([*above, base]).rstrip(".")
            yield node, base
            for alias in node.names:
                yield node, f"{base}.{alias.name}"


def called(node: ast.Call) -> str:
    """Give the last name of what is called: ``sa.text(...)`` is ``text``."""
    function = node.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield node


@cache
def committed() -> tuple[Path, ...]:
    """Give every file that is, or is about to be, committed."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        found = [ROOT / one for one in listed if one]
    except (OSError, subprocess.CalledProcessError):  # a copy without git, or a machine without it
        found = [path for path in ROOT.rglob("*") if not LEAVE & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def texts() -> Iterator[tuple[Path, str]]:
    """Give every committed text file with its text."""
    for path in committed():
        if path.suffix.lower() not in BINARY:
            yield path, path.read_text(encoding="utf-8", errors="replace")
