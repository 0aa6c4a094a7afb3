"""service-without-limits"""

from firmward.checks.service.service_runs_as_root import ELF, procd, unit, without
from firmward.facts.services import LIMITS, Manager, Measure, Service, Services
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetOption, Stage

WAYS = {
    Manager.PROCD: 'Set procd_set_param limits as="SIZE SIZE" nproc="N N", by what it uses under load',
    Manager.OPENRC: 'Set rc_ulimit="-v KILOBYTES" or rc_cgroup_settings="memory.max BYTES" in etc/conf.d',
}
WORDS = {Measure.MEMORY: "memory", Measure.CPU: "CPU time", Measure.TASKS: "number of tasks"}


GROUP = """\
#!/bin/sh
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/app
echo 64M > /sys/fs/cgroup/app/memory.max
echo $$ > /sys/fs/cgroup/app/cgroup.procs
start-stop-daemon -S -b -x /usr/bin/app
"""


def openrc(*settings: str) -> dict[str, Content]:
    return {
        "sbin/openrc": ELF,
        "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n",
        "etc/init.d/app": executable('#!/sbin/openrc-run\ncommand="/usr/bin/app"\ncommand_background=true\n'),
        "etc/conf.d/app": "".join(f"{setting}\n" for setting in settings),
        "etc/runlevels/default/app": link("/etc/init.d/app"),
        "usr/bin/app": ELF,
    }


@check(
    title="A service may use all memory",
    severity=Severity.LOW,
    practice="P23",
    cwe=770,
    bad=(
        Example(unit()),
        Example(unit("MemoryMax=64M", "TasksMax=infinity")),
        Example(procd()),
        Example(openrc()),
    ),
    good=(
        Example(unit("MemoryMax=64M")),
        Example(
            {
                **unit("Slice=product-video.slice"),
                "etc/systemd/system/product.slice": "[Slice]\nMemoryMax=200M\n",
            }
        ),
        Example(procd('procd_set_param limits as="67108864 67108864"')),
        Example(openrc('rc_ulimit="-v 65536"')),
        Example(
            {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": executable(GROUP), "usr/bin/app": ELF}
        ),
        Example({"etc/inittab": "::respawn:/usr/bin/softlimit -a 67108864 /usr/bin/app\n", "usr/bin/app": ELF}),
    ),
)
def service_without_limits(services: Services, policy: Policy | None) -> Findings:
    """A leak or a flood of requests in one service takes the memory of all others, the watchdog's and the updater's
    too, and the device hangs until somebody pulls the plug. A limit makes it the fault of that one service, which is
    started again. It is a finding when nothing limits its memory (its unit, the slices above it, or a resource
    limit), or when systemd's limit of tasks is lifted; processor time is shared fairly anyway and only named. A control
    group that a start script makes by hand counts where the groups above hand its controllers down. What every system
    needs, and an SSH server, is left in peace; telnet and rsh are not, which need not run at all.
    """
    for service in services.services:
        if service.is_confinable and _is_unlimited(service):
            yield _finding(service, policy)
    if services.unread:
        raise Unavailable("; ".join(services.unread[:5]))


def _is_unlimited(service: Service) -> bool:
    lifted = service.manager is Manager.SYSTEMD and Measure.TASKS not in service.measures
    return Measure.MEMORY not in service.measures or lifted


def _finding(service: Service, policy: Policy | None) -> Finding:
    lacking = [WORDS[measure] for measure in LIMITS if measure not in service.measures]
    return Finding(
        service.name,
        f"nothing limits the {', '.join(lacking)} of {service.program} in {service.name}",
        at=service.at,
        remedy=_remedy(service, policy),
        severity=None if service.is_exposed else Severity.INFO,
    )


def _remedy(service: Service, policy: Policy | None) -> Remedy:
    if service.is_remote_shell:
        return without(service)
    summary = "Set MemoryMax= and TasksMax= in a drop-in, by what it uses under load with room to spare"
    if service.manager is not Manager.SYSTEMD:
        way = WAYS.get(service.manager, "Start it behind `ulimit -v KILOBYTES`, by what it uses under load")
        return Remedy(way, Safety.MANUAL, Stage.SOURCE)
    declared = [one.memory for one in (policy.service if policy is not None else ()) if one.name in service.names]
    sizes = [size for size in declared if size]
    if not sizes or " " in service.name:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    path = f"etc/systemd/system/{service.name}.d/50-limits.conf"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (SetOption(path, "MemoryMax", sizes[0], "Service"),))
