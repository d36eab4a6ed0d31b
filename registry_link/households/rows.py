"""One household and one person of a registry file, checked and ready to be staged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.crypto import Secret
from registry_link.households.states import PositionSource, Relation, Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One person of a file, checked."""

    name: str
    external_id: str = ""
    """Its id in the files of this source; empty where they have none."""
    relation: Relation = Relation.OTHER
    sex: Sex | None = None
    birth_on: date | None = None
    age_years: int | None = None
    """Only where there is no birth date; true on ``age_as_of_on``."""
    age_as_of_on: date | None = None
    nik: Secret | None = None
    is_pregnant: bool = False
    is_nursing: bool = False
    has_disability: bool = False
    is_chronically_ill: bool = False
    file_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdRow:
    """One household of a file, checked; its members may come with it or apart."""

    external_id: str
    """Its id in the files of this source, the same in the next file."""
    village_code: str
    head_name: str = ""
    """Empty: the name of the member who is head."""
    rt: str | None = None
    rw: str | None = None
    hamlet: str = ""
    address: str = ""
    size: int | None = None
    """Persons as stated; None: as many as members."""
    decile: int | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    position_source: PositionSource | None = None
    position_accuracy_m: float | None = None
    kk: Secret | None = None
    members: tuple[MemberRow, ...] = ()
    file_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a staged snapshot would do."""

    new: int
    changed: int
    unchanged: int
    suspected: int
    """Of the new and changed ones: those sharing a NIK or No. KK with another household."""
    members: int
