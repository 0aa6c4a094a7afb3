"""mac-profile-missing"""

from collections.abc import Iterable, Iterator

from firmward.checks.service.confining import apparmor as apparmor_profiles
from firmward.checks.service.confining.apparmor import by_hand
from firmward.facts.apparmor import Apparmor
from firmward.facts.network_services import NetworkService, NetworkServices
from firmward.facts.selinux import Selinux
from firmward.facts.smack import Smack
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy

UNITS = "usr/lib/systemd/system"
LOADED: dict[str, Content] = {
    f"{UNITS}/default.target": "[Unit]\nWants=apparmor.service web.service\n",
    f"{UNITS}/apparmor.service": "[Service]\nExecStart=/lib/apparmor/apparmor.systemd reload\n",
    f"{UNITS}/web.service": "[Service]\nExecStart=/usr/sbin/thttpd -D\n",
}
OTHER = "profile other /usr/bin/other {\n}\n"
OWN = "/{,usr/}{,s}bin/thttpd {\n  network inet stream,\n}\n"
SELINUX: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/thttpd -D\n",
    "etc/selinux/config": "SELINUX=enforcing\n",
    "etc/selinux/targeted/policy/policy.33": b"\x8c\xff\x7c\xf9",
}
CONTEXTS = "etc/selinux/targeted/contexts/files/file_contexts"
SHELLS = frozenset(("sshd", "dropbear"))
"""Who logs in by them must be able to do what the account may; few systems have a profile for them."""


@check(
    title="No mandatory access control for a service on the network",
    severity=Severity.MEDIUM,
    practice="P24",
    cwe=653,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/thttpd -D\n"}),
        Example({**LOADED, "etc/apparmor.d/usr.bin.other": OTHER}),
        Example({**SELINUX, CONTEXTS: "/usr/sbin/sshd\t--\tsystem_u:object_r:sshd_exec_t:s0\n"}),
    ),
    good=(
        Example({**LOADED, "etc/apparmor.d/usr.sbin.thttpd": OWN}),
        Example({**SELINUX, CONTEXTS: "/usr/sbin/thttpd\t--\tsystem_u:object_r:httpd_exec_t:s0\n"}),
    ),
)
def mac_profile_missing(
    services: NetworkServices,
    apparmor: Apparmor | None | Unknown,
    selinux: Selinux | None | Unknown,
    smack: Smack | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Who takes over a service that others reach has all that its account may, and the kernel's whole interface. A
    profile (AppArmor), a domain (SELinux) or a label (Smack) keeps it to what the service needs. A system without any
    of them is told once. Services that log people in, run as an account of their own or are fenced in by systemd
    are low.
    """
    if not services.services and not services.unread:
        raise NotApplicable("no service here is reached from the network")
    lost = [family.reason for family in (apparmor, selinux, smack) if isinstance(family, Unknown)]
    if isinstance(selinux, Selinux) and selinux.is_used:
        yield from _by_selinux(services.services, selinux)
        lost += selinux.unread
    elif isinstance(apparmor, Apparmor) and apparmor.is_used:
        yield from _by_apparmor(services.services, apparmor, policy)
        lost += apparmor.unread
    elif isinstance(smack, Smack):
        yield from (
            _finding(one, "no label of its own", by_hand(one.program))
            for one in services.services
            if one.name not in smack.labelled
        )
    elif not lost and services.services:
        known = apparmor if isinstance(apparmor, Apparmor) else None
        yield _none(services.services, apparmor_profiles.remedy(services.services, known, policy))
    if lost or services.unread:
        raise Unavailable("; ".join([*lost, *services.unread][:5]))


def _by_apparmor(services: Iterable[NetworkService], apparmor: Apparmor, policy: Policy | None) -> Iterator[Finding]:
    for service in services:
        profile = apparmor.of(service.name, service.program)
        if profile is None:
            disabled = any(one.disabled and any(map(one.takes, service.paths())) for one in apparmor.profiles)
            known = "its AppArmor profile is disabled" if disabled else "no AppArmor profile is for it"
            if not apparmor.unread:
                yield _finding(service, known, apparmor_profiles.remedy((service,), apparmor, policy))
        elif not profile.confines:
            yield _finding(service, f"the profile {profile.name} holds nothing back", by_hand(service.program))


def _by_selinux(services: Iterable[NetworkService], selinux: Selinux) -> Iterator[Finding]:
    if selinux.programs is None:
        raise Unavailable("SELinux's file_contexts cannot be read, so that the domains of the services are not known")
    for service in services:
        if service.program not in selinux.programs and not _by_shape(service.program, selinux.programs):
            yield _finding(
                service,
                "SELinux has no type for its program, and it runs in the domain of who starts it",
                by_hand(service.program),
            )


def _by_shape(program: str, names: frozenset[str]) -> bool:
    """file_contexts leaves versions open: `php-fpm.*` is for php-fpm8.2 too."""
    return any(len(name) > 3 and program.startswith(name) for name in names)


def _finding(service: NetworkService, why: str, remedy: Remedy) -> Finding:
    return Finding(
        service.name if service.name else service.program,
        f"{service.runs} is reached from the network and not confined: {why}",
        at=service.at,
        remedy=remedy,
        severity=Severity.LOW if _is_lesser(service) else Severity.MEDIUM,
    )


def _is_lesser(service: NetworkService) -> bool:
    unit = service.unit
    fenced = unit is not None and unit.get("Service", "SystemCallFilter") is not None
    return service.program in SHELLS or not service.is_root or fenced


def _none(services: tuple[NetworkService, ...], remedy: Remedy) -> Finding:
    """Told as low: which one a small system can have, its kernel and its distribution decide (kernel-lsm-missing)."""
    names = list(dict.fromkeys(service.runs for service in services))
    listed = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return Finding(
        "none",
        f"no mandatory access control is set up for what is reached from the network: {listed}",
        at=services[0].at,
        remedy=remedy,
        severity=Severity.LOW,
    )
