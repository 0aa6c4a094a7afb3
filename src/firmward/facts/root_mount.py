"""How the root file system is mounted: for reading alone, or so that what is written stays.

Rules. The kernel mounts the root as its command line says, `ro` unless the last of `ro` and `rw` is `rw`; systemd,
OpenRC and `mount -o remount` then do as etc/fstab or a script says (mounts.py). A root on device mapper's verity cannot
be written to. An overlay on a medium that stays (OpenWrt's /overlay, `overlayroot=`, what an initramfs mounts) makes a
read-only root writable for whoever comes later; one in memory does not. An initramfs is not mounted from anywhere.
"""

from dataclasses import dataclass

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.medium import Medium
from firmward.facts.mounts import VOLATILE, Mount, Mounts
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.parts import Parts
from firmward.model.report import Role

MAPPED = ("/dev/dm-", "/dev/mapper/")


@dataclass(frozen=True, slots=True)
class RootMount:
    """`is_writable` is whether what is written to / stays, None where it is not known; `why` says in words what shows
    it, and `at` where that stands. `device` is the root as the command line or fstab names it, empty where none does;
    `is_mapped` whether that is a device of device mapper's."""

    is_writable: bool | None
    why: str
    at: Location | None = None
    device: str = ""
    is_mapped: bool = False
    by_kernel: bool = False
    """The kernel's command line alone says it."""


def collect(
    medium: Medium | None | Unknown,
    mounts: Mounts | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    parts: Parts | None,
) -> RootMount | None:
    if parts is not None and parts.own.part.role is Role.INITRAMFS:
        return None
    lines = command_lines.whole if isinstance(command_lines, KernelCommandLine) else ()
    over = _overlay(mounts) if isinstance(mounts, Mounts) else None
    listed = mounts.at("/") if isinstance(mounts, Mounts) else None
    device = next((line.get("root") or "" for line in lines if line.has("root")), listed.source if listed else "")
    mapped = device.startswith(MAPPED) or any(line.has("roothash") for line in lines)
    persistent = next((line for line in lines if _is_persistent(line)), None)
    if over is not None:
        return RootMount(True, f"{over.target} is an overlay on a medium that keeps it", over.at, device, mapped)
    if persistent is not None:
        return RootMount(True, "overlayroot= puts a medium that keeps it over /", persistent.at, device, mapped)
    if isinstance(medium, Medium) and medium.is_immutable:
        return RootMount(False, f"{medium.format} cannot be written to", None, device, mapped)
    if listed is not None and not listed.is_decided:
        raise Unavailable(f"{listed.at}: how / is mounted is known at run time only")
    if listed is not None and listed.automatic and listed.type != "overlay":
        state = "for writing" if listed.is_writable else "read-only"
        return RootMount(listed.is_writable, f"/ is mounted {state}", listed.at, device or listed.source, mapped)
    return _by_line(lines, device, mapped)


def _by_line(lines: tuple[CommandLine, ...], device: str, mapped: bool) -> RootMount:
    rooted = [line for line in lines if line.has("root") or line.has("ro") or line.has("rw")]
    for line in rooted:
        last = [word.name for word in line.arguments if word.name in ("ro", "rw") and word.value is None]
        if last and last[-1] == "rw" and not mapped:
            return RootMount(True, "the kernel mounts it with rw", line.at, device, mapped, by_kernel=True)
    if rooted:
        return RootMount(
            False, "the kernel mounts it read-only, and nothing changes that", rooted[0].at, device, mapped
        )
    raise Unavailable("what mounts the root is not in the image: neither fstab nor a kernel command line says it")


def _overlay(mounts: Mounts) -> Mount | None:
    """An overlay over / whose upper folder is stored: what OpenWrt has, and what some initramfs mount."""
    for mount in mounts.mounts:
        if mount.target == "/overlay" and mount.is_stored and mount.is_writable:
            return mount
        if mount.target == "/" and mount.type in ("overlay", "overlayfs"):
            upper = next((word.partition("=")[2] for word in mount.options if word.startswith("upperdir=")), "")
            below = mounts.covering(upper)
            if below is not None and below.target != "/" and below.type not in VOLATILE:
                return mount
    return None


def _is_persistent(line: CommandLine) -> bool:
    value = line.get("overlayroot") or ""
    return bool(value) and not value.startswith(("tmpfs", "disabled"))
