"""Which signature covers a part of the image, and whether it holds and is asked for.

The rules this file holds. From the part upwards, the first that bears a signature or could bear one decides:

- A first stage speaks for what lies in it, unless its header leaves something out or a digest does not hold.
- A FIT's image is covered by the signature of the configuration that boots it, or by one of its own. It is worth what
  the loader's key is: one that is not required lets everything boot that is not signed at all.
- HAB's table behind a kernel, a FIT or an initramfs (what U-Boot's `hab_auth_img` looks at) covers what its commands
  name; only a U-Boot that has that command looks.
- An Android boot image's signature stands in vbmeta, not in it.
- File systems, partition tables, compression, legacy uImages and routers' headers have no place for a signature, and
  that of an update bundle is looked at when it is installed. Of any other container it is not known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.boot_keys import BootKeys
from firmward.facts.first_stages import FirstStage, FirstStages, Signed
from firmward.facts.fits import FitConfiguration, Fits, FitSignature, FoundFit, HashState, SignatureState
from firmward.facts.uboots import Uboots
from firmward.formats import imx_csf, imx_ivt
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, left_out
from firmward.model.chain import State
from firmward.model.facts import Unknown
from firmward.model.parts import Content, Parts
from firmward.model.report import Role

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
ANDROID = frozenset(("android-boot", "vendor-boot"))

NAMES = {
    "imx-ivt": "HAB",
    "imx-ahab": "AHAB",
    "stm32": "the STM32 boot ROM",
    "ti-k3": "TI's boot ROM",
    "ti-mlo": "TI's boot ROM",
    "egon": "the Allwinner boot ROM",
    "toc0": "the Allwinner boot ROM",
    "rockchip-id": "the Rockchip boot ROM",
    "rockchip-rkns": "the Rockchip boot ROM",
    "raspberry-pi-eeprom": "the Raspberry Pi's boot ROM",
    "kwbimage": "the Marvell boot ROM",
    "zynq-boot": "the Zynq boot ROM",
    "efi-program": "UEFI Secure Boot",
    "uki": "UEFI Secure Boot",
}
"""Who looks at the signature of a first stage, by its kind."""

NOT_HELD = (
    SignatureState.CHANGED,
    SignatureState.LIST_CHANGED,
    SignatureState.ELSEWHERE,
    SignatureState.INVALID,
    SignatureState.FOREIGN,
)
AUTHENTICATES = "hab_auth_img"
HAB_LIMIT = 256 << 20
"""Bytes of a file behind which a table is looked for."""


@dataclass(frozen=True, slots=True)
class Cover:
    """`state` of the signature over a part, `why` in words, `by` whose it is, and the `carrier` that bears it."""

    state: State
    why: str
    by: str | None = None
    carrier: str | None = None


class Signatures:
    """All signatures of an image that may cover parts of it. `unread` says in words what could not be looked into."""

    def __init__(
        self,
        parts: Parts,
        stages: FirstStages | None | Unknown,
        fits: Fits | None | Unknown,
        keys: BootKeys | None | Unknown,
        uboots: Uboots | None | Unknown,
    ) -> None:
        self._parts = parts
        self._stages = {one.at.part: one for one in stages.found} if isinstance(stages, FirstStages) else {}
        self._fits = {one.at.part: one for one in fits.found} if isinstance(fits, Fits) else {}
        self._keys = keys if isinstance(keys, BootKeys) else None
        self._uboots = uboots if isinstance(uboots, Uboots) else None
        self._behind: dict[str, Cover | None] = {}
        self._unread = tuple(_reasons(stages, fits, keys, uboots))

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be looked into, in words."""
        return self._unread

    def is_first_stage(self, id: str) -> bool:
        return id in self._stages

    def first_above(self, id: str) -> str | None:
        """The first stage that a part lies in."""
        return next((step for step in _above(id) if step in self._stages), None)

    def is_loaders_own(self, id: str) -> bool:
        """Whether a device tree is the boot loader's, and not the kernel's."""
        if self._keys is not None and any(one.at.part == id for one in self._keys.rings):
            return True
        fit = next((step for step in _above(id) if step in self._fits), None)
        if fit is not None:
            return _has_no_kernel(self._fits[fit])
        held = (self._parts.all[step].part.role for step in _above(id) if step in self._parts.all)
        return self.first_above(id) is not None or Role.BOOT_LOADER in held

    def over(self, id: str) -> Cover | None:
        """What covers a part; None for an image of a FIT that its default configuration, or any without one, leaves."""
        for step in (id, *_above(id)):
            if step in self._stages:
                return _of_stage(self._stages[step])
            if step in self._fits:
                return self._in_fit(self._fits[step], step, id)
            behind = self._hab(step)
            if behind is not None:
                return behind
            kind = self._parts.all[step].part.kind if step in self._parts.all else "partition"
            if kind in ANDROID:
                why = f"the signature of {step} stands in vbmeta, which is not looked at"
                return Cover(State.UNKNOWN, why, "Android Verified Boot", step)
            if step != id and kind not in PLAIN:
                return Cover(State.UNKNOWN, f"whether {step}, a {kind}, is signed is not known", None, step)
        return Cover(State.UNVERIFIED, f"{id} is loaded on its own, and bears no signature")

    # FITs

    def _in_fit(self, fit: FoundFit, step: str, id: str) -> Cover | None:
        """Of an image in it, or of what it boots first for the FIT itself."""
        name = id.removeprefix(f"{step}/").partition("/")[0]
        if step == id:
            booted = fit.booted or next(iter(fit.configurations), None)
            name = next((image for _, image in booted.components), "") if booted is not None else ""
        return self._of_image(fit, step, name)

    def _of_image(self, fit: FoundFit, id: str, name: str) -> Cover | None:
        image = next((one for one in fit.images if one.name == name), None)
        holders = [one for one in fit.configurations if any(component[1] == name for component in one.components)]
        if fit.booted is not None:
            holders = [one for one in holders if one is fit.booted]
        if fit.configurations and not holders:
            return None
        booted = holders[0] if holders else None
        if image is not None and any(one.state is HashState.DIFFERS for one in image.hashes):
            return Cover(State.BROKEN, f"{name} of {id} is not what its hash says", None, id)
        if booted is not None and booted.is_signed:
            return self._of_configuration(booted, id, name)
        if image is not None and any(one.state is not SignatureState.EMPTY for one in image.signatures):
            return self._of_signatures(image.signatures, f"{name} of {id}", id, "image")
        what = "has no configuration" if booted is None else f"boots {name} by configuration {booted.name}"
        return Cover(State.UNVERIFIED, f"{id} {what}, which bears no signature", None, id)

    def _of_configuration(self, booted: FitConfiguration, id: str, name: str) -> Cover:
        paths = (f"/images/{name}", "/", f"/configurations/{booted.name}")
        for left in booted.uncovered:
            node, _, why = left.partition(": ")
            if node.rpartition(" ")[2] in paths:
                return Cover(State.BROKEN, f"configuration {booted.name} of {id} boots {node}, and {why}", None, id)
        return self._of_signatures(booted.signatures, f"configuration {booted.name} of {id}", id, "conf")

    def _of_signatures(self, signatures: tuple[FitSignature, ...], what: str, id: str, kind: str) -> Cover:
        states = [one.state for one in signatures]
        if SignatureState.VERIFIED not in states:
            return _not_verified(states, what, id)
        algorithm = next(one.algorithm for one in signatures if one.state is SignatureState.VERIFIED)
        rings = [] if self._keys is None else [one for one in self._keys.rings if not self._is_given(one.at.part)]
        by = f"the boot loader's key, {algorithm}"
        if not rings:
            why = f"{what} is signed with the given key; whether the boot loader asks for it is not known"
            return Cover(State.UNKNOWN, why, f"the given key, {algorithm}", id)
        open_rings = [one for one in rings if not one.ring.required(kind)]
        if open_rings:
            where = open_rings[0].at.part or "the boot loader"
            why = f"{what} is signed, but the key in {where} is not required: what is not signed boots too"
            return Cover(State.BROKEN, why, by, id)
        return Cover(State.VERIFIED, f"{what} is signed with a key that the boot loader requires", by, id)

    def _is_given(self, part: str | None) -> bool:
        return part in self._parts.all and self._parts.all[part or ""].part.kind == "public-key"

    # HAB behind a file

    def _hab(self, id: str) -> Cover | None:
        if id not in self._behind:
            one = self._parts.all.get(id)
            content = None if one is None else one.whole
            self._behind[id] = None if content is None or content.size > HAB_LIMIT else self._behind_of(id, content)
        return self._behind[id]

    def _behind_of(self, id: str, content: Content) -> Cover | None:
        found = imx_ivt.behind(content.read, content.size)
        if found is None or not found[1].csf:
            return None
        place, table = found
        try:
            why = _fault(content.read, place + imx_ivt.SIZE, replace(table, self=table.self - place))
        except Malformed as reason:
            why = str(reason)
        if why is not None:
            return Cover(State.BROKEN, f"HAB's signature behind {id} does not hold: {why}", "HAB", id)
        commands = [one.commands for one in self._uboots.proper] if self._uboots is not None else []
        known = [one for one in commands if isinstance(one, frozenset)]
        if known and not any(AUTHENTICATES in one for one in known):
            return Cover(
                State.BROKEN, f"{id} is signed for HAB, but U-Boot has no {AUTHENTICATES} to ask it", "HAB", id
            )
        return Cover(
            State.VERIFIED, f"HAB's commands behind {id} cover all of it, and their signatures hold", "HAB", id
        )


def _reasons(*families: FirstStages | Fits | BootKeys | Uboots | None | Unknown) -> Iterator[str]:
    for family in families:
        if isinstance(family, Unknown):
            yield family.reason
        elif family is not None:
            yield from family.unread


def _above(id: str) -> Iterator[str]:
    step = id.rpartition("/")[0]
    while step:
        yield step
        step = step.rpartition("/")[0]


def _has_no_kernel(fit: FoundFit) -> bool:
    booted = fit.booted or next(iter(fit.configurations), None)
    return booted is not None and all(role != "kernel" for role, _ in booted.components)


def _of_stage(stage: FirstStage) -> Cover:
    id, by = stage.at.part, NAMES.get(stage.kind, "the boot ROM")
    if stage.signed is Signed.NO:
        return Cover(State.UNVERIFIED, f"{id} is not signed: {stage.evidence}", None, id)
    if stage.broken:
        return Cover(State.BROKEN, f"{id} is signed, and its {stage.broken[0]} does not hold", by, id)
    if stage.signed is Signed.UNKNOWN:
        return Cover(State.UNKNOWN, f"whether {id} is signed is not known: {stage.evidence}", by, id)
    if stage.uncovered:
        return Cover(State.BROKEN, f"{id} is signed, and the signature leaves out {stage.uncovered[0]}", by, id)
    return Cover(State.VERIFIED, f"{id} is signed: {stage.evidence}", by, id)


def _not_verified(states: list[SignatureState], what: str, id: str) -> Cover:
    if any(state in NOT_HELD for state in states):
        return Cover(State.BROKEN, f"the signature of {what} does not hold", None, id)
    if SignatureState.NO_KEY in states:
        why = f"{what} is signed, and the key that the boot loader checks it with is not in the image"
        return Cover(State.UNKNOWN, why, None, id)
    return Cover(State.UNKNOWN, f"the signature of {what} could not be worked out", None, id)


def _fault(read: Read, end: int, table: imx_ivt.Ivt) -> str | None:
    """Why HAB's commands do not speak for all bytes up to `end`, behind the table, which is told as if it stood at the
    start, so that every offset counts from there; None when they do. Raises Malformed."""
    sequence = imx_csf.parse(read, table)
    signing = sequence.signing(table)
    if signing.signed is not Signed.YES:
        return signing.evidence[-1].says
    broken = [one.what for one in imx_csf.verify(read, table, sequence) if not one.holds]
    if broken:
        return f"{broken[0]} is wrong"
    left = left_out((Extent("file", 0, end),), signing.covered)
    return f"{left[0].size} bytes of the file are left out" if left else None


def collect(
    parts: Parts,
    stages: FirstStages | None | Unknown,
    fits: Fits | None | Unknown,
    keys: BootKeys | None | Unknown,
    uboots: Uboots | None | Unknown,
) -> Signatures:
    return Signatures(parts, stages, fits, keys, uboots)
