"""The boot ROMs that are known, by the name that a board gives them."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from firmward.build import space
from firmward.build.board import Board
from firmward.build.rom.record import IMAGE, RomFile, Verdict
from firmward.formats import uboot_control
from firmward.model.errors import InputError

ROMS = ("imx-hab", "stm32", "ti")
CONF = "conf"
"""Of a required key: configurations are signed with it, not images one by one."""
SIZE_LIMIT = 64 << 20
"""Bytes of a boot loader."""


def prepare(board: Board, boot_loader: Path | None, out: Path) -> tuple[Path, ...]:
    """Write what the maker's tool has to sign into `out`, which is made; nothing for a board whose ROM verifies
    nothing. Raises InputError for a boot loader that the ROM does not read."""
    if board.rom is None:
        return ()
    if boot_loader is None:
        raise InputError(f"[build] boot_loader: {board.name} needs the boot loader that its ROM has to verify")
    files: tuple[RomFile, ...] = _module(board.rom).prepare(_content(boot_loader), boot_loader.name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        return tuple(_written(out / one.name, one) for one in files)
    except OSError as error:
        raise InputError(f"{out}: {space.reason(error)}") from error


def require_key(board: Board, boot_loader: Path, key: str) -> None:
    """Raises InputError for a boot loader that the ROM does not read, and for one that starts what is not signed with
    the key of this id."""
    content = _content(boot_loader)
    if board.rom is not None:
        _module(board.rom).prepare(content, boot_loader.name)
    known = [one for tree in uboot_control.find(content) for one in tree.keys or ()]
    if not any(one.hint == key and one.required == CONF for one in known):
        raise InputError(
            f"[build] boot_loader: {boot_loader} does not require key {key[:16]}; leave boot_loader out once, build "
            "U-Boot with the control tree of that build (make EXT_DTB=boot/control.dtb), and name it then"
        )


def check(board: Board, signed: Path, folder: Path | None = None) -> Verdict:
    """What our own readers say of what the maker's tool made; `folder` is the one that `prepare` filled, so that what
    was signed can be compared with it. Raises InputError for what is no such image."""
    if board.rom is None:
        raise InputError(f"[device] board: the ROM of {board.name} verifies nothing")
    given = None if folder is None else folder / IMAGE
    made = _content(given) if given is not None and given.exists() else None
    found: Verdict = _module(board.rom).check(_content(signed), made)
    return found


def _module(rom: str) -> ModuleType:
    return import_module(f"firmward.build.rom.{rom.replace('-', '_')}")


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise InputError(f"{path}: is larger than {SIZE_LIMIT} bytes: no boot loader")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _written(path: Path, one: RomFile) -> Path:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(one.content)
        beside.chmod(0o755 if one.runs else 0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
