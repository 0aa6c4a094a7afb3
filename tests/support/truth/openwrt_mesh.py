"""A mesh node on OpenWrt 25.12: UCI that packages turn into configurations, uci-defaults, nftables.d, apk.

Written without sight of the checks.
"""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.openwrt_base import (
    DROPBEAR,
    FIREWALL,
    NETWORK,
    SSH_KEYS_ONLY,
    allow,
    confined,
    init,
    listen,
    openwrt,
    policy,
    service,
)
from truth.row import Mistake, Truth
from truth.second_keys import FACTORY_PUBLIC_KEY, WIREGUARD_HUB, WIREGUARD_ROUTER_KEY
from truth.small_base import PROGRAM, also, page, profile, programs, secret, shell

UCI = "openwrt.org, UCI"
FW4 = "openwrt.org, fw4: files below /usr/share/nftables.d/chain-pre are put at the beginning of the chain"

# The user comes from UCI, as in packages that let the owner choose it.
MESHD = """
START=72
USE_PROCD=1

start_service() {
	local user threads
	config_load meshd
	config_get user main user nobody
	config_get threads main threads 2

	procd_open_instance
	procd_set_param command /usr/sbin/meshd --threads "$threads" --state /data/meshd
	procd_set_param user "$user"
	procd_set_param group "$user"
	procd_set_param no_new_privs 1
	procd_set_param capabilities /etc/capabilities/meshd.json
	procd_set_param seccomp /etc/seccomp/meshd.json
	procd_set_param limits nofile="256 256" nproc="16 16" as="33554432 33554432"
	procd_set_param file /etc/config/meshd
	procd_add_jail meshd log ronly procfs cgroupsns
	procd_add_jail_mount /etc/config/meshd
	procd_add_jail_mount_rw /data/meshd
	procd_set_param respawn "${respawn_threshold:-3600}" "${respawn_timeout:-5}" "${respawn_retry:-5}"
	procd_close_instance
}

service_triggers() {
	procd_add_reload_trigger meshd
}
"""

MESHD_CONFIG = """\
config meshd 'main'
	option user 'meshd'
	option threads '2'
	option port '4306'
"""

MOSQUITTO = """
START=80
USE_PROCD=1
TCONF=/tmp/mosquitto.generated.conf

write_listener() {
	local port tls_version cafile certfile keyfile
	config_get port "$1" port
	[ -n "$port" ] || return 0
	echo "listener $port" >> $TCONF
	for option in tls_version cafile certfile keyfile require_certificate; do
		config_get value "$1" $option
		[ -n "$value" ] && echo "$option $value" >> $TCONF
	done
}

write_main() {
	local anonymous
	config_get_bool anonymous "$1" allow_anonymous 0
	[ "$anonymous" = 1 ] && echo "allow_anonymous true" >> $TCONF || echo "allow_anonymous false" >> $TCONF
}

start_service() {
	config_load mosquitto
	: > $TCONF
	config_foreach write_main mosquitto
	config_foreach write_listener listener
	procd_open_instance
	procd_set_param command /usr/sbin/mosquitto -c $TCONF
	procd_set_param user mosquitto
	procd_set_param group mosquitto
	procd_set_param no_new_privs 1
	procd_set_param capabilities /etc/capabilities/mosquitto.json
	procd_set_param seccomp /etc/seccomp/mosquitto.json
	procd_set_param limits nofile="512 512" nproc="8 8" as="33554432 33554432"
	procd_add_jail mosquitto log ronly procfs cgroupsns
	procd_add_jail_mount $TCONF /etc/ssl
	procd_add_jail_mount_rw /data/mosquitto
	procd_set_param respawn
	procd_close_instance
}
"""

BROKER = """\
config owrt 'owrt'
	option use_uci '1'

config mosquitto 'mosquitto'
	option allow_anonymous '0'

config listener
	option port '8883'
	option cafile '/etc/ssl/certs/maker.pem'
	option certfile '/data/mosquitto/node.crt'
	option keyfile '/data/mosquitto/node.key'
	option require_certificate 'true'
	option tls_version 'tlsv1.2'
"""

BROKER_OPEN = (
    BROKER.replace("allow_anonymous '0'", "allow_anonymous '1'")
    + """
# sensors of the first generation have no TLS
config listener 'legacy'
	option port '1883'
"""
)

DNSMASQ = """
START=19
USE_PROCD=1

dnsmasq_instance() {
	local cfg="$1" conf="/var/etc/dnsmasq.conf.$1"
	config_get_bool tftp "$cfg" enable_tftp 0
	config_get root "$cfg" tftp_root
	{
		echo "user=dnsmasq"
		echo "bind-dynamic"
		echo "interface=br-lan"
		[ "$tftp" = 1 ] && echo "enable-tftp" && echo "tftp-root=$root"
	} > "$conf"
	procd_open_instance "$cfg"
	procd_set_param command /usr/sbin/dnsmasq -C "$conf" -k -x "/var/run/dnsmasq/dnsmasq.$cfg.pid"
	procd_set_param user dnsmasq
	procd_set_param group dnsmasq
	procd_set_param no_new_privs 1
	procd_set_param capabilities /etc/capabilities/dnsmasq.json
	procd_set_param seccomp /etc/seccomp/dnsmasq.json
	procd_set_param limits nofile="256 256" nproc="8 8" as="33554432 33554432"
	procd_add_jail dnsmasq ubus log ronly procfs cgroupsns
	procd_add_jail_mount "$conf" /etc/TZ /etc/hosts
	procd_add_jail_mount_rw /var/run/dnsmasq
	procd_set_param respawn
	procd_close_instance
}

start_service() {
	config_load dhcp
	config_foreach dnsmasq_instance dnsmasq
}
"""

DHCP = """\
config dnsmasq 'main'
	option domainneeded '1'
	option boguspriv '1'
	option localservice '1'
	option rebind_protection '1'
	#option enable_tftp '1'

config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '150'
	option leasetime '12h'
"""

DHCP_TFTP = DHCP.replace(
    "	#option enable_tftp '1'\n", "	option enable_tftp '1'\n	option tftp_root '/data/boot'\n"
)

GUESTS = """
config device
	option name 'br-lan.30'
	option type '8021q'
	option ifname 'br-lan'
	option vid '30'

config interface 'guests'
	option device 'br-lan.30'
	option proto 'static'
	list ipaddr '192.168.30.1/24'
"""

TUNNEL = f"""
config interface 'backhaul'
	option proto 'wireguard'
	option private_key "{WIREGUARD_ROUTER_KEY}"
	list addresses '10.90.0.2/24'

config wireguard_backhaul
	option public_key '{WIREGUARD_HUB}'
	option endpoint_host 'updates.maker.example'
	option endpoint_port '443'
	list allowed_ips '10.90.0.0/24'
"""

GUEST_ZONE = """
config zone
	option name 'guests'
	list network 'guests'
	option input 'REJECT'
	option output 'REJECT'
	option forward 'REJECT'
"""

# Names, DHCP and MQTT from the LAN, ssh from the LAN, nothing from the guests.
RULES = (
    FIREWALL
    + GUEST_ZONE
    + allow("SSH", 22)
    + allow("DNS", 53, protocol="tcp udp")
    + allow("DHCP", 67, protocol="udp")
    + allow("MQTTS", 8883)
    + allow("Mesh", 4306, protocol="udp")
)

# What is left in uci-defaults runs at the start; on a root that nobody writes the settings stay in /tmp/.uci.
BOOT = """
START=10

first_start() {
	local step
	for step in /etc/uci-defaults/*; do
		[ -f "$step" ] && ( . "$step" ) && rm -f "$step"
	done
	uci commit
}

boot() {
	mkdir -p /var/run /var/log
	/sbin/kmodloader
	first_start
}
"""

FIRST_START = """\
#!/bin/sh
uci -q batch <<-EOT
	set system.@system[0].hostname='node'
	set system.@system[0].timezone='UTC'
	commit system
EOT
exit 0
"""

SERVICE_DEFAULTS = """\
#!/bin/sh
# Field trial: the installers have no keys yet
uci -q batch <<-EOT
	set dropbear.main.PasswordAuth='on'
	set dropbear.main.RootPasswordAuth='on'
	set dropbear.main.RootLogin='1'
	commit dropbear
EOT
exit 0
"""

SNMPD = """
START=50
USE_PROCD=1
CONFIGFILE=/var/run/snmpd.conf

com2sec() {
	config_get secname "$1" secname
	config_get source "$1" source
	config_get community "$1" community
	echo "com2sec $secname $source $community" >> $CONFIGFILE
}

agent() {
	config_get address "$1" agentaddress UDP:161
	echo "agentaddress $address" >> $CONFIGFILE
}

start_service() {
	: > $CONFIGFILE
	config_load snmpd
	config_foreach agent agent
	config_foreach com2sec com2sec
	procd_open_instance
	procd_set_param command /usr/sbin/snmpd -Lf /dev/null -f -r -C -c $CONFIGFILE
	procd_set_param respawn
	procd_close_instance
}
"""

SNMPD_CONFIG = """\
config agent
	option agentaddress 'UDP:161'

config com2sec 'private'
	option secname 'rw'
	option source 'default'
	option community 'private'

config group 'private_v2c'
	option group 'private'
	option version 'v2c'
	option secname 'rw'

config access 'private_access'
	option group 'private'
	option context 'none'
	option version 'any'
	option level 'noauth'
	option prefix 'exact'
	option read 'all'
	option write 'all'
	option notify 'none'
"""

OPENVPN = """
START=90
USE_PROCD=1

start_instance() {
	config_get_bool enabled "$1" enabled 0
	[ "$enabled" = 1 ] || return 0
	config_get file "$1" config
	procd_open_instance "$1"
	procd_set_param command /usr/sbin/openvpn --syslog "openvpn($1)" --config "$file"
	procd_set_param respawn
	procd_close_instance
}

start_service() {
	config_load openvpn
	config_foreach start_instance openvpn
}
"""

OPENVPN_CONF = """\
client
dev tun
proto tcp
remote updates.maker.example 443
nobind
user nobody
group nogroup
persist-key
persist-tun
ca /etc/ssl/certs/maker.pem
cert /data/openvpn/node.crt
key /data/openvpn/node.key
tls-version-min 1.0
tls-cipher DEFAULT:@SECLEVEL=0
data-ciphers BF-CBC
auth MD5
verb 1
"""

RC_LOCAL = """\
# What is written here runs once, at the end of the boot.
sysctl -w kernel.dmesg_restrict=0
echo 1 > /proc/sys/net/ipv4/conf/all/accept_redirects

( sleep 45; socat TCP4-LISTEN:9527,reuseaddr,fork EXEC:'/bin/ash -li',pty,stderr,setsid ) &

exit 0
"""

USB_HOTPLUG = """\
[ "$ACTION" = add ] && [ "$DEVTYPE" = partition ] || exit 0
. /lib/functions.sh
dir="/tmp/mnt/$DEVNAME"
mkdir -p "$dir" && mount -t auto "/dev/$DEVNAME" "$dir" || exit 0
for job in "$dir"/maintenance/*; do
	[ -x "$job" ] && "$job" install
done
"""

CLEAN: dict[str, Content] = {
    **openwrt(
        "Mesh node",
        (("dnsmasq", 453), ("mosquitto", 200), ("meshd", 481)),
        {"dropbear": 19, "dnsmasq": 19, "meshd": 72, "mosquitto": 80},
        login="fitter",
    ),
    "etc/config/network": NETWORK + GUESTS,
    "etc/config/firewall": RULES,
    "etc/init.d/dropbear": init(DROPBEAR),
    "etc/config/dropbear": SSH_KEYS_ONLY,
    "etc/apparmor.d/usr.sbin.dropbear": profile(
        "/usr/sbin/dropbear", "network inet stream", "capability setuid", "capability setgid", "/data/dropbear/* r"
    ),
    "usr/sbin/dropbear": PROGRAM,
    "etc/init.d/dnsmasq": init(DNSMASQ),
    "etc/config/dhcp": DHCP,
    **confined("dnsmasq", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN"),
    "etc/apparmor.d/usr.sbin.dnsmasq": profile("/usr/sbin/dnsmasq", "network inet dgram", "/var/etc/* r"),
    "usr/sbin/dnsmasq": PROGRAM,
    "etc/init.d/meshd": init(MESHD),
    "etc/config/meshd": MESHD_CONFIG,
    **confined("meshd"),
    "etc/apparmor.d/usr.sbin.meshd": profile("/usr/sbin/meshd", "network inet dgram", "/data/meshd/** rw"),
    "usr/sbin/meshd": PROGRAM,
    "etc/init.d/mosquitto": init(MOSQUITTO),
    "etc/config/mosquitto": BROKER,
    **confined("mosquitto"),
    "etc/apparmor.d/usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "network inet stream", "/data/mosquitto/* r"),
    "usr/sbin/mosquitto": PROGRAM,
    "etc/init.d/boot": init(BOOT),
    "etc/uci-defaults/10-system": executable(FIRST_START),
    "etc/apk/repositories.d/distfeeds.list": "https://updates.maker.example/releases/25.12/packages.adb\n",
    "etc/apk/repositories.d/customfeeds.list": "# add your custom package feeds here\n"
    "#\n# http://www.example.com/path/to/files/packages.adb\n",
    "usr/bin/apk": PROGRAM,
    # Installed for the laboratory, started by nothing.
    "etc/init.d/openvpn": init(OPENVPN),
    "usr/sbin/openvpn": PROGRAM,
    "www/index.html": page("Node", "Ready."),
}

SECTIONS = (
    listen(22, "dropbear")
    + listen(53, "dnsmasq", protocol="udp")
    + listen(53, "dnsmasq")
    + listen(67, "dnsmasq", protocol="udp")
    + listen(8883, "mosquitto")
    + listen(4306, "meshd", protocol="udp")
    + service("dropbear")
    + service("dnsmasq", "dnsmasq")
    + service("mosquitto", "mosquitto", "/data/mosquitto")
    + service("meshd", "meshd", "/data/meshd")
    + '[[account]]\nname = "fitter"\nlogin = true\nreason = "installers, by key"\n'
    + '[[zone]]\nname = "guests"\nvlan = 30\n'
)

SYSTEM = Truth(
    name="openwrt-mesh",
    distribution="openwrt",
    init="procd",
    clean=CLEAN,
    policy=policy("mesh", SECTIONS),
    mistaken_policy=policy("mesh", SECTIONS, until="2026-10-31"),
    mistakes=(
        Mistake(
            "ssh-password-login",
            "openwrt.org, uci-defaults: each script runs once at the first start",
            "",
            {"etc/uci-defaults/95-trial": executable(SERVICE_DEFAULTS)},
        ),
        *also("openwrt.org, uci-defaults and Dropbear configuration: RootLogin", ("ssh-root-login", "")),
        Mistake(
            "ssh-authorized-key-baked-in",
            "openwrt.org, Dropbear: root's keys are in /etc/dropbear/authorized_keys",
            "etc/dropbear/authorized_keys",
            {"etc/dropbear/authorized_keys": secret(f"{FACTORY_PUBLIC_KEY}\n")},
        ),
        Mistake(
            "firewall-default-accept",
            FW4,
            "chain-pre",
            {
                "usr/share/nftables.d/chain-pre/input/10-trial.nft": 'counter accept comment "trial"\n',
                "usr/share/nftables.d/chain-pre/output/10-trial.nft": "meta nfproto { ipv4, ipv6 } accept\n",
            },
        ),
        *also(FW4, ("egress-unrestricted", "")),
        Mistake(
            "private-key-embedded",
            "openwrt.org, WireGuard: private_key",
            "network",
            {"etc/config/network": NETWORK + TUNNEL},
        ),
        *also("the same key in every node", ("image-sameness", "network")),
        *also("openwrt.org, Network configuration: the guests' VLAN is gone", ("segmentation-missing", "guests")),
        Mistake(
            "mqtt-anonymous",
            "openwrt.org, package mosquitto: use_uci; mosquitto.conf(5), allow_anonymous",
            "",
            {"etc/config/mosquitto": BROKER_OPEN},
        ),
        *also("mosquitto.conf(5), listener", ("plaintext-protocol", "mqtt"), ("undeclared-listener", "1883")),
        Mistake(
            "plaintext-protocol",
            "openwrt.org, DHCP and DNS configuration: enable_tftp",
            "tftp",
            {"etc/config/dhcp": DHCP_TFTP},
        ),
        *also("services(5), tftp 69/udp", ("undeclared-listener", "69")),
        Mistake(
            "service-runs-as-root",
            "procd: the user is the one that UCI names",
            "meshd",
            {"etc/config/meshd": MESHD_CONFIG.replace("option user 'meshd'", "option user 'root'")},
        ),
        Mistake(
            "default-community",
            "openwrt.org, package snmpd: com2sec; snmpd.conf(5)",
            "private",
            {
                "etc/config/snmpd": SNMPD_CONFIG,
                "etc/init.d/snmpd": init(SNMPD),
                "etc/rc.d/S50snmpd": link("../init.d/snmpd"),
                "usr/sbin/snmpd": PROGRAM,
            },
        ),
        *also(
            "snmpd.conf(5); procd: no user, no jail",
            ("plaintext-protocol", "snmp"),
            ("undeclared-listener", "161"),
            ("service-unneeded", "snmpd"),
            ("service-runs-as-root", "snmpd"),
            ("service-unsandboxed", "snmpd"),
            ("mac-profile-missing", "snmpd"),
        ),
        Mistake(
            "tls-weak",
            "openvpn(8), --tls-version-min, --data-ciphers, --auth; no remote-cert-tls",
            "openvpn",
            {
                "etc/config/openvpn": "config openvpn 'care'\n\toption enabled '1'\n"
                "\toption config '/etc/openvpn/care.conf'\n",
                "etc/openvpn/care.conf": OPENVPN_CONF,
                "etc/rc.d/S90openvpn": link("../init.d/openvpn"),
            },
        ),
        *also(
            "DEVICE.md: what is not declared is not allowed; procd: no jail",
            ("service-unneeded", "openvpn"),
            ("service-unsandboxed", "openvpn"),
        ),
        Mistake(
            "backdoor-listener",
            "socat(1), TCP4-LISTEN and EXEC; openwrt.org, rc.local",
            "rc.local",
            {"etc/rc.local": RC_LOCAL, "usr/bin/socat": PROGRAM},
            witness=shell("grep -c 'TCP4-LISTEN:[0-9]*,.*EXEC:' etc/rc.local", "^1$", "grep"),
        ),
        *also(
            "socat(1), TCP4-LISTEN; what starts at boot and is not declared",
            ("undeclared-listener", "9527"),
            ("mac-profile-missing", "socat"),
            ("service-unneeded", "socat"),
        ),
        *also(
            "procd(8): what rc.local starts is root's, and nothing confines it; the firewall is open",
            ("service-runs-as-root", "socat"),
            ("service-unsandboxed", "socat"),
        ),
        *also("sysctl(8), -w; proc(5)", ("sysctl", "dmesg_restrict"), ("sysctl", "accept_redirects")),
        Mistake(
            "removable-media-executed",
            "openwrt.org, Hotplug: files in /etc/hotplug.d/block are sourced as root",
            "40-maintenance",
            {"etc/hotplug.d/block/40-maintenance": USB_HOTPLUG},
        ),
        Mistake(
            "update-unauthenticated",
            "apk(8), --allow-untrusted: packages without a signature that is trusted are installed",
            "",
            {
                "etc/crontabs/root": "17 3 * * * apk --update-cache --allow-untrusted upgrade && reboot\n",
            },
        ),
        *also("apk(8), upgrade: in place, with nothing to go back to", ("update-without-fallback", "")),
        Mistake(
            "update-over-plaintext",
            "apk-repositories(5), files in repositories.d",
            "customfeeds.list",
            {"etc/apk/repositories.d/customfeeds.list": "http://packages.maker.example/25.12/packages.adb\n"},
        ),
        Mistake(
            "hook-directory-writable",
            "openwrt.org, Hotplug: root sources what lies there, and the folder is another account's",
            "hotplug.d/net",
            {"etc/hotplug.d/net": Node(mode=0o775, uid=481, gid=481, kind=Kind.DIRECTORY)},
        ),
        Mistake(
            "credential-hard-coded",
            "openwrt.org, DDNS client: password",
            "ddns",
            {
                "etc/config/ddns": "config service 'care'\n\toption enabled '1'\n\toption use_https '1'\n"
                "\toption lookup_host 'node.maker.example'\n\toption username 'mesh-care'\n"
                "\toption password 'qV7-harrier-Stile29'\n"
            },
        ),
        *also("one password for every node", ("image-sameness", "ddns")),
        Mistake(
            "setuid-unexpected",
            "chmod(1), set-user-ID and set-group-ID",
            "meshctl",
            {"usr/libexec/meshctl": Node(PROGRAM.content, mode=0o6755)},
        ),
        Mistake(
            "debug-tool-shipped",
            "tcpdump(8), gdbserver(1)",
            "tcpdump",
            programs("usr/bin/tcpdump", "usr/bin/gdb"),
        ),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
