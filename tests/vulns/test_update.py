"""Updates through the real code, from a server on this machine: all, news, cuts, and what does not hold."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from feeds_made import (
    Table,
    affected,
    below,
    cve,
    dyad,
    epss,
    kernel_record,
    kev,
    match,
    node,
    nvd,
    nvd_page,
    osv,
    packed,
    tarred,
    zipped,
)
from served import Site
from updating import NOW, Update

from firmward.vulns.database import Database
from firmward.vulns.feeds import cve as cve_feed
from firmward.vulns.intake import Extent
from firmward.vulns.update import Outcome

Known = Callable[[], Database]
KERNEL = "/pub/scm/linux/security/vulns.git/snapshot/vulns-master.tar.gz"
KEV = "/sites/default/files/feeds/known_exploited_vulnerabilities.json"
CVES = "/CVEProject/cvelistV5"
FIRST, SECOND, THIRD = "CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"


def only(outcomes: list[Outcome]) -> Outcome:
    (one,) = outcomes
    return one


def flaws(name: str, *pairs: tuple[str, str]) -> dict[str, bytes]:
    place = f"vulns-master/cve/published/2026/{name}"
    record = kernel_record(name, *pairs, files=("fs/a.c",))
    return {f"{place}.dyad": dyad(*pairs), f"{place}.json": packed(record), f"{place}.mbox": b"mail"}


def listed(name: str, record: Table) -> dict[str, bytes]:
    return {f"cvelistV5-main/cves/2026/0xxx/{name}.json": packed(record)}


def plain(name: str, product: str = "app", **rest: object) -> Table:
    return cve(name, affected("Maker", product, below("1.0", "1.5")), **rest)  # type: ignore[arg-type]


def test_the_whole_is_taken_and_then_only_what_changed(site: Site, run: Update, known: Known) -> None:
    site.put(KERNEL, tarred(flaws(FIRST, ("5.10", "6.1")) | flaws(SECOND, ("0", "0"))))
    told = only(run("kernel")).told
    assert told is not None
    assert (told.records, told.skipped) == (4, 0)
    assert only(run("kernel", now=NOW + timedelta(days=1))).told is None
    (status,) = known().status().feeds
    assert (status.checked, status.updated) == (NOW + timedelta(days=1), NOW)
    site.put(KERNEL, tarred(flaws(SECOND, ("5.4", "5.10"))), '"2"')
    assert only(run("kernel")).extent is Extent.WHOLE
    assert [(one.vulnerability, one.pairs) for one in known().kernel()] == [(SECOND, (("5.4", "5.10"),))]


def test_a_cut_download_is_resumed(site: Site, run: Update, known: Known, tmp_path: Path) -> None:
    site.put(KERNEL, tarred(flaws(FIRST, ("5.10", "6.1")))).cuts = [100, 150]
    assert only(run("kernel")).error == ""
    assert len(known().kernel()) == 1
    assert site.asked[1][1] == "bytes=100-"
    assert not list((tmp_path / "cache").rglob("*.part*"))


@pytest.mark.parametrize("statuses", [[500] * 9, [404] * 9, [403] * 9])
def test_a_failing_server_leaves_what_was_there(site: Site, run: Update, known: Known, statuses: list[int]) -> None:
    site.put(KERNEL, tarred(flaws(FIRST, ("5.10", "6.1"))))
    run("kernel")
    site.put(KERNEL, b"", '"2"').statuses = statuses
    assert str(statuses[0]) in only(run("kernel")).error
    assert len(known().kernel()) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>Please log in</html>", "vulns-master.tar.gz: the archive is damaged"),
        (b"", "damaged"),
        (tarred({"README": b"nothing"}), "no record"),
        (tarred(flaws(SECOND, ("5.10", "6.1")))[:-20], "damaged or cut off"),
        (gzip.compress(b"x" * 5000, mtime=0), "damaged"),
        (tarred({f"a/{FIRST}.json": b"{"}), "none could be read"),
    ],
)
def test_wrong_content_leaves_what_was_there(site: Site, run: Update, known: Known, content: bytes, why: str) -> None:
    site.put(KERNEL, tarred(flaws(FIRST, ("5.10", "6.1"))))
    run("kernel")
    site.put(KERNEL, content, '"2"')
    assert why in only(run("kernel")).error
    assert [one.vulnerability for one in known().kernel()] == [FIRST]
    assert known().status().feeds[0].updated == NOW


def test_one_feed_that_fails_costs_itself_alone(site: Site, run: Update, known: Known) -> None:
    site.put(KEV, kev(FIRST))
    kernel, exploited = run("kernel", "kev")
    assert kernel.error
    assert not exploited.error
    assert known().about([FIRST])[FIRST].exploited is not None


def test_malformed_records_are_counted_named_and_skipped(site: Site, run: Update, known: Known) -> None:
    broken: dict[str, bytes] = {
        "CVE-2026-1000": b'{"a": ' + b"[" * 100_000,
        "CVE-2026-1001": b'{"cveMetadata": {"cveId": 7}}',
        "CVE-2026-1002": packed(plain("CVE-2026-1")),
        "CVE-2026-1003": packed(cve("CVE-2026-1003", affected("v", "p", {"version": [1]}))),
        "CVE-2026-1004": packed(plain("x" * 500)),
        "CVE-2026-1005": b"9" * 10_000,
        "CVE-2026-1006": packed([1, 2]),
        "CVE-2026-1007": packed(
            plain("CVE-2026-1007", metrics=[{"cvssV3_1": {"vectorString": "x", "baseScore": 1e300}}])
        ),
        "CVE-2026-1008": packed({**plain("CVE-2026-1008"), "containers": []}),
        "CVE-2026-1009": b"",
    }
    members = {name: content for one, raw in broken.items() for name, content in ((f"x/cves/{one}.json", raw),)}
    site.put(f"{CVES}/archive/refs/heads/main.zip", zipped(members | listed(FIRST, plain(FIRST))))
    site.put(f"{CVES}/raw/main/cves/deltaLog.json", b"[]")
    told = only(run("cve")).told
    assert told is not None
    assert (told.records, told.skipped) == (1, 10)
    assert [name for name, _ in told.reasons] == [f"{name}.json" for name in broken]
    (status,) = known().status().feeds
    assert status.skipped == 10
    assert status.reasons == tuple(told.reasons)


def test_long_names_are_no_reason_to_skip(run: Update, known: Known, tmp_path: Path) -> None:
    names = ", ".join(f"Board {number}" for number in range(200))[:2000]
    record = cve(FIRST, affected("Maker", names, below("1", "2")), affected("Maker", "app", below("1", "x" * 900)))
    (tmp_path / f"{FIRST}.json").write_bytes(packed(record))
    told = only(run(given={"cve": tmp_path / f"{FIRST}.json"})).told
    assert told is not None
    assert (told.records, told.skipped) == (1, 0)
    assert known().claims([("maker", names.replace(" ", "_"))])


def test_a_package_of_a_collection_is_found_by_its_ecosystem(run: Update, known: Known, tmp_path: Path) -> None:
    entry = affected(
        "n/a", "n/a", below("1", "2"), packageName="Some_App", collectionURL="https://pypi.example/project"
    )
    (tmp_path / f"{FIRST}.json").write_bytes(packed(cve(FIRST, entry)))
    run(given={"cve": tmp_path / f"{FIRST}.json"})
    assert {claim.product.ecosystem for claim in known().claims([("PyPI", "some-app")])} == {"PyPI"}
    assert known().claims([("", "n/a")]) == ()


def test_odd_words_are_taken_as_far_as_they_go(site: Site, run: Update, known: Known) -> None:
    """Halves of surrogates, control characters, a name that comes twice."""
    odd = cve(FIRST, affected("M\ud800ker", "a\x1bpp", below("1", "2")), title="t\ud800\x00\x1b[31m")
    members = {"a/CVE-2026-0001.json": packed(plain(FIRST, "old")), "b/CVE-2026-0001.json": packed(odd)}
    site.put(f"{CVES}/archive/refs/heads/main.zip", zipped(members))
    site.put(f"{CVES}/raw/main/cves/deltaLog.json", b"[]")
    assert only(run("cve")).error == ""
    assert known().claims([("maker", "old")]) == ()
    assert {claim.vulnerability for claim in known().claims([("", "a_pp")])} == {FIRST}
    assert known().about([FIRST])[FIRST].title == "t [31m"


def delta_log(*changed: str, moment: str, oldest: str = "2026-11-01T00:00:00.000Z") -> bytes:
    news = [{"cveId": name, "dateUpdated": moment} for name in changed]
    return packed(
        [
            {"fetchTime": moment, "numberOfChanges": len(news), "new": news[:1], "updated": news[1:]},
            {"fetchTime": oldest, "numberOfChanges": 0, "new": [], "updated": []},
        ]
    )


def test_changes_of_the_list_are_fetched_one_by_one(site: Site, run: Update, known: Known) -> None:
    whole, log = f"{CVES}/archive/refs/heads/main.zip", f"{CVES}/raw/main/cves/deltaLog.json"
    site.put(whole, zipped(listed(FIRST, plain(FIRST)) | listed(SECOND, plain(SECOND)) | {"x/deltaLog.json": b"[]"}))
    site.put(log, delta_log(moment="2026-11-20T00:00:00.000Z"))
    assert only(run("cve")).extent is Extent.WHOLE
    site.put(log, delta_log(FIRST, THIRD, moment="2026-11-21T00:00:00.000Z"), '"2"')
    site.put(f"{CVES}/raw/main/cves/2026/0xxx/{FIRST}.json", packed(cve(FIRST, state="REJECTED")))
    site.put(f"{CVES}/raw/main/cves/2026/0xxx/{THIRD}.json", packed(plain(THIRD)))
    outcome = only(run("cve"))
    assert outcome.extent is Extent.CHANGES
    assert outcome.told is not None
    assert outcome.told.rejected == 1
    assert site.paths().count(whole) == 1
    assert {one.vulnerability for one in known().claims([("maker", "app")])} == {SECOND, THIRD}
    assert known().about([FIRST])[FIRST].is_rejected
    assert only(run("cve")).told is None
    site.put(log, delta_log(moment="2027-02-01T00:00:00.000Z", oldest="2027-01-02T00:00:00.000Z"), '"3"')
    site.put(whole, zipped(listed(SECOND, plain(SECOND))), '"2"')
    assert only(run("cve")).extent is Extent.WHOLE, "the log does not reach back to the last update"


def test_too_many_changes_are_the_whole(site: Site, run: Update, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cve_feed, "CHANGES_LIMIT", 1)
    whole, log = f"{CVES}/archive/refs/heads/main.zip", f"{CVES}/raw/main/cves/deltaLog.json"
    site.put(whole, zipped(listed(FIRST, plain(FIRST))))
    site.put(log, delta_log(moment="2026-11-20T00:00:00.000Z"))
    run("cve")
    site.put(whole, zipped(listed(FIRST, plain(FIRST))), '"2"')
    site.put(log, delta_log(FIRST, SECOND, moment="2026-11-21T00:00:00.000Z"), '"2"')
    assert only(run("cve")).extent is Extent.WHOLE


def configured(name: str, end: str, **rest: str) -> Table:
    bounds = match("a:maker:app:*:*:*:*:*:*:*:*", versionEndExcluding=end)
    return nvd(name, {"nodes": [node(bounds)]}, **rest)  # type: ignore[arg-type]


def test_nvd_by_years_and_then_by_pages(site: Site, run: Update, known: Known) -> None:
    for year in range(2002, 2027):
        records = [configured(FIRST, "1.1"), configured(SECOND, "1.2")] if year == 2025 else []
        site.put(f"/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz", gzip.compress(nvd_page(*records), mtime=0))
    outcome = only(run("nvd"))
    assert outcome.error == ""
    assert outcome.extent is Extent.WHOLE
    changed = [configured(FIRST, "1.3"), configured(SECOND, "1.2", status="Rejected")]
    later = NOW + timedelta(days=3)
    base = "/rest/json/cves/2.0?lastModStartDate=2026-11-21T10:00:00.000Z&lastModEndDate=2026-11-24T12:00:00.000Z"
    for start, record in enumerate(changed):
        site.put(f"{base}&resultsPerPage=2000&startIndex={start}", nvd_page(record, total=2))
    outcome = only(run("nvd", now=later))
    assert (outcome.error, outcome.extent) == ("", Extent.CHANGES)
    found = known().claims([("maker", "app")])
    assert [(one.vulnerability, one.product.ranges[0].end) for one in found] == [(FIRST, "1.3")]
    site.files = {name: file for name, file in site.files.items() if "rest" not in name}
    assert only(run("nvd", now=later + timedelta(days=200))).extent is Extent.WHOLE, (
        "beyond what the API gives at a time"
    )


def test_nvd_is_given_the_key_and_tells_it_nobody(
    site: Site, run: Update, known: Known, means: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(means.settings, "keys", {"nvd": "secret-key"})  # type: ignore[attr-defined]
    assert "secret-key" not in repr(means)
    only(run("nvd"))
    assert site.headers[0].get("Apikey") == "secret-key"


def test_an_endless_list_of_pages_ends(site: Site, run: Update) -> None:
    for year in range(2002, 2027):
        site.put(f"/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz", gzip.compress(nvd_page(configured(FIRST, "1"))))
    run("nvd")
    site.put("/rest/json/cves/2.0", nvd_page(total=10))
    assert "empty page" in only(run("nvd", now=NOW + timedelta(days=1))).error
    site.put("/rest/json/cves/2.0", nvd_page(total=10**9))
    assert "number of results" in only(run("nvd", now=NOW + timedelta(days=1))).error


def test_osv_by_ecosystem_and_then_by_record(site: Site, run: Update, known: Known, means: object) -> None:
    object.__setattr__(means.settings, "ecosystems", ("PyPI", "Go"))  # type: ignore[attr-defined]
    record = osv("GHSA-aaaa-bbbb-cccc", "PyPI", "Some_App", {"introduced": "0"}, {"fixed": "2.0"}, aliases=[FIRST])
    site.put("/osv-vulnerabilities/PyPI/all.zip", zipped({"GHSA-aaaa-bbbb-cccc.json": packed(record)}))
    site.put("/osv-vulnerabilities/PyPI/modified_id.csv", b"2026-11-20T00:00:00Z,GHSA-aaaa-bbbb-cccc\nnoise\n")
    site.put("/osv-vulnerabilities/Go/all.zip", zipped({"GO-2026-1.json": packed(osv("GO-2026-1", "Go", "x.org/y"))}))
    site.put("/osv-vulnerabilities/Go/modified_id.csv", b"2026-11-20T00:00:00Z,GO-2026-1\n")
    assert only(run("osv")).error == ""
    assert [one.product.ranges[0].end for one in known().claims([("PyPI", "some.app")])] == ["2.0"]
    assert known().about(["GHSA-aaaa-bbbb-cccc"])["GHSA-aaaa-bbbb-cccc"].aliases == (FIRST,)
    gone = {**record, "withdrawn": "2026-11-21T00:00:00Z"}
    site.put("/osv-vulnerabilities/PyPI/modified_id.csv", b"2026-11-21T00:00:00Z,GHSA-aaaa-bbbb-cccc\n")
    site.put("/osv-vulnerabilities/PyPI/GHSA-aaaa-bbbb-cccc.json", packed(gone))
    assert only(run("osv")).extent is Extent.CHANGES
    assert known().claims([("PyPI", "some-app")]) == ()


def test_exploits_and_probabilities(site: Site, run: Update, known: Known) -> None:
    site.put(KEV, kev(FIRST, SECOND))
    site.put("/epss_scores-current.csv.gz", epss(CVE_2026_0001=0.97, CVE_2026_0003=0.01, CVE_2026_0004=7.0))
    exploited, probable = run("kev", "epss")
    assert not exploited.error
    assert probable.told is not None
    assert (probable.told.records, probable.told.skipped) == (2, 1)
    found = known().about([FIRST, SECOND, THIRD, "CVE-2026-0009"])
    assert [found[name].epss for name in (FIRST, SECOND, THIRD)] == [0.97, None, 0.01]
    assert found[FIRST].exploited is not None
    assert found[FIRST].exploited.ransomware
    assert "CVE-2026-0009" not in found


def test_the_distributions(site: Site, run: Update, known: Known) -> None:
    states = {
        "bookworm": {"status": "resolved", "fixed_version": "1.2-3+deb12u1", "urgency": "not yet assigned"},
        "trixie": {"status": "resolved", "fixed_version": "0", "urgency": "unimportant"},
        "sid": {"status": "open", "urgency": "end-of-life"},
        "bullseye": {"status": "undetermined", "urgency": "low"},
    }
    tracker = {"app": {FIRST: {"releases": states}, "TEMP-0000000-1A2B3C": {"releases": states}}, "odd": []}
    site.put("/tracker/data/json", packed(tracker))
    secdb = {
        "distroversion": "v3.20",
        "reponame": "main",
        "packages": [{"pkg": {"name": "app", "secfixes": {"1.2-r1": [f"{FIRST} XSA-1", SECOND], "0": [THIRD]}}}],
    }
    site.put("/v3.20/main.json", packed(secdb))
    site.put("/v3.20/community.json", packed({**dict(reversed(secdb.items())), "reponame": "community"}))
    lists = b"Package: libapp1\nVersion: 1.2-1\nCPE-ID: cpe:/a:maker:app\n\nPackage: other\n"
    site.put("/releases/packages-23.05/x86_64/base/Packages.gz", gzip.compress(lists, mtime=0))
    for outcome in run("debian", "alpine", "openwrt"):
        assert not outcome.error
    one = known()
    fixes = {name: one.fixes(f"debian:{name}", ["app"]) for name in ("12", "13", "sid", "11")}
    assert [[fix.fixed for fix in fixes[name]] for name in fixes] == [["1.2-3+deb12u1"], ["0"], [""], []]
    assert fixes["13"][0].urgency == "unimportant"
    assert {fix.vulnerability: fix.fixed for fix in one.fixes("alpine:3.20", ["app"])} == {
        FIRST: "1.2-r1",
        SECOND: "1.2-r1",
        THIRD: "0",
    }
    assert one.names("openwrt:23.05", "libapp1") == (("maker", "app"),)
    assert (one.covers("debian:12"), one.covers("debian:9"), one.covers("openwrt:23.05")) == (True, False, False)


def test_a_mirror_has_upstreams_paths(site: Site, run: Update) -> None:
    run("kernel", "kev", "epss", "eol", "debian")
    assert site.paths() == [
        KERNEL,
        KEV,
        "/epss_scores-current.csv.gz",
        "/api/v1/products/full",
        "/tracker/data/json",
    ]


def test_an_empty_upstream_is_no_news(site: Site, run: Update) -> None:
    assert "nothing" in only(run("alpine")).error


def test_files_that_are_given_use_no_network(site: Site, run: Update, known: Known, tmp_path: Path) -> None:
    folder = tmp_path / "vulns"
    for name, content in (flaws(FIRST, ("5.10", "6.1")) | flaws(SECOND, ("5.4", "0"))).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (folder / "vulns-master/cve/rejected/2026").mkdir(parents=True)
    rejected = folder / f"vulns-master/cve/published/2026/{SECOND}.json"
    rejected.rename(folder / f"vulns-master/cve/rejected/2026/{SECOND}.json")
    told = only(run(given={"kernel": folder})).told
    assert told is not None
    assert told.rejected == 1
    assert [one.vulnerability for one in known().kernel()] == [FIRST]
    assert site.asked == []


def test_a_folder_replaces_and_a_delta_adds(run: Update, known: Known, tmp_path: Path) -> None:
    whole, delta = tmp_path / "cves.zip", tmp_path / "2026-11-21_delta_CVEs_at_1200Z.zip"
    whole.write_bytes(zipped({f"cves/2026/0xxx/{FIRST}.json": packed(plain(FIRST))}))
    delta.write_bytes(zipped({f"deltaCves/{SECOND}.json": packed(plain(SECOND))}))
    alone = tmp_path / f"{THIRD}.json"
    alone.write_bytes(packed(plain(THIRD)))

    def names() -> set[str]:
        return {one.vulnerability for one in known().claims([("maker", "app")])}

    run(given={"cve": whole})
    run(given={"cve": delta})
    run(given={"cve": alone})
    assert names() == {FIRST, SECOND, THIRD}
    run(given={"cve": whole})
    assert names() == {FIRST}


def test_a_delta_replaces_what_its_records_said(run: Update, known: Known, tmp_path: Path) -> None:
    path = tmp_path / f"{FIRST}.json"
    for product in ("app", "other"):
        path.write_bytes(packed(plain(FIRST, product)))
        run(given={"cve": path})
    assert known().claims([("maker", "app")]) == ()
    assert known().claims([("maker", "other")])


def test_a_rejected_name_has_nothing_left_in_any_feed(run: Update, known: Known, tmp_path: Path) -> None:
    files = {
        "nvd": nvd_page(configured(FIRST, "2"), configured(SECOND, "2")),
        "osv": packed(osv(FIRST, "Debian:12", "app", {"introduced": "0"}, {"fixed": "2-1"})),
        "kernel": packed({"id": FIRST, "pairs": [["5.10", "6.1"]], "files": []}),
        "cve": packed(cve(FIRST, state="REJECTED")),
    }
    for feed, content in files.items():
        path = tmp_path / (f"{FIRST}.jsonl" if feed == "kernel" else f"{FIRST}.json")
        path.write_bytes(content)
        assert only(run(given={feed: path})).error == ""
    one = known()
    assert {claim.vulnerability for claim in one.claims([("maker", "app"), ("", "app")])} == {SECOND}
    assert one.fixes("debian:12", ["app"]) == ()
    assert len(one.kernel()) == 0
    assert one.about([FIRST])[FIRST].is_rejected


def test_the_kernels_own_pairs_count_before_those_of_its_records(run: Update, known: Known, tmp_path: Path) -> None:
    record = tmp_path / f"{FIRST}.json"
    record.write_bytes(packed(kernel_record(FIRST, ("5.10", "6.1"), files=("fs/a.c",))))
    run(given={"cve": record})
    assert known().kernel()[0].pairs == (("5.10", "6.1"),)
    assert known().claims([("linux", "linux"), ("linux", "linux_kernel")]) == ()
    archive = tmp_path / "vulns.tar.gz"
    archive.write_bytes(tarred({f"cve/published/2026/{FIRST}.dyad": dyad(("5.10", "6.1"), ("5.15.7", "5.15.7"))}))
    run(given={"kernel": archive})
    assert known().kernel()[0].pairs == (("5.10", "6.1"), ("5.15.7", "5.15.7"))


@pytest.mark.parametrize("suffixes", [(".json", ".dyad"), (".dyad", ".json")])
def test_branches_count_before_the_record_beside_them(
    run: Update, known: Known, tmp_path: Path, suffixes: tuple[str, ...]
) -> None:
    files = {
        ".json": packed(kernel_record(FIRST, ("5.10", "6.1"), files=("fs/a.c",))),
        ".dyad": dyad(("5.10", "6.1"), ("5.15.7", "5.15.7")),
    }
    archive = tmp_path / "vulns.tar.gz"
    archive.write_bytes(tarred({f"cve/published/2026/{FIRST}{suffix}": files[suffix] for suffix in suffixes}))
    run(given={"kernel": archive})
    (flaw,) = known().kernel()
    assert (flaw.pairs, flaw.files) == ((("5.10", "6.1"), ("5.15.7", "5.15.7")), ("fs/a.c",))


def test_what_is_taken_back_keeps_no_rows(run: Update, known: Known, tmp_path: Path) -> None:
    place = tmp_path / f"{FIRST}.json"
    for record in (kernel_record(FIRST, ("5.10", "6.1")), plain(FIRST), cve(FIRST, state="REJECTED")):
        place.write_bytes(packed(record))
        run(given={"cve": place})
    (status,) = known().status().feeds
    assert dict(status.rows) == {"about": 1}


def test_lines_of_flaws(run: Update, known: Known, tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": FIRST, "pairs": [["5.10", "6.1"]], "files": ["fs/a.c"], "v3": "CVSS:3.1/x", "s3": 7.8}),
        json.dumps({"id": SECOND, "pairs": [["5.10"]]}),
        json.dumps({"id": THIRD, "pairs": [["a b", "6.1"]]}),
        "{",
        "x" * (2 << 20),
        json.dumps({"id": THIRD, "pairs": [], "files": []}),
    ]
    path = tmp_path / "kernel.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    told = only(run(given={"kernel": path})).told
    assert told is not None
    assert (told.records, told.skipped) == (2, 4)
    assert [one.vulnerability for one in known().kernel()] == [FIRST, THIRD]
    assert known().about([FIRST])[FIRST].scores[0].score == 7.8


def test_a_bomb_leaves_what_was_there(run: Update, known: Known, tmp_path: Path, means: object) -> None:
    from firmward.vulns.documents import Budget

    good, bomb = tmp_path / f"{FIRST}.json", tmp_path / "cves.zip"
    good.write_bytes(packed(plain(FIRST)))
    bomb.write_bytes(zipped({f"{SECOND}.json": packed(plain(SECOND)), f"{THIRD}.json": b" " * (8 << 20)}))
    run(given={"cve": good})
    object.__setattr__(means, "budget", lambda: Budget(bytes=1 << 20))
    assert "more than a feed may have" in only(run(given={"cve": bomb})).error
    assert {one.vulnerability for one in known().claims([("maker", "app")])} == {FIRST}
