"""boot-mode-unverified"""

from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
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
NETWORK, SERIAL = ("CMD_NET",), ("CMD_LOADB", "CMD_LOADS")
DISKS = {"scsi": ("CMD_SCSI",), "sata": ("CMD_SATA",), "ide": ("CMD_IDE",), "nvme": ("CMD_NVME",)}
OPTIONS = {
    "usb": ("CMD_USB",),
    "fastboot": ("CMD_FASTBOOT",),
    "dfu": ("CMD_DFU",),
    **dict.fromkeys(("tftp", "dhcp", "bootp", "nfs", "pxe", "wget", "net"), NETWORK),
    **dict.fromkeys(("loadb", "loady", "loadx", "serial"), SERIAL),
    **DISKS,
}
"""What brings the command for a source: a boot command that is made of what is built in passes over it without."""


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
def boot_mode_unverified(uboots: Uboots, policy: Policy | None) -> Findings:
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
                yield _finding(found, outside, policy)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(found: FoundUboot, outside: list[str], policy: Policy | None) -> Finding:
    words = ", ".join(dict.fromkeys(OUTSIDE[source] for source in outside))
    return Finding(
        " ".join(outside),
        f"{found.name} boots from {words}",
        at=found.at,
        evidence=", ".join(found.sources) if isinstance(found.sources, tuple) else None,
        remedy=_cure(found, outside, policy),
    )


def _cure(found: FoundUboot, outside: list[str], policy: Policy | None) -> Remedy:
    """Safe where the policy names what it boots from, and none of these."""
    sources = found.sources if isinstance(found.sources, tuple) else ()
    modes = policy.boot.modes if policy is not None and policy.boot is not None else ()
    summary = "Give U-Boot a boot command of its own that loads a signed FIT from the internal medium and resets when "
    if all(source in OUTSIDE for source in sources) or not OUTSIDE.keys().isdisjoint(modes):
        return Remedy(f"{summary}that fails: it boots from nothing else today", Safety.MANUAL, RemedyStage.SOURCE)
    options = dict.fromkeys(option for source in outside for option in OPTIONS[source])
    return Remedy(
        f"{summary}that fails, and build it without {', '.join(outside)}",
        Safety.SAFE if modes else Safety.UNSAFE,
        RemedyStage.SOURCE,
        tuple(SetUbootOption(f"CONFIG_{option}", "n") for option in options),
        "" if modes else f"who repairs or sets up a device by booting it from {', '.join(outside)} cannot any more",
    )
