"""Command lines wherever boot loaders keep them."""

import zlib

import pytest

from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.formats import boot_arguments
from firmward.model.facts import Source, Unknown
from firmward.model.memory import Content, MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role


class Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def around(*others: OpenPart) -> Parts:
    root = OpenPart(Part("image/root", "squashfs", "image", role=Role.ROOT), None, MemoryTree({}))
    return Parts("image/root", {one.part.id: one for one in (root, *others)})


def said(files: dict[str, Content], parts: Parts | None = None, source: Source = Source.IMAGE) -> list[str]:
    found = Collection(MemoryTree(files), source, parts=parts).get(KernelCommandLine)
    assert isinstance(found, KernelCommandLine), found
    return [" ".join(map(str, line.arguments)) for line in found.lines]


IN_FILES = [
    ("boot/extlinux/extlinux.conf", "LABEL a\n  kernel /zImage\n  append root=/dev/a ro\n", "root=/dev/a ro"),
    ("boot/extlinux/extlinux.conf", "label a\n\tAPPEND ro \\\n  quiet\n", "ro quiet"),
    ("boot/grub/grub.cfg", "set args='quiet'\n  linux /vmlinuz root=/dev/a ${args}\n", "root=/dev/a quiet"),
    ("boot/loader/entries/a.conf", "title x\noptions root=/dev/a\noptions ro\n", "root=/dev/a ro"),
    ("boot/firmware/cmdline.txt", "console=tty1 root=/dev/a\n\n", "console=tty1 root=/dev/a"),
    ("boot/uEnv.txt", "console=ttyS0\noptargs=quiet nokaslr\n", "quiet nokaslr"),
    ("boot/uEnv.txt", "uenvcmd=run a\nmmcargs=setenv bootargs root=/dev/a ro; run b\n", "root=/dev/a ro"),
    ("boot/boot.cmd", "setenv r /dev/a\nsetenv bootargs root=${r} ro; bootz\n", "root=/dev/a ro"),
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


def test_variables_that_name_each_other_come_to_an_end() -> None:
    assert len(boot_arguments.expanded("${a}", {"a": "${b}${b}", "b": "${a}${a}"})) <= boot_arguments.LINE_LIMIT
    assert len(list(boot_arguments.extlinux("append x\n" * 100_000))) <= 100 * boot_arguments.LINES
