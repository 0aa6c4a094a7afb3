"""The file itself: where it lies, what is none of ours, who reads while another writes; and real records."""

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from feeds_made import affected, below, cve, packed
from updating import NOW, Update

from firmward.model.errors import InputError
from firmward.vulns import schema
from firmward.vulns.database import Database
from firmward.vulns.record import Knowledge, Range
from firmward.vulns.update import Outcome

FIRST, SECOND = "CVE-2026-0001", "CVE-2026-0002"
Known = Callable[[], Database]


@pytest.fixture
def filled(run: Update, path: Path, tmp_path: Path) -> Path:
    place = tmp_path / f"{FIRST}.json"
    place.write_bytes(packed(cve(FIRST, affected("Maker", "app", below("1", "2")), title="Something")))
    run(given={"cve": place})
    return path


def real(name: str) -> Path:
    folder = Path(os.environ.get("FIRMWARD_TEST_DATA", "/nonexistent"), "vuln")
    if not (folder / name).exists():
        pytest.skip(f"FIRMWARD_TEST_DATA has no vuln/{name}")
    return folder / name


def test_it_is_what_the_matching_asks(filled: Path) -> None:
    with Database(filled) as one:
        knowledge: Knowledge = one
        (claim, other) = knowledge.claims([("maker", "app"), ("", "App"), ("other", "app")])
        assert claim.product.ranges == (Range("1", "2"),)
        assert other.product.is_any, "what the record says of all other versions"
        assert knowledge.about([FIRST, SECOND]).keys() == {FIRST}


def test_at_rest_it_is_one_file(filled: Path) -> None:
    assert [one.name for one in filled.parent.iterdir() if one.name.startswith("vulns")] == ["vulns.sqlite"]


def test_it_is_read_where_nobody_may_write(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Database(filled) as one:
        assert one.about([FIRST])


def test_who_reads_while_another_writes_sees_what_was_there(filled: Path) -> None:
    with schema.writing(filled) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM about")
        with Database(filled) as one:
            assert one.about([FIRST])
        connection.execute("COMMIT")
    with Database(filled) as one:
        assert not one.about([FIRST])


def test_two_updates_at_a_time_are_told(
    filled: Path, run: Update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.05)
    with schema.writing(filled) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="another update is under way"):
            run(given={"cve": tmp_path / f"{FIRST}.json"})
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("content", [b"", b"x" * 5000, b"SQLite format 3\0" + b"x" * 4096])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.sqlite"):
        Database(path)


def test_anothers_database_is_left_alone(tmp_path: Path, run: Update, path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE about (x)")
    other.close()
    place = tmp_path / f"{FIRST}.json"
    place.write_bytes(packed(cve(FIRST, affected("Maker", "app"))))
    for call in (lambda: Database(path), lambda: run(given={"cve": place})):
        with pytest.raises(InputError, match="is no database of vulnerabilities"):
            call()


def test_damage_within_is_told_and_no_traceback(filled: Path) -> None:
    with schema.writing(filled) as connection:
        connection.execute("UPDATE claim SET body = '[1]'")
        connection.execute("UPDATE about SET cwes = 'x'")
        connection.execute("INSERT OR REPLACE INTO packed VALUES ('ids', x'ff')")
    with Database(filled) as one:
        for ask in (lambda: one.claims([("", "app")]), lambda: one.about([FIRST]), one.kernel):
            with pytest.raises(InputError, match="is damaged"):
                ask()


def test_noise_in_the_file_is_told_and_no_traceback(filled: Path) -> None:
    content = filled.read_bytes()
    for place in range(100, len(content), 997):
        filled.write_bytes(content[:place] + b"\xff" * 64 + content[place + 64 :])
        try:
            with Database(filled) as one:
                one.claims([("", "app")])
                one.about([FIRST])
                one.kernel()
                one.status()
        except InputError:
            continue


def test_the_age_counts_from_the_feed_that_was_checked_longest_ago(filled: Path, run: Update, tmp_path: Path) -> None:
    place = tmp_path / "known.json"
    place.write_bytes(packed({"vulnerabilities": [{"cveID": FIRST, "dateAdded": "2026-01-01"}]}))
    run(given={"kev": place}, now=NOW + timedelta(days=5))
    with Database(filled) as one:
        status = one.status()
    assert status.as_of == datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC), "files hold until the newest day in them"
    assert status.age(date(2026, 3, 14)) == 10
    assert status.newest == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"FIRMWARD_VULNS_DB": "/x/y.sqlite"}, "/x/y.sqlite"),
        ({"XDG_DATA_HOME": "/data"}, "/data/firmward/vulns.sqlite"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/home/me"}, "/home/me/.local/share/firmward/vulns.sqlite"),
    ],
)
def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], place: str) -> None:
    for name in ("FIRMWARD_VULNS_DB", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert schema.default_path() == Path(place)


def taken(outcomes: list[Outcome]) -> int:
    (one,) = outcomes
    assert not one.error
    assert one.told is not None
    assert one.told.skipped == 0, one.told.reasons
    return one.told.records


def test_all_of_the_kernels_flaws(run: Update, known: Known) -> None:
    assert taken(run(given={"kernel": real("kernel_cna.jsonl.zst")})) == 14_626
    one = known()
    started = time.process_time()
    flaws = one.kernel()
    assert len(flaws) == len(list(flaws)) == 14_626
    assert time.process_time() - started < 0.5
    assert sum(len(flaw.pairs) for flaw in flaws) == 77_715


@pytest.mark.parametrize(
    ("feed", "place", "count"),
    [
        ("cve", "raw/cve5-other", 7),
        ("cve", "raw/cve5-kernel", 30),
        ("kernel", "raw/cve5-kernel", 30),
        ("kernel", "raw/vulns-dyad", 28),
        ("nvd", "raw/nvd2", 51),
        ("osv", "raw/osv", 10),
        ("kev", "raw/kev/known_exploited_vulnerabilities_2025-08-25.json", 1404),
        ("kev", "raw/kev/kev_facts_2026-07-16.csv", 1647),
        ("epss", "raw/epss/epss_format_sample.csv", 7),
        ("eol", "eol.json", 32),
    ],
)
def test_real_records_are_taken_whole(run: Update, feed: str, place: str, count: int) -> None:
    assert taken(run(given={feed: real(place)})) == count


def test_real_records_say_what_their_sources_say(run: Update, known: Known) -> None:
    for feed, place in (("cve", "raw/cve5-other"), ("nvd", "raw/nvd2"), ("osv", "raw/osv")):
        run(given={feed: real(place)})
    one = known()
    dnsmasq = [claim for claim in one.claims([("thekelleys", "dnsmasq")]) if claim.vulnerability == "CVE-2015-8899"]
    assert [claim.product.ranges for claim in dnsmasq] == [(Range(end="2.75", through=True),)]
    openssl = [claim for claim in one.claims([("openssl", "openssl")]) if claim.vulnerability == "CVE-2024-5535"]
    assert {claim.by for claim in openssl} == {"openssl", "CISA-ADP"}
    windows = [claim for claim in one.claims([("haxx", "curl")]) if claim.vulnerability == "CVE-2016-0754"]
    assert [group[0].product for claim in windows for group in claim.with_all] == ["windows"]
    assert [fix.fixed for fix in one.fixes("debian:12", ["curl"]) if fix.vulnerability == "CVE-2023-38545"] == [
        "7.88.1-10+deb12u4"
    ]
    about = one.about(["CVE-2023-38545"])["CVE-2023-38545"]
    assert about.cwes == (787,)
    assert max(score.score for score in about.scores) == 8.8
