"""What Poky 5.0 (scarthgap) images are made of under systemd: BusyBox, a read-only root, units as recipes ship them."""

from firmward.model.memory import Content, link
from truth.linux_base import ELF, SYSTEM_SERVICES, UNITS, enabled, sandboxed, service, systemd_root

OS_RELEASE = """\
ID=poky
NAME="Poky (Yocto Project Reference Distro)"
VERSION="5.0.12 (scarthgap)"
VERSION_ID=5.0.12
VERSION_CODENAME="scarthgap"
PRETTY_NAME="Poky (Yocto Project Reference Distro) 5.0.12 (scarthgap)"
CPE_NAME="cpe:/o:openembedded:poky:5.0.12"
"""

FSTAB = """\
# stock fstab, the root read-only
/dev/mapper/root     /                    squashfs   ro                             0  0
proc                 /proc                proc       defaults                       0  0
devpts               /dev/pts             devpts     mode=0620,ptmxmode=0666,gid=5  0  0
tmpfs                /run                 tmpfs      mode=0755,nodev,nosuid,strictatime,size=16m 0  0
tmpfs                /tmp                 tmpfs      mode=1777,nodev,nosuid,noexec,size=32m  0  0
tmpfs                /var/volatile        tmpfs      nodev,nosuid,noexec,size=32m   0  0
/dev/mapper/data     /data                ext4       rw,nosuid,nodev,noexec         0  2
"""

CRYPTTAB = "data /dev/mmcblk0p4 none luks,tpm2-device=auto,tpm2-pcrs=7\n"

APPLETS = ("ls", "cat", "mount", "ip", "ping", "sed", "tr", "sha256sum", "logger", "run-parts", "vi", "sh")

NOLOGIN = "/sbin/nologin"


def busybox(folder: str = "usr/bin") -> dict[str, Content]:
    return {"usr/bin/busybox": ELF, **{f"{folder}/{name}": link("/usr/bin/busybox") for name in APPLETS}}


def poky(hostname: str) -> dict[str, Content]:
    return {
        **systemd_root(),
        **busybox(),
        "etc/os-release": link("../usr/lib/os-release"),
        "usr/lib/os-release": OS_RELEASE,
        "etc/issue": "Poky (Yocto Project Reference Distro) 5.0.12 \\n \\l\n",
        "etc/hostname": f"{hostname}\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n198.51.100.20 data.maker.example\n",
        "etc/fstab": FSTAB,
        "etc/crypttab": CRYPTTAB,
        "etc/shells": "/bin/sh\n",
        "usr/lib/systemd/system-preset/98-default.preset": "disable *\n",
    }


def declared(*names: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [*((name, None) for name in SYSTEM_SERVICES), *names]


UPDATES = ("updates.maker.example", 443, "tcp")
DATA = ("data.maker.example", 8883, "tcp")

OUTGOING = (
    "ip daddr 198.51.100.10 tcp dport 443 limit rate 20/second accept",
    "ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept",
)

RAUC = """\
[system]
compatible=maker-meter
bootloader=uboot
bundle-formats=verity
data-directory=/data/rauc
min-bundle-version=1.4.0

[keyring]
path=/etc/rauc/ca.cert.pem

[slot.rootfs.0]
device=/dev/mmcblk0p2
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/mmcblk0p3
type=raw
bootname=B
"""

RAUC_UNIT = """\
[Unit]
Description=RAUC Update Service
After=dbus.service

[Service]
Type=dbus
BusName=de.pengutronix.rauc
ExecStart=/usr/bin/rauc service
ProtectHome=yes
ProtectHostname=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
MemoryMax=128M
"""

MARK_GOOD = """\
[Unit]
Description=RAUC Good-marking Service
ConditionKernelCommandLine=|rauc.slot
After=boot-complete.target
Requires=boot-complete.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/rauc status mark-good
ProtectSystem=full
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""

UPDATE_TIMER = """\
[Unit]
Description=Ask for a new release every night

[Timer]
OnCalendar=*-*-* 02:00
RandomizedDelaySec=2h
Persistent=yes

[Install]
WantedBy=timers.target
"""


def rauc(authority: str) -> dict[str, Content]:
    """RAUC fetches the newest bundle by itself every night, from a place that a file of defaults names."""
    return {
        "etc/rauc/system.conf": RAUC,
        "etc/rauc/ca.cert.pem": authority,
        "etc/default/maker-update": "BUNDLE=https://updates.maker.example/stable/latest.raucb\n",
        f"{UNITS}/rauc.service": RAUC_UNIT,
        f"{UNITS}/rauc-mark-good.service": MARK_GOOD,
        f"{UNITS}/maker-update.service": service(
            "Install the newest release",
            "/usr/bin/rauc install ${BUNDLE}",
            "EnvironmentFile=/etc/default/maker-update\n" + sandboxed(None),
            kind="oneshot",
        ),
        f"{UNITS}/maker-update.timer": UPDATE_TIMER,
        **enabled("rauc-mark-good.service"),
        **enabled("maker-update.timer", "timers.target"),
        "usr/bin/rauc": ELF,
    }


RAUC_SERVICES = (("rauc", None), ("rauc-mark-good", None), ("maker-update", None))
