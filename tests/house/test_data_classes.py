"""Every table says what personal data it holds: UU PDP article 31, ``core/data_classes.toml``."""

from __future__ import annotations

import re

from core.db import Base, Sealed
from core.privacy.classes import classes, needs_entry, retentions, without_persons
from tests.support.databases import import_models

NAMES_A_PERSON = re.compile(r"(^|_)(nik|kk|bidx)($|_)")
FILE = "core/data_classes.toml"


def test_every_table_says_what_it_holds_of_persons():
    import_models()
    told = set(classes()) | without_persons()
    missing = [
        f'{FILE}: table "{name}" is missing. Without recipients: add "{name}" to [without_persons] tables. '
        f"Else add [table.{name}] with purpose, basis, retention, subject and its columns (see the file's head)."
        for name in sorted(Base.metadata.tables)
        if name not in told
    ]
    assert not missing, "\n".join(missing)
    assert not sorted(told - set(Base.metadata.tables)), f"{FILE} names tables that do not exist"
    assert not sorted(set(classes()) & without_persons()), f"{FILE} names tables twice"


def test_every_column_is_classed_and_exists():
    import_models()
    wrong = []
    for name, told in classes().items():
        if name not in Base.metadata.tables:
            continue
        columns = Base.metadata.tables[name].columns
        named = set(told.personal) | (told.plain - {"*"})
        wrong += [f"{FILE} [table.{name}]: there is no column {one}" for one in sorted(named - set(columns.keys()))]
        if "*" not in told.plain:
            wrong += [
                f'{FILE} [table.{name}]: column "{one.name}" is missing. Personal: add {one.name} = "clear" (or '
                f'"pseudonym", "keep") to general or specific; else add "{one.name}" to plain.'
                for one in columns
                if needs_entry(one) and one.name not in named
            ]
        wrong += [
            f"{FILE} [table.{name}]: {one} is classed twice" for one in sorted(set(told.general) & set(told.specific))
        ]
        if told.retention not in retentions():
            wrong.append(f"{FILE} [table.{name}]: [retention] knows no {told.retention}")
        if told.is_of_households != bool(told.subject):
            wrong.append(f"{FILE} [table.{name}]: subject says how a household's rows are found; staff have none")
    assert not wrong, "\n".join(wrong)


def test_no_table_without_persons_points_at_one_or_seals_something():
    import_models()
    wrong = []
    for name in sorted(without_persons() & set(Base.metadata.tables)):
        for column in Base.metadata.tables[name].columns:
            leads = {key.column.table.name for key in column.foreign_keys} & {"household", "member"}
            if leads or column.name in ("household_id", "member_id"):
                wrong.append(f"{name}.{column.name} leads to a household: give {name} a section of its own in {FILE}")
            elif isinstance(column.type, Sealed) or NAMES_A_PERSON.search(column.name):
                wrong.append(f"{name}.{column.name} may hold a number: give {name} a section of its own in {FILE}")
    assert not wrong, "\n".join(wrong)


def test_a_sealed_column_is_personal_and_is_cleared():
    import_models()
    for name, told in classes().items():
        for column in Base.metadata.tables[name].columns:
            if isinstance(column.type, Sealed):
                assert told.personal.get(column.name) == "clear", f"{FILE} [table.{name}]: {column.name} is sealed"


def test_what_is_kept_for_days_says_from_when_they_count_and_the_rest_does_not():
    import_models()
    for name, told in classes().items():
        assert bool(told.ages_by) == (retentions()[told.retention].days is not None), f"{FILE} [table.{name}]: ages_by"
        here, _, there = (one.strip() for one in told.ages_by.partition("="))
        other, _, column = there.partition(".")
        for table, instant in ((name, here), (other, column)):
            assert not instant or instant in Base.metadata.tables[table].columns, f"{FILE} [table.{name}]: ages_by"
