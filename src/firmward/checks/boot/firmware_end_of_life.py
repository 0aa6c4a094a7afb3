"""firmware-end-of-life"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firmward.facts.boot_firmware import BootFirmware, FoundLoader, Loader
from firmward.facts.found_uboot import DebianRevision
from firmward.facts.lifecycle import Lifecycle, Line
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety
from firmward.model.remedy import Stage as RemedyStage

Release = tuple[int, int]
"""Year and month, or major and minor number."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """What gets around verification, or into the boot loader, up to the release before `fixed` and from `since` on.

    `needs` are commands of which one must be there; without any, it is code for signatures of FITs. `fix` is the commit
    of U-Boot's repository that mended it, which first went into that release.
    """

    cves: str
    fixed: Release
    fix: str
    what: str
    needs: str = ""
    since: Release = (0, 0)


FIT_SINCE, SQUASHFS_SINCE = (2013, 7), (2020, 10)
NETWORK, SQUASHFS, EXT4 = "tftpboot tftp dhcp bootp nfs ping wget", "sqfsload sqfsls", "ext4load ext4ls ext2load ext2ls"
LOADS = "load fatload ext4load ext2load fsload ubifsload sqfsload btrload"
BYPASSES = (
    Bypass("CVE-2020-10648", (2020, 4), "67acad3db71", "a FIT's configuration made of another's signature boots",
        since=FIT_SINCE),
    Bypass("CVE-2021-27097", (2021, 4), "8a7d4cf9820", "a FIT with a second root node is verified by the first",
        since=FIT_SINCE),
    Bypass("CVE-2021-27138", (2021, 4), "3f04db891a3", "a FIT's node with a unit address is taken for the signed one",
        since=FIT_SINCE),
    Bypass("CVE-2026-46728", (2026, 4), "2092322b31c", "a FIT itself names the nodes that its signature covers",
        since=FIT_SINCE),
    Bypass("CVE-2018-18439", (2019, 4), "a156c47e39a", "a file from the network overwrites U-Boot", NETWORK),
    Bypass("CVE-2018-18440", (2019, 4), "aa3c609e2be", "a file from a medium overwrites U-Boot", LOADS),
    Bypass("CVE-2019-13104 CVE-2019-13105 CVE-2019-13106", (2019, 10), "e205896c538",
        "an ext4 file system writes over memory", EXT4),
    Bypass("CVE-2019-14192 CVE-2019-14193 CVE-2019-14199", (2019, 10), "fe7288069d2",
        "a packet from the network writes over memory", NETWORK),
    Bypass("CVE-2019-14194 CVE-2019-14195 CVE-2019-14196 CVE-2019-14197 CVE-2019-14198 CVE-2019-14200 CVE-2019-14201 "
        "CVE-2019-14202 CVE-2019-14203 CVE-2019-14204", (2019, 10), "741a8a08ebe",
        "an answer of an NFS server writes over memory", "nfs"),
    Bypass("CVE-2022-30767", (2022, 7), "bdbf7a05e26", "an answer of an NFS server writes over memory", "nfs"),
    Bypass("CVE-2022-33103", (2022, 7), "2ac0baab4af", "a squashfs writes over memory", SQUASHFS, SQUASHFS_SINCE),
    Bypass("CVE-2022-33967", (2022, 7), "7f7fb9937c6", "a squashfs writes over memory", SQUASHFS, SQUASHFS_SINCE),
    Bypass("CVE-2022-34835", (2022, 7), "8f8c04bf1eb", "the command i2c writes over the stack", "i2c"),
    Bypass("CVE-2024-57254 CVE-2024-57255 CVE-2024-57257 CVE-2024-57258 CVE-2024-57259", (2025, 1), "c8e929e5758",
        "a squashfs writes over memory", SQUASHFS, SQUASHFS_SINCE),
    Bypass("CVE-2024-57256", (2025, 1), "35f75d2a46e", "a link in an ext4 file system writes over memory", EXT4),
)  # fmt: skip
"""Of U-Boot. Left out is what needs code that its commands do not show, such as CVE-2022-30552 and CVE-2022-30790
(CONFIG_IP_DEFRAG), and what only stops it."""

DEBIANS_FIXES = {
    12: {
        "CVE-2024-57254 CVE-2024-57255 CVE-2024-57257 CVE-2024-57258 CVE-2024-57259": 2,
        "CVE-2024-57256": 2,
        "CVE-2026-46728": 3,
    }
}
"""The update of a Debian release (`deb12u3` is 3) with which its U-Boot has the fix: its changelog."""

PRODUCTS = {Loader.TF_A: "tf-a", Loader.OP_TEE: "op-tee", Loader.BAREBOX: "barebox"}
"""Names among the facts of support."""
SBAT = {Loader.GRUB: 5, Loader.SHIM: 4}
"""The least generations of shim's list of revocations 2025051000 (SbatLevel_Variable.txt)."""

VERSION = re.compile(r"(\d{1,4})\.(\d{1,2})")


def _example(version: str, *commands: str, verifies: bool = True) -> Example:
    stages = frozenset((Stage.PROPER,))
    at = Location(part="image/u-boot")
    return Example(facts=(Uboots((FoundUboot(at, version, stages, frozenset(commands), verifies_fits=verifies),)),))


def _other(loader: Loader, version: str, generation: int | None = None) -> Example:
    return Example(facts=(BootFirmware((FoundLoader(loader, Location(part="image/boot"), version, generation),)),))


@check(
    title="A boot loader is past support, or can be got around",
    severity=Severity.MEDIUM,
    practice="P08",
    cwe=1104,
    bad=(
        _example("2020.01", "bootm"),
        _example("2018.09", "bootm", "nfs", verifies=False),
        _example("2025.10", "bootm"),
        _other(Loader.TF_A, "2.6"),
        _other(Loader.OP_TEE, "3.19.0"),
        _other(Loader.BAREBOX, "2022.05.0"),
        _other(Loader.GRUB, "2.06", 3),
    ),
    good=(
        _example("2026.07", "bootm", "load"),
        _example("2025.10", "bootm", "load", verifies=False),
        _other(Loader.TF_A, "2.10.33"),
        _other(Loader.OP_TEE, "4.9.0"),
        _other(Loader.SHIM, "15.8", 4),
    ),
)
def firmware_end_of_life(
    uboots: Uboots | None | Unknown, firmware: BootFirmware | None | Unknown, lifecycle: Lifecycle, clock: Clock
) -> Findings:
    """What verifies everything after it is seldom updated, and holes in it are public for years: with one of them a
    required key is asked for and does not matter. U-Boot and OP-TEE are released four times a year, barebox each month,
    TF-A twice, and fixes go into the next release alone. So a release is held to be past support two years after it
    came out, TF-A's long-term lines after five. U-Boot of a distribution is supported as long as that is. A chip
    maker's or product's own tree may have a fix that its version does not show: what is told may apply, until somebody
    has looked.
    """
    doubts = [one.reason for one in (uboots, firmware) if isinstance(one, Unknown)]
    if uboots is None and firmware is None:
        raise NotApplicable("no boot loader whose version can be read")
    if isinstance(uboots, Uboots):
        doubts += uboots.unread
        for found in _distinct(uboots):
            yield from _of_uboot(found, lifecycle, clock.today, doubts)
    if isinstance(firmware, BootFirmware):
        doubts += firmware.unread
        for one in firmware.found:
            yield from _of_other(one, lifecycle, clock.today, doubts)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _distinct(uboots: Uboots) -> Iterator[FoundUboot]:
    """One of each version and of what is known against it: copies say the same, and first stages of no new version."""
    known: set[tuple[str, tuple[Bypass | None, ...]]] = set()
    for one in (*uboots.proper, *(one for one in uboots.found if Stage.PROPER not in one.stages)):
        shape = (one.version, _applying(one))
        is_later = Stage.PROPER in one.stages or all(one.version != version for version, _ in known)
        if shape not in known and is_later:
            known.add(shape)
            yield one


def _release(version: str) -> Release | None:
    found = VERSION.match(version)
    return None if found is None else (int(found[1]), int(found[2]))


def _of_uboot(found: FoundUboot, lifecycle: Lifecycle, today: date, doubts: list[str]) -> Iterator[Finding]:
    release, line = _release(found.version), lifecycle.line_of("u-boot", found.version)
    if isinstance(line, Unknown):
        doubts.append(f"{found.at.part}: {line.reason}")
    if release is None or not 1 <= release[1] <= 12:
        return
    applying = _applying(found)
    certain = [one for one in applying if one is not None]
    debian = found.debian
    years = 0 if isinstance(line, Unknown) else _years(lifecycle, "u-boot")
    if debian is not None:
        kept = lifecycle.line_of("debian", str(debian.release))
        line, years = (line, years) if isinstance(kept, Unknown) else (kept, 0)
        certain = list(_left_by_debian(found, debian, certain, doubts))
    old = _since(line, years) if isinstance(line, Line) and line.is_past(today) else None
    if old or certain:
        yield _finding("u-boot", found.name, found.at, old, bypasses=certain)
    elif None in applying:
        doubts.append(f"{found.at.part}: what is built in is not known, and older bypasses may apply")


def _left_by_debian(
    found: FoundUboot, debian: DebianRevision, bypasses: list[Bypass], doubts: list[str]
) -> Iterator[Bypass]:
    """What an update of Debian's has not mended yet; a doubt where that is not known."""
    fixes = DEBIANS_FIXES.get(debian.release, {})
    for one in bypasses:
        fixed = fixes.get(one.cves)
        if fixed is None:
            doubts.append(f"{found.name}: whether this revision of Debian's has the fix of {one.cves} is not known")
        elif debian.update < fixed:
            yield one


def _applying(found: FoundUboot) -> tuple[Bypass | None, ...]:
    """What is known against its version and what is built in; None for what may be, where that is not known."""
    release = _release(found.version)
    fitting = [one for one in BYPASSES if release is not None and one.since <= release < one.fixed]
    return tuple(one if is_built else None for one in fitting if (is_built := _is_built(one, found)) is not False)


def _is_built(bypass: Bypass, found: FoundUboot) -> bool | None:
    """None where it is not known."""
    if not bypass.needs:
        return None if isinstance(found.verifies_fits, Unknown) else found.verifies_fits
    if isinstance(found.commands, Unknown):
        return None
    return bool(found.commands and found.commands.intersection(bypass.needs.split()))


def _since(line: Line, years: int) -> str:
    """Why it is old, in words: what was announced, or the rule for what nobody announces."""
    if years:
        return f"came out more than {years} years ago: its makers mend it no more"
    return f"is past support since {line.end}"


def _of_other(found: FoundLoader, lifecycle: Lifecycle, today: date, doubts: list[str]) -> Iterator[Finding]:
    name = f"{found.loader} {found.version} in {found.at.part}"
    least = SBAT.get(found.loader)
    if least is not None:
        if found.generation is not None and found.generation < least:
            yield _revoked(found, name, least)
        return
    product = PRODUCTS[found.loader]
    line = lifecycle.line_of(product, found.version)
    if isinstance(line, Unknown):
        doubts.append(f"{name}: {line.reason}")
    elif line.is_past(today):
        since = _since(line, _years(lifecycle, product))
        yield _finding(found.loader.lower(), name, found.at, since, bypasses=[])


def _years(lifecycle: Lifecycle, product: str) -> int:
    return lifecycle.products[product].years


def _revoked(found: FoundLoader, name: str, least: int) -> Finding:
    return Finding(
        found.loader.lower(),
        f"{name} is of generation {found.generation}: shim's list of May 2025 revokes what is below {least}, since "
        "known holes get around secure boot",
        at=found.at,
        severity=Severity.HIGH,
        evidence=f"{found.loader.lower()},{found.generation}",
        remedy=Remedy(f"Ship a {found.loader} of generation {least} or later", Safety.MANUAL, RemedyStage.SOURCE),
    )


def _finding(key: str, name: str, at: Location, old: str | None, bypasses: list[Bypass]) -> Finding:
    said = [old] if old is not None else []
    if bypasses:
        said.append("may be got around: " + "; ".join(f"{one.what} ({one.cves})" for one in bypasses))
    return Finding(
        key,
        f"{name} {', and '.join(said)}",
        at=at,
        severity=Severity.HIGH if any(not one.needs for one in bypasses) else None,
        evidence=" ".join(one.cves for one in bypasses) or None,
        remedy=Remedy(
            "Build a release that is supported, and plan how boot loaders in the field are updated; accept what your "
            "own tree has mended with a reason",
            Safety.MANUAL,
            RemedyStage.SOURCE,
        ),
    )
