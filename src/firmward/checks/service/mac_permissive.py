"""mac-permissive"""

from collections.abc import Iterator

from firmward.facts.apparmor import Apparmor, Started
from firmward.facts.network_services import NetworkServices
from firmward.facts.selinux import Selinux
from firmward.facts.startup import Startup
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.remedy import Change, Remedy, Remove, Safety, SetOption, Stage, by_changes

CONFIG = "etc/selinux/config"
FORCED = "etc/apparmor.d/force-complain"
BREAKS = "what the policy forgot to allow, and so far was only logged, fails"
POLICY = {"etc/selinux/targeted/policy/policy.33": b"\x8c\xff\x7c\xf9"}
UNITS = "usr/lib/systemd/system"
WANTS = "[Install]\nWantedBy=multi-user.target\n"
LOADED: dict[str, Content] = {
    f"{UNITS}/default.target": "[Unit]\nWants=apparmor.service app.service\n",
    f"{UNITS}/apparmor.service": "[Service]\nExecStart=/lib/apparmor/apparmor.systemd reload\n",
    f"{UNITS}/app.service": "[Service]\nExecStart=/usr/bin/app\n",
}
ENFORCED = "profile app /usr/bin/app {\n  network inet stream,\n}\n"
SYSV: dict[str, Content] = {
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
    CONFIG: "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    **POLICY,
}


@check(
    title="Mandatory access control only logs",
    severity=Severity.HIGH,
    practice="P24",
    cwe=693,
    bad=(
        Example({CONFIG: "SELINUX=permissive\nSELINUXTYPE=targeted\n", **POLICY}),
        Example({**SYSV, "etc/init.d/rcS": executable("#!/bin/sh\nsetenforce 0\n/usr/bin/app &\n")}),
        Example(
            {**LOADED, "etc/apparmor.d/usr.bin.app": "/usr/bin/app flags=(complain) {\n  capability,\n}\n"}
        ),
        Example(
            {
                **LOADED,
                "etc/apparmor.d/usr.bin.app": ENFORCED,
                "etc/apparmor.d/force-complain/usr.bin.app": link("../usr.bin.app"),
            }
        ),
    ),
    good=(
        Example({CONFIG: "SELINUX=enforcing\nSELINUXTYPE=targeted\n", **POLICY}),
        Example({**SYSV, "etc/init.d/rcS": executable("#!/bin/sh\n/usr/bin/app &\n")}),
        Example({**LOADED, "etc/apparmor.d/usr.bin.app": ENFORCED}),
        Example(
            {
                **LOADED,
                "etc/apparmor.d/usr.bin.app": ENFORCED,
                "etc/apparmor.d/usr.bin.other": "/usr/bin/other flags=(complain) {\n}\n",
            }
        ),
    ),
)  # fmt: skip
def mac_permissive(
    selinux: Selinux | None | Unknown,
    apparmor: Apparmor | None | Unknown,
    services: NetworkServices | None | Unknown,
    startup: Startup | None | Unknown,
) -> Findings:
    """A policy that only logs is for the time when it is written: in a product it stops nobody. The work is done, and
    the last step is missing. SELinux counts where a policy is installed; AppArmor for each program that starts, and
    more where the network reaches it. Which domains a compiled SELinux policy makes permissive is not read.
    """
    unread: list[str] = []
    if isinstance(selinux, Selinux):
        yield from _selinux(selinux, apparmor)
        unread += selinux.unread
    if isinstance(apparmor, Apparmor):
        reachable = services.services if isinstance(services, NetworkServices) else ()
        yield from _apparmor(apparmor, {service.name for service in reachable})
        unread += [*apparmor.unread, *_undecided(apparmor, startup)]
    unread += [family.reason for family in (selinux, apparmor) if isinstance(family, Unknown)]
    if unread:
        raise Unavailable("; ".join(unread[:5]))
    if selinux is None and apparmor is None:
        raise NotApplicable("no SELinux and no AppArmor here: see mac-profile-missing")


def _selinux(selinux: Selinux, apparmor: Apparmor | None | Unknown) -> Iterator[Finding]:
    if selinux.policy is None or (isinstance(apparmor, Apparmor) and apparmor.is_used and selinux.mode != "enforcing"):
        return
    if selinux.mode != "enforcing":
        mode = selinux.mode or "not set"
        yield Finding(
            "selinux",
            f"SELinux is {mode} in {selinux.at.path}, and a policy is installed",
            at=selinux.at,
            remedy=Remedy(
                "Set SELINUX=enforcing, when the log shows no denial of what the product does",
                Safety.UNSAFE,
                Stage.IMAGE,
                (SetOption(CONFIG, "SELINUX", "enforcing"),),
                breaks=BREAKS,
            ),
        )
    elif selinux.relaxed is not None:
        yield Finding(
            "setenforce",
            "SELinux is set to permissive at boot",
            at=selinux.relaxed,
            remedy=Remedy(
                "Leave it enforcing, and allow in the policy what setenforce stood for",
                Safety.UNSAFE,
                Stage.IMAGE,
                (SetOption(selinux.relaxed.path or "", "mode", "1", "command setenforce"),),
                breaks=BREAKS,
            ),
        )


def _apparmor(apparmor: Apparmor, reachable: set[str]) -> Iterator[Finding]:
    if not apparmor.loaded:
        if apparmor.installed:
            yield from _not_loaded(apparmor)
        return
    told = set()
    for one in apparmor.started:
        if one.profile is not None and one.profile.complains and one.profile.name not in told:
            told.add(one.profile.name)
            yield _complains(one, one.service in reachable)


def _undecided(apparmor: Apparmor, startup: Startup | None | Unknown) -> Iterator[str]:
    """What may start a program whose profile only logs, where that could not be read."""
    started = {one.profile.name for one in apparmor.started if one.profile is not None}
    dormant = any(one.complains and not one.disabled and one.name not in started for one in apparmor.profiles)
    if dormant and isinstance(startup, Startup):
        yield from startup.unread_servers


def _not_loaded(apparmor: Apparmor) -> Iterator[Finding]:
    """Profiles come with many packages; they are meant where what loads them is there, and their program starts."""
    meant = [one.profile for one in apparmor.started if one.profile is not None and one.profile.confines]
    if meant:
        names = ", ".join(list(dict.fromkeys(profile.name for profile in meant))[:5])
        yield Finding(
            "apparmor",
            f"nothing loads AppArmor's profiles at boot, among them {names}",
            at=meant[0].at,
            remedy=by_changes(
                "Start AppArmor's service before the services it confines",
                Safety.UNSAFE,
                () if apparmor.starter is None else (apparmor.starter,),
                BREAKS,
            ),
            severity=Severity.MEDIUM,
        )


def _complains(one: Started, is_reachable: bool) -> Finding:
    name = one.profile.name if one.profile is not None else ""
    at = one.profile.at if one.profile is not None else one.at
    changes = tuple(_enforced(one))
    return Finding(
        f"profile {name}",
        f"the AppArmor profile {name} of {one.service} only logs (complain mode)",
        at=at,
        remedy=by_changes(
            f"Enforce the profile with aa-enforce /{at.path}, when the log shows no denial of what the service does",
            Safety.UNSAFE,
            changes,
            BREAKS,
        ),
        severity=Severity.HIGH if is_reachable else Severity.MEDIUM,
    )


def _enforced(one: Started) -> Iterator[Change]:
    """The flag in the profile's head, and the link that forces the mode on its file; a command at boot is left."""
    path = one.profile.at.path if one.profile is not None and not one.profile.commanded else None
    if path is not None and one.profile is not None:
        yield SetOption(path, "complain", "no", one.profile.name)
        yield Remove(f"{FORCED}/{path.rpartition('/')[2]}")
