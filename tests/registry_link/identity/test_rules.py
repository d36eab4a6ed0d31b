"""How much names are alike, and what that says of two households."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest

from registry_link.households.states import Sex
from registry_link.identity.rules import alike, alike_of_one_day, evidence_of, likeness, name_words, score_of
from registry_link.identity.states import Evidence

BORN = date(1986, 4, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    home: UUID
    name: str
    village_code: str = "99.01.01.1001"
    sex: Sex | None = None
    birth_on: date | None = BORN
    is_new: bool = True


def home(number: int, name: str, **also: object) -> One:
    return One(home=UUID(int=number), name=name, **also)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("Maria Contoh", "MARIA  CONTOH", 1000),
        ("Contoh, Maria", "Maria Contoh", 1000),
        ("Hj. Maria Contoh", "Maria Contoh", 1000),
        ("M. Yusuf Contoh", "Muhammad Yusuf Contoh", 1000),
        ("Yohanes Kelbulan", "Yohannes Kelbulan", 950),
        ("Siti Aminah Contoh", "Siti Aminah", 800),
    ],
)
def test_one_name_written_twice_is_alike(one: str, other: str, least: int) -> None:
    assert likeness(name_words(one), name_words(other)) >= least


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria Contoh", "Yohanes Contoh"),
        ("I Wayan Contoh", "I Wayan Sukarma"),
        ("Agustina Batlayeri", "Agustinus Batlayeri Fordatkosu"),
        ("", ""),
    ],
)
def test_two_names_are_not_alike(one: str, other: str) -> None:
    assert likeness(name_words(one), name_words(other)) < 800


def test_further_apart_names_must_say_more() -> None:
    near, far = home(1, "Siti Aminah Contoh"), "99.01.01.2002"
    assert alike(near, home(2, "Siti Aminah")) >= 800
    assert alike(near, home(2, "Siti Aminah", village_code=far)) == 0
    assert alike(near, home(2, "Siti Aminah Contohh", village_code=far)) >= 900


def test_another_day_another_sex_and_the_same_household_are_nobody_twice() -> None:
    one = home(1, "Maria Contoh", sex=Sex.FEMALE)
    assert alike(one, home(2, "Maria Contoh", sex=Sex.MALE)) == 0
    assert alike(one, home(2, "Maria Contoh", birth_on=date(1986, 4, 3))) == 0
    assert alike(one, home(2, "Maria Contoh", birth_on=None)) == 0
    assert alike(one, home(1, "Maria Contoh")) == 0
    assert alike(one, home(2, "Maria Contoh")) == 1000


def test_only_pairs_with_somebody_new_are_compared() -> None:
    people = [home(1, "Maria Contoh", is_new=False), home(2, "Maria Contoh", is_new=False), home(3, "Maria Contoh")]
    found = {(one.home.int, other.home.int) for one, other, _ in alike_of_one_day(people)}
    assert found == {(1, 3), (2, 3)}


def test_a_day_that_thousands_share_is_compared_by_words_they_do_not_share() -> None:
    many = [home(number, f"Contoh {'abcdefghij'[number % 10] * 5}{number}") for number in range(3000)]
    twice = home(9001, "Maria Kelbulan"), home(9002, "Maria Kelbulan")
    found = list(alike_of_one_day([*many, *twice]))
    assert (*twice, 1000) in found
    assert len(found) < 10


def test_a_number_says_more_than_a_name_and_a_card_alone_the_least() -> None:
    by_nik = score_of(shares_nik=True, shares_kk=False, name_permille=0)
    by_name = score_of(shares_nik=False, shares_kk=False, name_permille=950)
    by_card = score_of(shares_nik=False, shares_kk=True, name_permille=0)
    assert by_nik > by_name > by_card
    assert score_of(shares_nik=True, shares_kk=True, name_permille=1000) == 1000
    assert evidence_of(shares_nik=False, shares_kk=True, name_permille=900) is Evidence.NAME
    assert evidence_of(shares_nik=False, shares_kk=False, name_permille=0) is Evidence.TOLD
