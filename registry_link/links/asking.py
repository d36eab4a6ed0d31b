"""The file that goes to the civil registry: whom it has not answered on yet, with whole numbers, for it alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.errors import Conflict, Invalid, TooLarge
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.households.linking import link_lines, state_counts
from registry_link.households.outgoing import OutgoingHousehold, OutgoingPerson, outgoing
from registry_link.households.states import LinkState, Sex
from registry_link.links.commands import LONGEST_NOTE, MOST_ROWS, last_verdicts
from registry_link.links.counting import villages_within
from registry_link.regions.queries import regions

LEAST_WHY: Final = 10
COLUMNS: Final = (
    "NO", "NIK", "NAMA", "JENIS_KELAMIN", "TGL_LAHIR", "NO_KK", "ALAMAT", "RT", "RW", "DUSUN", "DESA", "KODE_DESA",
    "HASIL",
)  # fmt: skip
"""The last one is left empty: whoever fills it in sends back a file that we read."""
_SEX: Final = {Sex.MALE: "L", Sex.FEMALE: "P"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRequest:
    """``village_code`` empty means all of them; ``why`` stays in the audit."""

    village_code: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTable:
    made_on: date
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    households: int
    without_number: int
    """People of these households whom nobody can ask about: no NIK is known of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageWaiting:
    village_code: str
    households: int


def waiting_villages(tx: Tx) -> tuple[VillageWaiting, ...]:
    """Count by village the households that wait for the civil registry. Raises: Forbidden."""
    reach = tx.require("link.manage")
    return tuple(
        VillageWaiting(village_code=one.village_code, households=one.households)
        for one in state_counts(tx, states=[LinkState.DUKCAPIL_PENDING])
        if reach.has_village(one.village_code)
    )


def take_request(tx: Tx, order: TakeRequest) -> None:
    """Say why the file is taken: the audit keeps it. Raises: Forbidden; Invalid."""
    tx.require("link.manage")
    why = " ".join(order.why.split())
    if len(why) < LEAST_WHY:
        raise Invalid("household.reason_short", field="note", least=LEAST_WHY)
    if len(why) > LONGEST_NOTE:
        raise Invalid("link.note_long", field="note", most=LONGEST_NOTE)
    if holds_number(why):
        raise Invalid("privacy.number_in_text", field="note")
    tx.note(
        "dukcapil.request", "office", tx.regency_code, reason=why, village_code=order.village_code[:20] or None
    )  # fmt: skip


def request_table(tx: Tx, village_code: str = "") -> RequestTable:
    """Write the file: a row for every person whose number the civil registry has not judged, household by household.

    Raises: Forbidden; Conflict "dukcapil.none_waiting"; TooLarge "dukcapil.too_many_waiting".
    """
    reach = tx.require("link.manage")
    lines = link_lines(
        tx, states=[LinkState.DUKCAPIL_PENDING], village_codes=villages_within(tx, reach, village_code),
        limit=MOST_ROWS + 1,
    )  # fmt: skip
    # Looked at before anything is opened: whoever asks for too many sees nobody.
    if len(lines) > MOST_ROWS:
        raise TooLarge("dukcapil.too_many_waiting", most=MOST_ROWS)
    ids = [one.household_id for one in lines]
    homes, known = outgoing(tx, ids, "dukcapil_request"), last_verdicts(tx, ids)
    names = {one.code: one.name for one in regions(tx, sorted({one.village_code for one in homes.values()}))}
    rows: list[tuple[str, ...]] = []
    without = 0
    for household_id in ids:
        home = homes[household_id]
        for person in home.people:
            if not person.nik:
                without += 1
            elif person.member_id not in known.get(household_id, {}):
                rows.append(_row(len(rows) + 1, home, person, names.get(home.village_code, "")))
    if not rows:
        raise Conflict("dukcapil.none_waiting")
    if len(rows) > MOST_ROWS:
        raise TooLarge("dukcapil.too_many_waiting", most=MOST_ROWS)
    return RequestTable(
        made_on=tx.today, header=COLUMNS, rows=tuple(rows), households=len(ids), without_number=without
    )  # fmt: skip


def _row(number: int, home: OutgoingHousehold, person: OutgoingPerson, village: str) -> tuple[str, ...]:
    return (
        str(number), person.nik, person.name, _SEX.get(person.sex, "") if person.sex else "",
        person.birth_on.isoformat() if person.birth_on else "", home.kk, home.address, home.rt or "", home.rw or "",
        home.hamlet, village, home.village_code, "",
    )  # fmt: skip
