"""What a system is made of, each with the end of its support: kernels, boot loaders, distribution, components.

Who supports something decides until when:

- What a distribution brings lives as long as that, whatever the line of its makers: Debian 12 mends OpenSSL 3.0 and
  Linux 6.1 after these ended.
- A kernel with the mark of the Civil Infrastructure Platform lives as long as that keeps the line.
- Android's common kernels get fixes from Google beyond the line's end, until days that the facts do not know; lines
  before 5.10 have none left.
- Every other kernel, a board maker's tree among them, lives as long as the line that it names: what is found after
  its end is mended by nobody in public.
- A boot loader's release is held to be supported for some years; nobody announces an end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from firmward.facts.boot_firmware import BootFirmware, Loader
from firmward.facts.dated_software import DatedSoftware
from firmward.facts.distribution import Distribution
from firmward.facts.lifecycle import LINUX, Lifecycle, Line
from firmward.facts.running_kernels import RunningKernels
from firmward.facts.uboots import Uboots
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location

CIP = re.compile(r"-cip\d")
ANDROID = re.compile(r"-android\d|-android$|-android-")
ANDROID_KEEPS = (5, 10)
"""The first line of Android's common kernels that Google may keep beyond the end of the line itself."""

BY_DEBIAN = re.compile(r"\bDebian (?P<version>\d[\w.+~-]{0,60})")
NOT_DEBIANS = ("+rpt", "bpo", "~rt")
"""Marks of versions that only look like Debian's: the Raspberry Pi's, and backports, which end with the next."""
IN_DEBIAN = {"4.19": "10", "5.10": "11", "6.1": "12", "6.12": "13"}
"""Which of Debian's releases has which line of Linux."""
OF_RELEASE = re.compile(r"[+~]deb(?P<release>\d{1,2})(?:u\d+)?\b")
MARKS = {
    "debian": re.compile(r"(?:-\d{1,3}|\+deb\d{1,2}(?:\.\d)?)-(?:amd64|arm64|armmp(?:-lpae)?|686(?:-pae)?|cloud-\w+|"
        r"rt-\w+|marvell|rpi|riscv64|mips\w+|loongson\S*|powerpc\S*|s390x)$"),
    "ubuntu": re.compile(r"-\d{1,4}-(?:generic|lowlatency|raspi|aws|azure|gcp|kvm|oracle|ibm|oem|iot|realtime)\S*$"),
    "alpine": re.compile(r"-\d{1,3}-(?:lts|virt|rpi\d?|edge|stable)$"),
    **dict.fromkeys(("rhel", "centos", "rocky", "almalinux"), re.compile(r"\.el\d")),
    "fedora": re.compile(r"\.fc\d"),
}  # fmt: skip
"""How the releases of a distribution's own kernels look."""
LOADERS = {Loader.TF_A: "tf-a", Loader.OP_TEE: "op-tee", Loader.BAREBOX: "barebox"}


class Kind(StrEnum):
    KERNEL = "kernel"
    BOOT_LOADER = "boot-loader"
    DISTRIBUTION = "distribution"
    COMPONENT = "component"


@dataclass(frozen=True, slots=True)
class Life:
    """One thing of a `kind`: the `product` by its name among the facts of support, its `title` and `version`, and `at`
    where that was seen. `line` is what it is supported as, `by` whom. `carrier` is the distribution that keeps it, in
    words, empty without one; `is_rule` says that the end follows from a rule, and was announced by nobody."""

    kind: Kind
    product: str
    title: str
    version: str
    at: Location
    by: str
    line: Line | Unknown
    carrier: str = ""
    is_rule: bool = False

    @property
    def name(self) -> str:
        return f"{self.title} {self.version}".strip()

    @property
    def end(self) -> date | None:
        """The last day with support, where one is known."""
        return None if isinstance(self.line, Unknown) else self.line.end

    def is_past(self, today: date) -> bool:
        return not isinstance(self.line, Unknown) and self.line.is_past(today)


@dataclass(frozen=True, slots=True)
class Lives:
    """All that were `found`, and the day `as_of` which the ends are known.

    `kernels_unread` says in words why kernels are not among them, `unread` why others are not. `is_before_a_root` says
    that it is an initramfs, which runs with the root's kernel.
    """

    found: tuple[Life, ...]
    as_of: date
    kernels_unread: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    is_before_a_root: bool = False

    def of(self, *kinds: Kind) -> tuple[Life, ...]:
        return tuple(one for one in self.found if one.kind in kinds)


def collect(
    lifecycle: Lifecycle,
    kernels: RunningKernels | None | Unknown,
    uboots: Uboots | None | Unknown,
    firmware: BootFirmware | None | Unknown,
    distribution: Distribution | None | Unknown,
    components: DatedSoftware | None | Unknown,
) -> Lives | None:
    unread = list[str]()
    running = kernels.found if isinstance(kernels, RunningKernels) else ()
    blind = _blind(kernels)
    named = distribution if isinstance(distribution, Distribution) else None
    unread += [one.reason for one in (distribution, components) if isinstance(one, Unknown)]
    found = [
        *(kernel(one.release, one.version, one.at, named, lifecycle) for one in running),
        *_loaders(uboots, firmware, lifecycle),
        *(() if named is None else (_distribution(named, lifecycle),)),
        *(_components(components, named, lifecycle, unread) if isinstance(components, DatedSoftware) else ()),
    ]
    if not found:
        if unread or blind:
            raise Unavailable("; ".join((*unread, *blind)[:3]))
        return None
    is_before = isinstance(kernels, RunningKernels) and kernels.is_before_a_root
    return Lives(tuple(_distinct(found)), lifecycle.as_of, blind, tuple(unread), is_before)


def _blind(kernels: RunningKernels | None | Unknown) -> tuple[str, ...]:
    if isinstance(kernels, Unknown):
        return (kernels.reason,)
    return () if kernels is None else kernels.unread


def _distinct(found: list[Life]) -> Iterator[Life]:
    known: set[tuple[str, str, str]] = set()
    for one in found:
        key = (one.kind, one.title, one.version)
        if key not in known:
            known.add(key)
            yield one


def kernel(release: str, version: str, at: Location, distribution: Distribution | None, lifecycle: Lifecycle) -> Life:
    """A kernel by its release and version, with who keeps it."""

    def life(product: str, line: Line | Unknown, carrier: str = "") -> Life:
        return Life(Kind.KERNEL, LINUX, "Linux", release, at, lifecycle.by(product), line, carrier)

    if CIP.search(release) or CIP.search(version):
        return life("cip", lifecycle.line_of("cip", release))
    kept = _debians(release, version, distribution)
    if kept:
        return life("debian", lifecycle.line_of("debian", kept), f"{lifecycle.title('debian')} {kept}")
    mark = None if distribution is None else MARKS.get(distribution.product)
    if distribution is not None and distribution.product != "debian" and mark is not None and mark.search(release):
        return life(distribution.product, distribution.line, f"{distribution.title} {distribution.version}")
    line = lifecycle.line_of(LINUX, release)
    if ANDROID.search(release) and _numbers(release) >= ANDROID_KEEPS:
        why = f"{release[:40]} is a common kernel of Android's, and until when Google keeps it is not known"
        return life(LINUX, Unknown(why))
    return life(LINUX, line)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,6}", release)[:2])


def _debians(release: str, version: str, distribution: Distribution | None) -> str:
    """The release of Debian that keeps this kernel; empty for one that is not Debian's."""
    banner = BY_DEBIAN.search(version)
    own = distribution is not None and distribution.product == "debian"
    if banner is None and not (own and MARKS["debian"].search(release)):
        return ""
    said = release if banner is None else f"{release} {banner['version']}"
    if any(mark in said for mark in NOT_DEBIANS):
        return ""
    named = OF_RELEASE.search(said)
    line = ".".join(str(number) for number in _numbers(release))
    if named is not None:
        return named["release"]
    return IN_DEBIAN.get(line, "")


def _loaders(
    uboots: Uboots | None | Unknown, firmware: BootFirmware | None | Unknown, lifecycle: Lifecycle
) -> Iterator[Life]:
    for one in uboots.proper if isinstance(uboots, Uboots) else ():
        if one.debian is None:
            yield _loader("u-boot", one.version, one.at, lifecycle)
        else:
            release = str(one.debian.release)
            line, by, carrier = lifecycle.line_of("debian", release), lifecycle.by("debian"), lifecycle.title("debian")
            title = lifecycle.title("u-boot")
            yield Life(Kind.BOOT_LOADER, "u-boot", title, one.version, one.at, by, line, f"{carrier} {release}")
    for other in firmware.found if isinstance(firmware, BootFirmware) else ():
        if other.loader in LOADERS:
            yield _loader(LOADERS[other.loader], other.version, other.at, lifecycle)


def _loader(product: str, version: str, at: Location, lifecycle: Lifecycle) -> Life:
    line, title = lifecycle.line_of(product, version), lifecycle.title(product)
    return Life(Kind.BOOT_LOADER, product, title, version, at, lifecycle.by(product), line, is_rule=True)


def _distribution(found: Distribution, lifecycle: Lifecycle) -> Life:
    by = lifecycle.by(found.product) if found.product else "its maker"
    return Life(Kind.DISTRIBUTION, found.product, found.title, found.version, found.at, by, found.line)


def _components(
    found: DatedSoftware, distribution: Distribution | None, lifecycle: Lifecycle, unread: list[str]
) -> Iterator[Life]:
    unread += found.unread
    for one in found.found:
        title = lifecycle.title(one.product)
        if one.is_distributed and distribution is not None:
            carrier = f"{distribution.title} {distribution.version}".strip()
            by, line = lifecycle.by(distribution.product), distribution.line
            yield Life(Kind.COMPONENT, one.product, title, one.version, one.at, by, line, carrier)
        else:
            line = lifecycle.line_of(one.product, one.version)
            yield Life(Kind.COMPONENT, one.product, title, one.version, one.at, lifecycle.by(one.product), line)
