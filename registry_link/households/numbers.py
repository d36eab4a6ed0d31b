"""The only place of the registry where a NIK or No. KK stands open: to be indexed, and to be shown with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def plain(secret: Secret | None) -> str | None:
    """Give a number open, to be put into a column that is sealed as a whole."""
    return None if secret is None else secret.reveal()


def plain_kk_keys(numbers: Sequence[str | None]) -> list[str | None]:
    """Give ``key_of_kk`` of a whole column of open numbers."""
    return [None if one is None else f"kk:{one.hex()[:32]}" for one in plain_indexes(numbers, KK_CONTEXT)]


def plain_indexes(numbers: Sequence[str | None], context: str) -> list[bytes | None]:
    """Give the keyed hashes of a whole column of open numbers."""
    found = iter(ring().blind_indexes([one for one in numbers if one is not None], context))
    return [None if one is None else next(found) for one in numbers]


def sex_told(nik: Secret) -> Sex:
    """Tell what a NIK says of the sex."""
    return sex_of_nik(nik.reveal())


def is_birth_told(nik: Secret, born_on: date) -> bool:
    """Tell whether a NIK carries this day of birth."""
    return is_birth_of_nik(nik.reveal(), born_on)


def nik_indexes(niks: Sequence[Secret | None]) -> list[bytes | None]:
    """Give ``nik_index`` of a whole column."""
    return _indexes(niks, NIK_CONTEXT)


def kk_indexes(kks: Sequence[Secret | None]) -> list[bytes | None]:
    """Give ``kk_index`` of a whole column."""
    return _indexes(kks, KK_CONTEXT)


def _indexes(numbers: Sequence[Secret | None], context: str) -> list[bytes | None]:
    found = iter(ring().blind_indexes([one.reveal() for one in numbers if one is not None], context))
    return [None if one is None else next(found) for one in numbers]


def opened(number: Secret, index: bytes | None, context: str) -> str:
    """Give the number itself, once its index proves that it is this row's own (a swapped cell opens too).

    Raises: RuntimeError, when the two do not belong together.
    """
    if index != ring().blind_index(number.reveal(), context):
        raise RuntimeError("a sealed number and its index do not belong together")
    return number.reveal()


def content_hash(content: str, number: Secret | None = None) -> bytes:
    """Give a keyed hash of a row's content, so that an unchanged one is known without keeping it open."""
    return content_hashes([(content, number)])[0]


def sealed_numbers(numbers: Sequence[str | None], context: str) -> list[bytes | None]:
    """Seal a whole column of open numbers, as it stands in the table."""
    return ring().seal_all(numbers, context)


def open_hashes(contents: Iterable[str]) -> list[bytes]:
    """Give ``content_hash`` of many texts, in which the number stands open behind the rest."""
    return ring().blind_indexes(contents, "registry.row")


def content_hashes(rows: Iterable[tuple[str, Secret | None]]) -> list[bytes]:
    """Give ``content_hash`` of many rows."""
    contents = (text if number is None else f"{text}\x1f{number.reveal()}" for text, number in rows)
    return ring().blind_indexes(contents, "registry.row")
