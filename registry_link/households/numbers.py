"""The only place of the registry where a NIK or No. KK stands open: to be indexed, and to be shown with a reason."""

from __future__ import annotations

from datetime import date

from core.crypto import Secret, ring
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT
from registry_link.households.rules import is_birth_of_nik, sex_of_nik
from registry_link.households.states import Sex


def nik_index(nik: Secret) -> bytes:
    """Give the keyed hash by which a NIK is found."""
    return ring().blind_index(nik.reveal(), NIK_CONTEXT)


def kk_index(kk: Secret) -> bytes:
    """Give the keyed hash by which a No. KK is found."""
    return ring().blind_index(kk.reveal(), KK_CONTEXT)


def key_of_kk(kk: Secret) -> str:
    """Make the id of a household whose file gives none but the No. KK."""
    return f"kk:{kk_index(kk).hex()[:32]}"


def sex_told(nik: Secret) -> Sex:
    """Tell what a NIK says of the sex."""
    return sex_of_nik(nik.reveal())


def is_birth_told(nik: Secret, born_on: date) -> bool:
    """Tell whether a NIK carries this day of birth."""
    return is_birth_of_nik(nik.reveal(), born_on)


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
