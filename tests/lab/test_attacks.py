"""The catalogue of attacks: one file is one attack, and each says all that a reader of the proof has to know."""

import re
from pathlib import Path
from statistics import median

import pytest

from firmward.audit.catalogue import catalogue
from firmward.lab import attack as folder
from firmward.lab.attacks import Attack, Position, attacks, chosen
from firmward.lab.links import LINKS
from firmward.model.errors import InputError

FILES = sorted(path.stem for path in Path(next(iter(folder.__path__))).glob("*.py") if path.stem != "__init__")
DOCS = Path(__file__).parents[2] / "docs" / "proof.md"
TOOK = re.compile(r"^\| `([a-z-]+)` \|(?: [^|]* \|){5} (\d+) \|", re.MULTILINE)
"""A row of the table of attacks: its id and its seconds."""
LONGEST = 180.0
"""Seconds of one attack on one device: all of them have to end in a quarter of an hour."""
PUBLISHED = re.compile(r"CVE-\d{4}-\d{4,}|CWE-\d+|RFC \d+|ICSA-|\b(19|20)\d\d\b|[A-Z]\w+,? ", re.A)


@pytest.fixture(params=attacks().values(), ids=attacks())
def attack(request: pytest.FixtureRequest) -> Attack:
    found: Attack = request.param
    return found


def test_the_name_of_a_file_is_the_id_of_its_attack() -> None:
    assert sorted(one.replace("-", "_") for one in attacks()) == FILES


def test_they_stand_in_the_order_of_the_links() -> None:
    assert list(attacks().values()) == sorted(attacks().values(), key=lambda one: (LINKS.index(one.link), one.id))


def test_its_words_are_fit_for_a_table(attack: Attack) -> None:
    for words in (attack.title, attack.does, attack.case):
        assert words.strip() == words
        assert words.isprintable()
        assert not words.endswith(".")
    assert attack.does[:1].islower(), "it goes on from `the attacker`"
    assert len(attack.title) <= 70
    assert isinstance(attack.position, Position)


def test_it_follows_a_published_case(attack: Attack) -> None:
    assert PUBLISHED.search(attack.case)


def test_it_strikes_a_link_of_the_chain_or_what_runs_behind_it(attack: Attack) -> None:
    assert attack.link in LINKS


def test_the_audit_has_the_checks_that_foretell_it(attack: Attack) -> None:
    known = {check.id for check in catalogue()}
    assert attack.foretold
    assert set(attack.foretold) <= known


def test_it_ends_in_time(attack: Attack) -> None:
    assert 0 < attack.within <= LONGEST


def test_its_ports_are_ports(attack: Attack) -> None:
    assert all(0 < port < 1 << 16 for port in attack.ports)
    assert len(set(attack.ports)) == len(attack.ports)


@pytest.mark.skipif(not DOCS.exists(), reason="no proof was written into the documentation yet")
def test_the_documentation_names_it(attack: Attack) -> None:
    assert f"`{attack.id}`" in DOCS.read_text(encoding="utf-8")


@pytest.mark.skipif(not DOCS.exists(), reason="no proof was written into the documentation yet")
def test_one_that_took_three_times_as_long_as_others_says_so() -> None:
    seconds = {row[1]: float(row[2]) for row in TOOK.finditer(DOCS.read_text(encoding="utf-8"))}
    usual = Attack.__dataclass_fields__["takes"].default
    long = 3 * median(seconds.values())
    silent = [name for name, took in seconds.items() if took > long and attacks()[name].takes == usual]
    assert silent == []


def test_those_that_are_asked_for_are_chosen_in_their_own_order() -> None:
    assert chosen(()) == tuple(attacks().values())
    assert [one.id for one in chosen(("prompt-by-key-spam", "fit-unsigned", "prompt-by-key-spam"))] == [
        "fit-unsigned",
        "prompt-by-key-spam",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("fit-unsinged", "did you mean .*fit-unsigned"), ("", "lists them"), ("\x00" * 9, "`firmward lab attacks` lists")],
)
def test_an_id_that_there_is_not_gets_near_ones(name: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"no attack has this id; .*{hint}"):
        chosen((name,))
