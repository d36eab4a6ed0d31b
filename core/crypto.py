"""Sealing, look-up by keyed hash, and signatures. Keys lie in files of their own, never in the database.

Sealed value: ``0x01 | key id | nonce (12) | AES-256-GCM``. Look-up index: HMAC-SHA-256 under a key derived per context.
Receipt tokens: ECDSA P-256, deterministic, domain-separated (Ed25519 is too new for old phones' WebCrypto).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASK: Final = "••••••••••••"
_FORMAT: Final = 1
_TOKEN_DOMAIN: Final = b"tanggap/receipt/1\x00"
REF_BYTES: Final = 10


def new_ref() -> bytes:
    """Make the public reference of a paper: ten random bytes that nobody guesses and that say nothing."""
    return secrets.token_bytes(REF_BYTES)


class KeysUnusable(RuntimeError):
    """The keys are missing, readable by others, or do not open what was sealed."""


class Secret(str):
    """A number that must not leak: its text, repr, format and JSON are the mask; only ``reveal`` gives it."""

    __slots__ = ("_plain",)
    _plain: str

    def __new__(cls, plain: str) -> Secret:
        made = super().__new__(cls, MASK + plain[-4:])
        made._plain = plain
        return made

    def reveal(self) -> str:
        """Give the number itself. Every caller is an audited act or a sealing."""
        return self._plain

    @property
    def last4(self) -> str:
        return self._plain[-4:]

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not picklable")


@dataclass(frozen=True, slots=True)
class Token:
    """What a receipt's QR says: which kind of paper, and its public reference."""

    kind: str
    ref: bytes


class Keyring:
    """The keys of one installation, read once; its sealing keys again when their file was changed by a rotation."""

    def __init__(
        self, *, active: int, seal_keys: dict[int, bytes], index_key: bytes, sign_key: bytes, path: Path | None = None
    ) -> None:
        self._active = active
        self._seal = {number: AESGCM(key) for number, key in seal_keys.items()}
        self._path = path
        self._stamp = _stamp(path)
        self._index_key = index_key
        self._context_hashes: dict[str, tuple[hashlib._Hash, hashlib._Hash]] = {}
        private = serialization.load_der_private_key(sign_key, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeysUnusable("The signing key is not an elliptic-curve key.")
        self._sign_key = private

    # -- sealed columns ------------------------------------------------------------------------------------------

    def seal(self, plain: str, context: str) -> bytes:
        """Encrypt a text for one column; the same text never gives the same bytes twice."""
        self.read_again()
        nonce = secrets.token_bytes(12)
        head = bytes((_FORMAT, self._active))
        return head + nonce + self._seal[self._active].encrypt(nonce, plain.encode(), context.encode() + head)

    def seal_all(self, plains: Sequence[str | None], context: str) -> list[bytes | None]:
        """Encrypt a whole column as ``seal`` does its values; what is None stays None."""
        self.read_again()
        head = bytes((_FORMAT, self._active))
        encrypt, bound = self._seal[self._active].encrypt, context.encode() + head
        chance = secrets.token_bytes(12 * len(plains))
        nonces = (chance[at : at + 12] for at in range(0, len(chance), 12))
        return [
            None if plain is None else head + nonce + encrypt(nonce, plain.encode(), bound)
            for plain, nonce in zip(plains, nonces, strict=True)
        ]

    def open(self, sealed: bytes, context: str) -> str:
        """Decrypt what ``seal`` made for the same column. Raises: KeysUnusable."""
        if len(sealed) >= 30 and sealed[1] not in self._seal:
            self.read_again()
        if len(sealed) < 30 or sealed[0] != _FORMAT or sealed[1] not in self._seal:
            raise KeysUnusable("A sealed value names a key that is not in the key file.")
        try:
            return self._seal[sealed[1]].decrypt(sealed[2:14], sealed[14:], context.encode() + sealed[:2]).decode()
        except InvalidTag as error:
            raise KeysUnusable("A sealed value does not open with its key: wrong key file or altered data.") from error

    def read_again(self) -> None:
        """Take the sealing keys from their file when that was changed: a server learns of a rotation by itself."""
        if self._path is None or (stamp := _stamp(self._path)) == self._stamp:
            return
        read = json.loads(_read_private(self._path))
        self._seal = {int(number): AESGCM(base64.b64decode(key)) for number, key in read["keys"].items()}
        self._active = int(read["active"])
        self._stamp = stamp

    def blind_index(self, plain: str, context: str) -> bytes:
        """Give the 32 bytes by which a sealed text is found again; useless without the index key."""
        return self.blind_indexes((plain,), context)[0]

    def blind_indexes(self, plains: Iterable[str], context: str) -> list[bytes]:
        """Give ``blind_index`` of many texts of one column."""
        inner, outer = self._context_hashes.get(context) or self._begin_hashes(context)
        found = []
        for plain in plains:
            within, around = inner.copy(), outer.copy()
            within.update(plain.encode())
            around.update(within.digest())
            found.append(around.digest())
        return found

    def _begin_hashes(self, context: str) -> tuple[hashlib._Hash, hashlib._Hash]:
        # HMAC-SHA-256 begun with its key and copied for each text: OpenSSL's own takes twice as long to set up.
        info = f"bidx:{context}".encode()
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(self._index_key)
        padded = key.ljust(hashlib.sha256().block_size, b"\0")
        begun = hashlib.sha256(bytes(one ^ 0x36 for one in padded)), hashlib.sha256(bytes(one ^ 0x5C for one in padded))
        self._context_hashes[context] = begun
        return begun

    # -- receipt tokens ------------------------------------------------------------------------------------------

    def token(self, kind: str, ref: bytes) -> str:
        """Write the token of a paper: upper-case base32, so that a QR needs only alphanumeric mode.

        Same paper, same token: the signature is deterministic (RFC 6979), so a reprint carries the same code.
        """
        body = self._token_body(kind, ref)
        der = self._sign_key.sign(_TOKEN_DOMAIN + body, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return base64.b32encode(body + r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode().rstrip("=")

    def read_token(self, text: str) -> Token | None:
        """Give what a token says, or None when this installation did not sign exactly these bytes."""
        text = text.strip().upper()
        if len(text) > 160 or not text.isascii():
            return None
        try:
            raw = base64.b32decode(text + "=" * (-len(text) % 8))
        except ValueError:
            return None
        # One spelling only: base32's unused last bits must not give a second valid text for one paper.
        if len(raw) != 2 + REF_BYTES + 64 or base64.b32encode(raw).decode().rstrip("=") != text or raw[0] != _FORMAT:
            return None
        body, sign = raw[: 2 + REF_BYTES], raw[2 + REF_BYTES :]
        der = encode_dss_signature(int.from_bytes(sign[:32], "big"), int.from_bytes(sign[32:], "big"))
        try:
            self._sign_key.public_key().verify(der, _TOKEN_DOMAIN + body, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return None
        return Token(kind=chr(body[1]), ref=body[2:])

    @staticmethod
    def _token_body(kind: str, ref: bytes) -> bytes:
        if len(kind) != 1 or len(ref) != REF_BYTES:
            raise ValueError("a token holds one letter and ten bytes")
        return bytes((_FORMAT, ord(kind))) + ref

    def sign(self, domain: str, message: bytes) -> bytes:
        """Sign bytes for one purpose (audit anchors); 64 bytes, r then s."""
        der = self._sign_key.sign(
            domain.encode() + b"\x00" + message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def is_signed(self, domain: str, message: bytes, signature: bytes) -> bool:
        """Tell whether ``sign`` made this signature for these bytes and this purpose."""
        der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        try:
            self._sign_key.public_key().verify(der, domain.encode() + b"\x00" + message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def secret_for(self, purpose: str) -> bytes:
        """Derive 32 bytes for one purpose (form protection), so that no further key file is needed."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._index_key)

    def fingerprint(self) -> str:
        """Name this ring without telling anything of it, to notice a database opened with other keys."""
        return hashlib.sha256(b"tanggap/ring" + self.secret_for("fingerprint")).hexdigest()[:16]

    # -- files ---------------------------------------------------------------------------------------------------

    @classmethod
    def fresh(cls) -> Keyring:
        return cls.from_json(_fresh_json())

    @classmethod
    def from_json(cls, text: str, path: Path | None = None) -> Keyring:
        read = json.loads(text)
        return cls(
            active=int(read["active"]),
            seal_keys={int(number): base64.b64decode(key) for number, key in read["keys"].items()},
            index_key=base64.b64decode(read["index"]),
            sign_key=base64.b64decode(read["sign"]),
            path=path,
        )

    @classmethod
    def load(cls, folder: Path) -> Keyring:
        """Read the ring of ``folder``. Raises: KeysUnusable, when it is missing or others may read it."""
        path = folder / "ring.json"
        if not path.exists():
            raise KeysUnusable(f"No keys in {folder}. `flask keys make` makes them; keep two copies off this machine.")
        return cls.from_json(_read_private(path), path)

    @classmethod
    def load_or_make(cls, folder: Path) -> Keyring:
        """Read the ring, making it first where there is none (new installation, demonstration)."""
        path = folder / "ring.json"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # O_EXCL: of two processes that start at once only one makes the keys.
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            except FileExistsError:
                return cls.load(folder)
            with os.fdopen(handle, "w") as file:
                file.write(_fresh_json())
        return cls.load(folder)

    def add_key(self) -> Path:
        """Add a sealing key to the file and make it active; the old ones stay readable. Gives the backup's path.

        Raises: KeysUnusable, when this ring does not come from a file.
        """
        path = self._own_path()
        read = json.loads(_read_private(path))
        number = max(int(key) for key in read["keys"]) + 1
        if number > 255:
            raise KeysUnusable("A key's number is one byte: 255 rotations were made.")
        read["keys"][str(number)] = base64.b64encode(secrets.token_bytes(32)).decode()
        read["active"] = number
        return self._replace(path, json.dumps(read), f"ring.before-key-{number}.json")

    def drop_key(self, number: int) -> Path:
        """Take a sealing key out of the file. Gives the backup's path. The caller has proved that nothing needs it.

        Raises: KeysUnusable for the active key, and for one that is not there.
        """
        path = self._own_path()
        read = json.loads(_read_private(path))
        if number == int(read["active"]) or str(number) not in read["keys"]:
            raise KeysUnusable(f"Key {number} is not there, or it is the active one.")
        del read["keys"][str(number)]
        return self._replace(path, json.dumps(read), f"ring.with-key-{number}.json")

    def _own_path(self) -> Path:
        if self._path is None:
            raise KeysUnusable("These keys do not come from a file.")
        return self._path

    def _replace(self, path: Path, text: str, kept_as: str) -> Path:
        """Put a new ring in the place of the old in one step: whoever reads, reads one or the other, whole."""
        kept, made = path.with_name(kept_as), path.with_name("ring.new.json")
        made.unlink(missing_ok=True)  # left by a rotation that was cut off before it counted
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        kept.unlink(missing_ok=True)
        os.link(path, kept)
        os.replace(made, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.read_again()
        return kept

    @property
    def path(self) -> Path | None:
        """The file the keys were read from."""
        return self._path

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the sealing keys there are."""
        return tuple(sorted(self._seal))

    @property
    def active(self) -> int:
        return self._active


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """Tell one version of a key file from the next: it is replaced, never written over."""
    if path is None:
        return None
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _read_private(path: Path) -> str:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeysUnusable(f"{path} can be read by others: chmod 0400 it.")
    return path.read_text()


def _fresh_json() -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    encoded = {
        "active": 1,
        "keys": {"1": base64.b64encode(secrets.token_bytes(32)).decode()},
        "index": base64.b64encode(secrets.token_bytes(32)).decode(),
        "sign": base64.b64encode(der).decode(),
    }
    return json.dumps(encoded)


_ring: Keyring | None = None


def use_ring(ring: Keyring) -> None:
    """Make this the ring of the process: sealed columns have no other way to be given one."""
    global _ring
    _ring = ring


def ring() -> Keyring:
    """Give the ring of the process. Raises: KeysUnusable before ``use_ring``."""
    if _ring is None:
        raise KeysUnusable("No keys were loaded in this process.")
    return _ring
