"""Parts given by hand, as options: the boot loader in another flash, its configuration, a dump of the fuses.

Every verb that takes them declares these options and puts what came through `gathered`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.image.given import Given

PANEL = "Loose parts (they join TARGET, or are audited alone)"


ImageArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="IMAGE",
        help="A firmware image, a root file system folder, or a build's output folder.",
        show_default=False,
    ),
]
"""None where parts alone are given."""


def _option(name: str, words: str, metavar: str = "FILE") -> object:
    return typer.Option(name, metavar=metavar, help=words, show_default=False, rich_help_panel=PANEL)


KernelConfigOption = Annotated[
    Path | None, _option("--kernel-config", "The kernel's .config, gzipped or not, or a kernel with IKCONFIG.")
]
DtbOption = Annotated[
    list[Path] | None, _option("--dtb", "A device tree; one with a /signature node is the boot loader's. Repeatable.")
]
UbootOption = Annotated[Path | None, _option("--uboot", "U-Boot's binary, or a boot image that holds it.")]
UbootConfigOption = Annotated[Path | None, _option("--uboot-config", "The .config that U-Boot was built with.")]
EnvOption = Annotated[
    Path | None, _option("--env", "U-Boot's stored environment: the bytes of the medium, or what fw_printenv prints.")
]
FitOption = Annotated[list[Path] | None, _option("--fit", "A FIT. Repeatable.")]
InitramfsOption = Annotated[list[Path] | None, _option("--initramfs", "An initramfs, packed as it is. Repeatable.")]
RootfsOption = Annotated[
    Path | None, _option("--rootfs", "The root file system: a folder or an image.", metavar="PATH")
]
FusesOption = Annotated[Path | None, _option("--fuses", "What fuse read printed, a hexdump of nvmem, or nvmem itself.")]
PublicKeyOption = Annotated[
    list[Path] | None,
    _option("--public-key", "A public key or certificate that FITs are to be verified with. Repeatable."),
]
ManifestOption = Annotated[
    list[Path] | None,
    _option("--manifest", "A build's list of packages: Yocto's, OpenWrt's, Buildroot's manifest.csv. Repeatable."),
]


@dataclass(frozen=True, slots=True)
class Loose:
    """What was given, in the order of these fields, as the options have it."""

    kernel_config: Path | None = None
    dtb: Sequence[Path] | None = None
    uboot: Path | None = None
    uboot_config: Path | None = None
    env: Path | None = None
    fit: Sequence[Path] | None = None
    initramfs: Sequence[Path] | None = None
    rootfs: Path | None = None
    fuses: Path | None = None
    public_key: Sequence[Path] | None = None
    manifest: Sequence[Path] | None = None

    def gathered_beside(self, image: Path | None) -> "tuple[Given, ...]":
        """As `gathered`, for a verb that needs an image or parts of one. Raises InputError where there is neither."""
        found = self.gathered()
        if image is None and not found:
            raise InputError("give an image or a folder, or parts of one")
        return found

    def gathered(self) -> "tuple[Given, ...]":
        """As the opener takes them. Raises InputError for a path where nothing is, or where no file can be read."""
        from firmward.image.given import Given

        found = tuple(Given(claim, path) for claim, path in self._named())
        for one in found:
            check_there(one.path, folder=one.claim == "rootfs")
        return found

    def _named(self) -> Iterator[tuple[str, Path]]:
        for claim, paths in (
            ("kernel-config", self.kernel_config),
            ("dtb", self.dtb),
            ("uboot", self.uboot),
            ("uboot-config", self.uboot_config),
            ("env", self.env),
            ("fit", self.fit),
            ("initramfs", self.initramfs),
            ("rootfs", self.rootfs),
            ("fuses", self.fuses),
            ("public-key", self.public_key),
            ("manifest", self.manifest),
        ):
            for path in (paths,) if isinstance(paths, Path) else paths or ():
                yield claim, path


def check_there(path: Path, *, folder: bool) -> None:
    """Raises InputError for what is not there, and for a folder where a file is wanted."""
    try:
        os.stat(path)  # noqa: PTH116 - Path.exists hides why
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not folder and os.path.isdir(path):  # noqa: PTH112 - no exceptions
        raise InputError(f"{path}: is a folder, and a file is wanted")
