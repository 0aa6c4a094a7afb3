"""The cure as data: what to change, how safe that is, and at which stage.

A remedy is no script. It is rendered by `harden/` as an overlay, a diff or the form of a build system.
"""

from dataclasses import dataclass
from enum import StrEnum


class Safety(StrEnum):
    SAFE = "safe"
    """Nothing that a product needs can break."""
    UNSAFE = "unsafe"
    """Right, but something may rely on it: a person must agree."""
    MANUAL = "manual"
    """Only a person can do it."""


class Stage(StrEnum):
    SOURCE = "source"
    """In the build: recipe, configuration, sources."""
    IMAGE = "image"
    """In the finished image."""
    FACTORY = "factory"
    """In manufacture: fuses, keys per device."""


@dataclass(frozen=True, slots=True)
class SetOption:
    """Give an option of a configuration file its value; `section` names the block, unit section or UCI section.

    Two forms stand in files of every format: in a section `command PROGRAM` the option is one of the words by which
    that program is started (`yes` and `no` for one without a value), and in a section `address` the option is how an
    address begins that the file names, the value how it begins instead.
    """

    path: str
    option: str
    value: str
    section: str | None = None


@dataclass(frozen=True, slots=True)
class SetField:
    """Replace a field of a record in a table such as passwd or shadow; `field` counts from 0."""

    path: str
    record: str
    field: int
    value: str


@dataclass(frozen=True, slots=True)
class SetMode:
    path: str
    mode: int
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file or folder."""

    path: str


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Remove a line (counted from 1) whose text is still what was read."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplaceLine:
    """Put other text in the place of a line (counted from 1), or of several from there on, whose text is still what was
    read."""

    path: str
    line: int
    text: str
    instead: str


@dataclass(frozen=True, slots=True)
class AddLine:
    """Add a line to the end of a file that does not have it, which is made where there is none."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Make a file with this content, or replace one."""

    path: str
    content: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class SetLink:
    """Make a symbolic link, or replace one."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class RemoveRecord:
    """Remove a record of a table such as passwd, by its first field: a line with a hash cannot be quoted."""

    path: str
    record: str


@dataclass(frozen=True, slots=True)
class RemoveCapabilities:
    """Take the capabilities away that a file carries."""

    path: str


@dataclass(frozen=True, slots=True)
class MakeAtFirstBoot:
    """Leave out what all copies of the image would share, and let each device make its own at its first boot, on
    storage that lasts. `secret` is ssh-host-key, dropbear-host-key, tls-key or machine-id, `path` where it lies, and
    `certificate` where a key's own certificate does."""

    secret: str
    path: str
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class DisableService:
    """Start the service no more, in the way of its manager (systemd, sysv, inittab, procd, openrc, inetd, xinetd)."""

    manager: str
    name: str


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close a socket for others, which a `program` opens beside those that it is to have: it is kept for the device
    itself, and where the program cannot do that it is opened no more. `path` is the file that says it."""

    program: str
    path: str
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class AddFirewallRule:
    """A rule in words that every firewall has: direction in or out, verdict accept or drop."""

    direction: str
    verdict: str
    protocol: str | None = None
    port: int | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class SetKernelOption:
    """An option of the kernel's configuration, with its prefix, and `y`, `m`, `n`, a number or a quoted text."""

    option: str
    value: str


@dataclass(frozen=True, slots=True)
class SetKernelWord:
    """A word of the kernel's command line; another value of the same parameter gives way to it."""

    word: str


@dataclass(frozen=True, slots=True)
class RemoveKernelWord:
    """Take a word, as it stands there, off the kernel's command line."""

    word: str


@dataclass(frozen=True, slots=True)
class SetUbootOption:
    """An option of U-Boot's configuration, with its prefix, and `y`, `n`, a number or a quoted text."""

    option: str
    value: str


@dataclass(frozen=True, slots=True)
class SetDeviceTreeProperty:
    """A property of a node, which is named by its path; `value` as dtc writes it, empty for one without a value."""

    node: str
    property: str
    value: str


Change = (
    SetOption
    | SetField
    | SetMode
    | Remove
    | RemoveLine
    | ReplaceLine
    | AddLine
    | WriteFile
    | SetLink
    | RemoveRecord
    | RemoveCapabilities
    | MakeAtFirstBoot
    | DisableService
    | CloseSocket
    | AddFirewallRule
    | SetKernelOption
    | SetKernelWord
    | RemoveKernelWord
    | SetUbootOption
    | SetDeviceTreeProperty
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """`breaks` says in one sentence what may stop working; empty where nothing can."""

    summary: str
    safety: Safety
    stage: Stage
    changes: tuple[Change, ...] = ()
    breaks: str = ""


def by_changes(summary: str, safety: Safety, changes: tuple[Change, ...], breaks: str) -> Remedy:
    """A remedy in the image: for a person where nothing can be written, and silent on breaking where it is safe."""
    if not changes:
        return Remedy(summary, Safety.MANUAL, Stage.IMAGE)
    return Remedy(summary, safety, Stage.IMAGE, changes, breaks if safety is Safety.UNSAFE else "")
