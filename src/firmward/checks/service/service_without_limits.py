"""service-without-limits"""

from firmward.checks.service.confining.cure import Case, limited
from firmward.checks.service.service_runs_as_root import ELF, procd, unit
from firmward.facts.closings import Closings
from firmward.facts.services import LIMITS, Manager, Measure, Service, Services
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy

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
def service_without_limits(services: Services, closings: Closings | None | Unknown, policy: Policy | None) -> Findings:
    """A leak or a flood of requests in one service takes the memory of all others, the watchdog's and the updater's
    too, and the device hangs until somebody pulls the plug. A limit makes it the fault of that one service, which is
    started again. It is a finding when nothing limits its memory (its unit, the slices above it, or a resource
    limit), or when systemd's limit of tasks is lifted; processor time is shared fairly anyway and only named. A control
    group that a start script makes by hand counts where the groups above hand its controllers down. What every system
    needs, and an SSH server, is left in peace; telnet and rsh are not, which need not run at all.
    """
    for service in services.services:
        if service.is_confinable and _is_unlimited(service):
            yield _finding(Case(service, services, policy, closings))
    if services.unread:
        raise Unavailable("; ".join(services.unread[:5]))


def _is_unlimited(service: Service) -> bool:
    lifted = service.manager is Manager.SYSTEMD and Measure.TASKS not in service.measures
    return Measure.MEMORY not in service.measures or lifted


def _finding(case: Case) -> Finding:
    service = case.service
    lacking = [WORDS[measure] for measure in LIMITS if measure not in service.measures]
    return Finding(
        service.name,
        f"nothing limits the {', '.join(lacking)} of {service.program} in {service.name}",
        at=service.at,
        remedy=limited(case),
        severity=None if service.is_exposed else Severity.INFO,
    )
