import pytest

from firmward.facts import debug_pins
from firmward.formats.device_tree import Node


def pins(selected_by: Node, *groups: Node) -> list[str]:
    root = Node("", {}, (Node("pinctrl", {}, groups), selected_by))
    return list(debug_pins.selected((path, node, node.is_enabled) for path, node in root.walk()))


def device(*phandles: int, state: str = "pinctrl-0", status: bytes = b"okay\0") -> Node:
    return Node("probe", {state: b"".join(one.to_bytes(4, "big") for one in phandles), "status": status})


def group(name: str, phandle: int = 7, *below: Node, function: bytes = b"") -> Node:
    return Node(name, {"phandle": phandle.to_bytes(4, "big"), **({"function": function} if function else {})}, below)


@pytest.mark.parametrize(
    "made",
    [
        group("jtag-pinmux"),
        group("jtag_gpio4"),
        group("debug", 7, function=b"swd\0"),
        group("port0", 7, Node("pins-jtag", {"function": b"alt4\0"})),
    ],
)
def test_a_group_that_a_device_in_use_selects_is_told(made: Node) -> None:
    assert pins(device(3, 7), made) == [f"/pinctrl/{made.name}"]
    assert pins(device(7, state="pinctrl-1"), made) == [f"/pinctrl/{made.name}"]


def test_a_group_that_nothing_in_use_selects_is_not() -> None:
    assert pins(device(3), group("jtag")) == []
    assert pins(device(7, status=b"disabled\0"), group("jtag")) == []


@pytest.mark.parametrize("name", ["uart", "swdt0-grp", "jtagger", "xjtag"])
def test_other_pins_are_none_of_it(name: str) -> None:
    assert pins(device(7), group(name)) == []


def test_a_tree_without_the_words_is_not_read_again() -> None:
    assert not debug_pins.may_be_in(b"uart pins")
    assert debug_pins.may_be_in(b"\0jtag-pinmux\0")
