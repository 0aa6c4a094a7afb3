"""A gateway on Poky with systemd: OpenSSH behind a socket unit, dnsmasq for the devices beside it, RAUC, sudo."""

from firmward.model.memory import Content, Node, executable
from truth import planted_keys as keys
from truth.debian_base import HOST_KEY, SET_UID, SSH_CONFINED
from truth.linux_base import (
    COMMAND_LINE,
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    profile,
    sandboxed,
    service,
)
from truth.row import Mistake, Truth, Witness
from truth.yocto_base import DATA, FSTAB, NOLOGIN, OUTGOING, RAUC_SERVICES, UPDATES, declared, poky, rauc

SSHD = """\
# All of it is here, there are no drop-ins
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
AuthorizedKeysFile none
TrustedUserCAKeys /etc/ssh/user_ca.pub
AllowUsers operator
AllowTcpForwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
X11Forwarding no
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
KexAlgorithms curve25519-sha256
Subsystem sftp internal-sftp
"""

DNSMASQ = """\
interface=eth1
bind-interfaces
except-interface=lo
no-resolv
server=192.0.2.1
dhcp-range=10.20.0.50,10.20.0.99,12h
dhcp-leasefile=/run/dnsmasq/leases
conf-dir=/etc/dnsmasq.d,*.conf
"""

SETUP = "#!/bin/sh\n# Brings up the side of the devices\nip link set dev eth1 up\n"

STOCK = "/dev/root            /                    auto       defaults"

EXTLINUX = f"""\
DEFAULT gateway
LABEL gateway
    KERNEL /boot/fitImage
    APPEND root=/dev/mmcblk0p2 rootwait {COMMAND_LINE} nokaslr
"""

RAUC_FILES = rauc(keys.UPDATE_CA)

CLEAN: dict[str, Content] = {
    **poky("gateway"),
    **RAUC_FILES,
    **accounts(
        services=(("sshd", 956), ("dnsmasq", 957), ("gateway", 950)), people=(("operator", 1000),), nologin=NOLOGIN
    ),
    "etc/nftables.conf": nftables(
        (
            "ip saddr 192.0.2.5 tcp dport 22 accept",
            'iifname "eth1" udp dport { 53, 67 } accept',
            'iifname "eth1" tcp dport 53 accept',
        ),
        OUTGOING,
    ),
    "etc/ssh/sshd_config": SSHD,
    "etc/ssh/user_ca.pub": keys.SSH_CA_PUB + "\n",
    f"{UNITS}/sshd.socket": "[Unit]\nConflicts=sshd.service\nWants=sshdgenkeys.service\n\n[Socket]\nListenStream=22\n"
    "Accept=yes\n\n[Install]\nWantedBy=sockets.target\n",
    f"{UNITS}/sshd@.service": "[Unit]\nDescription=OpenSSH Per-Connection Daemon\nAfter=sshdgenkeys.service\n\n"
    "[Service]\n"
    'Environment="SSHD_OPTS="\nEnvironmentFile=-/etc/default/ssh\nExecStart=-/usr/sbin/sshd -i $SSHD_OPTS\n'
    "StandardInput=socket\nStandardError=syslog\nKillMode=process\n",
    f"{UNITS}/sshdgenkeys.service": "[Unit]\nDescription=OpenSSH Key Generation\nRequiresMountsFor=/data\n\n[Service]\n"
    'ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key\nType=oneshot\n'
    "RemainAfterExit=yes\nProtectSystem=strict\nReadWritePaths=/data/ssh\nNoNewPrivileges=yes\nPrivateNetwork=yes\n",
    **dropin("sshd@.service", "hardening", SSH_CONFINED),
    **enabled("sshd.socket", "sockets.target"),
    **profile("/usr/sbin/sshd", "capability setuid", "capability setgid", "/etc/ssh/** r", "/bin/busybox Uxr"),
    "usr/sbin/sshd": ELF,
    "usr/bin/ssh-keygen": ELF,
    "etc/sudoers": Node("Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", mode=0o440),
    "etc/sudoers.d/operator": Node("operator ALL=(root) NOPASSWD: /bin/systemctl reboot\n", mode=0o440),
    "usr/bin/sudo": executable(ELF.content, mode=0o4755),
    "etc/dnsmasq.conf": DNSMASQ,
    "etc/dnsmasq.d/README": "Files whose names end in .conf are read.\nenable-tftp\n",
    f"{UNITS}/dnsmasq.service": service(
        "DNS forwarder and DHCP server",
        "/usr/bin/dnsmasq -k --conf-file=/etc/dnsmasq.conf --pid-file=",
        sandboxed(
            "dnsmasq",
            "RuntimeDirectory=dnsmasq",
            "RestrictAddressFamilies=AF_NETLINK AF_PACKET",
            capabilities="CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_NET_ADMIN",
        ),
    ),
    **enabled("dnsmasq.service"),
    **profile("/usr/bin/dnsmasq", "capability net_bind_service", "network inet dgram", "/etc/dnsmasq.conf r"),
    "usr/bin/dnsmasq": ELF,
    f"{UNITS}/gateway-setup.service": service(
        "Set up of the device side",
        "/usr/lib/gateway/setup.sh",
        sandboxed("gateway", capabilities="CAP_NET_ADMIN"),
        kind="oneshot",
    ),
    **enabled("gateway-setup.service"),
    "usr/lib/gateway/setup.sh": executable(SETUP),
    "usr/bin/rsync": ELF,
}


def policy(until: str) -> str:
    return declaration(
        "gateway",
        "yocto",
        listen=(
            (22, "tcp", "sshd", "bastion"),
            (53, "udp", "dnsmasq", "10.20.0.0/24"),
            (53, "tcp", "dnsmasq", "10.20.0.0/24"),
            (67, "udp", "dnsmasq", "10.20.0.0/24"),
        ),
        egress=(UPDATES, DATA),
        services=declared(
            ("sshd", None),
            ("sshdgenkeys", None),
            ("dnsmasq", "dnsmasq"),
            ("gateway-setup", "gateway"),
            *RAUC_SERVICES,
        ),
        people=("operator",),
        setuid=("/usr/bin/sudo",),
        until=until,
    )


SYSTEM = Truth(
    name="yocto-gateway",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=policy("until = 2028-03-31\n"),
    mistaken_policy=policy("until = 2026-10-31\n"),
    mistakes=(
        Mistake(
            "update-absent",
            "rauc(1): neither the program nor its configuration is there",
            without=(*(path for path in RAUC_FILES),),
        ),
        Mistake(
            "rootfs-unverified",
            "kernel-parameters.txt, root=: a partition, not a verified mapping",
            files={"boot/extlinux/extlinux.conf": EXTLINUX},
        ),
        also("kernel-cmdline", "nokaslr", "kernel-parameters.txt, nokaslr"),
        Mistake(
            "plaintext-protocol",
            "dnsmasq(8), conf-dir and enable-tftp",
            "tftp",
            files={"etc/dnsmasq.d/boot.conf": "enable-tftp\ntftp-root=/data/tftp\n"},
            witness=Witness(
                ("dnsmasq", "--test", "-C", "{root}/etc/dnsmasq.d/boot.conf"), r"syntax check OK", "dnsmasq-base"
            ),
        ),
        also("undeclared-listener", "69", "dnsmasq(8), enable-tftp; RFC 1350"),
        Mistake(
            "rootfs-writable",
            "base-files' own fstab; fstab(5), mount(8): defaults is rw",
            files={"etc/fstab": FSTAB.replace("/dev/mapper/root     /                    squashfs   ro     ", STOCK)},
        ),
        Mistake(
            "sudo-unrestricted",
            "sudoers(5), authenticate",
            "operator",
            files={
                "etc/sudoers.d/operator": Node(
                    "Defaults:operator !authenticate\noperator ALL=(ALL:ALL) ALL\n", mode=0o440
                )
            },
            witness=Witness(("cvtsudoers", "-f", "sudoers", "{root}/etc/sudoers.d/operator"), r"!authenticate", "sudo"),
        ),
        Mistake(
            "ssh-empty-passwords",
            "sshd_config(5), PermitEmptyPasswords",
            files={
                "etc/ssh/sshd_config": SSHD.replace("PermitEmptyPasswords no", "PermitEmptyPasswords yes").replace(
                    "PasswordAuthentication no", "PasswordAuthentication yes"
                )
            },
            witness=Witness(
                ("sshd", "-T", *HOST_KEY, "-f", "{root}/etc/ssh/sshd_config"),
                r"^permitemptypasswords yes",
                "openssh-server",
            ),
        ),
        also("ssh-password-login", "", "sshd_config(5), PasswordAuthentication"),
        Mistake(
            "capability-unexpected",
            "capabilities(7), file capabilities",
            "rsync",
            files={"usr/bin/rsync": Node(ELF.content, mode=0o755, xattrs=SET_UID)},
        ),
        Mistake(
            "setuid-unexpected",
            "busybox documentation: all applets of a set-user-ID busybox run as root",
            "busybox",
            files={"usr/bin/busybox": executable(ELF.content, mode=0o4755)},
        ),
        Mistake(
            "init-script-writable",
            "systemd.service(5), ExecStart=",
            "setup.sh",
            files={"usr/lib/gateway/setup.sh": Node(SETUP, mode=0o777, uid=950)},
        ),
        also("world-writable", "setup.sh", "chmod(1)"),
        also("support-ended", "", "device.toml, support.until"),
    ),
)
