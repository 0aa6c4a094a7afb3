"""container-unsafe"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from posixpath import normpath

from firmward.checks.service.confining.containers import USUAL
from firmward.checks.service.confining.containers import cured as containers_cured
from firmward.facts.containers import Bind, Container, Containers, EngineSetting
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.remedy import Remedy, Safety, SetOption, Stage

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

Wrong = tuple[str, Severity]
"""What is wrong with a container, in words that go on from its name, and how bad that is."""

SOCKETS = frozenset((
    "docker.sock", "balena.sock", "balena-engine.sock", "containerd.sock", "podman.sock", "crio.sock",
))  # fmt: skip
SOCKET_FOLDERS = frozenset(("/run/docker", "/var/run/docker", "/run/containerd", "/run/podman", "/run/crio"))
WHOLE = frozenset((
    "/", "/etc", "/boot", "/usr", "/bin", "/sbin", "/lib", "/root", "/dev", "/proc", "/sys", "/var/lib/docker",
))  # fmt: skip
RUNTIME = frozenset(("/run", "/var/run", "/var", "/home", "/lib/modules", "/run/systemd", "/run/dbus", "/var/run/dbus",
                     "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket"))  # fmt: skip
RAW_DEVICES = ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/sd", "/dev/mmcblk", "/dev/mtd", "/dev/nvme", "/dev/ubi",
               "/dev/vd", "/dev/dm-", "/dev/mapper", "/dev/root")  # fmt: skip
ROOT_LIKE = frozenset(
    ("ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "BPF", "MAC_ADMIN")
)


@dataclass(frozen=True, slots=True)
class Row:
    """One way in which a container is less of a wall. `judge` says what is wrong, None where nothing is; `by_absence`
    rows ask whether something is missing, and so for whole descriptions only."""

    key: str
    judge: Callable[[Container], Wrong | None]
    instead: str
    by_absence: bool = False


def _privileged(container: Container) -> Wrong | None:
    return ("is privileged: its root is the device's root", HIGH) if container.privileged else None


def _socket(container: Container) -> Wrong | None:
    held = [one.source for one in container.binds if _is_socket(one.source)]
    return (f"holds {held[0]}: who speaks to the engine is root of the device", HIGH) if held else None


def _is_socket(source: str) -> bool:
    return source.rpartition("/")[2] in SOCKETS or normpath(source) in SOCKET_FOLDERS


KEYS = {
    "supervisor": "holds the supervisor's key: with it one restarts, purges and pins what runs, and sets the host up",
    "device": "holds the device's own key for the fleet's server",
}


def _keys(container: Container) -> Wrong | None:
    held = [says for key, says in KEYS.items() if key in container.keys]
    return (held[0], MEDIUM) if held else None


def _paths(container: Container) -> Wrong | None:
    judged = [(one, severity) for one in container.binds if (severity := _exposed(one)) is not None]
    if not judged:
        return None
    worst, severity = min(judged, key=lambda pair: pair[1].rank)
    how = "reads" if worst.read_only else "writes"
    return f"{how} {normpath(worst.source)} of the device", severity


def _exposed(one: Bind) -> Severity | None:
    path = normpath(one.source)
    if _is_socket(one.source):
        return None
    if path in WHOLE:
        reads_little = path in ("/etc", "/usr", "/lib", "/bin", "/sbin", "/sys", "/boot", "/proc", "/dev")
        return (LOW if reads_little else MEDIUM) if one.read_only else HIGH
    if path in RUNTIME:
        return LOW if one.read_only else MEDIUM
    return HIGH if path.startswith(("/etc/shadow", "/etc/passwd", "/etc/sudoers")) and not one.read_only else None


def _namespace(name: str, why: str, severity: Severity) -> Callable[[Container], Wrong | None]:
    return lambda container: (why, severity) if name in container.shared else None


def _capabilities(container: Container) -> Wrong | None:
    if container.privileged:
        return None
    added = [name.upper().removeprefix("CAP_") for name in container.added]
    grave = [name for name in added if name in ROOT_LIKE]
    other = [name for name in added if name not in USUAL]
    if not other:
        return None
    return f"is given {', '.join(sorted(grave or other))}", HIGH if grave else LOW


def _devices(container: Container) -> Wrong | None:
    raw = [one for one in container.devices if one in ("all", "/dev") or one.startswith(RAW_DEVICES)]
    if not raw or container.privileged:
        return None
    return f"is given {'all devices' if raw[0] == 'all' else raw[0]}: the device's memory or storage as it is", HIGH


def _unconfined(container: Container) -> Wrong | None:
    if not container.unconfined or container.privileged:
        return None
    return f"is let out of {', '.join(container.unconfined)}", MEDIUM


def _tag(container: Container) -> Wrong | None:
    image = container.image
    if image is None or "$" in image or "@sha256:" in image or image.startswith((".", "/", "sha256:")):
        return None
    name, _, tag = image.rpartition("/")[2].partition(":")
    if tag not in ("", "latest") or len(name) == 64 or image.rpartition("/")[2].endswith((".build", ".image")):
        return None
    return f"runs {image[:80]}, which is another image tomorrow", LOW


def _root(container: Container) -> Wrong | None:
    if container.maps_root:
        return "has no idmap: its root is the device's root", MEDIUM
    named = (container.user or "").partition(":")[0]
    return ("runs as root by its own setting", LOW) if named in ("root", "0") else None


def _writable(container: Container) -> Wrong | None:
    return None if container.read_only else ("can write its root: what breaks in stays", LOW)


def _limits(container: Container) -> Wrong | None:
    missing = [kind for kind in ("memory", "pids") if kind not in container.limits]
    return (f"has no limit of {' and '.join(missing)}: it can starve the device", LOW) if missing else None


def _new_privileges(container: Container) -> Wrong | None:
    if container.no_new_privileges or container.privileged:
        return None
    return "may gain rights by setuid programs (no no-new-privileges)", LOW


ROWS = (
    Row("privileged", _privileged, "name the capabilities and devices that it needs"),
    Row("docker-socket", _socket, "have a small program outside do what is needed, and ask that one"),
    Row("fleet-key", _keys, "take the label off, and ask a small program that may do the one thing that is needed"),
    Row("host-path", _paths, "mount the one file or folder that is needed, read-only"),
    Row("host-pid", _namespace("pid", "sees and signals all processes of the device", HIGH), "leave out pid: host"),
    Row("host-ipc", _namespace("ipc", "shares memory with the device's processes", MEDIUM), "leave out ipc: host"),
    Row("host-user", _namespace("user", "has the device's user numbers", LOW), "leave the engine's mapping on"),
    Row("host-network", _namespace("network", "has the device's network, with what listens on loopback alone", MEDIUM),
        "publish the ports that it needs"),
    Row("capability", _capabilities, "drop all capabilities, and add what is missed"),
    Row("device", _devices, "give it the one device node that it needs"),
    Row("unconfined", _unconfined, "keep the engine's profiles, or write one of its own"),
    Row("root-user", _root, "give it an account of its own, or map its users"),
    Row("mutable-tag", _tag, "name the image by its digest", by_absence=True),
    Row("writable-root", _writable, "make the root read-only, with a tmpfs where it writes", by_absence=True),
    Row("no-limits", _limits, "limit memory and processes", by_absence=True),
    Row("new-privileges", _new_privileges, "set no-new-privileges", by_absence=True),
)  # fmt: skip

USES = {
    "privileged": "needs root's power over the device",
    "docker-socket": "asks the engine",
    "fleet-key": "asks the supervisor",
    "host-pid": "looks at the device's processes",
    "host-ipc": "shares memory with others",
    "host-user": "owns files of the device",
    "host-network": "listens or calls on the device's own network",
    "capability": "uses the capability",
    "device": "opens the device",
    "unconfined": "makes calls that the engine's profiles forbid",
    "writable-root": "writes outside its volumes, /tmp and /run",
    "no-limits": "uses more memory or processes than the limit",
    "new-privileges": "runs setuid programs",
}
"""What a container may have needed a row for, for the rows that a change can cure."""

ENGINE_ROWS = {
    "insecure-registry": ("images come from {} without a check of who sends them", HIGH,
        "give the registry a certificate, and take it off the list"),
    "engine-socket": ("the engine listens on {} without client certificates: who reaches it is root", HIGH,
        "keep the socket local, or demand client certificates (tlsverify)"),
    "seccomp": ("all containers run with seccomp {}", MEDIUM, "take the setting out: the engine's own profile is good"),
}  # fmt: skip

CAREFUL = """services:
  app:
    image: registry.example/app:1.4@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    user: "1000"
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    pids_limit: 50
    volumes: ["./data:/data", "/etc/localtime:/etc/localtime:ro"]
"""
RUN = (
    "/usr/bin/docker run --rm --read-only --memory 64m --pids-limit=50 --security-opt no-new-privileges -u 1000 "
    "-v /srv/app:/data registry.example/app:1.4 --privileged"
)


@check(
    title="A container is less of a wall than it could be",
    severity=HIGH,
    practice="P25",
    cwe=250,
    bad=(
        Example({"opt/app/docker-compose.yml": CAREFUL + "    privileged: true\n"}),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
                "etc/init.d/rcS": executable(
                    "#!/bin/sh\ndocker run -d --name app -v /var/run/docker.sock:/var/run/docker.sock app:1.0\n"
                ),
            }
        ),
        Example({"etc/containers/systemd/app.container": "[Container]\nImage=app:1\nPodmanArgs=--pid=host\n"}),
        Example(
            {
                "etc/containers/systemd/app.container": "[Container]\nImage=app:1\n",
                "etc/containers/systemd/app.container.d/50-test.conf": "[Container]\nSeccompProfile=unconfined\n",
            }
        ),
        Example({"mnt/data/apps.json": '{"apps": {"1": {"services": {"app": {"privileged": true}}}}}'}),
        Example({"opt/app/compose.yaml": CAREFUL + '    labels:\n      io.balena.features.supervisor-api: "1"\n'}),
        Example({"var/lib/lxc/app/config": "lxc.uts.name = app\nlxc.apparmor.profile = unconfined\n"}),
        Example({"etc/docker/daemon.json": '{"insecure-registries": ["registry.example:5000"]}\n'}),
    ),
    good=(
        Example({"opt/app/docker-compose.yml": CAREFUL}),
        Example({"opt/app/compose.yaml": CAREFUL + '    labels:\n      io.balena.features.dbus: "0"\n'}),
        Example({"usr/lib/systemd/system/app.service": f"[Service]\nExecStart={RUN}\n",
                 "usr/lib/systemd/system/default.target": "[Unit]\nWants=app.service\n"}),
        Example({"var/lib/lxc/app/config": "lxc.uts.name = app\nlxc.idmap = u 0 100000 65536\n"}),
        Example({"etc/docker/daemon.json": '{"insecure-registries": ["127.0.0.0/8"], "live-restore": true}\n'}),
    ),
)  # fmt: skip
def container_unsafe(containers: Containers) -> Findings:
    """A container is processes of this very kernel, kept apart by settings, and each setting here takes a piece of the
    wall away. Privileged, with the engine's socket or the host's folders inside, it is root of the device. A tag that
    moves brings other code with the next start. What the image itself says of its user is not read.
    """
    told: set[str] = set()
    strict = any(setting.key == "no-new-privileges" for setting in containers.settings)
    for container in containers.containers:
        for finding in _judged(container, strict):
            key = finding.key if finding.key not in told else f"{finding.key} {container.at.path}"
            if key not in told:
                told.add(key)
                yield replace(finding, key=key)
    yield from _settings(containers.settings, told)
    if containers.unread:
        raise Unavailable("; ".join(containers.unread[:5]))


def _judged(container: Container, strict: bool) -> Iterator[Finding]:
    for row in ROWS:
        is_asked = container.is_whole or not row.by_absence
        wrong = row.judge(container) if is_asked and not (strict and row.key == "new-privileges") else None
        if wrong is not None:
            yield Finding(
                f"{row.key} {container.name}",
                f"the container {container.name} {wrong[0]}",
                at=container.at,
                remedy=_remedy(row, container),
                severity=wrong[1],
            )


def _remedy(row: Row, container: Container) -> Remedy:
    summary = f"{row.instead[0].upper()}{row.instead[1:]}"
    changes = containers_cured(container, row.key)
    if not changes or row.key not in USES:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, f"{container.name} fails where it {USES[row.key]}")


def _settings(settings: Iterable[EngineSetting], told: set[str]) -> Iterator[Finding]:
    for setting in settings:
        key = f"{setting.key} {setting.value}"
        if setting.key not in ENGINE_ROWS or key in told:
            continue
        told.add(key)
        text, severity, instead = ENGINE_ROWS[setting.key]
        yield Finding(
            key,
            text.format(setting.value),
            at=setting.at,
            remedy=_of_engine(setting, f"{instead[0].upper()}{instead[1:]}"),
            severity=severity,
        )


DAEMON = {
    "insecure-registry": ("insecure-registries", "[]", "images from registries without TLS are not fetched any more"),
    "engine-socket": ("hosts", '["unix:///var/run/docker.sock"]', "nobody speaks to the engine over the network"),
    "seccomp": ("seccomp-profile", "", "a container fails where it makes a call that the engine's profile forbids"),
}
"""Options of daemon.json, with what they are to be."""


def _of_engine(setting: EngineSetting, summary: str) -> Remedy:
    path = setting.at.path or ""
    if not path.endswith("/daemon.json"):
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    option, value, breaks = DAEMON[setting.key]
    value = json.dumps(setting.others) if setting.others and value else value
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (SetOption(path, option, value),), breaks)
