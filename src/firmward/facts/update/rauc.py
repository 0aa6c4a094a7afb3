"""RAUC: etc/rauc/system.conf, and who hands it bundles.

Rules, from RAUC's reference (system configuration file) and tried out with the program:

- The first of etc/rauc, run/rauc and usr/lib/rauc that has a system.conf counts; without one nothing is updated.
- A bundle is always verified against `[keyring] path` or `directory`; without a keyring nothing is installed. What a
  keyring trusts may still be wrong: a certificate of RAUC's own examples, or all the authorities of the web.
- `[system] min-bundle-version` (since 1.13) is the only limit on versions of its own; a `pre-install` handler may look
  at them as well.
- Two slots of one class with a `bootname` each are the copies between which the boot loader falls back. One slot beside
  a recovery system with a bootname of its own is the asymmetric way, and falls back as well.
- It asks no server unless `[polling] source` (since 1.15) says so and its service starts; rauc-hawkbit-updater and
  scripts hand it bundles, and so may any program that speaks to it by D-Bus.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress

from firmward.facts.update.fetching import fetches
from firmward.facts.update.steps import Step
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Doubt, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport, urls
from firmward.formats import key_file
from firmward.formats.key_file import KeyFile
from firmward.model.location import Location
from firmward.model.remedy import SetOption

PATHS = ("etc/rauc/system.conf", "run/rauc/system.conf", "usr/lib/rauc/system.conf")
HAWKBIT = ("etc/rauc-hawkbit-updater/config.conf", "etc/rauc-hawkbit-updater/*.conf", "etc/hawkbit/config.cfg")
HAWKBIT_PROGRAMS = ("rauc-hawkbit-updater", "rauc-hawkbit-client", "rauc-hawkbit")
EXAMPLE = re.compile(rb"Test Org|Provisioning CA Development|Example (?:Org|CA)")
"""Names in the certificates of RAUC's own tests, whose private keys are published, and of its scripts of examples."""
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,20000})-----END")
WEB = re.compile(r"(?:etc/ssl/certs|ca-certificates|ca-bundle|etc/pki/tls|usr/share/ca-certificates)")
ADDRESS = re.compile(r"\$[A-Za-z_]\w{0,60}(?:/|$)")
"""What may be an address, and is known at run time only."""
OFF = ("0", "false", "no")
COPIES = "Give the system two slots of one class, each with a bootname, and the boot loader a counter of attempts"


def found(around: Surroundings) -> Iterator[Updater]:
    if not around.has("rauc"):
        return
    path, text = next(around.texts(*PATHS), ("", ""))
    if not path:
        return
    conf = key_file.parse(text)
    if not conf.names():
        return
    fetched = (*_hawkbit(around), *_polling(around, path, conf), *_scripts(around))
    trust, doubts = _keyring(around, path, conf)
    remarks = (
        *trust,
        *transport(fetched, signed=not trust),
        *_downgrade(path, conf, text),
        *_fallback(path, conf),
    )
    automatic = around.started(*HAWKBIT_PROGRAMS) or _polls(around, conf) or any(r for _, r in _installs(around))
    told = () if automatic else around.told_by("rauc", b"de.pengutronix.rauc")
    yield Updater("rauc", Kind.IMAGE, Location(path), server(fetched), automatic, remarks, (*doubts, *told))


def _hawkbit(around: Surroundings) -> Iterator[Url]:
    for path, text in around.texts(*HAWKBIT):
        conf = key_file.parse(text)
        host = conf.get("client", "hawkbit_server")
        if host is None:
            continue
        scheme = "http" if conf.value("client", "ssl", "true").lower() in OFF else "https"
        checked = conf.value("client", "ssl_verify", "true").lower() not in OFF
        cure = tuple(SetOption(path, name, "true", "client") for name in ("ssl", "ssl_verify"))
        yield Url(f"{scheme}://{host.value}", Location(path, host.line), checked, cure, is_written=False)


def _polling(around: Surroundings, path: str, conf: KeyFile) -> Iterator[Url]:
    source = conf.get("polling", "source")
    if source is not None:
        unchecked = conf.value("streaming", "tls-no-verify").lower() in ("1", "true", "yes")
        for url in urls(source.value, Location(path, source.line)):
            yield Url(url.text, url.at, not unchecked)


def _polls(around: Surroundings, conf: KeyFile) -> bool:
    starts = around.unit_starts("rauc.service") or any("service" in one.argv for one in around.processes("rauc"))
    return conf.get("polling", "source") is not None and starts


def _installs(around: Surroundings) -> Iterator[tuple[tuple[str, ...], bool]]:
    for step, runs in around.calls("rauc"):
        if "install" in step.words:
            yield step.words, runs
    for process in around.processes("rauc"):
        if "install" in process.argv:
            yield process.argv, True


def _scripts(around: Surroundings) -> Iterator[Url]:
    for step, _ in around.calls("rauc"):
        unchecked = any(word.startswith("--tls-no-verify") for word in step.words)
        listed = tuple(urls(" ".join(step.words), step.at))
        yield from (Url(url.text, url.at, not unchecked) for url in listed)
        named = step.words if "install" in step.words and not listed else ()
        unknown = next((word for word in named if ADDRESS.match(word)), None)
        if unknown is not None and not _is_found_here(around, step, unknown):
            yield Url(unknown, step.at)


def _is_found_here(around: Surroundings, step: Step, word: str) -> bool:
    """Whether a script fetches or looks for the bundle itself, so that what it hands over is a file."""
    name = word.lstrip("$").partition("/")[0]
    own = next((script for script in around.scripts if script.path == step.at.path), None)
    if own is None:
        return False
    is_set = re.search(rf"\b(?:read|for|mount)\b.*\b{name}\b", own.text) is not None
    return is_set or any(fetches(one) for one in own.steps)


def _keyring(around: Surroundings, path: str, conf: KeyFile) -> tuple[tuple[Remark, ...], tuple[Doubt, ...]]:
    ring = conf.get("keyring", "path") or conf.get("keyring", "directory")
    if ring is None:
        return (), ()
    at = Location(path, ring.line)
    where = ring.value.strip("/") if ring.value.startswith("/") else f"{path.rpartition('/')[0]}/{ring.value}"
    if WEB.search(where):
        says = f"trusts {ring.value}: whoever has a certificate of the web may sign"
        return (Remark(Aspect.SIGNATURE, "keyring", says, OWN_AUTHORITY, at),), ()
    return _trusted(around, where, at)


OWN_AUTHORITY = "Let the keyring hold the certificate of your own update authority alone, whose key is kept offline"


def _trusted(around: Surroundings, where: str, at: Location) -> tuple[tuple[Remark, ...], tuple[Doubt, ...]]:
    files = around.tree.list(where) if around.tree.is_directory(where) else (where,)
    for file in files[:50]:
        texts = _certificates(around.tree.read(file) or b"")
        named = next((match for text in texts if (match := EXAMPLE.search(text))), None)
        if named is not None:
            says = f"trusts {file}, which was made for trials and names itself {named.group().decode()}"
            return (Remark(Aspect.SIGNATURE, "keyring", says, OWN_AUTHORITY, at),), ()
    return (), ()


def _certificates(content: bytes) -> Iterator[bytes]:
    """The file as it stands, and each certificate in it: its names can be read in the binary form."""
    yield content
    for match in BLOCK.finditer(content):
        with suppress(binascii.Error):
            yield base64.b64decode(match[1])


def _downgrade(path: str, conf: KeyFile, text: str) -> Iterator[Remark]:
    if conf.get("system", "min-bundle-version") or conf.get("handlers", "pre-install"):
        return
    yield Remark(
        Aspect.DOWNGRADE,
        "min-bundle-version",
        "takes a signed bundle of any older version: neither min-bundle-version nor a pre-install handler refuses it",
        "Set min-bundle-version in each release to the oldest version that may still be installed",
        Location(path),
        (SetOption(path, "min-bundle-version", "VERSION", "system"),),
    )


def _fallback(path: str, conf: KeyFile) -> Iterator[Remark]:
    slots = [name.split(".") for name in conf.names() if name.startswith("slot.")]
    bootable = [name for name in slots if conf.get(".".join(name), "bootname")]
    loader = conf.value("system", "bootloader")
    at = next((Location(path, line) for name, line in conf.groups if name.startswith("slot.")), Location(path))
    if len(bootable) < 2:
        count = "no slot" if not bootable else "one slot only"
        yield Remark(Aspect.FALLBACK, "slots", f"has {count} that can be booted: nothing to fall back to", COPIES, at)
    elif loader == "noop":
        says = "has bootloader=noop: nothing tells the boot loader which slot to boot"
        line = conf.get("system", "bootloader")
        instead = "Name the boot loader and let it count attempts"
        yield Remark(Aspect.FALLBACK, "bootloader", says, instead, Location(path, line.line if line else None))
