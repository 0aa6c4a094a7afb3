"""A maker's own scripts: what they fetch, what they write to flash, unpack or run, and what they verify in between.

Rules, from the programs' manuals:

- It updates when it writes to flash (mtd write, flashcp, nandwrite, ubiupdatevol, dd to a device), unpacks over the
  system, installs a package file, or runs what it fetched.
- It is verified when a signature is checked with a public key (openssl dgst, pkeyutl, cms; gpg, usign, signify,
  minisign, cosign) and the result is looked at. A hash from the same server proves nothing of who wrote it, and
  decrypting with a key that every device has does not either.
- An archive that is unpacked beside the system and stays there updates a part of it where it is code: where the system
  runs something from that folder, or the archive's name says so. Pictures and tariffs are data.
- What another program may verify, it alone knows: then it is not known here.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from firmward.facts.update.fetching import FETCHERS, fetches, saved_as, sources
from firmward.facts.update.slots import SLOTS
from firmward.facts.update.steps import Step
from firmward.facts.update.surroundings import Script, Surroundings
from firmward.facts.update.updater import Aspect, Doubt, Kind, Remark, Server, Updater
from firmward.facts.update.urls import server, transport
from firmward.model.finding import Severity
from firmward.model.location import Location

DEVICE = re.compile(
    r"^/dev/(?:mtd|mmcblk|sd[a-z]|nvme|ubi|block/|disk/|by-name/|nand|vd[a-z]|mapper/|root|\$)|^/dev/\$"
)
BLANK = ("/dev/zero", "/dev/urandom", "/dev/random", "/dev/null")
SYSTEM = re.compile(r"^/(?:$|(?:usr|bin|sbin|lib|opt|etc|system|app)(?:/|$))")
MEDIA = re.compile(r"^/(?:media|run/media|mnt/(?:usb|sd|mmc|udisk|ext)|tmp/(?:usb|mnt)|usb|sdcard|mnt/[^/]*(?:usb|sd))")
SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "python", "python3", "lua", "perl"))
VERIFIERS = frozenset(("gpgv", "gpgv2", "ucert", "fit_check_sign", "sqv", "slsa-verifier"))
OPENSSL = frozenset(("dgst", "pkeyutl", "rsautl", "cms", "smime", "sha256", "sha512"))
HASHES = frozenset(("md5sum", "sha1sum", "sha256sum", "sha512sum", "sha224sum", "sha384sum", "cksum", "crc32", "b2sum"))
MAYBE = re.compile(
    r"(?i)verif|sig(?:n|_?check)|check_?(?:sig|auth)|auth(?:entic|_check)|secure_?(?:up|flash)|decrypt_image"
)
"""In the names of programs that may verify: only they know."""
VERSIONS = re.compile(
    r"(?i)vercmp|compare-versions|sort\s{1,5}-\w{0,5}V|-(?:lt|le|gt|ge)\s{1,5}[\"']?\$\{?\w{0,20}ver"
    r"|ver\w{0,20}[\"'}]{0,3}\s{0,5}(?:\\?[<>]|-(?:lt|le|gt|ge)\b)"
)
ORDERS = re.compile(r"\s-(?:lt|le|gt|ge)\s|\(\([^\n]{0,200}[<>]")
"""A test that puts two numbers in order."""
VERSIONED = re.compile(r"(?i)ver(?:sion)?(?:\b|_)|_ver|version|serial|build_?(?:id|no|num)|rollback|release")
ASSIGNED = re.compile(r"^\s*(?:local\s+|export\s+|readonly\s+)?(\w{1,60})=")
NAMED = re.compile(r"(?i)upd|upg|ota|flash|firmware|fw")
"""What only writes to flash is an updater where its name says so: calibration and settings are written too."""
IMAGE = re.compile(
    r"(?i)\.(?:img|bin|raw|trx|chk|ubi|squashfs|sqsh|jffs2|ext[234]|itb|fit|swu)(?:\.\w{1,4})?$|rootfs|[uz]image|kernel"
)
"""What else is an image by its name, where it comes from a medium."""
PLUGGED = re.compile(r"^/dev/(?:sd[a-z$]|mmcblk[1-9$]|\$)")
"""What a stick or a card is called, where a script mounts it."""
CODE = re.compile(
    r"(?i)(?:^|[^a-z])(?:fw|ota|firmware|software|update|upgrade|add-?on|plug-?in|app|application|package|pkg|release|swu"
    r"|bundle|module|agent|runtime|program|binary|binarie)s?(?:[^a-z]|$)"
)
"""In the names of archives that hold code, and no data alone."""
PASSING = re.compile(r"^/(?:tmp|run|var/(?:tmp|run|volatile|lock|cache)|dev|proc|sys)(?:/|$)")
"""Folders that a start finds empty, or that hold copies."""
PROGRAMS = re.compile(r"/(?:usr/)?(?:local/)?(?:s?bin|lib|opt)(?:/|$)")
DATA = re.compile(r"\.(?:json|conf|cfg|ini|txt|xml|html?|css|js|crt|pem|cer|dat|csv|png|jpe?g|gif|svg|ya?ml|db|log)$")
SIGN = "Verify a signature over the file with a public key in the image, and write nothing where it fails"


def found(around: Surroundings) -> Iterator[Updater]:
    told: dict[str, Updater] = {}
    run = tuple(around.run)
    for updater in (updates(script, run) for script in around.scripts):
        if updater is not None:
            told.setdefault(updater.name, updater)
    yield from told.values()


def updates(script: Script, run: tuple[str, ...] = ()) -> Updater | None:
    """The updater that a script is; None when it is none. `run` are the paths that the system runs or loads from."""
    fetched = tuple(step for step in script.steps if fetches(step))
    names = frozenset(name for step in fetched for name in saved_as(step))
    is_named = NAMED.search(basename(script.path)) is not None
    if not fetched and not is_named and not _from_medium(script):
        return None
    applied = _applied(script, names, bool(fetched)) if fetched or is_named else _from_medium(script)
    if applied is None:
        return _of_part(script, fetched, names, run)
    if fetched and not _belong(script, fetched, names, applied):
        return None
    listed = tuple(url for step in fetched for url in sources(step))
    weak, doubts = _signature(script, fetched, applied)
    remarks = (
        *weak,
        *transport(listed, signed=not weak and not doubts),
        *_downgrade(script, applied),
        *_fallback(script, applied),
    )
    asks = server(listed) if listed else (Server.UNKNOWN if fetched else Server.NONE)
    name = f"script {script.path}"
    return Updater(name, Kind.IMAGE, applied.at, asks, script.runs and bool(fetched), remarks, doubts)


def _of_part(script: Script, fetched: tuple[Step, ...], names: frozenset[str], run: tuple[str, ...]) -> Updater | None:
    """What unpacks code beside the system, where it stays: told by what runs from there, or by the archive's name."""
    placed = next(_placed(script, names), None) if fetched else None
    if placed is None:
        return None
    applied, folder = placed
    runs = next((path for path in run if path.startswith(f"{folder.rstrip('/')}/")), None)
    listed = tuple(url for step in fetched for url in sources(step))
    called = (*names, *(basename(url.text.partition("?")[0]) for url in listed))  # into a pipe, nothing else names it
    if runs is None and not any(CODE.search(name) for name in called):
        return None
    weak, doubts = _signature(script, fetched, applied)
    rest = f", and {runs} is run from there" if runs is not None else f" ({folder} stays, and by its name it is code)"
    grave = None if runs is not None else Severity.HIGH
    remarks = (
        *(replace(remark, says=remark.says + rest, severity=grave) for remark in weak),
        *transport(listed, signed=not weak and not doubts),
    )
    asks = server(listed) if listed else Server.UNKNOWN
    return Updater(f"script {script.path}", Kind.PART, applied.at, asks, script.runs, remarks, doubts)


def _placed(script: Script, names: frozenset[str]) -> Iterator[tuple[Step, str]]:
    """Each command that unpacks what was fetched into a folder that the next start still finds, and the folder."""
    here = ""
    for step in script.steps:
        if step.program == "cd":
            here = step.words[0] if step.words else ""
        for argv in (step.argv, *step.pipe):
            folder = _unpacked_to(argv, here)
            belongs = step.program in FETCHERS if argv is not step.argv else _names_one(step, names)
            if folder is not None and folder.startswith("/") and not PASSING.match(folder) and belongs:
                yield step, folder


def _applied(script: Script, names: frozenset[str], has_fetched: bool) -> Step | None:
    """The first command that puts something into the system; `cd` says where an archive is unpacked."""
    here = ""
    for step in script.steps:
        if step.program == "cd":
            here = step.words[0] if step.words else ""
        elif _applies(step, names, has_fetched, here):
            return step
    return None


def _applies(step: Step, names: frozenset[str], has_fetched: bool, here: str) -> bool:
    """Whether a command puts something into the system, or runs what was fetched."""
    if _flashes(step.argv, step):
        return True
    if any(_flashes(argv, step) or _unpacks(argv, here) or _is_shell(argv) for argv in step.pipe):
        return step.program in FETCHERS or (has_fetched and _names_one(step, names))
    if not has_fetched:
        return False
    return (_unpacks(step.argv, here) or _installs(step) or _runs(step, names)) and (
        _names_one(step, names) or "$" in " ".join(step.words)
    )


def _names_one(step: Step, names: frozenset[str]) -> bool:
    words = (*step.words, *step.read, step.argv[0] if step.argv else "")
    return any(basename(word) in names for word in words if word) or any("$" in name for name in names)


def _flashes(argv: tuple[str, ...], step: Step) -> bool:
    """Whether it writes an image to flash or to a partition."""
    if not argv:
        return False
    program, words = basename(argv[0]), argv[1:]
    match program:
        case "dd":
            target = _option(words, "of=")
            return bool(DEVICE.match(target)) and _option(words, "if=") not in BLANK
        case "mtd" | "mtd_write" | "mtd_debug":
            return "write" in words
        case "sysupgrade":  # which looks at the image itself, unless it is told not to
            return "-F" in words or "--force" in words
        case "flashcp" | "nandwrite" | "ubiupdatevol":
            return bool(words) and "-t" not in words
        case "cp" | "cat" | "tee":
            target = words[-1] if program != "cat" and words else next(iter(step.written), "")
            return bool(DEVICE.match(target)) and not any(word in BLANK for word in words)
    return False


def _option(words: tuple[str, ...], name: str) -> str:
    return next((word[len(name) :] for word in words if word.startswith(name)), "")


def _unpacks(argv: tuple[str, ...], here: str) -> bool:
    """Whether it unpacks an archive over the system."""
    folder = _unpacked_to(argv, here)
    return folder is not None and (basename(argv[0]) == "cpio" or SYSTEM.match(folder) is not None)


def _unpacked_to(argv: tuple[str, ...], here: str) -> str | None:
    """The folder that it unpacks an archive to; None for what unpacks none."""
    if not argv:
        return None
    program, words = basename(argv[0]), argv[1:]
    if program in ("tar", "bsdtar"):
        extracts = any(word == "--extract" or re.match(r"^-?[a-zA-Z]*x[a-zA-Z]*$", word) for word in words[:3])
        return _target(words, here, "-C", "--directory") if extracts else None
    if program == "unzip":
        return _target(words, here, "-d")
    return here if program == "cpio" and any("i" in word for word in words[:1]) else None


def _target(words: tuple[str, ...], here: str, *options: str) -> str:
    """The folder that an option names, or else the one that the script is in."""
    for number, word in enumerate(words):
        if word in options and number + 1 < len(words):
            return words[number + 1]
        for option in options:
            if word.startswith((f"{option}=", f"{option}/")):
                return word[len(option) :].removeprefix("=")
    return here


def _installs(step: Step) -> bool:
    """Whether it installs a package from a file, or moves one among the programs."""
    words = step.words
    match step.program:
        case "dpkg":
            return "-i" in words or "--install" in words
        case "opkg" | "ipkg":
            return "install" in words and any(word.endswith((".ipk", ".opk")) or "/" in word for word in words)
        case "rpm":
            return any(re.match(r"^-[a-zA-Z]*[iUF]", word) for word in words)
        case "apk":
            return "add" in words and "--allow-untrusted" in words
        case "mv" | "cp" | "install":
            return (
                bool(words)
                and not DATA.search(words[-1])
                and bool(re.match(r"^/(?:usr/)?(?:local/)?(?:s?bin|lib|opt)(?:/|$)", words[-1]))
            )
    return False


def _is_shell(argv: tuple[str, ...]) -> bool:
    """Whether it runs what it is fed: no file and no text is named that it runs instead."""
    if not argv or basename(argv[0]) not in SHELLS or any(word in ("-c", "-m", "-e", "-n") for word in argv[1:]):
        return False
    return "-s" in argv or not any(not word.startswith("-") for word in argv[1:])


def _runs(step: Step, names: frozenset[str]) -> bool:
    """Whether it runs what was fetched."""
    if step.program in SHELLS or step.program in (".", "source"):
        return any(basename(word) in names for word in step.words[:1])
    if step.program == "chmod":
        return any("x" in word or word[:1] == "7" for word in step.words[:1])
    return step.program in names and "/" in step.argv[0]


def _belong(script: Script, fetches: tuple[Step, ...], names: frozenset[str], applied: Step) -> bool:
    """Whether what is applied may be what was fetched: not where both are known and apart."""
    if any(step.pipe for step in fetches) or _names_one(applied, names):
        return True
    words = " ".join((*applied.argv, *applied.read))
    if "$" in words or not names:
        return True
    moves = ("tar", "unzip", "gunzip", "mv", "cp", "cat", "dd", "openssl", "gpg", "xz", "zcat", "unxz", "bunzip2", "ln")
    return any(step.program in moves and _names_one(step, names) for step in script.steps)


def verifies(argv: tuple[str, ...]) -> bool:
    """Whether a command checks a signature with a public key."""
    program, words = basename(argv[0]) if argv else "", argv[1:]
    match program:
        case "openssl":
            checks = any(word in ("-verify", "-prverify", "-verifyrecover") for word in words)
            return words[:1] != () and words[0] in OPENSSL and checks and "-noverify" not in words
        case "gpg" | "gpg2":
            return "--verify" in words
        case "usign" | "signify" | "signify-openbsd" | "minisign":
            return any(word.startswith("-V") for word in words)
        case "cosign":
            return bool(words) and words[0].startswith("verify")
        case "ssh-keygen":
            return "verify" in words
    return program in VERIFIERS


def _signature(
    script: Script, fetches: tuple[Step, ...], applied: Step
) -> tuple[tuple[Remark, ...], tuple[Doubt, ...]]:
    checks = tuple(step for step in script.steps if any(verifies(argv) for argv in (step.argv, *step.pipe)))
    if any(step.counts for step in checks):
        return (), ()
    what = _shown(applied)
    if checks:
        says = f"verifies a signature and goes on whatever comes out, then does: {what}"
        return (Remark(Aspect.SIGNATURE, "result-ignored", says, SIGN, checks[0].at),), ()
    unsure = next((step for step in script.steps if _may_verify(step, script)), None)
    if unsure is not None:
        reason = f"{unsure.at}: whether {unsure.program} verifies what {script.path} installs is not known"
        return (), (Doubt(Aspect.SIGNATURE, reason),)
    if not fetches:
        return _handed(script, applied)
    hashed = any(step.program in HASHES or step.argv[1:2] == ("dgst",) for step in script.steps)
    rest = " (a checksum shows damage, not who wrote it)" if hashed else ""
    says = f"installs what it fetched without verifying a signature: {what}{rest}"
    return (Remark(Aspect.SIGNATURE, "unsigned", says, SIGN, applied.at),), ()


def _may_verify(step: Step, script: Script) -> bool:
    """Whether a program's name says that it verifies; a function of the script has been read."""
    if not MAYBE.search(step.program) or step.program in HASHES:
        return False
    return re.search(rf"(?m)^[ \t]*(?:function[ \t]+)?{re.escape(step.program)}[ \t]*\(", script.text) is None


def _from_medium(script: Script) -> Step | None:
    """The first command that writes an image to flash from a stick or card, mounted by the script or where one is."""
    mounted: list[str] = []
    for step in script.steps:
        words = [word for word in step.words if not word.startswith("-")]
        if step.program == "mount" and len(words) > 1 and PLUGGED.match(words[-2]):
            mounted.append(f"{words[-1].rstrip('/')}/")
        inputs = [word.removeprefix("if=") for word in (*step.words, *step.read)]
        images = [path for path in inputs if NAMED.search(basename(path)) or IMAGE.search(path)]
        is_plugged = any(MEDIA.match(path) or path.startswith(tuple(mounted)) for path in images)
        if is_plugged and any(_flashes(argv, step) for argv in (step.argv, *step.pipe)):
            return step
    return None


def _handed(script: Script, applied: Step) -> tuple[tuple[Remark, ...], tuple[Doubt, ...]]:
    """Writes what somebody hands it: from a medium, or from whoever calls it, who may have verified it."""
    words = (word.removeprefix("if=") for step in script.steps for word in (*step.words, *step.read))
    if any(MEDIA.match(word) for word in words) or _from_medium(script):
        says = f"writes what lies on a medium that is plugged in, without verifying a signature: {_shown(applied)}"
        return (Remark(Aspect.SIGNATURE, "unsigned", says, SIGN, applied.at, severity=Severity.HIGH),), ()
    reason = f"{applied.at}: whether whoever calls {script.path} has verified what it writes is not known"
    return (), (Doubt(Aspect.SIGNATURE, reason),)


def _shown(step: Step) -> str:
    words = (step.argv, *step.pipe)[-1] if step.pipe else step.argv
    text = " ".join(word.partition("://")[2] or word for word in words)
    return re.sub(r"[^\x20-\x7e]", "?", text)[:120]


def _downgrade(script: Script, applied: Step) -> Iterator[Remark]:
    compares = compares_versions(script.text) if script.compares is None else script.compares
    if not compares:
        says = "installs an older version as well as a newer one: it compares no versions"
        instead = "Take the version from what is signed, and refuse one older than the one that runs"
        yield Remark(Aspect.DOWNGRADE, "versions", says, instead, Location(script.path, applied.at.line))


def compares_versions(text: str) -> bool:
    """Whether versions are put in order: by their names, or by variables that were filled from one."""
    if VERSIONS.search(text):
        return True
    holds: set[str] = set()
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        speaks = VERSIONED.search(line) is not None
        if ORDERS.search(line) and (speaks or any(name in holds for name in re.findall(r"\$\{?(\w{1,60})", line))):
            return True
        assigned = ASSIGNED.match(line)
        if assigned is not None and speaks:
            holds.add(assigned[1])
    return False


def _fallback(script: Script, applied: Step) -> Iterator[Remark]:
    if not SLOTS.search(script.text):
        says = f"overwrites what runs, and keeps no copy to fall back to: {_shown(applied)}"
        instead = "Write the copy that does not run, switch to it, and let the boot loader count attempts"
        yield Remark(Aspect.FALLBACK, "in-place", says, instead, applied.at)
