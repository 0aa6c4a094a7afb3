"""ssh-host-key-baked-in"""

from firmward.checks.service.cures import at_first_boot
from firmward.facts.host_keys import HostKeys
from firmward.facts.init import Init
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.writable import Writable
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import link
from firmward.model.policy import Policy

SUMMARY = "Leave it out and make the key at first boot, on storage that lasts (ssh-keygen -A, dropbear -R)"
SSHD = "etc/ssh/sshd_config"
KEY = "etc/ssh/ssh_host_ed25519_key"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
DROPBEAR_KEY = b"\0\0\0\x0bssh-ed25519\0\0\0\x40" + bytes(64)


@check(
    title="SSH host key in the image",
    severity=Severity.CRITICAL,
    practice="P21 P44",
    cwe=321,
    bad=(
        Example({SSHD: "", KEY: PRIVATE}),
        Example({"etc/config/dropbear": "config dropbear\n", "etc/dropbear/dropbear_ed25519_host_key": DROPBEAR_KEY}),
    ),
    good=(
        Example({SSHD: "", f"{KEY}.pub": "ssh-ed25519 AAAA host\n"}),
        Example({SSHD: "", KEY: link("/data/ssh/ssh_host_ed25519_key")}),
        Example({SSHD: "", "etc/dropbear": link("/var/lib/dropbear")}),
    ),
)
def ssh_host_key_baked_in(
    host_keys: HostKeys,
    ssh: RunningSsh | None | Unknown,
    source: Source,
    programs: InstalledPrograms | Unknown | None,
    init: Init | Unknown | None,
    writable: Writable | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """The host key is how a person knows that it is the device that answers. When it lies in the image, every device of
    the model has the same, and whoever has bought one or has the update file can stand in for all the others and read
    the passwords typed into them. A file with the public part alone is harmless. It is medium where no SSH server
    starts.
    """
    if source is not Source.IMAGE:
        raise NotApplicable("a running device may have keys of its own; the image tells which are not")
    device = at_first_boot.Device(programs, init, writable, policy)
    for key in host_keys.keys:
        shown = f" ({key.fingerprint})" if key.fingerprint is not None else ""
        yield Finding(
            key.at.path or "host key",
            f"every device has this {key.algorithm} host key{shown}",
            at=key.at,
            remedy=at_first_boot.host_key(key.at.path or "", device, SUMMARY),
            severity=Severity.MEDIUM if ssh is None else None,
        )
    if host_keys.unread:
        raise Unavailable("; ".join(host_keys.unread))
