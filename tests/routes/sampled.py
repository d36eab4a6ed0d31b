"""A world with one of everything that an address can name: one's own, a neighbour's, and another office's."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.accounts.commands import AddPerson, IssueToken, add_person, issue_token, start_session
from core.accounts.models import ApiToken
from core.actor import Grant, Role, ScopeKind, system
from core.clock import FixedClock
from core.crypto import ring, use_ring
from core.documents.commands import IssueDocument, issue_document
from core.files.commands import KeepFile, StoreFile, keep_file, receive_file, store_file
from core.ids import code_with_check
from core.measures import Milli, Period
from core.reader import Cell, CellKind, Row, Table
from core.work import Tx, Work
from logistics.dispatch.queries import LoadView, loads
from logistics.handover.commands import IssueList, issue_list
from logistics.packages.models import DurableAgain
from logistics.packages.queries import PackageView, package, packages, round_of_term
from logistics.packages.states import AgainReason
from logistics.planning import priorities
from logistics.planning.priority import Criterion
from logistics.planning.states import Means, Parts
from logistics.planning.ways import CloseWay, DrawArea, SayDistance, close_way, draw_area, say_distance
from logistics.programmes import commands as programmes
from logistics.programmes import queries as terms
from logistics.programmes import sk_file
from logistics.programmes.states import Cadence, Form, ProgrammeKind, Unit
from logistics.zones import commands as zones
from logistics.zones import decreeing
from logistics.zones.alert_queries import alerts
from logistics.zones.alerting import KeepAlert, keep_alert
from logistics.zones.freezing import Freeze, current_list, freeze_list
from logistics.zones.gap_letter import KIND as GAP_LETTER
from logistics.zones.outgoing import outgoing, stamp
from logistics.zones.queries import decrees as decrees_of
from logistics.zones.queries import incidents
from logistics.zones.queries import zones as zones_of
from logistics.zones.reading import geojson
from logistics.zones.reading.commands import ReadDocument, read_document
from logistics.zones.reading.elements import Notice
from logistics.zones.reading.judging import judge
from logistics.zones.sheltering import OpenShelter, open_shelter
from registry_link.completion import commands as completion
from registry_link.completion import files as completion_files
from registry_link.completion.models import CompletionEntry
from registry_link.households.cards import note_card
from registry_link.households.gaps import Gap
from registry_link.households.queries import codes_of_households, snapshots, villages_of_households
from registry_link.identity import commands as identity
from registry_link.identity.states import Verdict
from registry_link.importing.commands import SourceFile, StartImport, start_import
from registry_link.links.commands import ReadDukcapilFile, read_dukcapil_file
from registry_link.privacy.commands import AskErasure, ask_erasure
from registry_link.privacy.states import Asker, Ground, IdentityDocument
from registry_link.proposals import commands as proposing
from registry_link.proposals.states import ProposalKind, ProposalReason
from routes.term import plan_the_term
from stock.corrections.commands import AskCorrection, CorrectionItem, ask_correction
from stock.corrections.states import CorrectionKind
from stock.counts import commands as counts
from stock.importing.commands import ReadStockFile, read_file
from stock.importing.states import StockFileKind
from stock.inbound import commands as inbound
from stock.inbound.models import Consignment
from stock.items.queries import items
from stock.ledger.commands import BatchLine, Receive, ReceiveLine, take_in
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances, stock_document
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.shipments import commands as shipping
from stock.shipments.models import Shipment
from tests.flows import line
from tests.flows.district import Village, a_district, household_rows, squares
from tests.reports.gap_builders import facts
from tests.support.builders import PASSWORD, REGENCY
from tests.support.databases import Run

OTHER = "99.02"
ZONE = "Asia/Jayapura"
NOBODY = "nobody"
WHO = (NOBODY, *(role.value for role in Role))


@dataclass(frozen=True, slots=True)
class Samples:
    """Values for the names of route parameters; a name may be narrowed by the blueprint: ``stock.document_id``.

    What stands below ``bansos`` (``bansos_list``, ``bansos_term`` …) shares one narrowing.
    """

    values: Mapping[str, str]

    def of(self, endpoint: str, parameter: str) -> str | None:
        blueprint = endpoint.split(".")[0]
        named = (f"{blueprint}.{parameter}", f"{blueprint.split('_')[0]}.{parameter}", parameter)
        return next((self.values[name] for name in named if name in self.values), None)


@dataclass(frozen=True, slots=True)
class World:
    """``own`` lies within every role's scope, ``beside`` at another post and village, ``foreign`` in another office."""

    work: Work
    own: Samples
    beside: Samples
    foreign: Samples
    people: Mapping[str, UUID]
    tokens: Mapping[str, str]
    folder: Path
    """Its data folder: the files that its rows name lie there."""
    known_numbers: tuple[str, ...]

    def cookie_of(self, who: str) -> str:
        """Start a session for this role's person and give its cookie."""
        with self.work.by(system(REGENCY, ZONE)) as tx:
            return start_session(tx, self.people[who])


def two_offices(engine: Engine, run: Run) -> None:
    """Two districts, each with a week and a programme's term at its posts: a filled template."""
    use_ring(run.keys())
    work = Work(engine, FixedClock(line.MONDAY))
    a_district(work)
    line.a_sent_week(work)
    _a_term(work, REGENCY)
    others = tuple(
        Village(code=one.code.replace(REGENCY, OTHER), name=one.name, kind=one.kind, geojson=one.geojson)
        for one in squares()
    )
    a_district(work, villages=others, per_village=4, regency=(OTHER, "Kabupaten Lain"))
    flood = line.Flood(incident_id=UUID(int=0), slug="")
    listed = tuple(zones.ListRegion(code=one.code) for one in others)
    line.a_sent_week(work, line.an_area(flood, outline=None, regions=listed), code=OTHER)
    _a_term(work, OTHER)


def a_world(work: Work, folder: Path) -> World:
    """Hand over some packages, issue papers, give everybody an account and a token."""
    own, beside = _samples(work, REGENCY, folder, place=0), _samples(work, REGENCY, folder, place=1)
    foreign = _samples(work, OTHER, folder, place=0)
    people: dict[str, UUID] = {}
    tokens: dict[str, str] = {}
    with work.by(system(REGENCY, ZONE)) as tx:
        for role in Role:
            grant = _grant(role, own)
            people[role.value] = add_person(
                tx,
                AddPerson(
                    username=f"uji.{role.value.lower()}", name=f"Uji {role.value}", password=PASSWORD,
                    grants=(grant, *_walks(role, own)), must_change_password=False,
                ),
            )  # fmt: skip
            tokens[role.value] = _token(tx, grant)
    return World(
        work=work, own=Samples(own), beside=Samples(beside), foreign=Samples(foreign), people=people, tokens=tokens,
        folder=folder,
        known_numbers=tuple(_numbers()),
    )  # fmt: skip


def a_rule(tx: Tx) -> UUID:
    """Give the office's proposal for the priority rule: there is one at a time."""
    known = [one.id for one in priorities.rules(tx) if one.id is not None]
    return known[0] if known else priorities.declare_rule(
        tx,
        priorities.DeclareRule(
            name="Terputus lebih dulu", criteria=(Criterion.CUT_OFF,), floor_permille=0, parts=Parts.EVERY,
            part_items=(), reason="Diputuskan rapat posko.", legal_source="Notulen rapat posko",
        ),
    )  # fmt: skip


def _numbers() -> list[str]:
    rows = household_rows(squares(), 12)
    return [one.kk.reveal() for one in rows if one.kk] + [
        member.nik.reveal() for one in rows for member in one.members if member.nik
    ]


def _grant(role: Role, own: Mapping[str, str]) -> Grant:
    if role in (Role.FIELD, Role.WAREHOUSE):
        return Grant(role, ScopeKind.PLACE, own["place_id"])
    if role is Role.VILLAGE:
        return Grant(role, ScopeKind.VILLAGE, own["village_code"])
    return Grant(role)


def _walks(role: Role, own: Mapping[str, str]) -> tuple[Grant, ...]:
    """Give the second scope of a field officer, who hands over at a post and goes from door to door in a village."""
    return (Grant(role, ScopeKind.VILLAGE, own["village_code"]),) if role is Role.FIELD else ()


def _token(tx: Tx, grant: Grant) -> str:
    """Issue a token; admins and heads get none from the product, so theirs is made by hand: it must be judged too."""
    is_given = grant.role not in (Role.ADMIN, Role.HEAD)
    issued = issue_token(
        tx,
        IssueToken(
            name=f"uji {grant.role.value}", role=grant.role if is_given else Role.LOGISTICS,
            scope=grant.scope, scope_id=grant.scope_id,
        ),
    )  # fmt: skip
    if not is_given:
        tx.session.flush()
        tx.session.execute(sa.update(ApiToken).where(ApiToken.id == issued.id).values(role=grant.role))
    return issued.token


def a_warning(work: Work, code: str) -> str:
    """Keep a warning of the weather service, as the job does."""
    with work.by(system(code, ZONE)) as tx:
        notice = Notice(
            identifier=f"UJI-{code}", sender="uji@bmkg.go.id", sent_at=tx.now, status="Actual", message="Alert",
            headline="Hujan lebat", text="Hujan lebat.",
        )  # fmt: skip
        keep_alert(
            tx,
            KeepAlert(
                notice=notice, event="Hujan", area_text=code, severity=None,
                outline=line.box(131.0, -8.0, 131.02, -7.98), source="https://uji.example/a.xml",
                raw_sha256="0" * 64, is_ours=True,
            ),
        )  # fmt: skip
        (kept,) = alerts(tx)
    return str(kept.id)


def _told_at(work: Work, code: str, zone_id: UUID) -> str:
    """Name the newest message of an area."""
    with work.read_by(system(code, ZONE)) as tx:
        return next(stamp(one.message) for one in outgoing(tx).areas if one.zone_id == zone_id)


def _a_term(work: Work, code: str) -> None:
    """Bring a term in goods to the posts: two households of the first village of the week, two of the last."""
    officer, second, head = (line.of_office(one, code) for one in (line.OFFICER, line.SECOND, line.HEAD))
    week = line.sent_week_of(work, code)
    with work.by(officer) as tx:
        villages = villages_of_households(tx, [one.row.household_id for one in week.packages])
        names = sorted(set(villages.values()))
        made = programmes.open_programme(
            tx,
            programmes.OpenProgramme(
                name=f"Kompor {code}", kind=ProgrammeKind.STOVE, form=Form.GOODS, unit=Unit.HOUSEHOLD,
                cadence=Cadence.ONCE, supplier="Dinas Sosial", distributor="Titik pembagian", funding_source="APBD",
            ),
        )  # fmt: skip
        bed = next(one for one in items(tx) if one.code == "kasur")
        term_id = programmes.open_term(
            tx,
            programmes.OpenTerm(
                programme_id=made.id, name="Tahap I", period=Period(tx.today, tx.today + timedelta(days=30)),
                items=(programmes.TermItem(item_id=bed.id, quantity_milli=Milli(1000)),),
            ),
        )  # fmt: skip
        decree = f"kode_keluarga;nama;kode_desa\nKEL-999999-9;Tidak Dikenal;{names[0]}\n".encode()
        sk_file.match_file(tx, sk_file.MatchFile(term_id=term_id, file=sk_file.read_sk(decree, "sk.csv")))
        entries = tuple(
            programmes.add_entry(tx, programmes.AddEntry(term_id=term_id, household_id=one))
            for village in (names[0], names[-1])
            for one in [each for each, where in sorted(villages.items()) if where == village][:2]
        )
        programmes.propose(tx, programmes.Propose(term_id=term_id, entry_ids=entries, basis="BA Musdes 1"))
    work.run(second, lambda tx: programmes.verify_list(tx, term_id))
    work.run(
        head,
        lambda tx: programmes.determine(
            tx, programmes.Determine(term_id=term_id, decree_no="SK/1", decree_on=tx.today)
        ),
    )
    days = Period(line.MONDAY.date(), line.MONDAY.date() + timedelta(days=2))
    planned = work.run(officer, lambda tx: plan_the_term(tx, terms.term_by_id(tx, term_id), days))
    line.approve(work, planned.round_id, actor=second)
    line.send_all(work, planned.round_id, actor=officer)


def _term_samples(work: Work, code: str, village: str) -> dict[str, str]:
    """Hand one package of the term over in this village, and name what its pages can be asked for."""
    officer = line.of_office(line.OFFICER, code)
    with work.read_by(officer) as tx:
        term = terms.terms(tx)[0]
        the_round = round_of_term(tx, term.id)
        assert the_round is not None
        rows = [one for one in packages(tx, the_round.id, limit=50).rows if one.village_code == village]
        served, waiting = package(tx, rows[0].id), rows[1]
        entry = terms.entries(tx, term.id, village_code=village).rows[0]
        file = sk_file.files(tx, term.id)[0]
    assert served.row.post_id is not None
    done = line.hand_over(work, served, line.of_office(line.field_officer(served.row.post_id), code))
    with work.read_by(officer) as tx:
        load = loads(tx, the_round.id, post_id=served.row.post_id)[0]
    return {
        "bansos.slug": term.programme_slug, "term.slug": term.programme_slug, "no": str(term.no),
        "programme_id": str(term.programme_id), "term_id": str(term.id), "entry_id": str(entry.id),
        "file_id": str(file.id),
        "term.package_id": str(waiting.id), "term.handover_id": str(done.handover_id), "term.load_id": str(load.id),
    }  # fmt: skip


def _samples(work: Work, code: str, folder: Path, place: int) -> dict[str, str]:
    officer = line.of_office(line.OFFICER, code)
    week = line.sent_week_of(work, code)
    with work.read_by(officer) as tx:
        villages = villages_of_households(tx, [one.row.beneficiary_id for one in week.packages])
        area = zones_of(tx, week.incident_id)[0]
        first = decrees_of(tx, week.incident_id)[0]
    paper = receive_file(folder / "files", io.BytesIO(b"%PDF-1.7 contoh"), 1 << 20)
    with work.by(officer) as tx:
        file_id = keep_file(tx, KeepFile(received=paper, name="sk.pdf", purpose="decree")).id
        order = decreeing.RecordDecree(
            incident_id=week.incident_id, number=f"SK/berkas/{place}", dated_on=tx.today, file_id=file_id,
            first_on=first.period.first_on, last_on=first.period.last_on,
        )  # fmt: skip
        decree = decreeing.record_decree(tx, order)
    # The first village for one's own things, the last one for the neighbour's; both have a post.
    village = sorted(set(villages.values()))[-place]
    here = [one for one in week.packages if villages[one.row.beneficiary_id] == village]
    served, waiting = here[0], here[1]
    assert served.row.post_id is not None
    field = line.of_office(line.field_officer(served.row.post_id), code)
    done = line.hand_over(work, served, field)
    with work.by(field) as tx:
        listing = issue_list(
            tx,
            IssueList(
                round_id=week.round_id, post_id=served.row.post_id, serve_on=_day_of(waiting), occasion=line.OCCASION
            ),
        )
    with work.read_by(officer) as tx:
        load = loads(tx, week.round_id, post_id=served.row.post_id)[0]
        snapshot = snapshots(tx)[0].id
        assert load.stock_document_id is not None
        batch = stock_document(tx, load.stock_document_id).lines[0].batch.code
    reading = a_sent_map(work, code, week.incident_id)
    with work.by(system(code, ZONE)) as tx:
        person = add_person(
            tx,
            AddPerson(
                username=f"contoh{code[-1]}{place}", name="Orang Contoh", password=PASSWORD,
                grants=(Grant(Role.LOGISTICS),),
            ),
        )  # fmt: skip
        token = issue_token(tx, IssueToken(name="contoh", role=Role.BPBD)).id
    file = folder / f"{code}-{place}.csv"
    file.write_text("id_keluarga;nama;kode_desa\nK1;Uji;" + village + "\n")
    source = SourceFile(path=file, name=file.name, sha256=uuid4().hex * 2, size=file.stat().st_size)
    with work.by(officer) as tx:
        run = start_import(tx, StartImport(files=(source,), source="uji", as_of_on=date(2026, 10, place + 2)))
        listed = store_file(
            tx, folder / "files",
            StoreFile(
                stream=io.BytesIO(b"kode;nama\nberas;Beras\n"), name="barang.csv", purpose="catalogue", most_bytes=1024
            ),
        )  # fmt: skip
        profile = store_file(
            tx, folder / "files",
            StoreFile(
                stream=io.BytesIO(b'[{"resource": "Beras", "default": 2.8, "unit": "kg", "frequency": "weekly"}]'),
                name="profil.json", purpose="needs_profile", most_bytes=1024,
            ),
        )  # fmt: skip
        decision = _given_again(tx, week.incident_id)
        pair, proposal = _may_be_one(tx, [one for one, where in sorted(villages.items()) if where == village])
        card = note_card(tx, waiting.row.beneficiary_id, f"99010101012{place}{code[-1]}001")
        shipment, consignment = _on_the_way(tx, served.row.post_id)
        correction, count = _second_person_wanted(tx, served.row.post_id)
        erasure = ask_erasure(
            tx,
            AskErasure(
                household_id=waiting.row.household_id, ground=Ground.SUBJECT_ASKED, reason="Diminta di loket kantor",
                asked_for=Asker.MEMBER, identity_document=IdentityDocument.KTP,
            ),
        )  # fmt: skip
        stock_file = read_file(
            tx,
            ReadStockFile(
                kind=StockFileKind.MOVEMENTS, file_name="mutasi.csv", file_sha256=uuid4().hex * 2,
                table=Table(
                    header=("Tanggal", "Jenis", "Barang", "Jumlah", "Gudang"), header_row=1, delimiter=";",
                    rows=(Row(2, tuple(Cell(CellKind.TEXT, one) for one in ("01/10/2026", "keluar", "-", "1", "-"))),),
                ),
            ),
        )  # fmt: skip
        asked, entry, came_back, positions = _to_complete(tx, village)
        answers = read_dukcapil_file(
            tx,
            ReadDukcapilFile(
                file_name="hasil.csv", file_sha256=uuid4().hex * 2, basis_no="470/1", basis_on=tx.today,
                table=Table(
                    header=("NIK", "Hasil"), header_row=1, delimiter=";",
                    rows=(Row(2, (Cell(CellKind.TEXT, "1"), Cell(CellKind.TEXT, "Padan"))),),
                ),
            ),
        ).file_id  # fmt: skip
        rule, letter = a_rule(tx), _asked_for(tx, week.round_id)
        apart, closed, distance = _ways(tx, "Kawasan", village, load)
        others = _villages_of_no_area(tx, code)
        # What a machine takes away is gone for the page: each has an area and a distance of its own.
        apart_api, _, distance_api = _ways(tx, "Pulau", others[0], load)
        apart_shut, _, _ = _ways(tx, "Lembah", others[1], load)
    proposed, sent = _proposed(work, code, [one for one, where in sorted(villages.items()) if where == village])
    # The catalogue is the installation's: what another office has of it is only its own files.
    item = "beras" if code == REGENCY else "tidak_ada"
    assert waiting.public_ref is not None
    return {
        "incident_id": str(week.incident_id), "slug": week.slug, "alert_id": a_warning(work, code),
        "sent": _told_at(work, code, area.zone_id), "regency_code": code,
        "reading_id": str(reading), "zone_id": str(area.zone_id), "decree_id": str(decree.id),
        "round_id": str(week.round_id), "standard_id": str(waiting.row.standard_id),
        "package_id": str(waiting.row.id), "handover_id": str(done.handover_id), "load_id": str(load.id),
        "household_id": str(waiting.row.beneficiary_id), "document_id": str(done.receipt_id),
        "gap.document_id": str(letter), "need_api.document_id": str(letter),
        "handovers.document_id": str(listing), "stock.document_id": str(load.stock_document_id),
        "stock-ledger.document_id": str(load.stock_document_id),
        "stock-papers.document_id": str(load.stock_document_id), "person_id": str(person), "token_id": str(token),
        "run_id": str(run), "snapshot_id": str(snapshot), "token": ring().token("R", served.public_ref or b""),
        "place_id": str(served.row.post_id), "place_code": load.post.code,
        "shipment_id": str(shipment), "consignment_id": str(consignment),
        "correction_id": str(correction), "count_id": str(count), "erasure_id": str(erasure),
        "card_id": str(card), "pair_id": str(pair), "rule_id": str(rule),
        "area_id": str(apart), "way_id": str(closed), "said_id": str(distance), "ways.area": str(apart_shut),
        "roads.area_id": str(apart_api), "roads.said_id": str(distance_api),
        "ways.place_id": str(load.warehouse.id),
        "identity.proposal_id": str(proposal), "household-pairs.proposal_id": str(proposal),
        "corrections.document_id": str(load.stock_document_id),
        "stock-corrections.document_id": str(load.stock_document_id),
        "needs_profile.file_id": str(profile.id), "decision_id": str(decision),
        "items.code": item, "stock-items.code": item, "items.file_id": str(listed.id),
        "stock_files.file_id": str(stock_file.file_id), "stock-files.file_id": str(stock_file.file_id),
        "dukcapil.file_id": str(answers), "registry-links.file_id": str(answers),
        "proposals.proposal_id": str(proposed), "registry-proposals.proposal_id": str(proposed),
        "submission_id": str(sent),
        # Codes count within an office: another office's batch is one that this office has not.
        "batch_code": batch if code == REGENCY else code_with_check("BT", 99, 999_999),
        "completion.list_id": str(asked), "registry-completion.list_id": str(asked),
        "completion.entry_id": str(entry), "registry-completion.entry_id": str(entry),
        "completion.file_id": str(came_back), "registry-completion.file_id": str(came_back),
        "positions.file_id": str(positions), "registry-positions.file_id": str(positions),
        "village_code": village, **_refuge(work, code, village, place), **_term_samples(work, code, village),
    }  # fmt: skip


def _villages_of_no_area(tx: Tx, regency_code: str) -> list[str]:
    """Give those that lie in no area yet; the first and the last of the regency are somebody's own."""
    region = sa.table("region", sa.column("code"), sa.column("level"), sa.column("regency_code"))
    query = sa.select(region.c.code).where(region.c.regency_code == regency_code, region.c.level == "village")
    areas = sa.table("transport_area_village", sa.column("village_code"))
    drawn = set(tx.session.scalars(sa.select(areas.c.village_code)))
    return [one for one in sorted(tx.session.scalars(query))[1:-1] if one not in drawn]


def _ways(tx: Tx, name: str, village: str, load: LoadView) -> tuple[UUID, UUID, UUID]:
    """Draw a transport area, close a way to it and say a distance; gives the three."""
    area = draw_area(tx, DrawArea(name=f"{name} {village}", means=Means.ROAD, village_codes=(village,)))
    closing = CloseWay(
        warehouse_id=load.warehouse.id, area_id=area, means=Means.ROAD, reason="longsor di jalan masuk"
    )  # fmt: skip
    said = SayDistance(village_code=village, post_id=load.post.id, metres=900, source="Kepala desa")
    return area, close_way(tx, closing), say_distance(tx, said)


def _given_again(tx: Tx, incident_id: UUID) -> UUID:
    """Let durables of whatever other incident there is be given again, and give the decision."""
    other = tx.session.scalars(sa.select(sa.column("id", sa.Uuid())).select_from(sa.table("incident"))).all()
    known = tx.session.scalar(
        sa.select(DurableAgain.id).where(DurableAgain.incident_id == incident_id).limit(1)
    )  # fmt: skip
    if known is not None:
        return known
    row = DurableAgain(
        id=tx.new_id(), regency_code=tx.regency_code, incident_id=incident_id,
        other_incident_id=next(one for one in other if one != incident_id), household_id=None,
        reason=AgainReason.APART, decided_by="uji", decided_by_name="Uji", decided_at=tx.now, withdrawn_by=None,
        withdrawn_by_name=None, withdrawn_at=None,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    return row.id


def a_sent_map(work: Work, code: str, incident_id: UUID) -> UUID:
    """Send a map of BPBD and give the document; nothing of it is posted."""
    with work.by(line.of_office(line.OFFICER, code)) as tx:
        order = ReadDocument(
            incident_id=incident_id, file_name="peta.geojson", file_sha256=uuid4().hex * 2, size_bytes=90,
            judged=judge(tx, geojson.parse(line.A_AND_HALF_OF_B.encode(), "peta.geojson")),
        )  # fmt: skip
        return read_document(tx, order).reading_id


def _asked_for(tx: Tx, round_id: UUID) -> UUID:
    """Issue a letter asking for goods, of invented figures: nothing is short in this world."""
    order = IssueDocument(
        kind=GAP_LETTER, subject="round", subject_id=round_id, title="Permohonan bantuan", day=tx.today, view=facts(1)
    )
    return issue_document(tx, order).id


def _refuge(work: Work, code: str, village: str, place: int) -> dict[str, str]:
    """Freeze the incident's list once and open a shelter in the village."""
    officer = line.of_office(line.OFFICER, code)
    with work.by(officer) as tx:
        incident_id = incidents(tx)[0].id
        if current_list(tx, incident_id) is None:
            freeze_list(tx, Freeze(incident_id=incident_id))
        order = OpenShelter(incident_id=incident_id, name=f"Balai {village} {place}", village_code=village)
        shelter_id = open_shelter(tx, order)
    return {"shelter_id": str(shelter_id), "affected_lists.no": "1", "affected_households.no": "1"}


def _may_be_one(tx: Tx, household_ids: list[UUID]) -> tuple[UUID, UUID]:
    """Take two households for one and propose to keep them as two, and give pair and proposal."""
    codes = codes_of_households(tx, household_ids[:2])
    pair = identity.name_pair(
        tx, identity.NamePair(first_code=codes[household_ids[0]], second_code=codes[household_ids[1]])
    )
    reason = "Dua rumah, dua dapur."
    return pair, identity.propose(tx, identity.Propose(pair_id=pair, verdict=Verdict.DISTINCT, reason=reason))


def _proposed(work: Work, code: str, here: Sequence[UUID]) -> tuple[UUID, UUID]:
    """Propose one of these households to be removed, send another one's proposal up, and give both ids."""
    officer, head = (line.of_office(one, code) for one in (line.OFFICER, line.HEAD))
    made = []
    for household_id in here[:2]:
        with work.by(system(code, ZONE)) as tx:
            order = proposing.Propose(
                kind=ProposalKind.REMOVE, household_id=household_id, reason=ProposalReason.INELIGIBLE, basis_no="BA 1",
                basis_on=tx.today,
            )  # fmt: skip
            made.append(proposing.propose(tx, order))
    with work.by(officer) as tx:
        proposing.verify(tx, made[1])
    with work.by(head) as tx:
        proposing.determine(tx, proposing.Determine(proposal_ids=(made[1],), decree_no="SK 1", decree_on=tx.today))
    with work.by(officer) as tx:
        sent = proposing.submit(tx).id
    assert sent is not None
    return made[0], sent


def _on_the_way(tx: Tx, place_id: UUID) -> tuple[UUID, UUID]:
    """Send goods on their way to a new warehouse and announce others, and give both ids.

    They are then brought to the post by hand: every role of this world has its one scope there.
    """
    here, there = (
        add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code=f"U{tx.new_id().hex[-6:]}", name="Gudang Uji"))
        for _ in range(2)
    )
    giver = inbound.giver_named(tx, "Pemberi Uji")
    bed = next(one for one in items(tx) if one.code == "kasur").id
    line = ReceiveLine(item_id=bed, quantity_milli=Milli(2000), funding_source=FundingSource.APBD)
    batch = take_in(tx, Receive(to_place_id=here, lines=(line,), incoming_document="BAST-U", from_place_id=giver))
    sent = shipping.send_shipment(
        tx,
        shipping.SendShipment(
            from_place_id=here, to_place_id=there,
            lines=(BatchLine(batch_id=batch.batches[0].batch_id, quantity_milli=Milli(1000)),),
        ),
    )  # fmt: skip
    announced = inbound.expect_goods(
        tx,
        inbound.ExpectGoods(
            giver_id=giver, place_id=there, incoming_document="DO-U", funding_source=FundingSource.APBD,
            expected_on=tx.today, lines=(inbound.ExpectedLine(item_id=bed, quantity_milli=Milli(1000)),),
        ),
    )  # fmt: skip
    tx.session.execute(sa.update(Shipment).where(Shipment.id == sent.id).values(to_place_id=place_id))
    tx.session.execute(sa.update(Consignment).where(Consignment.id == announced).values(place_id=place_id))
    return sent.id, announced


def _second_person_wanted(tx: Tx, place_id: UUID) -> tuple[UUID, UUID]:
    """Ask for a correction at the post and begin to count it, and give both ids."""
    lying = batch_balances(tx, place_ids=[place_id])[0].batch.id
    correction = ask_correction(
        tx,
        AskCorrection(
            kind=CorrectionKind.ADJUSTMENT, place_id=place_id, reason="found", note="Tertinggal di bawah terpal.",
            lines=(CorrectionItem(batch_id=lying, difference_milli=1000),),
        ),
    )  # fmt: skip
    count = counts.plan_count(tx, place_id)
    counts.start_count(tx, count)
    return correction, count


def _to_complete(tx: Tx, village: str) -> tuple[UUID, UUID, UUID, UUID]:
    """Ask a village for its houses' positions, and send it back as a file; give the list, a household on it, and files.

    The third is a list's file, the fourth one of positions.
    """
    asked = completion.issue_list(tx, completion.IssueList(village_code=village, asked=Gap.POSITION | Gap.ADDRESS))
    entry = tx.session.scalars(
        sa.select(CompletionEntry.id).where(CompletionEntry.list_id == asked.list_id).order_by(CompletionEntry.no)
    ).first()
    assert entry is not None
    cells = tuple(Cell(CellKind.TEXT, one) for one in ("-", "131.3", "-7.9"))
    table = Table(
        header=("Kode keluarga", "Bujur", "Lintang"), header_row=1, delimiter=";", rows=(Row(2, cells),)
    )  # fmt: skip

    def order() -> completion_files.ReadFile:
        return completion_files.ReadFile(file_name="titik.csv", file_sha256=uuid4().hex * 2, table=table)

    came_back = completion_files.begin_list_file(tx, asked.list_id, order()).file_id
    completion_files.merge_list_rows(tx, came_back, table)
    return asked.list_id, entry, came_back, completion_files.read_positions(tx, order()).file_id


def _day_of(found: PackageView) -> date:
    assert found.row.serve_on is not None
    return found.row.serve_on
