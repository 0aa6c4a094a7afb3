"""BusyBox and dmsetup with what they need, whoever laid the tree out."""

import pytest
from elf_made import Made, elf

from firmward.build.initramfs import tools
from firmward.build.initramfs.tools import Source
from firmward.model.errors import InputError
from firmward.model.memory import Content, MemoryTree, executable, link

ARM64 = 183
LOADER = "/lib/ld-linux-aarch64.so.1"
TABLE = b"[\0cat\0mount\0sh\0"


def made(*needed: str, data: bytes = TABLE, interpreter: str = "", machine: int = ARM64, runpath: str = "") -> bytes:
    return elf(Made(data=b"\0" + data, needed=needed, interpreter=interpreter, machine=machine, runpath=runpath))


LIBRARY = made(data=b"library")
STATIC, DYNAMIC = made(), made("libc.so.6", interpreter=LOADER)
SYSTEM: dict[str, Content] = {"lib/ld-linux-aarch64.so.1": executable(LIBRARY), "lib/libc.so.6": executable(LIBRARY)}


def source(files: dict[str, Content]) -> Source:
    return Source(MemoryTree(files), "[build] tools /t")


@pytest.mark.parametrize("place", ["bin/busybox", "usr/bin/busybox", "sbin/busybox", "usr/sbin/busybox-static"])
def test_busybox_is_found_in_the_usual_places(place: str) -> None:
    found = tools.busybox(source({place: executable(STATIC)}), "arm64", ("sh", "cat"))
    assert (found.path, found.is_static) == (place, True)


def test_merged_folders_are_followed() -> None:
    tree = source({"bin": link("usr/bin"), "usr/bin/busybox": executable(STATIC)})
    assert tools.busybox(tree, "arm64", ("sh",)).path == "usr/bin/busybox"


def test_a_busybox_that_needs_no_library_is_preferred() -> None:
    files: dict[str, Content] = {"bin/busybox": executable(DYNAMIC), "usr/bin/busybox": executable(STATIC), **SYSTEM}
    assert tools.busybox(source(files), "arm64", ("sh",)).path == "usr/bin/busybox"
    files["usr/bin/busybox"] = executable(made(data=b"sh\0"))
    assert tools.busybox(source(files), "arm64", ("sh", "mount")).path == "bin/busybox"


def test_libraries_are_taken_with_those_that_they_need_to_where_they_were_found() -> None:
    tree = source(
        {
            "sbin/dmsetup": executable(made("libdevmapper.so.1", "libc.so.6", interpreter=LOADER)),
            "lib/ld-linux-aarch64.so.1": link("aarch64-linux-gnu/ld-2.36.so"),
            "lib/aarch64-linux-gnu/ld-2.36.so": executable(LIBRARY),
            "usr/lib/aarch64-linux-gnu/libdevmapper.so.1": link("libdevmapper.so.1.02.1"),
            "usr/lib/aarch64-linux-gnu/libdevmapper.so.1.02.1": executable(made("libudev.so.1", "libc.so.6")),
            "lib/libudev.so.1": executable(made("libc.so.6", "libudev.so.1", "ld-linux-aarch64.so.1")),
            "lib/aarch64-linux-gnu/libc.so.6": executable(LIBRARY),
            "lib/libunused.so": executable(LIBRARY),
        }
    )
    found = tools.dmsetup(tree, "arm64")
    assert sorted(found.libraries) == [
        "lib/aarch64-linux-gnu/libc.so.6",
        "lib/ld-linux-aarch64.so.1",
        "lib/libudev.so.1",
        "usr/lib/aarch64-linux-gnu/libdevmapper.so.1",
    ]
    assert not found.is_static


def test_a_library_of_another_processor_is_passed_over() -> None:
    files: dict[str, Content] = {"sbin/dmsetup": executable(DYNAMIC), **SYSTEM}
    files["lib/libc.so.6"] = executable(made(machine=62))
    files["usr/lib/libc.so.6"] = executable(LIBRARY)
    assert "usr/lib/libc.so.6" in tools.dmsetup(source(files), "arm64").libraries


def test_a_program_says_where_its_own_libraries_lie() -> None:
    program = made("libdm.so", interpreter=LOADER, runpath="$ORIGIN/../lib/dm:/opt/../etc")
    files: dict[str, Content] = {"sbin/dmsetup": executable(program), **SYSTEM, "opt/x/libdm.so": executable(LIBRARY)}
    with pytest.raises(InputError, match=r"sbin/dmsetup needs the library libdm\.so"):
        tools.dmsetup(source(files), "arm64")
    files["sbin/dmsetup"] = executable(made("libdm.so", interpreter=LOADER, runpath="/opt/x"))
    assert "opt/x/libdm.so" in tools.dmsetup(source(files), "arm64").libraries


REFUSED: dict[str, tuple[dict[str, Content], str]] = {
    "nothing": ({}, r"\[build\] tools /t: there is no dmsetup.static or dmsetup for arm64 in /bin, .*BR2_PACKAGE_LVM2"),
    "of another processor": ({"sbin/dmsetup": executable(made(machine=62))}, "there is no dmsetup"),
    "a script": ({"sbin/dmsetup": executable("#!/bin/sh\n")}, "there is no dmsetup"),
    "a folder": ({"sbin/dmsetup/x": "x"}, "there is no dmsetup"),
    "no loader": ({"sbin/dmsetup": executable(DYNAMIC)}, "is started by /lib/ld-linux-aarch64.so.1, which is not"),
    "no library": (
        {"sbin/dmsetup": executable(DYNAMIC), "lib/ld-linux-aarch64.so.1": executable(LIBRARY)},
        "needs the library libc.so.6",
    ),
    "a library by its path": (
        {"sbin/dmsetup": executable(made("../etc/x", interpreter=LOADER)), **SYSTEM, "etc/x": executable(LIBRARY)},
        "needs the library ../etc/x",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_missing_is_told_with_the_way_to_get_it(files: dict[str, Content], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tools.dmsetup(source(files), "arm64")


def test_applets_that_are_not_built_in_are_named() -> None:
    tree = source({"bin/busybox": executable(made(data=b"[\0cat\0chroot\0sh\0"))})
    with pytest.raises(InputError, match="bin/busybox is built without root, switch_root"):
        tools.busybox(tree, "arm64", ("cat", "switch_root", "root"))


def test_a_program_that_needs_libraries_without_end_is_refused() -> None:
    files: dict[str, Content] = {"sbin/dmsetup": executable(made("l0", interpreter=LOADER)), **SYSTEM}
    files |= {f"lib/l{number}": executable(made(f"l{number + 1}")) for number in range(tools.LIBRARIES + 1)}
    with pytest.raises(InputError, match="more than 64 libraries"):
        tools.dmsetup(source(files), "arm64")
