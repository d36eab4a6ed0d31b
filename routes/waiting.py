"""What waits for a reader, as the home page names it; and what of it waits in the registry."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for

from core.measures import print_count
from core.permissions import may
from core.work import Tx
from registry_link.completion.queries import completion_lists
from registry_link.identity.queries import to_decide
from registry_link.importing.queries import imports
from registry_link.importing.states import RunState
from registry_link.links.queries import field_villages
from registry_link.proposals.queries import proposal_counts
from registry_link.proposals.states import ProposalState
from routes import context
from routes.texts import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing the reader is the one to do."""

    text: str
    why: str
    href: str
    icon: str
    is_urgent: bool = False


def in_registry(tx: Tx) -> list[Waiting]:
    """Name what of the registry is the reader's to do."""
    return [*_own_villages(tx), *_proposals(tx), *_second_person(tx)]


def _own_villages(tx: Tx) -> list[Waiting]:
    """Name the lists and doors of whoever is there for some villages; for the office they are others' work."""
    found = []
    if may(tx.actor, "completion.fill") and not tx.require("completion.fill").is_all:
        found += [
            Waiting(
                text=_("Lengkapi data %(count)s keluarga", count=_count(one.waiting)),
                why=_("Diminta %(name)s; satu per satu di HP, atau lewat berkas.", name=one.issued_by_name),
                href=url_for("completion.show", list_id=one.id), icon="family",
            )
            for one in completion_lists(tx, only_open=True) if one.waiting
        ]  # fmt: skip
    if may(tx.actor, "link.verify") and not tx.require("link.verify").is_all:
        found += [
            Waiting(
                text=_(
                    "Datangi %(count)s keluarga di %(village)s", count=_count(one.waiting), village=one.village_name
                ),
                why=_("Cocokkan nama dan rumahnya, lalu pilih hasilnya."),
                href=url_for("field.village", village_code=one.village_code), icon="search",
            )
            for one in field_villages(tx) if one.waiting
        ]  # fmt: skip
    return found


def _proposals(tx: Tx) -> list[Waiting]:
    if not may(tx.actor, "proposal.see"):
        return []
    counts, found = proposal_counts(tx), []
    proposed, verified = (counts.get(one, 0) for one in (ProposalState.PROPOSED, ProposalState.VERIFIED))
    if proposed and may(tx.actor, "proposal.verify"):
        found.append(Waiting(
            text=_("Periksa %(count)s usulan desa", count=_count(proposed)),
            why=_("Tambah atau hapus dari registri, menurut musyawarah desa."),
            href=url_for("proposals.index", keadaan=ProposalState.PROPOSED.value), icon="registry",
        ))  # fmt: skip
    if verified and may(tx.actor, "proposal.determine"):
        found.append(Waiting(
            text=_("Tetapkan %(count)s usulan desa", count=_count(verified)),
            why=_("Sudah diperiksa; menunggu SK Anda."), href=url_for("proposals.determination"), icon="check",
        ))  # fmt: skip
    return found


def _second_person(tx: Tx) -> list[Waiting]:
    found = []
    if may(tx.actor, "registry.commit") and may(tx.actor, "registry.see_imports"):
        found += [
            Waiting(
                text=_("Terapkan berkas registri"),
                why=_("%(file)s, diunggah %(name)s; sudah dibaca dan menunggu orang kedua.",
                      file=" + ".join(one.file_names), name=one.started_by_name),
                href=url_for("registry_imports.show", run_id=one.id), icon="upload",
            )
            for one in imports(tx) if one.state is RunState.READY and not one.problem and not one.is_mine
        ]  # fmt: skip
    if asked := to_decide(tx):
        found.append(Waiting(
            text=_("Putuskan %(count)s data ganda", count=_count(asked)),
            why=_("Diusulkan petugas lain: digabung, atau tetap dua."),
            href=url_for("identity.index", keadaan="menunggu"), icon="family",
        ))  # fmt: skip
    return found


def _count(number: int) -> str:
    return print_count(number, context.lang())
