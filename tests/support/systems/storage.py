"""Storage: what real systems mount, encrypt and leave open to be written; setuid programs and capabilities."""

import struct

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from systems.debian import BASE, LOCAL, UNITS, enabled
from systems.openwrt import BASE as OPENWRT
from systems.row import System
from systems.shared import ELF, script
from systems.sysv import BASE as SYSV

SETUID = executable(b"\x7fELF\x02\x01\x01", 0o4755)
SETGID = executable(b"\x7fELF\x02\x01\x01", 0o2755)


def folder(mode: int) -> Node:
    return Node(kind=Kind.DIRECTORY, mode=mode)


def capable(low: int, high: int = 0) -> Node:
    """As `setcap cap_…+ep` writes it: revision 2, effective."""
    value = struct.pack("<5I", 0x02000001, low, 0, high, 0)
    return Node(b"\x7fELF\x02\x01\x01", 0o755, xattrs=(("security.capability", value),))


STOCK = dict.fromkeys(
    [
        "usr/bin/chfn",
        "usr/bin/chsh",
        "usr/bin/gpasswd",
        "usr/bin/mount",
        "usr/bin/newgrp",
        "usr/bin/passwd",
        "usr/bin/sudo",
        "usr/bin/umount",
        "usr/lib/openssh/ssh-keysign",
        "usr/lib/polkit-1/polkit-agent-helper-1",
        "usr/bin/fusermount3",
    ],
    SETUID,
) | dict.fromkeys(
    [
        "usr/bin/chage",
        "usr/bin/crontab",
        "usr/bin/expiry",
        "usr/bin/ssh-agent",
        "usr/bin/wall",
        "usr/sbin/unix_chkpwd",
        "usr/lib/x86_64-linux-gnu/utempter/utempter",
    ],
    SETGID,
)
HELPER = {"usr/lib/dbus-1.0/dbus-daemon-launch-helper": executable(b"\x7fELF\x02\x01\x01", 0o4754)}
OPEN_FOLDERS: dict[str, Content] = {
    "tmp": folder(0o1777),
    "var/tmp": folder(0o1777),
    "var/mail": folder(0o2775),
    "run/lock": folder(0o1777),
    "var/spool/cron/crontabs": folder(0o1730),
}
CRYPTSETUP = {"usr/sbin/cryptsetup": ELF}
DEBIAN_FSTAB = (
    "# /etc/fstab: static file system information.\n"
    "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 errors=remount-ro 0 1\n"
    "UUID=F1A2-77C0 /boot/efi vfat umask=0077 0 1\n"
    "/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n"
)


def rc(*lines: str) -> Content:
    return script('case "$1" in', "start)", *lines, "    ;;", "esac")


def started(*lines: str) -> dict[str, Content]:
    return {"etc/init.d/disks": rc(*lines), "etc/rc5.d/S10disks": link("../init.d/disks")}


PLAIN_ROOT = (("rootfs-unverified", "root"), ("rootfs-writable", "root"))
"""What a root on a plain partition that is mounted for writing is, on a stock distribution as elsewhere."""

SYSTEMS = (
    # Debian
    System("debian-stock-setuid-and-sticky-folders", {**BASE, **STOCK, **HELPER, **OPEN_FOLDERS}),
    System("debian-stock-fstab", {**BASE, "etc/fstab": DEBIAN_FSTAB}, PLAIN_ROOT),
    System(
        "debian-home-in-clear",
        {**BASE, "etc/fstab": DEBIAN_FSTAB + "UUID=6b8d6e3f-3ee0-4b41-a1f4-19bbf0d8c9b4 /home ext4 defaults 0 2\n"},
        (("data-unencrypted", "/home"), ("mount-options", "/home"), *PLAIN_ROOT),
    ),
    System(
        "debian-guided-encrypted-home",
        {
            **BASE,
            "etc/fstab": DEBIAN_FSTAB + "/dev/mapper/vda5_crypt /home ext4 nosuid,nodev 0 2\n",
            "etc/crypttab": "vda5_crypt UUID=6b8d6e3f-3ee0-4b41-a1f4-19bbf0d8c9b4 none luks,discard\n",
        },
        PLAIN_ROOT,
    ),
    System(
        "debian-home-on-lvm-of-an-unseen-opener",
        {**BASE, "etc/fstab": DEBIAN_FSTAB + "/dev/mapper/vg-home /home ext4 nosuid,nodev 0 2\n"},
        PLAIN_ROOT,
        unknown=("data-unencrypted",),
    ),
    System(
        "debian-key-file-on-an-encrypted-root",
        {
            **BASE,
            "etc/fstab": "/dev/mapper/root_crypt / ext4 ro 0 1\n/dev/mapper/data /data ext4 nosuid,nodev,noexec 0 2\n",
            "etc/crypttab": "root_crypt /dev/vda2 none tpm2-device=auto\ndata /dev/vda3 /etc/keys/data luks\n",
            "etc/keys/data": Node("0123456789abcdef", 0o400),
        },
        (("image-sameness", "disk-key etc/keys/data"),),
    ),
    System(
        "debian-key-file-on-a-plain-root",
        {
            **BASE,
            "etc/fstab": DEBIAN_FSTAB + "/dev/mapper/data /data ext4 nosuid,nodev,noexec 0 2\n",
            "etc/crypttab": "data /dev/vda3 /etc/keys/data luks\n",
            "etc/keys/data": Node("0123456789abcdef", 0o400),
        },
        (("key-beside-data", "etc/keys/data"), ("image-sameness", "disk-key etc/keys/data"), *PLAIN_ROOT),
    ),
    System(
        "debian-tmp-unit-with-a-drop-in",
        {
            **BASE,
            f"{UNITS}/tmp.mount": (
                "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\nOptions=mode=1777,strictatime,nosuid,nodev\n"
                "[Install]\nWantedBy=local-fs.target\n"
            ),
            f"{LOCAL}/tmp.mount.d/options.conf": "[Mount]\nOptions=mode=1777,nosuid,nodev,exec\n",
            **enabled("tmp.mount", "local-fs.target"),
            f"{UNITS}/sysinit.target": "[Unit]\nWants=local-fs.target swap.target\n",
            f"{UNITS}/local-fs.target": "[Unit]\nDefaultDependencies=no\n",
        },
        (("mount-options", "/tmp"),),
    ),
    System(
        "debian-data-by-unit-and-key-in-a-unit",
        {
            **BASE,
            **CRYPTSETUP,
            f"{UNITS}/open-data.service": (
                "[Service]\nType=oneshot\nExecStart=/usr/sbin/cryptsetup open --key-file /etc/data.key /dev/vda4 data\n"
                "[Install]\nWantedBy=multi-user.target\n"
            ),
            f"{UNITS}/data.mount": (
                "[Mount]\nWhat=/dev/mapper/data\nWhere=/data\nOptions=nosuid,nodev,noexec\n"
                "[Install]\nWantedBy=multi-user.target\n"
            ),
            **enabled("open-data.service"),
            **enabled("data.mount"),
            "etc/data.key": "0123456789abcdef",
        },
        (("key-beside-data", "etc/data.key"), ("image-sameness", "disk-key etc/data.key")),
    ),
    System(
        "debian-interpreter-with-setuid",
        {**BASE, "usr/bin/python3.11": SETUID, "usr/bin/python3": link("python3.11")},
        (("setuid-unexpected", "usr/bin/python3.11"),),
    ),
    System(
        "debian-passwd-in-the-wrong-place",
        {**BASE, "var/lib/app/passwd": SETUID},
        (("setuid-unexpected", "var/lib/app/passwd"),),
    ),
    System("debian-ping-with-a-capability", {**BASE, "usr/bin/ping": capable(1 << 13)}),
    System(
        "debian-gdb-with-ptrace",
        {**BASE, "usr/bin/gdb": capable(1 << 19)},
        (("capability-unexpected", "usr/bin/gdb"),),
    ),
    System(
        "debian-writable-unit-and-library",
        {
            **BASE,
            f"{LOCAL}/cam.service": Node("[Service]\nExecStart=/usr/bin/cam\n", 0o666),
            "usr/lib/libcam.so.1": executable(b"\x7fELF", 0o777),
            "usr/lib/libcam.so": link("libcam.so.1"),
        },
        (
            ("world-writable", f"units {LOCAL}/cam.service"),
            ("world-writable", "library usr/lib/libcam.so.1"),
            ("hook-directory-writable", f"{LOCAL}/cam.service"),
        ),
    ),
    # SysV
    System(
        "yocto-sysv-fstab",
        {
            **SYSV,
            "etc/fstab": (
                "/dev/root / auto defaults 1 1\nproc /proc proc defaults 0 0\n"
                "devpts /dev/pts devpts mode=0620,ptmxmode=0666,gid=5 0 0\n"
                "tmpfs /run tmpfs mode=0755,nodev,nosuid,strictatime 0 0\n"
                "tmpfs /var/volatile tmpfs defaults 0 0\n"
            ),
        },
        PLAIN_ROOT,
    ),
    System(
        "yocto-busybox-split-by-setuid",
        {
            **SYSV,
            "bin/busybox.nosuid": ELF,
            "bin/busybox.suid": SETUID,
            "bin/ping": link("/bin/busybox.suid"),
            "usr/bin/passwd": link("/bin/busybox.suid"),
            "bin/login": link("/bin/busybox.suid"),
            "usr/bin/traceroute": link("/bin/busybox.suid"),
        },
    ),
    System(
        "sysv-partition-mounted-by-a-script",
        {**SYSV, **started("DATA=/dev/mmcblk0p6", "mount -t ext4 -o noatime $DATA /mnt/data")},
        (("data-unencrypted", "/mnt/data"), ("mount-options", "/mnt/data")),
    ),
    System(
        "sysv-passphrase-from-a-variable",
        {
            **SYSV,
            **CRYPTSETUP,
            **started(
                "KEY=factory99",
                'printf "%s" "$KEY" | cryptsetup luksOpen /dev/mmcblk0p6 data',
                "mount /dev/mapper/data /data",
            ),
        },
        (("key-beside-data", None), ("image-sameness", "disk-key etc/init.d/disks"), ("mount-options", "/data")),
    ),
    System(
        "sysv-key-from-the-tpm",
        {
            **SYSV,
            **CRYPTSETUP,
            **started(
                "tpm2_unseal -c 0x81010001 -p pcr:sha256:0,7 | cryptsetup open --key-file - /dev/mmcblk0p6 data",
                "mount -o nosuid,nodev,noexec /dev/mapper/data /data",
            ),
        },
    ),
    System(
        "sysv-key-of-caam-in-the-key-ring",
        {
            **SYSV,
            **started(
                "keyctl add trusted data 'load /etc/data.blob' @s",
                'echo "0 65536 crypt capi:tk(cbc(aes))-plain :36:logon:data: 0 /dev/mmcblk0p6 0" | dmsetup create data',
                "mount -o nosuid,nodev,noexec /dev/mapper/data /data",
            ),
            "etc/data.blob": b"\x00blob",
        },
    ),
    System(
        "sysv-writable-script-and-its-folder",
        {
            **SYSV,
            "etc/init.d/app": Node(b"#!/bin/sh\n/opt/app/run &\n", 0o777),
            "etc/rc5.d/S90app": link("../init.d/app"),
            "opt/app": folder(0o777),
            "opt/app/run": ELF,
        },
        (
            ("world-writable", "init etc/init.d/app"),
            ("world-writable", "started opt/app"),
            ("init-script-writable", "etc/init.d/app"),
            ("init-script-writable", "opt/app"),
        ),
    ),
    System(
        "sysv-upload-folder-and-pages-open-to-all",
        {
            **SYSV,
            "srv/upload": folder(0o777),
            "srv/upload/a.jpg": Node(b"\xff\xd8", 0o666),
            "dev/null": Node(kind=Kind.CHARACTER, mode=0o666),
        },
    ),
    # OpenWrt
    System(
        "openwrt-stock-overlay",
        {**OPENWRT, "sbin/mount_root": ELF, "tmp": folder(0o1777)},
        (("data-unencrypted", "/overlay"), *PLAIN_ROOT),
    ),
    System(
        "openwrt-usb-disk-in-uci",
        {
            **OPENWRT,
            "etc/config/fstab": (
                "config global\n\toption anon_mount '0'\n\n"
                "config mount\n\toption target '/mnt/usb'\n\toption device '/dev/sda1'\n\toption enabled '1'\n\n"
                "config mount\n\toption target '/srv'\n\toption device '/dev/sda2'\n\toption enabled '0'\n"
            ),
        },
        (("mount-options", "/mnt/usb"),),
        nothing_else=False,
    ),
)
