"""The cure of a service that is not confined enough, by who starts it."""

import re
from dataclasses import dataclass, replace
from enum import Enum

from firmward.checks.service.confining import commands, declared, systemd
from firmward.checks.service.confining.commands import Confined
from firmward.checks.service.cures.stopping import stopped
from firmward.facts import sandbox
from firmward.facts.closings import Closings
from firmward.facts.services import Manager, Measure, Service, Services
from firmward.model.facts import Unknown
from firmward.model.policy import Policy
from firmward.model.remedy import AddLine, Change, Remedy, ReplaceLine, Safety, Stage, WriteFile

SIZE = re.compile(r"([0-9]+)([KMGT]?)")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
PLAIN = re.compile(r"[\w.@/-]+", re.ASCII)
"""A name or path that may stand in a script as it is."""
ROOM = 4
"""Address space for each byte of memory: programs map several times what they use."""
ANYWHERE = "50%"
"""Of the device's memory, where nobody said what the service needs."""
TASKS = 256
MANUAL = {
    Manager.PROCD: "Confine the instance with procd_add_jail, procd_set_param no_new_privs 1, user NAME and limits",
    Manager.OPENRC: "Set command_user, no_new_privs, capabilities and rc_cgroup_settings in etc/conf.d",
    Manager.INETD: "Start it by setpriv, as an account of its own in the fifth column of the table",
    Manager.XINETD: "Name an account of its own as `user` in the table, and start it by setpriv",
}
BY_HAND = "Start it by `setpriv --reuid NAME --init-groups --no-new-privs --bounding-set`, behind `ulimit -v KILOBYTES`"


@dataclass(frozen=True, slots=True)
class Case:
    """One service, and all that decides about its cure."""

    service: Service
    services: Services
    policy: Policy | None
    closings: Closings | None | Unknown = None

    @property
    def is_declared(self) -> bool:
        return declared.of(self.service, self.policy) is not None

    @property
    def memory(self) -> str | None:
        found = declared.of(self.service, self.policy)
        return found.memory if found is not None and found.memory and SIZE.fullmatch(found.memory) else None

    @property
    def writes(self) -> tuple[str, ...]:
        found = declared.of(self.service, self.policy)
        return tuple(path for path in (found.writes if found is not None else ()) if is_path(path))

    @property
    def opens_low_port(self) -> bool:
        return any(one.port < 1024 for one in self.service.opened)

    @property
    def becomes(self) -> bool:
        """Whether it is to have an account."""
        return self.service.is_root is True and not self.service.needs_root

    @property
    def lacks_memory(self) -> bool:
        lacks = not self.service.measures & {Measure.MEMORY}
        return self.service.is_confinable and lacks


def is_path(path: str) -> bool:
    return path.startswith("/") and path.isprintable() and "/../" not in f"{path}/"


def without(case: Case) -> Remedy:
    """For what no user and no sandbox can help, since whoever logs in gets them too."""
    service = case.service
    known = case.closings if isinstance(case.closings, Closings) else Closings(())
    found = known.at(service.manager, service.unit, service.at)
    return stopped(
        f"Stop starting {service.program}, and let people in by SSH",
        () if found is None else (found,),
        case.policy,
        service.names,
        [(one.protocol, one.port) for one in service.opened],
        f"nobody can log in by {service.program} any more",
    )


def sandboxed(case: Case) -> Remedy:
    service = case.service
    if service.is_remote_shell or service.program in ("sh", "bash", "ash"):
        return without(case)
    if service.manager is Manager.SYSTEMD and _is_alone(service):
        return _by_systemd(case)
    return _by_hand(case, "what it does with rights that it had as root, such as other devices, ports and files")


def _by_systemd(case: Case) -> Remedy:
    service = case.service
    row = sandbox.rows().get(service.program)
    change = systemd.sandboxed(service, case.writes)
    if row is None or not row.seen:
        return Remedy(
            "Take from it in a drop-in what few programs need; a filter of system calls and the paths that it may "
            "write are for who has run it under them",
            Safety.UNSAFE,
            Stage.IMAGE,
            (change,),
            f"{service.program} can run no setuid programs, shares no /tmp, and lacks capabilities such as SYS_ADMIN",
        )
    summary = f"Confine it in a drop-in under which {service.program} was seen to serve"
    if case.is_declared and not service.is_beyond:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, (change,))
    more = (
        "its configuration asks for more than was seen" if service.is_beyond else "the policy declares no [[service]]"
    )
    return Remedy(
        summary, Safety.UNSAFE, Stage.IMAGE, (change,),
        f"what {service.program} writes elsewhere, starts or asks of the kernel beyond what was seen fails: {more}",
    )  # fmt: skip


def as_user(case: Case) -> Remedy:
    service = case.service
    if service.is_remote_shell or service.program in ("sh", "bash", "ash"):
        return without(case)
    breaks = f"{service.program} can no longer read and write what is root's alone, nor open devices of other groups"
    if service.manager is Manager.SYSTEMD and _is_alone(service):
        user = declared.account(service, case.services, case.policy)
        held = sandbox.held(sandbox.rows().get(service.program), case.opens_low_port)
        change = systemd.run_as(service, user, case.services.accounts, held)
        is_there = user in case.services.accounts
        summary = f"Run it as {user}" if is_there else "Run it as an account that systemd makes for it (DynamicUser=)"
        return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (change,), breaks)
    return _by_hand(case, breaks)


def limited(case: Case) -> Remedy:
    service = case.service
    if service.is_remote_shell:
        return without(case)
    if service.manager is Manager.SYSTEMD and _is_alone(service):
        row = sandbox.rows().get(service.program)
        tasks = row.tasks if row is not None else TASKS
        own = case.memory
        memory = own or (row.memory if row is not None and row.seen else ANYWHERE)
        change = systemd.limited(service, memory, tasks)
        if own and row is not None and row.seen:
            return Remedy(f"Limit it to {memory}, as declared, and {tasks} tasks", Safety.SAFE, Stage.IMAGE, (change,))
        why = "with more tasks" if own else "by what it uses under load, which is not declared as memory in the policy,"
        return Remedy(
            f"Limit it to {memory} and {tasks} tasks in a drop-in", Safety.UNSAFE, Stage.IMAGE, (change,),
            f"{service.program} is ended {why} when it grows beyond the limit",
        )  # fmt: skip
    return _by_hand(case, f"{service.program} is refused memory beyond the limit", Asked.MEMORY)


class Asked(Enum):
    """What the change has to bring; it brings the rest along, since a line is written anew only once."""

    RIGHTS = "rights"
    MEMORY = "memory"


def _by_hand(case: Case, breaks: str, asked: Asked = Asked.RIGHTS) -> Remedy:
    """By lines that whoever starts it reads."""
    service = case.service
    changes = _changes(case, asked)
    if not changes:
        return Remedy(MANUAL.get(service.manager, BY_HAND), Safety.MANUAL, Stage.SOURCE)
    return Remedy("Start it confined", Safety.UNSAFE, Stage.IMAGE, changes, f"it loses {breaks}"
                  if not breaks.startswith(service.program) else breaks)  # fmt: skip


def _changes(case: Case, asked: Asked) -> tuple[Change, ...]:
    service = case.service
    if service.manager is Manager.OPENRC and _is_setting(service):
        return _openrc(case)
    if service.manager is Manager.PROCD and _is_parameter(service):
        return _procd(case)
    if service.manager in (Manager.INETD, Manager.XINETD, Manager.SYSTEMD):
        return ()
    user, making = _account(case)
    setpriv = case.services.launchers.get("setpriv")
    memory = _kilobytes(case) if case.lacks_memory else None
    known = case.services.accounts.get(user or "")
    rights = Confined(setpriv, user, str(known[1]) if known is not None else "", case.opens_low_port)
    ways = [replace(rights, memory=memory)]
    if asked is Asked.RIGHTS:  # where a limit cannot stand, the rest can
        ways = [*ways, rights] if setpriv is not None else []
    elif memory is None:
        return ()
    line = next((line for way in ways if (line := commands.rewritten(service, way)) is not None), None)
    if line is None:
        return ()
    return (*(making if setpriv is not None else ()), line)


def _account(case: Case) -> tuple[str | None, tuple[AddLine, ...]]:
    if not case.becomes:
        return None, ()
    user = declared.account(case.service, case.services, case.policy)
    if user is not None and user in case.services.accounts:
        return user, ()
    return declared.own_account(case.service, case.services)


def _kilobytes(case: Case) -> int:
    row = sandbox.rows().get(case.service.program)
    return bytes_of(case.memory or (row.memory if row is not None else "128M")) * ROOM // 1024


def bytes_of(size: str) -> int:
    found = SIZE.fullmatch(size)
    return int(found[1]) * UNITS[found[2]] if found is not None else 0


def _is_alone(service: Service) -> bool:
    """What a drop-in says holds for all programs of the unit."""
    return service.name == service.unit and service.unit.endswith(".service")


def _is_setting(service: Service) -> bool:
    return any(line.startswith("command=") for _, line in service.command)


def _is_parameter(service: Service) -> bool:
    return any(line.strip().startswith("procd_set_param command ") for _, line in service.command)


def _openrc(case: Case) -> tuple[Change, ...]:
    """Variables of openrc-run, which come from conf.d before the script's own."""
    service = case.service
    user, making = _account(case)
    row = sandbox.rows().get(service.program)
    lines = []
    if user is not None:
        lines.append(f'command_user="{user}"')
    if service.is_confinable:
        lines.append('no_new_privs="yes"')
        if user is None:
            kept = [f"cap_{name.lower()}" for name in row.capabilities] if row is not None else []
            dropped = [f"!cap_{name}" for name in commands.WORST]
            lines.append(f'capabilities="{",".join(f"^{name}" for name in kept) or ",".join(dropped)}"')
        elif names := sandbox.held(row, case.opens_low_port):
            lines.append('capabilities="' + ",".join(f"^cap_{name.lower()}" for name in names) + '"')
    if case.lacks_memory:
        lines.append(f'rc_ulimit="-v {_kilobytes(case)}"')
    path = f"etc/conf.d/{service.unit}"
    return (*making, *(AddLine(path, line) for line in lines))


def _procd(case: Case) -> tuple[Change, ...]:
    """Parameters of the instance, set right behind its command. A jail is for programs whose files are known."""
    service = case.service
    row = sandbox.rows().get(service.program)
    number, line = service.command[0]
    is_plain = len(service.command) == 1 and PLAIN.fullmatch(service.unit)
    if not is_plain or service.at.path is None or "ujail" not in case.services.launchers:
        return ()
    user, making = _account(case)
    if row is None:
        return ()
    indent = line[: len(line) - len(line.lstrip())]
    names = row.capabilities if user is None else sandbox.held(row, case.opens_low_port)
    file = f"etc/capabilities/firmward-{service.unit}.json"
    more = ["procd_set_param no_new_privs 1", f"procd_set_param capabilities /{file}"]
    more += [f"procd_set_param user {user}"] if user is not None else []
    more += [f'procd_set_param limits as="{(size := _kilobytes(case) * 1024)} {size}"'] if case.lacks_memory else []
    more.append(f"procd_add_jail {service.unit} log" if service.unit.replace("-", "").isalnum() else "")
    told = [word for word in service.argv[1:] if word.startswith("/") and PLAIN.fullmatch(word)]
    more += [f"procd_add_jail_mount {path}" for path in dict.fromkeys((*_folders(row.reads), *told))]
    more += [f"procd_add_jail_mount_rw {path}" for path in (*row.writes, *case.writes) if PLAIN.fullmatch(path)]
    instead = "\n".join([line, *(f"{indent}{one}" for one in more if one)])
    held = ", ".join(f'"CAP_{name}"' for name in names)
    sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
    text = "{\n" + ",\n".join(f'\t"{name}": [{held}]' for name in sets) + "\n}\n"
    return (*making, WriteFile(file, text), ReplaceLine(service.at.path, number, line, instead))


def _folders(patterns: tuple[str, ...]) -> list[str]:
    """Files and folders by name: a jail knows no patterns."""
    return list(dict.fromkeys(path for one in patterns if not re.search(r"[*{\[]", path := one.removesuffix("/**"))))
