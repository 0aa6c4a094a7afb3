"""The device trees of the slots: by our reader and by dtc."""

import pytest
from boot_pieces import MISSING, TREE, compiled
from program import run_program

from firmward.build.board import board, names
from firmward.build.slot_tree import arguments, slot_tree
from firmward.formats import device_tree, fdt_writer
from firmward.model.errors import InputError

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
BOARD = board("qemu-arm64")


def chosen(data: bytes) -> dict[str, bytes]:
    node = device_tree.parse(data).root.child("chosen")
    assert node is not None
    return dict(node.properties)


def sources(data: bytes) -> str:
    done = run_program(("dtc", "-q", "-s", "-I", "dtb", "-O", "dts"), feed=data)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_a_device_without_console_has_no_word_of_one() -> None:
    found = chosen(slot_tree(compiled(TREE), BOARD, "off", "a"))
    assert found == {"own": b"kept\0", "bootargs": b"ro panic=5 firmward.slot=a quiet loglevel=0 console=null\0"}


def test_a_console_for_output_is_named_by_the_board() -> None:
    found = chosen(slot_tree(compiled(TREE), BOARD, "output-only", "b"))
    assert found.pop("bootargs") == b"ro panic=5 firmward.slot=b console=ttyAMA0\0"
    assert found == {"own": b"kept\0", "stdout-path": b"/pl011@9000000\0"}


def test_the_slots_differ_in_the_command_line_alone() -> None:
    one, other = (slot_tree(compiled(TREE), BOARD, "off", slot) for slot in "ab")
    assert one != other
    assert one.replace(b"firmward.slot=a", b"firmward.slot=b") == other


def test_all_the_rest_is_as_dtc_reads_the_makers() -> None:
    made = slot_tree(compiled(TREE), BOARD, "output-only", "a")
    left = TREE.replace("rng-seed = [01 02 03]; kaslr-seed = <1 2>;", "").replace("linux,initrd-start = <5>;", "")
    wanted = left.replace("init=/bin/sh", arguments(BOARD, "output-only", "a"))
    assert sources(made) == sources(compiled(wanted))


def test_a_tree_without_the_node_gets_it() -> None:
    bare = compiled('/dts-v1/; / { model = "bare"; };')
    assert list(chosen(slot_tree(bare, BOARD, "off", "a"))) == ["bootargs"]


def test_the_flash_with_the_floor_is_not_named_to_the_kernel() -> None:
    flash = '/dts-v1/; / { flash@0 { compatible = "cfi-flash"; }; };'
    assert device_tree.parse(slot_tree(compiled(flash), BOARD, "off", "a")).root.child("flash@0") is None
    other = board("imx6ull")
    assert device_tree.parse(slot_tree(compiled(flash), other, "off", "a")).root.child("flash@0") is not None


@pytest.mark.parametrize("name", names())
def test_every_board_has_a_command_line_that_fits_its_console(name: str) -> None:
    found = board(name)
    assert f"console={found.console}" in arguments(found, "output-only", "a").split()
    places = found.addresses
    assert all(place % 8 == 0 for place in (places.fit, places.kernel, places.device_tree, places.initramfs))


@pytest.mark.parametrize("data", [b"", b"no tree", compiled(TREE)[:200] if not MISSING else b""])
def test_what_is_no_tree_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"\[build\] device_tree: is no flattened device tree"):
        slot_tree(data, BOARD, "off", "a")


def test_a_tree_is_written_as_dtc_would() -> None:
    """Written anew it says the same, with the processor that boots and its reservations."""
    data = run_program(("dtc", "-q", "-b", "3", "-I", "dts", "-O", "dtb"), feed=TREE.encode()).stdout
    assert fdt_writer.processor_of(data) == 3
    again = fdt_writer.write(device_tree.parse(data), processor=3, room=4096)
    assert fdt_writer.processor_of(again) == 3
    assert sources(again) == sources(data)
    assert len(again) >= len(data) + 4096
    assert len(again) % 8 == 0
