"""The kernel that an initramfs is made for: its release, and what is known of its configuration.

The release stands in the banner, also in a compressed image. The configuration stands in the kernel itself
(CONFIG_IKCONFIG), else in boot/config-RELEASE of a tree, as distributions have it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firmward.build.initramfs.tools import Source
from firmward.formats import kernel_config, kernel_image
from firmward.formats.malformed import Malformed
from firmward.image.opening import open_image
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable


@dataclass(frozen=True, slots=True)
class Kernel:
    """`settings` are values by option without `CONFIG_`, None where nothing says them."""

    release: str
    settings: Mapping[str, str] | None = field(default=None, repr=False)

    def setting(self, option: str) -> str | None:
        """`y`, `m`, or `n` of what a known configuration does not set; None where none is known."""
        return None if self.settings is None else self.settings.get(option, "n")


def read(path: Path, sources: Iterable[Source] = ()) -> Kernel:
    """The kernel in an image file. Raises InputError where it is none."""
    for source in open_image(path).sources.values():
        said = kernel_image.identity(source.read, source.size)
        if said.banner is not None:
            text = said.configuration or _configuration(said.banner.release, sources)
            return Kernel(said.banner.release, None if text is None else _settings(text))
    raise InputError(f"{path}: holds no Linux kernel, as far as can be read; give an Image, zImage or bzImage")


def _configuration(release: str, sources: Iterable[Source]) -> str | None:
    for source in sources:
        try:
            text = source.tree.text(f"boot/config-{release}", kernel_config.SIZE_LIMIT)
        except Unavailable as reason:
            raise InputError(f"{source.name}: {reason}") from reason
        if text is not None:
            return text
    return None


def _settings(text: str) -> Mapping[str, str] | None:
    try:
        found = kernel_config.parse(text)
    except Malformed:
        return None
    return found.settings if found.is_complete else None
