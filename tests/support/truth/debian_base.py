"""What Debian 13 devices are made of: apt or RAUC, OpenSSH for certificates alone, a read-only or a stock root."""

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.linux_base import ELF, SYSTEM_SERVICES, UNITS, dropin, enabled, profile, sandboxed, service, systemd_root

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
HOME_URL="https://www.debian.org/"
"""

READ_ONLY = """\
# <file system> <mount point> <type> <options> <dump> <pass>
/dev/mapper/root / squashfs ro 0 0
/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2
tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,size=32M,mode=1777 0 0
tmpfs /var tmpfs rw,nosuid,nodev,noexec,size=64M 0 0
# /dev/sdb1 /media ext4 rw,exec,suid 0 0
"""

CRYPTTAB = "# name device key options\ndata /dev/disk/by-partlabel/data none luks,tpm2-device=auto,tpm2-pcrs=7\n"

RAUC = """\
[system]
compatible=maker-device
bootloader=efi
bundle-formats=verity
mountprefix=/run/rauc
data-directory=/data/rauc
min-bundle-version=1.4.0

[keyring]
path=/etc/rauc/ca.cert.pem
use-bundle-signing-time=false

[slot.rootfs.0]
device=/dev/disk/by-partlabel/root-a
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/disk/by-partlabel/root-b
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
ExecStart=/usr/bin/rauc --mount=/run/rauc service
ProtectHome=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictNamespaces=no
LockPersonality=yes
SystemCallArchitectures=native
MemoryMax=128M
"""

HAWKBIT = """\
[client]
hawkbit_server            = updates.maker.example:443
ssl                       = true
ssl_verify                = true
tenant_id                 = DEFAULT
target_name               = from-serial
ssl_key                   = /data/identity/device.key
ssl_cert                  = /data/identity/device.pem
stream_bundle             = true
post_update_reboot        = true
# gateway_token           = paste-it-here-for-the-bench

[device]
product                   = maker-device
"""

HAWKBIT_UNIT = service(
    "HawkBit client for RAUC",
    "/usr/bin/rauc-hawkbit-updater -s -c /etc/rauc-hawkbit-updater/config.conf",
    sandboxed("rauc-hawkbit"),
)

SSHD = """\
# The first value of a keyword wins, so drop-ins come before all else
Include /etc/ssh/sshd_config.d/*.conf
HostKey /data/ssh/ssh_host_ed25519_key
UsePAM yes
X11Forwarding no
PrintMotd no
#PermitRootLogin yes
#PasswordAuthentication yes
Subsystem sftp internal-sftp
"""

SSHD_HARDENED = """\
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PubkeyAuthentication yes
AuthenticationMethods publickey
AuthorizedKeysFile none
TrustedUserCAKeys /etc/ssh/user_ca.pub
AllowGroups operators
AllowTcpForwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
GatewayPorts no
MaxAuthTries 3
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com
"""

SSH_UNIT = """\
[Unit]
Description=OpenBSD Secure Shell server
After=network.target ssh-host-key.service

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
KillMode=process
Restart=on-failure
Type=notify
RuntimeDirectory=sshd

[Install]
WantedBy=multi-user.target
Alias=sshd.service
"""

SSH_CONFINED = """\
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_CHOWN CAP_SYS_CHROOT CAP_DAC_READ_SEARCH CAP_AUDIT_WRITE CAP_KILL
ProtectSystem=strict
ReadWritePaths=/run /data
MemoryMax=128M
TasksMax=64
"""

HOST_KEY_UNIT = """\
[Unit]
Description=Host key of this one device, made at its first start
ConditionPathExists=!/data/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
ProtectSystem=strict
ReadWritePaths=/data/ssh
PrivateNetwork=yes
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""

NET_RAW = (("security.capability", b"\x01\x00\x00\x02" + (1 << 13).to_bytes(4, "little") + bytes(12)),)
SET_UID = (("security.capability", b"\x01\x00\x00\x02" + (1 << 7).to_bytes(4, "little") + bytes(12)),)


def debian(hostname: str) -> dict[str, Content]:
    return {
        **systemd_root(),
        "etc/os-release": link("../usr/lib/os-release"),
        "usr/lib/os-release": OS_RELEASE,
        "etc/debian_version": "13.2\n",
        "etc/hostname": f"{hostname}\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n198.51.100.20 data.maker.example\n",
        "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
        "auth required pam_permit.so\n",
        "usr/bin/dash": ELF,
        "usr/bin/sh": link("dash"),
        "usr/bin/su": ELF,
        "usr/bin/ping": Node(ELF.content, mode=0o755, xattrs=NET_RAW),
    }


def ssh() -> dict[str, Content]:
    """Certificates of one authority alone let people in; the device's own key is made at its first start."""
    return {
        "etc/ssh/sshd_config": SSHD,
        "etc/ssh/sshd_config.d/50-hardening.conf": SSHD_HARDENED,
        "etc/ssh/user_ca.pub": keys.SSH_CA_PUB + "\n",
        "etc/default/ssh": "# Options to pass to sshd\nSSHD_OPTS=\n",
        f"{UNITS}/ssh.service": SSH_UNIT,
        f"{UNITS}/ssh-host-key.service": HOST_KEY_UNIT,
        **dropin("ssh.service", "hardening", SSH_CONFINED),
        **enabled("ssh.service"),
        **enabled("ssh-host-key.service"),
        **profile("/usr/sbin/sshd", "capability setuid", "capability setgid", "/etc/ssh/** r", "/bin/sh Uxr"),
        "usr/sbin/sshd": ELF,
        "usr/bin/ssh-keygen": ELF,
    }


def image_based(hostname: str) -> dict[str, Content]:
    """A read-only root and RAUC, which asks hawkBit for updates."""
    return {
        **debian(hostname),
        "etc/fstab": READ_ONLY,
        "etc/crypttab": CRYPTTAB,
        "etc/rauc/system.conf": RAUC,
        "etc/rauc/ca.cert.pem": keys.UPDATE_CA,
        "etc/rauc-hawkbit-updater/config.conf": HAWKBIT,
        f"{UNITS}/rauc.service": RAUC_UNIT,
        f"{UNITS}/rauc-hawkbit-updater.service": HAWKBIT_UNIT,
        **enabled("rauc-hawkbit-updater.service"),
        "usr/bin/rauc": ELF,
        "usr/bin/rauc-hawkbit-updater": ELF,
    }


def declared(*names: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [*((name, None) for name in SYSTEM_SERVICES), *names]


UPDATES = ("updates.maker.example", 443, "tcp")
DATA = ("data.maker.example", 8883, "tcp")

APT_UPGRADE_UNIT = """\
[Unit]
Description=Daily apt upgrade and clean activities
After=apt-daily.service network.target

[Service]
Type=oneshot
ExecStart=/usr/lib/apt/apt.systemd.daily install
KillMode=process
TimeoutStopSec=900
"""

DEBIAN_SOURCES = """\
Types: deb
URIs: https://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: https://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
"""

UNATTENDED = """\
Unattended-Upgrade::Origins-Pattern {
        "origin=Debian,codename=${distro_codename},label=Debian-Security";
        "origin=Maker,codename=stable";
};
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "03:00";
"""


def apt() -> dict[str, Content]:
    return {
        "etc/apt/sources.list": "# Sources are in sources.list.d\n# deb [trusted=yes] http://10.0.0.5/bench ./\n",
        "etc/apt/sources.list.d/debian.sources": DEBIAN_SOURCES,
        "etc/apt/sources.list.d/maker.list": "deb [signed-by=/usr/share/keyrings/maker.gpg] "
        "https://updates.maker.example/apt stable main\n",
        "etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Update-Package-Lists "1";\n'
        'APT::Periodic::Unattended-Upgrade "1";\n',
        "etc/apt/apt.conf.d/50unattended-upgrades": UNATTENDED,
        "etc/apt/preferences.d/maker": "Package: *\nPin: origin updates.maker.example\nPin-Priority: 600\n",
        "usr/share/keyrings/debian-archive-keyring.pgp": b"\x99\x02\x0d\x04" + bytes(range(200)),
        "usr/share/keyrings/maker.gpg": b"\x99\x01\x0d\x04" + bytes(range(200)),
        f"{UNITS}/apt-daily.timer": "[Unit]\nDescription=Daily apt download activities\n\n[Timer]\n"
        "OnCalendar=*-*-* 6,18:00\nRandomizedDelaySec=12h\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        f"{UNITS}/apt-daily.service": APT_UPGRADE_UNIT.replace("daily install", "daily update"),
        f"{UNITS}/apt-daily-upgrade.timer": "[Unit]\nDescription=Daily apt upgrade and clean activities\n\n[Timer]\n"
        "OnCalendar=*-*-* 2:00\nRandomizedDelaySec=60m\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        f"{UNITS}/apt-daily-upgrade.service": APT_UPGRADE_UNIT,
        **enabled("apt-daily.timer", "timers.target"),
        **enabled("apt-daily-upgrade.timer", "timers.target"),
        "usr/lib/apt/apt.systemd.daily": executable(
            '#!/bin/sh\nset -e\ncase "$1" in\nupdate) apt-get -qq update ;;\ninstall) unattended-upgrade ;;\nesac\n'
        ),
        "usr/bin/apt-get": ELF,
        "usr/bin/unattended-upgrade": executable("#!/usr/bin/python3\nimport apt\n"),
    }


APT_SERVICES = (("apt-daily", None), ("apt-daily-upgrade", None))

PACKAGE_BASED = {
    "rootfs-writable": "apt writes the root of a stock Debian",
    "rootfs-unverified": "a stock Debian verifies packages when they come in, not files when they run",
    "update-without-fallback": "dpkg has no second slot",
}

HOST_KEY = ("-o", "HostKey=/etc/ssh/ssh_host_ed25519_key")
