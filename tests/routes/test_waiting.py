"""The home page names what waits in the registry, for whoever is the one to do it and for nobody else."""

from __future__ import annotations

import pytest
from flask import Flask

from core.actor import Role, ScopeKind
from core.work import Work
from registry_link.completion.commands import IssueList, issue_list
from registry_link.households.gaps import Gap
from registry_link.households.queries import household
from registry_link.identity import commands as identity
from registry_link.identity.queries import to_decide
from registry_link.identity.states import Verdict
from registry_link.proposals import commands as proposals
from registry_link.proposals.states import ProposalKind, ProposalReason
from tests.registry_link.links.test_links import home, rows, to_field
from tests.registry_link.people import OFFICE, SAUM, merge, person, with_regions
from tests.routes.asking import log_in
from tests.support.builders import a_person, an_office


@pytest.fixture
def registry(work: Work) -> Work:
    an_office(work)
    with_regions(work)
    merge(work, rows())
    a_person(work, Role.VILLAGE, username="desa", village=SAUM)
    a_person(work, Role.FIELD, username="lapangan", village=SAUM)
    a_person(work, Role.LOGISTICS, username="petugas")
    a_person(work, Role.HEAD, username="kepala")
    return work


def at_home(app: Flask, username: str) -> str:
    answer = log_in(app.test_client(), username).get("/")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_village_is_told_of_its_list_and_a_walker_of_the_doors(app: Flask, registry: Work):
    assert "Lengkapi data" not in at_home(app, "desa")
    with registry.by(OFFICE) as tx:
        added = issue_list(tx, IssueList(village_code=SAUM, asked=Gap.POSITION)).added
    to_field(registry)
    assert f"Lengkapi data {added} keluarga" in at_home(app, "desa")
    assert "keluarga di Kel. Saum" in at_home(app, "lapangan")
    # For the office both are the work of others.
    told = at_home(app, "petugas")
    assert "Lengkapi data" not in told and "Datangi" not in told


def test_a_proposal_waits_for_one_after_the_other(app: Flask, registry: Work):
    order = proposals.Propose(
        kind=ProposalKind.REMOVE, household_id=home(registry), reason=ProposalReason.INELIGIBLE, basis_no="BA 1",
        basis_on=registry.clock.now().date(),
    )  # fmt: skip
    with registry.by(person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)) as tx:
        proposal_id = proposals.propose(tx, order)
    assert "Periksa 1 usulan desa" in at_home(app, "petugas")
    assert "usulan desa" not in at_home(app, "kepala")
    with registry.by(person(Role.LOGISTICS)) as tx:
        proposals.verify(tx, proposal_id)
    assert "Tetapkan 1 usulan desa" in at_home(app, "kepala")
    assert "Periksa 1 usulan desa" not in at_home(app, "petugas")


def test_a_double_household_waits_for_another_than_who_proposed(app: Flask, registry: Work):
    officer = person(Role.LOGISTICS)
    with registry.by(officer) as tx:
        first, second = (household(tx, home(registry, one)).code for one in ("h1", "h3"))
        pair_id = identity.name_pair(tx, identity.NamePair(first_code=first, second_code=second))
        order = identity.Propose(pair_id=pair_id, verdict=Verdict.DISTINCT, reason="Kakak dan adik, rumahnya berbeda")
        identity.propose(tx, order)
        assert to_decide(tx) == 0
    told = at_home(app, "kepala")
    assert "Putuskan 1 data ganda" in told and 'href="/registri/ganda?keadaan=menunggu"' in told
    assert "data ganda" not in at_home(app, "desa")
