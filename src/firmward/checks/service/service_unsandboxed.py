"""service-unsandboxed"""

from dataclasses import dataclass

from firmward.checks.service.confining.cure import Case, sandboxed
from firmward.checks.service.service_runs_as_root import ELF, procd, unit
from firmward.facts.closings import Closings
from firmward.facts.services import SANDBOX, UNPRIVILEGED, Manager, Measure, Service, Services
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content
from firmward.model.policy import Policy

M = Measure


@dataclass(frozen=True, slots=True)
class Row:
    """One part of a sandbox, and what it means to lack it."""

    measure: Measure
    why: str


ROWS = (
    Row(M.NO_NEW_PRIVILEGES, "setuid programs give it rights"),
    Row(M.CAPABILITIES, "it has all of root's capabilities"),
    Row(M.SYSTEM_CALLS, "every system call is open to it"),
    Row(M.NAMESPACES, "it shares /tmp and devices"),
    Row(M.WRITE_PATHS, "it may write everywhere"),
    Row(M.KERNEL, "it may change kernel parameters and modules"),
)

ENOUGH = 3
"""Rows of six: who lacks as many is not sandboxed, who lacks fewer has decided what its work needs."""

ABLE = (Manager.SYSTEMD, Manager.PROCD)

SANDBOXED = (
    *("NoNewPrivileges=yes", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "SystemCallFilter=@system-service"),
    *("PrivateTmp=yes", "ProtectSystem=strict", "ProtectKernelTunables=yes", "ProtectKernelModules=yes"),
)
WEB: dict[str, Content] = {
    "usr/sbin/lighttpd": ELF,
    "etc/lighttpd/lighttpd.conf": "server.port = 443\n",
}


@check(
    title="A service runs without a sandbox",
    severity=Severity.MEDIUM,
    practice="P23",
    cwe=653,
    bad=(
        Example(unit()),
        Example(unit("NoNewPrivileges=yes", "PrivateTmp=yes")),
        Example(procd("procd_set_param user app")),
        Example({**WEB, "etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n"}),
    ),
    good=(
        Example(unit(*SANDBOXED)),
        Example(unit("DynamicUser=yes", "SystemCallFilter=@system-service")),
        Example(procd("procd_add_jail app log", "procd_set_param no_new_privs 1", "procd_set_param user app")),
        Example(
            {"etc/inittab": "::respawn:/usr/bin/setpriv --reuid app --no-new-privs /usr/bin/app\n", "usr/bin/app": ELF}
        ),
    ),
)
def service_unsandboxed(services: Services, closings: Closings | None | Unknown, policy: Policy | None) -> Findings:
    """What a sandbox leaves out, a fault in the service cannot reach: other services' files, devices, the kernel's
    modules, most system calls. systemd and procd build one from a few lines. A service counts as unsandboxed when three
    of the six parts are missing, or when it is root with root's most powerful capabilities; the finding names them. It
    is medium for a root service that others can reach, low for one with a user of its own, and information for what
    nobody can reach. OpenRC and SysV scripts have next to nothing to offer, and setpriv, unshare or chroot in their
    place: there root is a finding, and so is what opens a port and nothing at all confines but its user (low, or
    information behind a firewall). What every system needs, and an SSH server, is left in peace; telnet and rsh are
    not, which need not run at all.
    """
    for service in services.services:
        lacking = tuple(row for row in ROWS if row.measure not in service.measures)
        if service.is_confinable and _is_open(service, lacking):
            yield _finding(Case(service, services, policy, closings), lacking)
    if services.unread:
        raise Unavailable("; ".join(services.unread[:5]))


def _is_open(service: Service, lacking: tuple[Row, ...]) -> bool:
    all_powerful = service.is_root is not False and Measure.CAPABILITIES not in service.measures
    if service.manager not in ABLE:
        is_bare = service.measures.isdisjoint(frozenset(SANDBOX) - UNPRIVILEGED)
        return all_powerful or (bool(service.opened) and is_bare)
    return all_powerful or len(lacking) >= ENOUGH


def _finding(case: Case, lacking: tuple[Row, ...]) -> Finding:
    service = case.service
    whose = "as root" if service.is_root else f"as {service.user or 'a user that is not known'}"
    missing = "nothing confines it" if len(lacking) == len(ROWS) else "; ".join(row.why for row in lacking)
    return Finding(
        service.name,
        f"{service.name} runs {service.runs} {whose} without a sandbox: {missing}",
        at=service.at,
        remedy=sandboxed(case),
        severity=_severity(service),
        evidence="lacks " + " ".join(row.measure.value for row in lacking),
    )


def _severity(service: Service) -> Severity | None:
    if not service.is_exposed:
        return Severity.INFO
    return None if service.is_root and not service.needs_root else Severity.LOW
