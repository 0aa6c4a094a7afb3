"""An edge box on a read-only Debian that names and addresses the sensors beside it, and is watched over SNMP."""

from firmward.model.memory import Content, Node, executable
from truth import planted_keys as keys
from truth.debian_base import DATA, HOST_KEY, READ_ONLY, SSHD_HARDENED, UPDATES, declared, image_based, ssh
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    passwd_with,
    profile,
    sandboxed,
    service,
)
from truth.row import Mistake, Truth, Witness

DNSMASQ = """\
interface=eth1
bind-interfaces
except-interface=lo
domain-needed
bogus-priv
no-resolv
server=192.0.2.1
dhcp-range=10.20.0.50,10.20.0.99,12h
dhcp-leasefile=/run/dnsmasq/leases
dhcp-authoritative
# enable-tftp
# tftp-root=/srv/tftp
"""

SNMP = """\
agentaddress udp:192.0.2.20:161
view system included .1.3.6.1.2.1.1
rouser -s usm monitor authpriv -V system
# rocommunity public default
sysLocation none
includeAllDisks 10%
"""

NETDEV = f"""\
[NetDev]
Name=wg0
Kind=wireguard

[WireGuard]
PrivateKeyFile=/data/wireguard/private.key
ListenPort=51820

[WireGuardPeer]
PublicKey={keys.WG_PEER_PUB}
AllowedIPs=10.9.0.0/24
"""

LOGROTATE = """\
weekly
rotate 4
create
include /etc/logrotate.d
"""

CLEAN: dict[str, Content] = {
    **image_based("edge"),
    **ssh(),
    **accounts(
        services=(("sshd", 101), ("dnsmasq", 102), ("Debian-snmp", 103), ("rauc-hawkbit", 106), ("edge", 953)),
        people=(("operator", 1000),),
        groups=("operators:x:1100:operator",),
    ),
    "etc/nftables.conf": nftables(
        (
            "ip saddr 192.0.2.5 tcp dport 22 accept",
            "ip saddr 192.0.2.5 udp dport 161 accept",
            'iifname "eth1" udp dport { 53, 67 } accept',
            'iifname "eth1" tcp dport 53 accept',
            "udp dport 51820 accept",
        ),
        (
            "ip daddr 198.51.100.10 tcp dport 443 limit rate 20/second accept",
            "ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept",
        ),
    ),
    "etc/dnsmasq.conf": DNSMASQ,
    f"{UNITS}/dnsmasq.service": service(
        "dnsmasq", "/usr/sbin/dnsmasq -k --conf-file=/etc/dnsmasq.conf --pid-file=", "Restart=on-failure\n"
    ),
    **dropin(
        "dnsmasq.service",
        "hardening",
        sandboxed(
            "dnsmasq",
            "RuntimeDirectory=dnsmasq",
            "RestrictAddressFamilies=AF_NETLINK AF_PACKET",
            capabilities="CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_NET_ADMIN",
        ),
    ),
    **enabled("dnsmasq.service"),
    **profile("/usr/sbin/dnsmasq", "capability net_bind_service", "network inet dgram", "/etc/dnsmasq.conf r"),
    "usr/sbin/dnsmasq": ELF,
    "etc/snmp/snmpd.conf": Node(SNMP, mode=0o600),
    f"{UNITS}/snmpd.service": service(
        "Simple Network Management Protocol (SNMP) Daemon.",
        "/usr/sbin/snmpd -LS3d -f -C -c /etc/snmp/snmpd.conf",
        sandboxed("Debian-snmp", "ReadWritePaths=/data/snmp", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("snmpd.service"),
    **profile("/usr/sbin/snmpd", "capability net_bind_service", "network inet dgram", "/etc/snmp/* r"),
    "usr/sbin/snmpd": ELF,
    "etc/systemd/network/20-wg0.netdev": Node(NETDEV, mode=0o640, gid=998),
    "etc/systemd/network/20-wg0.network": "[Match]\nName=wg0\n\n[Network]\nAddress=10.9.0.20/24\n",
    "etc/systemd/network/15-sensors.network": "[Match]\nName=eth1\n\n[Network]\nAddress=10.20.0.1/24\n",
    "etc/logrotate.conf": LOGROTATE,
    "etc/logrotate.d/edge": "/var/log/edge.log {\n    missingok\n    compress\n}\n",
    f"{UNITS}/logrotate.service": "[Unit]\nDescription=Rotate log files\n\n[Service]\nType=oneshot\n"
    "ExecStart=/usr/sbin/logrotate /etc/logrotate.conf\n" + sandboxed(None, "ReadWritePaths=/var/log"),
    f"{UNITS}/logrotate.timer": "[Unit]\nDescription=Daily rotation of log files\n\n[Timer]\nOnCalendar=daily\n\n"
    "[Install]\nWantedBy=timers.target\n",
    **enabled("logrotate.timer", "timers.target"),
    "usr/sbin/logrotate": ELF,
    f"{UNITS}/edge-setup.service": service(
        "Set up of the sensor side",
        "/usr/lib/edge/setup.sh",
        sandboxed("edge", capabilities="CAP_NET_ADMIN"),
        kind="oneshot",
    ),
    **enabled("edge-setup.service"),
    "usr/lib/edge/setup.sh": executable("#!/bin/sh\nexec ip link set dev eth1 up\n"),
    "etc/udev/rules.d/80-modem.rules": 'SUBSYSTEM=="net", ACTION=="add", KERNEL=="wwan0", '
    'RUN+="/usr/lib/edge/setup.sh"\n',
    "etc/vsftpd.conf": "listen=YES\nlisten_ipv6=NO\nanonymous_enable=NO\nlocal_enable=YES\n",
    f"{UNITS}/vsftpd.service": "[Unit]\nDescription=vsftpd FTP server\nAfter=network.target\n\n[Service]\n"
    "Type=simple\nExecStart=/usr/sbin/vsftpd /etc/vsftpd.conf\n\n[Install]\nWantedBy=multi-user.target\n",
    "usr/sbin/vsftpd": ELF,
}


def policy(until: str) -> str:
    return declaration(
        "edge",
        "debian",
        listen=(
            (22, "tcp", "ssh", "bastion"),
            (53, "udp", "dnsmasq", "10.20.0.0/24"),
            (53, "tcp", "dnsmasq", "10.20.0.0/24"),
            (67, "udp", "dnsmasq", "10.20.0.0/24"),
            (161, "udp", "snmpd", "bastion"),
            (51820, "udp", "systemd-networkd", "any"),
        ),
        egress=(UPDATES, DATA),
        services=declared(
            ("ssh", None),
            ("ssh-host-key", None),
            ("dnsmasq", "dnsmasq"),
            ("snmpd", "Debian-snmp"),
            ("logrotate", None),
            ("edge-setup", "edge"),
            ("rauc", None),
            ("rauc-hawkbit-updater", "rauc-hawkbit"),
        ),
        people=("operator",),
        until=until,
    )


def effective(dropin_name: str, says: str) -> Witness:
    return Witness(
        ("sshd", "-T", *HOST_KEY, "-f", "{root}/etc/ssh/sshd_config.d/" + dropin_name), says, "openssh-server"
    )


SYSTEM = Truth(
    name="debian-edge",
    distribution="debian",
    init="systemd",
    clean=CLEAN,
    policy=policy("until = 2028-03-31\n"),
    mistaken_policy=policy(""),
    mistakes=(
        Mistake(
            "default-community",
            "snmpd.conf(5), com2sec and rocommunity",
            "snmpd.conf",
            files={
                "etc/snmp/snmpd.conf": Node(
                    SNMP + 'com2sec watcher default public\ngroup readers v2c watcher\naccess readers "" any noauth '
                    "exact system none none\n",
                    mode=0o600,
                )
            },
        ),
        also("plaintext-protocol", "snmp", "snmpd.conf(5): communities are of SNMP versions 1 and 2c"),
        Mistake(
            "firewall-absent",
            "systemctl(1), is-enabled: rules that no unit loads",
            without=("etc/systemd/system/sysinit.target.wants/nftables.service",),
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "nftables.service"), r"^disabled", "systemd"),
        ),
        also("egress-unrestricted", "output", "follows from the rules that no unit loads"),
        Mistake(
            "ftp-enabled",
            "systemctl(1), enable; vsftpd.conf(5)",
            "vsftpd",
            files=enabled("vsftpd.service"),
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "vsftpd.service"), r"^enabled", "systemd"),
        ),
        also("plaintext-protocol", "ftp", "vsftpd.conf(5): ssl_enable is NO unless set"),
        also("undeclared-listener", "21", "vsftpd.conf(5), listen and listen_port"),
        also("service-unneeded", "vsftpd", "systemctl(1); vsftpd is not in the declaration"),
        also("service-unsandboxed", "vsftpd", "systemd.exec(5), sandboxing"),
        also("mac-profile-missing", "vsftpd", "apparmor.d(5): no profile names the program"),
        Mistake(
            "private-key-embedded",
            "systemd.netdev(5), PrivateKey=",
            "20-wg0.netdev",
            files={
                "etc/systemd/network/20-wg0.netdev": Node(
                    NETDEV.replace("PrivateKeyFile=/data/wireguard/private.key", f"PrivateKey={keys.WG_KEY}"),
                    mode=0o640,
                    gid=998,
                )
            },
        ),
        also("image-sameness", "20-wg0.netdev", "the same key in every copy"),
        Mistake(
            "ssh-host-key-baked-in",
            "sshd(8), host keys in /etc/ssh; sshd_config(5), HostKey",
            "ssh_host_ed25519_key",
            files={
                "etc/ssh/ssh_host_ed25519_key": Node(keys.SSH_HOST_KEY, mode=0o600),
                "etc/ssh/ssh_host_ed25519_key.pub": keys.SSH_HOST_PUB + "\n",
                "etc/ssh/sshd_config.d/40-hostkey.conf": "HostKey /etc/ssh/ssh_host_ed25519_key\n",
            },
        ),
        also("private-key-embedded", "ssh_host_ed25519_key", "sshd(8)"),
        also("image-sameness", "ssh_host_ed25519_key", "the same key in every copy"),
        Mistake(
            "ssh-authorized-key-baked-in",
            "sshd_config(5), AuthorizedKeysFile",
            "operator",
            files={
                "etc/ssh/sshd_config.d/50-hardening.conf": SSHD_HARDENED.replace(
                    "AuthorizedKeysFile none", "AuthorizedKeysFile /etc/ssh/authorized_keys/%u"
                ).replace(
                    "PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com", "PubkeyAcceptedAlgorithms ssh-ed25519"
                ),
                "etc/ssh/authorized_keys/operator": keys.SSH_USER_PUB + "\n",
            },
            witness=effective("50-hardening.conf", r"^authorizedkeysfile /etc/ssh/authorized_keys/%u"),
        ),
        Mistake(
            "ssh-weak-algorithms",
            "sshd_config(5), Ciphers and KexAlgorithms; the first value wins",
            files={
                "etc/ssh/sshd_config.d/00-legacy.conf": "Ciphers +3des-cbc,aes128-cbc\n"
                "KexAlgorithms +diffie-hellman-group1-sha1\nMACs +hmac-md5\n"
            },
            witness=effective("00-legacy.conf", r"^ciphers .*3des-cbc"),
        ),
        Mistake(
            "ssh-forwarding",
            "sshd_config(5), AllowTcpForwarding",
            files={"etc/ssh/sshd_config.d/01-tunnel.conf": "AllowTcpForwarding remote\nGatewayPorts clientspecified\n"},
            witness=effective("01-tunnel.conf", r"^allowtcpforwarding remote"),
        ),
        Mistake(
            "init-script-writable",
            "systemd.service(5), ExecStart= is reset by an empty value; the new one lies on the data partition",
            "edge-setup",
            files=dropin("edge-setup.service", "20-site", "ExecStart=\nExecStart=/data/edge/setup.sh\n"),
        ),
        Mistake(
            "hook-directory-writable",
            "logrotate(8), include; the scripts of what it includes are run as root",
            "logrotate",
            files={"etc/logrotate.conf": LOGROTATE + "include /data/logrotate.d\n"},
        ),
        also("privileged-hooks", "logrotate", "follows from logrotate(8), include"),
        Mistake(
            "privileged-hooks",
            "udev(7), RUN",
            "80-modem.rules",
            files={
                "etc/udev/rules.d/80-modem.rules": 'SUBSYSTEM=="net", ACTION=="add", KERNEL=="wwan0", '
                'RUN+="/data/hooks/modem.sh"\n'
            },
        ),
        Mistake(
            "account-extra-root",
            "passwd(5): whoever has the number 0 is root",
            "support",
            files=passwd_with(CLEAN, "support", "support:x:0:0:Support:/data/support:/bin/sh"),
        ),
        Mistake(
            "rootfs-writable",
            "fstab(5), mount(8): defaults is rw",
            files={"etc/fstab": READ_ONLY.replace("/ squashfs ro", "/ ext4 defaults")},
        ),
        also("rootfs-unverified", "", "follows from fstab(5): what is written to is not verified"),
        Mistake(
            "update-not-automatic",
            "systemctl(1): no target wants the unit",
            without=("etc/systemd/system/multi-user.target.wants/rauc-hawkbit-updater.service",),
            witness=Witness(
                ("systemctl", "--root={root}", "is-enabled", "rauc-hawkbit-updater.service"), r"^disabled", "systemd"
            ),
        ),
        also("support-period-missing", "", "device.toml, support.until"),
    ),
)
