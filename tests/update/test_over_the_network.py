"""The whole question over HTTP, from a server that wants to keep the device busy, or full."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from bounded import Bounds, call
from update_made import MANIFEST, NAME, Asker, DirectorMade, Maker, asker
from update_server import (
    Misbehave,
    a_byte_now_and_then,
    a_gigabyte,
    broken_off,
    for_ever,
    serving,
    silent,
)

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.web import Patience, Web
from firmward.update.offer import Answer, Offer

HASTY = Patience(connect=2, silence=0.3, answer=0.4, rate=1 << 24)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path / "repository")
    made.release()
    return made


def asked(device: Asker, url: str) -> Answer:
    with closing(Web(url, HASTY)) as web:
        return device.asks_at(web).answer


def test_an_update_is_found_with_a_few_small_files(tmp_path: Path, maker: Maker) -> None:
    device = asker(tmp_path / "device", maker)
    with serving(maker.folder) as server:
        assert isinstance(asked(device, server.url), Offer)
        server.asked.clear()
        asked(device, server.url)
    assert server.asked[:2] == ["/metadata/2.root.json", "/metadata/timestamp.json"]
    assert len(server.asked) == 3  # and the manifest


@pytest.mark.parametrize("file", ["2.root.json", "timestamp.json", "snapshot.json", "stable.json", "qemu-arm64.json"])
@pytest.mark.parametrize(
    ("misbehave", "error"),
    [
        (for_ever, (TrustError, DeviceError)),
        (a_gigabyte, (TrustError, DeviceError)),
        (a_byte_now_and_then, (DeviceError,)),
        (silent, (DeviceError,)),
        (broken_off, (DeviceError,)),
    ],
)
def test_a_server_that_misbehaves_is_left_soon_and_costs_little(
    tmp_path: Path, maker: Maker, file: str, misbehave: Misbehave, error: tuple[type[Exception], ...]
) -> None:
    device = asker(tmp_path / "device", maker)
    began = time.monotonic()
    with serving(maker.folder, {file: misbehave}) as server:

        def ask(_: bytes) -> None:
            with pytest.raises(error):
                asked(device, server.url)

        call(ask, b"", Bounds(seconds=4, memory=16 << 20))
        assert time.monotonic() - began < 4
    with serving(maker.folder) as server:
        assert isinstance(asked(device, server.url), Offer)


def test_a_director_that_cannot_be_reached_is_no_leave(tmp_path: Path, maker: Maker) -> None:
    directed = DirectorMade(maker.folder)
    directed.orders()
    device: Asker = asker(tmp_path / "device", maker, directed)
    with serving(maker.folder) as server:
        answer = asked(device, server.url)
        assert isinstance(answer, Offer)
        assert answer.manifest.value == MANIFEST
    with serving(maker.folder, {f"{NAME}/metadata/timestamp.json": silent}) as server, pytest.raises(DeviceError):
        asked(device, server.url)
