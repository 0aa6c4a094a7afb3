"""The default environment: what the build makes of `boot.env`."""

import re
from itertools import pairwise

import pytest

from firmward.build.board import board
from firmward.build.uboot import environment
from firmward.formats import uboot_script

BOARD = board("qemu-arm64")
VALUES = ("seq", "active", "last", "good", "a_left", "b_left", "a_good", "b_good", "index")


def variables(console: str = "output-only") -> dict[str, str]:
    lines = environment.environment(BOARD, console).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_what_comes_from_the_disk_has_a_type_that_takes_no_other_bytes() -> None:
    types = dict(word.split(":") for word in environment.types().split(","))
    imported = " ".join(re.findall(r"env import \S+ \S+ \S+ ([a-z_ ]+)", " ".join(variables().values())))
    assert set(imported.split()) == set(VALUES) - {"index"}
    assert set(types) == set(VALUES)
    assert set(types.values()) <= set("xdb")


def test_a_name_that_is_imported_is_forgotten_before() -> None:
    known = variables()
    for name in VALUES:
        before = {"index": "read_index", "good": "apply_request"}.get(name, "import_state")
        assert f"setenv {name};" in known[before]


def test_every_script_that_is_run_is_there_and_is_whole() -> None:
    known = variables()
    for name, text in known.items():
        assert "\n" not in text
        script = uboot_script.parse(text) if " " in text else None
        assert script is None or script.steps, name
    called = set(re.findall(r"\brun (\w+)", " ".join(known.values())))
    assert called == set(environment.script()) - {"bootcmd", "bootdelay"}


def test_the_boot_command_ends_in_a_restart() -> None:
    assert variables()["bootcmd"].endswith("; reset")
    assert variables()["start"].endswith("; reset")
    assert variables()["refuse"].endswith("; reset")


def test_the_floor_is_raised_by_nothing_but_a_verified_image() -> None:
    text = variables()["boot"]
    order = [text.index(word) for word in ("bootm start", "read_index", "check_floor", "raise_floor", "bootm loados")]
    assert order == sorted(order)
    assert " ".join(variables().values()).count("run raise_floor") == 1


@pytest.mark.parametrize(("console", "is_silent"), [("off", True), ("output-only", False)])
def test_the_console_is_silent_when_it_is_off(console: str, is_silent: bool) -> None:
    known = variables(console)
    assert (known.get("silent"), known.get("mute")) == (("1", "1") if is_silent else (None, None))
    assert known["stdin"] == "nulldev"


def test_the_places_in_memory_do_not_overlap() -> None:
    place, end = BOARD.addresses, 0x40000000 + (128 << 20)
    areas = sorted(
        (
            (place.kernel, place.kernel + 0x2E00000),
            (place.fit, place.fit + place.fit_limit),
            (place.device_tree, place.device_tree + (1 << 20)),
            (place.scratch, place.scratch + (1 << 20)),
            (place.initramfs, place.initramfs + (23 << 20)),
            (end - (7 << 20), end),
        )
    )
    assert all(one[1] <= other[0] for one, other in pairwise(areas))
    assert place.kernel % (2 << 20) == 0
