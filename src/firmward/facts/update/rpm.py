"""dnf, yum and zypper: etc/dnf/dnf.conf, etc/yum.conf, etc/yum.repos.d and etc/zypp/repos.d.

Rules, from dnf.conf(5), yum.conf(5) and zypper(8):

- `gpgcheck` of a repository goes before `[main]`'s; where neither says it, dnf and yum do not check signatures, zypper
  does. `enabled=0` leaves a repository out.
- `sslverify=0` leaves the server's certificate unchecked.
- An upgrade goes up only. dnf-automatic.timer (or dnf-automatic-install.timer) installs by itself, and so does
  packagekit-offline or a script of cron.
"""

from collections.abc import Iterator

from firmward.facts.update.apt import IN_PLACE
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport, urls
from firmward.formats import key_file
from firmward.formats.key_file import KeyFile
from firmward.model.location import Location
from firmward.model.remedy import SetOption

MAIN = ("etc/dnf/dnf.conf", "etc/yum.conf", "etc/yum/yum.conf")
REPOSITORIES = ("etc/yum.repos.d/*.repo", "etc/distro.repos.d/*.repo", "etc/zypp/repos.d/*.repo")
ADDRESSES = ("baseurl", "metalink", "mirrorlist")
TIMERS = ("dnf-automatic.timer", "dnf-automatic-install.timer", "dnf5-automatic.timer", "yum-cron.service")
OFF = ("0", "no", "false")
ON = ("1", "yes", "true")


def found(around: Surroundings) -> Iterator[Updater]:
    if around.program("dnf", "dnf5", "dnf-3", "yum", "zypper", "microdnf", "tdnf") is None:
        return
    main = next((key_file.parse(text) for _, text in around.texts(*MAIN)), KeyFile((), ()))
    fetched: list[Url] = []
    unsigned: list[Remark] = []
    for path, text in around.texts(*REPOSITORIES):
        repositories = key_file.parse(text)
        for name, line in repositories.groups:
            if repositories.value(name, "enabled", "1").lower() in OFF:
                continue
            fetched += _addresses(repositories, name, path, main)
            unsigned += _unsigned(repositories, name, Location(path, line), main)
    if not fetched:
        return
    at = Location(fetched[0].at.path)
    remarks = (
        *unsigned,
        *transport(fetched, signed=not unsigned),
        Remark(Aspect.FALLBACK, IN_PLACE.key, IN_PLACE.says, IN_PLACE.instead, at, severity=IN_PLACE.severity),
    )
    yield Updater("dnf", Kind.PACKAGES, at, server(fetched), _automatic(around), remarks)


def _addresses(repositories: KeyFile, name: str, path: str, main: KeyFile) -> Iterator[Url]:
    verify = repositories.value(name, "sslverify", main.value("main", "sslverify", "1")).lower()
    for key in ADDRESSES:
        entry = repositories.get(name, key)
        if entry is not None:
            for url in urls(entry.value, Location(path, entry.line)):
                yield Url(url.text, url.at, verify not in OFF)


def _unsigned(repositories: KeyFile, name: str, at: Location, main: KeyFile) -> Iterator[Remark]:
    default = "1" if (at.path or "").startswith("etc/zypp/") else main.value("main", "gpgcheck", "0")
    if repositories.value(name, "gpgcheck", default).lower() not in ON:
        says = f"installs packages of {name} without checking their signatures (gpgcheck)"
        instead = "Sign the packages, name the key with gpgkey, and set gpgcheck=1"
        change = SetOption(at.path or "", "gpgcheck", "1", name)
        yield Remark(Aspect.SIGNATURE, f"gpgcheck {name[:80]}", says, instead, at, (change,))


def _automatic(around: Surroundings) -> bool:
    calls = around.calls("dnf", "yum", "zypper", "microdnf", "tdnf")
    upgrades = ("upgrade", "update", "dup", "dist-upgrade", "distro-sync")
    return around.unit_starts(*TIMERS) or any(runs and set(upgrades) & set(step.words) for step, runs in calls)
