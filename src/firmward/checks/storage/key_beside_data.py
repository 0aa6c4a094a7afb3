"""key-beside-data"""

from firmward.facts.disk_keys import DiskKey, DiskKeys
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

INIT = "::sysinit:/etc/init.d/rcS\n"
REMEDY = Remedy(
    "Seal the key in the TPM, or wrap it with the processor's own key (CAAM, OP-TEE), and take it out of the image",
    Safety.MANUAL,
    Stage.SOURCE,
)


def booting(*lines: str, **files: Content) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {"etc/inittab": INIT, "etc/init.d/rcS": script, **files}


TABLE = "data /dev/mmcblk0p4 /etc/data.key luks\n"
WORD = "Camera" + "-2024"


@check(
    title="The key of encrypted data lies beside them",
    severity=Severity.CRITICAL,
    practice="P14",
    cwe=321,
    bad=(
        Example({"etc/crypttab": TABLE, "etc/data.key": "0123456789abcdef"}),
        Example({"etc/crypttab": "data /dev/mmcblk0p4 none luks\n", "etc/cryptsetup-keys.d/data.key": "0123456789"}),
        Example(booting(f"PASS={WORD}", 'echo -n "$PASS" | cryptsetup luksOpen /dev/mmcblk0p4 data')),
        Example(
            booting("cryptsetup open /dev/mmcblk0p4 data --key-file=/usr/share/key.bin", **{"usr/share/key.bin": "01"})
        ),
        Example(booting("cat /etc/pass | cryptsetup luksOpen /dev/mmcblk0p4 data -", **{"etc/pass": "01"})),
        Example(booting(f"openssl enc -d -aes-256-cbc -pass pass:{WORD} -in /data/cfg.enc -out /tmp/cfg")),
        Example(
            {"etc/fstab": f"/data /data ecryptfs key=passphrase:passphrase_passwd={WORD},ecryptfs_cipher=aes 0 0\n"}
        ),
    ),
    good=(
        Example({"etc/crypttab": "data /dev/mmcblk0p4 none tpm2-device=auto\n"}),
        Example({"etc/crypttab": "swap /dev/mmcblk0p5 /dev/urandom swap\n#" + TABLE, "etc/data.key": "old"}),
        Example(booting("tpm2_unseal -c 0x81000001 | cryptsetup open /dev/mmcblk0p4 data --key-file -")),
        Example(
            {
                "etc/crypttab": f"root /dev/mmcblk0p2 none tpm2-device=auto\n{TABLE}",
                "etc/data.key": "0123456789abcdef",
                "etc/fstab": "/dev/mapper/root / ext4 ro 0 1\n/dev/mapper/data /data ext4 nosuid 0 2\n",
            }
        ),
        Example(
            {
                "etc/crypttab": "data /dev/mmcblk0p4 /etc/data.blob tpm2-device=auto\n",
                "etc/data.blob": b"\x00\x01sealed",
            }
        ),
    ),
)
def key_beside_data(keys: DiskKeys, policy: Policy | None) -> Findings:
    """Encryption whose key lies in the same flash keeps nobody out: whoever reads the data reads the key first, and one
    that is in the image is the same in every device. It must come from hardware that gives it to this device's own
    verified system alone. A key file on an encrypted root file system is no finding.
    """
    declared = policy.filesystem.encrypted if policy is not None and policy.filesystem is not None else ()
    is_declared = keys.root_encrypted is None and "/" in declared
    told = set()
    for key in keys.keys:
        inside = key.path is not None and (keys.root_encrypted or is_declared)
        name = key.path or key.opens
        if not inside and name not in told:
            told.add(name)
            yield _finding(name, key)
    if keys.unread:
        raise Unavailable("; ".join(keys.unread[:5]))
    if not keys.used:
        raise NotApplicable("nothing here is encrypted")


def _finding(name: str, key: DiskKey) -> Finding:
    return Finding(name, f"{key.opens}: {key.how}, on the same medium", at=key.at, remedy=REMEDY)
