"""What a device knows of itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from update_made import IDENTITY

from firmward.formats.malformed import Malformed
from firmward.model.allowance import Window
from firmward.model.errors import InputError
from firmward.trust.store import Store
from firmward.update import slots
from firmward.update.identity import Identity, is_device, parse, seconds
from firmward.update.manifest import Health
from firmward.update.slots import Holding
from firmward.update.this_device import ThisDevice, inactive_slot

SAID: dict[str, Any] = {
    "product": "camera",
    "board": "qemu-arm64",
    "channel": "stable",
    "version": "1.4.0",
    "rollback_index": 2,
    "built": IDENTITY.built,
}


def read(**changes: Any) -> Identity:
    return parse(json.dumps(SAID | changes).encode())


def test_what_a_build_writes_is_read_and_what_is_not_known_means_nothing() -> None:
    assert read(server=None, window="", quota=None, health=None, later={"a": 1}) == IDENTITY
    assert IDENTITY.target == "camera/stable/qemu-arm64.json"


def test_all_that_may_be_said() -> None:
    said = read(
        server="https://u.example",
        device="SN-0017",
        director=True,
        grace="30d",
        floor="tpm",
        window="22:00-04:00",
        quota="50M/month",
        rate="1M/s",
        boot_loader="uboot-state",
        health={"commands": ["/usr/bin/selftest"], "seconds": 30},
    )
    assert said == replace(
        IDENTITY,
        server="https://u.example",
        device="SN-0017",
        director=True,
        floor="tpm",
        grace=30 * 24 * 3600,
        window=Window(22 * 60, 4 * 60),
        quota=50_000_000,
        rate=1_000_000,
        boot_loader="uboot-state",
        health=Health(("/usr/bin/selftest",), 30),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"product": "../camera"},
        {"channel": "Stable"},
        {"board": ""},
        {"version": "1 4"},
        {"rollback_index": -1},
        {"rollback_index": "2"},
        {"built": 2**41},
        {"device": "../a"},
        {"device": "a" * 65},
        {"director": "yes"},
        {"grace": "30"},
        {"grace": "99w"},
        {"floor": "paper"},
        {"window": "at night"},
        {"window": 2},
        {"quota": "50M"},
        {"rate": "1M/month"},
        {"boot_loader": "../grub"},
        {"health": ["/usr/bin/selftest"]},
        {"health": {"commands": ["a"] * 17, "seconds": 30}},
        {"health": {"commands": [], "seconds": 0}},
        {"health": {"commands": []}},
        {"server": "a" * 1025},
        {"more": "a" * (16 << 10)},
    ],
)
def test_what_no_build_writes_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"device\.json"):
        read(**changes)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"product":"camera"}'])
def test_no_identity_is_told(content: bytes) -> None:
    with pytest.raises(InputError):
        parse(content)


@pytest.mark.parametrize(("text", "length"), [("0d", 0), ("12h", 43200), ("2w", 1209600), ("366d", 31622400)])
def test_durations(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "d", "1m", "-1d", "1.5d", "367d", "1d ", "١d", "9999999h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(Malformed):
        seconds(text)


@pytest.mark.parametrize("name", ["..", ".a", "a/b", "", "a\n", "ä"])
def test_no_device_is_called_so(name: str) -> None:
    assert not is_device(name)


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("ro panic=5 firmward.slot=a", "b"),
        ("firmward.slot=b quiet", "a"),
        ("quiet", ""),
        ("firmward.slot=c", ""),
        ("firmward.slot=a firmward.slot=b", ""),
    ],
)
def test_the_slot_that_is_not_running(words: str, slot: str) -> None:
    assert inactive_slot(words) == slot


HOLDING = Holding("1.4.0", "a" * 64, 2)


def here(place: Path) -> ThisDevice:
    for name in ("image", "state"):
        (place / name).mkdir(exist_ok=True)
    (place / "cmdline").write_text("ro firmward.slot=a\n")
    (place / "image" / "device.json").write_text(json.dumps(SAID))
    (place / "image" / "root.json").write_bytes(b"{}")
    return ThisDevice(place / "image", place / "state", place / "cmdline")


def test_a_device_is_put_together_from_its_image_its_state_and_its_kernel(tmp_path: Path) -> None:
    this = here(tmp_path)
    (tmp_path / "state" / "device-id").write_text("SN-0017\n")
    slots.keep(Store(tmp_path / "state"), "a", HOLDING)
    slots.keep(Store(tmp_path / "state"), "b", replace(HOLDING, sha256="b" * 64))
    device = this.device(this.identity(), 5)
    assert (device.identity, device.name, device.inactive, device.floor) == (IDENTITY, "SN-0017", "b", 5)
    assert device.installed == "a" * 64
    assert this.roots().director is None


@pytest.mark.parametrize("kept", [b"", b"{", b'{"sha256":"aa","version":"1.4.0"}', b"[" * 4096])
def test_a_damaged_record_of_the_running_slot_tells_nothing(tmp_path: Path, kept: bytes) -> None:
    this = here(tmp_path)
    Store(tmp_path / "state").keep("installed-a", kept)
    assert this.device(this.identity(), 0).installed == ""


@pytest.mark.parametrize(
    ("words", "slot", "version"),
    [
        ("firmward.slot=a", "a", "1.3.0"),
        ("firmward.slot=a", "b", "1.4.0"),
        ("quiet", "a", "1.4.0"),
        ("firmward.slot=a firmward.slot=b", "a", "1.4.0"),
    ],
)
def test_what_was_installed_is_not_known_where_something_else_runs(
    tmp_path: Path, words: str, slot: str, version: str
) -> None:
    this = here(tmp_path)
    slots.keep(Store(tmp_path / "state"), slot, replace(HOLDING, version=version))
    (tmp_path / "cmdline").write_text(words)
    assert this.device(this.identity(), 0).installed == ""


def test_the_image_names_the_device_before_the_storage_does(tmp_path: Path) -> None:
    this = here(tmp_path)
    (tmp_path / "state" / "device-id").write_text("SN-0018")
    assert this.device(replace(this.identity(), device="SN-0017"), 0).name == "SN-0017"


@pytest.mark.parametrize("name", ["../other", "a b", "\xff", "x" * 300])
def test_a_name_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    this = here(tmp_path)
    (tmp_path / "state" / "device-id").write_bytes(name.encode("latin-1"))
    with pytest.raises(InputError, match="device-id"):
        this.device(this.identity(), 0)


def test_an_image_that_was_not_built_for_updates_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not built for updates"):
        ThisDevice(tmp_path).identity()
