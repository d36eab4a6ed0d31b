"""Views as canonical JSON text and back: what an issued paper said, kept byte for byte."""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar
from uuid import UUID

from cattrs.preconf.json import make_converter

View = TypeVar("View")
_converter = make_converter()
_converter.register_unstructure_hook(UUID, str)
_converter.register_structure_hook(UUID, lambda text, _: UUID(text))


def freeze(view: object) -> str:
    """Write a frozen dataclass as canonical JSON: same view, same text."""
    return json.dumps(
        _converter.unstructure(view), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def thaw(kind: type[View], text: str) -> View:
    """Read back what ``freeze`` wrote. Raises: an exception group of cattrs, when the text is not of this kind."""
    return _converter.structure(json.loads(text), kind)


def digest(text: str) -> str:
    """Give the SHA-256 of a frozen text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
