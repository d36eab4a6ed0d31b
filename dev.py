#!/usr/bin/env python3
"""Prepare, run and test tanggap. Needs only Python 3.11 or newer with venv (Debian: python3 and python3-venv).

python3 dev.py run                  prepare, migrate, make the demonstration where no office exists, and serve;
                                    BIND=127.0.0.1:8000 says where
python3 dev.py test [--no-browser]  everything that CI runs; with further arguments only pytest, with these arguments
python3 dev.py lock [--upgrade]     remake the locked requirements after a change of pyproject.toml
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent
BOOT = ROOT / ".bootstrap"
HOME = ROOT / ".venv"
ON_WINDOWS = os.name == "nt"
BIN = "Scripts" if ON_WINDOWS else "bin"
EXE = ".exe" if ON_WINDOWS else ""
PYTHON = HOME / BIN / f"python{EXE}"

RUN_LOCK = "requirements.txt"
TEST_LOCK = "requirements-dev.txt"
UV_LOCK = "requirements-uv.txt"

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PATIENCE_S = 20
"""How long a child may take to end before it is ended by force."""


class Stop(Exception):
    """Nothing more can be done; the message says why and what to do."""


def say(line: str) -> None:
    print(f"tanggap · {line}", flush=True)


def main(words: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever starts this file chose the Python, not we)
        raise Stop(f"Python 3.11 atau lebih baru diperlukan; ini Python {sys.version.split()[0]}.")
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "run" and not rest:
        return run()
    if command == "test":
        return test(rest)
    if command == "lock":
        return lock(rest)
    print(__doc__.strip())
    return 0 if command in ("help", "-h", "--help") else 2


# ---------------------------------------------------------------- preparing


def environment() -> dict[str, str]:
    """Give the environment of every child: ours, without what leads it to another Python or makes each start slow."""
    unwanted = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    env |= {
        "UV_PYTHON_DOWNLOADS": "never",  # the system's Python is the one we were started with; fetch no other
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{HOME / BIN}{os.pathsep}{env.get('PATH', os.defpath)}",
    }
    if CERTIFICATES.exists():  # an office's network may have a certificate authority of its own, known to the system
        trusted = {"UV_SYSTEM_CERTS": "1", "PIP_CERT": str(CERTIFICATES), "NODE_EXTRA_CA_CERTS": str(CERTIFICATES)}
        env = trusted | env
    return env


def call(*words: str | Path, why: str) -> None:
    """Run a step to its end.

    Raises: Stop, naming the step, when it fails.
    """
    code = subprocess.run([str(word) for word in words], cwd=ROOT, env=environment()).returncode
    if code:
        raise Stop(f"{why} gagal (kode {code}); pesan di atas menjelaskan sebabnya.")


def uv() -> str:
    """Find uv: the one named in UV, else our own of the locked version, made in a virtual environment of its own."""
    named = os.environ.get("UV")
    if named:
        return named
    exe = BOOT / BIN / f"uv{EXE}"
    # Debian's own Python refuses "pip install"; a virtual environment needs no right to change the system.
    made_from = BOOT / UV_LOCK
    locked = (ROOT / UV_LOCK).read_text()
    if exe.exists() and made_from.exists() and made_from.read_text() == locked:
        return str(exe)
    say("menyiapkan uv (sekali saja) …")
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(BOOT)
    except (subprocess.CalledProcessError, OSError) as failed:
        shutil.rmtree(BOOT, ignore_errors=True)
        raise Stop(f"venv tidak dapat dibuat ({failed}). Debian/Ubuntu: apt install python3-venv") from failed
    pip = (BOOT / BIN / f"python{EXE}", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    call(*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / UV_LOCK, why="Memasang uv")
    made_from.write_text(locked)
    return str(exe)


def install(locked: str) -> None:
    """Install what the lock names, checked by its hashes; nothing already there for other commands is removed."""
    tool = uv()
    if not PYTHON.exists() or subprocess.run([str(PYTHON), "-c", ""], env=environment()).returncode:
        shutil.rmtree(HOME, ignore_errors=True)
        call(tool, "venv", "-q", "--python", sys.executable, HOME, why="Membuat .venv")
    say(f"memasang {locked} …")
    quiet = () if sys.stderr.isatty() else ("-q",)
    call(
        tool, "pip", "install", *quiet, "--python", PYTHON, "--require-hashes", "--no-build", "-r", ROOT / locked,
        why=f"Memasang {locked}",
    )  # fmt: skip


# ---------------------------------------------------------------- run


def run() -> int:
    begun = time.monotonic()
    bind = os.environ.get("BIND", "127.0.0.1:8000")
    host, port = address(bind)
    refuse_taken(host, port)
    os.environ.setdefault("TANGGAP_PUBLIC_URL", url(host, port))
    install(RUN_LOCK)
    flask = (PYTHON, "-m", "flask", "--app", "wsgi")
    say("menyiapkan basis data …")
    call(*flask, "migrate", why="Menyiapkan basis data")
    call(*flask, "demo", "ensure", why="Menyiapkan peragaan")
    if ON_WINDOWS:
        server = [str(PYTHON), "-m", "waitress", f"--listen={host or '*'}:{port}", "--threads=8", "wsgi:app"]
    else:
        # gunicorn 27 opens a control socket in the home folder unless told not to.
        server = [
            str(PYTHON), "-m", "gunicorn", "--no-control-socket", "-w", "1", "--threads", "8",
            "-b", f"{bracketed(host)}:{port}", "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
    family = Family(
        {"server": server, "pekerjaan terjadwal (flask jobs run)": [*map(str, flask), "jobs", "run"]},
    )
    return family.live(then=lambda: announce(url(host, port), begun, family))


def address(bind: str) -> tuple[str, int]:
    """Read BIND: ``host:port``, ``:port`` (every address of this machine) or ``port`` (this machine only)."""
    host, colon, port = bind.rpartition(":")
    host = host if colon else "127.0.0.1"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Stop(f"BIND={bind} tidak terbaca; tulis alamat:port, misalnya BIND=127.0.0.1:8001")
    return host.strip("[]"), int(port)


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def url(host: str, port: int) -> str:
    """Give the address that opens in a browser on this machine."""
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"http://{bracketed(shown)}:{port}"


def refuse_taken(host: str, port: int) -> None:
    """Say at once, before a minute of preparing, that the address is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if not ON_WINDOWS:  # there, this option would let two servers share the address
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise Stop(
                f"Alamat {host}:{port} tidak dapat dipakai ({taken.strerror}). "
                f"Pilih yang lain, misalnya: BIND=127.0.0.1:{port + 1} python3 dev.py run"
            ) from taken


def announce(at: str, begun: float, family: Family) -> None:
    """Tell the person when the pages answer."""
    while not family.is_ending:
        try:
            with urllib.request.urlopen(f"{at}/healthz", timeout=2) as answer:  # noqa: S310 (our own http address)
                if answer.status == 200:
                    say(f"siap dalam {time.monotonic() - begun:.0f} detik:  {at}   (Ctrl+C untuk berhenti)")
                    return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.3)


class Family:
    """The server and the job process, which live and end together under this one parent."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self._commands = commands
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked = 0
        self.is_ending = False

    def live(self, then: Callable[[], None]) -> int:
        """Start the children, do ``then`` beside them, and wait; end both when one ends or when we are told to.

        Returns 0 when told to end, else the code of the child that ended by itself (1 when that was 0).
        """
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._hear)
        try:
            for name, command in self._commands.items():
                # A session of its own: Ctrl+C reaches only us, and each child hears of it once, from us.
                self._children[name] = subprocess.Popen(
                    command, cwd=ROOT, env=environment(), start_new_session=not ON_WINDOWS,
                    preexec_fn=None if ON_WINDOWS else die_with_parent,
                )  # fmt: skip
            # Only after the forks: a fork copies no other thread, but the locks it held.
            threading.Thread(target=then, daemon=True).start()
            while not self._asked:
                for name, child in self._children.items():
                    if child.poll() is not None:
                        say(f"{name} berhenti sendiri (kode {child.returncode}); yang lain dihentikan juga.")
                        return child.returncode if 0 < child.returncode < 128 else 1
                time.sleep(0.2)
            say("berhenti …")
            return 0
        finally:
            self._end()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _end(self) -> None:
        self.is_ending = True
        living = [child for child in self._children.values() if child.poll() is None]
        for child in living:
            child.terminate()
        asked, until = self._asked, time.monotonic() + PATIENCE_S
        while any(child.poll() is None for child in living) and time.monotonic() < until and self._asked <= asked + 1:
            time.sleep(0.1)
        for child in living:
            if child.poll() is None:
                child.kill()
            child.wait()


def die_with_parent() -> None:
    """On Linux: end this child also when the parent is killed without a chance to say so."""
    if LIBC is not None:
        LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


# ---------------------------------------------------------------- test


def test(words: list[str]) -> int:
    """Run everything that CI runs, ending with pytest's own summary."""
    no_browser = "--no-browser" in words
    only = [word for word in words if word != "--no-browser"]
    install(TEST_LOCK)
    pytest = [str(PYTHON), "-m", "pytest", *(["--no-browser"] if no_browser else [])]
    if only:
        return subprocess.run([*pytest, *only], cwd=ROOT, env=environment()).returncode
    if not no_browser:
        say("mencari Chromium …")
        call(PYTHON, "-m", "tests.support.chromium", why="Menyiapkan Chromium (tanpa peramban: --no-browser)")
    tools = {
        "ruff check": ("ruff", "check", "."),
        "ruff format": ("ruff", "format", "--check", "."),
        "mypy": ("mypy",),
        "lint-imports": ("lint-imports",),
    }
    failed = []
    for name, (tool, *rest) in tools.items():
        say(name)
        if subprocess.run([str(HOME / BIN / f"{tool}{EXE}"), *rest], cwd=ROOT, env=environment()).returncode:
            failed.append(name)
    say("pytest")
    code = subprocess.run(pytest, cwd=ROOT, env=environment() | {"TANGGAP_FAILED_TOOLS": ", ".join(failed)}).returncode
    return code or (1 if failed else 0)


# ---------------------------------------------------------------- lock


def lock(words: list[str]) -> int:
    """Remake the locks: pins with hashes for every platform, and no registry's address in them."""
    compile_ = (
        uv(), "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-emit-index-url", "--no-annotate", "--custom-compile-command", "python3 dev.py lock", *words,
    )  # fmt: skip
    call(*compile_, "pyproject.toml", "-o", RUN_LOCK, why=RUN_LOCK)
    call(*compile_, "--group", "dev", "-c", RUN_LOCK, "pyproject.toml", "-o", TEST_LOCK, why=TEST_LOCK)
    call(*compile_, "--group", "boot", "-o", UV_LOCK, why=UV_LOCK)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as why:
        say(str(why))
        sys.exit(1)
    except KeyboardInterrupt:
        say("dihentikan.")
        sys.exit(130)
