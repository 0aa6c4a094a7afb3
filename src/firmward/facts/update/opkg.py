"""opkg: etc/opkg.conf and etc/opkg/*.conf, of OpenWrt and of Yocto.

Rules, from opkg.conf(5), OpenWrt's opkg and its documentation:

- `src NAME URL` and `src/gz NAME URL` are the feeds; without one there is nothing to update from.
- `option check_signature` wants the feeds' lists signed (usign keys in etc/opkg/keys with OpenWrt, gpg with Yocto), and
  the lists hold the packages' hashes. Without the option nothing is verified.
- An older version is refused without `--force-downgrade` or `option force_downgrade`.
- `--force-checksum` and `--no-check-certificate` take away what they say.
- Nothing fetches by itself unless a script of cron or of the boot calls `opkg upgrade`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.update.apt import IN_PLACE
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport
from firmward.model.location import Location
from firmward.model.remedy import SetOption

PATHS = ("etc/opkg.conf", "etc/opkg/*.conf")
OFF = ("0", "no", "false")


@dataclass(frozen=True, slots=True)
class Line:
    words: tuple[str, ...]
    at: Location


def found(around: Surroundings) -> Iterator[Updater]:
    if around.program("opkg", "opkg-cl", "ipkg") is None:
        return
    lines = tuple(_lines(around))
    options = {line.words[1]: line for line in lines if line.words[0] == "option" and len(line.words) > 1}
    checked = not _is_on(options, "no_check_certificate")
    loose = options.get("no_check_certificate")
    cure = () if checked or loose is None else (SetOption(loose.at.path or "", "option no_check_certificate", "0"),)
    feeds = tuple(
        Url(line.words[2], line.at, checked, cure)
        for line in lines
        if line.words[0] in ("src", "src/gz") and len(line.words) > 2 and "://" in line.words[2]
    )
    fetched = tuple(feed for feed in feeds if feed.scheme != "file")
    if not fetched:
        return
    at = Location(fetched[0].at.path)
    unsigned = (*_unsigned(options, at), *_forced(around))
    remarks = (
        *unsigned,
        *transport(fetched, signed=not unsigned),
        *_downgrade(around, options),
        Remark(Aspect.FALLBACK, IN_PLACE.key, IN_PLACE.says, IN_PLACE.instead, at, severity=IN_PLACE.severity),
    )
    runs = any(by_itself and "upgrade" in step.words for step, by_itself in around.calls("opkg", "opkg-cl"))
    yield Updater("opkg", Kind.PACKAGES, at, server(fetched), runs, remarks)


def _lines(around: Surroundings) -> Iterator[Line]:
    for path, text in around.texts(*PATHS):
        for number, line in enumerate(text.split("\n"), 1):
            words = tuple(word.strip("\"'") for word in line.split("#")[0].split())
            if words:
                yield Line(words, Location(path, number))


def _is_on(options: dict[str, Line], name: str) -> bool:
    line = options.get(name)
    return line is not None and (len(line.words) < 3 or line.words[2].lower() not in OFF)


def _unsigned(options: dict[str, Line], at: Location) -> Iterator[Remark]:
    if not _is_on(options, "check_signature"):
        line = options.get("check_signature")
        place = line.at if line is not None else at
        says = "installs packages from feeds whose signature it does not check (no option check_signature)"
        instead = "Sign the feeds, put their public keys into etc/opkg/keys, and set option check_signature"
        change = SetOption(place.path or PATHS[0], "option check_signature", "1")
        yield Remark(Aspect.SIGNATURE, "check-signature", says, instead, place, (change,))


def _forced(around: Surroundings) -> Iterator[Remark]:
    for step, _ in around.calls("opkg"):
        if "--force-checksum" in step.words or "--force-signature" in step.words:
            says = f"is called with the checks forced open in {step.at.path}"
            path = step.at.path or ""
            options = [word for word in ("--force-checksum", "--force-signature") if word in step.words]
            changes = tuple(SetOption(path, option, "no", "command opkg") for option in options)
            yield Remark(Aspect.SIGNATURE, f"forced {path}", says, "Take the option away", step.at, changes)
            return


def _downgrade(around: Surroundings, options: dict[str, Line]) -> Iterator[Remark]:
    places = [options["force_downgrade"].at] if _is_on(options, "force_downgrade") else []
    changes = [SetOption(at.path or "", "option force_downgrade", "0") for at in places]
    called = [step.at for step, _ in around.calls("opkg") if "--force-downgrade" in step.words]
    paths = dict.fromkeys(at.path or "" for at in called)
    changes += [SetOption(path, "--force-downgrade", "no", "command opkg") for path in paths]
    places += called
    if places:
        says = "goes back to older packages (force-downgrade)"
        instead = "Take the option away"
        yield Remark(Aspect.DOWNGRADE, "force-downgrade", says, instead, places[0], tuple(changes))
