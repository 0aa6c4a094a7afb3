"""OpenWrt as a careful maker builds it: squashfs on dm-verity without overlay, encrypted data, A/B updates.

The init scripts do what those of the packages do, in few words. An image has no mount_root, so nothing is laid over the
squashfs; what changes lies under /data.
"""

from firmward.model.memory import Content, executable, link
from truth.small_base import SYSCTL, accounts, busybox, profile, programs
from truth.small_keys import DEVICE_CA


def init(text: str) -> Content:
    return executable(f"#!/bin/sh /etc/rc.common\n{text}")


def jailed(name: str, start: int, command: str, user: str = "", rest: str = "") -> Content:
    """A procd service in a jail, as an own user, without new privileges, limited."""
    user = user or name
    return init(f"""
START={start}
STOP=10
USE_PROCD=1

start_service() {{
	procd_open_instance {name}
	procd_set_param command {command}
	procd_set_param user {user}
	procd_set_param group {user}
	procd_set_param no_new_privs 1
	procd_set_param capabilities /etc/capabilities/{name}.json
	procd_set_param seccomp /etc/seccomp/{name}.json
	procd_set_param limits nofile="256 256" nproc="32 32" as="33554432 33554432"
	procd_add_jail {name} log ronly procfs cgroupsns
	procd_add_jail_mount /etc/ssl /etc/{name}
	procd_add_jail_mount_rw /data/{name}
{rest}	procd_set_param respawn
	procd_close_instance
}}
""")


def confined(name: str, *capabilities: str) -> dict[str, Content]:
    """The capabilities and the system calls that a jail names."""
    listed = ", ".join(f'"{one}"' for one in capabilities)
    sets = ",\n".join(
        f'\t"{kind}": [{listed}]' for kind in ("bounding", "effective", "ambient", "permitted", "inheritable")
    )
    calls = '"read", "write", "openat", "close", "mmap", "munmap", "brk", "exit_group", "poll", "recvfrom", "sendto"'
    return {
        f"etc/capabilities/{name}.json": f"{{\n{sets}\n}}\n",
        f"etc/seccomp/{name}.json": (
            '{ "defaultAction": "SCMP_ACT_KILL_PROCESS",\n'
            f'  "syscalls": [ {{ "names": [{calls}, "socket", "bind", "listen", "accept4"], '
            '"action": "SCMP_ACT_ALLOW" } ] }\n'
        ),
    }


DATA = """
START=09
USE_PROCD=1

# The key comes out of the processor's own secret and is never written anywhere.
boot() {
	/usr/libexec/data-key | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p5 data
	mount -t ext4 -o nosuid,nodev,noexec /dev/mapper/data /data
}
"""

DROPBEAR = """
START=19
STOP=50
USE_PROCD=1

append_port() {
	local port="$1"
	local interface="$2"
	local address
	network_get_ipaddr address "$interface"
	procd_append_param command -p "${address:+$address:}$port"
}

dropbear_instance() {
	local PasswordAuth RootPasswordAuth RootLogin Port Interface enable keyfile
	config_get_bool enable "$1" enable 1
	[ "$enable" = 1 ] || return 1
	config_get_bool PasswordAuth "$1" PasswordAuth 1
	config_get_bool RootPasswordAuth "$1" RootPasswordAuth 1
	config_get_bool RootLogin "$1" RootLogin 1
	config_get Port "$1" Port 22
	config_get Interface "$1" Interface
	config_get keyfile "$1" keyfile
	procd_open_instance "$1"
	procd_set_param command /usr/sbin/dropbear -F -P "/var/run/dropbear.$1.pid" -j -k
	[ "$PasswordAuth" -eq 0 ] && procd_append_param command -s
	[ "$RootPasswordAuth" -eq 0 ] && procd_append_param command -g
	[ "$RootLogin" -eq 0 ] && procd_append_param command -w
	[ -n "$keyfile" ] && procd_append_param command -r "$keyfile"
	append_port "$Port" "$Interface"
	procd_set_param respawn
	procd_close_instance
}

start_service() {
	. /lib/functions.sh
	. /lib/functions/network.sh
	config_load dropbear
	config_foreach dropbear_instance dropbear
}
"""

SSH_KEYS_ONLY = """\
config dropbear main
	option enable '1'
	option PasswordAuth 'off'
	option RootPasswordAuth 'off'
	option RootLogin '0'
	option Port '22'
	option Interface 'lan'
	option keyfile '/data/dropbear/dropbear_ed25519_host_key'
"""

UPDATER = """\
#!/bin/sh
# Asks for a newer image, checks its signature, writes the other slot and boots it on trial.
set -eu
SERVER=https://updates.maker.example/stable
WORK=$(mktemp -d /tmp/update.XXXXXX)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

uclient-fetch -q --ca-certificate=/etc/ssl/certs/maker.pem -O manifest "$SERVER/manifest"
uclient-fetch -q --ca-certificate=/etc/ssl/certs/maker.pem -O manifest.sig "$SERVER/manifest.sig"
usign -V -q -m manifest -x manifest.sig -P /etc/update/keys || exit 1

have=$(cat /etc/update/version)
new=$(sed -n 's/^version=//p' manifest)
# An older or the same number is refused, signed or not.
[ "$new" -gt "$have" ] || exit 0

sum=$(sed -n 's/^sha256=//p' manifest)
uclient-fetch -q --ca-certificate=/etc/ssl/certs/maker.pem -O image "$SERVER/image-$new"
echo "$sum  image" | sha256sum -c - || exit 1

slot=$(fw_printenv -n slot)
case "$slot" in
a) other=b device=/dev/mmcblk0p3 ;;
*) other=a device=/dev/mmcblk0p2 ;;
esac
dd if=image of="$device" bs=1M conv=fsync
# The boot loader falls back to the old slot when the new one is not marked good within three boots.
fw_setenv -s - <<END
slot $other
bootcount 0
bootlimit 3
upgrade_available 1
END
reboot
"""

MARK_GOOD = """
START=99

# The new slot has shown itself healthy: the boot loader need not fall back.
boot() {
	/usr/libexec/selftest || reboot
	fw_setenv -s - <<END
upgrade_available 0
bootcount 0
END
}
"""

FIREWALL = """\
config defaults
	option syn_flood '1'
	option input 'REJECT'
	option output 'REJECT'
	option forward 'REJECT'
	option drop_invalid '1'

config zone
	option name 'lan'
	list network 'lan'
	option input 'REJECT'
	option output 'REJECT'
	option forward 'REJECT'

config zone
	option name 'wan'
	list network 'wan'
	option input 'DROP'
	option output 'REJECT'
	option forward 'DROP'

config rule
	option name 'DHCP-client'
	option dest 'wan'
	option proto 'udp'
	option dest_port '67'
	option family 'ipv4'
	option target 'ACCEPT'

config rule
	option name 'DNS'
	option dest 'wan'
	option proto 'tcp udp'
	option dest_ip '192.0.2.53'
	option dest_port '53'
	option target 'ACCEPT'

config rule
	option name 'NTP'
	option dest 'wan'
	option proto 'udp'
	option dest_ip '192.0.2.123'
	option dest_port '123'
	option target 'ACCEPT'

config rule
	option name 'Updates'
	option dest 'wan'
	option proto 'tcp'
	option dest_ip '198.51.100.10'
	option dest_port '443'
	option target 'ACCEPT'
"""


def allow(name: str, port: int, source: str = "lan", protocol: str = "tcp") -> str:
    """A rule that lets one service in."""
    return (
        f"\nconfig rule\n\toption name '{name}'\n\toption src '{source}'\n\toption proto '{protocol}'\n"
        f"\toption dest_port '{port}'\n\toption target 'ACCEPT'\n"
    )


NETWORK = """\
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	list ipaddr '127.0.0.1/8'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	list ipaddr '192.168.7.1/24'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0'
"""

STARTED = {
    "boot": 10,
    "sysctl": 11,
    "log": 12,
    "apparmor": 13,
    "firewall": 19,
    "network": 20,
    "cron": 50,
    "sysntpd": 98,
}


def openwrt(
    product: str, users: tuple[tuple[str, int], ...] = (), started: dict[str, int] | None = None, login: str = ""
) -> dict[str, Content]:
    """The base; `started` are further init scripts that rc.d links to, `login` who may log in by key."""
    links: dict[str, Content] = {
        f"etc/rc.d/S{order:02}{name}": link(f"../init.d/{name}")
        for name, order in {**STARTED, "data": 9, "mark-good": 99, "done": 95, **(started or {})}.items()
    }
    return {
        "etc/os-release": (
            'NAME="OpenWrt"\nVERSION="25.12.4"\nID="openwrt"\nID_LIKE="lede openwrt"\n'
            'PRETTY_NAME="OpenWrt 25.12.4"\nVERSION_ID="25.12.4"\n'
            f'OPENWRT_DEVICE_PRODUCT="{product}"\nOPENWRT_RELEASE="OpenWrt 25.12.4"\n'
        ),
        "etc/openwrt_release": "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='25.12.4'\nDISTRIB_ARCH='aarch64_cortex-a53'\n",
        **accounts(("logd", 514), ("ntp", 123), *users, root_shell="/bin/ash", login=login),
        # The console has no login: the line that would give one is only a comment.
        "etc/inittab": "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n"
        "#::askconsole:/usr/libexec/login.sh\n",
        "etc/rc.common": executable(
            '#!/bin/sh\n. "$IPKG_INSTROOT/lib/functions.sh"\ninitscript=$1\n. "$initscript"\n"$2"\n'
        ),
        "etc/rc.local": "# What is written here runs once, at the end of the boot.\n\nexit 0\n",
        "etc/sysctl.d/10-default.conf": SYSCTL,
        "etc/config/system": (
            "config system\n\toption hostname 'device'\n\toption timezone 'UTC'\n\toption ttylogin '1'\n\n"
            "config timeserver 'ntp'\n\toption enabled '1'\n\tlist server 'time.maker.example'\n"
        ),
        "etc/config/network": NETWORK,
        "etc/config/firewall": FIREWALL,
        "etc/crontabs/root": "17 3 * * * /usr/sbin/device-update\n",
        "etc/apparmor.d/usr.sbin.ntpd": profile(
            "/usr/sbin/ntpd", "network inet dgram", "capability sys_time", "/etc/** r"
        ),
        "etc/init.d/boot": init("\nSTART=10\n\nboot() {\n\tmkdir -p /var/run /var/log\n\t/sbin/kmodloader\n}\n"),
        "etc/init.d/sysctl": init(
            "\nSTART=11\n\nstart() {\n\tfor conf in /etc/sysctl.d/*.conf /etc/sysctl.conf; do\n"
            '\t\t[ -f "$conf" ] && sysctl -e -p "$conf" >&-\n\tdone\n}\n'
        ),
        "etc/init.d/log": jailed("logd", 12, "/sbin/logd -S 64"),
        "etc/init.d/apparmor": init("\nSTART=13\n\nstart() {\n\tapparmor_parser -r -W /etc/apparmor.d\n}\n"),
        "etc/init.d/firewall": init("\nSTART=19\nUSE_PROCD=1\n\nstart_service() {\n\tfw4 ${QUIET} start\n}\n"),
        "etc/init.d/network": init(
            "\nSTART=20\nSTOP=90\nUSE_PROCD=1\n\nstart_service() {\n\tprocd_open_instance\n"
            "\tprocd_set_param command /sbin/netifd\n\tprocd_set_param respawn\n\tprocd_close_instance\n}\n"
        ),
        "etc/init.d/cron": init(
            '\nSTART=50\nUSE_PROCD=1\n\nstart_service() {\n\t[ -n "$(ls /etc/crontabs/)" ] || return 1\n'
            "\tprocd_open_instance\n\tprocd_set_param command /usr/sbin/crond -f -c /etc/crontabs -l 7\n"
            "\tprocd_close_instance\n}\n"
        ),
        "etc/init.d/sysntpd": jailed("ntpd", 98, "/usr/sbin/ntpd -n -N -p time.maker.example", "ntp"),
        "etc/init.d/done": init("\nSTART=95\n\nboot() {\n\t[ -f /etc/rc.local ] && sh /etc/rc.local\n}\n"),
        "etc/init.d/data": init(DATA),
        "etc/init.d/mark-good": init(MARK_GOOD),
        **confined("logd"),
        **confined("ntpd", "CAP_SYS_TIME", "CAP_NET_BIND_SERVICE"),
        **links,
        "usr/sbin/device-update": executable(UPDATER),
        "etc/update/keys/6f2d11c5a8e04b97": "untrusted comment: maker release key\n"
        "RWRvLRHFqOBLl4qSg9k1pN2m0v7bJx4cYtQe6uWzHf3DoIaKsLr8XhVn\n",
        "etc/update/version": "14\n",
        "etc/fw_env.config": "/dev/mmcblk0boot1 0x0 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
        "etc/ssl/certs/maker.pem": DEVICE_CA,
        **programs(
            "sbin/procd",
            "sbin/netifd",
            "sbin/logd",
            "sbin/init",
            "sbin/ujail",
            "usr/sbin/nft",
            "usr/bin/usign",
            "usr/sbin/cryptsetup",
            "usr/sbin/fw_setenv",
            "usr/libexec/data-key",
            "usr/libexec/selftest",
            "sbin/apparmor_parser",
            "bin/uclient-fetch",
        ),
        "sbin/fw4": executable(
            "#!/bin/sh\n# Renders /etc/config/firewall and loads it.\nutpl -S /usr/share/firewall4/main.uc | nft -f -\n"
        ),
        **busybox(
            "bin/sh", "bin/ash", "bin/mount", "sbin/reboot", "usr/sbin/crond", "usr/sbin/ntpd", "usr/bin/sha256sum"
        ),
    }


def policy(product: str, sections: str, encrypted: bool = True, until: str = "2027-03-31") -> str:
    """What the base does, and `sections` for the product."""
    return f"""\
schema = 1

[device]
product = "{product}"
version = "14"
architecture = "arm64"
system = "openwrt"

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
to = "time.maker.example"
port = 123
protocol = "udp"
[[egress]]
to = "updates.maker.example"
port = 443
protocol = "tcp"
[[egress]]
to = "gateway"
port = 67
protocol = "udp"

[[service]]
name = "log"
user = "logd"
[[service]]
name = "network"
[[service]]
name = "firewall"
[[service]]
name = "apparmor"
[[service]]
name = "cron"
[[service]]
name = "sysntpd"
user = "ntp"
[[service]]
name = "data"
[[service]]
name = "mark-good"

{sections}
[filesystem]
verified = "verity"
writable = ["/data", "/tmp"]
encrypted = ["/data"]
key_store = "derived"

[update]
server = "https://updates.maker.example"
mechanism = "other"
automatic = true

[modes]
advanced = "none"
"""


def listen(port: int, service: str, source: str = "lan", protocol: str = "tcp") -> str:
    return f'[[listen]]\nport = {port}\nprotocol = "{protocol}"\nservice = "{service}"\nfrom = "{source}"\n'


def service(name: str, user: str = "", writes: str = "", memory: str = "") -> str:
    text = f'[[service]]\nname = "{name}"\n'
    text += f'user = "{user}"\n' if user else ""
    text += f'writes = ["{writes}"]\n' if writes else ""
    return text + (f'memory = "{memory}"\n' if memory else "")
