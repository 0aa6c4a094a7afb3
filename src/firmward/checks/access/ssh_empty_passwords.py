"""ssh-empty-passwords"""

from firmward.facts.dropbear import DropbearServer
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Case, Server
from firmward.model.check import Example, Findings, check
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage

SSHD = "etc/ssh/sshd_config"


@check(
    title="SSH accepts empty passwords",
    severity=Severity.CRITICAL,
    practice="P21",
    cwe=258,
    bad=(
        Example({SSHD: "PermitEmptyPasswords yes\n"}),
        Example({SSHD: "Match User guest\n  PermitEmptyPasswords yes\n"}),
        Example({"etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-B"\n'}),
    ),
    good=(
        Example({SSHD: "PermitEmptyPasswords no\n"}),
        Example({SSHD: "# PermitEmptyPasswords yes\n"}),
        Example({"etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-s"\n'}),
    ),
)
def ssh_empty_passwords(ssh: RunningSsh) -> Findings:
    """Anyone who can reach the device logs in to an account without a password by its name alone, and one such account
    is soon made by a reset or a forgotten test. It is low where no password is taken at all: then the setting waits for
    the day when passwords are switched on.
    """
    for server in ssh.openssh:
        seen = set()
        for case in server.cases():
            setting = case.get("permitemptypasswords")
            if setting.is_on and setting not in seen:
                seen.add(setting)
                yield _openssh(server, case)
    for small in ssh.dropbear:
        if small.empty_passwords:
            yield Finding(
                small.name,
                f"{small.name} takes empty passwords (-B)",
                at=small.at,
                remedy=_without(small),
                severity=None if small.passwords else Severity.LOW,
            )
    ssh.require_all_read()


def _without(server: DropbearServer) -> Remedy:
    """Safe with a policy or without: no account may have an empty password that the network asks for."""
    changes = server.change("", "", "no -B")
    return Remedy("Start dropbear without -B", Safety.SAFE if changes else Safety.MANUAL, Stage.IMAGE, changes)


def _openssh(server: Server, case: Case) -> Finding:
    setting = case.get("permitemptypasswords")
    under = f" under {case.condition}" if case.condition else ""
    return Finding(
        f"{server.name}{under}",
        f"{server.name} takes empty passwords{under}",
        at=setting.at,
        remedy=Remedy("Forbid empty passwords", Safety.SAFE, Stage.IMAGE, (server.change(setting, "no", case),)),
        severity=None if case.password_way is not None else Severity.LOW,
        evidence=str(setting),
    )
