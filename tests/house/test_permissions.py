"""The matrix of rights: every action is asked for somewhere, and what is asked for is declared."""

from __future__ import annotations

import ast

import pytest

from core.actor import Role
from core.errors import Forbidden
from core.permissions import matrix, may, reach
from tests.support import tree
from tests.support.builders import SYSTEM, an_actor

ASKS = {"require", "reach", "may", "requires"}


def asked() -> dict[str, str]:
    """Give every action that the code names when it asks for a right, with a place where it does."""
    found: dict[str, str] = {}
    for path in tree.product():
        for call in tree.calls(path):
            if tree.called(call) not in ASKS:
                continue
            for argument in call.args[:2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.setdefault(argument.value, tree.where(path, call))
    return found


def test_every_right_that_is_asked_for_is_declared():
    wrong = [f"{place}: {action}" for action, place in asked().items() if action not in matrix()]
    assert not wrong, "\n".join(wrong)


def test_every_declared_right_is_asked_for():
    assert not sorted(set(matrix()) - set(asked()))


@pytest.mark.parametrize("role", Role)
def test_a_role_that_the_matrix_does_not_name_may_not(role: Role):
    actor = an_actor(role)
    for action, roles in matrix().items():
        if role in roles:
            assert may(actor, action)
            reach(actor, action)
        else:
            assert not may(actor, action)
            with pytest.raises(Forbidden):
                reach(actor, action)


@pytest.mark.parametrize("role", Role)
def test_a_role_that_is_held_to_its_scope_reaches_nothing_without_one(role: Role):
    actor = an_actor(role)
    for action, roles in matrix().items():
        if role in roles and not roles[role].is_all:
            found = reach(actor, action)
            assert not found.is_all
            assert not found.has_village("99.01.01.2001")


def test_nobody_who_decides_about_people_also_decides_about_goods_and_accounts():
    for action, roles in matrix().items():
        if action in ("people.manage", "tokens.manage"):
            assert set(roles) == {Role.ADMIN}, action
    assert not [action for action, roles in matrix().items() if Role.AUDITOR in roles and action.endswith(".manage")]


def test_the_product_itself_may_everything_that_is_declared_and_nothing_else():
    assert all(reach(SYSTEM, action).is_all for action in matrix())
    with pytest.raises(KeyError):
        reach(SYSTEM, "nobody.declared_this")
