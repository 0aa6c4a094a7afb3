"""What the system runs, or makes part of itself, from a USB stick or a memory card.

Rules. Such a medium is a folder that is called like one (/media, /mnt/usb), unless the system's own medium is mounted
there; for a device's event also where its script mounts a disk; for a start script that boots from flash, where it
mounts /dev/sd*. What is copied, unpacked or loop-mounted from there is as foreign. Running means: as a program, by a
shell or another interpreter, sourced, loaded into the kernel, installed as a package, flashed, or put among the
system's programs, libraries and hooks. Data that are copied, and a medium that is only mounted, are none of this. What
a signature was checked of before (openssl, gpg, usign, signify, minisign, ssh-keygen) with a key of the device's own
is not foreign any more; a checksum says nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from posixpath import basename, join

from firmward.facts.events import Event, Events
from firmward.facts.jobs import Jobs
from firmward.facts.mounts import Mount, Mounts
from firmward.facts.process import Manager, Start, applet
from firmward.facts.scripts.trace import INTERPRETERS, Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

NAMED = re.compile(
    r"/(?:(?:var/)?run/media|media|mnt/(?:usb|udisk|sd|tf|stick|thumb|flashdrive|removable)[^/]*|usb[^/]*|udisk[^/]*|"
    r"sdcard|tmp/(?:usb|udisk|sd)[^/]*|\$\{?UM_MOUNTPOINT\}?)(?=/|$)|\$UM_MOUNTPOINT(?=/|$)"
)
DISK = re.compile(r"(?:/dev/)?(?:sd[a-z$]|mmcblk|disk/|\$)|\$|(?:LABEL|UUID)=")
STICK = re.compile(r"/dev/sd[a-z$]")
CARD = re.compile(r"/dev/mmcblk[1-9]")
FAT = frozenset(("vfat", "msdos", "exfat", "ntfs", "ntfs3"))
NO_MEDIUM = frozenset(("tmpfs", "proc", "sysfs", "overlay", "ubifs", "jffs2", "--bind", "bind", "nfs", "cifs"))
FLASH = re.compile(r"/dev/(?:mmcblk|mtdblock|ubi|mtd)|ubi|mtd:")
READERS = ("cat", "zcat", "gunzip", "gzip", "xz", "xzcat", "base64", "openssl", "tr", "sed", "dd")
SYSTEM = re.compile(
    r"/?$|/(?:s?bin|lib(?:32|64)?|usr(?:/local)?(?:/s?bin|/lib(?:exec)?)?|opt|boot|etc)(?:/?$)|"
    r"/(?:s?bin|lib(?:32|64)?|usr(?!/share)|opt|boot)/|/root/\.ssh(?:/|$)|"
    r"/etc/(?:init\.d|rc|cron|systemd|udev|profile|hotplug|mdev|ld\.so|sudoers|passwd|shadow|ssh/|dropbear|pam\.d|"
    r"network/if-|inittab|udhcpc|ppp/ip)"
)
"""Where a file becomes part of the system."""

DATA = re.compile(
    r"\.(?:json|xml|ya?ml|conf|cfg|ini|txt|csv|db|sqlite|log|png|jpe?g|gif|bmp|wav|mp[34]|pem|crt|key|cer|bak|lic\w*)$"
)
"""Names of what is read and not run."""

TEMPORARY = frozenset(("/tmp", "/var/tmp", "/run", "/dev/shm", "/var/run"))  # noqa: S108 - folders in a script
SIGNATURE = {
    "openssl": ("-verify", "-verify_recover", "-pubverify", "verify"),
    "gpg": ("--verify", "--decrypt", "-d"),
    "gpg2": ("--verify", "--decrypt", "-d"),
    "gpgv": (),
    "usign": ("-V",),
    "signify": ("-V",),
    "signify-openbsd": ("-V",),
    "minisign": ("-V", "-Vm"),
    "ssh-keygen": ("verify",),
    "ucert": ("-V",),
    "cosign": ("verify-blob",),
}
"""Programs that check a signature, with the words of which one must be there; () for always."""

KEY_OPTIONS = frozenset((
    "-verify", "-inkey", "-CAfile", "-certfile", "-certificate", "--keyring", "-p", "-P", "--key", "-f", "-signer",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForeignUse:
    """One use: `what` is done (runs, sources, loads, installs, flashes, unpacks, copies) with `path` at `at`.

    `by` says what starts it: an event's manager, `job`, `start` or `service`; `cause` the place that names the event.
    """

    what: str
    path: str
    at: Location
    by: str
    cause: Location
    words: tuple[str, ...] = ()
    """The command, as far as it is known."""


@dataclass(frozen=True, slots=True)
class RemovableMedia:
    """All `uses`; `unread` says in words what could not be worked out."""

    uses: tuple[ForeignUse, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree,
    events: Events | Unknown | None,
    jobs: Jobs | Unknown | None,
    startup: Startup | Unknown | None,
    mounts: Mounts | Unknown | None,
) -> RemovableMedia | None:
    if events is None and jobs is None and startup is None:
        return None
    unread = [part.reason for part in (events, jobs, startup) if isinstance(part, Unknown)]
    known = mounts if isinstance(mounts, Mounts) else Mounts(())
    uses = []
    if isinstance(events, Events):
        unread += events.unread
        for event in events.events:
            uses += _Following(tree, known, event).uses()
    if isinstance(jobs, Jobs):
        unread += jobs.unread
        for job in jobs.jobs:
            uses += _Following(tree, known, Event("job", job.at, job.commands)).uses()
    if isinstance(startup, Startup):
        unread += [startup.blind] if startup.blind is not None else []
        for event in _boot(tree, startup):
            uses += _Following(tree, known, event).uses()
    distinct = {(use.what, use.path, use.at): use for use in uses}
    return RemovableMedia(tuple(distinct.values()), tuple(dict.fromkeys(unread)))


_TELLING = re.compile(r"/media|/mnt|/usb|udisk|sdcard|/dev/sd|/tmp/(?:usb|sd)")


def _boot(tree: Tree, startup: Startup) -> Iterator[Event]:
    """The start scripts that have to do with media, and the processes that lie on one."""
    for path in startup.scripts:
        if _TELLING.search(_text(tree, path)):
            trace = Trace(tree)
            trace.event(path, ("start",), Origin(path, Manager.SCRIPT))
            yield Event("start", Location(path), tuple(trace.commands_seen))
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            yield Event("service", process.at, (Traced(process.argv, process.at, input=process.input),))


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path) or ""
    except Unavailable:  # the start-up itself tells that it is lost
        return ""


class _Following:
    """What is foreign, as one event's commands go on; `checked` is what a signature was seen to hold for."""

    def __init__(self, tree: Tree, mounts: Mounts, event: Event) -> None:
        self.tree = tree
        self.mounts = mounts
        self.event = event
        self.foreign: dict[str, str] = {}
        self.checked: set[str] = set()

    def uses(self) -> list[ForeignUse]:
        found = []
        for command in self.event.commands:
            argv = tuple(applet(command.argv))
            program = argv[0].rpartition("/")[2]
            self._check(command, program, argv)
            use = self._use(command, program, argv)
            if use is not None and use[1] and not self._is_checked(use[1]):
                found.append(ForeignUse(use[0], use[1], command.at, self.event.manager, self.event.at, argv))
            self._spread(command, program, argv)
        return found

    # what is foreign

    def origin(self, path: str) -> str | None:
        """The place on the medium that a path comes from; None for one of the device's own."""
        for prefix, source in reversed(self.foreign.items()):
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return source if source != prefix else path
        return path if NAMED.match(path) and not self._is_own(path) else None

    def _is_own(self, path: str) -> bool:
        """Whether a medium of the system's own is mounted there."""
        mount = self.mounts.covering(path)
        return (
            mount is not None
            and mount.target != "/"
            and mount.automatic
            and (mount.is_bind or not mount.is_stored or not (STICK.match(mount.source) or self._is_card(mount)))
            and "nofail" not in mount.options
        )

    def _is_card(self, mount: Mount) -> bool:
        """Whether FAT is on a disk that is not the first and that nothing else is mounted from: a memory card."""
        disk = CARD.match(mount.source)
        return (
            disk is not None
            and mount.type in FAT
            and not any(one is not mount and one.source.startswith(disk[0]) for one in self.mounts.mounts)
        )

    def _is_checked(self, path: str) -> bool:
        return path in self.checked or self.origin(path) in self.checked

    def _operands(self, command: Traced, argv: Sequence[str]) -> list[str]:
        return [command.full(word) for word in argv[1:] if not word.startswith("-")]

    def _first(self, paths: Iterable[str | None]) -> str:
        return next((path for path in paths if path and self.origin(path) is not None), "")

    # what spreads it

    def _spread(self, command: Traced, program: str, argv: Sequence[str]) -> None:
        operands = self._operands(command, argv)
        if program == "mount" and len(operands) > 1:
            self._mount(argv, operands)
        elif program in ("cp", "mv", "install", "rsync", "ln") and len(operands) > 1:
            self._copy(operands)
        elif program in ("tar", "unzip", "bsdtar"):
            source, target = self._unpacked(command, program, argv)
            if source and target:
                self._taint(target, source)
        source = self._first([command.input, *operands]) if program in READERS else ""
        for written in (command.output, *_written(argv)):
            if source and written:
                self._taint(command.full(written), source)

    def _taint(self, path: str, source: str) -> None:
        if not SYSTEM.fullmatch(path):
            self.foreign[path] = self.origin(source) or source

    def _mount(self, argv: Sequence[str], operands: list[str]) -> None:
        *_, source, target = operands
        image = self._first([source])
        if image:
            self.foreign[target] = image
        elif self._is_medium(source, argv) and target != "/":
            self.foreign[target] = target

    def _is_medium(self, source: str, argv: Sequence[str]) -> bool:
        if any(
            word in ("tmpfs", "proc", "sysfs", "overlay", "ubifs", "jffs2", "--bind", "nfs", "cifs") for word in argv
        ):
            return False
        if self.event.is_of_a_device:
            return DISK.match(source) is not None
        root = self.mounts.at("/")
        return STICK.match(source) is not None and root is not None and FLASH.match(root.source) is not None

    def _copy(self, operands: list[str]) -> None:
        *sources, target = operands
        for source in sources:
            if self.origin(source) is not None:
                inside = len(sources) > 1 or target in TEMPORARY or self.tree.is_directory(target)
                name = basename(source)
                self._taint(join(target, name) if inside and not set(name) & set("*?") else target, source)

    def _unpacked(self, command: Traced, program: str, argv: Sequence[str]) -> tuple[str, str]:
        """The foreign archive that is unpacked, and where."""
        source = self._first([command.input, *(command.full(part) for word in argv[1:] for part in _values(word))])
        extracts = program == "unzip" or any(
            word.startswith("--extract") or ("x" in word and "/" not in word and len(word) < 9) for word in argv[1:3]
        )
        folder = _after(argv, ("-d",) if program == "unzip" else ("-C", "--directory"))
        return (source, command.full(folder) if folder else command.folder or "/") if extracts else ("", "")

    # signatures

    def _check(self, command: Traced, program: str, argv: Sequence[str]) -> None:
        words = SIGNATURE.get(program)
        if words is None or (words and not set(words) & set(argv)):
            return
        keys = [command.full(after) for word, after in pairwise(argv) if word in KEY_OPTIONS]
        if any(self.origin(key) is not None for key in keys):
            return
        for path in (command.input, *self._operands(command, argv)):
            source = self.origin(path) if path else None
            if path and source is not None:
                self.checked |= {path, source}

    # what makes it run

    def _use(self, command: Traced, program: str, argv: Sequence[str]) -> tuple[str, str] | None:
        own = command.full(argv[0]) if "/" in argv[0] else ""
        if self._first([own]):
            return "runs", own
        for what, finds in USES:
            path = finds(self, command, program, argv)
            if path:
                return what, path
        return None

    def _interpreted(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        if program not in INTERPRETERS or "-c" in argv[1:2]:
            return ""
        return self._first([*self._operands(command, argv)[:1], command.input if len(argv) == 1 else None])

    def _found(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        """`find FOLDER -exec sh {} ;` and `find FOLDER | xargs sh`."""
        if program == "find":
            start = next((place for place, word in enumerate(argv) if word in ("-exec", "-execdir", "-ok")), len(argv))
            place, run = argv[1] if len(argv) > 2 else "", argv[start + 1 :]
        else:
            run = _of_xargs(argv) if program in ("xargs", "parallel") else ()
            place = command.listed or ""
        first = run[0].rpartition("/")[2] if run else ""
        return self._first([command.full(place)]) if place and (first in INTERPRETERS or first == "{}") else ""

    def _sourced(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        if program == "eval":
            return self._first(re.findall(r"\$\(cat ([^\s)]+)\)", " ".join(argv[1:])))
        return self._first(self._operands(command, argv)[:1]) if argv[0] in (".", "source") else ""

    def _loaded(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        return self._first(self._operands(command, argv)[:1]) if program in ("insmod", "kexec", "chroot") else ""

    def _installed(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        wanted = INSTALLERS.get(program)
        does = wanted is not None and bool(wanted & set(argv))
        return self._first(self._operands(command, argv)) if does else ""

    def _flashed(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        written = [target for target in (*_written(argv), command.output or "") if FLASH.match(target)]
        does = program in FLASHERS or (program == "dd" and written) or (program in READERS and written)
        inputs = [word.removeprefix("if=") for word in self._operands(command, argv)]
        return self._first([command.input, *inputs]) if does else ""

    def _placed(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        """Copied or unpacked among the system's own files."""
        if program in ("tar", "unzip", "bsdtar"):
            source, target = self._unpacked(command, program, argv)
            return source if source and SYSTEM.match(target) else ""
        operands = self._operands(command, argv)
        if program not in ("cp", "mv", "install", "rsync", "ln") or len(operands) < 2:
            return ""
        *sources, target = operands
        program_like = [source for source in sources if not DATA.search(source) and not DATA.search(target)]
        return self._first(program_like) if SYSTEM.match(target) else ""


USES = (
    ("runs", _Following._interpreted),
    ("runs", _Following._found),
    ("sources", _Following._sourced),
    ("loads", _Following._loaded),
    ("installs", _Following._installed),
    ("flashes", _Following._flashed),
    ("copies into the system", _Following._placed),
)
INSTALLERS = {
    "dpkg": {"-i", "--install", "--unpack"},
    "opkg": {"install", "upgrade"},
    "opkg-cl": {"install", "upgrade"},
    "ipkg": {"install"},
    "rpm": {"-i", "-U", "-ivh", "-Uvh", "--install", "--upgrade"},
    "apk": {"--allow-untrusted"},
    "pip": {"install"},
    "pip3": {"install"},
    "apt": {"install"},
    "apt-get": {"install"},
}
FLASHERS = frozenset((
    "sysupgrade", "mtd", "mtd_write", "flashcp", "nandwrite", "ubiupdatevol", "flash_image", "fwupgrade", "flashw",
))  # fmt: skip


def _of_xargs(argv: Sequence[str]) -> Sequence[str]:
    """The command that xargs runs."""
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word in ("-I", "-n", "-P", "-L", "-s", "-d", "-E", "-a") and words:
            words.pop(0)
    return words


def _written(argv: Sequence[str]) -> list[str]:
    """The outputs that words name: `of=` of dd, `-out` and `-o` of openssl and gpg."""
    outputs = [word.removeprefix("of=") for word in argv[1:] if word.startswith("of=")]
    return outputs + [value for value in (_after(argv, ("-out", "-o", "--output")),) if value]


def _after(argv: Sequence[str], options: tuple[str, ...]) -> str:
    for word, after in pairwise(argv):
        if word in options:
            return after
    long = [word.partition("=")[2] for word in argv if word.partition("=")[0] in options]
    return next(iter(long), "")


def _values(word: str) -> tuple[str, ...]:
    """A word itself, and the value that an option holds."""
    return (word.partition("=")[2],) if word.startswith("--") else () if word.startswith("-") else (word,)
