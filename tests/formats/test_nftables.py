"""nftables scripts: what nft takes is understood, and nothing makes the reader raise or run on."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import nftables
from firmward.formats.nftables import Ruleset
from firmward.model.facts import Unavailable
from firmward.model.location import Location


def load(text: str, **files: str) -> Ruleset:
    def include(name: str, _at: Location) -> Iterable[tuple[str, str]]:
        return [(name, files[name])] if name in files else []

    return nftables.parse(text, "main", include)


def rules(ruleset: Ruleset, family: str = "inet", table: str = "f", chain: str = "c") -> list[str]:
    return [" ".join(rule.words) for rule in ruleset.chains[(family, table, chain)].rules]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("table inet f { chain c { accept; drop; }; }", ["accept", "drop"]),
        ("table inet f {\n chain c {\n tcp dport { 22,\n 80 } accept\n }\n}", ["tcp dport { 22 , 80 } accept"]),
        ("define P = 22\ntable inet f { chain c { tcp dport $P accept; }; }", ["tcp dport 22 accept"]),
        ("define P = { 22, 80 }\nadd rule inet f c tcp dport $P accept", ["tcp dport { 22 , 80 } accept"]),
        ("add rule inet f c accept\ninsert rule inet f c drop", ["drop", "accept"]),
        ("add rule inet f c accept\nflush chain inet f c\nadd rule inet f c drop", ["drop"]),
        ("table inet f { chain c { accept; }; }\ntable inet f { chain c { drop; }; }", ["accept", "drop"]),
        ('table inet f { chain c { log prefix "a; }" drop; }; }', ["log prefix a; } drop"]),
        ("table inet f { chain c { accept # drop\n }; }", ["accept"]),
        ("table inet f { chain c { tcp \\\n dport 1 accept; }; }", ["tcp dport 1 accept"]),
        ("table inet f { set s { type ipv4_addr; elements = { 1.2.3.4 }; }; chain c { drop; }; }", ["drop"]),
        ("table inet f { chain c { ct state { established, related } accept; drop; }; }",
         ["ct state { established , related } accept", "drop"]),
    ],
)  # fmt: skip
def test_rules_are_read(text: str, expected: list[str]) -> None:
    assert rules(load(text)) == expected


def test_flush_ruleset_forgets_all_before_it() -> None:
    assert load("table ip a { chain b { drop; }; }\nflush ruleset\n").chains == {}


def test_a_chain_says_its_hook_and_policy() -> None:
    chain = load("table ip f { chain c { type filter hook input priority filter - 1; policy drop; }; }").chains[
        ("ip", "f", "c")
    ]
    assert chain.base is not None
    assert (chain.base.type, chain.base.hook, chain.base.priority, chain.policy) == (
        "filter",
        "input",
        "filter - 1",
        "drop",
    )


def test_an_include_is_read_where_it_stands() -> None:
    found = load('add rule inet f c accept\ninclude "x"\nadd rule inet f c drop\n', x="add rule inet f c reject\n")
    assert rules(found) == ["accept", "reject", "drop"]


def test_an_include_within_a_table_is_the_tables() -> None:
    assert rules(load('table inet f {\n include "x"\n}\n', x="chain c {\n drop\n}\n")) == ["drop"]


def test_includes_that_go_in_circles_end() -> None:
    with pytest.raises(Unavailable):
        load('include "x"', x='include "x"')


def test_a_location_is_the_rules_own_line() -> None:
    found = load("table inet f {\n chain c {\n  accept\n  drop\n }\n}\n")
    assert [rule.at.line for rule in found.chains[("inet", "f", "c")].rules] == [3, 4]


PLAIN = "table chain add rule insert flush ruleset inet ip f c { } ; , define X = $X accept policy drop type hook set"
WORDS = st.sampled_from([*PLAIN.split(), "\n", "\\\n", '"', "#"])


@given(st.lists(WORDS, max_size=60))
def test_nothing_but_unavailable_is_raised(words: list[str]) -> None:
    try:
        load(" ".join(words), f="add rule ip a b drop")
    except Unavailable:
        return


def test_definitions_that_double_do_not_grow_without_end() -> None:
    text = "define A = { 1, 2 }\n" + "".join(
        f"define {chr(66 + n)} = {{ ${chr(65 + n)}, ${chr(65 + n)} }}\n" for n in range(24)
    )
    assert sum(len(value) for value in load(text).variables.values()) < 2_000_000


def test_deep_nesting_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        load("table inet f " + "{ a " * 5000)
