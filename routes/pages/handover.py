"""Serah terima: find the household, see what it is due, record, print the receipt; or note why it did not happen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.crypto import ring
from core.documents.queries import document
from core.errors import NotFound
from core.i18n import say
from core.ids import is_code
from core.measures import Milli, print_day, print_quantity
from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import posts as list_posts
from logistics.handover import commands, queries
from logistics.handover.rules import Fact, FactLine, Recipient, sha256, write_fact, write_recipient
from logistics.handover.states import MissKind, NextStep, RecipientKind, VoidReason
from logistics.packages import queries as packages
from logistics.packages.states import PackageState, RoundState
from logistics.packages.sums import village_counts
from logistics.planning.hours import print_hours
from logistics.programmes.queries import card_last4_of
from logistics.programmes.states import Unit
from registry_link.households.identities import persons
from registry_link.households.queries import households_by_ids, kk_last4_of
from registry_link.regions.queries import full_name, regions
from routes import context, guard, papers
from routes.forms import Form, asked_number
from routes.frames import frame_of
from routes.invitations import issue_invitations
from routes.occasion import Occasion, occasion_at, occasion_of, round_at
from routes.pages.dispatch import pdf
from routes.texts import gettext as _
from stock.items.queries import items

pages = Blueprint("handover", __name__, url_prefix="/kejadian/<slug>")
PER_PAGE = 50
DUE_IN = timedelta(days=7)
"""Until when the next step about a package that was not handed over is to be done, unless said otherwise."""
MISSABLE = (PackageState.RESERVED, PackageState.LOADED)


@pages.get("/serah-terima")
@guard.requires("handover.see")
def show(slug: str, no: int | None = None) -> str:
    return _show(slug, no, "")


@pages.post("/serah-terima")
@guard.requires("handover.see")
def find(slug: str, no: int | None = None) -> str | BaseResponse:
    """Find by name, code or QR: a search for persons is a POST, so that no name stands in an address."""
    text = Form().text("q", most=200).strip()
    found = page_of(text)
    return redirect(found, 303) if found is not None else _show(slug, no, text)


def page_of(text: str) -> str | None:
    """Give the page of the package that a QR or a code names, whatever it is for; None for any other text.

    Only packages of the reader's posts are found.
    """
    token = ring().read_token(text.rsplit("/", 1)[-1]) if "/" in text or len(text) > 60 else None
    if token is None and not is_code(text):
        return None
    with context.read() as tx:
        reach = tx.require("handover.see")
        limited = None if reach.is_all else reach
        try:
            if token is not None:
                found = packages.find_package_by_ref(tx, token.ref, limited)
            else:
                found = packages.find_package(tx, text, limited)
        except NotFound:
            return None
        return occasion_of(tx, found.round).url("handover.serve", package_id=found.row.id)


def _show(slug: str, no: int | None, text: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("handover.see")
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        mine = [one for one in list_posts(tx) if reach.has_place(one.id)]
        page: dict[str, Any] = {
            "round": the_round,
            "posts": mine,
            "text": text,
            "people": [],
            "recent": [],
            "missed": [],
            "post": None,
        }
        if the_round is not None and mine:
            post_id = request.args.get("titik", type=UUID)
            days = the_round.week.each()
            number = asked_number("hari", 0)
            day = days[number - 1] if 1 <= number <= len(days) else min(max(tx.today, days[0]), days[-1])
            post = next((one for one in mine if one.id == post_id), None) or _busiest(tx, the_round, mine, day)
            people = queries.people_at(tx, the_round.id, post.id, day, text)
            if text and not people:
                # Somebody may come on another day than planned: look at the whole week of this post.
                people = tuple(
                    one for each in days if each != day
                    for one in queries.people_at(tx, the_round.id, post.id, each, text)
                )  # fmt: skip
            names = {item.id: item for item in items(tx)}
            recent = queries.handovers(tx, round_id=the_round.id, post_id=post.id, limit=10)
            page |= {
                "missed": _missed(tx, the_round, lang),
                "invite_villages": _villages_to_invite(tx, here, the_round),
                "post": post,
                "day": day,
                "day_no": (day - days[0]).days + 1,
                "post_options": [(str(one.id), one.name) for one in mine],
                "day_options": [(str(no), print_day(each, lang, weekday=True)) for no, each in enumerate(days, 1)],
                "served": sum(1 for one in people if one.is_served),
                "all": len(people),
                "people": [
                    {
                        "view": one,
                        "is_person": one.content.row.beneficiary_kind == Unit.PERSON,
                        "state": say(f"package.state.{one.content.row.state.value}", lang),
                        "is_ready": one.content.row.state is PackageState.LOADED,
                        "hours": print_hours(one.content.row.hours) if one.content.row.serve_on == day else "",
                        "items": [
                            f"{names[line.item_id].name(lang)} "
                            + print_quantity(line.quantity_milli, names[line.item_id].base_unit, lang)
                            for line in one.content.lines
                        ],
                    }
                    for one in people[:PER_PAGE]
                ],
                "recent": [{"view": one, "state": say(f"handover.state.{one.state.value}", lang)} for one in recent],
                "codes": {
                    row.id: row.code
                    for row in packages.packages_of(tx, [one.household_id for one in recent], round_id=the_round.id)
                },
            }
    return render_template("handover/show.html", per_page=PER_PAGE, **page, **frame_of(here, "handover"))


def _villages_to_invite(tx: Tx, here: Occasion, the_round: packages.RoundView) -> list[tuple[str, str]]:
    """Give the villages whose households can be invited: a term's are on its own page."""
    if here.is_term or the_round.state is not RoundState.APPROVED or not may(tx.actor, "list.print"):
        return []
    reach = tx.require("list.print")
    codes = [one.village_code for one in village_counts(tx, the_round.id) if reach.has_village(one.village_code)]
    return [(one.code, one.full_name) for one in regions(tx, codes)]


def _missed(tx: Tx, the_round: packages.RoundView, lang: str) -> list[dict[str, Any]]:
    """Give what is still to be done about packages that were not handed over, what is due first at the top."""
    found = queries.misses(tx, the_round.id)[:PER_PAGE]
    people = {one.id: one for one in households_by_ids(tx, [one.household_id for one in found], purpose="handover")}
    return [
        {
            "view": one, "household": people.get(one.household_id), "kind": one.kind_label(lang),
            "next": one.next_label(lang), "is_overdue": one.due_on < tx.today,
        }
        for one in found
    ]  # fmt: skip


def _busiest(tx: Tx, the_round: packages.RoundView, mine: list[Any], day: date) -> Any:
    """Choose the post with most households still to serve that day, for one who sees several."""
    left: dict[UUID, int] = {}
    for cell in packages.strip_of(tx, the_round.id):
        if cell.serve_on == day:
            left[cell.post_id] = cell.loaded * 1000 + cell.households
    return max(mine, key=lambda one: left.get(one.id, 0))


@pages.get("/serah-terima/paket/<uuid:package_id>")
@guard.requires("handover.see")
def serve(slug: str, package_id: UUID, no: int | None = None) -> str:
    return _serve(slug, no, package_id)


def _serve(slug: str, no: int | None, package_id: UUID, form: Form | None = None, miss: Form | None = None) -> str:
    lang = context.lang()
    form, miss = form or Form(MultiDict()), miss or Form(MultiDict())
    with context.read() as tx:
        reach = tx.require("handover.see")
        here = occasion_at(tx, slug, no)
        found = packages.package(tx, package_id, None if reach.is_all else reach)
        here.must_hold(found.round)
        is_person = found.row.beneficiary_kind == Unit.PERSON
        person = next(iter(persons(tx, [found.row.beneficiary_id], "handover")), None) if is_person else None
        card_last4 = card_last4_of(tx, here.term.id, found.row.beneficiary_id) if here.term else ""
        missed = queries.misses_of_package(tx, package_id)
        next_due = tx.today + DUE_IN
        household = next(iter(households_by_ids(tx, [found.row.household_id], purpose="handover")), None)
        kk_last4 = kk_last4_of(tx, found.row.household_id)
        post = next((one for one in list_posts(tx, with_closed=True) if one.id == found.row.post_id), None)
        done = queries.valid_handover_of(tx, package_id)
        whole = packages.package(tx, found.supplements_id).row if found.supplements_id else None
        rest = packages.rest_of(tx, package_id)
        village = full_name(tx, found.row.village_code)
    lines = [
        {
            "code": line.item_code, "name": line.name(lang), "unit": line.unit,
            "due": print_quantity(line.quantity_milli, line.unit, lang),
            "value": form.raw(f"quantity-{line.item_code}") or print_quantity(line.quantity_milli, "", lang),
        }
        for line in found.lines
    ]  # fmt: skip
    is_open = found.round.state is RoundState.APPROVED and found.row.state in MISSABLE
    return render_template(
        "handover/serve.html",
        kk_last4=kk_last4, form=form, package=found, household=household, person=person, card_last4=card_last4,
        missed=missed, miss=miss, may_miss=is_open and may(context.actor(), "handover.record"), next_due=next_due,
        miss_kinds=[(one.value, say(f"miss.kind.{one.value}", lang)) for one in MissKind],
        next_steps=[(one.value, say(f"miss.next.{one.value}", lang)) for one in NextStep],
        post=post, lines=lines, done=done, hours=print_hours(found.row.hours),
        village=village, may_void=may(context.actor(), "handover.void"), whole=whole, rest=rest,
        rest_state=say(f"package.state.{rest.state.value}", lang) if rest else "",
        state=say(f"package.state.{found.row.state.value}", lang),
        is_ready=found.row.state is PackageState.LOADED,
        void_reasons=[(one.value, say(f"void.{one.value}", lang)) for one in VoidReason], **frame_of(here, "handover"),
    )  # fmt: skip


@pages.post("/serah-terima/paket/<uuid:package_id>")
@guard.requires("handover.record")
def record(slug: str, package_id: UUID, no: int | None = None) -> str | BaseResponse:
    form = Form()
    kind = form.choice("recipient", RecipientKind, RecipientKind.SELF)
    recipient = Recipient(
        name=form.text("recipient_name", most=120, least=2), relation=form.text("relation", most=60),
        document=form.text("document", most=60),
    )  # fmt: skip
    person = write_recipient(recipient)
    partial_reason = form.text("partial_reason", most=200)
    with context.read() as tx:
        reach = tx.require("handover.record")
        here = occasion_at(tx, slug, no)
        found = packages.package(tx, package_id, None if reach.is_all else reach)
        here.must_hold(found.round)
    amounts = {line.item_code: form.quantity(f"quantity-{line.item_code}") for line in found.lines}

    def act(tx: Tx) -> str:
        assert kind and found.row.post_id
        fact = Fact(
            id=tx.new_id(), package_id=package_id, post_id=found.row.post_id, at=tx.now, recipient=kind,
            lines=tuple(
                FactLine(item_code=code, quantity_milli=amount or Milli(0)) for code, amount in amounts.items()
            ),
            partial_reason=partial_reason, person_sha256=sha256(person),
        )  # fmt: skip
        done = commands.record_handover(
            tx, commands.RecordHandover(payload=write_fact(fact), person=person, occasion=here.name)
        )
        flash(_("Serah terima dicatat: tanda terima %(number)s.", number=done.number), "good")
        return here.url("handover.serve", package_id=package_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_serve(slug, no, package_id, form), 422)


@pages.post("/serah-terima/paket/<uuid:package_id>/tidak-diserahkan")
@guard.requires("handover.record")
def miss(slug: str, package_id: UUID, no: int | None = None) -> str | BaseResponse:
    """Note why a package was not handed over, and what is done about it until when."""
    form = Form()
    kind, next_step = form.choice("kind", MissKind), form.choice("next_step", NextStep)
    due_on, note = form.day("due_on"), form.text("note", most=500)
    with context.read() as tx:
        reach = tx.require("handover.record")
        here = occasion_at(tx, slug, no)
        here.must_hold(packages.package(tx, package_id, None if reach.is_all else reach).round)

    def act(tx: Tx) -> str:
        assert kind and next_step and due_on
        commands.record_miss(
            tx,
            commands.RecordMiss(package_id=package_id, kind=kind, next_step=next_step, due_on=due_on, note=note),
        )
        flash(_("Dicatat: belum diserahkan. Paket tetap terbuka sampai ditindaklanjuti."), "good")
        return here.url("handover.serve", package_id=package_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_serve(slug, no, package_id, miss=form), 422)


@pages.post("/serah-terima/<uuid:handover_id>/batal")
@guard.requires("handover.void")
def void(slug: str, handover_id: UUID, no: int | None = None) -> BaseResponse:
    form = Form()
    reason, note = form.choice("reason", VoidReason), form.text("note", most=200)

    def act(tx: Tx) -> UUID:
        assert reason
        commands.void_handover(tx, commands.VoidHandover(handover_id=handover_id, reason=reason, note=note))
        return queries.handover(tx, handover_id).package_id

    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        here.must_hold(packages.round_by_id(tx, queries.handover(tx, handover_id).round_id))
    package_id = form.attempt(lambda: context.write(act))
    for error in form.errors:
        flash(error["text"], "bad")
    if package_id is None:
        return redirect(here.url("handover.show"), 303)
    flash(_("Serah terima dibatalkan; barang kembali ke stok titik dan tanda terimanya tidak berlaku."), "good")
    return redirect(here.url("handover.serve", package_id=package_id), 303)


@pages.post("/serah-terima/<uuid:handover_id>/tanda-terima.pdf")
@guard.requires("receipt.print")
def receipt(slug: str, handover_id: UUID, no: int | None = None) -> Response:
    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("receipt.print")
        found = queries.handover(tx, handover_id)
        reach.need_place(found.post_id, "handover")
        assert found.receipt_id is not None
        paper = document(tx, found.receipt_id)
        return papers.print_papers(tx, [found.receipt_id]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))


@pages.post("/serah-terima/daftar.pdf")
@guard.requires("list.print")
def signature_list(slug: str, no: int | None = None) -> Response:
    post_id, serve_on = _post_and_day()

    def act(tx: Tx) -> tuple[bytes, str]:
        here = occasion_at(tx, slug, no)
        round_id = _current(tx, here).id
        issued = commands.issue_list(
            tx, commands.IssueList(round_id=round_id, post_id=post_id, serve_on=serve_on, occasion=here.name)
        )
        paper = document(tx, issued)
        return papers.print_papers(tx, [issued]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))


@pages.post("/serah-terima/undangan.pdf")
@guard.requires("list.print")
def invitations(slug: str, no: int | None = None) -> str | BaseResponse:
    """Issue and print the invitations of a post and day, or of a village, of an incident's week."""
    form = Form()
    village = form.text("village_code", most=20)
    post_id = None if village else form.uuid("post_id")
    serve_on = None if village else form.day("serve_on")

    def act(tx: Tx) -> tuple[bytes, str]:
        the_round = _current(tx, occasion_at(tx, slug, no))
        made = issue_invitations(tx, the_round.id, post_id=post_id, serve_on=serve_on, village_code=village)
        return papers.print_papers(tx, [made]), papers.file_name(document(tx, made), tx.today)

    done = form.attempt(lambda: context.write(act))
    if done is not None:
        return pdf(*done)
    for error in form.errors:
        flash(error["text"], "bad")
    with context.read() as tx:
        return redirect(occasion_at(tx, slug, no).url("handover.show"), 303)


@pages.post("/serah-terima/tanda-terima.pdf")
@guard.requires("receipt.print")
def receipts(slug: str, no: int | None = None) -> Response:
    """Print every valid receipt of a post and day that nobody has printed yet."""
    post_id, serve_on = _post_and_day()

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("receipt.print")
        reach.need_place(post_id, "post")
        round_id = _current(tx, occasion_at(tx, slug, no)).id
        done = queries.handovers(tx, round_id=round_id, post_id=post_id, event_on=serve_on, limit=5000)
        ids = [one.receipt_id for one in done if one.receipt_id and one.state.value == "valid"]
        unprinted = [one for one in ids if document(tx, one).prints == 0]
        if not unprinted:
            raise NotFound("handover.nothing_to_print")
        return papers.print_papers(tx, unprinted), f"TT-{serve_on}.pdf"

    return pdf(*context.write(act))


def _post_and_day() -> tuple[UUID, date]:
    form = Form()
    post_id, serve_on = form.uuid("post_id"), form.day("serve_on")
    if post_id is None or serve_on is None:
        raise NotFound("post.not_found")
    return post_id, serve_on


def _current(tx: Tx, here: Occasion) -> packages.RoundView:
    current = round_at(tx, here)
    if current is None:
        raise NotFound("round.not_found")
    return current
