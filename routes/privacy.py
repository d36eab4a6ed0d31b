"""What a request about one household's data needs of several nouns: its open packages, and the letter of its copy."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from core.i18n import say, sentences
from core.office.queries import office, signatory
from core.work import Tx
from logistics.packages.queries import packages_of
from logistics.packages.states import PackageState
from registry_link.households.queries import HouseholdView, household
from registry_link.privacy.commands import MakeCopy, make_copy
from registry_link.privacy.copying import Copy
from registry_link.privacy.looking import Look
from reports import subject_copy
from reports.subject_copy import CopyKept, CopyLook, CopyMember, SubjectCopyView
from routes.sources import source_name

OPEN: Final = frozenset(PackageState) - {PackageState.HANDED_OVER, PackageState.CANCELLED}
DATA_FILE: Final = "data.json"
LETTER_FILE: Final = "surat.pdf"


def waiting_packages(tx: Tx, household_ids: Sequence[UUID]) -> tuple[str, ...]:
    """Give the codes of packages that are still to be handed over: their households cannot be erased yet."""
    return tuple(row.code for row in packages_of(tx, household_ids) if row.state in OPEN)


def purpose_of(look: Look, lang: str) -> str:
    """Say what a look was for; what nobody wrote a sentence for is said as the code has it."""
    known = look.purpose_label in sentences()
    return say(look.purpose_label, lang) if known else look.purpose.replace("_", " ")


def copy_files(tx: Tx, order: MakeCopy) -> tuple[str, bytes]:
    """Make a household's copy as one file: its data, and the letter that goes with them; gives its name and bytes."""
    seen = household(tx, order.household_id)
    made = make_copy(tx, order)
    letter = subject_copy.build(_letter(tx, seen, made, order))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(DATA_FILE, made.content)
        file.writestr(LETTER_FILE, letter)
    return f"salinan-{made.code}.zip", packed.getvalue()


def _letter(tx: Tx, seen: HouseholdView, made: Copy, order: MakeCopy) -> SubjectCopyView:
    own, signer = office(tx), signatory(tx, "head")
    units = f"RT {seen.rt or '—'}/RW {seen.rw or '—'}"
    home = ", ".join(part for part in (seen.address, seen.hamlet, units, seen.village_name) if part)
    return SubjectCopyView(
        regency_name=own.regency_name, office_name=own.name, address=own.address, contact=own.contact, seat=own.seat,
        is_demo=own.is_demo, zone=own.zone, made_on=tx.today, code=seen.code, head_name=seen.head_name, home=home,
        kk=seen.kk or "", decile=str(seen.decile) if seen.decile else "belum ditentukan",
        source=source_name(seen.source, "id") if seen.source else "dicatat di tempat",
        members=tuple(
            CopyMember(
                name=one.name, relation=say(f"relation.{one.relation.value}", "id"),
                sex=say(f"sex.{one.sex.value}", "id") if one.sex else "—", age=one.age, nik=one.nik or "",
                traits=", ".join(
                    word for is_so, word in (
                        (one.is_pregnant, "hamil"), (one.is_nursing, "menyusui"), (one.has_disability, "disabilitas"),
                        (one.is_chronically_ill, "sakit menahun"),
                    ) if is_so
                ),
            )
            for one in seen.members
        ),
        kept=tuple(
            CopyKept(purpose=one.purpose, basis=one.basis, retention=one.retention, rows=one.rows) for one in made.kept
        ),
        looks=tuple(CopyLook(at=one.at, who=one.actor_name, why=purpose_of(one, "id")) for one in made.looks),
        file_name=DATA_FILE, sha256=hashlib.sha256(made.content).hexdigest(),
        asked_for=say(order.asked_for.label, "id"), identity_document=say(order.identity_document.label, "id"),
        signer_name=signer.name, signer_position=signer.position, signer_nip=signer.employee_no,
    )  # fmt: skip
