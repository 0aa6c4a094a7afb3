"""A controller on Poky with SysV init: dropbear, an iptables script that sources its defaults, SWUpdate."""

import base64

from firmward.model.memory import Content, Node, executable
from truth import planted_keys as keys
from truth.linux_base import ELF, SYSCTL, accounts, also, declaration, profile, shadow_with
from truth.row import Mistake, Truth, Witness
from truth.sysv_base import declared, poky, script, started, swupdate
from truth.yocto_base import DATA, FSTAB, NOLOGIN, UPDATES

FIREWALL = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          firewall
# Default-Start:     S
### END INIT INFO
POLICY_IN=DROP
POLICY_OUT=DROP
[ -r /etc/default/firewall ] && . /etc/default/firewall

[ "$1" = start ] || exit 0
for tables in iptables ip6tables; do
    $tables -F
    $tables -P INPUT $POLICY_IN
    $tables -P FORWARD DROP
    $tables -P OUTPUT $POLICY_OUT
    $tables -A INPUT -i lo -j ACCEPT
    $tables -A OUTPUT -o lo -j ACCEPT
    $tables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    $tables -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
done
iptables -A INPUT -s 192.0.2.5 -p tcp --dport 22 -j ACCEPT
iptables -A OUTPUT -d 192.0.2.1 -p udp --dport 53 -j ACCEPT
iptables -A OUTPUT -d 192.0.2.1 -p udp --dport 123 -j ACCEPT
iptables -A OUTPUT -d 198.51.100.10 -p tcp --dport 443 -m limit --limit 20/sec -j ACCEPT
iptables -A OUTPUT -d 198.51.100.20 -p tcp --dport 8883 -m limit --limit 20/sec -j ACCEPT
"""

DROPBEAR = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          sshd
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
DAEMON=/usr/sbin/dropbear
DROPBEAR_PORT=22
DROPBEAR_EXTRA_ARGS=
[ -r /etc/default/dropbear ] && . /etc/default/dropbear
KEY=/data/dropbear/dropbear_ed25519_host_key
case "$1" in
start)
    [ -f $KEY ] || dropbearkey -t ed25519 -f $KEY
    ulimit -v 65536
    start-stop-daemon --start --exec $DAEMON -- -r $KEY -p $DROPBEAR_PORT $DROPBEAR_EXTRA_ARGS
    ;;
stop) start-stop-daemon --stop --exec $DAEMON ;;
esac
"""

INETD_CONF = """\
# service socket protocol wait user program arguments
#telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i
#ftp stream tcp nowait root /usr/sbin/ftpd ftpd -w /data
"""

INETD = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          inetd
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) start-stop-daemon --start --exec /usr/sbin/inetd -- /etc/inetd.conf ;;
esac
"""

CROND = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          busybox-cron
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) start-stop-daemon --start --exec /usr/sbin/crond -- -c /etc/cron/crontabs ;;
esac
"""

PLC = script("plc", "/usr/bin/plcd", "--config /etc/plc/plc.conf", "plc")

CLEAN: dict[str, Content] = {
    **poky("plc"),
    **swupdate(keys.UPDATE_RSA_PUBLIC, keys.CA),
    **accounts(services=(("plc", 950),), people=(("operator", 1000),), nologin=NOLOGIN),
    "etc/init.d/firewall": executable(FIREWALL),
    "etc/default/firewall": "# POLICY_IN=ACCEPT only on the bench\nPOLICY_IN=DROP\n",
    "usr/sbin/iptables": ELF,
    "usr/sbin/ip6tables": ELF,
    "etc/init.d/dropbear": executable(DROPBEAR),
    **started("dropbear", order=10),
    "etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-s -w -j -k"\n',
    **profile("/usr/sbin/dropbear", "capability setuid", "capability setgid", "/data/dropbear/* r", "/bin/busybox Uxr"),
    "usr/sbin/dropbear": ELF,
    "etc/init.d/plc": PLC,
    **started("plc"),
    **profile("/usr/bin/plcd", "network inet stream", "/etc/plc/* r"),
    "usr/bin/plcd": ELF,
    "etc/plc/plc.conf": "cycle = 10\nserver = data.maker.example:8883\npassword_file = /data/identity/plc\n",
    # BusyBox brings both, no runlevel starts them
    "etc/init.d/inetd.busybox": executable(INETD),
    "etc/inetd.conf": INETD_CONF,
    "etc/init.d/busybox-cron": executable(CROND),
    "usr/sbin/inetd": ELF,
    "usr/sbin/crond": ELF,
    "usr/sbin/telnetd": ELF,
}

DER = base64.b64decode("".join(keys.TLS_RSA_KEY.strip().splitlines()[1:-1]))

SYSTEM = Truth(
    name="yocto-plc",
    distribution="yocto",
    init="sysv",
    clean=CLEAN,
    policy=declaration(
        "plc",
        "yocto",
        listen=((22, "tcp", "dropbear", "bastion"),),
        egress=(UPDATES, DATA),
        services=declared(("dropbear", None), ("plc", "plc"), ("swupdate", None)),
        people=("operator",),
        mechanism="swupdate",
        architecture="arm",
    ),
    mistakes=(
        Mistake(
            "telnet-enabled",
            "inetd.conf(5); the runlevel's link starts inetd",
            "telnet",
            files={"etc/inetd.conf": INETD_CONF.replace("#telnet", "telnet"), **started("inetd.busybox", order=20)},
        ),
        also("plaintext-protocol", "telnet", "RFC 854"),
        also("undeclared-listener", "23", "inetd.conf(5); services(5)"),
        also("service-unneeded", "inetd", "the declaration does not name it"),
        also("service-runs-as-root", "inetd", "inetd.conf(5), the user field"),
        also("service-unsandboxed", "inetd", "follows from telnet-enabled: inetd(8) confines nothing"),
        also("mac-profile-missing", "inetd", "apparmor.d(5)"),
        Mistake(
            "ssh-password-login",
            "dropbear(8): -g refuses passwords for root alone",
            files={"etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-g -j -k"\n'},
        ),
        also("ssh-root-login", "", "dropbear(8): only -w keeps root from logging in"),
        Mistake(
            "firewall-default-accept",
            "iptables(8), -P; POSIX shell: a sourced file's value comes later",
            files={"etc/default/firewall": "POLICY_IN=ACCEPT\nPOLICY_OUT=ACCEPT\n"},
        ),
        also("egress-unrestricted", "", "iptables(8), -P OUTPUT"),
        Mistake(
            "init-script-writable",
            "chmod(1): root runs what everybody may change",
            "init.d/plc",
            files={"etc/init.d/plc": Node(PLC.content if isinstance(PLC, Node) else PLC, mode=0o777)},
        ),
        also("world-writable", "init.d/plc", "chmod(1)"),
        Mistake(
            "account-weak-hash",
            "crypt(5), descrypt",
            "operator",
            files=shadow_with(CLEAN, "operator", keys.DES_STRONG),
        ),
        also("image-sameness", "shadow", "the same password in every copy"),
        Mistake(
            "cron-unneeded",
            "crond of BusyBox, -c; the job's file belongs to another account",
            "poll.sh",
            files={
                "etc/cron/crontabs/root": "* * * * * /data/plc/poll.sh\n",
                "data/plc/poll.sh": Node("#!/bin/sh\nexec /usr/bin/plcd --poll\n", mode=0o755, uid=950, gid=950),
                **started("busybox-cron", order=90),
            },
        ),
        also("service-unneeded", "cron", "the declaration does not name it"),
        Mistake(
            "private-key-embedded",
            "RFC 8017, RSAPrivateKey in DER",
            "opcua",
            files={"etc/plc/pki/opcua_private.der": DER},
            witness=Witness(
                ("openssl", "rsa", "-inform", "DER", "-check", "-noout", "-in", "{root}/etc/plc/pki/opcua_private.der"),
                r"RSA key ok",
                "openssl",
            ),
        ),
        also("image-sameness", "opcua", "the same key in every copy"),
        Mistake(
            "sysctl",
            "sysctl.conf(5): of two lines with one key the last one counts",
            "randomize_va_space",
            files={"etc/sysctl.conf": SYSCTL + "kernel.randomize_va_space = 0\n"},
        ),
        Mistake(
            "mount-options",
            "fstab(5), mount(8)",
            "/tmp",
            files={"etc/fstab": FSTAB.replace("mode=1777,nodev,nosuid,noexec,size=32m", "mode=1777")},
            witness=Witness(
                ("findmnt", "--tab-file", "{root}/etc/fstab", "--noheadings", "-o", "OPTIONS", "/tmp"),
                r"^mode=1777$",
                "util-linux",
            ),
        ),
        also("mount-options", "size /tmp", "tmpfs(5), size: half of the memory where none is given"),
        Mistake("debug-tool-shipped", "strace(1)", "strace", files={"usr/bin/strace": ELF}),
    ),
)
