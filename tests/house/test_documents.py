"""Pages that name tests tell the truth."""

from __future__ import annotations

import ast
import re

from tests.support import tree

NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[A-Za-z0-9_]+)`")
MARKS = ("**ci**", "**bench**", "**drill**", "not yet")


def test_every_test_that_a_page_names_exists():
    wrong, seen = [], 0
    for page in sorted((tree.ROOT / "docs").rglob("*.md")):
        for file, name in NAMED.findall(page.read_text(encoding="utf-8")):
            seen += 1
            path = tree.ROOT / file
            if not path.exists() or name not in {
                node.name for node in ast.walk(tree.parsed(path)) if isinstance(node, ast.FunctionDef)
            }:
                wrong.append(f"{tree.name(page)}: {file}::{name}")
    assert seen
    assert not wrong, "\n".join(wrong)


def test_every_goal_says_how_it_is_shown():
    lines = (tree.ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    goals = [line.split("|") for line in lines if re.match(r"\| G\d", line)]
    named = {int(number) for line in goals for number in re.findall(r"G(\d+)", line[1])}
    assert named == set(range(1, 19))
    assert not [line[1] for line in goals if not any(mark in line[3] for mark in MARKS)]


def test_every_decision_is_numbered_once_and_without_a_gap():
    numbers = sorted(
        int(path.name[:4]) for path in (tree.ROOT / "docs" / "decisions").glob("[0-9][0-9][0-9][0-9]-*.md")
    )
    assert numbers == list(range(1, len(numbers) + 1))
