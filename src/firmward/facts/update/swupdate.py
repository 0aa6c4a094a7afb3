"""SWUpdate: its command line (swupdate_arguments.py) and etc/swupdate.cfg.

Rules, from SWUpdate's manual and tried out with the program:

- Options of the command line go before `globals` of the configuration. A part that fetches (`suricatta` with `-u`, the
  downloader with `-d`) or is handed files (`webserver` with `-w`) runs inside it.
- A build with signed images refuses to start without a key (`public-key-file`, `-k`) or authority (`ca-path`,
  `--ca-path`), and says so in the program; a build without takes every file. What is started without a key is told
  where the program says nothing: it takes every file, or does not run.
- `no-downgrading` (`-N`) names the oldest version to be installed.
- `select` (`-e stable,copy2`) names the copy to be written. Who works it out, or names another one elsewhere, has two;
  the bootloader's environment (etc/fw_env.config) tells the boot loader. Where always the same one is named, it is the
  one that runs after the first update, and is written while it does: there is nothing to go back to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from firmward.facts import command_line
from firmward.facts.command_line import CommandLine
from firmward.facts.update.slots import SLOTS
from firmward.facts.update.steps import Step, steps
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.swupdate_arguments import Given, given
from firmward.facts.update.updater import Aspect, Doubt, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport
from firmward.formats import libconfig
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.remedy import SetOption

CONFIGURATION = ("etc/swupdate.cfg", "etc/swupdate/swupdate.cfg")
ENVIRONMENT = ("etc/fw_env.config", "etc/libubootenv.yaml", "boot/efi/EFI/BOOT/grubenv", "boot/grub/grubenv")
SIGNED = b"SWUpdate is built for signed images"
OWN = b"not install a release"
"""What the program says of an option that it has in every build: so it is read as it should be."""
PROGRAM_LIMIT = 16 << 20
LETTERS = "fbBepPqiklKNRoHduwc"
NAMES = (
    *("file", "blacklist", "bootloader", "select", "key", "ca-path", "no-downgrading", "no-reinstalling"),
    "max-version",
    *("download", "suricatta", "webserver", "image", "hwrevision", "cert-purpose", "forced-signer-name", "key-aes"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`line` is the command line, `given` where its words stand, `groups` the configuration's, `text` as it stands.
    `at` is what is told."""

    line: CommandLine
    given: tuple[Given, ...]
    groups: dict[str, libconfig.Value]
    text: str
    at: Location

    def value(self, group: str, name: str) -> str:
        found = self.groups.get(group)
        value = found.get(name) if isinstance(found, dict) else None
        return "" if value is None else str(value)

    def place(self, name: str) -> Location:
        position = self.text.find(name)
        return Location(self.at.path, self.text.count("\n", 0, position) + 1) if position >= 0 else self.at

    def word_place(self, text: str) -> Location:
        return next((one.at for one in self.given if any(text in word for word in one.words)), self.at)


def found(around: Surroundings) -> Iterator[Updater]:
    program = around.program("swupdate")
    processes = around.processes("swupdate", "swupdate.sh")
    if program is None and not processes:
        return
    settings = _settings(around, program)
    if settings is None:
        if around.blind is not None:
            raise Unavailable(f"how swupdate is started is not known: {around.blind}")
        return
    fetched = tuple(_urls(settings))
    remarks, doubts = _signature(around, program, settings)
    runs = bool(processes) or any(by_itself for _, by_itself in around.calls("swupdate"))
    remarks = (
        *remarks,
        *transport(fetched, signed=not remarks),
        *_downgrade(settings),
        *_same_copy(around, settings),
    )
    automatic = runs and _fetches(settings)
    told = () if automatic else around.told_by("swupdate", b"swupdate_async_start")
    yield Updater(
        "swupdate",
        Kind.IMAGE,
        settings.at,
        server(fetched),
        automatic,
        remarks,
        (*doubts, *told, *_fallback(around, settings)),
    )


def _settings(around: Surroundings, program: Location | None) -> Settings | None:
    listed = given(around)
    words = [word for one in listed for word in one.words]
    at = next((one.at for one in listed if one.at.path), Location())
    line = command_line.read(words, LETTERS, NAMES)
    path, text, groups = _configured(around, line)
    if not (path or words or at.path):
        return None
    return Settings(line, listed, groups, text, Location(path) if path else at)


def _configured(around: Surroundings, line: CommandLine) -> tuple[str, str, dict[str, libconfig.Value]]:
    named = line.get("f", "file")
    paths = (named.lstrip("/"),) if named and "$" not in named else CONFIGURATION
    path, text = next(around.texts(*paths), ("", ""))
    try:
        return path, text, libconfig.parse(text)
    except Malformed as reason:
        raise Unavailable(f"{path}: {reason}") from reason


def _signature(
    around: Surroundings, program: Location | None, settings: Settings
) -> tuple[tuple[Remark, ...], tuple[Doubt, ...]]:
    has_key = settings.line.has("k", "key", "ca-path") or any(
        settings.value("globals", name) for name in ("public-key-file", "ca-path")
    )
    is_signed = _built_signed(around, program)
    if is_signed is True or (is_signed is None and has_key):
        return (), ()
    if is_signed is None and program is not None and _is_told(around):
        says = "is told no public key: unless its build refuses to run so, it installs every file that it is handed"
        return (Remark(Aspect.SIGNATURE, "signed-images", says, SIGN, settings.at),), ()
    if is_signed is None:
        reason = "swupdate's program cannot be read: whether it is built for signed images is not known"
        return (), (Doubt(Aspect.SIGNATURE, reason),)
    says = "is built without signed images: it installs every file that it is handed"
    return (Remark(Aspect.SIGNATURE, "signed-images", says, SIGN, settings.at),), ()


SIGN = "Build swupdate with CONFIG_SIGNED_IMAGES, and give it your public key with -k or public-key-file"


def _is_told(around: Surroundings) -> bool:
    """Whether it is seen how it is started, so that no key is given elsewhere."""
    return bool(around.configured("swupdate") or around.calls("swupdate"))


def _built_signed(around: Surroundings, program: Location | None) -> bool | None:
    """None when its program is not there or cannot be read."""
    entry = around.tree.resolve(program.path) if program is not None and program.path else None
    if entry is None:
        return None
    content = around.tree.read(entry.path, PROGRAM_LIMIT) or b""
    if SIGNED in content:
        return True
    return False if OWN in content else None


def _urls(settings: Settings) -> Iterator[Url]:
    inner = " ".join(settings.line.all("u", "suricatta", "d", "download"))
    unchecked = bool(re.search(r"(?:^|\s)(?:-x|--nocheckcert)\b", inner))
    named = re.findall(r"(?:-u|--url)[ =]?(\S+)", inner)
    listed = [(text, settings.word_place(text)) for text in named]
    for group in ("suricatta", "download"):
        text = settings.value(group, "url")
        if text and not any(settings.line.has(*names) and listed for names in (("u", "suricatta"),)):
            listed.append((text, settings.place(text)))
        unchecked = unchecked or settings.value(group, "nocheckcert").lower() == "true"
    path = settings.at.path or ""
    said = any(settings.value(group, "nocheckcert").lower() == "true" for group in ("suricatta", "download"))
    cure = (SetOption(path, "nocheckcert", "false"),) if said and path.endswith(".cfg") else ()
    for text, at in listed:
        full = text.strip("\"'")
        is_whole = "://" in full or full.startswith("$")
        yield Url(full if is_whole else f"http://{full}", at, not unchecked, cure, is_whole)


def _fetches(settings: Settings) -> bool:
    return settings.line.has("u", "suricatta", "d", "download") or bool(
        isinstance(settings.groups.get("suricatta"), dict) and settings.value("suricatta", "url")
    )


def _downgrade(settings: Settings) -> Iterator[Remark]:
    if settings.line.has("N", "no-downgrading") or settings.value("globals", "no-downgrading"):
        return
    path = settings.at.path or CONFIGURATION[0]
    yield Remark(
        Aspect.DOWNGRADE,
        "no-downgrading",
        "takes a file of any older version: neither no-downgrading nor -N refuses it",
        "Set no-downgrading in each release to the oldest version that may still be installed",
        settings.at,
        (SetOption(path, "no-downgrading", "VERSION", "globals"),) if path.endswith(".cfg") else (),
    )


def _same_copy(around: Surroundings, settings: Settings) -> Iterator[Remark]:
    """One selection for all times: no script works it out, none handles copies otherwise."""
    selections = _selections(settings)
    varies = any("$" in one for one in selections) or any(_varies(step) for step in _started_by(around))
    if len(selections) == 1 and not varies and not any(SLOTS.search(script.text) for script in around.scripts):
        says = f"always writes the same copy ({selections[0]}), which runs after the first update: no other is kept"
        instead = "Work out at each start which copy does not run, and select that one with -e"
        yield Remark(Aspect.FALLBACK, "same-copy", says, instead, settings.at)


def _started_by(around: Surroundings) -> Iterator[Step]:
    """Its calls in scripts, in its own that starts it too, which is no script of the maker's."""
    yield from (step for step, _ in around.calls("swupdate"))
    for path in dict.fromkeys(process.at.path or "" for process in around.configured("swupdate")):
        text = around.tree.text(path) if path and not path.endswith(".service") else None
        yield from (step for step in steps(text or "", path) if any(word.endswith("swupdate") for word in step.argv))


def _varies(step: Step) -> bool:
    """Whether the copy is worked out; a launcher may stand before the program, so the words are looked at alone."""
    for before, word in pairwise(step.argv):
        if word in step.varied and (before in ("-e", "--select") or word.startswith(("-e", "--select="))):
            return True
    return False


def _selections(settings: Settings) -> tuple[str, ...]:
    """Every copy that is named; the configuration's counts where no command line names one."""
    given = settings.line.all("e", "select") or (settings.value("globals", "select"),)
    return tuple(dict.fromkeys(one.strip("\"'") for one in given if one))


def _fallback(around: Surroundings, settings: Settings) -> Iterator[Doubt]:
    """What a file writes, only its own description tells; a selection of copies says that there are two."""
    selections = _selections(settings)
    has_environment = any(around.tree.exists(path) for path in ENVIRONMENT)
    if not (selections and has_environment):
        lacks = "no selection of a copy" if not selections else "no environment of the boot loader"
        yield Doubt(Aspect.FALLBACK, f"swupdate has {lacks} here: whether there is a second copy is not known")
