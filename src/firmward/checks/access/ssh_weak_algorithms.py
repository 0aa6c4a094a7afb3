"""ssh-weak-algorithms"""

from collections.abc import Iterable

from firmward.facts.dropbear import DropbearServer, WeakName
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Server, WeakAlgorithm
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable
from firmward.model.remedy import Remedy, Safety, Stage

SSHD = "etc/ssh/sshd_config"
DROPBEAR = "usr/sbin/dropbear"


@check(
    title="SSH offers weak algorithms",
    severity=Severity.MEDIUM,
    practice="P21",
    cwe=327,
    bad=(
        Example({SSHD: "Ciphers aes256-ctr,3des-cbc\n"}),
        Example({SSHD: "KexAlgorithms +diffie-hellman-group1-sha1\n"}),
        Example({"usr/sbin/sshd": executable(b"\0OpenSSH_6.6p1\0"), SSHD: "PermitRootLogin no\n"}),
        Example({DROPBEAR: executable(b"\0SSH-2.0-dropbear_2016.74\r\n\0" + b"3des-cbc\0hmac-md5\0")}),
    ),
    good=(
        Example({SSHD: "Ciphers aes256-gcm@openssh.com\n"}),
        Example({"usr/sbin/sshd": executable(b"\0OpenSSH_9.2p1\0"), SSHD: "PermitRootLogin no\n"}),
        Example({DROPBEAR: executable(b"\0SSH-2.0-dropbear_2025.88\r\n\0aes256-ctr\0")}),
    ),
)
def ssh_weak_algorithms(ssh: RunningSsh) -> Findings:
    """Whoever sits between a client and the device can push both to the weakest algorithm they share, and then read or
    change what an administrator does. What counts is what the server offers: its configuration, or the defaults of its
    version, or for Dropbear what was built in. Algorithms that merely rest on SHA-1 are low.
    """
    for server in ssh.openssh:
        weak = server.general.weak_algorithms()
        for keyword in dict.fromkeys(found.setting.keyword for found in weak):
            yield _openssh(server, [found for found in weak if found.setting.keyword == keyword])
    if ssh.weak_dropbear:
        for small in ssh.dropbear:
            yield _dropbear(small, ssh.weak_dropbear)
    ssh.require_all_read()
    if ssh.dropbear and ssh.weak_dropbear is None:
        raise Unavailable("dropbear's program is not in the image or cannot be read")


def _openssh(server: Server, weak: list[WeakAlgorithm]) -> Finding:
    setting = weak[0].setting
    kept = server.general.strong(setting.keyword)
    name = str(setting).partition(" ")[0]
    source = "" if setting.at is not None else ", by default"
    change = (server.change(setting, ",".join(kept)),) if kept else ()
    return Finding(
        f"{server.name} {name}",
        f"{server.name} offers {_listed(weak)} ({name}{source})",
        at=setting.at or Location(server.path),
        remedy=Remedy(
            "Offer the strong ones only",
            Safety.UNSAFE if change else Safety.MANUAL,
            Stage.IMAGE,
            change,
            breaks="a client so old that it knows none of the strong algorithms connects no more",
        ),
        severity=_severity(weak),
    )


def _dropbear(server: DropbearServer, weak: tuple[WeakName, ...]) -> Finding:
    return Finding(
        server.name,
        f"{server.name} was built with {_listed(weak)}",
        at=server.at,
        remedy=Remedy("Build a present Dropbear without them (localoptions.h)", Safety.MANUAL, Stage.SOURCE),
        severity=_severity(weak),
    )


def _listed(weak: Iterable[WeakAlgorithm | WeakName]) -> str:
    return ", ".join(f"{found.name} ({found.why})" for found in weak)


def _severity(weak: Iterable[WeakAlgorithm | WeakName]) -> Severity | None:
    return None if any(found.is_broken for found in weak) else Severity.LOW
