"""setuid-unexpected"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts import powers
from firmward.facts.mounts import Mounts
from firmward.facts.setuid_programs import Content, SetuidProgram, SetuidPrograms
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Node, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetMode, Stage
from firmward.model.tree import Kind

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "lib", "lib64", "usr/lib", "usr/lib64", "usr/libexec", "libexec")
"""Where a distribution installs; deeper folders of lib and libexec count as well."""


@dataclass(frozen=True, slots=True)
class Row:
    """Programs that are ordinarily setuid or setgid, and why."""

    names: str
    why: str


ORDINARY = (
    Row("su sudo sudoedit doas pkexec polkit-agent-helper-1 login runuser", "change the user after a password"),
    Row("passwd gpasswd chsh chfn chage expiry newgrp sg", "let a user change the own entry of the password tables"),
    Row("unix_chkpwd unix2_chkpwd unix_chkpwd.so pam_timestamp_check pam_extrausers_chkpwd vlock",
        "check the own password against the shadow table"),
    Row("mount umount fusermount fusermount3 mount.nfs mount.cifs mount.fuse3 ntfs-3g mount.ntfs-3g",
        "mount what fstab lets users mount"),
    Row("ping ping6 ping4 arping traceroute traceroute6 traceroute6.iputils mtr-packet clockdiff", "need raw sockets"),
    Row("dbus-daemon-launch-helper", "starts services for the system bus, which alone may run it"),
    Row("ssh-keysign ssh-agent", "signs with the host's key; guards keys against other processes of the user"),
    Row("newuidmap newgidmap", "set up user namespaces"),
    Row("crontab at atd", "write the own table of jobs"),
    Row("wall write bsd-write", "write to the terminals of others (group tty)"),
    Row("utempter dotlockfile mail-lock mail-unlock mail-touchlock lockfile", "write shared records or mail folders"),
    Row("locate mlocate plocate", "read the index of file names (own group)"),
    Row("pppd", "sets up links for the group dip"),
    Row("exim4 sendmail postdrop postqueue", "hand mail to the queue"),
    Row("chrome-sandbox snap-confine Xorg.wrap Xorg", "set up a sandbox or a screen"),
    Row("start-suid singularity-suid", "set up containers"),
    Row("suexec uuidd screen", "change to the owner; make time-based ids; record sessions"),
)  # fmt: skip
NAMES = frozenset(name for row in ORDINARY for name in row.names.split())
APPLETS = NAMES | {"busybox.suid", "findfs", "adduser", "addgroup"}
ELF = b"\x7fELF\x02\x01"


def setuid(mode: int = 0o4755, content: bytes = ELF) -> Node:
    return executable(content, mode)


@check(
    title="A program is setuid that ordinarily is not",
    severity=Severity.MEDIUM,
    practice="P23",
    cwe=250,
    bad=(
        Example({"usr/bin/camera-helper": setuid()}),
        Example({"usr/bin/find": setuid()}),
        Example({"opt/vendor/su": setuid()}),
        Example({"bin/busybox": setuid(), "bin/sh": link("busybox"), "bin/su": link("busybox")}),
        Example({"usr/bin/python3.11": setuid(), "usr/bin/sudo": setuid()}, policy="[filesystem]\nsetuid = []\n"),
        Example({"bin/passwd": Node(ELF, 0o4755, uid=1000)}),
        Example({"bin/su": setuid()}, policy="[filesystem]\nsetuid = []\n"),
    ),
    good=(
        Example({"usr/bin/passwd": setuid(), "usr/lib/openssh/ssh-keysign": setuid()}),
        Example({"usr/bin/chage": setuid(0o2755)}),
        Example({"usr/bin/camera-helper": setuid()}, policy='[filesystem]\nsetuid = ["/usr/bin/camera-helper"]\n'),
        Example({"bin/busybox": setuid(), "etc/busybox.conf": "[SUID]\nsu = ssx root.root\n"}),
        Example({"bin/busybox.suid": setuid(), "bin/su": link("busybox.suid"), "bin/passwd": link("busybox.suid")}),
        Example(
            {
                "var/mail": Node(mode=0o2775, kind=Kind.DIRECTORY),
                "srv/record": Node(mode=0o2644),
                "usr/bin/ls": setuid(0o755),
            }
        ),
    ),
)
def setuid_unexpected(setuid: SetuidPrograms, mounts: Mounts | Unknown | None, policy: Policy | None) -> Findings:
    """A setuid program is a door to its owner's rights that everybody may try, every service that falls first of all.
    Each one more is a program that must be free of faults. A shell, an interpreter, an editor or a copying tool
    with the bit is no door but a hole. What distributions ordinarily install so, where they install it, is left in
    peace, and what the policy's [filesystem].setuid names; where that list is given, what it leaves out is low.
    """
    declared = policy.filesystem.setuid if policy is not None and policy.filesystem is not None else None
    is_listed = declared is not None
    named = {path.strip("/") for path in declared or ()}
    for program in setuid.programs:
        if {program.path, program.path.removeprefix("usr/"), f"usr/{program.path}"} & named:
            continue
        if not _is_ordinary(program):
            yield _finding(program, _is_dormant(program, mounts), is_listed)
        elif declared is not None and program.is_open:
            yield _unnamed(program, is_listed)


def _is_ordinary(program: SetuidProgram) -> bool:
    if program.content is Content.MULTI_CALL:
        split = program.name.endswith(".suid") and set(program.names) <= APPLETS
        return program.uid == 0 and (program.limited or split)
    folder = program.path.rpartition("/")[0]
    belongs = folder in FOLDERS or any(folder.startswith(f"{one}/") for one in FOLDERS if "bin" not in one)
    owned = program.uid == 0 or not program.is_setuid
    return program.name in NAMES and belongs and owned


def _is_dormant(program: SetuidProgram, mounts: Mounts | Unknown | None) -> bool:
    mount = mounts.covering(program.path) if isinstance(mounts, Mounts) else None
    return mount is not None and "nosuid" in mount.flags


def _unnamed(program: SetuidProgram, is_listed: bool) -> Finding:
    return Finding(
        program.path,
        f"{program.path} is setuid or setgid ({program.mode:04o}), as usual, and the policy's list does not name it",
        at=Location(program.path),
        remedy=_remedy(program, is_listed),
        severity=Severity.LOW,
    )


def _finding(program: SetuidProgram, dormant: bool, is_listed: bool) -> Finding:
    power = powers.power(program.name)
    words, severity = next(_judged(program, power, dormant))
    bit = "setuid" if program.is_setuid else "setgid"
    whose = f"{'user' if program.is_setuid else 'group'} {program.uid if program.is_setuid else program.gid}"
    return Finding(
        program.path,
        f"{program.path} is {bit} ({program.mode:04o}, {whose}): {words}",
        at=Location(program.path),
        remedy=_remedy(program, is_listed),
        severity=severity,
        evidence=" ".join(program.names[:8]) or None,
    )


def _judged(program: SetuidProgram, power: str | None, dormant: bool) -> Iterator[tuple[str, Severity]]:
    """What it means and how bad it is, the first that holds."""
    if program.content is Content.SCRIPT:
        yield "Linux ignores the bit of a script, so it does not do what was meant", Severity.LOW
    if dormant:
        yield "it lies on a file system mounted nosuid, which alone holds it back", Severity.LOW
    if not program.is_open:
        yield "only its owner may run it, so the bit does nothing", Severity.LOW
    if program.content is Content.MULTI_CALL:
        yield "every applet starts with these rights; no etc/busybox.conf limits them", Severity.MEDIUM
    is_root = program.is_setuid and program.uid == 0
    if power is not None:
        grave = Severity.HIGH if power == powers.READS else Severity.CRITICAL
        yield f"it {power} with these rights for whoever may run it", grave if is_root else Severity.HIGH
    if not program.is_setuid and program.gid != 0:
        yield "no ordinary program, and the policy does not name it", Severity.LOW
    yield "no ordinary program in its ordinary place, and the policy does not name it", Severity.MEDIUM


def _remedy(program: SetuidProgram, is_listed: bool) -> Remedy:
    """Safe where the policy lists what may be setuid, and this is not in it; for a bit that has no effect, in any
    case."""
    changes = (SetMode(program.path, program.mode & 0o1777),)
    summary = "Take the bit away; give a service the one capability that it needs by its unit"
    if is_listed or not program.is_open or program.content is Content.SCRIPT:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    breaks = f"{program.name} does for other users only what they may do themselves"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, breaks)
