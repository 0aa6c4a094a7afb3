"""The kernel modules that an initramfs loads, with those that they need, in the order in which they are loaded.

A module says itself what it needs (`depends` and `softdep` of .modinfo), so that modules.dep, which depmod makes on the
device or in the build, is not asked. What modules.builtin names, or the kernel's configuration sets to y, is no module
(Documentation/kbuild/kbuild.rst). dm-verity asks the crypto API for its digest by name when a table is loaded, and no
module of its own depends on that: sha256 has to be there before. A module stays as its maker signed it, and is only
expanded where it is compressed, since BusyBox's insmod may not know how. modpost writes into `depends` what is a
module alone, so that a name there which is not found is missing.
"""

import gzip
import io
import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from firmward.build.initramfs.kernel import Kernel
from firmward.build.initramfs.tools import Source
from firmward.formats import kernel_module
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

FOLDERS = ("lib/modules", "usr/lib/modules")
SUFFIXES = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")
SIZE_LIMIT = 64 << 20
"""Bytes of one module, expanded."""
LIST_LIMIT = 4 << 20
PANIC_SINCE = (5, 9)
"""The first Linux whose dm-verity has panic_on_corruption."""
FILES_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Need:
    """`names` are those that a module has had, any of which will do; `option` is the kernel's, without `CONFIG_`. What
    is not `is_required` only makes the device faster."""

    names: tuple[str, ...]
    option: str
    is_required: bool = True


VERITY = (
    Need(("dm_mod",), "BLK_DEV_DM"),
    Need(("sha256_generic", "sha256", "libsha256"), "CRYPTO_SHA256"),
    Need(("dm_verity",), "DM_VERITY"),
    Need(("squashfs",), "SQUASHFS"),
)
"""What opens a verified squashfs."""

# digests by the processor's own instructions, by the policy's architecture
FASTER = {
    "arm64": (Need(("sha256_arm64",), "CRYPTO_SHA256_ARM64", False), Need(("sha2_ce",), "CRYPTO_SHA2_ARM64_CE", False)),
    "arm": (Need(("sha256_arm",), "CRYPTO_SHA256_ARM", False),),
    "x86-64": (Need(("sha256_ssse3",), "CRYPTO_SHA256_SSSE3", False),),
}

# options of a board's modules that are not called as the module is
OPTIONS = {
    "armmmci": "MMC_ARMMMCI",
    "dw_mmc": "MMC_DW",
    "nvme": "BLK_DEV_NVME",
    "omap_hsmmc": "MMC_OMAP_HS",
    "sdhci": "MMC_SDHCI",
    "sdhci_esdhc_imx": "MMC_SDHCI_ESDHC_IMX",
    "sdhci_omap": "MMC_SDHCI_OMAP",
    "sdhci_pltfm": "MMC_SDHCI_PLTFM",
}


@dataclass(frozen=True, slots=True)
class Module:
    """`content` is expanded. Where a module that is not `is_required` cannot be loaded, the device goes on."""

    name: str
    content: bytes = field(repr=False)
    is_required: bool = True


def of_board(names: Iterable[str]) -> tuple[Need, ...]:
    return tuple(Need((_plain(name),), OPTIONS.get(_plain(name), name.upper().replace("-", "_"))) for name in names)


def collect(needs: Sequence[Need], kernel: Kernel, sources: Sequence[Source]) -> tuple[Module, ...]:
    """The modules in loading order, from the first of `sources` that has the kernel's. Raises InputError that names the
    kernel's option for what is neither there nor built in."""
    return tuple(_Collection(kernel, sources).modules(needs))


def require_decompressor(kernel: Kernel, compression: str) -> None:
    """Raises InputError for a squashfs that this kernel cannot read, where its configuration is known."""
    option = {"gzip": "SQUASHFS_ZLIB"}.get(compression, f"SQUASHFS_{compression.upper()}")
    if kernel.setting(option) == "n":
        raise InputError(
            f"the kernel {kernel.release} is built without CONFIG_{option}, so that it cannot read a root file system "
            f"that is compressed with {compression}: set the option, or another [build] compression"
        )


def require_panic(kernel: Kernel) -> None:
    """Raises InputError for a kernel that does not know panic_on_corruption."""
    version = tuple(int(number) for number in re.findall(r"\d+", kernel.release)[:2])
    if version < PANIC_SINCE:
        raise InputError(
            f"the kernel {kernel.release} cannot end the boot where a block was changed (dm-verity's "
            "panic_on_corruption came with Linux 5.9): take a newer one"
        )


def _plain(name: str) -> str:
    return name.replace("-", "_")


class _Collection:
    """The modules of one kernel, and which of them are in order already."""

    def __init__(self, kernel: Kernel, sources: Sequence[Source]) -> None:
        self._kernel = kernel
        self._sources = sources
        self._places: dict[str, tuple[Source, str]] = {}
        self._built_in: set[str] = set()
        self._has_list = False
        self._done: dict[str, Module | None] = {}
        for source in sources:
            for folder in FOLDERS:
                self._add(source, f"{folder}/{kernel.release}")

    def _add(self, source: Source, folder: str) -> None:
        text = _text(source, f"{folder}/modules.builtin")
        if text is not None:
            self._has_list = True
            self._built_in |= {_name(line) for line in text.split()}
        for path in _files(source.tree, folder):
            self._places.setdefault(_name(path), (source, path))

    def modules(self, needs: Sequence[Need]) -> Iterator[Module]:
        for need in needs:
            name = next((name for name in need.names if name in self._places), None)
            is_built_in = self._kernel.setting(need.option) == "y" or bool(self._built_in & set(need.names))
            if is_built_in:
                continue
            if name is None:
                if need.is_required:
                    raise self._missing(need)
                continue
            yield from self._with_needs(name, need.names[0], is_required=need.is_required)

    def _with_needs(self, name: str, needer: str, *, is_required: bool) -> Iterator[Module]:
        if name in self._done:
            return
        self._done[name] = None  # circles end here
        source, path = self._places[name]
        content = _content(source, path)
        told = _parsed(source, path, content)
        if told.release and told.release != self._kernel.release:
            raise InputError(f"{source.name}: {path} is for the kernel {told.release}, not {self._kernel.release}")
        for other in map(_plain, told.depends):
            if other in self._places:
                yield from self._with_needs(other, needer, is_required=is_required)
            elif other in self._built_in:
                continue
            elif is_required:
                raise InputError(
                    f"{source.name}: the module {needer} needs {other}, which is not in lib/modules/"
                    f"{self._kernel.release}"
                )
            else:
                return
        for other in _soft(told):
            if other in self._places and other not in self._built_in:
                yield from self._with_needs(other, needer, is_required=False)
        yield Module(name, content, is_required)

    def _missing(self, need: Need) -> InputError:
        kernel, names = self._kernel, " and ".join(source.name for source in self._sources)
        what = f"the kernel {kernel.release} has to have CONFIG_{need.option}"
        setting = kernel.setting(need.option)
        if setting == "n":
            return InputError(f"{what}, which it is built without: set it to y or m")
        if self._places or self._has_list:
            return InputError(f"{what}: the module {need.names[0]} is not in lib/modules/{kernel.release} of {names}")
        others = sorted({path.rpartition("/")[2] for one in self._sources for path in _releases(one.tree)})
        said = f"there are modules for {', '.join(others)} alone" if others else "there are no modules"
        return InputError(
            f"{what}: in {names} {said}, and nothing says what is built in; give the modules of this kernel with "
            f"modules.builtin in [build] tools or rootfs, or its configuration there as boot/config-{kernel.release}"
        )


def _releases(tree: Tree) -> Iterator[str]:
    for folder in FOLDERS:
        yield from tree.list(folder)


def _files(tree: Tree, folder: str) -> Iterator[str]:
    """The modules below a folder, which may be a link."""
    pending, seen = [folder], 0
    while pending:
        for path in tree.list(pending.pop()):
            seen += 1
            if seen > FILES_LIMIT:
                raise InputError(f"{folder}: has more than {FILES_LIMIT} files")
            if path.endswith(SUFFIXES):
                yield path
                continue
            entry = tree.lstat_through(path)  # `build` and `source` are links to where the kernel was made
            if entry is not None and entry.kind is Kind.DIRECTORY:
                pending.append(path)


def _name(path: str) -> str:
    return _plain(path.rpartition("/")[2].partition(".ko")[0])


def _soft(told: kernel_module.Module) -> Iterator[str]:
    """`softdep=pre: a b post: c`: what is better loaded before."""
    for field_, value in told.fields:
        if field_ == "softdep":
            before = value.partition("post:")[0].partition("pre:")[2]
            yield from map(_plain, before.split())


def _text(source: Source, path: str) -> str | None:
    try:
        return source.tree.text(path, LIST_LIMIT)
    except Unavailable as reason:
        raise InputError(f"{source.name}: {reason}") from reason


def _content(source: Source, path: str) -> bytes:
    try:
        content = source.tree.read(path, SIZE_LIMIT) or b""
        if path.endswith(".gz"):
            with gzip.open(io.BytesIO(content)) as packed:
                return _bounded(packed.read(SIZE_LIMIT + 1))
        if path.endswith(".xz"):
            with lzma.open(io.BytesIO(content)) as packed_xz:
                return _bounded(packed_xz.read(SIZE_LIMIT + 1))
        return _of_zstd(content) if path.endswith(".zst") else content
    except (Unavailable, OSError, EOFError, ValueError, lzma.LZMAError) as reason:
        raise InputError(f"{source.name}: {path} cannot be read: {reason}") from reason


def _bounded(content: bytes) -> bytes:
    if len(content) > SIZE_LIMIT:
        raise ValueError(f"expands to more than {SIZE_LIMIT} bytes")
    return content


def _of_zstd(content: bytes) -> bytes:
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(content) as file:
        try:
            return _bounded(file.read(SIZE_LIMIT + 1))
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error


def _parsed(source: Source, path: str, content: bytes) -> kernel_module.Module:
    try:
        return kernel_module.parse(lambda offset, length: content[offset : offset + length], len(content))
    except Malformed as reason:
        raise InputError(f"{source.name}: {path} is no kernel module: {reason}") from reason
