"""Configuration that multiplies without end costs little, and is unknown."""

import time
from collections.abc import Iterator

import pytest

from firmward.facts import ifupdown, packet_filter, weak_passwords
from firmward.facts.accounts import Field
from firmward.facts.collection import Collection
from firmward.facts.inittab import Inittab
from firmward.facts.packet_filter import Match
from firmward.facts.weak_passwords import Guess
from firmward.formats import crypt_hash, lighttpd, nginx
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.memory import MemoryTree

AT = Location("f", 1)


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < 10


def no_include(name: str, at: Location) -> tuple[tuple[str, str], ...]:
    return ()


def test_chains_that_jump_to_each_other_thrice() -> None:
    chains = {f"c{n}": [Match(AT, jump=f"c{n + 1}")] * 3 for n in range(15)}
    with pytest.raises(Unavailable, match="more rules than are followed"):
        packet_filter.flatten("c0", chains)


def test_chains_that_are_too_deep_are_not_left_out() -> None:
    chains = {f"c{n}": [Match(AT, jump=f"c{n + 1}")] for n in range(30)}
    with pytest.raises(Unavailable, match="deep"):
        packet_filter.flatten("c0", chains)


@pytest.mark.parametrize(
    "text", ['var.a = "xxxxxxxx"\n' + "var.a += var.a\n" * 60, 'var.a = "x"\n' + "var.a = ( var.a, var.a )\n" * 60]
)
def test_variables_that_double(text: str) -> None:
    with pytest.raises(Unavailable, match="more than"):
        lighttpd.parse(text, "f", no_include)


def test_quotes_that_are_not_closed() -> None:
    text = 'a = "' + '\\"' * 500_000
    with pytest.raises(Unavailable, match="quote"):
        lighttpd.parse(text, "f", no_include)
    with pytest.raises(Unavailable, match="quote"):
        nginx.parse(text, "f", no_include)


def test_files_that_name_each_other_often() -> None:
    tree = MemoryTree({"etc/network/interfaces": "source /etc/network/interfaces\n" * 50_000 + "auto eth0\n"})
    assert ifupdown.collect(tree) is not None


def test_a_table_of_many_lines_is_told_as_cut_off() -> None:
    tree = MemoryTree({"etc/inittab": "::respawn:/bin/a\n" * 100_000, "bin/busybox": "x"})
    found = Collection(tree).get(Inittab)
    assert isinstance(found, Unknown) or (isinstance(found, Inittab) and "not followed" in found.unread[0])


def test_a_hash_that_asks_for_a_gibibyte_is_not_tried() -> None:
    value = f"$y$jFT$saltsaltsaltsalt${'a' * 43}"
    assert crypt_hash.cost(value) is None
    assert crypt_hash.cost(f"$y$j9T$saltsaltsaltsalt${'a' * 43}")
    found = weak_passwords.guess([Field("root", value, AT, in_passwd=False)], (), lambda password, setting: setting)
    assert found.passwords[0].guess is Guess.UNTRIED
