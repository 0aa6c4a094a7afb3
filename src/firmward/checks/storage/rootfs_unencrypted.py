"""rootfs-unencrypted"""

from firmward.facts.encryption import MAPPED, Encryption
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.mounts import Mounts
from firmward.facts.root_mount import RootMount
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
ASKED = '[filesystem]\nencrypted = ["/"]\n'
OPENERS = ("cryptdevice", "rd.luks.uuid", "rd.luks.name", "luks.uuid", "luks.name", "cryptopts", "rd.luks.options")
REMEDY = Remedy(
    "Put the root on dm-crypt with a key that the TPM, the processor's own key or OP-TEE holds",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="The root file system is not encrypted, and should be",
    severity=Severity.MEDIUM,
    practice="P14",
    cwe=311,
    bad=(
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"}, ASKED),
        Example({"etc/fstab": "/dev/mmcblk0p2 / ext4 defaults 0 1\n"}, ASKED),
    ),
    good=(
        Example({EXTLINUX: "LABEL a\n  APPEND cryptdevice=/dev/mmcblk0p2:root root=/dev/mapper/root ro\n"}, ASKED),
        Example(
            {
                "etc/fstab": "/dev/mapper/root / ext4 defaults 0 1\n",
                "etc/crypttab": "root /dev/mmcblk0p2 none tpm2-device=auto\n",
            },
            ASKED,
        ),
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"}, '[filesystem]\nencrypted = ["/data"]\n'),
    ),
)  # fmt: skip
def rootfs_unencrypted(
    root: RootMount | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    encryption: Encryption | None | Unknown,
    mounts: Mounts | None | Unknown,
    policy: Policy,
) -> Findings:
    """A maker whose root holds what others must not read (models, keys of a service, the way a protocol works) declares
    `encrypted = ["/"]`; a root that is mounted from a plain partition is then open to whoever reads the flash. Without
    such a declaration the root is the same public image in every device, and verifying it is what counts.
    """
    if isinstance(root, Unknown) and isinstance(mounts, Unknown):
        raise Unavailable(root.reason)
    declared = policy.filesystem.encrypted if policy.filesystem is not None else ()
    if "/" not in declared:
        return
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    if any(line.has(name) for line in lines for name in OPENERS):
        return
    listed = mounts.at("/") if isinstance(mounts, Mounts) else None
    device = root.device if isinstance(root, RootMount) and root.device else (listed.source if listed else "")
    names = encryption.names if isinstance(encryption, Encryption) else frozenset()
    if device.startswith(MAPPED) and device.removeprefix(MAPPED) in names:
        return
    if not device or device.startswith((MAPPED, "/dev/dm-", "UUID=", "LABEL=", "PARTUUID=")):
        raise Unavailable(f"whether {device or 'the root'} is encrypted is not known here")
    at = root.at if isinstance(root, RootMount) else None
    yield Finding("root", f"the root is mounted from {device} as it is", at=at, remedy=REMEDY, evidence=device)
