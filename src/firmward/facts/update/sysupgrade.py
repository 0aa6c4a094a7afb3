"""OpenWrt's sysupgrade: sbin/sysupgrade and lib/upgrade.

Rules, from OpenWrt's own scripts (lib/upgrade/fwtool.sh) and documentation:

- `REQUIRE_IMAGE_SIGNATURE=1` refuses an image that carries no signature; without it, as shipped, an unsigned image is
  taken. Only a signature that is there and wrong is refused, and only where ucert is installed. -F forces all.
- The image is written over the running system. Older ones are taken like newer ones.
- Nothing fetches an image by itself; attended sysupgrade, owut and auc ask when a person does.
"""

import re
from collections.abc import Iterator

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Server, Updater
from firmward.facts.update.urls import server, transport, urls
from firmward.model.finding import Severity
from firmward.model.location import Location

PROGRAM = "sbin/sysupgrade"
SCRIPTS = ("sbin/sysupgrade", "lib/upgrade/*.sh", "lib/upgrade/*", "etc/config/system", "etc/profile.d/*.sh")
REQUIRED = re.compile(r"(?m)^[^#\n]*\bREQUIRE_IMAGE_SIGNATURE=[\"']?1\b")
DUAL = re.compile(r"fw_setenv|dual_?boot|boot_?part|active_?(?:slot|partition|image)|bootslot|set_boot|bootcount")


def found(around: Surroundings) -> Iterator[Updater]:
    if not around.tree.exists(PROGRAM):
        return
    texts = dict(around.texts(*SCRIPTS))
    at = Location(PROGRAM)
    fetched = tuple(
        url for step, _ in around.calls("sysupgrade", "wget", "uclient-fetch", "curl") if _is_own(around, step.at)
        for url in urls(" ".join(step.words), step.at)
    )  # fmt: skip
    runs = any(by_itself and _flashes(step.words) for step, by_itself in around.calls("sysupgrade"))
    required = any(REQUIRED.search(text) for text in texts.values()) and around.program("ucert") is not None
    remarks = (
        *(() if required else (_unsigned(at, fetched=bool(fetched)),)),
        *transport(fetched, signed=required),
        _downgrade(at, runs),
        *(() if any(DUAL.search(text) for text in texts.values()) else (_in_place(at),)),
    )
    kind = Kind.IMAGE
    yield Updater("sysupgrade", kind, at, server(fetched) if fetched else Server.NONE, runs, remarks)


def _is_own(around: Surroundings, at: Location) -> bool:
    """Whether the script that fetches is one that calls sysupgrade."""
    return any(step.at.path == at.path and _flashes(step.words) for step, _ in around.calls("sysupgrade"))


def _flashes(words: tuple[str, ...]) -> bool:
    return not any(word in ("-T", "--test", "-b", "-r", "-l", "--create-backup", "-h", "--help") for word in words)


def _unsigned(at: Location, fetched: bool) -> Remark:
    """Where nothing fetches, root at the console or in the web pages hands it the image: that is medium."""
    return Remark(
        Aspect.SIGNATURE,
        "image-signature",
        "writes images without a signature: REQUIRE_IMAGE_SIGNATURE is not 1, or ucert is not there",
        "Build with signed images, install ucert, and set REQUIRE_IMAGE_SIGNATURE=1",
        at,
        severity=None if fetched else Severity.MEDIUM,
    )


def _downgrade(at: Location, runs: bool) -> Remark:
    """Low: the owner hands it the image, and may mean to go back; who fetches by itself is told as a script."""
    return Remark(
        Aspect.DOWNGRADE,
        "versions",
        "writes an older image as well as a newer one",
        "Let platform_check_image refuse an image older than the oldest version that is still safe",
        at,
        severity=None if runs else Severity.LOW,
    )


def _in_place(at: Location) -> Remark:
    """Medium: power lost while it writes leaves the boot loader's recovery, which needs a person with a cable."""
    return Remark(
        Aspect.FALLBACK,
        "in-place",
        "writes over the running system: power lost meanwhile leaves the boot loader's recovery only",
        "Use two partitions for the firmware, and let the boot loader go back to the other",
        at,
        severity=Severity.MEDIUM,
    )
