"""Commands of the machine's operator. They act as ``system`` and leave their audit rows like everybody else."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from core import audit
from core.accounts.commands import AddPerson, IssueToken, add_person, issue_token
from core.accounts.queries import people
from core.actor import Actor, Grant, Role, ScopeKind, system
from core.errors import NotFound, Refused
from core.i18n import say
from core.office.commands import OpenOffice, open_office
from core.office.queries import offices
from core.privacy import sealing
from core.sealed_file import sealed_files_with
from core.settings import ROOT
from core.work import Tx
from registry_link.households.queries import household_id_of
from registry_link.privacy.commands import AskErasure, MakeCopy, ask_erasure
from registry_link.privacy.jobs import forget
from registry_link.privacy.queries import AskExposure, exposure
from registry_link.privacy.states import Asker, Ground, IdentityDocument
from routes import context

office_group = AppGroup("office", help="Open an office.")
regions_group = AppGroup("regions", help="Region codes, names and boundaries.")
demo_group = AppGroup("demo", help="The demonstration district (invented).")
jobs_group = AppGroup("jobs", help="What runs by itself.")
audit_group = AppGroup("audit", help="The audit chain.")
person_group = AppGroup("person", help="Accounts.")
token_group = AppGroup("token", help="Machine tokens.")
keys_group = AppGroup("keys", help="Keys of sealed columns and receipts.")
pdp_group = AppGroup("pdp", help="Personal data: whose were seen, copies, erasure, retention (UU 27/2022).")


def install(app: Flask) -> None:
    for group in (office_group, regions_group, demo_group, jobs_group, audit_group, person_group, token_group,
                  keys_group, pdp_group):  # fmt: skip
        app.cli.add_command(group)
    app.cli.add_command(migrate)
    app.cli.add_command(check)


def alembic_config(url: str) -> Config:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config


def head_revision() -> str | None:
    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def the_actor() -> Actor:
    """The product itself, in the only office. Ends the command where there is none, or several."""
    with Session(context.runtime().work.engine) as session:
        found = offices(session)
    if len(found) != 1:
        raise click.ClickException(
            "Belum ada kantor: jalankan `flask office init`." if not found else "Ada beberapa kantor."
        )
    return system(found[0].regency_code, found[0].time_zone, name="command line")


def told(refused: Refused) -> click.ClickException:
    return click.ClickException(f"{say(refused.code, 'id', refused.facts)}\n{say(refused.code, 'en', refused.facts)}")


@click.command("migrate", help="Bring the database's tables to this version.")
def migrate() -> None:
    from flask import current_app

    url = context.runtime().settings.database_url
    command.upgrade(alembic_config(url), "head")
    click.echo(f"Skema basis data: {head_revision()}")
    assert current_app


@click.command("check", help="Prove the books: balances against moves, reservations, handovers, audit chain.")
def check() -> None:
    from routes.checks import prove_all, what_the_server_logs

    talkative = what_the_server_logs(context.runtime())
    for line in talkative:
        click.echo(f"! {line}")
    if talkative:
        click.echo(
            "! Log PostgreSQL dapat memuat data orang. The server's log may repeat persons' rows. README: PostgreSQL."
        )
    problems = prove_all(context.runtime(), the_actor())
    for problem in problems:
        click.echo(f"✗ {problem}")
    if problems:
        sys.exit(1)
    click.echo("✓ Semua pembukuan cocok. All books agree.")


@office_group.command("init", help="Open a real office in an empty database.")
@click.option("--regency-code", prompt="Kode wilayah kabupaten/kota (PP.KK)")
@click.option("--regency-name", prompt="Nama kabupaten/kota, mis. Kabupaten Kepulauan Tanimbar")
@click.option("--name", default="Dinas Sosial", prompt="Nama kantor")
@click.option("--address", default="", prompt="Alamat")
@click.option("--seat", default="", prompt="Kedudukan (kota tempat surat)")
@click.option("--time-zone", default="Asia/Jakarta", prompt="Zona waktu (Asia/Jakarta, Asia/Makassar, Asia/Jayapura)")
@click.option("--unit-code", default="DINSOS", prompt="Kode unit dalam nomor surat")
@click.option("--admin", default="admin", prompt="Nama pengguna admin")
@click.option("--admin-name", default="Admin", prompt="Nama admin")
@click.option("--admin-password", prompt="Kata sandi awal admin (min. 12 karakter)", hide_input=True)
def office_init(
    regency_code: str, regency_name: str, name: str, address: str, seat: str, time_zone: str, unit_code: str,
    admin: str, admin_name: str, admin_password: str,
) -> None:  # fmt: skip
    from routes.seed import seed_office

    work = context.runtime().work
    try:
        with work.by(system(regency_code, time_zone, name="command line")) as tx:
            open_office(
                tx,
                OpenOffice(
                    regency_code=regency_code, regency_name=regency_name, name=name, address=address, seat=seat,
                    time_zone=time_zone, unit_code=unit_code,
                ),
            )  # fmt: skip
            add_person(
                tx,
                AddPerson(username=admin, name=admin_name, password=admin_password, grants=(Grant(Role.ADMIN),)),
            )
            seed_office(tx)
    except Refused as refused:
        raise told(refused) from refused
    click.echo(
        f"Kantor {regency_code} dibuka. Masuk sebagai {admin}, ganti kata sandi, lalu tambah orang di Pengaturan."
    )


@regions_group.command("import", help="Load code lists (*.csv) and boundaries (*.geojson); folders are searched.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def regions_import(paths: tuple[Path, ...]) -> None:
    from routes.loading import import_region_files

    try:
        lines = import_region_files(context.runtime().work, the_actor(), paths)
    except Refused as refused:
        raise told(refused) from refused
    for line in lines:
        click.echo(line)


@demo_group.command("make", help="Make the demonstration district in an empty database.")
@click.option("--households", default=34_000, show_default=True)
@click.option("--seed", default=9901, show_default=True)
def demo_make(households: int, seed: int) -> None:
    from routes.demo.load import make_demo

    try:
        for line in make_demo(context.runtime(), households=households, seed=seed):
            click.echo(line)
    except Refused as refused:
        raise told(refused) from refused
    _print_logins()


@demo_group.command("ensure", help="Make the demonstration where no office exists; print its logins.")
@click.option("--households", default=34_000)
def demo_ensure(households: int) -> None:
    from routes.demo.load import make_demo

    runtime = context.runtime()
    with Session(runtime.work.engine) as session:
        found = offices(session)
    if not found:
        for line in make_demo(runtime, households=households, seed=9901):
            click.echo(line)
    if not found or any(office.is_demo for office in found):
        _print_logins()


def _print_logins() -> None:
    from routes.demo.story import demo_logins

    click.echo("\nDEMONSTRASI – data rekaan. Masuk sebagai:")
    for login in demo_logins("id"):
        click.echo(f"  {login.username:<12} {login.password:<28} {login.role}")


@jobs_group.command("run", help="Run the clock until told to stop.")
def jobs_run() -> None:
    from routes.scheduler import serve

    serve(context.runtime())


@jobs_group.command("once", help="Ask every job once, now.")
def jobs_once() -> None:
    from routes.scheduler import all_jobs, run_all

    runtime = context.runtime()
    for job in all_jobs(runtime):
        run_all(runtime.work, job)
        click.echo(job.name)


@audit_group.command("verify", help="Walk the audit chain; compare it with the signed anchors.")
@click.option("--anchor", "anchor_path", type=click.Path(exists=True, path_type=Path))
def audit_verify(anchor_path: Path | None) -> None:
    runtime = context.runtime()
    path = anchor_path or (runtime.anchor_file if runtime.anchor_file.exists() else None)
    with Session(runtime.work.engine) as session:
        verdict = audit.verify(session, path)
    click.echo(json.dumps({"rows": verdict.rows, "bad_seq": verdict.bad_seq, "problem": verdict.problem}))
    if not verdict.is_sound:
        sys.exit(1)


@audit_group.command("anchor", help="Write the signed head of the chain to the anchor file.")
def audit_anchor() -> None:
    runtime = context.runtime()
    with Session(runtime.work.engine) as session:
        seq = audit.anchor(session, runtime.work.clock.now(), runtime.anchor_file)
    click.echo(f"seq {seq}")


@person_group.command("add", help="Add an account (for instance a second administrator).")
@click.option("--username", required=True)
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--scope", type=click.Choice([kind.value for kind in ScopeKind]), default="office")
@click.option("--scope-id", default="")
@click.option("--password", prompt=True, hide_input=True)
def person_add(username: str, name: str, role: str, scope: str, scope_id: str, password: str) -> None:
    order = AddPerson(
        username=username, name=name, password=password, grants=(Grant(Role(role), ScopeKind(scope), scope_id),)
    )
    try:
        with context.runtime().work.by(the_actor()) as tx:
            add_person(tx, order)
    except Refused as refused:
        raise told(refused) from refused


@token_group.command("issue", help="Make a machine token; it is shown once.")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--scope", type=click.Choice([kind.value for kind in ScopeKind]), default="office")
@click.option("--scope-id", default="")
@click.option("--days", default=365)
def token_issue(name: str, role: str, scope: str, scope_id: str, days: int) -> None:
    try:
        with context.runtime().work.by(the_actor()) as tx:
            issued = issue_token(
                tx, IssueToken(name=name, role=Role(role), scope=ScopeKind(scope), scope_id=scope_id, days=days)
            )
    except Refused as refused:
        raise told(refused) from refused
    click.echo(issued.token)


@keys_group.command("make", help="Make the keys of a new installation.")
def keys_make() -> None:
    click.echo(f"Kunci: {context.runtime().ring.fingerprint()} di {context.runtime().settings.keys_dir}")
    click.echo("Simpan dua salinan di luar mesin ini. Tanpa kunci, NIK tidak dapat dibuka lagi.")


@keys_group.command("status", help="Count what is sealed with which key.")
def keys_status() -> None:
    runtime = context.runtime()
    counts, files = sealing.sealed_with(runtime.work), sealed_files_with(runtime.files_dir)
    for number in sorted({*runtime.ring.numbers, *counts}):
        mark = " (aktif)" if number == runtime.ring.active else ""
        waiting = f", {files[number]} berkas menunggu" if files[number] else ""
        click.echo(f"kunci {number}{mark}: {counts.get(number, 0)}{waiting}")


@keys_group.command("rotate", help="Make a new sealing key and seal everything with it; goes on where it was cut off.")
def keys_rotate() -> None:
    runtime = context.runtime()

    def tell(progress: sealing.Progress) -> None:
        click.echo(f"{progress.column}: {progress.done}/{progress.total}")

    done = sealing.rotate(runtime.work, the_actor(), runtime.ring, tell)
    if done.backup:
        click.echo(f"Kunci lama tersimpan di {runtime.settings.keys_dir / done.backup}.")
    click.echo(f"{done.values} nilai disegel dengan kunci {done.key}. Simpan dua salinan ring.json di luar mesin ini.")
    click.echo("Kunci lama: `flask keys retire` setelah cadangan basis data dan berkas yang memakainya dihapus.")


@keys_group.command("retire", help="Take a key out of the ring; refused while anything is sealed with it.")
@click.argument("number", type=int)
def keys_retire(number: int) -> None:
    runtime = context.runtime()
    try:
        kept = sealing.retire(runtime.work, the_actor(), runtime.ring, number, runtime.files_dir)
    except Refused as refused:
        raise told(refused) from refused
    click.echo(f"Kunci {number} dikeluarkan. {runtime.settings.keys_dir / kept} masih memuatnya: pindahkan ke brankas.")


@pdp_group.command("exposure", help="Whose data an account or a machine saw in a time; codes, no names. CSV.")
@click.option("--actor", required=True, help="User name of the account, or the id of an account or machine token.")
@click.option("--from", "since", required=True, type=click.DateTime(), help="Local time of the office.")
@click.option("--to", "until", required=True, type=click.DateTime(), help="Local time of the office; before it.")
def pdp_exposure(actor: str, since: datetime, until: datetime) -> None:
    work, me = context.runtime().work, the_actor()
    try:
        with work.read_by(me) as tx:
            ids = {one.username: str(one.id) for one in people(tx)}
            order = AskExposure(
                actor_id=ids.get(actor.strip().lower(), actor), since=since.replace(tzinfo=me.zone),
                until=until.replace(tzinfo=me.zone),
            )  # fmt: skip
            found = exposure(tx, order)
    except Refused as refused:
        raise told(refused) from refused
    click.echo("kode_keluarga;kode_desa;kali;pertama;terakhir;nomor_utuh")
    for one in found.seen:
        first, last = (f"{at.astimezone(me.zone):%Y-%m-%d %H:%M}" for at in (one.first_at, one.last_at))
        click.echo(f"{one.code};{one.village_code};{one.times};{first};{last};{'ya' if one.is_revealed else 'tidak'}")
    click.echo(f"{len(found.seen)} keluarga, {len(found.looks)} tampilan", err=True)
    if found.villages:
        click.echo(f"Peta semua titik rumah: {', '.join(found.villages)}", err=True)
    if found.is_cut:
        click.echo("Terlalu banyak: hanya yang terbaru. Persempit waktunya.", err=True)


@pdp_group.command("export", help="Write the copy for a household (data and letter) to a file, readable by you alone.")
@click.argument("code")
@click.option("--asked-for", type=click.Choice([one.value for one in Asker]), required=True)
@click.option("--shown", type=click.Choice([one.value for one in IdentityDocument]), required=True)
@click.option("--note", default="")
@click.option("--folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path("."))
def pdp_export(code: str, asked_for: str, shown: str, note: str, folder: Path) -> None:
    from routes.privacy import copy_files

    try:
        with context.runtime().work.by(the_actor()) as tx:
            order = MakeCopy(
                household_id=_household_of(tx, code), asked_for=Asker(asked_for),
                identity_document=IdentityDocument(shown), note=note,
            )  # fmt: skip
            name, body = copy_files(tx, order)
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(body)
    except Refused as refused:
        raise told(refused) from refused
    except FileExistsError as error:
        raise click.ClickException(f"{folder / name} sudah ada.") from error
    click.echo(f"{folder / name}: serahkan kepada pemilik data, lalu hapus berkasnya.")


@pdp_group.command("erase", help="Ask that a household be erased; a person of the office decides under /privasi.")
@click.argument("code")
@click.option("--ground", type=click.Choice([one.value for one in Ground]), required=True)
@click.option("--reason", required=True, help="Without names and numbers: it is kept.")
@click.option("--asked-for", type=click.Choice([one.value for one in Asker]), default=Asker.OFFICE.value)
@click.option(
    "--shown", type=click.Choice([one.value for one in IdentityDocument]), default=IdentityDocument.NONE.value
)
def pdp_erase(code: str, ground: str, reason: str, asked_for: str, shown: str) -> None:
    try:
        with context.runtime().work.by(the_actor()) as tx:
            made = ask_erasure(
                tx,
                AskErasure(
                    household_id=_household_of(tx, code), ground=Ground(ground), reason=reason,
                    asked_for=Asker(asked_for), identity_document=IdentityDocument(shown),
                ),
            )  # fmt: skip
    except Refused as refused:
        raise told(refused) from refused
    click.echo(f"Diajukan. Orang kedua memutuskan di /privasi/hapus/{made}")


@pdp_group.command("retain", help="Delete now what was kept as long as it may be (a job does so every night).")
def pdp_retain() -> None:
    with context.runtime().work.by(the_actor()) as tx:
        gone = forget(tx)
    click.echo(gone or "Tidak ada yang lewat masanya.")


def _household_of(tx: Tx, code: str) -> UUID:
    found = household_id_of(tx, code)
    if found is None:
        raise NotFound("household.not_found")
    return found
