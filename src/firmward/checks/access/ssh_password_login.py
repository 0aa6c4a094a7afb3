"""ssh-password-login"""

from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.declared_logins import all_have_keys
from firmward.facts.dropbear import DropbearServer
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Case, Server, Setting
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Safety, by_changes

SSHD = "etc/ssh/sshd_config"
DROPBEAR = "etc/config/dropbear"


@check(
    title="SSH accepts passwords",
    severity=Severity.HIGH,
    practice="P21",
    cwe=307,
    bad=(
        Example({SSHD: "PasswordAuthentication yes\n"}),
        Example({SSHD: "PasswordAuthentication no\nMatch User support\n  PasswordAuthentication yes\n"}),
        Example({SSHD: "PasswordAuthentication no\nUsePAM yes\n"}),
        Example({DROPBEAR: "config dropbear\n\toption PasswordAuth 'on'\n"}),
    ),
    good=(
        Example({SSHD: "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes\n"}),
        Example({SSHD: "AuthenticationMethods publickey\n"}),
        Example({DROPBEAR: "config dropbear\n\toption PasswordAuth 'off'\n"}),
    ),
)
def ssh_password_login(ssh: RunningSsh, keys: AuthorizedKeys | None | Unknown, policy: Policy | None) -> Findings:
    """Passwords are tried by machines from everywhere, day and night, and one that fits one device fits its model; a
    key cannot be guessed. Keyboard-interactive login through PAM is a password too. What counts is what is in force:
    the defaults where nothing is said, and each Match block that loosens them. A block for some addresses only is
    medium. A server that nothing starts is not judged. It is safe to switch off where the policy names who logs in and
    each has a key in the image, or an authority signs them.
    """
    for server in ssh.openssh:
        seen = set()
        for case in server.cases():
            way = case.password_way
            if way is not None and way not in seen:
                seen.add(way)
                yield _openssh(server, case, way, all_have_keys(policy, keys, case))
    for small in ssh.dropbear:
        if small.passwords and not small.two_factors:
            yield _dropbear(small, all_have_keys(policy, keys))
    ssh.require_all_read()


BREAKS = "who has no key yet cannot log in any more"


def _openssh(server: Server, case: Case, way: Setting, all_have_keys: bool) -> Finding:
    under = f" under {case.condition}" if case.condition else ""
    changes = tuple(
        server.change(case.get(keyword), "no", case)
        for keyword in ("passwordauthentication", "kbdinteractiveauthentication")
        if case.get(keyword).is_on
    )
    return Finding(
        f"{server.name}{under}",
        f"{server.name} takes passwords{under} ({way})",
        at=way.at or Location(server.path),
        remedy=by_changes("Take keys only", _safety(all_have_keys), changes, BREAKS),
        severity=Severity.MEDIUM if case.condition and "Address" in case.condition else None,
        evidence=str(way),
    )


def _safety(all_have_keys: bool) -> Safety:
    return Safety.SAFE if all_have_keys else Safety.UNSAFE


def _dropbear(server: DropbearServer, all_have_keys: bool) -> Finding:
    changes = server.change("PasswordAuth", "off", "-s")
    return Finding(
        server.name,
        f"{server.name} takes passwords",
        at=server.at,
        remedy=by_changes("Take keys only: start dropbear with -s", _safety(all_have_keys), changes, BREAKS),
    )
