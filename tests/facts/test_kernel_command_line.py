"""Command lines wherever boot loaders keep them."""

import zlib
from dataclasses import replace

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import FILE_LIMIT, KernelCommandLine, collect
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.formats import boot_arguments, fdt_writer
from firmward.formats.device_tree import Node, Tree
from firmward.image.source import Bytes
from firmward.model.facts import Source, Unknown
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, link
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role


def collected(
    files: dict[str, Content], parts: Parts | None = None, source: Source = Source.IMAGE
) -> KernelCommandLine:
    found = Collection(MemoryTree(files), source, parts=parts).get(KernelCommandLine)
    assert isinstance(found, KernelCommandLine), found
    return found


def said(files: dict[str, Content], parts: Parts | None = None, source: Source = Source.IMAGE) -> list[str]:
    return [" ".join(map(str, line.arguments)) for line in collected(files, parts, source).lines]


IN_FILES = [
    ("boot/extlinux/extlinux.conf", "LABEL a\n  kernel /zImage\n  append root=/dev/a ro\n", "root=/dev/a ro"),
    ("boot/extlinux/extlinux.conf", "label a\n\tAPPEND ro \\\n  quiet\n", "ro quiet"),
    ("boot/grub/grub.cfg", "set args='quiet'\n  linux /vmlinuz root=/dev/a ${args}\n", "root=/dev/a quiet"),
    ("boot/loader/entries/a.conf", "title x\noptions root=/dev/a\noptions ro\n", "root=/dev/a ro"),
    ("boot/firmware/cmdline.txt", "console=tty1 root=/dev/a\n\n", "console=tty1 root=/dev/a"),
    ("boot/uEnv.txt", "console=ttyS0\noptargs=quiet nokaslr\n", "quiet nokaslr"),
    ("boot/uEnv.txt", "uenvcmd=run a\nmmcargs=setenv bootargs root=/dev/a ro; run b\n", "root=/dev/a ro"),
    ("boot/boot.cmd", "setenv r /dev/a\nsetenv bootargs root=${r} ro; bootz\n", "root=/dev/a ro"),
    ("mnt/boot/extra_uEnv.txt", "custom_fdt_file=\nextra_os_cmdline=mitigations=off ro\n", "mitigations=off ro"),
    ("etc/kernel/cmdline", "# mine\nroot=/dev/a\n", "root=/dev/a"),
    ("etc/default/grub", 'GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="mitigations=off"\n', "mitigations=off"),
    ("boot/cmdline.txt", 'dyndbg="file x +p" init-x=1 -- single\n', "dyndbg=file x +p init_x=1"),
]


@pytest.mark.parametrize(("path", "text", "wanted"), IN_FILES)
def test_each_boot_loader_keeps_it_in_its_way(path: str, text: str, wanted: str) -> None:
    assert said({path: text}) == [wanted]


def test_a_running_machine_has_one() -> None:
    assert said({"proc/cmdline": "ro quiet\n", "boot/cmdline.txt": "rw\n"}, source=Source.LIVE) == ["ro quiet"]


def test_without_any_it_is_unknown() -> None:
    assert isinstance(Collection(MemoryTree({"etc/passwd": ""})).get(KernelCommandLine), Unknown)


def environment(text: bytes) -> bytes:
    data = text.ljust(4092, b"\0")
    return zlib.crc32(data).to_bytes(4, "little") + data


def test_a_boot_partition_and_an_environment_beside_the_root_count() -> None:
    variables = b"bootcmd=run a\0r=/dev/mmcblk0p2\0a=setenv bootargs root=${r} rw && bootm\0baudrate=1\0\0"
    parts = around(
        OpenPart(Part("image/boot", "fat32", "image", role=Role.BOOT), None, MemoryTree({"cmdline.txt": "quiet\n"})),
        OpenPart(Part("image/env", "u-boot-env", "image"), Bytes(environment(variables))),
        OpenPart(Part("image/config", "kernel-config", "image"), Bytes(b'CONFIG_X=y\nCONFIG_CMDLINE="nokaslr"\n')),
        OpenPart(Part("image/line", "kernel-command-line", "image"), Bytes(b"selinux=0")),
    )
    assert said({}, parts) == ["quiet", "root=/dev/mmcblk0p2 rw", "nokaslr", "selinux=0"]


def test_another_roots_boot_files_are_not_this_ones() -> None:
    other = OpenPart(Part("image/b", "ext4", "image", role=Role.ROOT), None, MemoryTree({"boot/cmdline.txt": "rw\n"}))
    inner = OpenPart(Part("image/b/cmdline", "kernel-command-line", "image/b"), Bytes(b"single"))
    found = Collection(MemoryTree({"boot/cmdline.txt": "ro\n"}), parts=around(other, inner)).get(KernelCommandLine)
    assert isinstance(found, KernelCommandLine)
    assert [str(line.arguments[0]) for line in found.lines] == ["ro"]


def test_of_a_word_that_stands_twice_the_last_counts() -> None:
    (line,) = collected({"boot/cmdline.txt": "root=/dev/a ro root=/dev/b\n"}).lines
    assert line.get("root") == "/dev/b"
    assert line.all("root") == ("/dev/a", "/dev/b")


def test_a_piece_is_not_taken_for_all_that_the_kernel_is_given() -> None:
    config = OpenPart(Part("image/config", "kernel-config", "image"), Bytes(b'CONFIG_CMDLINE="a"\n'))
    line = OpenPart(Part("image/line", "kernel-command-line", "image"), Bytes(b"b"))
    addon = OpenPart(Part("image/x/cmdline", "kernel-command-line-addon", "image/x"), Bytes(b"e"))
    files: dict[str, Content] = {"etc/default/grub": 'GRUB_CMDLINE_LINUX="c"\n', "boot/cmdline.txt": "d\n"}
    found = collected(files, around(config, line, addon))
    assert {str(one.arguments[0]): one.is_whole for one in found.lines} == {
        "a": False,
        "b": True,
        "c": False,
        "d": True,
        "e": False,
    }


def test_what_cannot_be_read_is_told_and_hides_nothing_else() -> None:
    broken = OpenPart(Part("image/env", "u-boot-env", "image"), Bytes(bytes(8)))
    files: dict[str, Content] = {"boot/cmdline.txt": "x" * (FILE_LIMIT + 1), "boot/extlinux.conf": "append ro\n"}
    found = collected(files, around(broken))
    assert [str(line.arguments[0]) for line in found.lines] == ["ro"]
    assert [reason.partition(" ")[0] for reason in found.unread] == ["boot/cmdline.txt", "image/env:"]


def test_a_file_that_two_names_lead_to_is_read_once() -> None:
    files: dict[str, Content] = {
        "boot/extlinux/extlinux.conf": "append ro\n",
        "boot/extlinux.conf": link("extlinux/extlinux.conf"),
    }
    assert said(files) == ["ro"]


def test_variables_that_name_each_other_come_to_an_end() -> None:
    assert len(boot_arguments.expanded("${a}", {"a": "${b}${b}", "b": "${a}${a}"})) <= boot_arguments.LINE_LIMIT
    assert len(list(boot_arguments.extlinux("append x\n" * 100_000))) <= 100 * boot_arguments.LINES


BUILT_IN = FoundUboot(
    Location(part="image/u-boot.bin"), "2023.01", frozenset((Stage.PROPER,)), variables={"bootcmd": "run start"}
)
SAVES = replace(BUILT_IN, environment_places=("Flash",))
SETS = replace(BUILT_IN, variables={"bootcmd": "setenv bootargs ro; bootm"})
BARE = replace(BUILT_IN, variables={})


@pytest.mark.parametrize(
    ("loaders", "parent", "is_whole"),
    [
        (Uboots((BUILT_IN,)), "fit", True),
        (Uboots((BUILT_IN,)), "fat", False),
        (Uboots((BUILT_IN, SAVES)), "fit", False),
        (Uboots((SETS,)), "fit", False),
        (Uboots((BARE,)), "fit", False),
        (Uboots((BUILT_IN,), ("another cannot be read",)), "fit", False),
        (Uboots(()), "fit", False),
        (None, "fit", False),
        (Unknown("not looked"), "fit", False),
    ],
)
def test_a_fit_s_device_tree_has_all_of_it_where_no_boot_loader_changes_it(
    loaders: Uboots | None | Unknown, parent: str, is_whole: bool
) -> None:
    tree = fdt_writer.write(Tree(Node("", children=(Node("chosen", {"bootargs": b"ro panic=5\0"}),))))
    parts = Parts(
        "image/root",
        {
            "image/root": OpenPart(Part("image/root", "squashfs", role=Role.ROOT), tree=MemoryTree({})),
            "image/boot": OpenPart(Part("image/boot", parent)),
            "image/boot/fdt": OpenPart(
                Part("image/boot/fdt", "device-tree", "image/boot", role=Role.DEVICE_TREE), Bytes(tree)
            ),
        },
    )
    found = collect(MemoryTree({}), Source.IMAGE, parts, loaders)
    assert found is not None
    assert [line.is_whole for line in found.lines] == [is_whole]
