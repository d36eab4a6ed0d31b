"""Files of persons that wait to be read: encrypted as they are written, read from any byte of what was written.

A file begins with its own key, sealed by the installation's ring; the rest is AES-256-CTR, whose bytes stand where the
plain ones would, so that a reader goes on from a cursor. It protects what a stolen disk or a backup shows. Whoever can
write to the folder can change such a file, as they could any other: what comes out of it is checked like an upload.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from core.crypto import KeysUnusable, ring

_MAGIC: Final = b"tanggap rows 1\n"
_CONTEXT: Final = "file.key"
_KEY, _BLOCK = 32, 16
_BUFFER: Final = 1 << 20


class SealedWriter(io.RawIOBase):
    """Writes to an open file what only this installation reads; wrap it in ``io.BufferedWriter``."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        key, start = os.urandom(_KEY), os.urandom(_BLOCK)
        sealed = ring().seal((key + start).hex(), _CONTEXT)
        file.write(_MAGIC + len(sealed).to_bytes(2, "big") + sealed)
        self._file, self._cipher = file, Cipher(AES256(key), CTR(start)).encryptor()

    def writable(self) -> bool:
        return True

    def write(self, plain: object) -> int:
        data = bytes(memoryview(plain))  # type: ignore[arg-type]
        self._file.write(self._cipher.update(data))
        return len(data)


class _SealedReader(io.RawIOBase):
    def __init__(self, path: Path, at_byte: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        try:
            self._cipher = self._begin(at_byte)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, at_byte: int) -> CipherContext:
        if self._file.read(len(_MAGIC)) != _MAGIC:
            raise KeysUnusable("a file of rows was not written by this installation")
        secret = bytes.fromhex(ring().open(self._file.read(int.from_bytes(self._file.read(2), "big")), _CONTEXT))
        key, start = secret[:_KEY], int.from_bytes(secret[_KEY:], "big")
        block, within = divmod(at_byte, _BLOCK)
        self._file.seek(block * _BLOCK, os.SEEK_CUR)
        counter = (start + block) % (1 << 128)
        cipher = Cipher(AES256(key), CTR(counter.to_bytes(_BLOCK, "big"))).decryptor()
        cipher.update(self._file.read(within))
        return cipher

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        plain = self._cipher.update(self._file.read(len(view)))
        view[: len(plain)] = plain
        return len(plain)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_sealed(path: Path, at_byte: int = 0) -> io.BufferedReader:
    """Read a file that ``SealedWriter`` wrote, from a byte of what was written. Raises: KeysUnusable."""
    return io.BufferedReader(_SealedReader(path, at_byte), _BUFFER)


def size_of(path: Path) -> int:
    """Tell how many bytes a file holds; of a sealed one, how many were written."""
    size = path.stat().st_size
    if not _is_sealed(path):
        return size
    with path.open("rb") as file:
        file.seek(len(_MAGIC))
        return size - len(_MAGIC) - 2 - int.from_bytes(file.read(2), "big")


def beginning_of(path: Path, length: int) -> bytes:
    """Give the first bytes of a file, sealed or not."""
    with open_sealed(path) if _is_sealed(path) else path.open("rb") as file:
        return file.read(length)


def open_plain(path: Path) -> IO[bytes]:
    """Open a file, sealed or not, for another process that reads it from any place.

    Of a sealed one it is a copy without a name, which is gone with whoever holds it.
    """
    if not _is_sealed(path):
        return path.open("rb", buffering=0)
    plain = tempfile.TemporaryFile(dir=path.parent, buffering=0)  # noqa: SIM115 (whoever asked closes it)
    try:
        with open_sealed(path) as sealed:
            shutil.copyfileobj(sealed, plain, _BUFFER)
        plain.seek(0)
    except BaseException:
        plain.close()
        raise
    return plain


def key_of(path: Path) -> int | None:
    """Give the number of the ring's key that a file's beginning names; None where it is no sealed file."""
    with path.open("rb") as file:
        head = file.read(len(_MAGIC) + 4)
    return head[-1] if len(head) == len(_MAGIC) + 4 and head.startswith(_MAGIC) else None


def is_key_gone(path: Path) -> bool:
    """Tell whether the ring does not know the key any more that a file was sealed with."""
    ring().read_again()
    return path.exists() and key_of(path) not in (None, *ring().numbers)


def sealed_files_with(folder: Path) -> Counter[int]:
    """Count the sealed files below a folder by the number of the ring's key that they need."""
    found: Counter[int] = Counter()
    for path in folder.rglob("*"):
        # One that is read to its end meanwhile is gone, and needs none.
        with suppress(FileNotFoundError):
            if path.is_file() and (number := key_of(path)) is not None and _is_sealed(path):
                found[number] += 1
    return found


def _is_sealed(path: Path) -> bool:
    """Tell whether this installation sealed a file; a stranger's that only begins like one is not."""
    try:
        open_sealed(path).close()
    except KeysUnusable:
        return False
    return True
