"""apk of Alpine, and of OpenWrt from 24.10 on: etc/apk/repositories and its folder.

Rules, from apk(8) and apk-repositories(5):

- A line is a repository, `@tag URL` a tagged one; a local folder is no server. Files of etc/apk/repositories.d whose
  names end in `.list` are read as well (version 3).
- Indexes and packages must be signed with a key of etc/apk/keys, unless `--allow-untrusted` is given, on the command
  line or as a line of etc/apk/config (version 3).
- `apk upgrade` goes back to older versions with `--available` only. Nothing runs it by itself but cron.
"""

import re
from collections.abc import Iterator

from firmward.facts.update.apt import IN_PLACE
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport
from firmward.model.location import Location
from firmward.model.remedy import RemoveLine, SetOption

PATHS = ("etc/apk/repositories", "etc/apk/repositories.d/*.list", "usr/lib/apk/repositories.d/*.list")
CONFIGURATION = "etc/apk/config"


def found(around: Surroundings) -> Iterator[Updater]:
    if around.program("apk") is None:
        return
    checked = not any("--no-check-certificate" in step.words for step, _ in around.calls("apk"))
    fetched = tuple(Url(url.text, url.at, checked) for url in _repositories(around))
    if not fetched:
        return
    at = Location(fetched[0].at.path)
    unsigned = tuple(_untrusted(around))
    remarks = (
        *unsigned,
        *transport(fetched, signed=not unsigned),
        Remark(Aspect.FALLBACK, IN_PLACE.key, IN_PLACE.says, IN_PLACE.instead, at, severity=IN_PLACE.severity),
    )
    runs = any(by_itself and "upgrade" in step.words for step, by_itself in around.calls("apk"))
    yield Updater("apk", Kind.PACKAGES, at, server(fetched), runs, remarks)


def _repositories(around: Surroundings) -> Iterator[Url]:
    for path, text in around.texts(*PATHS):
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(r"\s*(?:@\S+\s+)?(?:v\d\s+)?((?:https?|ftp)://\S+)", line)
            if match:
                yield Url(match[1], Location(path, number))


def _untrusted(around: Surroundings) -> Iterator[Remark]:
    instead = "Sign the packages, put the public key into etc/apk/keys, and take --allow-untrusted away"
    for path, text in around.texts(CONFIGURATION):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip().lstrip("-") == "allow-untrusted":
                says = "installs packages without a signature (allow-untrusted)"
                out = RemoveLine(path, number, line)
                yield Remark(Aspect.SIGNATURE, "allow-untrusted", says, instead, Location(path, number), (out,))
    for place, step in {step.at.path: step for step, _ in around.calls("apk") if _allows(step.words)}.items():
        says = f"is called with --allow-untrusted in {place}"
        change = SetOption(step.at.path or "", "--allow-untrusted", "no", "command apk")
        yield Remark(Aspect.SIGNATURE, f"allow-untrusted {place}", says, instead, step.at, (change,))


def _allows(words: tuple[str, ...]) -> bool:
    return "--allow-untrusted" in words and any(word in ("add", "upgrade", "fix") for word in words)
