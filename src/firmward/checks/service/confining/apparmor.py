"""AppArmor profiles for services that others reach, from what is known of them.

A program with a row (sandbox.py) gets what it was seen to need, by name. Another gets what few programs do without: it
may read and write much, but not the system's own files, nobody's passwords, no kernel memory and no modules. Who hands
out shells leaves its profile with them. Who manages containers gets none: it mounts what they are made of, and nobody
ran it under a profile here. A program that is also the tool of others (BusyBox, an interpreter, nc) gets none, since
the profile would hold for all that call it.
"""

import re
from collections.abc import Iterable, Iterator

from firmward.checks.service.confining import declared
from firmward.checks.service.confining.cure import is_path
from firmward.facts import plumbing, sandbox
from firmward.facts.apparmor import FOLDER, Apparmor
from firmward.facts.network_services import NetworkService
from firmward.facts.process import is_multi_call
from firmward.facts.sandbox import Sandbox
from firmward.model.policy import DeclaredService, Policy
from firmward.model.remedy import Change, DisableService, Remedy, Remove, Safety, SetLink, Stage, WriteFile

SHARED = re.compile(
    r"(?:ba|da|a|k|z)?sh|nc|ncat|netcat|socat|python[0-9.]*|perl|php[0-9.]*|lua[0-9.]*|node|ruby|java|env"
)
PLAIN_PATH = re.compile(r"/[A-Za-z0-9_+.@/-]+")
USUAL = ("audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "net_admin", "net_bind_service", "net_raw",
         "setgid", "setpcap", "setuid", "sys_chroot", "sys_nice", "sys_resource")  # fmt: skip
LIBRARIES = (
    *("/{,usr/}lib{,32,64}/** mr,", "/etc/ld.so.{cache,preload} r,", "/etc/ld-musl-*.path r,", "/etc/localtime r,"),
    "/etc/{passwd,group,nsswitch.conf,services,protocols,login.defs,sensors.d/{,**}} r,",
    "/etc/{hosts,hosts.allow,hosts.deny,host.conf,resolv.conf,gai.conf} r,",
    *("/{,var/}run/{systemd/resolve,resolvconf,nscd,systemd/userdb}/** r,", "/tmp/resolv.conf* r,"),  # noqa: S108 - where OpenWrt has it
    *("/usr/share/zoneinfo/** r,", "/usr/share/locale/** r,", "/etc/ssl/openssl.cnf r,", "/etc/locale.alias r,"),
    *("/dev/{null,zero,full,random,urandom,log} rw,", "/{,var/}run/systemd/{notify,journal/*} rw,"),
    *("@{PROC}/@{pid}/** r,", "@{PROC}/{sys,net,self}/** r,", "@{PROC}/{,stat,meminfo,cpuinfo,uptime,loadavg} r,"),
    *("@{PROC}/{version,filesystems,mounts,diskstats,vmstat,interrupts,partitions,devices} r,", "/sys/** r,"),
)
"""What every program reads, said without the abstractions, which small systems do not have."""
SHELLS = ("/{,usr/}{,local/}{,s}bin/** Ux,", "/usr/lib{,exec}/** Ux,", "/{opt,home,root,data}/** Ux,")
OPEN = (
    *("/ r,", "/** r,", "/{,usr/}{,local/}{,s}bin/** rix,", "/{opt,usr/libexec}/** rix,"),
    "/{,usr/}lib{,32,64}/** mrix,",
    *("/{dev,run,tmp,var,data,mnt,srv,media}/** rwkl,", "@{PROC}/** rw,", "/sys/** r,"),
    *("deny /etc/{shadow,gshadow}{,-} rwkl,", "deny /root/.ssh/** rwkl,", "deny /dev/{mem,kmem,port} rwkl,"),
    *("deny /dev/{mtd,mmcblk,sd,nvme,ubi}* wkl,", "deny @{PROC}/sys/kernel/{modprobe,core_pattern} w,"),
)  # fmt: skip


def path_of(service: NetworkService, apparmor: Apparmor) -> str | None:
    """The program's file as a rule names it; None where no profile may be for it."""
    known = [one.path for one in apparmor.started if one.service == service.name]
    own = [path for path in known if path.rpartition("/")[2] == service.program]
    found = service.path or next(iter(own), None)
    name = (found or "").rpartition("/")[2]
    # a file of another name is one of several programs in one, or an interpreter
    if (
        found is None
        or name != service.program
        or is_multi_call(name)
        or SHARED.fullmatch(name)
        or not PLAIN_PATH.fullmatch(f"/{found}")
        or _manages_containers(name)
    ):
        return None
    return f"/{found}"


def _manages_containers(program: str) -> bool:
    row = sandbox.rows().get(program)
    return row is not None and "containers" in row.runs


def profile(path: str, program: str, writes: Iterable[str], has_tunables: bool) -> WriteFile:
    row = sandbox.rows().get(program)
    seen = row is not None and bool(row.seen)
    rules = _known(row, path) if row is not None and seen else _unknown(row, path)
    head = [f"# {row.seen if row is not None and seen else 'not run under this yet'}"]
    head += ["#include <tunables/global>"] if has_tunables else ["@{PROC}=/proc/", "@{pid}=[0-9]*"]
    own = [f"{rule} rwkl," for one in writes for rule in _places(one)]
    body = [f"  {rule}" for rule in dict.fromkeys((*rules, *own))]
    text = "\n".join(
        (*head, "", f"profile firmward-{_name(program)} {path} flags=(attach_disconnected) {{", *body, "}")
    )
    return WriteFile(f"{FOLDER}/firmward.{_name(program)}", f"{text}\n")


def _name(program: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", program)


def _places(folder: str) -> Iterator[str]:
    """A path of the policy, with all below it; `/run` is where `/var/run` leads."""
    plain = folder.rstrip("/")
    if PLAIN_PATH.fullmatch(plain):
        yield from (plain, f"{plain}/{{,**}}")


def _known(row: Sandbox, path: str) -> Iterator[str]:
    for name in row.capabilities:
        yield f"capability {name.lower()},"
    hands_out = "shells" in row.runs
    for family in row.families:
        yield f"network {family.removeprefix('AF_').lower()}," if family != "AF_UNIX" else "unix,"
    if hands_out or not row.families:
        yield from ("capability,", "network,", "unix,")
    yield from ("signal,", "dbus,")
    yield f"{path} mrix,"
    yield from LIBRARIES
    for one in row.reads:
        yield f"{one.replace('/**', '/{,**}')} rk,"
    for one in row.runs:
        if one != "shells":
            yield f"{one} mrix,"
    for one in row.writes:
        for place in _places(one):
            yield f"{_run(place)} rwkl,"
    if hands_out:
        yield from SHELLS
        yield from ("/ r,", "/** rwkl,")
    yield from ("/ r,", "/{etc,tmp,var/tmp}/ r,", "owner /tmp/** rwkl,") if not hands_out else ()


def _run(place: str) -> str:
    return re.sub(r"^(?:/var)?/run(?=/|$)", "/{,var/}run", place)


def _unknown(row: Sandbox | None, path: str) -> Iterator[str]:
    for name in USUAL:
        yield f"capability {name},"
    yield from ("network,", "unix,", "dbus,", "signal,")
    yield f"{path} mrix,"
    yield from OPEN


# ---------------------------------------------------------------------- cures


def remedy(services: Iterable[NetworkService], apparmor: Apparmor | None, policy: Policy | None) -> Remedy:
    """Profiles for all of these, and that they are loaded."""
    wanted = list(services)
    names = ", ".join(dict.fromkeys(one.runs for one in wanted))
    shells = [one for one in wanted if _is_open_shell(one)]
    if shells and len(wanted) == len(shells):
        return _without(shells, names)
    if apparmor is None or not apparmor.installed:
        return by_hand(names)
    starting = () if apparmor.loaded else _started(apparmor)
    changes: list[Change] = []
    safe = True
    for one in wanted:
        path = path_of(one, apparmor)
        if path is None or starting is None:
            return by_hand(names)
        changes += _enabled_again(path, apparmor)
        known = _declared(one, policy)
        writes = known.writes if known is not None else ()
        changes.append(profile(path, one.program, [w for w in writes if is_path(w)], apparmor.has_tunables))
        row = sandbox.rows().get(one.program)
        safe = safe and known is not None and row is not None and bool(row.seen) and apparmor.loaded
    changes += starting or ()
    if safe:
        return Remedy(f"Confine {names} by a profile under which it was seen to serve", Safety.SAFE, Stage.IMAGE,
                      tuple(changes))  # fmt: skip
    return Remedy(
        f"Confine {names} by a profile of AppArmor",
        Safety.UNSAFE,
        Stage.IMAGE,
        tuple(dict.fromkeys(changes)),
        f"what {names} reads, writes or starts beyond what the profile foresees is refused: watch the kernel's log for "
        "DENIED in a whole test run",
    )


def _is_open_shell(service: NetworkService) -> bool:
    return service.program in plumbing.REMOTE_SHELLS or service.program in ("sh", "ash", "bash")


def _without(services: list[NetworkService], names: str) -> Remedy:
    changes = tuple(
        DisableService(one.manager.value, one.name)
        for one in services
        if one.manager is not None and one.manager.value != "script"
    )
    if len(changes) != len(services):
        return by_hand(names)
    return Remedy(f"Stop starting {names}, and let people in by SSH", Safety.UNSAFE, Stage.IMAGE, changes,
                  f"nobody can log in by {names} any more")  # fmt: skip


def by_hand(names: str) -> Remedy:
    return Remedy(
        f"Write a profile (AppArmor), a domain (SELinux) or a label (Smack) for {names}, let it log through a "
        "whole test run, then enforce it",
        Safety.MANUAL,
        Stage.SOURCE,
    )


def _declared(service: NetworkService, policy: Policy | None) -> DeclaredService | None:
    plain = service.name.removesuffix(".service")
    names = {service.name, plain, plain.partition("@")[0], declared.unnumbered(plain), service.program}
    return next((one for one in (policy.service if policy is not None else ()) if one.name in names), None)


def _enabled_again(path: str, apparmor: Apparmor) -> Iterator[Change]:
    for one in apparmor.profiles:
        if one.disabled and one.takes(path) and one.at.path is not None:
            yield Remove(f"{FOLDER}/disable/{one.at.path.rpartition('/')[2]}")


def _started(apparmor: Apparmor) -> tuple[Change, ...] | None:
    """What makes init load profiles; None where it is not known how."""
    return tuple(SetLink(link, target) for link, target in apparmor.starters) or None
