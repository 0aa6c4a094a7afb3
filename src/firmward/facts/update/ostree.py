"""OSTree and rpm-ostree: the remotes in etc/ostree/remotes.d and in the repository's own configuration.

Rules, from ostree.repo-config(5), rpm-ostreed.conf(5) and aktualizr's documentation:

- A remote is verified by gpg unless `gpg-verify=false`; `sign-verify` (ed25519) verifies as well. `gpg-verify-summary`
  covers the list of branches. `tls-permissive=true` leaves the server's certificate unchecked.
- An upgrade to an older commit is refused by its time, unless a person allows it.
- The deployment before stays, and can be booted.
- rpm-ostreed-automatic.timer with a policy of stage or apply, Zincati, or eos-autoupdater.timer fetch by themselves.
- aktualizr (sota.toml) verifies by Uptane's metadata before OSTree is asked, with versions and expiry.
"""

import re
from collections.abc import Iterator

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Server, Updater
from firmward.facts.update.urls import Url, server, transport, urls
from firmward.formats import key_file
from firmward.formats.key_file import KeyFile
from firmward.model.location import Location
from firmward.model.remedy import SetOption

REMOTES = ("etc/ostree/remotes.d/*.conf", "usr/share/ostree/remotes.d/*.conf", "ostree/repo/config",
           "sysroot/ostree/repo/config")  # fmt: skip
TIMERS = ("rpm-ostreed-automatic.timer", "zincati.service", "eos-autoupdater.timer", "ostree-finalize-auto.timer")
SOTA = ("etc/sota/conf.d/*.toml", "var/sota/sota.toml", "usr/lib/sota/conf.d/*.toml", "etc/sota/sota.toml")
AKTUALIZR = ("aktualizr", "aktualizr-lite", "aktualizr-secondary")
OFF = ("0", "false", "no")


def found(around: Surroundings) -> Iterator[Updater]:
    uptane = tuple(_uptane(around))
    yield from uptane
    fetched: list[Url] = []
    unsigned: list[Remark] = []
    for path, text in around.texts(*REMOTES):
        conf = key_file.parse(text)
        for name, line in conf.groups:
            if name.startswith("remote ") and not conf.value(name, "url").startswith("file:"):
                fetched += _addresses(conf, name, path)
                unsigned += () if uptane else _unsigned(conf, name, Location(path, line))
    if fetched and not uptane:
        at = Location(fetched[0].at.path)
        remarks = (*unsigned, *transport(fetched, signed=not unsigned))
        yield Updater("ostree", Kind.IMAGE, at, server(fetched), _automatic(around), remarks)


def _addresses(conf: KeyFile, name: str, path: str) -> Iterator[Url]:
    permissive = conf.value(name, "tls-permissive").lower() in ("1", "true", "yes")
    for key in ("url", "contenturl", "metalink"):
        entry = conf.get(name, key)
        if entry is not None:
            for url in urls(entry.value, Location(path, entry.line)):
                yield Url(url.text, url.at, not permissive)


def _unsigned(conf: KeyFile, name: str, at: Location) -> Iterator[Remark]:
    signs = conf.value(name, "sign-verify").lower()
    if conf.value(name, "gpg-verify", "true").lower() in OFF and signs in ("", *OFF):
        short = name.partition(" ")[2].strip('"')
        says = f"takes commits of the remote {short} without a signature (gpg-verify=false)"
        instead = "Sign the commits, and set gpg-verify or sign-verify"
        change = SetOption(at.path or "", "gpg-verify", "true", name)
        yield Remark(Aspect.SIGNATURE, f"gpg-verify {short[:80]}", says, instead, at, (change,))


def _automatic(around: Surroundings) -> bool:
    calls = around.calls("ostree", "rpm-ostree", "bootc")
    by_script = any(runs and "upgrade" in step.words for step, runs in calls)
    if around.unit_starts("rpm-ostreed-automatic.timer"):
        policy = " ".join(text for _, text in around.texts("etc/rpm-ostreed.conf"))
        return by_script or bool(re.search(r"(?m)^[ \t]*AutomaticUpdatePolicy[ \t]*=[ \t]*(?:stage|apply)\b", policy))
    return by_script or around.unit_starts(*TIMERS[1:])


def _uptane(around: Surroundings) -> Iterator[Updater]:
    if around.program(*AKTUALIZR) is None:
        return
    for path, text in around.texts(*SOTA):
        fetched = tuple(
            url for number, line in enumerate(text.split("\n"), 1) for url in urls(line, Location(path, number))
        )
        runs = around.started(*AKTUALIZR) or around.unit_starts("aktualizr.service", "aktualizr-lite.service")
        yield Updater(
            "aktualizr", Kind.IMAGE, Location(path), server(fetched) if fetched else Server.TLS, runs,
            transport(fetched, signed=True),
        )  # fmt: skip
        return
