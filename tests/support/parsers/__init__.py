"""Every pure parser of the chain of trust, with what one byte string is asked and real samples of it.

An area is one module here, with PARSERS. The fuzzer and the tests of all parsers find them by being there; a module of
`formats/` that no parser here asks must be told as READ_ELSEWHERE, with where.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import program
import samples

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
Samples = Callable[[Path], Iterator[bytes]]
Ask = Callable[[bytes], None]
Mend = Callable[[bytearray], None]

READ_ELSEWHERE = {
    "containers and file systems, by fuzz/formats.py": (
        "cramfs crc32c erofs ext4 fat file_capabilities gpt intel_hex iso9660 jffs2 mbr romfs s_record squashfs "
        "squashfs3 tar ubi ubifs yaffs2 zip"
    ),
    "files of a root, by fuzz/systems.py": (
        "apparmor apt_conf boot_arguments credential credential_address credential_assigned credential_list "
        "credential_token credential_value crontab crypt_hash fstab haproxy inittab interfaces iptables "
        "javascript_tokens key_file libconfig lighttpd lua_tokens md4 mdev_conf nftables nginx os_release perl_tokens "
        "php_tokens printed raucm script_scanner script_tokens services shell shell_words smb_conf ssh_algorithms "
        "ssh_match sshd_config sw_description sysctl_conf uci udev_rules unit_file xinetd yaml_subset"
    ),
    "nothing that reads bytes": "malformed verity_tree",
}
"""Modules by where their bytes come from."""


@dataclass(frozen=True, slots=True)
class Parser:
    """`modules` are those of `formats/` all of whose functions `ask` calls on its `samples`, of which there may be
    fewer where a program that makes them is missing. `ask` lets out whatever must not come out; `mend` makes checksums
    right again that would turn a changed sample away."""

    name: str
    modules: tuple[str, ...]
    samples: Samples
    ask: Ask
    mend: Mend | None = None


def parsers() -> tuple[Parser, ...]:
    """Those of all areas, by name."""
    areas = (import_module(f"parsers.{area.name}") for area in pkgutil.iter_modules(__path__))
    return tuple(sorted((one for area in areas for one in area.PARSERS), key=lambda one: one.name))


def made(parser: Parser, folder: Path) -> list[bytes]:
    """The samples that can be made here. Raises samples.NoProgramError when there is none."""
    found: list[bytes] = []
    try:
        found += parser.samples(folder)
    except samples.NoProgramError:
        if not found:
            raise
    return found


def reader(data: bytes, start: int = 0) -> Read:
    """Bytes by offset, as a parser reads a part of an image."""
    return lambda offset, length: data[start + offset : start + offset + length] if offset >= 0 < length else b""


def refused(question: Callable[[], object]) -> None:
    """A question that may be answered with Malformed alone."""
    with suppress(Malformed):
        question()


def told(record: object) -> None:
    """All that a record works out when it is asked."""
    for name, value in inspect.getmembers_static(type(record), lambda value: isinstance(value, property)):
        if not name.startswith("_"):
            value.__get__(record)


def found_program(*names: str) -> str:
    """The first of some programs that is there. Raises samples.NoProgramError."""
    found = next(filter(None, map(program.find_program, names)), None)
    if found is None:
        raise samples.NoProgramError(f"{names[0]} is not installed")
    return found
