"""LXC's containers.

Rules, from lxc.container.conf(5): `key = value` lines, the last one counts where a key takes one value; an empty value
of a list clears it. Old names (lxc.aa_profile, lxc.id_map, lxc.cgroup) mean what the new ones do. Without an idmap the
container's root is the host's. Files that are included are the distribution's own templates and are not read.
"""

from collections.abc import Iterable

from firmward.facts.configuration_file import lines
from firmward.facts.container.record import Bind, Container
from firmward.model.location import Location

Settings = dict[str, list[str]]


def parse(text: str, path: str) -> Container:
    settings = _settings(text)
    profile = _last(settings, "lxc.apparmor.profile", "lxc.aa_profile")
    clears = _is_cleared(settings, "lxc.cap.drop")
    devices = [
        value for value in _all(settings, "lxc.cgroup.devices.allow", "lxc.cgroup2.devices.allow") if value == "a"
    ]
    automatic = _all(settings, "lxc.mount.auto")
    return Container(
        name=path.split("/")[-2],
        at=Location(path),
        shared=("network",) if "none" in _all(settings, "lxc.net.0.type", "lxc.network.type") else (),
        binds=(*_binds(_all(settings, "lxc.mount.entry")), *_kernel(automatic)),
        devices=("all",) if devices else (),
        added=("ALL",) if clears and not settings.get("lxc.cap.keep") else (),
        unconfined=("apparmor",) if profile == "unconfined" else (),
        no_new_privileges=_last(settings, "lxc.no_new_privs") == "1",
        is_whole=False,
        is_image=False,
        maps_root=not _all(settings, "lxc.idmap", "lxc.id_map"),
    )


def _settings(text: str) -> Settings:
    found: Settings = {}
    for _, line in lines(text):
        key, sign, value = line.partition("=")
        if sign:
            found.setdefault(key.strip(), []).append(value.strip())
    return found


def _all(settings: Settings, *keys: str) -> list[str]:
    return [value for key in keys for value in settings.get(key, ()) if value]


def _last(settings: Settings, *keys: str) -> str | None:
    values = _all(settings, *keys)
    return values[-1] if values else None


def _is_cleared(settings: Settings, key: str) -> bool:
    return settings.get(key, ["x"])[-1] == ""


def _binds(entries: Iterable[str]) -> Iterable[Bind]:
    """Lines of an fstab, whose source may be the host's."""
    for entry in entries:
        words = entry.split()
        options = words[3].split(",") if len(words) > 3 else []
        if words and words[0].startswith("/") and not {"bind", "rbind"}.isdisjoint(options):
            yield Bind(words[0], "ro" in options)


def _kernel(automatic: Iterable[str]) -> Iterable[Bind]:
    """`proc:rw` and `sys:rw` leave the kernel's settings open to be written."""
    words = {word for value in automatic for word in value.split()}
    return [Bind("/" + word.partition(":")[0]) for word in sorted(words) if word in ("proc:rw", "sys:rw")]
