"""Mender: etc/mender/mender.conf, and var/lib/mender/mender.conf for what it leaves unsaid.

Rules, from Mender's documentation (configuration options):

- `ArtifactVerifyKey` or `ArtifactVerifyKeys`: with a key unsigned artifacts are refused, without any they are taken.
- `ServerURL` or `Servers` is asked by the daemon (mender-updated, before version 4 mender-client); `SkipVerify` leaves
  the server's certificate unchecked. Without a server it installs what it is handed.
- `RootfsPartA` and `RootfsPartB` are the two copies; the boot loader's integration falls back by itself.
- Artifacts have no order of versions that the client would look at; a state script of the system may refuse one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.remedy import SetOption

PATHS = ("etc/mender/mender.conf", "var/lib/mender/mender.conf", "data/mender/mender.conf")
STATE_SCRIPTS = "etc/mender/scripts/ArtifactInstall_Enter_*"
"""State scripts of the system, which may refuse an artifact before it is installed."""
DAEMONS = ("mender-update", "mender", "mender-updated")
UNITS = ("mender-updated.service", "mender-client.service", "mender.service")


@dataclass(frozen=True, slots=True)
class Setting:
    value: object
    at: Location


def found(around: Surroundings) -> Iterator[Updater]:
    if not around.has("mender", "mender-update"):
        return
    settings = _settings(around)
    if not settings:
        return
    at = next(iter(settings.values())).at
    place = Location(at.path)
    fetched = tuple(_urls(settings))
    signed = any(_text(settings, name) for name in ("ArtifactVerifyKey", "ArtifactVerifyKeys"))
    automatic = bool(fetched) and (around.unit_starts(*UNITS) or around.started(*DAEMONS))
    remarks = (
        *_signature(signed, place),
        *transport(fetched, signed),
        *_downgrade(around, place),
        *_copies(settings, place),
    )
    yield Updater("mender", Kind.IMAGE, place, server(fetched), automatic, remarks)


def _settings(around: Surroundings) -> dict[str, Setting]:
    """The first file that has a setting says it."""
    settings: dict[str, Setting] = {}
    for path, text in around.texts(*PATHS):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as reason:
            raise Unavailable(f"{path} is no JSON") from reason
        for key, value in (values if isinstance(values, dict) else {}).items():
            line = text.count("\n", 0, max(text.find(f'"{key}"'), 0)) + 1
            settings.setdefault(key, Setting(value, Location(path, line)))
    return settings


def _text(settings: dict[str, Setting], name: str) -> str:
    setting = settings.get(name)
    return str(setting.value) if setting is not None and setting.value else ""


def _urls(settings: dict[str, Setting]) -> Iterator[Url]:
    nested = settings["HttpsClient"].value if "HttpsClient" in settings else {}
    skips = _text(settings, "SkipVerify") == "True" or (isinstance(nested, dict) and nested.get("SkipVerify") is True)
    servers = settings["Servers"] if "Servers" in settings else Setting([], Location())
    listed = servers.value if isinstance(servers.value, list) else []
    texts = [(one.get("ServerURL"), servers.at) for one in listed if isinstance(one, dict)]
    if _text(settings, "ServerURL"):
        texts.append((_text(settings, "ServerURL"), settings["ServerURL"].at))
    for text, at in texts:
        if isinstance(text, str) and "://" in text:
            cure = (SetOption(at.path, "SkipVerify", "false"),) if skips and at.path else ()
            yield Url(text, at, not skips, cure)


def _signature(signed: bool, at: Location) -> Iterator[Remark]:
    if not signed:
        says = "installs artifacts without a signature: no ArtifactVerifyKey is set"
        instead = "Set ArtifactVerifyKeys to your public key, and sign every artifact with a key that is kept offline"
        yield Remark(Aspect.SIGNATURE, "artifact-verify", says, instead, at)


def _downgrade(around: Surroundings, at: Location) -> Iterator[Remark]:
    if around.tree.glob(STATE_SCRIPTS):
        return
    says = "takes an older artifact as well as a newer one: the client knows no order of versions"
    instead = "Let a state script of ArtifactInstall_Enter refuse versions older than the one that runs"
    yield Remark(Aspect.DOWNGRADE, "versions", says, instead, at)


def _copies(settings: dict[str, Setting], at: Location) -> Iterator[Remark]:
    first, second = _text(settings, "RootfsPartA"), _text(settings, "RootfsPartB")
    if not (first and second) or first == second:
        says = "has no two root file systems (RootfsPartA and RootfsPartB): nothing to fall back to"
        instead = "Build the image with two root file systems, and integrate the boot loader"
        yield Remark(Aspect.FALLBACK, "copies", says, instead, at)
