"""The only place of the registry where a NIK or No. KK stands open: to be indexed, and to be shown with a reason."""

from __future__ import annotations

from core.crypto import Secret, ring
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT


def nik_index(nik: Secret) -> bytes:
    """Give the keyed hash by which a NIK is found."""
    return ring().blind_index(nik.reveal(), NIK_CONTEXT)


def kk_index(kk: Secret) -> bytes:
    """Give the keyed hash by which a No. KK is found."""
    return ring().blind_index(kk.reveal(), KK_CONTEXT)


def opened(number: Secret, index: bytes | None, context: str) -> str:
    """Give the number itself, once its index proves that it is this row's own (a swapped cell opens too).

    Raises: RuntimeError, when the two do not belong together.
    """
    if index != ring().blind_index(number.reveal(), context):
        raise RuntimeError("a sealed number and its index do not belong together")
    return number.reveal()


def content_hash(content: str, number: Secret | None = None) -> bytes:
    """Give a keyed hash of a row's content, so that an unchanged one is known without keeping it open."""
    return ring().blind_index(content if number is None else f"{content}\x1f{number.reveal()}", "registry.row")
