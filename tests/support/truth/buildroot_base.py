"""Buildroot as a careful maker builds it: verified squashfs, BusyBox init, an encrypted /data, A/B updates by cron."""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.small_base import SYSCTL, accounts, busybox, programs
from truth.small_keys import DEVICE_CA, PUBLIC_KEY, UPDATE_CA

INITTAB = """\
::sysinit:/bin/mount -t proc proc /proc
# The root stays read-only: no remount,rw here.
::sysinit:/bin/mkdir -p /dev/pts /dev/shm
::sysinit:/bin/mount -a
::sysinit:/bin/hostname -F /etc/hostname
::sysinit:/etc/init.d/rcS
#ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/init.d/rcK
::shutdown:/bin/umount -a -r
"""

SYSV_INITTAB = """\
id:3:initdefault:

si0::sysinit:/bin/mount -t proc proc /proc
si1::sysinit:/bin/mount -a
si2::sysinit:/bin/hostname -F /etc/hostname
rcS:12345:wait:/etc/init.d/rcS
#S0:1:respawn:/sbin/getty -L ttyS0 115200 vt100
shd0:06:wait:/etc/init.d/rcK
shd1:06:wait:/bin/umount -a -r
hlt0:0:wait:/sbin/halt -dhp
reb0:6:wait:/sbin/reboot
"""

FSTAB = """\
# <file system>\t<mount pt>\t<type>\t<options>\t<dump>\t<pass>
/dev/mapper/root\t/\tsquashfs\tro,nodev\t0\t0
proc\t/proc\tproc\tnosuid,nodev,noexec,hidepid=2\t0\t0
devpts\t/dev/pts\tdevpts\tnosuid,noexec,gid=5,mode=620,ptmxmode=0666\t0\t0
tmpfs\t/dev/shm\ttmpfs\tnosuid,nodev,noexec,mode=1777,size=16m\t0\t0
tmpfs\t/tmp\ttmpfs\tnosuid,nodev,noexec,mode=1777,size=32m\t0\t0
tmpfs\t/run\ttmpfs\tnosuid,nodev,noexec,mode=0755,size=16m\t0\t0
sysfs\t/sys\tsysfs\tnosuid,nodev,noexec\t0\t0
/dev/mapper/data\t/data\text4\tnoauto,nosuid,nodev,noexec\t0\t2
"""

RCS = """\
#!/bin/sh
# Runs the start scripts in their order; their groups get the controllers from the first one.
mount -t cgroup2 cgroup2 /sys/fs/cgroup -o nosuid,nodev,noexec
echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
for i in /etc/init.d/S??* ; do
	[ ! -f "$i" ] && continue
	case "$i" in
	*.sh)
		(set start; . "$i")
		;;
	*)
		"$i" start
		;;
	esac
done
"""


def script(start: str, stop: str = ":") -> Node:
    """An init script: what `start` does, line by line."""
    indent = "\n\t\t".join(start.strip().splitlines())
    content = f'#!/bin/sh\n\ncase "$1" in\n\tstart)\n\t\t{indent}\n\t\t;;\n\tstop)\n\t\t{stop}\n\t\t;;\nesac\n'
    return Node(content, mode=0o755)


def confined(name: str, command: str, user: str = "", capability: str = "", rest: str = "") -> Node:
    """A daemon of its own user in namespaces of its own, with limits, without capabilities and new privileges."""
    user = user or name
    kept = f"-all,+{capability}" if capability else "-all"
    ambient = f" --ambient-caps=+{capability} --inh-caps=+{capability}" if capability else " --inh-caps=-all"
    return script(
        f"""{rest}mkdir -p /sys/fs/cgroup/{name}
echo 33554432 > /sys/fs/cgroup/{name}/memory.max
echo 32 > /sys/fs/cgroup/{name}/pids.max
echo "20000 100000" > /sys/fs/cgroup/{name}/cpu.max
echo $$ > /sys/fs/cgroup/{name}/cgroup.procs
start-stop-daemon -S -b -m -p /run/{name}.pid -x /usr/bin/bwrap -- --ro-bind / / --dev /dev --proc /proc \\
	--tmpfs /tmp --bind /data/{name} /data/{name} --unshare-ipc --unshare-pid --unshare-uts --unshare-cgroup \\
	--die-with-parent -- /usr/bin/setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs \\
	--bounding-set={kept}{ambient} --seccomp-filter=/etc/seccomp/{name}.bpf -- {command}""",
        f"start-stop-daemon -K -p /run/{name}.pid",
    )


def bare(name: str, command: str) -> Node:
    """A daemon as root, without anything around it."""
    return script(
        f"start-stop-daemon -S -b -m -p /run/{name}.pid -x {command.split()[0]} -- {' '.join(command.split()[1:])}",
        f"start-stop-daemon -K -p /run/{name}.pid",
    )


OPEN_DATA = """\
/usr/libexec/data-key | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p5 data
mount /data"""

NFTABLES = """\
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority 0; policy drop;
		ct state invalid drop
		ct state established,related accept
		iif lo accept
		meta l4proto { icmp, ipv6-icmp } limit rate 10/second accept
%s	}
	chain forward {
		type filter hook forward priority 0; policy drop;
	}
	chain output {
		type filter hook output priority 0; policy drop;
		ct state established,related accept
		oif lo accept
		meta l4proto ipv6-icmp accept
		ip daddr 192.0.2.53 meta l4proto { tcp, udp } th dport 53 accept
		ip daddr 192.0.2.123 udp dport 123 accept
		ip daddr 198.51.100.10 tcp dport 443 accept
		udp sport 68 udp dport 67 accept
	}
}
"""


def nftables(*ports: int, protocol: str = "tcp") -> str:
    return NFTABLES % "".join(f"\t\tip saddr 192.168.0.0/16 {protocol} dport {port} accept\n" for port in ports)


IPTABLES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
%s-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A OUTPUT -d 192.0.2.53/32 -p udp --dport 53 -j ACCEPT
-A OUTPUT -d 192.0.2.123/32 -p udp --dport 123 -j ACCEPT
-A OUTPUT -d 198.51.100.10/32 -p tcp --dport 443 -j ACCEPT
-A OUTPUT -p udp --sport 68 --dport 67 -j ACCEPT
COMMIT
"""
CLOSED6 = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n"


def iptables(*ports: int) -> dict[str, Content]:
    lines = "".join(f"-A INPUT -s 192.168.0.0/16 -p tcp --dport {port} -j ACCEPT\n" for port in ports)
    return {
        "etc/iptables.conf": IPTABLES % lines,
        "etc/ip6tables.conf": CLOSED6,
        "etc/init.d/S35iptables": script(
            "iptables-restore < /etc/iptables.conf\nip6tables-restore < /etc/ip6tables.conf"
        ),
        **programs("usr/sbin/iptables-restore", "usr/sbin/ip6tables-restore"),
    }


RAUC_CONF = """\
[system]
compatible=maker-device
bootloader=uboot
bundle-formats=-plain
min-bundle-version=14.0.0
data-directory=/data/rauc

[keyring]
path=/etc/rauc/keyring.pem

[slot.rootfs.0]
device=/dev/mmcblk0p2
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/mmcblk0p3
type=raw
bootname=B
"""

RAUC: dict[str, Content] = {
    "etc/rauc/system.conf": RAUC_CONF,
    "etc/rauc/keyring.pem": UPDATE_CA,
    "etc/init.d/S99mark-good": script("/usr/libexec/selftest && rauc status mark-good booted"),
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    "etc/crontabs/root": "17 3 * * * rauc install https://updates.maker.example/stable/device.raucb\n",
    **programs("usr/bin/rauc", "usr/sbin/fw_setenv", "usr/libexec/selftest"),
}

SWUPDATE_CFG = """\
globals :
{
	verbose = false;
	syslog = true;
	bootloader = "uboot";
	public-key-file = "/etc/swupdate/public.pem";
	no-downgrading = "14.0.0";
	no-reinstalling = "14.0.0";
};

download :
{
	retries = 3;
	timeout = 1800;
};
"""

SWUPDATE_JOB = """\
#!/bin/sh
# Takes the newest image into the slot that does not run; U-Boot goes back when it is not marked good in three boots.
case "$(fw_printenv -n slot)" in
A) copy=copy_b other=B ;;
*) copy=copy_a other=A ;;
esac
swupdate -f /etc/swupdate.cfg -e "stable,$copy" -d "-u https://updates.maker.example/stable/device.swu" || exit 1
fw_setenv slot "$other"
fw_setenv upgrade_available 1
fw_setenv bootcount 0
reboot
"""

SWUPDATE: dict[str, Content] = {
    "etc/swupdate.cfg": SWUPDATE_CFG,
    "etc/swupdate/public.pem": PUBLIC_KEY,
    "etc/hwrevision": "maker-device 1.0\n",
    "usr/libexec/fetch-update": executable(SWUPDATE_JOB),
    "etc/init.d/S99mark-good": script(
        "/usr/libexec/selftest && fw_setenv upgrade_available 0 && fw_setenv bootcount 0"
    ),
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    "etc/crontabs/root": "17 3 * * * /usr/libexec/fetch-update\n",
    **programs("usr/bin/swupdate", "usr/sbin/fw_setenv", "usr/libexec/selftest"),
}


def buildroot(*users: tuple[str, int], login: str = "", inittab: str = INITTAB) -> dict[str, Content]:
    return {
        "etc/os-release": (
            'NAME=Buildroot\nVERSION=2025.02.9\nID=buildroot\nVERSION_ID=2025.02.9\nPRETTY_NAME="Buildroot 2025.02.9"\n'
        ),
        "etc/hostname": "device\n",
        "etc/inittab": inittab,
        "etc/fstab": FSTAB,
        **accounts(("www-data", 33), *users, login=login),
        "etc/init.d/rcS": executable(RCS),
        "etc/init.d/rcK": executable('#!/bin/sh\nfor i in $(ls -r /etc/init.d/S??*); do\n\t"$i" stop\ndone\n'),
        "etc/init.d/S01syslogd": script("start-stop-daemon -S -x /sbin/syslogd -- -C64"),
        "etc/init.d/S02sysctl": script(
            "sysctl -p /etc/sysctl.conf\nfor i in /etc/sysctl.d/*.conf; do sysctl -p $i; done"
        ),
        "etc/init.d/S03data": script(OPEN_DATA, "umount /data && cryptsetup close data"),
        "etc/init.d/S05apparmor": script("apparmor_parser -r -W /etc/apparmor.d"),
        "etc/init.d/S40network": script("/sbin/ifup -a", "/sbin/ifdown -a"),
        "etc/init.d/S50crond": script("start-stop-daemon -S -x /usr/sbin/crond -- -c /etc/crontabs"),
        "etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n",
        "usr/share/udhcpc/default.script": executable(
            '#!/bin/sh\n[ -z "$1" ] && exit 1\ncase "$1" in\ndeconfig) ip addr flush dev "$interface" ;;\n'
            'bound|renew) ip addr add "$ip/$mask" dev "$interface" ;;\nesac\n'
        ),
        "etc/sysctl.conf": SYSCTL,
        "etc/ssl/certs/maker.pem": DEVICE_CA,
        "var/log": link("../tmp"),
        "tmp": Node(mode=0o1777, kind=Kind.DIRECTORY),
        **programs(
            "usr/sbin/cryptsetup", "usr/libexec/data-key", "usr/bin/bwrap", "usr/bin/setpriv", "sbin/apparmor_parser"
        ),
        **busybox(
            "bin/sh", "bin/ash", "bin/mount", "sbin/init", "sbin/syslogd", "usr/sbin/crond", "sbin/ifup", "sbin/udhcpc"
        ),
    }


def nft_files(rules: str) -> dict[str, Content]:
    return {
        "etc/nftables.conf": rules,
        "etc/init.d/S35nftables": script("/usr/sbin/nft -f /etc/nftables.conf"),
        **programs("usr/sbin/nft"),
    }


def policy(product: str, sections: str, mechanism: str = "rauc", until: str = "2027-12-31") -> str:
    return f"""\
schema = 1

[device]
product = "{product}"
version = "14"
architecture = "arm64"
system = "buildroot"

[support]
until = {until}
contact = "https://maker.example/security"
after = "reduced-network"

[[egress]]
to = "192.0.2.53"
port = 53
protocol = "udp"
[[egress]]
to = "192.0.2.53"
port = 53
protocol = "tcp"
[[egress]]
to = "192.0.2.123"
port = 123
protocol = "udp"
[[egress]]
to = "updates.maker.example"
port = 443
[[egress]]
to = "gateway"
port = 67
protocol = "udp"

[[service]]
name = "syslogd"
[[service]]
name = "crond"
[[service]]
name = "network"
[[service]]
name = "apparmor"
[[service]]
name = "data"
[[service]]
name = "mark-good"

{sections}
[filesystem]
verified = "verity"
writable = ["/data", "/run", "/tmp"]
encrypted = ["/data"]
key_store = "caam"

[update]
server = "https://updates.maker.example"
mechanism = "{mechanism}"
automatic = true

[modes]
advanced = "none"
"""
