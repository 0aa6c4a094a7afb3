"""Downloads that are cut, changed, refused or too large, from a server on this machine."""

from pathlib import Path

import pytest
from served import Site

from firmward.model.errors import DeviceError, InputError
from firmward.vulns.download import Absent, Downloader, Limits, Stamp

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def downloader(tmp_path: Path) -> Downloader:
    return Downloader(
        tmp_path / "parts", Limits(size=2_000_000, timeout=5, tries=2, wait=0), sleep=lambda seconds: None
    )


def test_a_file_arrives(site: Site, downloader: Downloader) -> None:
    site.put("/a.json.gz", CONTENT)
    fetched = downloader.fetch(f"{site.url}/a.json.gz")
    assert fetched is not None
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.stamp == Stamp('"1"')
    assert fetched.path.name.endswith(".json.gz")


def test_a_cut_download_goes_on_where_it_ended(site: Site, downloader: Downloader) -> None:
    site.put("/a", CONTENT).cuts = [300_000, 400_000]
    fetched = downloader.fetch(f"{site.url}/a")
    assert fetched is not None
    assert fetched.path.read_bytes() == CONTENT
    assert [wanted for _, wanted, _ in site.asked] == ["", "bytes=300000-", "bytes=700000-"]


def test_what_arrived_is_kept_for_the_next_run(site: Site, downloader: Downloader) -> None:
    file = site.put("/a", CONTENT)
    file.cuts, file.statuses = [300_000], []
    file.cuts += [0] * 5
    with pytest.raises(DeviceError, match="300000 bytes are kept"):
        downloader.fetch(f"{site.url}/a")
    file.cuts.clear()
    fetched = downloader.fetch(f"{site.url}/a")
    assert fetched is not None
    assert fetched.path.read_bytes() == CONTENT
    assert site.asked[-1][1] == "bytes=300000-"


def test_a_file_that_changed_meanwhile_begins_anew(site: Site, downloader: Downloader) -> None:
    file = site.put("/a", CONTENT)
    file.cuts = [300_000, *[0] * 5]
    with pytest.raises(DeviceError):
        downloader.fetch(f"{site.url}/a")
    site.put("/a", b"other" * 100_000, '"2"')
    fetched = downloader.fetch(f"{site.url}/a")
    assert fetched is not None
    assert fetched.path.read_bytes() == b"other" * 100_000


def test_without_a_stamp_nothing_is_resumed(site: Site, downloader: Downloader) -> None:
    site.put("/a", CONTENT, etag="").cuts = [300_000]
    fetched = downloader.fetch(f"{site.url}/a")
    assert fetched is not None
    assert fetched.path.read_bytes() == CONTENT
    assert {wanted for _, wanted, _ in site.asked} == {""}


def test_what_is_whole_already_is_not_fetched_again(site: Site, downloader: Downloader) -> None:
    site.put("/a", CONTENT)
    for _ in range(2):
        fetched = downloader.fetch(f"{site.url}/a")
        assert fetched is not None
        assert fetched.path.read_bytes() == CONTENT
    assert site.asked[1][1] == f"bytes={len(CONTENT)}-"


def test_the_known_state_is_not_fetched(site: Site, downloader: Downloader) -> None:
    site.put("/a", CONTENT)
    assert downloader.fetch(f"{site.url}/a", Stamp('"1"')) is None
    assert downloader.fetch(f"{site.url}/a", Stamp('"0"')) is not None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(site: Site, downloader: Downloader, status: int) -> None:
    site.put("/a", CONTENT).statuses = [status]
    assert downloader.fetch(f"{site.url}/a") is not None


@pytest.mark.parametrize(("status", "error"), [(500, DeviceError), (403, DeviceError), (404, Absent), (410, Absent)])
def test_a_lasting_failure_is_told(site: Site, downloader: Downloader, status: int, error: type[Exception]) -> None:
    site.put("/a", CONTENT).statuses = [status] * 10
    with pytest.raises(error, match=str(status)):
        downloader.fetch(f"{site.url}/a")
    site.put("/a", CONTENT).statuses = [status] * 10
    with pytest.raises(error, match=str(status)):
        downloader.content(f"{site.url}/a", 100)


def test_too_much_is_refused_before_it_is_written(site: Site, downloader: Downloader) -> None:
    site.put("/a", CONTENT).claims = 3_000_000
    with pytest.raises(InputError, match="announces 3000000 bytes"):
        downloader.fetch(f"{site.url}/a")
    assert not list((downloader.folder).glob("*.part"))
    with pytest.raises(InputError, match="more than 100 bytes"):
        downloader.content(f"{site.url}/a", 100)


def test_something_small_that_is_cut_is_asked_for_again(site: Site, downloader: Downloader) -> None:
    site.put("/a", b"whole").cuts = [2]
    assert downloader.content(f"{site.url}/a", 100) == b"whole"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_a_redirect_leads_to_no_other_kind_of_address(site: Site, downloader: Downloader, target: str) -> None:
    file = site.put("/a", b"")
    file.statuses, file.location = [302] * 4, target
    with pytest.raises((DeviceError, InputError), match=r"not followed|not allowed"):
        downloader.fetch(f"{site.url}/a")


def test_nobody_there_is_told(downloader: Downloader) -> None:
    with pytest.raises(DeviceError):
        downloader.fetch("http://127.0.0.1:9/a")
