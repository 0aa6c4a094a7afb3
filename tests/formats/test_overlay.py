"""Overlays: dtc makes them, fdtoverlay merges them, and both trees must be one."""

import time
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.formats import device_tree, overlay
from firmward.formats.device_tree import Node, Tree
from firmward.formats.malformed import Malformed

pytestmark = pytest.mark.skipif(find_program("fdtoverlay") is None, reason="device-tree-compiler is missing")

BASE = """
/dts-v1/;
/ {
    model = "base"; #address-cells = <1>; #size-cells = <1>;
    aliases { serial0 = &uart0; bus = "/soc"; };
    chosen { stdout-path = "serial0:115200n8"; };
    soc: soc {
        #address-cells = <1>; #size-cells = <1>; ranges;
        intc: interrupt-controller@1000 { reg = <0x1000 0x100>; interrupt-controller; #interrupt-cells = <1>; };
        uart0: serial@2000 { reg = <0x2000 0x100>; status = "okay"; interrupt-parent = <&intc>; };
        uart1: serial@3000 { reg = <0x3000 0x100>; status = "disabled"; clocks = <&clock 1>, <&clock 2>; };
        i2c0: i2c@4000 { reg = <0x4000 0x100>; #address-cells = <1>; #size-cells = <0>; old { here; }; };
    };
    clock: clock { #clock-cells = <1>; };
};
"""

OVERLAYS = {
    "a property replaced, one added": '&uart1 { status = "okay"; new-one; };',
    "a node added to one": "&i2c0 { sensor@48 { reg = <0x48>; interrupts-extended = <&intc 3>; }; };",
    "by path": "&{/soc/i2c@4000} { dev@1 { reg = <1>; }; };",
    "labels of its own": "&i2c0 { mux: mux@70 { reg = <0x70>; a: one { }; }; }; &uart0 { link = <&mux &a &clock 7>; };",
    "two into one": "&i2c0 { a@1 { reg = <1>; }; }; &i2c0 { b@2 { reg = <2>; }; };",
    "a node that is there already": "&soc { i2c@4000 { old { there; }; new { }; }; };",
    "a name without its address": "&soc { serial { first; }; };",
    "several labels in one value": "&uart0 { all = <&intc 1 &clock 2 &intc 3>, <&uart1>; };",
    "a target by hand": '/ { fragment@7 { target-path = "/soc"; __overlay__ { extra { a = <1>; }; }; }; };',
    "a target by alias": '/ { f { target-path = "bus/i2c@4000"; __overlay__ { x = "y"; }; }; };',
    "a target by alias alone": '/ { f { target-path = "serial0"; __overlay__ { x = "y"; }; }; };',
    "the root": '/ { f { target-path = "/"; __overlay__ { l = <&deeper>; added { deeper: deeper { }; }; }; }; };',
    "nothing": '/ { note { words = "not a fragment"; }; };',
}


def dtb(source: str, *options: str) -> bytes:
    done = run_program(["dtc", "-q", "-@", *options, "-I", "dts", "-O", "dtb"], feed=source.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout


def overlaid(words: str) -> bytes:
    return dtb("/dts-v1/; /plugin/;\n" + words)


def shape(node: Node) -> dict[str, dict[str, bytes]]:
    """All that a tree says, without the order in which it says it."""
    return {path: dict(one.properties) for path, one in node.walk()}


def by_fdtoverlay(folder: Path, base: bytes, *overlays: bytes) -> Tree:
    (folder / "base.dtb").write_bytes(base)
    names = []
    for number, data in enumerate(overlays):
        names.append(f"{number}.dtbo")
        (folder / names[-1]).write_bytes(data)
    done = run_program(["fdtoverlay", "-i", "base.dtb", "-o", "merged.dtb", *names], cwd=folder)
    assert done.returncode == 0, done.stderr
    return device_tree.parse((folder / "merged.dtb").read_bytes())


@pytest.mark.parametrize("what", OVERLAYS)
def test_merged_as_fdtoverlay_does_it(what: str, tmp_path: Path) -> None:
    base, added = dtb(BASE), overlaid(OVERLAYS[what])
    merged = overlay.merge(device_tree.parse(base), device_tree.parse(added))
    assert shape(merged.root) == shape(by_fdtoverlay(tmp_path, base, added).root)


def test_all_one_after_another(tmp_path: Path) -> None:
    base, added = dtb(BASE), [overlaid(words) for words in OVERLAYS.values()]
    merged = device_tree.parse(base)
    for data in added:
        merged = overlay.merge(merged, device_tree.parse(data))
    assert shape(merged.root) == shape(by_fdtoverlay(tmp_path, base, *added).root)


def test_what_is_an_overlay() -> None:
    assert overlay.is_overlay(device_tree.parse(overlaid(OVERLAYS["by path"])))
    assert not overlay.is_overlay(device_tree.parse(dtb(BASE)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("&nowhere { a; };", "refers to nowhere"),
        ('/ { f { target-path = "/none"; __overlay__ { }; }; };', "/none of f is not in the base"),
        ('/ { f { target-path = "none"; __overlay__ { }; }; };', "target of f is not in the base"),
        ("/ { f { target = <77>; __overlay__ { }; }; };", "target of f is not in the base"),
        ("/ { f { __overlay__ { }; }; };", "target of f is not in the base"),
        ("/ { f { phandle = <0xfffffffe>; }; };", "phandle"),
        ('/ { __fixups__ { intc = "/f:a:0"; }; };', "names no place"),
        ('/ { f { a = <0>; }; __fixups__ { intc = "/f:a:1"; }; };', "outside the property"),
        ('/ { f { a = <0>; }; __fixups__ { intc = "/f:a:x"; }; };', "names no place"),
        ("/ { __local_fixups__ { g { a = <0>; }; }; };", "names g"),
        ("/ { f { a = <1>; }; __local_fixups__ { f { a = <2>; }; }; };", "outside the property"),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused(words: str, message: str) -> None:
    base, added = device_tree.parse(dtb(BASE)), device_tree.parse(dtb("/dts-v1/;\n/plugin/;\n" + words, "-f"))
    with pytest.raises(Malformed, match=message):
        overlay.merge(base, added)


def test_a_base_without_labels_takes_only_paths() -> None:
    done = run_program(["dtc", "-q", "-I", "dts", "-O", "dtb"], feed=BASE.encode())
    base = device_tree.parse(done.stdout)
    assert overlay.merge(base, device_tree.parse(overlaid(OVERLAYS["by path"]))).node("/soc/i2c@4000/dev@1") is not None
    with pytest.raises(Malformed, match="i2c0"):
        overlay.merge(base, device_tree.parse(overlaid(OVERLAYS["a node added to one"])))


def test_a_tree_that_grows_too_deep_is_refused() -> None:
    def nested(depth: int) -> Node:
        node = Node("n")
        for _ in range(depth - 1):
            node = Node("n", {}, (node,))
        return node

    path = "/n" * 40
    fragment = Node("f", {"target-path": path.encode() + b"\0"}, (Node("__overlay__", {}, (nested(40),)),))
    with pytest.raises(Malformed, match="too deep"):
        overlay.merge(Tree(Node("", {}, (nested(40),))), Tree(Node("", {}, (fragment,))))


def wide(count: int, name: str = "n%d") -> tuple[Node, ...]:
    return tuple(Node(name % number, {"v": bytes(4)}) for number in range(count))


def overlaid_by(content: Node, *more: Node) -> Tree:
    return Tree(Node("", {}, (Node("f", {"target-path": b"/\0"}, (content,)), *more)))


def test_references_into_one_large_value_take_no_copy_of_it_each() -> None:
    places = Node("__overlay__", {"v": (4).to_bytes(4, "big") * 60_000})
    local = Node("__local_fixups__", {}, (Node("f", {}, (places,)),))
    base = Tree(Node("", {"phandle": (3).to_bytes(4, "big")}))
    started = time.process_time()
    merged = overlay.merge(base, overlaid_by(Node("__overlay__", {"v": bytes(8 << 20)}), local))
    assert time.process_time() - started < 5
    assert merged.root.properties["v"][:16] == bytes(4) + (180_000).to_bytes(4, "big") + bytes(8)


def test_nodes_are_not_looked_for_among_all() -> None:
    base = Tree(Node("", {}, (Node("__symbols__", {"label": b"/n6999\0"}), *wide(7000, "n%d@1"))))
    places = b"".join(b"/f/__overlay__/n%d:v:0\0" % number for number in range(7000))
    content = Node("__overlay__", {}, (*wide(7000, "n%d@2"), *wide(7000, "m%d")))
    started = time.process_time()
    with pytest.raises(Malformed, match="refers to label"):
        overlay.merge(base, overlaid_by(content, Node("__fixups__", {"label": places})))
    named = Tree(Node("", {}, (Node("n6999@1", {"phandle": bytes((0, 0, 0, 9))}), *base.root.children)))
    merged = overlay.merge(named, overlaid_by(content, Node("__fixups__", {"label": places})))
    assert time.process_time() - started < 5
    assert merged.root.children[-7001].properties["v"] == bytes((0, 0, 0, 9))
    assert len(merged.root.children) == 1 + 7000 + 14_000
