"""A kernel's configuration that was given as a file: a `.config`, gzipped or not, or a kernel that carries one."""

from pathlib import Path
from typing import TYPE_CHECKING

from firmward.cli.loose import check_there
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.facts.kernel_config import KernelOptions

KERNEL_LIMIT = 256 << 20
"""Bytes of a kernel that is not compressed."""
_GZIP = b"\x1f\x8b"


def read_options(path: Path) -> "KernelOptions":
    """Raises InputError for what is no configuration and carries none."""
    from firmward.facts.kernel_config import KernelOptions
    from firmward.formats import ikconfig, kernel_config
    from firmward.formats.malformed import Malformed
    from firmward.model.location import Location

    check_there(path, folder=False)
    try:
        with path.open("rb") as file:
            content = file.read(KERNEL_LIMIT + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if len(content) > KERNEL_LIMIT:
        raise InputError(f"{path}: is larger than any kernel or configuration")
    try:
        carried = ikconfig.find(lambda offset, size: content[offset : offset + size], len(content))
        if carried is not None:
            text = ikconfig.text(content[carried.offset : carried.offset + carried.size])
        elif content.startswith(_GZIP):
            text = ikconfig.text(content)
        else:
            text = content[: kernel_config.SIZE_LIMIT + 1].decode("utf-8", "replace")
        said = kernel_config.parse(text)
    except Malformed as error:
        hint = "give the .config, or a kernel that is not compressed and was built with CONFIG_IKCONFIG"
        raise InputError(f"{path}: {error}; {hint}") from error
    return KernelOptions(Location(path.name), said.settings, said.is_complete, said.version, "", said.architecture)
