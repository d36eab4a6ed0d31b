"""An Update offers the next version of its areas, a Cancel their withdrawal; a person chooses and confirms."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.measures import print_count
from core.work import Tx
from logistics.zones import queries as incidents
from logistics.zones.reading import following, queries
from logistics.zones.reading.apart import unite_apart
from routes import context, guard
from routes.forms import Form
from routes.matching import match_after
from routes.texts import gettext as _

pages = Blueprint("zone_following", __name__, url_prefix="/kejadian/<slug>/wilayah/kiriman/<uuid:reading_id>")


@pages.post("/perbarui")
@guard.requires("zone.post")
def revise(slug: str, reading_id: UUID) -> BaseResponse:
    chosen = _chosen(slug, reading_id)
    united = united_for(reading_id, chosen)

    def act(tx: Tx) -> str:
        done = following.revise_by_update(
            tx, following.ReviseByUpdate(reading_id=reading_id, zone_ids=chosen, united=united)
        )
        for one in done.zones:
            match_after(tx, one.version_id)
        count = print_count(len(done.zones), context.lang())
        flash(_("%(count)s wilayah mendapat versi baru dari pembaruan ini.", count=count), "good")
        return url_for("incident.show", slug=slug)

    return context.submit_once(act)


@pages.post("/tarik")
@guard.requires("zone.withdraw")
def withdraw(slug: str, reading_id: UUID) -> BaseResponse:
    chosen = _chosen(slug, reading_id)

    def act(tx: Tx) -> str:
        count = print_count(following.withdraw_by_cancel(tx, reading_id, chosen), context.lang())
        flash(_("%(count)s wilayah ditarik. Riwayatnya tetap tersimpan.", count=count), "good")
        return url_for("incident.show", slug=slug)

    return context.submit_once(act)


def united_for(reading_id: UUID, zone_ids: tuple[UUID, ...]) -> dict[UUID, str]:
    """Unite the outlines of each chosen area's next version in the child process. Raises: as ``unite_apart``."""
    with context.read() as tx:
        found = following.following(tx, reading_id)
        several = following.outlines_of(tx, reading_id, found) if found is not None else {}
    return {zone_id: unite_apart(texts) for zone_id, texts in several.items() if zone_id in zone_ids}


def _chosen(slug: str, reading_id: UUID) -> tuple[UUID, ...]:
    with context.read() as tx:
        if queries.reading(tx, reading_id).incident_id != incidents.incident(tx, slug).id:
            raise NotFound("zone_reading.not_found")
    values = Form().values.getlist("zone")
    try:
        return tuple(UUID(one) for one in values[: following.MOST_AREAS + 1])
    except ValueError:
        return ()
