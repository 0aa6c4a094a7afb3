"""ssh-root-login"""

from firmward.facts.accounts import Accounts
from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.declared_logins import root_is_not_needed
from firmward.facts.dropbear import DropbearServer
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Case, Server
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Safety, by_changes

SSHD = "etc/ssh/sshd_config"
DROPBEAR = "etc/config/dropbear"


@check(
    title="Root can log in by SSH",
    severity=Severity.HIGH,
    practice="P21",
    cwe=250,
    bad=(
        Example({SSHD: "PermitRootLogin yes\n"}),
        Example({SSHD: "PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n"}),
        Example({DROPBEAR: "config dropbear\n\toption PasswordAuth 'on'\n"}),
    ),
    good=(
        Example({SSHD: "PermitRootLogin no\n"}),
        Example({SSHD: "PermitRootLogin yes\nAllowUsers operator\n"}),
        Example({DROPBEAR: "config dropbear\n\toption RootLogin '0'\n"}),
    ),
)
def ssh_root_login(
    ssh: RunningSsh,
    accounts: Accounts | None | Unknown,
    keys: AuthorizedKeys | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Every device has root, so an attacker need not guess the name, and whoever gets in owns the device without a
    trace of who it was. High where root's password opens it; medium where only a key does and such a key, or a place
    that names keys, is in the image; low where a key could be added later. A key that may run one command only (forced-
    commands-only) is no login. AllowUsers and its like, and Match blocks for root, count. It is safe to forbid where
    the policy names who logs in, root is not among them, and each has a key or a password in the image.
    """
    groups = _groups(accounts)
    has_key = isinstance(keys, AuthorizedKeys) and bool(keys.of("root"))
    root = accounts.get("root") if isinstance(accounts, Accounts) else None
    is_locked = root is not None and not root.has_usable_password
    for server in ssh.openssh:
        seen = set()
        for case in server.cases("root", groups):
            setting = case.get("permitrootlogin")
            if setting.value in ("yes", "prohibit-password") and case.admits("root", groups) and setting not in seen:
                seen.add(setting)
                takes = case.password_way is not None
                safety = _safety(root_is_not_needed(policy, accounts, keys, takes, case))
                yield _openssh(server, case, has_key, is_locked, safety)
    for small in ssh.dropbear:
        if small.root and not small.forced_command:
            safety = _safety(root_is_not_needed(policy, accounts, keys, small.passwords))
            yield _dropbear(small, has_key, is_locked, safety)
    ssh.require_all_read()


def _safety(is_spared: bool) -> Safety:
    return Safety.SAFE if is_spared else Safety.UNSAFE


BREAKS = "who logs in as root, by hand or by a script of the maker's, is kept out"


def _groups(accounts: Accounts | None | Unknown) -> tuple[str, ...]:
    root = accounts.get("root") if isinstance(accounts, Accounts) else None
    return root.groups if root is not None and root.groups else ("root",)


def _openssh(server: Server, case: Case, has_key: bool, is_locked: bool, safety: Safety) -> Finding:
    setting = case.get("permitrootlogin")
    by_password = setting.value == "yes" and case.password_way is not None
    named = any(case.get(keyword).is_on for keyword in ("trustedusercakeys", "authorizedkeyscommand"))
    under = f" under {case.condition}" if case.condition else ""
    way = "a password" if by_password else "a key"
    return Finding(
        f"{server.name}{under}",
        f"{server.name} lets root in with {way}{under} ({setting})",
        at=setting.at or Location(server.path),
        remedy=by_changes(
            "Let people in under their own names and forbid root's",
            safety,
            (server.change(setting, "no", case),),
            BREAKS,
        ),
        severity=_severity(by_password and not is_locked, has_key or named),
        evidence=str(setting),
    )


def _dropbear(server: DropbearServer, has_key: bool, is_locked: bool, safety: Safety) -> Finding:
    by_password = server.root_password and server.passwords and not server.two_factors
    changes = server.change("RootLogin", "off", "-w")
    way = "a password" if by_password else "a key"
    return Finding(
        server.name,
        f"{server.name} lets root in with {way}",
        at=server.at,
        remedy=by_changes("Let people in under their own names: start dropbear with -w", safety, changes, BREAKS),
        severity=_severity(by_password and not is_locked, has_key),
    )


def _severity(by_password: bool, has_key: bool) -> Severity:
    if by_password:
        return Severity.HIGH
    return Severity.MEDIUM if has_key else Severity.LOW
