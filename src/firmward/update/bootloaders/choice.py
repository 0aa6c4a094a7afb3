"""Which boot loader a device has: what its image names, or else firmward's own where that has its partition.

A loader is one file beside this one (surroundings.py says what it has); nothing is registered. None is guessed from
what lies about on a device: two of them may, and telling the wrong one changes nothing until the device is started.
"""

from pathlib import Path

from firmward.model.errors import InputError
from firmward.update.bootloaders import uboot_state
from firmward.update.bootloaders.bootloader import BootLoader
from firmward.update.bootloaders.surroundings import Surroundings

OWN = "uboot-state"
_NO_LOADERS = frozenset({"__init__", "bootloader", "choice", "surroundings"})


def names() -> tuple[str, ...]:
    """What a device's image may name."""
    found = {path.stem for path in Path(__file__).parent.glob("*.py")} - _NO_LOADERS
    return tuple(sorted(name.replace("_", "-") for name in found))


def boot_loader(name: str, around: Surroundings) -> BootLoader:
    """`name` is empty where the image names none. Raises InputError, DeviceError."""
    chosen = name or _own(around)
    if chosen not in names():
        raise InputError(f"device.json: boot_loader {chosen[:64]!r} is none of {', '.join(names())}")
    from importlib import import_module

    module = import_module(f"{__package__}.{chosen.replace('-', '_')}")
    loader: BootLoader = module.adapter(around)
    return loader


def _own(around: Surroundings) -> str:
    try:
        around.disk.size(uboot_state.PARTITION)
    except KeyError:
        raise InputError(
            f"device.json: names no boot_loader, and there is no partition {uboot_state.PARTITION};"
            f" name one of {', '.join(names())}"
        ) from None
    except OSError:
        return OWN  # it is there, and who uses it tells what it has
    return OWN
