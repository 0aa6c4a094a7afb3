"""Alpine as a careful maker builds it: OpenRC with sandboxed services, a verified image, an encrypted /data."""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.small_base import SYSCTL, accounts, busybox, programs
from truth.small_keys import DEVICE_CA, PACKAGE_PUBLIC_KEY

INITTAB = """\
::sysinit:/sbin/openrc sysinit
::sysinit:/sbin/openrc boot
::wait:/sbin/openrc default
#tty1::respawn:/sbin/getty 38400 tty1
#ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100
::ctrlaltdel:/sbin/reboot
::shutdown:/sbin/openrc shutdown
"""

FSTAB = """\
/dev/mapper/root / squashfs ro,nodev 0 0
tmpfs /tmp tmpfs nosuid,nodev,noexec,mode=1777,size=64m 0 0
tmpfs /run tmpfs nosuid,nodev,noexec,mode=0755,size=16m 0 0
/dev/mapper/data /data ext4 noauto,nosuid,nodev,noexec 0 2
"""

RUNLEVELS = {
    "sysinit": ("devfs", "dmesg", "mdev"),
    "boot": ("apparmor", "bootmisc", "data", "hostname", "networking", "sysctl", "syslog"),
    "default": ("crond", "mark-good"),
    "shutdown": ("killprocs", "mount-ro"),
}


def run(text: str) -> Node:
    return executable(f"#!/sbin/openrc-run\n{text}")


def confined(name: str, command: str, user: str = "", capability: str = "") -> Node:
    """A service of its own user, in namespaces of its own, with a cgroup's limits and no new privileges."""
    user = user or name
    kept = f'capabilities="^{capability}"\n' if capability else ""
    cap = f"--cap-add {capability.upper()}" if capability else "--cap-drop ALL"
    return run(f"""
name="{name}"
supervisor=supervise-daemon
command="/usr/bin/bwrap"
command_args="--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --bind /data/{name} /data/{name} --unshare-ipc \\
	--unshare-pid --unshare-uts --unshare-cgroup --die-with-parent {cap} --seccomp 9 -- {command}"
command_user="{user}:{user}"
{kept}no_new_privs="yes"
rc_ulimit="-n 256 -u 32"
rc_cgroup_settings="
memory.max 33554432
pids.max 32
cpu.max 20000 100000
"

depend() {{
	need net
	after firewall apparmor
}}

start_pre() {{
	exec 9< /etc/seccomp/{name}.bpf
	checkpath -d -m 0750 -o {user}:{user} /data/{name}
}}
""")


def bare(name: str, command: str, arguments: str) -> Node:
    """A service as root, without anything around it."""
    return run(
        f'\nname="{name}"\ncommand="{command}"\ncommand_args="{arguments}"\ncommand_background="yes"\n'
        f'pidfile="/run/{name}.pid"\n\ndepend() {{\n\tneed net\n}}\n'
    )


NFTABLES = """\
#!/usr/sbin/nft -f
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority 0; policy drop;
		ct state invalid drop
		ct state { established, related } accept
		iif lo accept
		meta l4proto { icmp, ipv6-icmp } limit rate 10/second accept
%s	}
	chain forward {
		type filter hook forward priority 0; policy drop;
	}
	chain output {
		type filter hook output priority 0; policy drop;
		ct state { established, related } accept
		oif lo accept
		meta l4proto ipv6-icmp accept
		ip daddr 192.0.2.53 meta l4proto { tcp, udp } th dport 53 accept
		ip daddr 198.51.100.10 tcp dport 443 accept
%s		udp sport 68 udp dport 67 accept
	}
}
"""


def nftables(*rules: str, out: tuple[str, ...] = ()) -> dict[str, Content]:
    lines = "".join(f"\t\tip saddr 192.168.0.0/16 {rule} accept\n" for rule in rules)
    more = "".join(f"\t\tip daddr {rule} accept\n" for rule in out)
    return {
        "etc/nftables.nft": NFTABLES % (lines, more),
        "etc/init.d/nftables": run(
            '\n: ${rules_file:="/etc/nftables.nft"}\n\ndepend() {\n\tbefore net\n\tprovide firewall\n}\n\n'
            'start() {\n\tebegin "Loading nftables"\n\t/usr/sbin/nft -f "$rules_file"\n\teend $?\n}\n'
        ),
        "etc/conf.d/nftables": 'rules_file="/etc/nftables.nft"\nsave_on_stop="no"\n',
        **programs("usr/sbin/nft"),
    }


SSHD_INIT = run("""
description="OpenSSH server daemon"
command="/usr/sbin/sshd"
pidfile="/run/sshd.pid"
: ${cfgfile:=/etc/ssh/sshd_config}

depend() {
	use net
	after firewall
}

start_pre() {
	[ -f /data/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
}

start() {
	start-stop-daemon --start --exec $command --pidfile $pidfile -- -f $cfgfile $command_args
}
""")


def alpine(
    *users: tuple[str, int],
    login: str = "",
    default: tuple[str, ...] = (),
    boot: tuple[str, ...] = (),
    data: bool = True,
) -> dict[str, Content]:
    """The base; `default` and `boot` are further services of these runlevels."""
    levels = {**RUNLEVELS, "default": RUNLEVELS["default"] + default, "boot": RUNLEVELS["boot"] + boot}
    files: dict[str, Content] = {
        "etc/alpine-release": "3.23.2\n",
        "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.23.2\nPRETTY_NAME="Alpine Linux v3.23"\n',
        "etc/hostname": "device\n",
        "etc/inittab": INITTAB,
        "etc/fstab": FSTAB,
        **accounts(*users, root_shell="/bin/ash", login=login),
        "etc/apk/repositories": (
            "https://dl-cdn.alpinelinux.org/alpine/v3.23/main\n#http://dl-cdn.alpinelinux.org/alpine/v3.23/testing\n"
        ),
        "etc/apk/keys/maker.rsa.pub": PACKAGE_PUBLIC_KEY,
        "etc/apk/world": "alpine-base\napparmor\nopenrc\n",
        "etc/rc.conf": 'rc_parallel="NO"\nrc_logger="NO"\nrc_cgroup_mode="unified"\n',
        "etc/sysctl.d/20-maker.conf": SYSCTL,
        "etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n",
        "etc/ssl/certs/maker.pem": DEVICE_CA,
        "etc/init.d/sysctl": run(
            "\nstart() {\n\tfor conf in /etc/sysctl.d/*.conf /etc/sysctl.conf; do\n"
            '\t\t[ -r "$conf" ] && sysctl -q -p "$conf"\n\tdone\n}\n'
        ),
        "etc/init.d/networking": run("\nprovide net\n\nstart() {\n\tifup -a\n}\n"),
        "etc/init.d/apparmor": run("\nstart() {\n\tapparmor_parser -r -W /etc/apparmor.d\n}\n"),
        "etc/init.d/syslog": run('\ncommand="/sbin/syslogd"\ncommand_args="-C64 -n"\ncommand_background="yes"\n'),
        "etc/init.d/crond": run('\ncommand="/usr/sbin/crond"\ncommand_args="-c /etc/crontabs -f"\n'),
        "etc/init.d/data": run(
            "\nstart() {\n\t/usr/libexec/data-key | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p5 data\n"
            "\tmount /data\n}\n"
        ),
        "etc/init.d/mark-good": run("\nstart() {\n\t/usr/libexec/selftest && rauc status mark-good booted\n}\n"),
        "etc/crontabs/root": "# min\thour\tday\tmonth\tweekday\tcommand\n"
        "*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min\n0\t2\t*\t*\t*\trun-parts /etc/periodic/daily\n",
        "tmp": Node(mode=0o1777, kind=Kind.DIRECTORY),
        **programs("sbin/openrc", "sbin/openrc-run", "usr/bin/bwrap", "sbin/apparmor_parser", "usr/sbin/cryptsetup"),
        **programs("usr/libexec/data-key", "usr/libexec/selftest", "sbin/supervise-daemon"),
        **busybox("bin/sh", "bin/ash", "sbin/init", "sbin/syslogd", "usr/sbin/crond", "sbin/ifup", "sbin/udhcpc"),
        **{
            f"etc/runlevels/{level}/{one}": link(f"/etc/init.d/{one}") for level, all_ in levels.items() for one in all_
        },
    }
    for one in ("devfs", "dmesg", "mdev", "bootmisc", "hostname", "killprocs", "mount-ro"):
        files.setdefault(f"etc/init.d/{one}", run(f'\ndescription="{one}"\n\nstart() {{\n\treturn 0\n}}\n'))
    return files


def policy(
    product: str, sections: str, mechanism: str = "rauc", until: str = "2027-10-31", verified: str = "verity"
) -> str:
    return f"""\
schema = 1

[device]
product = "{product}"
version = "14"
architecture = "x86-64"
system = "alpine"

[support]
until = {until}
contact = "https://maker.example/security"
after = "local-only"

[[egress]]
to = "192.0.2.53"
port = 53
protocol = "udp"
[[egress]]
to = "192.0.2.53"
port = 53
protocol = "tcp"
[[egress]]
to = "updates.maker.example"
port = 443
[[egress]]
to = "gateway"
port = 67
protocol = "udp"

[[service]]
name = "syslog"
[[service]]
name = "crond"
[[service]]
name = "networking"
[[service]]
name = "apparmor"
[[service]]
name = "data"
[[service]]
name = "mark-good"

{sections}
[filesystem]
verified = "{verified}"
writable = ["/data", "/run", "/tmp"]
encrypted = ["/data"]
key_store = "tpm"

[update]
server = "https://updates.maker.example"
mechanism = "{mechanism}"
automatic = true

[modes]
advanced = "none"
"""
