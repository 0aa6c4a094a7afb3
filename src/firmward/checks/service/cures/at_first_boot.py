"""What every copy of the image shares, left out and made by each device at its first boot.

Safe where the image has the program that makes it, an init whose way of starting is known, and storage that lasts: then
what needs it finds it. Where one of these is missing it is only left out, and what needs it does not work before
somebody puts it there. The key of a server that the policy does not let be is left out for good.
"""

from dataclasses import dataclass

from firmward.facts import storage
from firmward.facts.declared_services import is_undeclared
from firmward.facts.init import Init, Program
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.writable import Writable
from firmward.model.facts import Unknown
from firmward.model.policy import Policy
from firmward.model.remedy import Change, MakeAtFirstBoot, Remedy, Remove, Safety, Stage

MAKERS = {"ssh-host-key": "ssh-keygen", "dropbear-host-key": "dropbearkey", "tls-key": "openssl", "machine-id": ""}
"""The program by the kind of secret; a machine id is made from the kernel's random numbers."""
SERVERS = {
    "ssh-host-key": frozenset(("sshd", "ssh", "openssh", "openssh-server")),
    "dropbear-host-key": frozenset(("dropbear",)),
}
"""By the kind of secret whose it is, as a policy may name it."""
SSH = 22
STARTERS = (Program.SYSTEMD, Program.BUSYBOX, Program.SYSVINIT, Program.PROCD, Program.OPENRC)


@dataclass(frozen=True, slots=True)
class Device:
    """What of the image and the policy decides whether something can be made at the first boot."""

    programs: InstalledPrograms | Unknown | None
    init: Init | Unknown | None
    writable: Writable | Unknown | None
    policy: Policy | None

    def lacks(self, secret: str, path: str) -> str | None:
        """In words, what is missing to make it; None where nothing is."""
        is_systemd = isinstance(self.init, Init) and self.init.program is Program.SYSTEMD
        if secret == "machine-id" and is_systemd:  # noqa: S105 - a kind of secret; systemd makes it by itself, in memory too
            return None
        maker = MAKERS[secret]
        names = {one.name for one in self.programs.programs} if isinstance(self.programs, InstalledPrograms) else set()
        if maker and maker not in names:
            return f"{maker} is not in the image"
        if not isinstance(self.init, Init) or self.init.program not in STARTERS:
            return "how this init starts something at boot is not known"
        if not isinstance(self.writable, Writable):
            return "what is writable is not known"
        if storage.of_device(self.policy, self.writable) is None and not self.keeps(path):
            return "there is no storage that lasts ([filesystem] writable in device.toml)"
        return None

    def serves(self, secret: str) -> bool:
        """Whether the policy lets the server be whose key this is; without a word on services it may be."""
        listens = self.policy.listen if self.policy is not None else ()
        # a socket that is given to a server by name is not another one's
        unnamed = [(one.protocol, one.port) for one in listens if one.service is None and one.port == SSH]
        return not is_undeclared(self.policy, SERVERS[secret], unnamed)

    def keeps(self, path: str) -> bool:
        return isinstance(self.writable, Writable) and storage.keeps(path, self.policy, self.writable)


def is_host_key_of_dropbear(path: str) -> bool:
    return "dropbear" in path


def host_key(path: str, device: Device, summary: str) -> Remedy:
    secret = "dropbear-host-key" if is_host_key_of_dropbear(path) else "ssh-host-key"
    if not device.serves(secret):
        return Remedy(f"{summary}; no server that is declared has it", Safety.SAFE, Stage.IMAGE, (Remove(path),))
    return _made(MakeAtFirstBoot(secret, path), device, summary, "")


def tls_key(path: str, certificate: str | None, device: Device, summary: str) -> Remedy:
    breaks = "who knows the certificate of the image, and not its authority, has to be told each device's own"
    return _made(MakeAtFirstBoot("tls-key", path, certificate), device, summary, breaks)


def machine_id(path: str, device: Device, summary: str) -> Remedy:
    return _made(MakeAtFirstBoot("machine-id", path), device, summary, "")


def _made(change: MakeAtFirstBoot, device: Device, summary: str, breaks: str) -> Remedy:
    lacking = device.lacks(change.secret, change.path)
    if lacking is None:
        safety = Safety.UNSAFE if breaks else Safety.SAFE
        return Remedy(summary, safety, Stage.IMAGE, (change,), breaks)
    left: tuple[Change, ...] = (Remove(change.path),)
    return Remedy(
        summary,
        Safety.UNSAFE,
        Stage.IMAGE,
        left,
        f"what needs /{change.path} does not work before each device has its own: {lacking}",
    )
