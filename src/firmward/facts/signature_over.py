"""Which signature covers a part of the image, and whether it holds and is asked for.

The rules this file holds. From the part upwards, the first that bears a signature or could bear one decides (`cover/`
has each of them): what a boot ROM starts, a UEFI program, a FIT, HAB's table behind a file, a vbmeta. File systems,
partition tables, compression, legacy uImages and routers' headers have no place for a signature, and that of an update
bundle is looked at when it is installed. Of any other container it is not known. A file that a UEFI boot manager loads
is what that does with it.
"""

from collections import defaultdict
from collections.abc import Iterator

from firmward.facts.avb import Avb
from firmward.facts.boot_keys import BootKeys
from firmward.facts.cover import Cover, avb, efi, fit, hab, stage
from firmward.facts.efi_programs import EfiProgram, EfiPrograms, Loaded
from firmward.facts.first_stages import FirstStages
from firmward.facts.fits import Fits
from firmward.facts.uboots import Uboots
from firmward.formats import authenticode, pe
from firmward.formats.malformed import Malformed
from firmward.model.chain import State
from firmward.model.facts import Unknown
from firmward.model.parts import Content, Parts, above
from firmward.model.report import Role

__all__ = ["Cover", "Signatures", "collect"]

PLAIN = frozenset((
    "bzip2", "gzip", "lz4", "lzip", "lzma", "lzop", "xz", "zstd",
    "folder", "gpt", "mbr", "partition", "nand-with-oob", "ubi", "raw", "intel-hex", "s-record", "android-sparse",
    "cpio", "cramfs", "erofs", "ext", "fat", "iso9660", "jffs2", "romfs", "squashfs", "tar", "ubifs", "yaffs2", "zip",
    "uimage", "trx", "chk", "seama", "tplink", "ubnt",
    "arm64-image", "riscv-image", "efi-zboot", "zimage", "bzimage", "vmlinux", "vmlinuz",
    "fwtool", "mender-artifact", "rauc", "swu", "tplink-safeloader",
))  # fmt: skip
"""Kinds of parts that have no place for a signature that a boot loader looks at; those of updates are looked at when
they are installed."""


class Signatures:
    """All signatures of an image that may cover parts of it. `unread` says in words what could not be looked into,
    `programs` are UEFI's."""

    def __init__(
        self,
        parts: Parts,
        stages: FirstStages | None | Unknown = None,
        fits: Fits | None | Unknown = None,
        keys: BootKeys | None | Unknown = None,
        uboots: Uboots | None | Unknown = None,
        programs: EfiPrograms | None | Unknown = None,
        vbmetas: Avb | None | Unknown = None,
    ) -> None:
        self._parts = parts
        found = stages.found if isinstance(stages, FirstStages) else ()
        self._stages = {one.at.part: one for one in found if one.kind not in stage.EFI}
        self._fits = {one.at.part: one for one in fits.found} if isinstance(fits, Fits) else {}
        self._keys = keys if isinstance(keys, BootKeys) else None
        self._fit_covers = fit.FitCovers(self._keys)
        self._uboots = uboots if isinstance(uboots, Uboots) else None
        self.programs = programs if isinstance(programs, EfiPrograms) else EfiPrograms(())
        self._programs = {efi.key_of(one): one for one in self.programs.found}
        self._loaded: dict[str, list[tuple[EfiProgram, Loaded]]] = defaultdict(list)
        for program, one in efi.loaded(self.programs):
            self._loaded[_name(one.path)].append((program, one))
        self._avb = vbmetas if isinstance(vbmetas, Avb) else None
        self._behind: dict[str, Cover | None] = {}
        self.unread = tuple(_reasons(stages, fits, keys, uboots, programs, vbmetas))

    def is_first_stage(self, id: str) -> bool:
        return id in self._stages

    def is_program(self, id: str) -> bool:
        """Whether a part is a program of UEFI's."""
        return id in self._programs

    def first_above(self, id: str) -> str | None:
        """The first stage that a part lies in."""
        return next((step for step in above(id) if step in self._stages), None)

    def is_loaders_own(self, id: str) -> bool:
        """Whether a device tree is the boot loader's, and not the kernel's."""
        if self._keys is not None and any(one.at.part == id for one in self._keys.rings):
            return True
        holder = next((step for step in above(id) if step in self._fits), None)
        if holder is not None:
            return fit.has_no_kernel(self._fits[holder])
        held = (self._parts.all[step].part.role for step in above(id) if step in self._parts.all)
        return self.first_above(id) is not None or Role.BOOT_LOADER in held

    def over(self, id: str) -> Cover | None:
        """What covers a part; None for an image of a FIT that does not boot."""
        for step in (id, *above(id)):
            if step in self._fits:
                return self._fit_covers.over(self._fits[step], step, id)
            cover = self._of(step)
            if cover is not None:
                return cover
            kind = self._kind(step)
            if step != id and kind not in PLAIN:
                return Cover(State.UNKNOWN, f"whether {step}, a {kind}, is signed is not known", None, step)
        return self._of_program_alike(id) or Cover(
            State.UNVERIFIED, f"{id} is loaded on its own, and bears no signature"
        )

    def _of(self, step: str) -> Cover | None:
        """By what bears a signature itself."""
        if step in self._stages:
            return stage.of_stage(self._stages[step])
        if step in self._programs:
            return efi.of_program(self._programs[step])
        return avb.of_partition(step, self._kind(step), self._avb) or self._hab(step) or self._managed(step)

    def _kind(self, step: str) -> str:
        return self._parts.all[step].part.kind if step in self._parts.all else "partition"

    def _hab(self, id: str) -> Cover | None:
        if id not in self._behind:
            one = self._parts.all.get(id)
            content = None if one is None else one.whole
            self._behind[id] = None if content is None else hab.of_file(id, content, self._uboots)
        return self._behind[id]

    def _managed(self, step: str) -> Cover | None:
        """By the boot manager that loads a file of this name: the worst where several do."""
        covers = [efi.of_loaded(program, one) for program, one in self._loaded.get(_name(step), ())]
        order = (State.UNVERIFIED, State.UNKNOWN, State.VERIFIED)
        return min(covers, key=lambda cover: order.index(cover.state), default=None)

    def _of_program_alike(self, id: str) -> Cover | None:
        """A kernel in the form of a UEFI program may be signed as one, and nobody is known to ask."""
        one = self._parts.all.get(id)
        if one is None or one.content is None or one.part.role is not Role.KERNEL:
            return None
        if not _is_signed(one.whole or one.content):
            return None
        if not self.programs.found and self._uboots is not None and self._uboots.proper:
            return Cover(State.UNVERIFIED, f"{id} is signed for UEFI, and U-Boot here has no keys to ask for that")
        return Cover(State.UNKNOWN, f"{id} is signed for UEFI, and who asks for that is not known", efi.BY, id)


def _is_signed(content: Content) -> bool:
    try:
        program = pe.parse(content.read, content.size)
        return any(one.holds for one in authenticode.signatures(program, content.read))
    except Malformed:
        return False


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].lower()


def _reasons(*families: FirstStages | Fits | BootKeys | Uboots | EfiPrograms | Avb | None | Unknown) -> Iterator[str]:
    for family in families:
        if isinstance(family, Unknown):
            yield family.reason
        elif family is not None:
            yield from family.unread


def collect(
    parts: Parts,
    stages: FirstStages | None | Unknown,
    fits: Fits | None | Unknown,
    keys: BootKeys | None | Unknown,
    uboots: Uboots | None | Unknown,
    programs: EfiPrograms | None | Unknown,
    vbmetas: Avb | None | Unknown,
) -> Signatures:
    return Signatures(parts, stages, fits, keys, uboots, programs, vbmetas)
