"""Which boot loader a device has."""

from firmward.model.errors import InputError
from firmward.update.bootloaders.bootloader import BootLoader
from firmward.update.disk import Disk


def chosen(name: str, _disk: Disk, _running: str) -> BootLoader:
    """By the name in the image, or what is found where that is empty. Raises InputError where there is none."""
    raise InputError(f"no boot loader is known here that is called {name or 'anything'}: nothing can be installed")
