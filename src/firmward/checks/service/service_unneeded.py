"""service-unneeded"""

from firmward.checks.service.cures.stopping import stopped
from firmward.checks.service.service_runs_as_root import ELF, unit
from firmward.facts.closings import Closing, Closings
from firmward.facts.containers import Container, Containers
from firmward.facts.services import LinkedScript, Manager, Service, Services, Start
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import DisableService, Remedy, Remove, Safety, Stage

APP = '[[service]]\nname = "app"\n'
CONTAINERS = '{"apps": {"1": {"services": {"panel": {"image": "panel@sha256:0"}}}}}'
CAMERA, PANEL = '[[service]]\nname = "camera"\n', '[[service]]\nname = "panel"\n'
DATA: dict[str, Content] = {
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/bin/app\n",
    "etc/init.d/rcS": executable("#!/bin/sh\nfor script in /etc/init.d/S??*; do $script start; done\n"),
    "etc/init.d/S65voip": link("/data/voip/start"),
    "etc/fstab": "/dev/mmcblk0p4 /data ext4 rw 0 2\n",
    "usr/bin/app": ELF,
}
TABLE = "::respawn:/sbin/syslogd -n\n::respawn:/usr/bin/app\n"


@check(
    title="A service starts that the policy does not name",
    severity=Severity.MEDIUM,
    practice="P20",
    cwe=1125,
    bad=(
        Example({"etc/inittab": f"{TABLE}::respawn:/usr/sbin/crond -f\n", "usr/bin/app": ELF}, APP),
        Example(unit("User=camera"), APP),
        Example({**unit("User=camera"), "mnt/data/apps.json": CONTAINERS}, CAMERA),
        Example(DATA, APP),
    ),
    good=(
        Example({"etc/inittab": TABLE, "usr/bin/app": ELF}, APP),
        Example(unit("User=camera"), CAMERA),
        Example({**unit("User=camera"), "mnt/data/apps.json": CONTAINERS}, CAMERA + PANEL),
        Example(
            {"etc/inittab": f"{TABLE}::respawn:/usr/sbin/dropbear -F\n", "usr/bin/app": ELF},
            f"{APP}[[listen]]\nport = 22\n",
        ),
    ),
)
def service_unneeded(
    services: Services, containers: Containers | Unknown | None, closings: Closings | Unknown | None, policy: Policy
) -> Findings:
    """What nobody decided to have, nobody updates, limits or watches, and it is there for whoever gets in. The policy
    names the services of the product as [[service]], or as the `service` of a [[listen]]; one that opens a declared
    port, or that the update mechanism is named after, counts as named. What every system needs (udev, the system log,
    the message bus, the set-up of network and storage, consoles) is no service in this sense, and neither is what sets
    something up at boot and ends. A script that is started from the data partition is one, whatever it runs. One that
    nobody can reach and that starts on demand is low. A container that balena's supervisor starts is a service by its
    own name; others are named after the unit or script that starts them.
    """
    if not policy.service:
        raise NotApplicable("the policy names no [[service]]")
    named = {_plain(one.name) for one in policy.service} | {_plain(one.service) for one in policy.listen if one.service}
    unneeded = [
        one for one in services.services if not one.is_basic and not named & one.names and not _is_declared(one, policy)
    ]
    for service in unneeded:
        yield _finding(service, unneeded, services, closings, policy)
    for script in services.elsewhere:
        if script.name not in named:
            yield _of_script(script)
    unread = services.unread
    if isinstance(containers, Containers):
        unread = (*unread, *containers.unstarted)
        for container in containers.containers:
            if container.starts and container.name not in named:
                yield _of_container(container)
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _plain(name: str) -> str:
    return name.removesuffix(".service")


def _is_declared(service: Service, policy: Policy) -> bool:
    mechanism = policy.update.mechanism if policy.update is not None else None
    if mechanism is not None and any(name.startswith(mechanism) for name in service.names):
        return True
    return any(policy.allows_listening(one.protocol, one.port) for one in service.opened)


def _finding(
    service: Service,
    unneeded: list[Service],
    services: Services,
    closings: Closings | Unknown | None,
    policy: Policy,
) -> Finding:
    quiet = service.start is Start.ON_DEMAND and not service.is_exposed
    how = "starts on demand" if service.start is Start.ON_DEMAND else "starts at boot"
    return Finding(
        service.name,
        f"{service.name} ({service.runs}) {how} and the policy does not name it",
        at=service.at,
        remedy=_remedy(service, unneeded, services, closings, policy),
        severity=Severity.LOW if quiet else None,
    )


def _of_container(container: Container) -> Finding:
    return Finding(
        container.name,
        f"the container {container.name} starts with its release and the policy does not name it",
        at=container.at,
        remedy=Remedy(
            f"Take {container.name} out of the release, or name it as [[service]] in device.toml",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )


def _of_script(script: LinkedScript) -> Finding:
    summary = f"Take /{script.path} out, or name {script.name} as [[service]] in device.toml"
    return Finding(
        script.name,
        f"{script.name} (/{script.leads}, which is not in the image) starts at boot and the policy does not name it",
        at=Location(script.path),
        remedy=Remedy(summary, Safety.SAFE, Stage.IMAGE, (Remove(script.path),)),
    )


def _remedy(
    service: Service,
    unneeded: list[Service],
    services: Services,
    closings: Closings | Unknown | None,
    policy: Policy,
) -> Remedy:
    """A unit or script goes as a whole when nothing that it starts is needed; else the line that starts this."""
    summary = f"Stop starting {service.name}, or name it as [[service]] in device.toml"
    breaks = f"who uses {service.runs} finds it gone"
    alike = [one for one in services.services if (one.manager, one.unit) == (service.manager, service.unit)]
    found: tuple[Closing, ...] = ()
    if service.manager not in (Manager.SCRIPT, Manager.INITTAB) and all(one in unneeded for one in alike):
        whole = DisableService(service.manager.value, service.unit)
        needed = closings.needed(service.manager, service.unit) if isinstance(closings, Closings) else ()
        found = (Closing(service.manager, service.unit, service.program, service.at, whole, needed),)
        if needed and service.manager is Manager.OPENRC:
            found = ()
    elif isinstance(closings, Closings):
        known = closings.at(service.manager, service.unit, service.at)
        found = () if known is None else (known,)
    return stopped(summary, found, policy, service.names, breaks=breaks)
