"""The kernel's pairs, read as a history of each line."""

import itertools
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import kernel_flaws

from firmward.model.facts import Unknown
from firmward.vulns import kernel
from firmward.vulns.kernel import Release
from firmward.vulns.record import KernelFlaw

Pairs = tuple[tuple[str, str], ...]
LINES: Pairs = (("4.1", "5.10.215"), ("4.1", "6.1.84"), ("4.1", "6.8"))
BACKPORTED: Pairs = (("5.10.50", "5.10.60"), ("5.4.130", "0"), ("5.14", "5.15.3"), ("5.14", "5.16"))


def of(version: str) -> Release:
    found = kernel.release(version)
    assert isinstance(found, Release), found
    return found


def state(pairs: Pairs, version: str) -> str:
    standing = kernel.standing((KernelFlaw("CVE-2024-1", pairs),), of(version))
    return "has" if standing.apply else "doubt" if standing.doubtful else "has not"


@pytest.mark.parametrize(
    ("pairs", "version", "expected"),
    [
        (LINES, "4.0.9", "has not"),
        (LINES, "4.1", "has"),
        (LINES, "4.9.337", "has"),
        (LINES, "5.10.214", "has"),
        (LINES, "5.10.215", "has not"),
        (LINES, "6.1.83", "has"),
        (LINES, "6.1.84", "has not"),
        (LINES, "6.7.99", "has"),
        (LINES, "6.8", "has not"),
        (LINES, "6.12.1", "has not"),
        (BACKPORTED, "5.10.49", "has not"),
        (BACKPORTED, "5.10.50", "has"),
        (BACKPORTED, "5.10.60", "has not"),
        (BACKPORTED, "5.4.129", "has not"),
        (BACKPORTED, "5.4.300", "has"),
        (BACKPORTED, "5.9", "has not"),
        (BACKPORTED, "5.15.2", "has"),
        (BACKPORTED, "5.17", "has not"),
        ((("0", "5.18.3"), ("0", "5.19")), "2.6.12", "has"),
        ((("0", "5.18.3"), ("0", "5.19")), "5.19", "has not"),
        ((("2.6.32.5", "0"),), "2.6.32.70", "has"),
        ((("2.6.32.5", "0"),), "2.6.33", "has not"),
        ((("2.6.33", "0"),), "2.6.32.70", "has not"),
        # brought in and mended within one release
        ((("6.1.9", "6.1.9"), ("6.1.2", "0")), "6.1.170", "has not"),
        ((("6.1.9", "6.1.9"), ("6.1.2", "0")), "6.1.5", "has"),
        # mended, and brought back: the CNA's program and its lists of versions differ
        ((("4.12", "4.18"), ("5.8", "6.1.93"), ("5.8", "6.10")), "4.14", "has"),
        ((("4.12", "4.18"), ("5.8", "6.1.93"), ("5.8", "6.10")), "5.4", "has not"),
        ((("4.12", "4.18"), ("5.8", "6.1.93"), ("5.8", "6.10")), "5.15", "doubt"),
        ((("4.12", "4.18"), ("5.8", "6.1.93"), ("5.8", "6.10")), "6.1.93", "has not"),
        # a fix from before what it mends
        ((("5.10", "5.2"), ("5.10", "5.10.110")), "5.10.20", "doubt"),
        # candidates
        (LINES, "4.1-rc3", "doubt"),
        (LINES, "4.2-rc1", "has"),
        (LINES, "6.8-rc2", "doubt"),
        (LINES, "6.9-rc1", "has not"),
    ],
)
def test_a_line_has_a_flaw_from_one_release_to_another(pairs: Pairs, version: str, expected: str) -> None:
    assert state(pairs, version) == expected


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("6.1.55-1-lts", Release((6, 1, 0), 55, suffix="-1-lts")),
        ("6.1", Release((6, 1, 0))),
        ("v6.1.0", Release((6, 1, 0))),
        ("6.1.0-rc3", Release((6, 1, 0), candidate=3)),
        (
            "5.10.157-android13-4-00001-g0123456789ab",
            Release((5, 10, 0), 157, suffix="-android13-4-00001-g0123456789ab"),
        ),
        ("6.6.31+rpt-rpi-v8", Release((6, 6, 0), 31, suffix="+rpt-rpi-v8")),
        ("4.9.337-tegra", Release((4, 9, 0), 337, suffix="-tegra")),
        ("2.6.32.70", Release((2, 6, 32), 70)),
        ("4.19.325-cip110", Release((4, 19, 0), 325, suffix="-cip110")),
    ],
)
def test_a_builders_suffix_does_not_hide_the_release(said: str, meant: Release) -> None:
    assert kernel.release(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "6.1.0-28-amd64",
        "5.15.0-91-generic",
        "4.18.0-553.el8",
        "5.14.21-1.fc40.x86_64.fc40",
        "six",
        "6",
        "6.1.2.3.4",
        "",
    ],
)
def test_a_count_of_builds_is_no_release(said: str) -> None:
    found = kernel.release(said)
    assert isinstance(found, Unknown), found


def test_the_next_release_of_the_same_line_is_the_first_step() -> None:
    flaw = KernelFlaw("CVE-2024-1", (("4.1", "6.8"), ("4.1", "6.6.24"), ("4.1", "6.1.84"), ("4.1", "5.10.215")))
    assert kernel.fixes(flaw, of("6.1.5")) == ("6.1.84", "6.6.24", "6.8")
    assert kernel.fixes(flaw, of("6.5.1")) == ("6.6.24", "6.8")


RELEASES = st.builds(
    lambda major, minor, patch: f"{major}.{minor}" + (f".{patch}" if patch else ""),
    st.integers(4, 6), st.integers(0, 4), st.integers(0, 5),
)  # fmt: skip
PAIRS = st.lists(st.tuples(RELEASES | st.just("0"), RELEASES | st.just("0")), min_size=1, max_size=5).map(tuple)


@given(PAIRS, RELEASES)
@settings(max_examples=400, deadline=None)
def test_the_order_of_pairs_does_not_matter(pairs: Pairs, version: str) -> None:
    assert {state(tuple(one), version) for one in itertools.islice(itertools.permutations(pairs), 24)} == {
        state(pairs, version)
    }


@given(PAIRS, RELEASES)
@settings(max_examples=400, deadline=None)
def test_a_release_of_its_own_line_that_mends_it_frees_whatever_came_before(pairs: Pairs, version: str) -> None:
    later = f"{of(version).line_name}.{of(version).patch + 9}"
    mended = (*pairs, *((introduced, later) for introduced, _ in pairs))
    assert state(mended, later) == "has not"


@given(PAIRS, RELEASES)
@settings(max_examples=400, deadline=None)
def test_what_never_came_in_is_never_had(pairs: Pairs, version: str) -> None:
    rank = of(version).rank
    if all(introduced != "0" and of(introduced).rank > rank for introduced, _ in pairs):
        assert state(pairs, version) == "has not"


@pytest.fixture(scope="module")
def published() -> list[KernelFlaw]:
    """All that the CNA has published, where the data are at hand."""
    folder = os.environ.get("FIRMWARD_TEST_DATA")
    path = Path(folder or "/nonexistent") / "vuln" / "kernel_cna.jsonl.zst"
    if not path.is_file():
        pytest.skip("FIRMWARD_TEST_DATA has no kernel records")
    packed = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return kernel_flaws(packed.decode())


@pytest.mark.parametrize(
    ("version", "count"),
    [("6.1.170", 2556), ("6.1.192", 1087), ("5.10.200", 5091), ("3.10", 2248), ("2.6.32.70", 1204)],
)
def test_as_many_apply_as_the_cna_counts(published: list[KernelFlaw], version: str, count: int) -> None:
    standing = kernel.standing(published, of(version))
    assert len(standing.apply) == count
    assert len(standing.doubtful) <= 5


def listed(entries: list[dict[str, str]], version: str, status: str) -> bool:
    """Whether the list of versions in a CVE record names a version with this status."""

    def below(one: str, other: str) -> bool:
        return of(one).rank < of(other).rank

    def holds(entry: dict[str, str]) -> bool:
        start, through = entry["version"], entry.get("lessThanOrEqual")
        begun = start == "0" or not below(version, start)
        if "lessThan" in entry:
            return begun and below(version, entry["lessThan"])
        if through is not None:
            return begun and (through == "*" or of(version).line == of(through.removesuffix(".*")).line)
        return version == start

    return any(holds(one) for one in entries if one["status"] == status and one.get("versionType") != "git")


def test_nothing_is_dropped_that_the_records_own_list_names(published: list[KernelFlaw]) -> None:
    """The other words of the same CNA. Where they differ ours say more, as lists leave backports out, or doubt."""
    by_name = {one.vulnerability: one for one in published}
    asked = 0
    for file in sorted(Path(os.environ["FIRMWARD_TEST_DATA"], "vuln", "raw", "cve5-kernel").glob("CVE-*.json")):
        flaw = by_name[file.stem]
        near = {of(version) for pair in flaw.pairs for version in pair if version != "0"}
        versions = {
            f"{one.line_name}.{patch}" for one in near for patch in range(max(one.patch - 1, 1), one.patch + 9, 3)
        }
        for block in json.loads(file.read_text())["containers"]["cna"]["affected"]:
            entries = [one for one in block.get("versions", ()) if one.get("versionType") != "git"]
            for version in versions if entries else ():
                asked += 1
                is_default = block["defaultStatus"] == "affected"
                affected = (
                    not listed(entries, version, "unaffected") if is_default else listed(entries, version, "affected")
                )
                assert not affected or state(flaw.pairs, version) != "has not", (file.stem, version)
    assert asked > 500


def test_all_records_are_judged_in_a_tenth_of_a_second(published: list[KernelFlaw]) -> None:
    started = time.process_time()
    kernel.standing(published, of("6.1.170"))
    assert time.process_time() - started < 0.1
