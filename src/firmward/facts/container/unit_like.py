"""Podman's quadlets and the files of systemd-nspawn, which are written like units.

Rules, from podman-systemd.unit(5): [Container] in NAME.container, PodmanArgs= takes options of `podman run`; and from
systemd.nspawn(5): [Exec], [Files], [Network]. A container of nspawn has a network of its own unless it is told not to.
"""

from collections.abc import Iterator

from firmward.facts.container import run_command
from firmward.facts.container.record import Bind, Container
from firmward.formats import unit_file
from firmward.model.location import Location

TRUE = frozenset(("yes", "true", "on", "1"))
OPTIONS = {
    "Network": "network", "AddCapability": "cap-add", "AddDevice": "device", "Volume": "volume", "Mount": "mount",
    "ReadOnly": "read-only", "User": "user", "PidsLimit": "pids-limit", "Memory": "memory", "UserNS": "userns",
    "ContainerName": "name", "Image": "image", "PublishPort": "publish",
}  # fmt: skip
SECURITY = {"NoNewPrivileges": "no-new-privileges", "SecurityLabelDisable": "label=disable"}


def quadlets(text: str, path: str) -> Iterator[Container]:
    """The container of a quadlet, if it describes one. Its options are those of `podman run` in other words."""
    settings = [setting for setting in unit_file.parse(text).settings if setting.section == "Container"]
    options = run_command.Options()
    for setting in settings:
        _add(options, setting.key, setting.value)
    if settings:
        name = path.rpartition("/")[2].removesuffix(".container")
        yield run_command.described(name, Location(path, settings[0].line), options.last("image"), options)


def _add(options: run_command.Options, key: str, value: str) -> None:
    if key == "PodmanArgs":
        given = run_command.read(word.text for word in unit_file.split(value))
        for name, values in given.values.items():
            options.values.setdefault(name, []).extend(values)
    elif key in SECURITY:
        options.add("security-opt", SECURITY[key] if value.lower() in TRUE else "")
    elif key == "SeccompProfile":
        options.add("security-opt", f"seccomp={value}")
    elif key in OPTIONS:
        for word in value.split() if key == "AddCapability" else (value,):
            options.add(OPTIONS[key], word)


def nspawn(text: str, path: str) -> Container:
    found = unit_file.parse(text).settings
    capabilities = [word for setting in found if setting.key == "Capability" for word in setting.value.split()]
    binds = [
        Bind(s.value.partition(":")[0], s.key == "BindReadOnly") for s in found if s.key in ("Bind", "BindReadOnly")
    ]
    network = [setting.value.lower() for setting in found if setting.key == "VirtualEthernet"]
    says = {setting.key: setting.value.lower() in TRUE for setting in found}
    return Container(
        name=path.rpartition("/")[2].removesuffix(".nspawn"),
        at=Location(path),
        shared=("network",) if network[-1:] and network[-1] not in TRUE else (),
        binds=tuple(binds),
        added=tuple(capabilities),
        read_only=says.get("ReadOnly", False),
        no_new_privileges=says.get("NoNewPrivileges", False),
        is_whole=False,
        is_image=False,
    )
