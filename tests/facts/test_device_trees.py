"""Which tree boots, and what it says: from trees that dtc compiled, and from Debian's own."""

from time import process_time

import pytest
from beside import around
from program import find_program, run_program
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts.device_trees import NODES_LIMIT, DeviceTrees, FoundTree, collect
from firmward.facts.fits import FitConfiguration, Fits, FoundFit
from firmward.facts.stored_environments import StoredEnvironment, StoredEnvironments
from firmward.formats import device_tree
from firmward.image.source import Bytes
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

pytestmark = pytest.mark.skipif(find_program("dtc") is None, reason="device-tree-compiler is missing")

BOARD = """
    model = "Camera 2"; compatible = "maker,camera-2", "fsl,imx6ull";
    aliases { serial0 = "/soc/serial@100"; console = "/soc/serial@200"; };
    chosen { stdout-path = "serial0:115200n8"; };
    soc {
        serial@100 { compatible = "fsl,imx6ul-uart", "fsl,imx6q-uart"; };
        serial@200 { compatible = "ns16550a"; status = "disabled"; };
        pinctrl { uart-pins { pins = "PA1"; }; };
        tpm@3 { compatible = "fsl,imx7ulp-tpm"; };
        crypto@4 { compatible = "fsl,imx6ul-caam", "fsl,sec-v4.0"; };
        snvs@5 { compatible = "fsl,sec-v4.0-mon", "syscon", "simple-mfd"; };
        spi@6 { status = "disabled"; tpm@0 { compatible = "infineon,slb9670", "tcg,tpm_tis-spi"; }; };
    };
    firmware { optee { compatible = "linaro,optee-tz"; }; };
    etm@7 { compatible = "arm,coresight-etm3x", "arm,primecell"; };
    etb@8 { compatible = "arm,coresight-etb10", "arm,primecell"; status = "fail"; };
    keys { compatible = "gpio-keys"; one { label = "Case opened"; }; two { label = "Showcase"; }; };
    leds { compatible = "gpio-leds"; tamper { label = "tamper"; }; };
"""


def compiled(source: str = BOARD) -> bytes:
    done = run_program(["dtc", "-q", "-I", "dts", "-O", "dtb"], feed=b"/dts-v1/; / {" + source.encode() + b"};")
    return done.stdout


def tree_at(id: str, source: str = BOARD) -> OpenPart:
    return OpenPart(Part(id, "device-tree", id.rpartition("/")[0], role=Role.DEVICE_TREE), Bytes(compiled(source)))


def board(number: int) -> str:
    return f'compatible = "maker,board-{number}", "maker,soc";'


def collected(
    *others: OpenPart, fits: Fits | None = None, environments: StoredEnvironments | None = None
) -> DeviceTrees:
    found = collect(around(*others), fits, None, environments)
    assert found is not None
    return found


def the_one(source: str = BOARD) -> FoundTree:
    (found,) = collected(tree_at("image/board.dtb", source)).found
    return found


def test_pins_given_to_jtag_are_told_where_a_device_selects_them() -> None:
    group = "pinctrl { jtag: jtag-pins { pins = <1>; }; };"
    assert [one.path for one in the_one(f"{group} probe {{ pinctrl-0 = <&jtag>; }};").debug] == ["/pinctrl/jtag-pins"]
    assert the_one(f"{group} probe {{ notices = <&jtag>; }};").debug == ()


def choices(found: DeviceTrees) -> dict[str, str]:
    return {(one.at.part or "").removeprefix("image/"): one.choice.value for one in found.found}


def test_what_a_tree_says_is_told_with_what_is_in_use() -> None:
    found = the_one()
    assert (found.model, found.compatible) == ("Camera 2", ("maker,camera-2", "fsl,imx6ull"))
    assert found.stdout is not None
    assert (found.stdout.path, found.stdout.kind, found.stdout.is_enabled) == ("/soc/serial@100", "uart", True)
    assert [(one.path, one.is_enabled) for one in found.serials] == [
        ("/soc/serial@100", True),
        ("/soc/serial@200", False),
    ]
    assert [(one.path, one.is_enabled) for one in found.debug] == [("/etm@7", True), ("/etb@8", False)]
    assert [(one.kind, one.path, one.is_enabled) for one in found.security] == [
        ("caam", "/soc/crypto@4", True),
        ("snvs", "/soc/snvs@5", True),
        ("tpm", "/soc/spi@6/tpm@0", False),
        ("optee", "/firmware/optee", True),
    ]
    assert [(one.path, one.label) for one in found.tamper] == [("/keys/one", "Case opened")]


STDOUT = {
    "a path": ('chosen { stdout-path = "/uart@1:9600"; };', "/uart@1"),
    "a path without the unit address": ('chosen { stdout-path = "/uart"; };', "/uart@1"),
    "the older name": ('chosen { linux,stdout-path = "/uart@1"; };', "/uart@1"),
    "an alias and a step": ('aliases { bus = "/soc"; }; chosen { stdout-path = "bus/uart@2"; };', "/soc/uart@2"),
    "an alias that is not there": ('chosen { stdout-path = "serial9:115200"; };', None),
    "a path that leads nowhere": ('chosen { stdout-path = "/uart@9"; };', None),
    "the root": ('chosen { stdout-path = "/"; };', None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("source", "expected"), STDOUT.values(), ids=STDOUT)
def test_messages_go_where_the_path_leads(source: str, expected: str | None) -> None:
    uarts = 'uart@1 { compatible = "arm,pl011"; }; soc { status = "disabled"; uart@2 { compatible = "x"; }; };'
    found = the_one(source + uarts).stdout
    assert (None if found is None else found.path) == expected
    if found is not None:
        assert found.is_enabled is (expected == "/uart@1")


def test_a_tree_that_is_alone_boots_and_one_of_many_may() -> None:
    assert choices(collected(tree_at("image/a.dtb"))) == {"a.dtb": "boots"}
    many = [tree_at(f"image/{number}.dtb", board(number)) for number in range(3)]
    assert set(choices(collected(*many)).values()) == {"possible"}
    same = [tree_at(f"image/{name}/board.dtb") for name in ("slot_a", "slot_b")]
    assert choices(collected(*same)) == {"slot_a/board.dtb": "boots"}, "equal trees are one"


CONFIGURED = {
    "extlinux": ("extlinux/extlinux.conf", "label a\n  linux /Image\n  fdt ../dtbs/1.dtb\n"),
    "a loader entry": ("loader/entries/a.conf", "title a\ndevicetree /dtbs/1.dtb\n"),
    "GRUB": ("grub/grub.cfg", "linux /Image\n#devicetree /dtbs/0.dtb\ndevicetree /dtbs/1.dtb\n"),
    "a script": ("boot.cmd", "load mmc 0:1 ${fdt_addr_r} dtbs/1.dtb\nbooti ${kernel_addr_r} - ${fdt_addr_r}\n"),
    "the Raspberry Pi's": ("config.txt", "device_tree=1.dtb\n"),
}


@pytest.mark.parametrize(("path", "text"), CONFIGURED.values(), ids=CONFIGURED)
def test_the_tree_that_the_boot_loader_is_told_to_take_boots(path: str, text: str) -> None:
    many = [tree_at(f"image/boot/dtbs/{number}.dtb", board(number)) for number in range(3)]
    boot = OpenPart(Part("image/boot", "vfat", "image", role=Role.BOOT), None, MemoryTree({path: text}))
    found = choices(collected(boot, *many))
    assert found == {"boot/dtbs/0.dtb": "other", "boot/dtbs/1.dtb": "boots", "boot/dtbs/2.dtb": "other"}


def test_a_menu_of_several_trees_leaves_open_which_of_them() -> None:
    many = [tree_at(f"image/boot/{number}.dtb", board(number)) for number in range(3)]
    text = "label a\n fdt /0.dtb\nlabel b\n fdt /1.dtb\n"
    boot = OpenPart(Part("image/boot", "vfat", "image"), None, MemoryTree({"extlinux/extlinux.conf": text}))
    assert list(choices(collected(boot, *many)).values()) == ["possible", "possible", "other"]


def test_of_two_slots_each_boots_its_own_tree() -> None:
    text = {"extlinux/extlinux.conf": "label a\n fdt /board.dtb\n"}
    slots = [OpenPart(Part(f"image/{name}", "vfat", "image"), None, MemoryTree(text)) for name in "ab"]
    trees = [tree_at(f"image/{name}/board.dtb", board(number)) for number, name in enumerate("ab")]
    assert choices(collected(*slots, *trees)) == {"a/board.dtb": "boots", "b/board.dtb": "boots"}


def test_an_environment_that_names_one_tree_settles_it() -> None:
    many = [tree_at(f"image/boot/{number}.dtb", board(number)) for number in range(3)]

    def stored(**variables: str) -> StoredEnvironments:
        return StoredEnvironments((StoredEnvironment(Location(part="image/env"), variables),))

    one = collected(*many, environments=stored(fdtfile="maker/2.dtb"))
    assert list(choices(one).values()) == ["other", "other", "boots"]
    asks = stored(findfdt="if test $board = a; then setenv f 0.dtb; else setenv f 2.dtb; fi")
    assert list(choices(collected(*many, environments=asks)).values()) == ["possible", "other", "possible"]


def fits(default: str, **configurations: tuple[tuple[str, str], ...]) -> Fits:
    listed = tuple(FitConfiguration(name, components) for name, components in configurations.items())
    return Fits((FoundFit(Location(part="image/fit"), configurations=listed, default=default),))


def test_the_default_configuration_of_a_fit_says_which_tree_boots() -> None:
    trees = [tree_at(f"image/fit/fdt-{number}", board(number)) for number in (1, 2)]
    both = fits("b", a=(("kernel", "k"), ("fdt", "fdt-1")), b=(("kernel", "k"), ("fdt", "fdt-2")))
    assert list(choices(collected(*trees, fits=both)).values()) == ["other", "boots"]
    none = fits("", a=(("kernel", "k"), ("fdt", "fdt-1")), b=(("kernel", "k"), ("fdt", "fdt-2")))
    assert list(choices(collected(*trees, fits=none)).values()) == ["possible", "possible"]


def test_a_boot_loaders_own_tree_is_not_the_systems() -> None:
    loader = OpenPart(Part("image/u-boot.bin", "u-boot", "image", role=Role.BOOT_LOADER))
    inside = tree_at("image/u-boot.bin/device-tree-0x100", board(1))
    firmware = tree_at("image/fit/fdt-1", board(2))
    marked = tree_at("image/x.dtb", board(3) + "soc { u-boot,dm-pre-reloc; };")
    named = tree_at("image/u-boot.dtb", board(4))
    system = tree_at("image/board.dtb")
    only_firmware = fits("a", a=(("firmware", "u-boot"), ("fdt", "fdt-1")))
    found = collected(loader, inside, firmware, marked, named, system, fits=only_firmware)
    assert [one.at.part for one in found.candidates] == ["image/board.dtb"]
    assert found.is_settled
    assert sorted(choices(found).values()) == ["boots", "loader", "loader", "loader", "loader"]


def test_an_overlay_is_no_tree_to_boot_with() -> None:
    overlay = tree_at("image/uart.dtbo", "fragment@0 { __overlay__ { }; };")
    assert choices(collected(overlay, tree_at("image/a.dtb"))) == {"uart.dtbo": "overlay", "a.dtb": "boots"}


def test_of_many_only_what_all_agree_on_is_certain() -> None:
    debug = 'etm { compatible = "arm,coresight-etm3x"; };'
    many = [tree_at(f"image/{n}.dtb", board(n) + (debug if n else "")) for n in range(3)]
    found = collected(*many)
    assert isinstance(found.whether(lambda one: bool(one.debug)), Unknown)
    assert found.whether(lambda one: bool(one.compatible)) is True
    assert found.whether(lambda one: bool(one.tamper)) is False
    assert found.of_board("board-0").whether(lambda one: bool(one.debug)) is False
    assert found.of_board("board-1").whether(lambda one: bool(one.debug)) is True
    assert isinstance(found.of_board("other").whether(lambda one: bool(one.debug)), Unknown)
    assert isinstance(found.of_board("soc").whether(lambda one: bool(one.debug)), Unknown)


def test_what_cannot_be_read_makes_nothing_certain() -> None:
    broken = OpenPart(Part("image/b.dtb", "device-tree", "image"), Bytes(compiled()[:100]))
    found = collected(tree_at("image/a.dtb", board(1)), broken)
    assert len(found.unread) == 1
    assert isinstance(found.whether(lambda one: bool(one.debug)), Unknown)
    assert found.whether(lambda one: bool(one.compatible)) is True


def test_a_tree_of_nothing_but_debug_ports_is_told_up_to_a_limit() -> None:
    source = "".join(f'e{n} {{ compatible = "arm,coresight-etm4x"; }};' for n in range(NODES_LIMIT + 5))
    assert len(the_one(source).debug) == NODES_LIMIT


def test_every_byte_of_a_tree_may_be_another() -> None:
    data = bytearray(compiled())
    for place in range(0, len(data), 7):
        changed = bytes(data[:place]) + bytes((data[place] ^ 0xFF,)) + bytes(data[place + 1 :])
        part = OpenPart(Part("image/a.dtb", "device-tree", "image"), Bytes(changed))
        assert collect(around(part), None, None, None) is not None


@pytest.mark.proof
def test_the_trees_of_debians_kernel_are_read_whole_and_quickly() -> None:
    try:
        folder = kernel("arm64", "arm64")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    files = [path.read_bytes() for path in sorted(folder.rglob("*.dtb"))]
    parts = [OpenPart(Part(f"image/{n}.dtb", "device-tree", "image"), Bytes(data)) for n, data in enumerate(files)]
    begin = process_time()
    found = collected(*parts)
    took = process_time() - begin
    assert not found.unread
    assert took / len(files) < 0.03, "ten times what it takes"
    paths = {one.at.part: one for one in found.found}
    for number, data in enumerate(files[::20]):
        told = paths.get(f"image/{number * 20}.dtb")
        if told is None:
            continue
        tree = device_tree.parse(data)
        chosen = tree.root.child("chosen")
        text = None if chosen is None else chosen.text("stdout-path")
        node = tree.node(text) if text else None
        assert (told.stdout is None) == (node is None)
        enabled = {path for path, _ in tree.enabled()}
        assert all(one.is_enabled is (one.path in enabled) for one in (*told.serials, *told.debug, *told.security))
