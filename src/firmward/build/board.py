"""What a board needs to start a signed image: how the kernel's FIT is loaded, and who builds its boot loader."""

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from firmward.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where U-Boot puts what it loads, in the device's memory: the `fit` as it is read, up to `fit_limit` bytes of it,
    and the images in it. `scratch` is a MiB for the boot script of firmward's own U-Boot, `floor` the flash bank with
    the rollback floor; both 0 where the maker brings the boot loader."""

    fit: int
    kernel: int
    device_tree: int
    initramfs: int
    fit_limit: int = 48 << 20
    scratch: int = 0
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """`architecture` is the policy's word, `uboot_architecture` mkimage's. `defconfig` is the configuration of Debian's
    U-Boot sources that the boot loader is built from, None where the maker brings it. `modules` are those the kernel
    needs to find its disk, as far as they are not built in, `console` its serial line. `rom` names what the boot ROM
    verifies (a module of build/rom), None where nothing does."""

    name: str
    architecture: str
    uboot_architecture: str
    addresses: Addresses
    modules: tuple[str, ...]
    console: str
    defconfig: str | None = None
    rom: str | None = None


def names() -> tuple[str, ...]:
    from firmward.build import boards

    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(boards.__path__)))


def board(name: str) -> Board:
    """Raises InputError for a board that is not known, with those that are."""
    known = names()
    if name not in known:
        raise InputError(f"[device] board: {name!r} cannot be built for; known are {', '.join(known)}")
    found: Board = import_module(f"firmward.build.boards.{name.replace('-', '_')}").BOARD
    return found
