"""Overlays close serial lines and debug ports: dtc compiles them, fdtoverlay applies them, and the audit agrees."""

from pathlib import Path

import pytest
from beside import around
from bettered import Bettered, bettered, keys, verdicts
from program import find_program, run_program
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts.boot_keys import BootKeys, Key, KeyRing, PlacedRing
from firmward.facts.device_trees import DeviceTrees, collect
from firmward.harden.beside import rendered
from firmward.harden.changes import set_device_tree_property
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Beside, Site
from firmward.image.source import Bytes
from firmward.model.facts import Facts, Source
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart
from firmward.model.remedy import SetDeviceTreeProperty
from firmward.model.report import Part, Role

pytestmark = pytest.mark.skipif(
    find_program("dtc") is None or find_program("fdtoverlay") is None, reason="device-tree-compiler is missing"
)
CHECKS = ("debug-uart-enabled", "debug-port-enabled")
BOARD = """
    model = "Camera 2"; compatible = "maker,camera-2";
    aliases { serial0 = "/soc/serial@100"; };
    chosen { stdout-path = "serial0:115200n8"; };
    soc {
        serial@100 { compatible = "arm,pl011"; };
        etm@7 { compatible = "arm,coresight-etm3x", "arm,primecell"; };
        etb@8 { compatible = "arm,coresight-etb10"; status = "disabled"; };
    };
    cpus { debug@9 { compatible = "arm,coresight-cpu-debug"; status = "okay"; }; };
"""
SIGNATURE = 'signature { key-boot { algo = "sha256,rsa2048"; }; key-spare { algo = "sha256,rsa2048"; }; };'
CONTROL = Location(part="image/u-boot.dtb")
DEBIANS = {
    "armmp": ("armhf", ("imx6ull-14x14-evk", "imx6q-sabresd", "am335x-boneblack", "stm32mp157c-dk2", "bcm2835-rpi-b")),
    "arm64": ("arm64", ("broadcom/bcm2711-rpi-4-b", "freescale/imx8mm-evk", "qcom/apq8016-sbc", "arm/juno")),
}

AMBIGUOUS = frozenset(("hi3660-hikey960.dtb",))
"""Of two nodes, `funnel` and `funnel@ec001000`, libfdt takes the first whichever is named."""


def compiled(source: str, *options: str) -> bytes:
    command = ["dtc", "-q", *options, "-I", "dts", "-O", "dtb"]
    done = run_program(command, feed=source.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout


def board(source: str = BOARD) -> bytes:
    return compiled(f"/dts-v1/; / {{ {source} }};")


def facts_of(tree: bytes) -> DeviceTrees:
    part = OpenPart(Part("image/board.dtb", "device-tree", "image", role=Role.DEVICE_TREE), Bytes(tree))
    found = collect(around(part), None, None, None)
    assert found is not None
    return found


def applied(tree: bytes, overlay: str, folder: Path) -> bytes:
    (folder / "board.dtb").write_bytes(tree)
    (folder / "board.dtbo").write_bytes(compiled(overlay, "-@"))
    command = ["fdtoverlay", "-i", "board.dtb", "-o", "closed.dtb", "board.dtbo"]
    done = run_program(command, cwd=folder)
    assert done.returncode == 0, done.stderr
    return (folder / "closed.dtb").read_bytes()


def left(tree: bytes) -> set[tuple[str, str]]:
    return keys(verdicts(CHECKS, (facts_of(tree),), None))


def closed(tree: bytes, folder: Path) -> Bettered:
    """What was applied: every finding of the tree is gone after it."""
    found = bettered(CHECKS, facts_of(tree))
    assert found.refused == ()
    if found.promised:
        assert not left(applied(tree, found.files["board.dtso"], folder)) & found.promised
    return found


def test_the_audit_agrees_that_it_is_closed(tmp_path: Path) -> None:
    found = closed(board(), tmp_path)
    assert found.promised == {("debug-uart-enabled", "/soc/serial@100"), ("debug-port-enabled", "coresight")}
    assert list(found.files) == ["board.dtso"]
    assert "etb@8" not in found.files["board.dtso"], "what is closed stays as it is"


def test_a_policy_that_closes_the_console_makes_it_safe() -> None:
    found = bettered(CHECKS, facts_of(board()), policy='[boot]\nconsole = "off"\n', unsafe=False)
    assert found.promised == {("debug-uart-enabled", "/soc/serial@100")}
    assert bettered(CHECKS, facts_of(board()), unsafe=False).files == {}


def test_an_overlay_for_another_board_changes_nothing(tmp_path: Path) -> None:
    overlay = bettered(CHECKS, facts_of(board())).files["board.dtso"]
    (tmp_path / "other.dtb").write_bytes(board('model = "Other";'))
    (tmp_path / "o.dtbo").write_bytes(compiled(overlay, "-@"))
    done = run_program(["fdtoverlay", "-i", "other.dtb", "-o", "closed.dtb", "o.dtbo"], cwd=tmp_path)
    assert done.returncode != 0
    assert not (tmp_path / "closed.dtb").exists()


def test_keys_are_required_in_the_control_tree_and_not_in_the_boards(tmp_path: Path) -> None:
    names = ("boot", "spare")
    ring = KeyRing(tuple(Key(name, "sha256,rsa2048", None, None) for name in names))
    found = bettered(("fit-key-not-required",), BootKeys((PlacedRing(CONTROL, ring),)))
    assert list(found.files) == ["u-boot.dtso"]
    tree = applied(board(SIGNATURE), found.files["u-boot.dtso"], tmp_path)
    (tmp_path / "u-boot.dtb").write_bytes(tree)
    for name in names:
        done = run_program(["fdtget", "u-boot.dtb", f"/signature/key-{name}", "required"], cwd=tmp_path)
        assert done.stdout.strip() == b"conf"


@pytest.mark.parametrize("flavour", DEBIANS)
def test_trees_of_real_boards_are_closed(flavour: str, tmp_path: Path) -> None:
    architecture, names = DEBIANS[flavour]
    try:
        folder = kernel(flavour, architecture)
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    told = 0
    for name in names:
        (file,) = folder.glob(f"usr/lib/linux-image-*/{name}.dtb")
        told += len(closed(file.read_bytes(), tmp_path).promised)
    assert told >= len(names)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("flavour", DEBIANS)
def test_every_tree_of_a_distribution_is_closed(flavour: str, tmp_path: Path) -> None:
    architecture, _ = DEBIANS[flavour]
    try:
        folder = kernel(flavour, architecture)
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    for file in sorted(folder.glob("usr/lib/linux-image-*/**/*.dtb")):
        if file.name not in AMBIGUOUS:
            closed(file.read_bytes(), tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        SetDeviceTreeProperty('/a"; }; /include/ "/etc/shadow', "status", '"disabled"'),
        SetDeviceTreeProperty("/a\n", "status", '"disabled"'),
        SetDeviceTreeProperty("a", "status", '"disabled"'),
        SetDeviceTreeProperty("/a/../b c", "status", '"disabled"'),
        SetDeviceTreeProperty("/" + "a" * 5000, "status", '"disabled"'),
        SetDeviceTreeProperty("/a", "sta tus", '"disabled"'),
        SetDeviceTreeProperty("/a", "status", '"dis"abled"'),
        SetDeviceTreeProperty("/a", "status", '"a"; }; };'),
        SetDeviceTreeProperty("/a", "status", "/incbin/("),
    ],
)
def test_what_a_hostile_tree_is_called_is_no_source(change: SetDeviceTreeProperty) -> None:
    site = Site(Draft(MemoryTree({})), Facts("made", Source.IMAGE, {}))
    with pytest.raises(Refused):
        set_device_tree_property.apply(change, site)
    assert site.beside.device_tree == {}


def test_values_are_written_as_dtc_takes_them(tmp_path: Path) -> None:
    site = Site(Draft(MemoryTree({})), Facts("made", Source.IMAGE, {}))
    for name, value in (("a-flag", ""), ("cells", "<1 0x2>"), ("word", '"x, y"')):
        set_device_tree_property.apply(SetDeviceTreeProperty("/soc", name, value), site)
    tree = applied(board(), dict(rendered(site.beside, None))["board.dtso"], tmp_path)
    (tmp_path / "t.dtb").write_bytes(tree)
    assert run_program(["fdtget", "t.dtb", "/soc", "cells"], cwd=tmp_path).stdout == b"1 2\n"
    assert run_program(["fdtget", "t.dtb", "/soc", "word"], cwd=tmp_path).stdout == b"x, y\n"


def test_nothing_asked_is_no_file() -> None:
    assert dict(rendered(Beside(), None)) == {}
