"""APT: etc/apt/sources.list, sources.list.d, apt.conf.d, preferences, and what installs by itself.

Rules, from apt-secure(8), sources.list(5), apt.conf(5), apt_preferences(5) and unattended-upgrades' README:

- A source without a valid signature is refused, unless `[trusted=yes]` (`Trusted: yes`), `allow-insecure=yes`, or an
  option says otherwise. The hashes of the packages are signed, so plain http gives no more than what is fetched.
- An older version is never installed, unless a preference of 1000 or above asks for it, or allow-downgrades.
- With `Check-Valid-Until` off an old state of the archive, signed once, is taken for ever.
- unattended-upgrades installs when `APT::Periodic::Unattended-Upgrade` is not 0 and apt-daily-upgrade.timer starts, or
  cron's apt-compat where systemd does not run.
- Packages are put in place one by one; nothing is kept to fall back to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport
from firmward.formats import apt_conf
from firmward.formats.apt_conf import Clear, Option
from firmward.model.facts import Unavailable
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.remedy import SetOption

SOURCES = ("etc/apt/sources.list", "etc/apt/sources.list.d/*.list")
DEB822 = ("etc/apt/sources.list.d/*.sources",)
CONFIGURATION = ("etc/apt/apt.conf.d/*", "etc/apt/apt.conf")
PREFERENCES = ("etc/apt/preferences", "etc/apt/preferences.d/*")
PART = re.compile(r"[A-Za-z0-9_.-]+")
YES = ("yes", "true", "1", "on", "with", "enable", "any")
IN_PLACE = Remark(
    Aspect.FALLBACK,
    "in-place",
    "installs packages in place: after a bad package, or power lost meanwhile, nothing is left to fall back to",
    "Update the system as an image in two copies, or keep a snapshot that the boot loader can go back to",
    Location(),
    severity=Severity.LOW,
)
"""For every package manager: low, since that is how systems of general purpose are kept, and packages are made so that
an installation that was cut can be carried on by somebody who can log in."""

LOOSE = (
    ("apt::get::allowunauthenticated", "APT::Get::AllowUnauthenticated", "installs packages that no signature covers"),
    ("acquire::allowinsecurerepositories", "Acquire::AllowInsecureRepositories", "takes archives without a signature"),
    ("acquire::allowweakrepositories", "Acquire::AllowWeakRepositories", "takes archives with broken hashes"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """`options` in lower case."""

    url: Url
    options: tuple[tuple[str, str], ...]

    def says(self, name: str) -> bool:
        return any(key == name and value.lower() in YES for key, value in self.options)

    def denies(self, name: str) -> bool:
        return any(key == name and value.lower() in ("no", "false", "0", "off") for key, value in self.options)


def found(around: Surroundings) -> Iterator[Updater]:
    sources = tuple(source for source in (*_lines(around), *_paragraphs(around)) if source.url.scheme != "cdrom")
    if not around.has("apt-get", "apt", "aptitude"):
        return
    remote = tuple(source for source in sources if source.url.scheme not in ("file", "copy", "cdrom"))
    if not remote:
        return
    options = effective(around)
    unsigned = (*_unsigned(remote), *_loose(options))
    peer = options.get("acquire::https::verify-peer")
    fetched = tuple(
        Url(one.url.text, one.url.at, peer is None or peer[0].lower() not in ("false", "no", "0")) for one in remote
    )
    at = remote[0].url.at
    remarks = (
        *unsigned,
        *transport(fetched, signed=not unsigned),
        *_downgrade(around, options, remote),
        _in_place(Location(at.path)),
    )
    kind = Kind.PACKAGES
    yield Updater("apt", kind, Location(at.path), server(fetched), _automatic(around, options), remarks)


def _in_place(at: Location) -> Remark:
    return Remark(Aspect.FALLBACK, IN_PLACE.key, IN_PLACE.says, IN_PLACE.instead, at, severity=IN_PLACE.severity)


_ONE_LINE = re.compile(r"\s*deb\s+(?:\[([^]]*)\]\s*)?(\S+)")


def _lines(around: Surroundings) -> Iterator[Source]:
    for path, text in around.texts(*SOURCES):
        for number, line in enumerate(text.split("\n"), 1):
            match = _ONE_LINE.match(line)
            if match:
                words = (word.partition("=") for word in (match[1] or "").split())
                options = tuple((key.lower().rstrip("+-"), value) for key, _, value in words)
                yield Source(Url(_address(match[2]), Location(path, number)), options)


def _paragraphs(around: Surroundings) -> Iterator[Source]:
    for path, text in around.texts(*DEB822):
        for first, fields in _fields(text):
            if "deb" not in fields.get("types", "deb").split() or fields.get("enabled", "yes").lower() == "no":
                continue
            options = tuple(fields.items())
            for address in fields.get("uris", "").split():
                yield Source(Url(_address(address), Location(path, first)), options)


def _fields(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The paragraphs of a deb822 file, each with its first line."""
    fields: dict[str, str] = {}
    first, last = 1, ""
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield first, fields
            fields, last = {}, ""
        elif line[0] in " \t" and last:
            fields[last] += " " + line.strip()
        elif ":" in line:
            first = number if not fields else first
            last = line.partition(":")[0].strip().lower()
            fields[last] = line.partition(":")[2].strip()


def _address(word: str) -> str:
    """As a URL: `cdrom:[...]/` and `file:/x` have no host, `mirror+https://` is https."""
    scheme, _, rest = word.partition(":")
    return f"{scheme.rpartition('+')[2]}://{rest.lstrip('/')}"


OPTIONS_LIMIT = 5_000
"""Options and lines that clear some; Debian's own are some forty."""


def effective(around: Surroundings) -> dict[str, tuple[str, Location]]:
    """The options that hold in the end, by name in lower case."""
    options: dict[str, tuple[str, Location]] = {}
    seen = 0
    for path, text in around.texts(*CONFIGURATION):
        name = path.rpartition("/")[2]
        is_part = PART.fullmatch(name) and ("." not in name or name.endswith(".conf"))
        if path != CONFIGURATION[1] and not is_part:
            continue
        for one in apt_conf.parse(text):
            seen += 1
            if seen > OPTIONS_LIMIT:
                raise Unavailable(f"{path}: more than {OPTIONS_LIMIT} options")
            match one:
                case Clear(name):
                    options = {key: value for key, value in options.items() if not _is_below(key, name)}
                case Option(name, value, line):
                    options[name] = (value, Location(path, line))
    return options


def _is_below(key: str, name: str) -> bool:
    return key == name or key.startswith(name.rstrip(":") + "::")


def _unsigned(sources: tuple[Source, ...]) -> Iterator[Remark]:
    instead = "Sign the archive, name its key with Signed-By, and take the option away"
    told = set()
    for source in sources:
        for option, says in (("trusted", "trusts"), ("allow-insecure", "takes without a signature")):
            key = f"{option} {source.url.shown.partition('://')[2]}"
            if source.says(option) and key not in told:
                told.add(key)
                told_so = f"{says} {source.url.shown} ({option}=yes)"
                change = _source_option(source, option, "no")
                yield Remark(Aspect.SIGNATURE, key, told_so, instead, source.url.at, (change,))


def _source_option(source: Source, option: str, value: str) -> SetOption:
    """In brackets, or as a field of its own, whose name begins with a capital."""
    path = source.url.at.path or ""
    return SetOption(path, option.title() if path.endswith(".sources") else option, value)


def _loose(options: dict[str, tuple[str, Location]]) -> Iterator[Remark]:
    for key, shown, says in LOOSE:
        value, at = options.get(key, ("", Location()))
        if value.lower() in YES:
            change = SetOption(at.path or "", shown, "false")
            instead = "Sign the archives, and take the option away"
            yield Remark(Aspect.SIGNATURE, shown, f"{says} ({shown} is {value})", instead, at, (change,))


def _downgrade(
    around: Surroundings, options: dict[str, tuple[str, Location]], sources: tuple[Source, ...]
) -> Iterator[Remark]:
    value, at = options.get("apt::get::allow-downgrades", ("", Location()))
    if value.lower() in YES:
        says = "installs older versions (APT::Get::allow-downgrades)"
        off = SetOption(at.path or "", "APT::Get::allow-downgrades", "false")
        yield Remark(Aspect.DOWNGRADE, "allow-downgrades", says, "Take the option away", at, (off,))
    instead = "Let the archive's Release file carry Valid-Until, and check it"
    value, at = options.get("acquire::check-valid-until", ("", Location()))
    if value.lower() in ("false", "no", "0", "off"):
        says = "takes a state of the archive that has expired (Acquire::Check-Valid-Until is off)"
        on = SetOption(at.path or "", "Acquire::Check-Valid-Until", "true")
        yield Remark(Aspect.DOWNGRADE, "valid-until", says, instead, at, (on,), severity=Severity.MEDIUM)
    for source in sources:
        if source.denies("check-valid-until"):
            key = f"valid-until {source.url.shown.partition('://')[2]}"
            says = f"takes an expired state of {source.url.shown} (check-valid-until=no)"
            on = _source_option(source, "check-valid-until", "yes")
            yield Remark(Aspect.DOWNGRADE, key, says, instead, source.url.at, (on,), severity=Severity.MEDIUM)
            break
    yield from _pinned(around)


def _pinned(around: Surroundings) -> Iterator[Remark]:
    for path, text in around.texts(*PREFERENCES):
        for first, fields in _fields(text):
            priority = fields.get("pin-priority", "")
            if re.fullmatch(r"\d{4,6}", priority):
                package = fields.get("package", "*")[:80]
                says = f"goes back to an older version of {package} where its pin (priority {priority}) says so"
                instead = "Pin below 1000, which never goes back"
                at = Location(path, first)
                yield Remark(Aspect.DOWNGRADE, f"pin {package}", says, instead, at, severity=Severity.LOW)


def _automatic(around: Surroundings, options: dict[str, tuple[str, Location]]) -> bool:
    wanted = options.get("apt::periodic::unattended-upgrade", ("0", Location()))[0]
    enabled = options.get("apt::periodic::enable", ("1", Location()))[0]
    by_time = around.unit_starts("apt-daily-upgrade.timer") or any(
        script.runs and script.path.endswith("cron.daily/apt-compat") for script in around.scripts
    )
    periodic = wanted not in ("0", "") and enabled != "0" and by_time
    has_program = around.program("unattended-upgrade", "unattended-upgrades") is not None
    if periodic and has_program:
        return True
    calls = around.calls("apt-get", "apt", "aptitude", "unattended-upgrade")
    upgrades = ("upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade")
    return any(
        runs and (step.program == "unattended-upgrade" or any(word in upgrades for word in step.words))
        for step, runs in calls
    )
