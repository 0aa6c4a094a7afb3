"""Which modules boot loads by name."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.loaded_modules import LoadedModules
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.tree import READ_LIMIT

START: dict[str, Content] = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}


def loaded(files: dict[str, Content]) -> LoadedModules:
    found = Collection(MemoryTree(files)).get(LoadedModules)
    assert isinstance(found, LoadedModules), found
    return found


LISTS = [
    ("etc/modules-load.d/a.conf", "usb-storage\n# uas\n; sr\n\n", {"usb_storage"}),
    ("usr/lib/modules-load.d/a.conf", "tun\n", {"tun"}),
    ("etc/modules-load.d/a.txt", "tun\n", set()),
    ("etc/modules", "tun\nbonding mode=1\n", {"tun", "bonding"}),
    ("etc/modules.d/10-can", "can-isotp\n", {"can_isotp"}),
    ("etc/modules-boot.d/usb", "ehci-hcd\n", {"ehci_hcd"}),
    ("etc/initramfs-tools/modules", "dm-verity\n", {"dm_verity"}),
    (
        "etc/conf.d/modules",
        'modules="tun can-isotp"\nmodules_6_12="rds"\n#modules="tipc"\n',
        {"tun", "can_isotp", "rds"},
    ),
    ("boot/cmdline.txt", "ro modules-load=dwc2,g_ether\n", {"dwc2", "g_ether"}),
]


@pytest.mark.parametrize(("path", "text", "names"), LISTS)
def test_files_that_name_modules(path: str, text: str, names: set[str]) -> None:
    assert names | {"other"} == {*loaded({path: text, "etc/modules.d/other": "other\n"}).modules}


COMMANDS = [
    ("modprobe usb-storage quirks=1", {"usb_storage"}),
    ("modprobe -q tun", {"tun"}),
    ("modprobe -a tun rds", {"tun", "rds"}),
    ("insmod /lib/modules/6.1/extra/motor.ko speed=2", {"motor"}),
    ("insmod /lib/modules/motor.ko.xz", {"motor"}),
    ("busybox modprobe tun", {"tun"}),
]


@pytest.mark.parametrize(("command", "names"), COMMANDS)
def test_start_scripts_load_modules(command: str, names: set[str]) -> None:
    files = START | {"etc/init.d/rcS": executable(f"#!/bin/sh\n{command}\n")}
    assert {*loaded(files).modules} == names


def test_of_files_with_one_name_the_first_folders_counts() -> None:
    files: dict[str, Content] = {"etc/modules-load.d/a.conf": "", "usr/lib/modules-load.d/a.conf": "tun\n"}
    assert (
        Collection(MemoryTree(files | START | {"etc/init.d/rcS": executable("#!/bin/sh\n")})).get(LoadedModules) is None
    )


def test_the_first_that_asks_is_told() -> None:
    files: dict[str, Content] = {"etc/modules": "\ntun\n", "etc/modules-load.d/a.conf": "# own\ntun\n"}
    assert loaded(files).modules["tun"] == Location("etc/modules-load.d/a.conf", 2)


def test_a_file_that_cannot_be_read_is_told() -> None:
    found = loaded({"etc/modules": b"#" * (READ_LIMIT + 1)})
    assert any("is larger than" in reason for reason in found.unread)
