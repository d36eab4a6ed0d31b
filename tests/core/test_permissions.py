from __future__ import annotations

from uuid import uuid4

import pytest

from core.actor import Actor, Grant, Role, ScopeKind
from core.errors import Forbidden, NotFound
from core.permissions import matrix, may, reach


def actor(*grants: Grant) -> Actor:
    return Actor(kind="person", id=str(uuid4()), name="Uji", regency_code="99.01", grants=grants)


def test_nobody_may_what_the_matrix_does_not_grant() -> None:
    for action, roles in matrix().items():
        for role in Role:
            somebody = actor(Grant(role))
            assert may(somebody, action) is (role in roles)
            if role not in roles:
                with pytest.raises(Forbidden):
                    reach(somebody, action)
        assert not may(actor(), action)


def test_an_action_nobody_declared_is_an_error_not_a_right() -> None:
    with pytest.raises(KeyError):
        reach(actor(Grant(Role.LOGISTICS)), "stock.steal")


def test_an_own_reach_holds_only_what_the_grant_names() -> None:
    post, other = uuid4(), uuid4()
    found = reach(actor(Grant(Role.FIELD, ScopeKind.PLACE, str(post))), "handover.record")
    assert found.has_place(post) and not found.has_place(other) and not found.has_place(None)
    with pytest.raises(NotFound):
        found.need_place(other, "post")


def test_a_district_covers_its_villages_and_no_others() -> None:
    found = reach(actor(Grant(Role.VILLAGE, ScopeKind.DISTRICT, "99.01.01")), "affected.decide")
    assert found.has_village("99.01.01.2001")
    assert not found.has_village("99.01.010.2001") and not found.has_village("99.01.02.2001")
    assert not found.has_village(None)


def test_an_office_grant_gives_no_reach_to_a_role_bound_to_its_place() -> None:
    found = reach(actor(Grant(Role.FIELD)), "handover.record")
    assert not found.is_all and not found.place_ids and not found.regions


def test_who_gives_rights_has_no_data_and_who_has_data_gives_no_rights() -> None:
    admin = {action for action, roles in matrix().items() if Role.ADMIN in roles}
    assert not any(action.startswith(("household.", "affected.", "handover.", "receipt.")) for action in admin)
    for action in ("people.manage", "tokens.manage", "office.manage"):
        assert set(matrix()[action]) == {Role.ADMIN}
