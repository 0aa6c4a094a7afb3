"""Drop-ins of systemd: one for the sandbox, one for the user, one for the limits, so that each can be taken back alone.

A drop-in begins with 50-, behind what distributions write and before what an administrator adds; where the unit has one
that would count more, its name comes behind that one's. What the unit sets by itself is left as it is, unless the
measure it belongs to is missing.
"""

from collections.abc import Container, Iterable, Iterator

from firmward.checks.service.confining.declared import plain_name
from firmward.facts import sandbox
from firmward.facts.sandbox import Sandbox
from firmward.facts.services import Measure, Service
from firmward.model.remedy import WriteFile

Settings = tuple[tuple[str, str], ...]

OF_MEASURE = {
    "NoNewPrivileges": Measure.NO_NEW_PRIVILEGES,
    "CapabilityBoundingSet": Measure.CAPABILITIES,
    "SystemCallFilter": Measure.SYSTEM_CALLS,
    "PrivateTmp": Measure.NAMESPACES,
    "PrivateDevices": Measure.NAMESPACES,
    "ProtectSystem": Measure.WRITE_PATHS,
    "ReadWritePaths": Measure.WRITE_PATHS,
    "ProtectKernelTunables": Measure.KERNEL,
    "ProtectKernelModules": Measure.KERNEL,
    "ProtectControlGroups": Measure.KERNEL,
}
LISTS = frozenset(("CapabilityBoundingSet", "SystemCallFilter", "RestrictAddressFamilies"))
"""What adds to what stood there before, unless it is emptied first."""
ANYWHERE: Settings = (
    ("NoNewPrivileges", "yes"),
    ("PrivateTmp", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("CapabilityBoundingSet", "~CAP_SYS_ADMIN CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_PTRACE CAP_SYS_BOOT CAP_SYS_TIME "
     "CAP_SYSLOG CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_BPF CAP_PERFMON CAP_LINUX_IMMUTABLE CAP_WAKE_ALARM"),
)  # fmt: skip
"""What a program that nobody ran under a sandbox may get: no filter of calls, no limit of what it writes."""


def sandboxed(service: Service, writes: tuple[str, ...]) -> WriteFile:
    """The row's whole sandbox where the program was seen in one, else what leaves calls and files alone."""
    row = sandbox.rows().get(service.program)
    if row is None or not row.seen:
        return _drop_in(service, "sandbox", ANYWHERE, "No filter of system calls, no limit of what is written: run the "
                        "service under them before you add SystemCallFilter= and ProtectSystem=strict.")  # fmt: skip
    settings = (*row.settings(), *_writable(row, writes))
    return _drop_in(service, "sandbox", settings, f"Seen to serve under this: {row.seen}.")


def _writable(row: Sandbox, writes: tuple[str, ...]) -> Settings:
    if "ProtectSystem" not in dict(row.settings()):
        return ()
    paths = dict.fromkeys(path.rstrip("/") or "/" for path in (*row.writes, *writes))
    return (("ReadWritePaths", " ".join(f"-{_quoted(path)}" for path in paths)),)


def _quoted(path: str) -> str:
    """A path as systemd reads it in a list; `%` begins what it fills in."""
    plain = path.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"' if any(sign in plain for sign in " '\"\\") else plain


def run_as(service: Service, user: str | None, accounts: Container[str], capabilities: Iterable[str]) -> WriteFile:
    """As an account; one that is not among `accounts` systemd makes for it while it runs."""
    if user is None and "User" in service.settings:  # what it says of a user would count, root too
        user = plain_name(service.program)
    settings: Settings = (("User", user),) if user else ()
    settings += (("DynamicUser", "yes"),) if user not in accounts else ()
    held = " ".join(f"CAP_{name}" for name in capabilities)
    settings += (("AmbientCapabilities", held),) if held else ()
    return _drop_in(service, "user", settings, "Whoever takes the service over is not root.")


def limited(service: Service, memory: str, tasks: int) -> WriteFile:
    settings = (("MemoryMax", memory), ("TasksMax", str(tasks)))
    return _drop_in(service, "limits", settings, "What it uses beyond this is its own fault, and nobody else's.")


def _drop_in(service: Service, kind: str, settings: Settings, why: str) -> WriteFile:
    lines = [f"# {why}", "[Service]", *_lines(service, settings)]
    path = f"etc/systemd/system/{service.unit}.d/{_name(service, kind)}"
    return WriteFile(path, "".join(f"{line}\n" for line in lines))


def _lines(service: Service, settings: Settings) -> Iterator[str]:
    emptied = set()
    for key, value in settings:
        measure = OF_MEASURE.get(key)
        if key in service.settings and (measure is None or measure in service.measures) and key not in OWN:
            continue
        # a list of what is taken away goes on from what stands there; emptied, nothing would be left to take from
        if key in LISTS and key in service.settings and key not in emptied and not value.startswith("~"):
            emptied.add(key)
            yield f"{key}="
        yield f"{key}={value}"


OWN = frozenset(("User", "DynamicUser", "AmbientCapabilities", "MemoryMax", "TasksMax", "ReadWritePaths"))
"""What is the very thing that is asked for; and what adds to what the unit has."""


def _name(service: Service, kind: str) -> str:
    first = f"50-firmward-{kind}.conf"
    names = (first, f"zz-firmward-{kind}.conf", f"{service.drop_in.removesuffix('.conf')}_{kind}.conf")
    return next(name for name in names if name >= service.drop_in)
