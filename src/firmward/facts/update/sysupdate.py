"""systemd-sysupdate: sysupdate.d in etc, run, usr/local/lib and usr/lib.

Rules, from sysupdate.d(5) and systemd-sysupdate(8):

- A file of a name in an earlier folder hides the same name in a later one; a link to /dev/null hides it altogether.
- `[Transfer] Verify=` is on unless said otherwise, and holds for downloads (url-file, url-tar): SHA256SUMS must be
  signed with a key of the import keyring. `MinVersion=` is the oldest version that is taken.
- `[Target] InstancesMax=` is 2 unless said otherwise: how many versions are kept beside each other.
- systemd-sysupdate.timer fetches by itself. Only newer versions are installed.
"""

from collections.abc import Iterator

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.update.urls import Url, server, transport, urls
from firmward.formats import key_file
from firmward.formats.key_file import KeyFile
from firmward.model.location import Location
from firmward.model.remedy import SetOption

FOLDERS = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
OFF = ("0", "no", "false", "off", "n", "f")


def found(around: Surroundings) -> Iterator[Updater]:
    fetched: list[Url] = []
    remarks: list[Remark] = []
    for path, conf in _transfers(around):
        if conf.value("Source", "Type") in ("url-file", "url-tar"):
            entry = conf.get("Source", "Path")
            fetched += urls(entry.value, Location(path, entry.line)) if entry else ()
            remarks += _unsigned(conf, path)
        remarks += _copies(conf, path)
    if fetched:
        signed = not any(remark.aspect is Aspect.SIGNATURE for remark in remarks)
        listed = (*remarks, *transport(fetched, signed))
        at = Location(fetched[0].at.path)
        runs = around.unit_starts("systemd-sysupdate.timer")
        yield Updater("systemd-sysupdate", Kind.IMAGE, at, server(fetched), runs, listed)


def _transfers(around: Surroundings) -> Iterator[tuple[str, KeyFile]]:
    seen = set()
    for folder in FOLDERS:
        for suffix in ("conf", "transfer"):
            for path in around.tree.glob(f"{folder}/sysupdate.d/*.{suffix}"):
                name = path.rpartition("/")[2]
                if name not in seen:
                    seen.add(name)
                    yield from ((path, key_file.parse(text)) for path, text in around.texts(path))


def _unsigned(conf: KeyFile, path: str) -> Iterator[Remark]:
    entry = conf.get("Transfer", "Verify")
    if entry is not None and entry.value.lower() in OFF:
        says = f"downloads without verifying a signature (Verify={entry.value})"
        change = SetOption(path, "Verify", "yes", "Transfer")
        instead = "Sign SHA256SUMS, put the key into the import keyring, and take Verify=no away"
        yield Remark(Aspect.SIGNATURE, f"verify {path}", says, instead, Location(path, entry.line), (change,))


def _copies(conf: KeyFile, path: str) -> Iterator[Remark]:
    entry = conf.get("Target", "InstancesMax")
    if entry is not None and entry.value == "1":
        says = "keeps one version only (InstancesMax=1): nothing to fall back to"
        at = Location(path, entry.line)
        yield Remark(Aspect.FALLBACK, f"instances {path}", says, "Keep two versions, and count boot attempts", at)
