"""The kernel's flaws in their packed form are those that were packed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.vulns.bodies import body_of, claim_of
from firmward.vulns.packed import NONE, pack, unpack
from firmward.vulns.record import Claim, KernelFlaw, Product, Range, Scheme, Status

VERSIONS = st.sampled_from(["0", "2.6.12", "5.10", "5.10.7", "6.1", "6.1.170"])
FLAWS = st.lists(
    st.builds(
        KernelFlaw,
        st.from_regex(r"CVE-2026-[0-9]{4}", fullmatch=True),
        st.lists(st.tuples(VERSIONS, VERSIONS), max_size=4).map(tuple),
        st.lists(st.sampled_from(["fs/a.c", "net/b.c", "é.c"]), max_size=3).map(tuple),
    )
)
WORDS = st.text(max_size=8)
RANGES = st.builds(Range, WORDS, WORDS, st.booleans(), st.booleans()) | WORDS.filter(bool).map(lambda w: Range(exact=w))
PRODUCTS = st.builds(
    Product, WORDS, WORDS, WORDS, st.lists(RANGES, max_size=3).map(tuple), st.booleans(), st.sampled_from(Scheme)
)
GROUPS = st.lists(st.lists(PRODUCTS, max_size=2).map(tuple), max_size=2).map(tuple)
CLAIMS = st.builds(Claim, st.just("CVE-2026-0001"), st.just("nvd"), WORDS, PRODUCTS, st.sampled_from(Status), GROUPS)


@given(FLAWS)
def test_what_is_packed_is_unpacked(flaws: list[KernelFlaw]) -> None:
    found = unpack(dict(pack(flaws)))
    assert list(found) == flaws
    assert [found[place] for place in range(len(found))] == flaws
    assert found[1:3] == tuple(flaws[1:3])
    if flaws:
        assert found[-1] == flaws[-1]


@given(FLAWS)
def test_each_pair_is_asked_once_and_counts_for_all(flaws: list[KernelFlaw]) -> None:
    asked: list[tuple[str, str]] = []

    def applies(introduced: str, fixed: str) -> bool:
        asked.append((introduced, fixed))
        return introduced == "5.10"

    found = list(unpack(dict(pack(flaws))).applying(applies))
    assert found == [place for place, flaw in enumerate(flaws) if any(pair[0] == "5.10" for pair in flaw.pairs)]
    assert len(asked) == len(set(asked))


def test_without_any_there_are_none() -> None:
    assert list(unpack({})) == list(NONE) == []


@pytest.mark.parametrize("name", ["ids", "versions", "pairs", "pair_numbers", "pair_ends", "file_numbers"])
def test_damage_is_told(name: str) -> None:
    pieces = dict(pack([KernelFlaw("CVE-2026-0001", (("5.10", "6.1"),), ("fs/a.c",))]))
    for damage in (b"", b"\xff" * 8, b"[1]", b"x"):
        with pytest.raises(Malformed):
            unpack({**pieces, name: damage})
    del pieces[name]
    with pytest.raises(Malformed):
        unpack(pieces)


@given(CLAIMS)
def test_a_claim_comes_back_as_it_was(claim: Claim) -> None:
    assert claim_of(claim.vulnerability, claim.feed, claim.by, body_of(claim)) == claim


@pytest.mark.parametrize("body", ["", "[]", "{}", "[1,2]", '["affected",[]]', '["no",["a","b",[],0]]', "[" * 5000])
def test_a_damaged_claim_is_told(body: str) -> None:
    with pytest.raises(Malformed):
        claim_of("CVE-2026-0001", "nvd", "nvd", body)
