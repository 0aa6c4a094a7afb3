"""data-unencrypted"""

from firmward.facts.encryption import MAPPED, Encryption
from firmward.facts.mounts import Mount, Mounts
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

DATA = frozenset((
    "/data", "/var", "/var/lib", "/home", "/overlay", "/mnt/data", "/userdata", "/persist", "/persistent", "/srv",
    "/config", "/mnt/config", "/cfg", "/mnt/mtd", "/usr/local", "/opt/data", "/mnt/userdata", "/mnt/persist",
    "/mnt/overlay", "/var/log",
))  # fmt: skip
ENCRYPTED_TYPES = frozenset(("ecryptfs", "fuse.gocryptfs", "fuse.encfs", "encfs", "gocryptfs"))
BY_CONTENT = ("UUID=", "LABEL=", "/dev/disk/by-uuid/", "/dev/disk/by-label/", "/dev/disk/by-id/", "$")
INIT = "::sysinit:/bin/mount -a\n"
REMEDY = Remedy(
    "Put the file system on dm-crypt, or its folders under fscrypt, with a key that the TPM, the processor's own key "
    "or OP-TEE holds",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="Data are stored without encryption",
    severity=Severity.HIGH,
    practice="P14",
    cwe=311,
    bad=(
        Example({"etc/fstab": "/dev/mmcblk0p4 /data ext4 nosuid,nodev,noexec 0 2\n", "etc/inittab": INIT}),
        Example({"etc/inittab": "::sysinit:/bin/mount -t ubifs ubi0:data /mnt/data\n"}),
        Example(
            {"etc/fstab": "LABEL=records /opt/records ext4 defaults 0 2\n"},
            policy='[filesystem]\nencrypted = ["/opt/records"]\n',
        ),
        Example(
            {
                "etc/fstab": "/dev/mmcblk0p4 /data ext4 defaults 0 2\n/dev/mapper/swap none swap sw 0 0\n",
                "etc/crypttab": "swap /dev/mmcblk0p5 /dev/urandom swap\n",
            }
        ),
    ),
    good=(
        Example(
            {
                "etc/fstab": "/dev/mapper/data /data ext4 nosuid,nodev,noexec 0 2\n",
                "etc/crypttab": "data /dev/mmcblk0p4 none tpm2-device=auto\n",
            }
        ),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
                "etc/init.d/rcS": executable(
                    "#!/bin/sh\ncaam-keygen import /etc/data.blob\n"
                    "dmsetup create data --table '0 2048 crypt aes-xts-plain64 :64:logon:data: 0 /dev/mmcblk0p4 0'\n"
                    "mount /dev/mapper/data /data\n"
                ),
            }
        ),
        Example(
            {
                "etc/fstab": "/dev/mmcblk0p4 /data ext4 defaults 0 2\n",
                "etc/inittab": INIT + "::sysinit:/usr/bin/fscryptctl set_policy 0123456789abcdef /data/private\n",
            }
        ),
        Example(
            {
                "etc/fstab": "/dev/mmcblk0p4 /data squashfs ro 0 0\ntmpfs /var tmpfs nosuid 0 0\n"
                "/home /home ecryptfs rw 0 0\n"
            }
        ),
    ),
)
def data_unencrypted(mounts: Mounts, encryption: Encryption | None, policy: Policy | None) -> Findings:
    """Whoever takes the device apart, buys it used or finds it in the waste reads the flash: recordings, passwords of
    the owner's network, tokens for the maker's server. It is told of each writable file system for data that lies on
    a plain medium. The policy's [filesystem].encrypted adds what must be encrypted beside the usual places.
    """
    known = encryption if encryption is not None else Encryption(())
    declared = policy.filesystem.encrypted if policy is not None and policy.filesystem is not None else ()
    unsure = [*mounts.unread, *known.unread]
    judged = {mount.target: mount for mount in mounts.mounts if mount.target in DATA and _holds_data(mount)}
    for path in declared:
        mount = mounts.covering(path)
        if mount is not None and mount.target == "/" and path.strip("/"):
            mount = None if not _holds_data(mount) else mount
        if mount is None:
            unsure.append(f"nothing here says on which medium {path} lies")
        elif _holds_data(mount):
            judged[mount.target] = mount
    for mount in judged.values():
        state = _is_encrypted(mount, known)
        if state is None:
            unsure.append(f"{mount.at}: whether {mount.source} is encrypted is not known here")
        elif not state:
            yield _finding(mount)
    if unsure:
        raise Unavailable("; ".join(unsure[:5]))
    if not judged:
        raise NotApplicable("no file system of its own for data is mounted here")


def _holds_data(mount: Mount) -> bool:
    return mount.is_stored and mount.is_writable and mount.type != "overlay"


def _is_encrypted(mount: Mount, encryption: Encryption) -> bool | None:
    """None where it cannot be told."""
    if mount.type in ENCRYPTED_TYPES or any(_lies_on(folder, mount) for folder in encryption.folders):
        return True
    if mount.source.startswith(MAPPED):
        return True if mount.source.removeprefix(MAPPED) in encryption.names else None
    if mount.source.startswith("/dev/dm-") or "$" in mount.source or not mount.source:
        return None
    if mount.source.startswith(BY_CONTENT):
        return None if _may_mean(encryption) else False
    return False


def _may_mean(encryption: Encryption) -> bool:
    """Whether a label or a number may be that of an opened device; swap with a key of the moment is none."""
    return any(mapping.key not in ("/dev/urandom", "/dev/random") for mapping in encryption.mappings)


def _lies_on(folder: str, mount: Mount) -> bool:
    return folder == mount.target or folder.startswith(mount.target.rstrip("/") + "/")


def _finding(mount: Mount) -> Finding:
    medium = mount.source or "its medium"
    return Finding(
        mount.target,
        f"{mount.target} is mounted from {medium} as it is: whoever holds the medium reads it",
        at=mount.at,
        remedy=REMEDY,
        evidence=f"{mount.source} {mount.target} {mount.type}",
    )
