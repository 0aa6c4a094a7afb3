"""ssh-authorized-key-baked-in"""

from firmward.checks.service.cures.locking import is_undeclared
from firmward.facts.authorized_keys import AuthorizedKey, AuthorizedKeys
from firmward.facts.running_ssh import RunningSsh
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage

TABLE = "root:*:0:0:root:/root:/bin/sh\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@check(
    title="Authorized SSH key in the image",
    severity=Severity.HIGH,
    practice="P21 P44",
    cwe=798,
    bad=(
        Example({"etc/passwd": TABLE, "root/.ssh/authorized_keys": f"{KEY} developer\n"}),
        Example({"etc/dropbear/authorized_keys": f'from="10.0.0.0/8",no-pty {KEY} support\n'}),
    ),
    good={"etc/passwd": TABLE, "root/.ssh/authorized_keys": f"# {KEY} developer\n"},
)
def ssh_authorized_key_baked_in(
    keys: AuthorizedKeys, ssh: RunningSsh | None | Unknown, source: Source, policy: Policy | None
) -> Findings:
    """One private key, on some developer's or maker's computer, opens this account on every device that was ever sold,
    and it cannot be called back. Short-lived certificates of an authority (TrustedUserCAKeys) do the same job and are
    no finding. It is medium for a key that may come from some addresses or run one command only, and low where no SSH
    server starts.
    """
    if source is not Source.IMAGE:
        raise NotApplicable("a running device may have keys of its own; the image tells which are not")
    for key in keys.keys:
        options = f", with {', '.join(key.options)}" if key.options else ""
        yield Finding(
            f"{key.account} {key.fingerprint}",
            f"a {key.algorithm} key opens {key.account} on every device{options}",
            at=key.at,
            remedy=_remedy(key, policy),
            severity=_severity(key, ssh),
            evidence=f"{key.algorithm} {key.fingerprint}",
        )
    if keys.unread:
        raise Unavailable("; ".join(keys.unread))


def _severity(key: AuthorizedKey, ssh: RunningSsh | None | Unknown) -> Severity | None:
    if ssh is None:
        return Severity.LOW
    return Severity.MEDIUM if key.is_confined else None


def _remedy(key: AuthorizedKey, policy: Policy | None) -> Remedy:
    """A table of keys goes as a whole; in a file that says more than keys a person has to look."""
    path = key.at.path or ""
    instead = "let people in with short-lived certificates, or put keys on each device in manufacture"
    if "authorized_keys" not in path:
        return Remedy(f"Take the key out of /{path}; {instead}", Safety.MANUAL, Stage.SOURCE)
    summary = f"Remove the file; {instead}"
    if is_undeclared(key.account, policy):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, (Remove(path),))
    breaks = f"the holder of the key does not get in as {key.account} any more"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (Remove(path),), breaks)
