"""Which modules lie in a tree, which are built in, and what they need."""

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts.collection import Collection
from firmward.facts.shipped_modules import LIST_LIMIT, ShippedModules
from firmward.model.folder import FolderTree
from firmward.model.memory import Content, MemoryTree, link
from firmward.model.tree import Tree

ELF = b"\x7fELF"
FOLDER = "lib/modules/6.12.30"


def shipped(tree: Tree | dict[str, Content]) -> ShippedModules:
    found = Collection(MemoryTree(tree) if isinstance(tree, dict) else tree).get(ShippedModules)
    assert isinstance(found, ShippedModules), found
    return found


def test_a_module_is_called_by_its_file() -> None:
    paths = [f"{FOLDER}/kernel/a-b.ko", f"{FOLDER}/c.ko.xz", f"{FOLDER}/extra/d.ko.zst", "opt/app/e.ko"]
    found = shipped(dict.fromkeys(paths, ELF))
    assert found.files == dict(zip(("a_b", "c", "d", "e"), paths, strict=True))


@pytest.mark.parametrize(
    "path", ["usr/lib/debug/lib/modules/1/a.ko", "usr/src/a.ko", "usr/share/locale/a.ko", f"{FOLDER}/a.ko.md5sum.txt"]
)
def test_what_is_no_module_is_left_out(path: str) -> None:
    assert Collection(MemoryTree({path: ELF})).get(ShippedModules) is None


def test_of_one_name_the_first_path_is_told() -> None:
    files: dict[str, Content] = {"lib/modules/5.10.1/kernel/a.ko": ELF, "lib/modules/6.12.30/kernel/a.ko": ELF}
    assert shipped(files).files == {"a": "lib/modules/5.10.1/kernel/a.ko"}


def test_the_kernels_own_list_says_what_is_built_in() -> None:
    text = "kernel/net/dccp/dccp.ko\nkernel/fs/ext4/ext4.ko\nkernel/drivers/usb/usb-storage.ko\n"
    assert shipped({f"{FOLDER}/modules.builtin": text}).built_in == frozenset(("dccp", "ext4", "usb_storage"))
    assert shipped({f"{FOLDER}/modules.builtin": ""}).built_in == frozenset()
    assert shipped({f"{FOLDER}/kernel/a.ko": ELF}).built_in is None


def test_a_folder_that_is_a_link_is_read_once() -> None:
    files: dict[str, Content] = {f"usr/{FOLDER}/modules.builtin": "kernel/a.ko\n", "lib": link("usr/lib")}
    assert shipped(files).built_in == frozenset(("a",))


DEPENDENCIES = """\
kernel/net/dccp/dccp_ipv6.ko.xz: kernel/net/dccp/dccp_ipv4.ko.xz kernel/net/dccp/dccp.ko.xz
kernel/net/dccp/dccp_ipv4.ko.xz: kernel/net/dccp/dccp.ko.xz
kernel/net/dccp/dccp.ko.xz:
/lib/modules/6.12.30/extra/bt-usb.ko: /lib/modules/6.12.30/kernel/bluetooth.ko
"""


@pytest.mark.parametrize(
    ("names", "all_of_them"),
    [
        ({"dccp_ipv6"}, {"dccp_ipv6", "dccp_ipv4", "dccp"}),
        ({"dccp_ipv4"}, {"dccp_ipv4", "dccp"}),
        ({"bt_usb"}, {"bt_usb", "bluetooth"}),
        ({"other"}, {"other"}),
        (set(), set()),
    ],
)
def test_what_is_loaded_with_a_module(names: set[str], all_of_them: set[str]) -> None:
    files: dict[str, Content] = {f"{FOLDER}/modules.dep": DEPENDENCIES, f"{FOLDER}/kernel/net/dccp/dccp.ko.xz": ELF}
    assert shipped(files).with_needs(frozenset(names)) == all_of_them


def test_modules_that_need_each_other_end() -> None:
    text = "kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\n"
    assert shipped({f"{FOLDER}/modules.dep": text, f"{FOLDER}/kernel/a.ko": ELF}).with_needs(frozenset(("a",))) == {
        "a",
        "b",
    }


def test_a_list_that_cannot_be_read_is_told() -> None:
    found = shipped({f"{FOLDER}/modules.builtin": b"#" * (LIST_LIMIT + 1)})
    assert found.built_in is None
    assert "is larger than" in found.unread[0]


@pytest.mark.proof
def test_debians_modules() -> None:
    try:
        folder = kernel("arm64", "arm64").resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    found = shipped(FolderTree(folder))
    assert {"dccp", "tipc", "bluetooth", "hfsplus"} <= {*found.files}
    assert found.built_in is not None
    assert "ipv6" in found.built_in
    assert not found.built_in & {*found.files}
