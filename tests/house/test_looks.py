"""Every look at a person says in the reader's language what was looked at and what for: people read the access log.

The purpose often goes through several functions before ``tx.saw`` writes it down, so the calls are followed through the
tree, from the name that is given to the words that were written.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core.i18n import LANGUAGES, sentences
from registry_link.privacy.looking import WITH_NUMBERS
from tests.support import tree

Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, int]
"""A function as ``module.name``, and which of its arguments."""
ARGUMENTS = ("subject", "ids", "purpose")


class Module:
    """One file: its calls, each with the function that it stands in."""

    def __init__(self, path: Path) -> None:
        self.name = tree.module(path)
        self.imported: dict[str, str] = {}
        self.calls: list[tuple[ast.Call, Function | None]] = []
        waiting: list[tuple[ast.AST, Function | None]] = [(tree.parsed(path), None)]
        while waiting:
            node, inside = waiting.pop()
            if isinstance(node, Function):
                inside = node
            elif isinstance(node, ast.Call):
                self.calls.append((node, inside))
            elif isinstance(node, ast.ImportFrom) and node.module:
                self.imported |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            waiting += [(child, inside) for child in ast.iter_child_nodes(node)]

    def called(self, call: ast.Call) -> str:
        """Give the function that is called as ``module.name``; empty where that cannot be told."""
        if isinstance(call.func, ast.Name):
            return self.imported.get(call.func.id, f"{self.name}.{call.func.id}")
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            return f"{self.imported.get(call.func.value.id, '')}.{call.func.attr}"
        return ""


Call = tuple[Module, Function | None, ast.Call]


@cache
def calls() -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for module in map(Module, tree.product()):
        for call, inside in module.calls:
            is_saw = isinstance(call.func, ast.Attribute) and call.func.attr == "saw"
            found["saw" if is_saw else module.called(call)].append((module, inside, call))
    return found


def parameters(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def argument(call: ast.Call, at: int, name: str) -> ast.expr | None:
    given = next((one.value for one in call.keywords if one.arg == name), None)
    return given or (call.args[at] if at < len(call.args) else None)


def default(function: Function, at: int) -> ast.expr | None:
    plain = [*function.args.posonlyargs, *function.args.args]
    if at < len(plain):
        back = at - (len(plain) - len(function.args.defaults))
        return function.args.defaults[back] if back >= 0 else None
    return function.args.kw_defaults[at - len(plain)]


class Words:
    """The words that may stand at one argument of ``tx.saw``, or of a function with the same arguments."""

    def __init__(self, at: int, called: str = "saw") -> None:
        self.found: dict[str, str] = {}
        self.lost: list[str] = []
        self.seen: set[Place] = set()
        for module, function, call in calls()[called]:
            self._read(module, function, argument(call, at, ARGUMENTS[at]))

    def _read(self, module: Module, function: Function | None, given: ast.expr | None) -> None:
        where = f"{module.name}:{given.lineno if given else '?'}"
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            self.found.setdefault(given.value, where)
        elif isinstance(given, ast.IfExp):
            self._read(module, function, given.body)
            self._read(module, function, given.orelse)
        elif isinstance(given, ast.Name) and function is not None:
            self._read_name(module, function, given)
        else:
            self.lost.append(where)

    def _read_name(self, module: Module, function: Function, name: ast.Name) -> None:
        written = list(_written(function, name.id))
        for one in written:
            self._read(module, function, one)
        names = [one.arg for one in parameters(function)]
        if name.id not in names:
            if not written:
                self.lost.append(f"{module.name}:{name.lineno}")
            return
        at, place = names.index(name.id), (f"{module.name}.{function.name}", names.index(name.id))
        if place in self.seen:
            return
        self.seen.add(place)
        if (usual := default(function, at)) is not None:
            self._read(module, function, usual)
        for there, caller, call in calls()[place[0]]:
            if (given := argument(call, at, name.id)) is not None:
                self._read(there, caller, given)


def _written(function: Function, name: str) -> Iterator[ast.expr]:
    """Give what is assigned to a name, also as one of several: ``a, b = (1, 2) if yes else (3, 4)``."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield node.value
            elif isinstance(target, ast.Tuple):
                at = [one.id if isinstance(one, ast.Name) else "" for one in target.elts]
                several = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
                for one in several:
                    if name in at and isinstance(one, ast.Tuple):
                        yield one.elts[at.index(name)]


def missing(kind: str, at: int) -> tuple[Words, list[str]]:
    words, known = Words(at), sentences()
    lacking = [
        f"{word!r} ({where})"
        for word, where in sorted(words.found.items())
        if not all(known.get(f"look.{kind}.{word}", {}).get(lang) for lang in LANGUAGES)
    ]
    return words, lacking


def test_every_purpose_of_a_look_has_its_sentence() -> None:
    words, lacking = missing("purpose", 2)
    assert {"view", "search", "find_by_number", "completion_list", "submission"} <= set(words.found), (
        "calls not followed"
    )
    assert not words.lost, f"purposes that cannot be told from the code: {words.lost}"
    assert not lacking, f"without a sentence look.purpose.*: {lacking}"


def test_everything_that_is_looked_at_has_its_word() -> None:
    words, lacking = missing("subject", 0)
    assert {"household", "member", "dukcapil_file"} <= set(words.found), "calls not followed"
    assert not words.lost, f"subjects that cannot be told from the code: {words.lost}"
    assert not lacking, f"without a sentence look.subject.*: {lacking}"


def test_no_sentence_speaks_of_a_purpose_that_no_look_has() -> None:
    for kind, at in (("purpose", 2), ("subject", 0)):
        told = {code.removeprefix(f"look.{kind}.") for code in sentences() if code.startswith(f"look.{kind}.")}
        assert told <= set(missing(kind, at)[0].found)


def test_a_look_at_whole_numbers_is_told_as_one() -> None:
    """Whoever takes what goes out of the office is shown whole numbers: the report of what an account saw says so."""
    words = Words(2, "registry_link.households.outgoing.outgoing")
    assert words.found
    assert not set(words.found) - set(WITH_NUMBERS)
    assert not words.lost
    assert set(WITH_NUMBERS) <= set(Words(2).found)
