"""Whatever can go wrong has a sentence in both languages, and every sentence is said somewhere."""

from __future__ import annotations

import ast
import importlib
import re
import string

import pytest

from core import errors, i18n
from tests.support import tree

REFUSALS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and (issubclass(kind, errors.Refused) or kind is errors.Issue)
}
CODE = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)+")


def first(call: ast.Call) -> ast.expr | None:
    """Give the expression of the code a refusal is made with."""
    if call.args:
        return call.args[0]
    return next((word.value for word in call.keywords if word.arg == "code"), None)


def pattern(node: ast.expr) -> str | None:
    """Give the regular expression of the texts an expression can be, or None when it can be any."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [pattern(part) if isinstance(part, ast.Constant) else ".+" for part in node.values]
        return "".join(part for part in parts if part is not None)
    if isinstance(node, ast.IfExp):
        return f"(?:{pattern(node.body)}|{pattern(node.orelse)})"
    return None


def moves() -> list[tuple[str, str]]:
    """Give every code that ``core.states.move`` can raise by itself, with the place that calls it."""
    found = []
    for path in tree.product():
        for call in tree.calls(path):
            if tree.called(call) != "move" or len(call.args) < 5 or not isinstance(call.args[1], ast.Name):
                continue
            names = vars(importlib.import_module(tree.module(path)))
            model, table = names[call.args[1].id], call.args[4]
            if not hasattr(model, "__tablename__") or not isinstance(table, ast.Name):
                continue
            noun = model.__tablename__
            codes = {f"{noun}.not_found", f"{noun}.moved_meanwhile"}
            act = call.args[3]
            acts = {one for _, one in names[table.id]}
            if isinstance(act, ast.Attribute) and isinstance(act.value, ast.Name):
                acts = {getattr(names[act.value.id], act.attr)}
            codes |= {f"{noun}.cannot_{one.value}" for one in acts}
            found += [(code, tree.where(path, call)) for code in sorted(codes)]
    return found


def test_every_code_has_both_sentences():
    known = i18n.sentences()
    missing = [f"{place}: {code}" for code, place in moves() if code not in known]
    for path in tree.product():
        if tree.name(path) in ("core/errors.py", "core/states.py"):  # the definitions; what move() raises is moves()
            continue
        for call in tree.calls(path):
            code = first(call) if tree.called(call) in REFUSALS else None
            said = pattern(code) if code is not None else None
            if code is not None and said is not None and not any(re.fullmatch(said, one) for one in known):
                missing.append(f"{tree.where(path, call)}: {ast.unparse(code)}")
    assert not missing, "\n".join(sorted(missing))


def test_no_sentence_is_left_over():
    used: set[str] = {code for code, _ in moves()}
    patterns: set[str] = set()
    for path in tree.product():
        for node in ast.walk(tree.parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                said = pattern(node)
                # "{noun}.cannot_{act}" is core.states' own: which of them can be said is known from moves().
                if said and not said.startswith(".+"):
                    patterns.add(said)
    for path in sorted((tree.ROOT / "routes" / "templates").rglob("*.*")):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"""["']([a-z_]+\.[a-z0-9_.]+)["']""", text))
        patterns |= {re.escape(start) + ".+" for start in re.findall(r"""["']([a-z_]+\.[a-z0-9_.]*)["']\s*~""", text)}
    left = [
        code
        for code in i18n.sentences()
        if code not in used and not any(re.fullmatch(one, code) for one in patterns if "\\." in one)
    ]
    assert not left, "\n".join(left)


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_every_sentence_is_a_sentence(lang: str):
    wrong = []
    for code, texts in i18n.sentences().items():
        gaps = [gap for _, gap, _, _ in string.Formatter().parse(texts[lang]) if gap is not None]
        other = [gap for _, gap, _, _ in string.Formatter().parse(texts["id"]) if gap is not None]
        if not CODE.fullmatch(code) or not texts[lang].strip():
            wrong.append(code)
        if set(gaps) != set(other) or not all(gap.isidentifier() for gap in gaps):
            wrong.append(f"{code}: {gaps} in {lang}, {other} in id")
    assert not wrong, "\n".join(wrong)
