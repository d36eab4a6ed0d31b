"""State machines: the tables ``(state, act): state`` of a noun's ``states.py``; one starts in the first state."""

from __future__ import annotations

import ast
import enum
import importlib
from collections.abc import Mapping

from core.states import reachable
from tests.support import tree


def machines() -> list[tuple[str, Mapping[tuple[enum.StrEnum, enum.StrEnum], enum.StrEnum]]]:
    found = []
    for noun in tree.nouns():
        path = noun / "states.py"
        if path.exists():
            names = vars(importlib.import_module(tree.module(path)))
            found += [(f"{tree.name(path)} {name}", table) for name, table in names.items() if is_machine(table)]
    return found


def is_machine(table: object) -> bool:
    return isinstance(table, Mapping) and all(
        isinstance(step, tuple) and len(step) == 2 and all(isinstance(part, enum.StrEnum) for part in (*step, after))
        for step, after in table.items()
    )


def test_there_are_machines():
    assert machines()


def test_every_state_is_reachable_and_every_act_does_something():
    wrong = []
    for name, table in machines():
        states, acts = type(next(iter(table))[0]), type(next(iter(table))[1])
        start = next(iter(states))
        wrong += [f"{name}: {state} is never reached" for state in set(states) - reachable(start, table)]
        wrong += [f"{name}: {act} does nothing" for act in set(acts) - {act for _, act in table}]
    assert not wrong, "\n".join(wrong)


def test_nothing_else_assigns_a_state():
    wrong = []
    for path in tree.product():
        for node in ast.walk(tree.parsed(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            wrong += [tree.where(path, at) for at in targets if isinstance(at, ast.Attribute) and at.attr == "state"]
    assert not wrong, "\n".join(wrong)
