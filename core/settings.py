"""The only reader of the environment. A half-configured service does not start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env

ROOT = Path(__file__).resolve().parent.parent


class Unconfigured(RuntimeError):
    """A setting is missing or contradicts another; the message says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations.

    Names in the environment: ``TANGGAP_`` and the field in capitals.
    """

    database_url: str
    """SQLite file or ``postgresql://`` address."""
    data_dir: Path
    """Uploads, logs, anchors; the SQLite file too unless ``database_url`` says otherwise."""
    keys_dir: Path
    """Keys, outside ``data_dir``; files are created 0400."""
    public_url: str
    """Address printed into receipts' QR codes; never taken from a request."""
    is_production: bool
    """Secure cookies, HSTS, no component page."""
    proxies: int
    """Reverse proxies in front whose forwarded headers are believed."""
    is_cap_public: bool = False
    """Whether everybody may read the list of the office's areas (CAP); machines with a token always may."""
    alert_feed: str = ""
    """Address of the weather service's list of alerts (RSS, https); empty: nothing is ever fetched."""

    @classmethod
    def from_env(cls, **given: object) -> Settings:
        """Read the environment; ``given`` wins over it (tests, commands).

        Raises: Unconfigured, when a setting is missing or contradicts another.
        """
        env = Env()
        with env.prefixed("TANGGAP_"):
            data_dir = Path(str(given.get("data_dir") or env.str("DATA_DIR", str(ROOT / "var")))).resolve()
            keys_dir = Path(str(given.get("keys_dir") or env.str("KEYS_DIR", str(ROOT / "keys")))).resolve()
            read = cls(
                database_url=str(
                    given.get("database_url") or env.str("DATABASE_URL", f"sqlite:///{data_dir / 'tanggap.db'}")
                ),
                data_dir=data_dir,
                keys_dir=keys_dir,
                public_url=str(given.get("public_url") or env.str("PUBLIC_URL", "http://127.0.0.1:8000")).rstrip("/"),
                is_production=bool(given.get("is_production", env.bool("IS_PRODUCTION", False))),
                proxies=int(str(given.get("proxies", env.int("PROXIES", 0)))),
                is_cap_public=bool(given.get("is_cap_public", env.bool("IS_CAP_PUBLIC", False))),
                alert_feed=str(given.get("alert_feed", env.str("ALERT_FEED", ""))).strip(),
            )
        if keys_dir == data_dir or data_dir in keys_dir.parents:
            raise Unconfigured(
                f"TANGGAP_KEYS_DIR ({keys_dir}) lies inside TANGGAP_DATA_DIR ({data_dir}): a backup of the data would "
                "carry the keys. Choose a folder outside it."
            )
        if read.is_production and not read.public_url.startswith("https://"):
            raise Unconfigured("TANGGAP_PUBLIC_URL must start with https:// in production.")
        if read.alert_feed and not read.alert_feed.startswith("https://"):
            raise Unconfigured("TANGGAP_ALERT_FEED must start with https://, or be empty.")
        if not read.database_url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise Unconfigured("TANGGAP_DATABASE_URL must start with sqlite:/// or postgresql://.")
        return read
