"""Payloads come to the device by their digests: verified, bounded, gone on with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from update_made import SECONDS, Maker, image, manifest
from update_server import Server, for_ever, serving

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.folder import Folder
from firmward.trust.place import Steps
from firmward.trust.verified import Verified
from firmward.trust.web import Web
from firmward.update import fetch as payloads
from firmward.update.fetch import fetch
from firmward.update.main import main
from firmward.update.manifest import Blob, Manifest, Payload, Source

CONTENT = bytes(range(256)) * 1024
DIGEST = hashlib.sha256(CONTENT).hexdigest()
BLOB = Blob(len(CONTENT), DIGEST)
KNOWN = manifest(payloads=(Payload("boot", BLOB.size, DIGEST, (Source("full", BLOB),)),))


def verified(named: Manifest = KNOWN) -> Verified[Manifest]:
    return Verified(named, frozenset())


@dataclass
class Line:
    """A place whose line breaks after `breaks` bytes, and that notes from where it was asked."""

    content: bytes = CONTENT
    breaks: int = 1 << 30
    knows_ranges: bool = True
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, path: Steps, limit: int) -> bytes | None:
        raise NotImplementedError

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        self.asked.append((offset, limit))
        if offset and not self.knows_ranges:
            raise DeviceError("the server answers 200")
        for at in range(offset, min(len(self.content), offset + limit), 4096):
            if at - offset >= self.breaks:
                raise DeviceError("the line broke")
            yield self.content[at : min(at + 4096, offset + limit)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "payloads"


def test_a_payload_lies_under_its_digest(folder: Path) -> None:
    assert fetch(verified(), Line(), folder) == (folder / DIGEST,)
    assert (folder / DIGEST).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == [DIGEST]


def test_what_is_there_is_not_fetched_again(folder: Path) -> None:
    fetch(verified(), Line(), folder)
    line = Line()
    fetch(verified(), line, folder)
    assert line.asked == []


def test_what_was_changed_on_the_storage_is_fetched_again(folder: Path) -> None:
    fetch(verified(), Line(), folder)
    (folder / DIGEST).write_bytes(bytes(len(CONTENT)))
    fetch(verified(), Line(), folder)
    assert (folder / DIGEST).read_bytes() == CONTENT


def test_a_broken_line_is_gone_on_with(folder: Path) -> None:
    with pytest.raises(DeviceError, match="the line broke"):
        fetch(verified(), Line(breaks=65536), folder)
    assert not (folder / DIGEST).exists()
    line = Line()
    fetch(verified(), line, folder)
    assert line.asked == [(65536, len(CONTENT) - 65536)]
    assert (folder / DIGEST).read_bytes() == CONTENT


def test_a_server_without_ranges_is_asked_for_all_of_it(folder: Path) -> None:
    with pytest.raises(DeviceError):
        fetch(verified(), Line(breaks=65536), folder)
    line = Line(knows_ranges=False)
    fetch(verified(), line, folder)
    assert [offset for offset, _ in line.asked] == [65536, 0]
    assert (folder / DIGEST).read_bytes() == CONTENT


def test_what_ends_early_is_no_payload_and_is_kept(folder: Path) -> None:
    with pytest.raises(DeviceError, match="bytes are missing"):
        fetch(verified(), Line(CONTENT[:4096]), folder)
    assert not (folder / DIGEST).exists()
    fetch(verified(), Line(), folder)
    assert (folder / DIGEST).read_bytes() == CONTENT


def test_other_bytes_get_no_name_and_are_begun_anew(folder: Path) -> None:
    with pytest.raises(TrustError, match="another digest"):
        fetch(verified(), Line(bytes(len(CONTENT))), folder)
    assert list(folder.iterdir()) == []
    fetch(verified(), Line(), folder)


def test_an_endless_answer_is_cut_where_the_manifest_says(folder: Path) -> None:
    with serving(folder.parent, {DIGEST: for_ever}) as server, pytest.raises(TrustError, match="another digest"):
        fetch(verified(), Web(server.url), folder)
    assert list(folder.iterdir()) == []


def test_nothing_is_asked_for_that_has_no_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "SPARE", 1 << 60)
    line = Line()
    with pytest.raises(DeviceError, match="bytes free, and the update needs"):
        fetch(verified(), line, folder)
    assert line.asked == []


def test_what_another_offer_left_is_removed(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{'b' * 64}.part").write_bytes(b"left")
    fetch(verified(), Line(), folder)
    assert [path.name for path in folder.iterdir()] == [DIGEST]


def test_a_release_of_deltas_alone_says_so(folder: Path) -> None:
    delta = Payload("boot", BLOB.size, DIGEST, (Source("xdelta", BLOB, "c" * 64),))
    with pytest.raises(DeviceError, match="as deltas alone"):
        fetch(verified(manifest(payloads=(delta,))), Line(), folder)


def test_a_folder_that_cannot_be_made_is_the_devices_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeviceError, match="cannot be written"):
        fetch(verified(), Line(), tmp_path / "file" / "payloads")


@pytest.fixture
def released(tmp_path: Path) -> Maker:
    made = Maker(tmp_path / "repository")
    made.release(KNOWN)
    blobs = made.folder / "targets" / "blobs"
    blobs.mkdir()
    (blobs / DIGEST).write_bytes(CONTENT)
    return made


@dataclass
class Device:
    place: Path

    def __post_init__(self) -> None:
        self.image, self.state = self.place / "image", self.place / "state"
        self.payload = self.state / "payloads" / DIGEST

    def runs(self, *words: str) -> int:
        return main(["--image", str(self.image), "--state", str(self.state), *words], lambda: SECONDS)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_the_verb_brings_the_payloads_of_an_update(device: Device, released: Maker) -> None:
    with serving(released.folder) as server:
        image(device.image, released, floor="file", server=server.url)
        assert device.runs("check") == 10
        assert _blobs_asked(server) == []
        assert device.runs("fetch") == 10
        assert _blobs_asked(server) == [f"/targets/blobs/{DIGEST}"]
    assert device.payload.read_bytes() == CONTENT


def test_the_verb_takes_them_from_a_stick_too(device: Device, released: Maker) -> None:
    image(device.image, released, floor="file")
    assert device.runs("fetch", "--from", str(released.folder)) == 10
    assert device.payload.read_bytes() == CONTENT


def test_the_verb_refuses_payloads_that_are_not_the_named_ones(
    device: Device, released: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    image(device.image, released, floor="file")
    (released.folder / "targets" / "blobs" / DIGEST).write_bytes(bytes(len(CONTENT)))
    assert device.runs("fetch", "--from", str(released.folder)) == 1
    assert "another digest" in capsys.readouterr().out
    assert not device.payload.exists()


def _blobs_asked(server: Server) -> list[str]:
    return [path for path in server.asked if "/blobs/" in path]


def test_folders_are_places_too(tmp_path: Path, folder: Path) -> None:
    (tmp_path / DIGEST).write_bytes(CONTENT)
    assert fetch(verified(), Folder(tmp_path), folder) == (folder / DIGEST,)
