"""What a person would forget, read from the code itself."""

from __future__ import annotations

import ast
import re

from tests.support import tree

CLOCK = "core/clock.py"
ASKS_THE_CLOCK = {"now", "utcnow", "today"}
RUNS_SQL = {"text", "execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars", "DDL"}
BUILT_SQL = {
    "core/db.py": "PRAGMA names and the append-only triggers: constants of this file and our own table names",
}
REVEALS = {
    "core/crypto.py": "the definition",
    "core/db.py": "sealing",
    "core/privacy/held.py": "copies for the subject, and search for an erased number in sealed rows",
    "registry_link/importing/queries.py": "gives refused rows back to whoever sent them",
    "registry_link/links/queries.py": "gives refused rows of the civil registry back to whoever sent them",
    "logistics/programmes/sk_file.py": "gives the rows of a file back to whoever sent them",
    "registry_link/households/numbers.py": "makes the index, and opens a number that its index proves",
}
SKIPS = {"skip", "skipif", "xfail", "importorskip"}
LEFT_OPEN = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")


def is_built(node: ast.expr) -> bool:
    """Tell whether a text is put together while the program runs."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(
            isinstance(side, ast.JoinedStr) or is_text(side) or is_built(side) for side in (node.left, node.right)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "replace"):
        return is_text(node.func.value) or is_built(node.func.value)
    return False


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_one_clock():
    wrong = []
    for path in tree.product():
        if tree.name(path) in (CLOCK, "dev.py"):
            continue
        for call in tree.calls(path):
            function = call.func
            if not isinstance(function, ast.Attribute):
                continue
            owner = ast.unparse(function.value)
            last = owner.split(".")[-1]
            if (last in ("datetime", "date") and function.attr in ASKS_THE_CLOCK) or (
                last == "time" and function.attr in ("time", "time_ns", "localtime", "gmtime")
            ):
                wrong.append(f"{tree.where(path, call)}: {ast.unparse(function)}")
    assert not wrong, f"Only {CLOCK} asks the machine for the time:\n" + "\n".join(wrong)


def test_no_sql_is_put_together_from_text():
    wrong = [
        f"{tree.where(path, call)}: {ast.unparse(call)[:100]}"
        for path in tree.product()
        if tree.name(path) not in BUILT_SQL
        for call in tree.calls(path)
        if tree.called(call) in RUNS_SQL and call.args and is_built(call.args[0])
    ]
    assert not wrong, "\n".join(wrong)


def test_a_sealed_number_is_revealed_only_where_it_is_sealed_or_checked():
    wrong = [
        tree.where(path, call)
        for path in tree.product()
        if tree.name(path) not in REVEALS
        for call in tree.calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "reveal"
    ]
    assert not wrong, "\n".join(wrong)


def test_csv_is_read_strictly():
    wrong = [
        tree.where(path, call)
        for path in tree.product()
        for call in tree.calls(path)
        if ast.unparse(call.func) in ("csv.reader", "csv.DictReader")
        if not any(word.arg == "strict" and getattr(word.value, "value", False) is True for word in call.keywords)
    ]
    assert not wrong, "strict=True is missing:\n" + "\n".join(wrong)


def test_only_the_settings_read_the_environment():
    allowed = {"core/settings.py", "dev.py", "wsgi.py"}
    wrong = [
        tree.where(path, node)
        for path in tree.product()
        if tree.name(path) not in allowed
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_named_after_nothing():
    vague = {"utils", "util", "helpers", "helper", "manager", "managers", "data", "common", "misc"}
    assert not [tree.name(path) for path in tree.product() if vague & {path.stem, path.parent.name}]


def test_tests_open_no_database_of_their_own():
    """Both engines in every test that touches the database: by the fixtures, not by an engine of one's own."""
    wrong = []
    for path in sorted((tree.ROOT / "tests").rglob("*.py")):
        nodes = list(ast.walk(tree.parsed(path)))
        dialects = {node.value for node in nodes if isinstance(node, ast.Attribute) and node.attr == "dialect"}
        wrong += [
            tree.where(path, call)
            for call in tree.calls(path)
            if tree.called(call) in ("create_engine", "open_engine") and call not in dialects
            if call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        ]
    assert not wrong, "\n".join(wrong)


def test_numbers_of_an_address_are_kept_within_what_a_database_counts_to():
    """``asked_number`` and ``page_number`` of routes/forms.py do; ``type=int`` alone lets any number through."""
    wrong = [
        tree.where(path, call)
        for path in tree.product()
        if tree.name(path).startswith("routes/") and tree.name(path) != "routes/forms.py"
        for call in tree.calls(path)
        if (ast.unparse(call.func).startswith(("request.args", "request.values", "request.form"))
            and any(word.arg == "type" and ast.unparse(word.value) == "int" for word in call.keywords))
        or (ast.unparse(call.func) in ("int", "float") and "request." in ast.unparse(call))
    ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


FORM_READERS = {"text", "choice", "uuid", "day", "instant", "quantity", "number", "degrees", "file"}


def test_a_form_is_read_before_the_act_that_it_orders():
    """``attempt`` asks whether a mistake was noted before it begins: what is read inside of the act comes too late."""
    wrong = []
    for path in tree.product():
        if not tree.name(path).startswith("routes/pages/"):
            continue
        for view in (one for one in tree.parsed(path).body if isinstance(one, ast.FunctionDef)):
            inner = [node for node in ast.walk(view) if isinstance(node, ast.FunctionDef | ast.Lambda) and node != view]
            wrong += [
                f"{tree.where(path, call)}: {ast.unparse(call)[:80]}"
                for act in inner
                for call in ast.walk(act)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                and call.func.attr in FORM_READERS and ast.unparse(call.func.value) in ("form", "Form()")
                and [one.arg for one in act.args.args][:1] == ["tx"]
            ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_open():
    wrong = [
        f"{tree.name(path)}:{number}: {line.strip()[:100]}"
        for path, text in tree.texts()
        if path.suffix in (".py", ".html", ".js", ".css", ".toml", ".md") and "vendor" not in path.parts
        for number, line in enumerate(text.splitlines(), 1)
        if LEFT_OPEN.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_skipped_test_says_why():
    wrong = []
    for path in sorted((tree.ROOT / "tests").rglob("*.py")):
        with_reason = {
            call.func
            for call in tree.calls(path)
            if any(word.arg == "reason" for word in call.keywords) or (tree.called(call) == "skip" and call.args)
        }
        wrong += [
            tree.where(path, node)
            for node in ast.walk(tree.parsed(path))
            if isinstance(node, ast.Attribute) and node.attr in SKIPS and ast.unparse(node).startswith("pytest.")
            if node not in with_reason
        ]
    assert not wrong, "\n".join(wrong)
