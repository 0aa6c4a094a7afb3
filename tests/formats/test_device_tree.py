"""Device trees as what they say, and as bytes that lie."""

import contextlib
import random
import struct
import time
from pathlib import Path

import pytest
from program import find_program, run_program
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.formats import device_tree, fdt
from firmward.formats.device_tree import Node, Tree
from firmward.formats.malformed import Malformed

needs_dtc = pytest.mark.skipif(find_program("dtc") is None, reason="device-tree-compiler is missing")

SOURCE = """
/dts-v1/;
/memreserve/ 0x10000000 0x4000;
/memreserve/ 0x20000000 0x123456789;
/ {
    compatible = "maker,board", "maker,chip"; model = "Böard"; empty; number = /bits/ 64 <0x1122334455667788>;
    aliases { serial0 = &uart; bus = "/soc"; };
    chosen { stdout-path = "serial0:115200n8"; };
    soc {
        #address-cells = <1>; #size-cells = <1>;
        uart: serial@2000 { reg = <0x2000 0x100>; status = "okay"; clocks = <&clock 5>; };
        serial@3000 { reg = <0x3000 0x100>; status = "disabled"; bus { child { }; }; };
        clock: clock { status = "ok"; };
        broken { status = "fail-x"; };
    };
};
"""


def compiled(source: str, *options: str) -> bytes:
    done = run_program(["dtc", "-q", *options, "-I", "dts", "-O", "dtb"], feed=source.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_dtc
def test_values_mean_what_who_asks_knows() -> None:
    root = device_tree.parse(compiled(SOURCE)).root
    assert root.texts("compatible") == ("maker,board", "maker,chip")
    assert (root.text("model"), root.text("empty"), root.text("nothing")) == ("Böard", "", None)
    assert root.number("number") == 0x1122334455667788
    assert root.cells("number") == (0x11223344, 0x55667788)
    assert (root.number("model"), root.cells("model"), root.texts("empty")) == (None, (), ())


@needs_dtc
def test_nodes_are_found_by_path_alias_and_phandle() -> None:
    tree = device_tree.parse(compiled(SOURCE))
    uart = tree.node("/soc/serial@2000")
    assert uart is not None
    for path in ("serial0", "serial0:115200n8", "bus/serial@2000", "/soc/serial", "soc/serial@2000"):
        assert tree.node(path) is (None if path.startswith("soc") else uart), path
    assert tree.node("/soc/serial@4000") is None
    assert tree.node("/") is tree.root
    clock, number = uart.cells("clocks")
    assert (tree.phandles()[clock], number) == ("/soc/clock", 5)
    assert tree.aliases == {"serial0": "/soc/serial@2000", "bus": "/soc"}
    assert device_tree.parse(compiled(SOURCE, "-@")).symbols == {"uart": "/soc/serial@2000", "clock": "/soc/clock"}


@needs_dtc
def test_what_lies_in_a_node_out_of_use_is_out_of_use() -> None:
    tree = device_tree.parse(compiled(SOURCE))
    paths = [path for path, _ in tree.enabled()]
    assert paths == ["/", "/aliases", "/chosen", "/soc", "/soc/serial@2000", "/soc/clock"]
    assert [path for path, _ in tree.root.walk()] == [
        *paths[:5], "/soc/serial@3000", "/soc/serial@3000/bus", "/soc/serial@3000/bus/child", "/soc/clock",
        "/soc/broken",
    ]  # fmt: skip
    broken = tree.node("/soc/broken")
    assert broken is not None
    assert broken.status == "fail-x"


@needs_dtc
@pytest.mark.parametrize("version", [16, 17])
def test_memory_that_is_kept_free(version: int) -> None:
    tree = device_tree.parse(compiled(SOURCE, "-V", str(version)))
    assert tree.reservations == ((0x10000000, 0x4000), (0x20000000, 0x123456789))


def test_phandles_in_circles_and_aliases_of_themselves_end() -> None:
    ring = tuple(
        Node(f"n{one}", {"phandle": bytes([0, 0, 0, one]), "next": bytes([0, 0, 0, 3 - one])}) for one in (1, 2)
    )
    aliases = Node("aliases", {"a": b"a\0", "b": b"c\0", "c": b"b\0", "d": b"/n1\0"})
    tree = Tree(Node("", {}, (aliases, *ring)))
    assert tree.phandles() == {1: "/n1", 2: "/n2"}
    assert [tree.node(name) for name in ("a", "b", "c")] == [None, None, None]
    assert tree.node("d") is ring[0]


def made(tokens: bytes, names: bytes = b"", reserved: bytes = bytes(16)) -> bytes:
    place = 40 + len(reserved)
    total = place + len(tokens) + len(names)
    head = (0xD00DFEED, total, place, place + len(tokens), 40, 17, 16, 0, len(names), len(tokens))
    return struct.pack(">10I", *head) + reserved + tokens + names


OPEN, CLOSE, END = b"\0\0\0\1\0\0\0\0", b"\0\0\0\2", b"\0\0\0\x09"


def named(place: int, value: bytes) -> bytes:
    return struct.pack(">3I", 3, len(value), place) + value + bytes(-len(value) % 4)


def test_the_first_of_one_name_counts() -> None:
    data = made(OPEN + named(0, b"one\0") + named(0, b"two\0") + CLOSE + END, b"a\0")
    assert device_tree.parse(data).root.text("a") == "one"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (made(OPEN * 65 + CLOSE * 65 + END), "too deep"),
        (made(OPEN + b"\0\0\0\4" * 40_000 + CLOSE + END), "tokens"),
        (made(named(0, b"") + END, b"a\0"), "begin with a node"),
        (made(CLOSE + END), "begin with a node"),
        (made(OPEN + END), "before its root"),
        (made(OPEN + named(2, b"") + CLOSE + END, b"a\0"), "name of a property"),
        (made(OPEN + named(0, b"") + CLOSE + END, b"no end"), "name of a property"),
        (made(OPEN + struct.pack(">3I", 3, 0xFFFFFFFC, 0) + CLOSE + END, b"a\0"), "longer than"),
        (made(OPEN + b"\0\0\0\7" + CLOSE + END), "not known"),
        (made(OPEN + CLOSE + END, reserved=b"\1" * 32), "memory reservations"),
        (made(OPEN + CLOSE + END)[:-1], "of which"),
        (b"", "no header"),
    ],
)
def test_a_tree_that_breaks_the_rules_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        device_tree.parse(data)


def test_a_tree_is_one_whatever_the_window_through_which_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(4)
    names = [(f"n{one}" * chance.randrange(1, 20)).encode() + b"\0" for one in range(200)]
    tokens = OPEN + b"".join(
        b"\0\0\0\1" + name + bytes(-len(name) % 4) + named(0, chance.randbytes(number)) + CLOSE
        for number, name in enumerate(names)
    )
    data = made(tokens + CLOSE + END, b"a\0")
    whole = device_tree.parse(data)
    for size in (600, 777, 4096):
        monkeypatch.setattr(fdt, "_WINDOW", size & -4)
        assert device_tree.parse(data) == whole


@needs_dtc
def test_bytes_changed_at_random() -> None:
    seed = compiled(SOURCE, "-@")
    chance = random.Random(11)
    begin = time.process_time()
    for _ in range(3000):
        data = bytearray(seed)
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 2, 3, 4, 9, 0xFF, chance.randrange(256)))
        if chance.random() < 0.2:
            at = chance.randrange(len(data))
            data[at:at] = data[chance.randrange(len(data)) :][:200]
        with contextlib.suppress(Malformed):
            tree = device_tree.parse(bytes(data))
            list(tree.enabled())
            tree.node("serial0")
            tree.phandles()
    assert time.process_time() - begin < 20


def _kernel_trees() -> list[Path]:
    try:
        folders = [kernel("arm64", "arm64"), kernel("armmp", "armhf")]
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    return sorted(path for folder in folders for path in folder.resolve().rglob("*.dtb"))


def rebuilt(tree: Tree) -> bytes:
    """The tree in bytes again."""
    tokens: list[bytes] = []
    names = bytearray()
    places: dict[str, int] = {}
    waiting: list[Node | None] = [tree.root]
    while waiting:
        node = waiting.pop()
        if node is None:
            tokens.append(CLOSE)
            continue
        name = node.name.encode() + b"\0"
        tokens.append(b"\0\0\0\1" + name + bytes(-len(name) % 4))
        for key, value in node.properties.items():
            if key not in places:
                places[key] = len(names)
                names += key.encode() + b"\0"
            tokens.append(named(places[key], value))
        waiting += [None, *reversed(node.children)]
    reserved = b"".join(struct.pack(">QQ", *one) for one in tree.reservations) + bytes(16)
    return made(b"".join(tokens) + END, bytes(names), reserved)


@pytest.mark.proof
@needs_dtc
@pytest.mark.timeout(900)
def test_trees_of_debians_kernels_are_what_dtc_reads_and_take_little_time() -> None:
    """All are read in 5 s of CPU per 1,500 (twice that is allowed: the machine may be busy); every tenth is built anew
    and decompiled."""
    paths = _kernel_trees()
    assert len(paths) > 1400
    contents = [path.read_bytes() for path in paths]
    begin = time.process_time()
    trees = [device_tree.parse(data) for data in contents]
    spent = time.process_time() - begin
    assert spent < 10 * len(paths) / 1500
    for data, tree in list(zip(contents, trees, strict=True))[::10]:
        one, other = (
            run_program(["dtc", "-q", "-I", "dtb", "-O", "dts"], feed=each).stdout for each in (data, rebuilt(tree))
        )
        assert one
        assert one == other


def with_names(*names: bytes) -> bytes:
    """A tree of nodes within each other."""
    begins = b"".join(struct.pack(">I", 1) + (name + b"\0").ljust(len(name) + 4 & -4, b"\0") for name in names)
    structure = begins + struct.pack(">I", 2) * len(names) + struct.pack(">I", 9)
    head = struct.pack(">10I", 0xD00DFEED, 56 + len(structure), 56, 56, 40, 17, 16, 0, 0, len(structure))
    return head + bytes(16) + structure


def test_names_above_each_other_are_bounded_in_all() -> None:
    """Each of thousands of nodes has a path with all names above it."""
    names = (b"", *[b"n" * 255] * 4)
    for data in (with_names(*names), with_names(*names, b"four")):
        assert len(list(device_tree.parse(data).root.walk())) == data.count(b"\0\0\0\2")
        assert fdt.DeviceTree(lambda offset, size, data=data: data[offset : offset + size]).root.name == ""
    too_long = with_names(*names, b"fives")
    for parse in (device_tree.parse, lambda data: fdt.DeviceTree(lambda offset, size: data[offset : offset + size])):
        with pytest.raises(Malformed, match="too long"):
            parse(too_long)


@needs_dtc
def test_text_is_read_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fdt, "TEXT_LIMIT", 30)
    data = compiled('/dts-v1/; / { a = "0123456789"; };')
    tree = fdt.DeviceTree(lambda offset, size: data[offset : offset + size])
    assert [tree.text(tree.root, "a") for _ in range(2)] == ["0123456789"] * 2
    with pytest.raises(Malformed, match="bytes of text"):
        tree.text(tree.root, "a")
