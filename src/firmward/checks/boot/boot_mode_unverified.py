"""boot-mode-unverified"""

from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage

OUTSIDE = {
    "usb": "a USB stick",
    "tftp": "the network (TFTP)",
    "dhcp": "the network (DHCP)",
    "bootp": "the network (BOOTP)",
    "nfs": "the network (NFS)",
    "pxe": "the network (PXE)",
    "wget": "the network (HTTP)",
    "net": "the network",
    "fastboot": "a host over USB (fastboot)",
    "dfu": "a host over USB (DFU)",
    "loadb": "the serial line",
    "loady": "the serial line",
    "loadx": "the serial line",
    "serial": "the serial line",
    "scsi": "a SATA or SCSI disk",
    "sata": "a SATA or SCSI disk",
    "ide": "a SATA or SCSI disk",
    "nvme": "an NVMe disk",
}
"""Where somebody beside the device, or in its network, brings what is booted."""


def _example(*sources: str) -> Example:
    found = FoundUboot(Location(part="image/u-boot"), "2023.01", frozenset((Stage.PROPER,)), sources=sources)
    return Example(facts=(Uboots((found,)),))


@check(
    title="The boot loader falls through to media that somebody may bring",
    severity=Severity.HIGH,
    practice="P02",
    cwe=1326,
    bad=(_example("mmc", "usb", "dhcp"), _example("tftp")),
    good=(_example("mmc"), _example("sf", "ubi")),
)
def boot_mode_unverified(uboots: Uboots) -> Findings:
    """The usual boot command of U-Boot (distro_bootcmd, bootflow) tries one medium after the other: memory card, USB,
    disk, network. On a device in the field this means that an empty or broken internal memory, or just an order that
    begins outside, boots whatever is plugged in or answers in the network, without any of the product's verification.
    Name the internal medium alone, and end in a reset.
    """
    doubts = list(uboots.unread)
    for found in uboots.proper:
        if isinstance(found.sources, Unknown):
            doubts.append(f"{found.at.part}: {found.sources.reason}")
        else:
            outside = [source for source in found.sources or () if source in OUTSIDE]
            if outside:
                yield _finding(found, outside)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(found: FoundUboot, outside: list[str]) -> Finding:
    words = ", ".join(dict.fromkeys(OUTSIDE[source] for source in outside))
    return Finding(
        " ".join(outside),
        f"{found.name} boots from {words}",
        at=found.at,
        evidence=", ".join(found.sources) if isinstance(found.sources, tuple) else None,
        remedy=Remedy(
            "Give U-Boot a boot command of its own that loads a signed FIT from the internal medium and resets when "
            "that fails",
            Safety.UNSAFE,
            RemedyStage.SOURCE,
            (SetUbootOption("CONFIG_DISTRO_DEFAULTS", "n"), SetUbootOption("CONFIG_BOOTSTD_DEFAULTS", "n")),
        ),
    )
