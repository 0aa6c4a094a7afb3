"""What the system runs, or makes part of itself, from a USB stick or a memory card.

Rules. Such a medium is a folder that is called like one (/media, /mnt/usb), unless the system's own medium is mounted
there, which is there at every start and which no user mounts; for a device's event also where its script mounts a disk;
for a start script that boots from flash, where it mounts /dev/sd*. Both may read the disk without a mount, by mtools,
dd, tar and their like. What is copied, unpacked or loop-mounted from there is as foreign. Running means: as a program,
by a shell or another interpreter, sourced, loaded into the kernel, installed as a package, flashed, or put among the
system's programs, libraries and hooks. Data that are copied, and a medium that is only mounted, are none of this. What
a signature was checked of before (openssl, gpg, usign, signify, minisign, ssh-keygen) with a key of the device's own is
not foreign any more; a checksum says nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from posixpath import basename, join

from firmward.facts.events import Event, Events
from firmward.facts.jobs import Jobs
from firmward.facts.mounts import Mount, Mounts
from firmward.facts.process import Manager, Start, applet
from firmward.facts.scripts import lone
from firmward.facts.scripts.trace import INTERPRETERS, Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import ReplaceLine
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
FOREIGN = frozenset(("nofail", "user", "users", "owner", "group"))
"""Options of a mount that may be missing, or that whoever works at the device mounts (mount(8), "Non-superuser
mounts"): no part of the system."""
FLASH = re.compile(r"/dev/(?:mmcblk|mtdblock|ubi|mtd)|ubi|mtd:")
RAW = re.compile(
    r"(?:/dev/(?:sd[a-z$][\w${}]*|mmcblk[1-9$][\w${}]*|sr\d|disk/by-(?:label|uuid)/[^/:]+|[\w.-]*\$[^/:]*)|"
    r"\$\{?DEVNAME\}?)(?::[^:].*|@@\w+)?"
)
"""A medium read as it is, and a file in it as e2tools and mtools name them; an event's name is the one that came."""
DRIVE = re.compile(r"[A-Za-z]?:(?!//)[^:]*|::[^:]*")
"""A file on a disk, as mtools name it."""
READERS = (
    "cat", "zcat", "gunzip", "gzip", "xz", "xzcat", "bzcat", "lz4cat", "zstdcat", "base64", "openssl", "tr", "sed",
    "dd", "head", "tail", "mtype", "isoinfo", "fatcat", "ntfscat", "pv",
)  # fmt: skip
COPIERS = ("cp", "mv", "install", "rsync", "ln", "e2cp")
UNPACKERS = ("tar", "unzip", "bsdtar", "cpio", "bsdcpio", "unsquashfs", "7z", "7za", "7zr", "ar", "dpkg-deb")
MOUNTERS = (
    "mount", "systemd-mount", "ntfs-3g", "mount.ntfs", "mount.ntfs-3g", "mount.exfat", "mount.exfat-fuse", "fuseiso",
    "fusefat", "fuse2fs", "squashfuse", "archivemount",
)  # fmt: skip
DUMPED = re.compile(r"\br?dump\s+(?:-p\s+)?\S+\s+(?P<target>/\S+)")
"""What debugfs takes out of an ext file system."""
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
    taking_out: ReplaceLine | None = None
    """How the line is taken out of its script, where that can be without it."""


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
    scripts, steering = lone.Scripts(tree), lone.STEERING - lone.SOURCING
    distinct = {(use.what, use.path, use.at): replace(use, taking_out=scripts.cut(use.at, steering)) for use in uses}
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
        return path if self._is_raw(path) or (NAMED.match(path) and not self._is_own(path)) else None

    def _is_raw(self, path: str) -> bool:
        """Whether a path is the medium's device itself."""
        if RAW.fullmatch(path) is None:
            return False
        return self.event.is_of_a_device or (STICK.match(path) is not None and self._is_on_flash)

    @property
    def _is_on_flash(self) -> bool:
        """Whether the system itself lies on flash, so that a disk is no part of it."""
        root = self.mounts.at("/")
        return root is not None and FLASH.match(root.source) is not None

    def _is_own(self, path: str) -> bool:
        """Whether a medium of the system's own is mounted there."""
        mount = self.mounts.covering(path)
        return (
            mount is not None
            and mount.target != "/"
            and mount.automatic
            and (mount.is_bind or not mount.is_stored or not (STICK.match(mount.source) or self._is_card(mount)))
            and FOREIGN.isdisjoint(mount.options)
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
        if program in MOUNTERS and len(operands) > 1:
            self._mount(argv, operands)
        elif program in COPIERS and len(operands) > 1:
            self._copy(operands)
        elif program in ("mcopy", "mmove"):
            self._copied_by_mtools(command, argv)
        elif program in UNPACKERS:
            source, target = self._unpacked(command, program, argv)
            if source and target:
                self._taint(target, source)
        elif program in ("losetup", "cryptsetup", "debugfs"):
            self._opened(program, argv, operands)
        source = self._first([command.input, *_read(operands)]) if program in READERS else ""
        for written in (command.output, *_written(argv)):
            if source and written:
                self._taint(command.full(written), source)

    def _opened(self, program: str, argv: Sequence[str], operands: list[str]) -> None:
        """A disk under another name, or a file taken out of it."""
        source = self._first(operands)
        if program == "losetup" and source and len(operands) == 2:
            self._taint(operands[0], source)
        elif program == "cryptsetup" and source:
            self._taint(f"/dev/mapper/{basename(operands[-1])}", source)
        dumped = DUMPED.search(_after(argv, ("-R",))) if program == "debugfs" and source else None
        if dumped is not None:
            self._taint(dumped["target"], source)

    def _copied_by_mtools(self, command: Traced, argv: Sequence[str]) -> None:
        """`mcopy -i DEVICE ::FILE... TARGET`, or with a drive's letter."""
        image = _after(argv, ("-i",)) or next((word[2:] for word in argv if word.startswith("-i/")), "")
        words = [word for word in argv[1:] if not word.startswith("-") and word != image]
        *files, target = words or [""]
        if self._first([image]) or (not image and any(DRIVE.fullmatch(file) for file in files)):
            folder = command.full(target)
            for file in files if not DRIVE.fullmatch(target) else ():
                name = basename(file.rpartition(":")[2])
                is_folder = len(files) > 1 or self.tree.is_directory(folder) or folder in TEMPORARY or not name
                self._taint(folder, f"{image}{file}")
                if is_folder and not set(name) & set("*?"):  # each by its name: one may be signed and another not
                    self._taint(join(folder, name), f"{image}{file}")

    def _taint(self, path: str, source: str) -> None:
        if not SYSTEM.fullmatch(path):
            self.foreign[path] = self.origin(source) or source

    def _mount(self, argv: Sequence[str], operands: list[str]) -> None:
        *_, source, target = operands
        image = "" if self._is_raw(source) else self._first([source])
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
        return self._is_on_flash and (STICK.match(source) is not None or self._is_a_card(source, argv))

    def _is_a_card(self, source: str, argv: Sequence[str]) -> bool:
        """Whether FAT is asked for on a memory card that nothing of the system is mounted from."""
        disk = CARD.match(source)
        return (
            disk is not None
            and not FAT.isdisjoint(argv)
            and not any(one.source.startswith(disk[0]) for one in self.mounts.mounts if one.source != source)
        )

    def _copy(self, operands: list[str]) -> None:
        *sources, target = operands
        for source in sources:
            if self.origin(source) is not None:
                inside = len(sources) > 1 or target in TEMPORARY or self.tree.is_directory(target)
                name = basename(source)
                self._taint(join(target, name) if inside and not set(name) & set("*?") else target, source)

    def _unpacked(self, command: Traced, program: str, argv: Sequence[str]) -> tuple[str, str]:
        """The foreign archive that is unpacked, and where."""
        parts = (command.full(part) for word in argv[1:] for part in _values(word))
        source = self._first([command.input, *parts])
        folder = _unpacked_to(program, argv)
        if not source or folder is None:
            return "", ""
        return source, command.full(folder) if folder else command.folder or "/"

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
        is_fed = argv[1:] in ((), ("-",), ("-s",))
        return self._first([*self._operands(command, argv)[:1], command.input if is_fed else None])

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
        inputs = _read(self._operands(command, argv))
        if program in FLASHERS:  # which name a device as their target
            inputs = [path for path in inputs if not RAW.fullmatch(path)]
        return self._first([command.input, *inputs]) if does else ""

    def _placed(self, command: Traced, program: str, argv: Sequence[str]) -> str:
        """Copied or unpacked among the system's own files."""
        if program in UNPACKERS:
            source, target = self._unpacked(command, program, argv)
            return source if source and SYSTEM.match(target) else ""
        operands = self._operands(command, argv)
        if program not in COPIERS or len(operands) < 2:
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


def _read(operands: Iterable[str]) -> list[str]:
    """The inputs among the words: `if=` of dd, and plain names."""
    return [word.removeprefix("if=") for word in operands if not word.startswith("of=")]


def _unpacked_to(program: str, argv: Sequence[str]) -> str | None:
    """The folder that an archive's program names, empty where it names none; None where it unpacks nothing."""
    words = argv[1:]
    match program:
        case "unzip":
            return _after(argv, ("-d",))
        case "unsquashfs":
            lists = any(word in ("-l", "-ll", "-lls", "-s", "-stat", "-cat") for word in words)
            return None if lists else _after(argv, ("-d", "-dest")) or "squashfs-root"
        case "7z" | "7za" | "7zr":
            folder = next((word[2:] for word in words if word.startswith("-o")), "")
            return folder if words[:1] in (("x",), ("e",)) else None
        case "cpio" | "bsdcpio":
            return _after(argv, ("-D", "--directory")) if any(_is_cluster(word, "i") for word in words) else None
        case "ar":
            return "" if "x" in "".join(words[:1]) else None
        case "dpkg-deb":
            does = {"-x", "-X", "--extract", "--vextract", "-R", "--raw-extract"} & set(words)
            return words[-1] if does and len(words) > 2 else None
    extracts = any(
        word.startswith("--extract") or ("x" in word and "/" not in word and len(word) < 9) for word in words[:2]
    )
    return _after(argv, ("-C", "--directory")) if extracts else None


def _is_cluster(word: str, letter: str) -> bool:
    return re.fullmatch(r"-[A-Za-z]{1,8}", word) is not None and letter in word


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
