"""The AND of NVD's configurations."""

import pytest
from known import product

from firmward.model.component import Component
from firmward.vulns.conditions import Condition, Surroundings
from firmward.vulns.record import Product

HERE = (Component("openssl", "1.0.1f"), Component("busybox", ""))


@pytest.mark.parametrize(
    ("groups", "holds", "is_known"),
    [
        ([], True, True),
        ([["linux:linux_kernel"]], True, True),
        ([["microsoft:windows_10"]], False, True),
        ([["microsoft:windows_10", "linux:linux_kernel"]], True, True),
        ([["linux:linux_kernel"], ["apple:macos"]], False, True),
        ([["openssl:openssl <1.0.1g"]], True, True),
        ([["openssl:openssl <1.0.1"]], False, True),
        ([["apache:http_server"]], False, True),
        ([["cisco:router h"]], True, False),
        ([["debian:debian_linux o"]], True, False),
        ([["busybox:busybox <1.30"]], True, False),
    ],
)
def test_a_condition_holds_where_one_of_each_group_is_there(
    groups: list[list[str]], holds: bool, is_known: bool
) -> None:
    made = tuple(tuple(_product(word) for word in group) for group in groups)
    found = Surroundings(HERE).fulfil(made)
    assert found.holds is holds
    assert (not found.unknown) is is_known


def _product(word: str) -> Product:
    name, _, rest = word.partition(" ")
    return product(name, "*", part=rest) if rest in ("h", "o") else product(name, rest or "*", part="a")


def test_without_the_other_components_a_condition_is_kept_and_told() -> None:
    found = Surroundings(None).fulfil([[product("apache:http_server", "*", part="a")]])
    assert found == Condition(True, ("apache http_server",))
