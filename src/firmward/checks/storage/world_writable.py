"""world-writable"""

from dataclasses import dataclass

from firmward.checks.service.cures.fencing import fenced
from firmward.facts.open_paths import OpenPath, OpenPaths
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, Node, executable, link
from firmward.model.policy import Policy
from firmward.model.tree import Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One family of privileged use, and what whoever may write there gains."""

    key: str
    why: str


ROWS = (
    Row("init", "root runs or reads it at boot"),
    Row("started", "root runs it as a program"),
    Row("configuration", "a program of root's reads it as its configuration"),
    Row("units", "systemd reads it as units"),
    Row("cron", "cron or logrotate runs it as root"),
    Row("hook", "udev, mdev, the network or a button runs it as root"),
    Row("named", "a program of root's runs it as its settings say"),
    Row("library", "programs of root's load it"),
    Row("program", "it is on root's search path"),
    Row("login", "root's shell reads it at login"),
    Row("account", "it decides who is who and who may what"),
    Row("module", "the kernel loads it or is set by it"),
)
WHY = {row.key: row.why for row in ROWS}
INIT = "::sysinit:/etc/init.d/rcS\n"


def folder(mode: int = 0o777) -> Node:
    return Node(kind=Kind.DIRECTORY, mode=mode)


def booting(line: str, files: dict[str, Content]) -> dict[str, Content]:
    return {"etc/inittab": INIT, "etc/init.d/rcS": executable(f"#!/bin/sh\n{line}\n"), **files}


ELF = b"\x7fELF\x02\x01"


@check(
    title="Everybody may write what root runs or reads",
    severity=Severity.HIGH,
    practice="P23 P15",
    cwe=732,
    bad=(
        Example(booting("/opt/cam/camerad &", {"opt/cam/camerad": executable(ELF, 0o777)})),
        Example(booting("/opt/cam/camerad &", {"opt": folder(), "opt/cam/camerad": executable(ELF)})),
        Example({"etc/init.d/S50cam": executable("#!/bin/sh\n", 0o766)}),
        Example({"etc/udev/rules.d": folder(0o1777), "etc/udev/rules.d/1.rules": ""}),
        Example(booting("/var/cam/autorun.sh", {"var/cam": folder(0o1777)})),
        Example({"usr/lib": folder(0o755), "lib": link("usr/lib"), "usr/lib/libcam.so": Node(ELF, 0o666)}),
        Example(
            {
                "etc/samba/smb.conf": "[exchange]\n   root preexec = /srv/connect.sh %u\n",
                "srv/connect.sh": executable("#!/bin/sh\n", 0o777),
            }
        ),
        Example({"etc/cron.d/job": "* * * * * root /srv/job.sh\n", "srv/job.sh": executable("#!/bin/sh\n", 0o777)}),
    ),
    good=(
        Example(booting("/opt/cam/camerad &", {"opt": folder(0o1777), "opt/cam/camerad": executable(ELF)})),
        Example(
            {
                "tmp": folder(0o1777),
                "var/www/page": Node("", 0o666),
                "usr/bin/sh": link("busybox"),
                "usr/bin/busybox": ELF,
            }
        ),
        Example(
            {
                "etc/inittab": INIT,
                "etc/fstab": "tmpfs /var/lib/cam tmpfs mode=0755 0 0\n",
                "etc/init.d/rcS": executable("#!/bin/sh\n/var/lib/cam/run\n"),
                "var/lib/cam": folder(),
                "var/lib/cam/run": executable(ELF),
            }
        ),
        Example(
            {"dev/null": Node(mode=0o666, kind=Kind.CHARACTER), "usr/lib/cam.sock": Node(mode=0o777, kind=Kind.SOCKET)}
        ),
    ),
)
def world_writable(opened: OpenPaths, policy: Policy | None) -> Findings:
    """What root runs, sources, loads or reads as its configuration must be in root's hands alone, and so must all
    folders above: who may write a folder may put another file in the place of one that he may not. One such path makes
    every service that falls, with however few rights, root. A sticky folder is told where a new name in it is enough.
    """
    for path in opened.paths:
        yield _finding(path, policy)
    if opened.unread:
        raise Unavailable("; ".join(opened.unread[:5]))


def _finding(path: OpenPath, policy: Policy | None) -> Finding:
    what = "folder" if path.folder else "file"
    lead = "" if path.path == path.used else f", and /{path.used} is in it" if path.used.startswith(path.path) else ""
    mode = path.mode & ~0o002
    return Finding(
        f"{path.family} {path.path}",
        f"/{path.path} is a {what} that everybody may write ({path.mode:04o}){lead}: {WHY[path.family]} ({path.by})",
        at=Location(path.path),
        remedy=fenced(path.path, mode & ~0o1000 if path.folder else mode, policy),
    )
