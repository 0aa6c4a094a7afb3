"""What a repository offers a build, before anything is started."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from firmward.build.built import Built
from firmward.lab.device import Device
from firmward.lab.means.update_server import URL
from firmward.lab.updating import offered
from firmward.lab.updating.slots import Content, Version
from firmward.model.errors import InputError
from firmward.model.policy import parse_policy
from firmward.update.manifest import FULL, Blob, Health, Manifest, Payload, Source

SAID = Built(*("camera", "1.0.0", "qemu-arm64", "verity", "off", 1, "", 0, (), 1, "key"), (), ())
DEVICE = Device(Path("out"), SAID)
POLICY = 'schema = 1\n[device]\nproduct = "camera"\n[update]\nserver = "{}"\n'
BASE = Version("1.0.0", (Content("boot", 10, "aa"), Content("root", 20, "bb")))


def whole(partition: str, size: int) -> Source:
    return Source(FULL, Blob(size, f"{partition}-full"))


def manifest(version: str = "2.0.0", *first: Source) -> Manifest:
    payloads = (
        Payload("boot", 100, "cc", (whole("boot", 100),)),
        Payload("root", 200, "dd", (*first, whole("root", 200))),
    )
    return Manifest("camera", "qemu-arm64", version, 2, 0, "verity", Health((), 1), payloads)


def delta(base: str) -> Source:
    return Source("blocks", Blob(7, f"delta-{base}"), base)


@pytest.mark.parametrize(
    ("first", "least"), [((), 300), ((delta("bb"),), 107), ((delta("zz"),), 300), ((delta("zz"), delta("bb")), 107)]
)
def test_the_first_source_counts_that_the_device_can_take(first: tuple[Source, ...], least: int) -> None:
    found = offered.told(manifest("2.0.0", *first), BASE)
    assert (found.version, found.size, found.least) == ("2.0.0", 300, least)
    assert found.kinds["/targets/blobs/root-full"] == FULL
    assert {kind for path, kind in found.kinds.items() if "delta" in path} == ({"blocks"} if first else set())


def published(monkeypatch: pytest.MonkeyPatch, found: Manifest | None) -> None:
    state = SimpleNamespace(
        manifest=lambda path, _signed: found if path == "camera/stable/qemu-arm64.json" else None,
        of_channel=lambda one: SimpleNamespace(signed=one),
    )
    monkeypatch.setattr(offered, "existing", lambda _repository: state)


def test_the_devices_own_channel_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, manifest())
    assert offered.manifest(DEVICE, parse_policy(POLICY.format(URL), "x"), Path("repository")) == manifest()


NO_UPDATES = ((None, "has nothing for qemu-arm64"), (manifest("1.0.0"), "which is what camera 1.0.0 is"))


@pytest.mark.parametrize(("found", "said"), NO_UPDATES)
def test_what_is_no_update_is_told_before_anything_starts(
    found: Manifest | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(monkeypatch, found)
    with pytest.raises(InputError, match=said):
        offered.manifest(DEVICE, parse_policy(POLICY.format(URL), "x"), Path("repository"))


def test_a_device_that_would_ask_somebody_else_is_told_before_anything_starts() -> None:
    offered.check_server(DEVICE, parse_policy(POLICY.format(URL), "x"))
    with pytest.raises(InputError, match=f"names https://maker.example, and the lab's server is {URL}"):
        offered.check_server(DEVICE, parse_policy(POLICY.format("https://maker.example"), "x"))


def test_a_device_that_would_wait_for_the_night_is_told_before_anything_starts() -> None:
    policy = parse_policy(POLICY.format(URL) + 'window = "02:00-04:00"\n', "x")
    with pytest.raises(InputError, match=r"at 02:00-04:00 alone, .* --from-stick"):
        offered.check_server(DEVICE, policy)
