"""What a build says of itself: `build.json` in its folder, for the lab, for updates and for people.

The folder of a build:

| file | is |
| --- | --- |
| `build.json` | this record |
| `build.dsse` | the same, signed by the keys of the role rootfs |
| `device.toml`, `triage.toml` | the policy that it was built from, and the decisions on vulnerabilities beside it |
| `disk.img` | the whole disk: state, both slots, data |
| `slot/boot.fit` | kernel, device trees and initramfs, signed |
| `slot/root.img` | the root file system with its hash tree behind it; not there where the initramfs is the system |
| `boot/u-boot.bin`, `boot/u-boot.config` | the boot loader, where firmward builds it, and its configuration |
| `boot/control.dtb` | its control tree, with the key that it requires |
| `rom/` | what the maker's tool has to sign for the boot ROM, and how |
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from firmward.build import regular
from firmward.model.errors import InputError

SCHEMA = "firmward.build/1"
FILE = "build.json"
SIZE_LIMIT = 1 << 20

STATE, BOOT, ROOT, DATA = "state", "boot", "root", "data"
"""Names of the disk's partitions; boot and root once for each slot: boot_a, boot_b, root_a, root_b."""
SLOTS = ("a", "b")
LOADERS, ROM = "boot", "rom"
"""The folders of boot loaders, and of what the maker's tool has to sign."""
LOADER, LOADER_CONFIG, CONTROL = f"{LOADERS}/u-boot.bin", f"{LOADERS}/u-boot.config", f"{LOADERS}/control.dtb"


@dataclass(frozen=True, slots=True)
class Partition:
    """`start` and `size` in bytes."""

    name: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """`path` within the folder, `size` in bytes, `sha256` in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Built:
    """`boot_key` is the id of the key that signed. `root_hash` is empty where the initramfs is the system. `health` are
    the commands that tell whether the device serves its purpose, to be answered within `health_seconds`. `files` are
    all that lie in the folder, but this one."""

    product: str
    version: str
    board: str
    layout: str
    console: str
    rollback_index: int
    root_hash: str
    epoch: int
    health: tuple[str, ...]
    health_seconds: int
    boot_key: str
    partitions: tuple[Partition, ...]
    files: tuple[File, ...]

    def partition(self, name: str) -> Partition:
        return next(one for one in self.partitions if one.name == name)


def to_json(built: Built) -> str:
    return json.dumps({"schema": SCHEMA, **asdict(built)}, indent=2, sort_keys=True) + "\n"


def read(folder: Path) -> Built:
    """Raises InputError for a folder that no build has made."""
    from firmward.model.decode import decode

    path = folder / FILE
    if not path.exists():
        raise InputError(f"{folder}: is no folder that `firmward build` has written: {FILE} is not in it")
    try:
        table = json.loads(regular.content(path, SIZE_LIMIT))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(table, dict) or table.pop("schema", None) != SCHEMA:
        raise InputError(f"{path}: is not of schema {SCHEMA}")
    try:
        return decode(Built, table, "")
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def files(folder: Path) -> Iterator[Path]:
    """All regular files in a folder, in the order of their names; nothing that a link leads to."""
    yield from (path for path in entries(folder) if path.is_file() and not path.is_symlink())


def entries(folder: Path) -> Iterator[Path]:
    """All that is in a folder but folders: files, links and what else there may be."""
    yield from sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
