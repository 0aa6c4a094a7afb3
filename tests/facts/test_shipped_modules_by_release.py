"""Which modules lie in a root, and for which kernel."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, link


def shipped(*paths: str, **more: Content) -> ShippedModules:
    files: dict[str, Content] = {**dict.fromkeys(paths, "x"), **more}
    found = Collection(MemoryTree(files)).get(ShippedModules)
    assert isinstance(found, ShippedModules), found
    return found


@pytest.mark.parametrize(
    "path",
    [
        "lib/modules/6.1.0/kernel/net/netfilter/nf_tables.ko",
        "usr/lib/modules/6.1.0/kernel/net/netfilter/nf_tables.ko.xz",
        "lib/modules/6.1.0/nf-tables.ko",
        "lib/modules/6.1.0/extra/nf_tables.ko.zst",
        "lib/modules/nf_tables.ko",
        "opt/vendor/nf_tables.ko",
    ],
)
def test_a_module_is_found_wherever_it_lies(path: str) -> None:
    assert shipped(path).has("nf_tables", "6.1.0") is True


@pytest.mark.parametrize("path", ["usr/lib/debug/lib/modules/6.1.0/nf_tables.ko", "usr/share/nf_tables.ko"])
def test_what_is_for_debuggers_is_none(path: str) -> None:
    assert shipped("lib/modules/6.1.0/loop.ko", path).has("nf_tables", "6.1.0") is False


def test_a_module_is_for_the_kernel_of_its_folder() -> None:
    found = shipped("lib/modules/5.4.1/nf_tables.ko", "lib/modules/6.1.0/loop.ko")
    assert (found.has("nf_tables", "6.1.0"), found.has("nf_tables", "5.4.1")) == (False, True)


def test_of_a_kernel_without_a_name_all_count() -> None:
    found = shipped("lib/modules/5.4.1/nf_tables.ko", "lib/modules/6.1.0/loop.ko")
    assert (found.has("nf_tables", ""), found.has("sctp", "")) == (True, False)


def test_of_a_kernel_without_a_folder_nothing_is_known() -> None:
    assert isinstance(shipped("lib/modules/5.4.1/nf_tables.ko").has("nf_tables", "6.1.0"), Unknown)


def test_a_link_to_a_module_counts() -> None:
    assert shipped("opt/a.ko", **{"lib/modules/6.1.0/b.ko": link("/opt/a.ko")}).has("b", "6.1.0") is True
