"""What most systems have alike."""

from firmward.model.memory import Content, executable, link

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))


def programs(*paths: str) -> dict[str, Content]:
    return dict.fromkeys(paths, ELF)


def applets(*names: str) -> dict[str, Content]:
    """BusyBox and links to it."""
    return {"bin/busybox": ELF} | {name: link("/bin/busybox") for name in names}


def script(*lines: str) -> Content:
    return executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))


ACCOUNTS: dict[str, Content] = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\nwheel:x:10:\n",
}

RULESET = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        iif "lo" accept
        ct state established,related accept
        tcp dport 22 accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
    chain output {
        type filter hook output priority filter; policy drop;
        oif "lo" accept
        ct state established,related accept
        udp dport { 53, 123 } ip daddr 192.0.2.1 accept
    }
}
"""

RULES_V4 = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A OUTPUT -d 192.0.2.1/32 -p udp -m udp --dport 123 -j ACCEPT
COMMIT
"""

NO_FIREWALL = (("firewall-absent", None), ("egress-unrestricted", None))

ROOT_SERVER = (("service-runs-as-root", None), ("service-unsandboxed", None))
"""A server that others can reach and that keeps root, as it is packaged or by its maker's choice."""
UPDATER: dict[str, Content] = {
    **programs("usr/bin/rauc", "usr/bin/rauc-hawkbit-updater"),
    "etc/rauc/system.conf": (
        "[system]\ncompatible=product\nbootloader=uboot\nmin-bundle-version=2.4.0\n\n[keyring]\npath=ca.pem\n\n"
        "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\ntype=ext4\nbootname=A\n\n"
        "[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\ntype=ext4\nbootname=B\n"
    ),
    "etc/rauc/ca.pem": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "etc/rauc-hawkbit-updater/config.conf": "[client]\nhawkbit_server = updates.example.com\nssl = true\n",
}
"""Two copies, signed bundles that do not go back, and a client that fetches them: each system starts it its own way."""

POLL = "/usr/bin/rauc-hawkbit-updater -c /etc/rauc-hawkbit-updater/config.conf"

SSHD = """Include /etc/ssh/sshd_config.d/*.conf
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
UsePAM yes
AllowTcpForwarding no
X11Forwarding no
KexAlgorithms curve25519-sha256
Ciphers aes256-gcm@openssh.com
MACs hmac-sha2-256-etm@openssh.com
HostKeyAlgorithms ssh-ed25519
"""

SSH_ONLY = "[[listen]]\nport = 22\n"
