"""OpenWrt: procd, UCI, hotplug and the mistakes that are made with them."""

import struct

from firmward.model.memory import Node, executable, link
from truth.openwrt_base import (
    DROPBEAR,
    FIREWALL,
    NETWORK,
    SSH_KEYS_ONLY,
    UPDATER,
    allow,
    confined,
    init,
    jailed,
    listen,
    openwrt,
    policy,
    service,
)
from truth.row import Mistake, Truth
from truth.small_base import ELF, PROGRAM, also, hashed, page, profile, secret, shadow, shell
from truth.small_keys import (
    DIGITS_SHA256,
    DROPBEAR_ED25519,
    PACKAGE_PUBLIC_KEY,
    SERVER_CERTIFICATE,
    SERVER_KEY,
    SHORT_KEY_CERTIFICATE,
    SSH_AUTHORIZED,
    STRONG_MD5,
    WIREGUARD_KEY,
    WIREGUARD_PEER,
)

PROCD = "openwrt.org, Create a sample procd init script"
UCI_FIREWALL = "openwrt.org, Firewall configuration /etc/config/firewall"
UCI_DROPBEAR = "openwrt.org, Dropbear configuration, and dropbear(8)"

DROPBEAR_FILES = {
    "etc/init.d/dropbear": init(DROPBEAR),
    "etc/config/dropbear": SSH_KEYS_ONLY,
    "usr/sbin/dropbear": PROGRAM,
    "etc/apparmor.d/usr.sbin.dropbear": profile(
        "/usr/sbin/dropbear", "network inet stream", "capability setuid", "capability setgid", "/data/dropbear/* r"
    ),
}


SERVICE_LOGIN = '[[account]]\nname = "service"\nlogin = true\nreason = "workshop, by key"\n'


def plain(name: str, start: int, command: str, before: str = "") -> Node:
    """A procd service without user, jail or limit; `before` it the package makes its configuration."""
    content = init(
        f"\nSTART={start}\nUSE_PROCD=1\n\nstart_service() {{\n{before}\tprocd_open_instance\n"
        f"\tprocd_set_param command {command}\n\tprocd_set_param respawn\n\tprocd_close_instance\n}}\n"
    )
    assert isinstance(content, Node)
    return content


# A home router: ssh by key on the LAN, dnsmasq, Wi-Fi that the owner sets up.

DHCP = """\
config dnsmasq
	option domainneeded '1'
	option rebind_protection '1'
	option localservice '1'
	option user 'dnsmasq'

config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '100'
	option leasetime '12h'

config dhcp 'wan'
	option interface 'wan'
	option ignore '1'
"""

WIRELESS = """\
config wifi-device 'radio0'
	option type 'mac80211'
	option band '5g'
	option disabled '1'

# The owner's name and key come from the label, through /data; no image holds a key.
#	option key 'changeme123'
config wifi-iface 'default_radio0'
	option device 'radio0'
	option network 'lan'
	option mode 'ap'
	option ssid 'Home'
	option encryption 'sae'
	option disabled '1'
"""

# What the home sends out is the home's; the router itself may only call its own few.
FORWARDING = "\nconfig forwarding\n\toption src 'lan'\n\toption dest 'wan'\n"

ROUTER = {
    **openwrt("Home router", (("dnsmasq", 453),), {"dropbear": 19, "dnsmasq": 21}, login="service"),
    **DROPBEAR_FILES,
    "etc/config/dhcp": DHCP,
    "etc/config/wireless": WIRELESS,
    "etc/config/firewall": FIREWALL
    + FORWARDING
    + allow("SSH", 22)
    + allow("DNS-in", 53, protocol="tcp udp")
    + allow("DHCP-in", 67, protocol="udp"),
    "etc/init.d/dnsmasq": jailed("dnsmasq", 21, "/usr/sbin/dnsmasq -C /var/etc/dnsmasq.conf -k"),
    **confined("dnsmasq", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN"),
    "etc/apparmor.d/usr.sbin.dnsmasq": profile(
        "/usr/sbin/dnsmasq", "network inet dgram", "/etc/** r", "/data/dnsmasq/* rw"
    ),
    "usr/sbin/dnsmasq": PROGRAM,
    # Installed, never started: nothing in rc.d links to it.
    "etc/init.d/umdns": plain("umdns", 80, "/usr/sbin/umdns"),
}

ROUTER_SECTIONS = (
    listen(22, "dropbear")
    + listen(53, "dnsmasq", protocol="udp")
    + listen(53, "dnsmasq")
    + listen(67, "dnsmasq", protocol="udp")
    + service("dropbear")
    + SERVICE_LOGIN
    + service("dnsmasq", "dnsmasq", "/data/dnsmasq")
)

SECOND_INSTANCE = (
    SSH_KEYS_ONLY
    + """
config dropbear 'workshop'
	option enable '1'
	option Port '2222'
	option Interface 'wan'
"""
)

UPNPD = """\
config upnpd 'config'
	option enabled '1'
	option enable_upnp '1'
	option enable_natpmp '1'
	option secure_mode '0'
	option port '5000'
	option internal_iface 'lan'
	option external_iface 'wan'

config perm_rule
	option action 'allow'
	option ext_ports '1-65535'
	option int_addr '0.0.0.0/0'
	option int_ports '1-65535'
"""

UPNPD_CONF = """\
	. /lib/functions.sh
	config_load upnpd
	local port secure
	config_get port config port 5000
	config_get_bool secure config secure_mode 1
	{
		echo "ext_ifname=eth1"
		echo "listening_ip=br-lan"
		echo "port=$port"
		echo "enable_upnp=yes"
		[ "$secure" = 1 ] && echo "secure_mode=yes" || echo "secure_mode=no"
	} > /var/etc/miniupnpd.conf
"""

ROUTER_SYSTEM = Truth(
    name="openwrt-router",
    distribution="openwrt",
    init="procd",
    clean=ROUTER,
    policy=policy("home-router", ROUTER_SECTIONS),
    mistaken_policy=policy("home-router", ROUTER_SECTIONS, until="2026-06-30"),
    mistakes=(
        Mistake(
            "account-empty-password",
            "shadow(5), encrypted password: an empty field needs no password",
            "root",
            {"etc/shadow": secret(shadow("logd", "ntp", "dnsmasq", "service", root=""))},
            witness=shell('awk -F: \'$2 == "" {print $1, "has none"}\' etc/shadow', "^root has none", "mawk"),
        ),
        Mistake(
            "ssh-password-login",
            f"{UCI_DROPBEAR}: PasswordAuth is on unless switched off, in each section",
            "",
            {"etc/config/dropbear": SECOND_INSTANCE},
        ),
        *also(f"{UCI_DROPBEAR}: RootLogin, Port", ("ssh-root-login", ""), ("undeclared-listener", "2222")),
        Mistake(
            "firewall-default-accept",
            f"{UCI_FIREWALL}: zone, input",
            "wan",
            {
                "etc/config/firewall": str(ROUTER["etc/config/firewall"]).replace(
                    "option input 'DROP'", "option input 'ACCEPT'"
                )
            },
        ),
        Mistake(
            "upnp-exposed",
            "miniupnpd.conf(5), secure_mode; any host may open any port",
            "",
            {
                "etc/config/upnpd": UPNPD,
                "etc/init.d/miniupnpd": plain(
                    "miniupnpd", 94, "/usr/sbin/miniupnpd -f /var/etc/miniupnpd.conf", UPNPD_CONF
                ),
                "etc/rc.d/S94miniupnpd": link("../init.d/miniupnpd"),
                "usr/sbin/miniupnpd": PROGRAM,
            },
        ),
        *also(
            f"{PROCD}: no user, no jail",
            ("service-unneeded", "miniupnpd"),
            ("service-runs-as-root", "miniupnpd"),
            ("service-unsandboxed", "miniupnpd"),
            ("undeclared-listener", "5000"),
            ("undeclared-listener", "1900"),
            ("undeclared-listener", "5351"),
            ("mac-profile-missing", "miniupnpd"),
        ),
        Mistake(
            "credential-hard-coded",
            "openwrt.org, Wi-Fi /etc/config/wireless, option key",
            "wireless",
            {
                "etc/config/wireless": WIRELESS.replace(
                    "option encryption 'sae'", "option encryption 'psk2+ccmp'"
                ).replace("option disabled '1'\n", "option key 'fritz8-Lunar-Ox'\n")
            },
        ),
        *also("the same key in every router", ("image-sameness", "wireless")),
        Mistake(
            "sysctl",
            "sysctl.conf(5); /etc/sysctl.conf is read after /etc/sysctl.d",
            "kptr_restrict",
            {"etc/sysctl.conf": "kernel.kptr_restrict=0\nnet.ipv4.conf.all.accept_redirects=1\n"},
        ),
        *also("sysctl.conf(5)", ("sysctl", "accept_redirects")),
        Mistake(
            "update-not-automatic",
            "crontab(5): the line is a comment",
            "",
            {"etc/crontabs/root": "# by hand for now\n#17 3 * * * /usr/sbin/device-update\n"},
        ),
        Mistake(
            "debug-tool-shipped",
            "gdbserver(1)",
            "gdbserver",
            {"usr/bin/gdbserver": PROGRAM, "usr/sbin/tcpdump": PROGRAM},
        ),
        *also("tcpdump(8)", ("debug-tool-shipped", "tcpdump")),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)


# A field gateway of a brand that builds on OpenWrt: HTTPS for its owner, a VLAN for cameras, signed package feeds.

UHTTPD = """\
config uhttpd main
	list listen_https 192.168.7.1:443
	option home /www
	option cgi_prefix /cgi-bin
	option no_dirlists 1
	option no_symlinks 1
	option cert /data/uhttpd/uhttpd.crt
	option key /data/uhttpd/uhttpd.key
	option script_timeout 20
	option max_requests 3
	option rfc1918_filter 1
"""

UHTTPD_INIT = init("""
START=50
USE_PROCD=1

append_listen() {
	procd_append_param command "$2" "$1"
}

start_instance() {
	local cfg="$1" home cgi cert key dirlists
	procd_open_instance
	procd_set_param command /usr/sbin/uhttpd -f
	config_get home "$cfg" home /www
	procd_append_param command -h "$home"
	config_get cgi "$cfg" cgi_prefix
	[ -n "$cgi" ] && procd_append_param command -x "$cgi"
	config_list_foreach "$cfg" lua_prefix append_lua
	config_get_bool dirlists "$cfg" no_dirlists 0
	[ "$dirlists" = 1 ] && procd_append_param command -D
	config_list_foreach "$cfg" listen_http append_listen -p
	config_list_foreach "$cfg" listen_https append_listen -s
	config_get cert "$cfg" cert /etc/uhttpd.crt
	config_get key "$cfg" key /etc/uhttpd.key
	procd_append_param command -C "$cert" -K "$key"
	procd_set_param user uhttpd
	procd_set_param group uhttpd
	procd_set_param no_new_privs 1
	procd_set_param capabilities /etc/capabilities/uhttpd.json
	procd_set_param seccomp /etc/seccomp/uhttpd.json
	procd_set_param limits nofile="256 256" nproc="32 32" as="33554432 33554432"
	procd_add_jail uhttpd log ronly procfs cgroupsns
	procd_add_jail_mount /www /usr/lib/lua
	procd_add_jail_mount_rw /data/uhttpd
	procd_set_param respawn
	procd_close_instance
}

append_lua() {
	procd_append_param command -l "${1%%=*}" -L "${1#*=}"
}

start_service() {
	. /lib/functions.sh
	config_load uhttpd
	config_foreach start_instance uhttpd
}
""")

STATUS_CGI = """\
#!/bin/sh
# Says how the device does; nothing of the request is looked at.
printf 'Content-Type: application/json\\r\\n\\r\\n'
cat /tmp/status.json
"""

VLAN_NETWORK = (
    NETWORK
    + """
config bridge-vlan
	option device 'br-lan'
	option vlan '20'
	list ports 'eth0:t'

config interface 'cameras'
	option device 'br-lan.20'
	option proto 'static'
	list ipaddr '192.168.20.1/24'
"""
)

GATEWAY_FIREWALL = (
    FIREWALL
    + """
config zone
	option name 'cameras'
	list network 'cameras'
	option input 'REJECT'
	option output 'REJECT'
	option forward 'REJECT'
"""
    + allow("HTTPS", 443)
)

DISTFEEDS = "src/gz fieldgate_base https://updates.maker.example/releases/4.2/packages/base\n"

GATEWAY = {
    **openwrt("Field gateway", (("uhttpd", 480), ("collector", 481)), {"uhttpd": 50, "collector": 90}),
    "etc/os-release": 'NAME="FieldGate"\nID="fieldgate"\nID_LIKE="lede openwrt"\nVERSION="4.2"\nVERSION_ID="4.2"\n',
    "etc/openwrt_release": "DISTRIB_ID='FieldGate'\nDISTRIB_RELEASE='4.2'\nDISTRIB_ARCH='mipsel_24kc'\n",
    "etc/config/network": VLAN_NETWORK,
    "etc/config/firewall": GATEWAY_FIREWALL,
    "etc/config/uhttpd": UHTTPD,
    "etc/init.d/uhttpd": UHTTPD_INIT,
    **confined("uhttpd", "CAP_NET_BIND_SERVICE"),
    "etc/apparmor.d/usr.sbin.uhttpd": profile(
        "/usr/sbin/uhttpd", "network inet stream", "/www/** r", "/data/uhttpd/* r"
    ),
    "usr/sbin/uhttpd": PROGRAM,
    "www/index.html": page("Gateway", "Ready."),
    "www/cgi-bin/status": executable(STATUS_CGI),
    "etc/init.d/collector": jailed("collector", 90, "/usr/bin/collector --config /etc/collector/collector.conf"),
    **confined("collector"),
    "usr/bin/collector": PROGRAM,
    "etc/collector/collector.conf": (
        "# password = changeme (an example; the device has a key of its own)\ninterval = 60\n"
    ),
    "bin/opkg": PROGRAM,
    "etc/opkg.conf": "dest root /\ndest ram /tmp\nlists_dir ext /var/opkg-lists\noption check_signature\n",
    "etc/opkg/distfeeds.conf": DISTFEEDS,
    "etc/opkg/customfeeds.conf": "# src/gz example_feed_name http://www.example.com/path/to/files\n",
    "etc/opkg/keys/4d017e6f1ed5d616": "untrusted comment: public key\n"
    "RWRNAX5vHtXWFmt+n5di7XX2rTu0w+c8X7Ihv4oCyD6tzsUwmH0A6kO0\n",
    "etc/hotplug.d/block/10-log": '[ "$ACTION" = add ] && logger -t block "$DEVNAME plugged in, not mounted"\n',
    # telnet is installed and belongs to nobody: no link in rc.d.
    "etc/init.d/telnet": plain("telnet", 50, "/usr/sbin/telnetd -F -l /bin/login"),
}

GATEWAY_SECTIONS = (
    listen(443, "uhttpd")
    + service("uhttpd", "uhttpd", "/data/uhttpd")
    + service("collector", "collector", "/data/collector", "32M")
    + '[[zone]]\nname = "cameras"\nvlan = 20\n'
)

PING_CGI = """\
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
for pair in $(echo "$QUERY_STRING" | tr '&' ' '); do
	eval "form_$pair"
done
ping -c 3 $form_host
"""

UNLOCK_CGI = """\
#!/bin/sh
# Developer mode: opens the shell for whoever asks for it.
printf 'Content-Type: text/plain\\r\\n\\r\\n'
[ "$QUERY_STRING" = "mode=developer" ] || exit 0
touch /data/developer_mode
uci set dropbear.main.enable=1
uci set dropbear.main.RootPasswordAuth=on
/etc/init.d/dropbear start
echo unlocked
"""

AUTORUN_HOTPLUG = """\
[ "$ACTION" = add ] || exit 0
case "$DEVNAME" in
sd*1)
	mkdir -p /mnt/usb
	mount "/dev/$DEVNAME" /mnt/usb
	[ -f /mnt/usb/autorun.sh ] && . /mnt/usb/autorun.sh
	;;
esac
"""

GATEWAY_SYSTEM = Truth(
    name="openwrt-gateway",
    distribution="openwrt",
    init="procd",
    clean=GATEWAY,
    policy=policy("field-gateway", GATEWAY_SECTIONS),
    mistaken_policy=policy("field-gateway", GATEWAY_SECTIONS).replace('after = "local-only"\n', ""),
    mistakes=(
        Mistake(
            "update-unauthenticated",
            "openwrt.org, opkg: option check_signature; in a comment it is off",
            "opkg",
            {"etc/opkg.conf": "dest root /\ndest ram /tmp\nlists_dir ext /var/opkg-lists\n#option check_signature\n"},
        ),
        Mistake(
            "update-over-plaintext",
            "openwrt.org, opkg: src/gz over http",
            "opkg",
            {"etc/opkg/customfeeds.conf": "src/gz maker http://updates.maker.example/packages\n"},
        ),
        Mistake(
            "telnet-enabled",
            "BusyBox telnetd; rc.d starts what it links to",
            "telnet",
            {"etc/rc.d/S50telnet": link("../init.d/telnet"), "usr/sbin/telnetd": link("/bin/busybox")},
        ),
        *also(
            "BusyBox telnetd: port 23, in clear, as root",
            ("plaintext-protocol", "telnet"),
            ("undeclared-listener", "23"),
            ("service-unneeded", "telnet"),
            ("service-runs-as-root", "telnet"),
            ("service-unsandboxed", "telnet"),
            ("mac-profile-missing", "telnet"),
        ),
        Mistake(
            "web-server-misconfigured",
            "openwrt.org, uHTTPd: no_dirlists, listen_http, redirect_https",
            "uhttpd",
            {
                "etc/config/uhttpd": UHTTPD.replace("option no_dirlists 1", "option no_dirlists 0").replace(
                    "\toption home", "\tlist listen_http 0.0.0.0:80\n\toption redirect_https 0\n\toption home"
                )
            },
        ),
        *also("openwrt.org, uHTTPd: listen_http", ("undeclared-listener", "80"), ("plaintext-protocol", "80")),
        Mistake(
            "script-injection",
            "sh(1), eval; RFC 3875, QUERY_STRING is the client's",
            "ping",
            {"www/cgi-bin/ping": executable(PING_CGI)},
        ),
        Mistake(
            "removable-media-executed",
            "openwrt.org, Hotplug: files in /etc/hotplug.d/block are sourced as root",
            "20-usb",
            {"etc/hotplug.d/block/20-usb": AUTORUN_HOTPLUG},
        ),
        Mistake(
            "advanced-mode-uncontrolled",
            "follows from the script of a stick that is run as root: whoever brings one is in",
            "autorun.sh",
        ),
        Mistake(
            "segmentation-missing",
            "openwrt.org, Network configuration: bridge-vlan",
            "cameras",
            {"etc/config/network": NETWORK},
        ),
        Mistake(
            "account-weak-hash",
            "crypt(5), md5crypt",
            "root",
            {"etc/shadow": secret(shadow("logd", "ntp", "uhttpd", "collector", root=STRONG_MD5))},
        ),
        *also("one password for every gateway", ("image-sameness", "shadow")),
        Mistake(
            "service-unsandboxed",
            f"{PROCD}: no jail",
            "collector",
            {
                "etc/init.d/collector": plain(
                    "collector", 90, "/usr/bin/collector --config /etc/collector/collector.conf"
                )
            },
        ),
        *also(
            f"{PROCD}: no user, no limits",
            ("service-runs-as-root", "collector"),
            ("service-without-limits", "collector"),
        ),
        Mistake(
            "init-script-writable",
            "chmod(1), 0777",
            "sysctl",
            {"etc/init.d/sysctl": Node(GATEWAY["etc/init.d/sysctl"].content, mode=0o777)},
            witness=shell("find {root} -type f -perm -0002", "etc/init.d/sysctl", "findutils"),
        ),
        *also("chmod(1), 0777", ("world-writable", "etc/init.d/sysctl")),
        Mistake(
            "advanced-mode-uncontrolled",
            "the network alone opens the root shell, and the data stay",
            "unlock",
            {"www/cgi-bin/unlock": executable(UNLOCK_CGI)},
        ),
        Mistake("expiry-undefined", "device.toml, support.after", ""),
    ),
)


# A camera: RTSP over TLS, a Lua page behind uhttpd, no ssh.

API_LUA = """\
-- Answers with the state; what the client sends is compared, never run.
function handle_request(env)
	uhttpd.send("Status: 200 OK\\r\\nContent-Type: application/json\\r\\n\\r\\n")
	local wanted = env.QUERY_STRING or ""
	if wanted == "state" then
		local file = io.open("/tmp/state.json")
		uhttpd.send(file:read("*a"))
		file:close()
	end
end
"""

CAMERA_UHTTPD = UHTTPD.replace("option cgi_prefix /cgi-bin", "list lua_prefix '/api=/usr/lib/lua/api.lua'")

CAMERA = {
    **openwrt("Camera", (("uhttpd", 480), ("camera", 482)), {"uhttpd": 50, "camera": 60}),
    "etc/config/firewall": FIREWALL + allow("HTTPS", 443) + allow("RTSPS", 322),
    "etc/config/uhttpd": CAMERA_UHTTPD,
    "etc/init.d/uhttpd": UHTTPD_INIT,
    **confined("uhttpd", "CAP_NET_BIND_SERVICE"),
    "etc/apparmor.d/usr.sbin.uhttpd": profile(
        "/usr/sbin/uhttpd", "network inet stream", "/www/** r", "/data/uhttpd/* r"
    ),
    "usr/sbin/uhttpd": PROGRAM,
    "usr/lib/lua/api.lua": API_LUA,
    "www/index.html": page("Camera", "Live picture in the app."),
    "etc/init.d/camera": jailed("camera", 60, "/usr/sbin/camera --config /etc/camera/camera.conf"),
    **confined("camera", "CAP_NET_BIND_SERVICE"),
    "etc/camera/camera.conf": "[rtsp]\nport = 322\ntls = yes\nmin_tls = 1.2\ncertificate = /data/camera/camera.crt\n",
    "etc/apparmor.d/usr.sbin.camera": profile(
        "/usr/sbin/camera", "network inet stream", "/etc/camera/* r", "/dev/video0 rw"
    ),
    "usr/sbin/camera": PROGRAM,
    "usr/share/camera/clean.sh": executable("#!/bin/sh\nfind /data/camera/clips -mtime +7 -type f -delete\n"),
    "etc/crontabs/root": "17 3 * * * /usr/sbin/device-update\n40 * * * * /usr/share/camera/clean.sh\n",
    "etc/ssl/certs/packages.pub": PACKAGE_PUBLIC_KEY,
    "usr/share/doc/camera/README": "Example: rtsps://user:password@camera.local/live (the app sets its own)\n",
}

CAMERA_SECTIONS = (
    listen(443, "uhttpd")
    + listen(322, "camera")
    + service("uhttpd", "uhttpd", "/data/uhttpd")
    + service("camera", "camera", "/data/camera", "32M")
)

API_LUA_BAD = """\
-- Sets the name of the network that the client asks for.
function handle_request(env)
	local ssid = env.QUERY_STRING:match("ssid=([^&]*)")
	os.execute("uci set wireless.default_radio0.ssid=" .. ssid .. " && wifi reload")
	uhttpd.send("Status: 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\ndone")
end
"""

VSFTPD = """\
listen=YES
listen_port=21
anonymous_enable=YES
anon_root=/data/camera/clips
local_enable=YES
write_enable=YES
ssl_enable=NO
"""

UPDATER_ANY_VERSION = UPDATER.replace(
    '# An older or the same number is refused, signed or not.\n[ "$new" -gt "$have" ] || exit 0\n',
    '[ "$new" != "$have" ] || exit 0\n',
)

CAMERA_SYSTEM = Truth(
    name="openwrt-camera",
    distribution="openwrt",
    init="procd",
    clean=CAMERA,
    policy=policy("camera", CAMERA_SECTIONS),
    mistaken_policy=policy("camera", CAMERA_SECTIONS).replace("until = 2027-03-31\n", ""),
    mistakes=(
        Mistake(
            "account-default-password",
            "crypt(5), sha256crypt; the password is 12345",
            "root",
            {"etc/shadow": secret(shadow("logd", "ntp", "uhttpd", "camera", root=DIGITS_SHA256))},
            witness=hashed("5", "qL0cN8tRkWz3", "12345"),
        ),
        *also("one password for every camera", ("image-sameness", "shadow")),
        Mistake(
            "ftp-enabled",
            "vsftpd.conf(5), listen, anonymous_enable, ssl_enable",
            "ftp",
            {
                "etc/vsftpd.conf": VSFTPD,
                "etc/init.d/vsftpd": plain("vsftpd", 50, "/usr/sbin/vsftpd /etc/vsftpd.conf"),
                "etc/rc.d/S50vsftpd": link("../init.d/vsftpd"),
                "usr/sbin/vsftpd": PROGRAM,
            },
        ),
        *also(
            "vsftpd.conf(5), listen_port, ssl_enable",
            ("plaintext-protocol", "ftp"),
            ("undeclared-listener", "21"),
            ("service-unneeded", "vsftpd"),
            ("service-unsandboxed", "vsftpd"),
            ("mac-profile-missing", "vsftpd"),
        ),
        Mistake(
            "backdoor-listener",
            "openwrt.org, Hotplug: iface; nc(1), -l -e",
            "99-support",
            {
                "etc/hotplug.d/iface/99-support": '[ "$ACTION" = ifup ] && [ "$INTERFACE" = wan ] || exit 0\n'
                "nc -lk -p 31337 -e /bin/ash &\n",
                "usr/bin/nc": link("/bin/busybox"),
            },
        ),
        *also(
            "nc(1), -p; it runs as root, in no profile", ("undeclared-listener", "31337"), ("mac-profile-missing", "nc")
        ),
        Mistake(
            "private-key-embedded",
            "uHTTPd, option key: one key pair for every camera",
            "uhttpd.key",
            {"etc/uhttpd.key": secret(SERVER_KEY), "etc/uhttpd.crt": SERVER_CERTIFICATE},
            witness=shell(
                "openssl rsa -in etc/uhttpd.key -modulus -noout; openssl x509 -in etc/uhttpd.crt -modulus -noout",
                r"(?s)^(Modulus=\w+)\n\1$",
                "openssl",
            ),
        ),
        *also("one key for every camera", ("image-sameness", "uhttpd.key")),
        Mistake(
            "script-injection",
            "Lua manual, os.execute; uHTTPd, lua_prefix",
            "api.lua",
            {"usr/lib/lua/api.lua": API_LUA_BAD},
        ),
        Mistake(
            "web-server-homegrown",
            "a program of the maker's own speaks HTTP",
            "camweb",
            {
                "usr/sbin/camweb": executable(
                    ELF + b"HTTP/1.0 200 OK\r\nServer: camweb/0.9\r\nContent-Type: text/html\r\n\0GET \0POST \0"
                    b"HTTP/1.0 404 Not Found\0Content-Length: %d\r\n\0bind\0listen\0accept\0"
                ),
                "etc/init.d/camweb": plain("camweb", 70, "/usr/sbin/camweb -p 8081"),
                "etc/rc.d/S70camweb": link("../init.d/camweb"),
            },
        ),
        *also(
            f"{PROCD}: no user, no jail",
            ("service-unneeded", "camweb"),
            ("service-runs-as-root", "camweb"),
            ("service-unsandboxed", "camweb"),
            ("undeclared-listener", "8081"),
            ("mac-profile-missing", "camweb"),
        ),
        Mistake(
            "certificate-weak",
            "x509(1): RSA 1024, SHA-1",
            "camera.pem",
            {"etc/camera/camera.pem": SHORT_KEY_CERTIFICATE},
            witness=shell(
                "openssl x509 -in etc/camera/camera.pem -noout -text", r"Public-Key: \(1024 bit\)", "openssl"
            ),
        ),
        Mistake(
            "egress-unrestricted",
            f"{UCI_FIREWALL}: zone, output",
            "",
            {
                "etc/config/firewall": FIREWALL.replace(
                    "option input 'DROP'\n\toption output 'REJECT'", "option input 'DROP'\n\toption output 'ACCEPT'"
                ).replace(
                    "option output 'REJECT'\n\toption forward 'REJECT'\n\toption drop",
                    "option output 'ACCEPT'\n\toption forward 'REJECT'\n\toption drop",
                )
                + allow("HTTPS", 443)
                + allow("RTSPS", 322)
            },
        ),
        Mistake(
            "cron-unneeded",
            "crontab(5): root runs a file that anybody may write",
            "clean.sh",
            {"usr/share/camera/clean.sh": executable("#!/bin/sh\nrm -rf /data/camera/clips/old\n", mode=0o777)},
            witness=shell("find {root} -type f -perm -0002", "clean.sh", "findutils"),
        ),
        *also("chmod(1), 0777", ("world-writable", "clean.sh")),
        Mistake(
            "update-downgrade-possible",
            "the updater takes any other version, older ones too",
            "",
            {"usr/sbin/device-update": executable(UPDATER_ANY_VERSION)},
        ),
        Mistake("support-period-missing", "device.toml, support.until", ""),
    ),
)


# A range extender: ssh by key, and a broker with TLS and passwords for its own sensors.

MOSQUITTO = """\
per_listener_settings false
allow_anonymous false
password_file /data/mosquitto/passwd
listener 8883
certfile /data/mosquitto/server.crt
keyfile /data/mosquitto/server.key
tls_version tlsv1.3
"""

EXTENDER = {
    **openwrt(
        "Extender",
        (("mosquitto", 483), ("relay", 484)),
        {"dropbear": 19, "mosquitto": 80, "relay": 81},
        login="service",
    ),
    **DROPBEAR_FILES,
    "etc/config/firewall": FIREWALL + allow("SSH", 22) + allow("MQTTS", 8883),
    "etc/init.d/mosquitto": jailed("mosquitto", 80, "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
    **confined("mosquitto"),
    "etc/mosquitto/mosquitto.conf": MOSQUITTO,
    "etc/apparmor.d/usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/* r"),
    "usr/sbin/mosquitto": PROGRAM,
    "etc/init.d/relay": jailed("relay", 81, "/usr/bin/relay"),
    **confined("relay"),
    "usr/bin/relay": PROGRAM,
    "usr/bin/relay-tool": PROGRAM,
}

EXTENDER_SECTIONS = (
    listen(22, "dropbear")
    + listen(8883, "mosquitto")
    + service("dropbear")
    + SERVICE_LOGIN
    + service("mosquitto", "mosquitto", "/data/mosquitto")
    + service("relay", "relay", "/data/relay", "32M")
)

SNMPD = """\
config agent
	option agentaddress UDP:161

config com2sec public
	option secname ro
	option source default
	option community public

config com2sec private
	option secname rw
	option source default
	option community private
"""

SNMPD_CONF = """\
	. /lib/functions.sh
	config_load snmpd
	: > /var/run/snmpd.conf
	com2sec() {
		local secname source community
		config_get secname "$1" secname
		config_get source "$1" source
		config_get community "$1" community
		echo "com2sec $secname $source $community" >> /var/run/snmpd.conf
	}
	config_foreach com2sec com2sec
	echo "agentaddress $(uci get snmpd.@agent[0].agentaddress)" >> /var/run/snmpd.conf
"""

SYS_ADMIN = struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0)

EXTENDER_SYSTEM = Truth(
    name="openwrt-extender",
    distribution="openwrt",
    init="procd",
    clean=EXTENDER,
    policy=policy("extender", EXTENDER_SECTIONS),
    mistaken_policy=policy("extender", EXTENDER_SECTIONS).replace(
        'server = "https://updates.maker.example"\nmechanism = "other"\nautomatic = true', 'mechanism = "none"'
    ),
    mistakes=(
        Mistake(
            "update-absent",
            "nothing fetches or flashes an image",
            "",
            {"etc/crontabs/root": "# nothing\n"},
            without=("usr/sbin/device-update", "etc/update/version", "etc/update/keys/6f2d11c5a8e04b97"),
        ),
        Mistake(
            "ssh-host-key-baked-in",
            "dropbear(8), Host Key Files",
            "dropbear_ed25519_host_key",
            {"etc/dropbear/dropbear_ed25519_host_key": Node(DROPBEAR_ED25519, mode=0o600)},
            witness=shell(
                "dropbearkey -y -f etc/dropbear/dropbear_ed25519_host_key", "^ssh-ed25519 AAAA", "dropbear-bin"
            ),
        ),
        *also(
            "one key for every extender",
            ("private-key-embedded", "dropbear_ed25519_host_key"),
            ("image-sameness", "dropbear_ed25519_host_key"),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "openwrt.org, Dropbear key-based authentication: /etc/dropbear/authorized_keys is root's",
            "authorized_keys",
            {"etc/dropbear/authorized_keys": secret(SSH_AUTHORIZED)},
        ),
        Mistake(
            "firewall-absent",
            "openwrt.org, Init scripts: without a link in rc.d the script is disabled",
            "",
            without=("etc/rc.d/S19firewall",),
        ),
        *also("follows from the missing link: no rules for what leaves either", ("egress-unrestricted", "output")),
        Mistake(
            "default-community",
            "snmpd.conf(5), com2sec; openwrt.org, /etc/config/snmpd",
            "public",
            {
                "etc/config/snmpd": SNMPD,
                "etc/init.d/snmpd": plain(
                    "snmpd", 99, "/usr/sbin/snmpd -Lf /dev/null -f -C -c /var/run/snmpd.conf", SNMPD_CONF
                ),
                "etc/rc.d/S99snmpd": link("../init.d/snmpd"),
                "usr/sbin/snmpd": PROGRAM,
            },
        ),
        *also(
            "snmpd(8): version 2c, port 161, as root",
            ("default-community", "private"),
            ("plaintext-protocol", "snmp"),
            ("undeclared-listener", "161"),
            ("service-unneeded", "snmpd"),
            ("service-runs-as-root", "snmpd"),
            ("service-unsandboxed", "snmpd"),
            ("mac-profile-missing", "snmpd"),
        ),
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5), allow_anonymous, listener",
            "mosquitto",
            {
                "etc/mosquitto/mosquitto.conf": "per_listener_settings true\nlistener 8883\nallow_anonymous false\n"
                "password_file /data/mosquitto/passwd\ncertfile /data/mosquitto/server.crt\n"
                "keyfile /data/mosquitto/server.key\nlistener 1883\nallow_anonymous true\n"
            },
        ),
        *also("mosquitto.conf(5), listener 1883", ("undeclared-listener", "1883"), ("plaintext-protocol", "1883")),
        Mistake(
            "setuid-unexpected",
            "chmod(1), 4755",
            "relay-tool",
            {"usr/bin/relay-tool": executable(ELF, mode=0o4755)},
        ),
        Mistake(
            "capability-unexpected",
            "capabilities(7), file capabilities: cap_sys_admin",
            "usr/bin/relay",
            {"usr/bin/relay": Node(ELF, mode=0o755, xattrs=(("security.capability", SYS_ADMIN),))},
        ),
        Mistake(
            "mac-profile-missing",
            "apparmor.d(5): no profile attaches to the program",
            "dropbear",
            without=("etc/apparmor.d/usr.sbin.dropbear",),
            witness=shell(
                "cat etc/apparmor.d/* | grep -q '^/usr/sbin/dropbear' || echo no profile", "no profile", "grep"
            ),
        ),
        Mistake(
            "data-unencrypted",
            "mount(8): the partition itself is mounted",
            "data",
            {"etc/init.d/data": init("\nSTART=09\n\nboot() {\n\tmount -t ext4 /dev/mmcblk0p5 /data\n}\n")},
        ),
        *also("mount(8): neither nosuid, nodev nor noexec", ("mount-options", "/data")),
    ),
)


# A modem router: the overlay is back, and the maker's own updater, tunnel and cloud agent come with it.

CLOUD = """\
#!/bin/sh
# Tells the cloud how the line is; the server's certificate is checked against the maker's own.
while sleep 300; do
	curl -fsS --cacert /etc/ssl/certs/maker.pem --data @/tmp/line.json https://cloud.maker.example/line
done
"""

MODEM_NETWORK = (
    NETWORK
    + f"""
config interface 'care'
	option proto 'wireguard'
	option private_key_file '/data/wireguard/key'
	list addresses '10.9.0.2/32'

config wireguard_care
	option public_key '{WIREGUARD_PEER}'
	option endpoint_host 'care.maker.example'
	option endpoint_port '51820'
	list allowed_ips '10.9.0.1/32'
"""
)

MODEM = {
    **openwrt("Modem", (("cloud", 485),), {"dropbear": 19, "cloud": 85}, login="service"),
    **DROPBEAR_FILES,
    "etc/config/network": MODEM_NETWORK,
    "etc/config/firewall": FIREWALL
    + allow("SSH", 22)
    + FIREWALL[FIREWALL.index("config rule\n\toption name 'Updates'") :]
    .replace("Updates", "Cloud")
    .replace("198.51.100.10", "198.51.100.20")
    + FIREWALL[FIREWALL.index("config rule\n\toption name 'Updates'") :]
    .replace("Updates", "Care")
    .replace("'tcp'", "'udp'")
    .replace("198.51.100.10", "198.51.100.30")
    .replace("443", "51820"),
    "etc/init.d/cloud": jailed("cloud", 85, "/usr/libexec/cloud"),
    **confined("cloud"),
    "usr/libexec/cloud": executable(CLOUD),
    "usr/bin/curl": PROGRAM,
    "etc/udhcpc.user": "# This script is sourced by udhcpc's dhcp script at every DHCP event.\n",
    "usr/share/udhcpc/default.script": executable(
        '#!/bin/sh\n[ -z "$1" ] && exit 1\n. /lib/functions.sh\n. /lib/netifd/netifd-proto.sh\n'
        '[ -f /etc/udhcpc.user ] && . /etc/udhcpc.user "$@"\nexit 0\n'
    ),
    "etc/hotplug.d/iface/00-netstate": '[ ifup = "$ACTION" ] && logger -t netstate "$INTERFACE is up"\n',
}

MODEM_SECTIONS = (
    listen(22, "dropbear")
    + service("dropbear")
    + SERVICE_LOGIN
    + service("cloud", "cloud", "/data/cloud", "32M")
    + '[[egress]]\nto = "cloud.maker.example"\nport = 443\n'
    + '[[egress]]\nto = "care.maker.example"\nport = 51820\nprotocol = "udp"\n'
)

OWN_UPDATER = """\
#!/bin/sh
# Takes whatever lies there.
cd /tmp
wget -q -O firmware.bin http://updates.maker.example/modem/latest.bin && sysupgrade -F -n firmware.bin
"""

DATA_WITH_KEY = """
START=09

boot() {
	cryptsetup open --type luks2 --key-file /etc/data.key /dev/mmcblk0p5 data
	mount -t ext4 -o nosuid,nodev,noexec /dev/mapper/data /data
}
"""

MOUNT_ROOT = """\
do_mount_root() {
	mount_root
	boot_run_hook preinit_mount_root
}

[ "$INITRAMFS" = 1 ] || boot_hook_add preinit_main do_mount_root
"""

MODEM_SYSTEM = Truth(
    name="openwrt-modem",
    distribution="openwrt",
    init="procd",
    clean=MODEM,
    policy=policy("modem", MODEM_SECTIONS),
    mistaken_policy=policy("modem", MODEM_SECTIONS).replace('verified = "verity"', 'verified = "none"'),
    mistakes=(
        Mistake(
            "rootfs-writable",
            "openwrt.org, Filesystems: mount_root lays a writable overlay over the squashfs",
            "",
            {"lib/preinit/80_mount_root": MOUNT_ROOT, "sbin/mount_root": PROGRAM},
        ),
        *also(
            "device.toml, filesystem.verified is none; so is no hook and no script verified",
            ("rootfs-unverified", ""),
            ("data-unencrypted", "/overlay"),
            ("privileged-hooks", ""),
            ("hook-directory-writable", ""),
            ("init-script-writable", ""),
        ),
        Mistake(
            "ssh-root-login",
            f"{UCI_DROPBEAR}: RootLogin",
            "",
            {"etc/config/dropbear": SSH_KEYS_ONLY.replace("option RootLogin '0'", "option RootLogin '1'")},
        ),
        Mistake(
            "update-unauthenticated",
            "openwrt.org, sysupgrade -F flashes an image that fails its checks",
            "",
            {"usr/sbin/device-update": executable(OWN_UPDATER), "sbin/sysupgrade": executable("#!/bin/sh\nexit 0\n")},
        ),
        *also(
            "openwrt.org, sysupgrade: one image, any version; wget(1), http",
            ("update-over-plaintext", "http"),
            ("update-downgrade-possible", ""),
            ("update-without-fallback", ""),
        ),
        Mistake(
            "private-key-embedded",
            "openwrt.org, WireGuard: option private_key",
            "network",
            {
                "etc/config/network": MODEM_NETWORK.replace(
                    "option private_key_file '/data/wireguard/key'", f"option private_key '{WIREGUARD_KEY}'"
                )
            },
            witness=shell(
                "sed -n \"s/.*option private_key '\\(.*\\)'/\\1/p\" etc/config/network | wg pubkey",
                "^[A-Za-z0-9+/]{43}=$",
                "wireguard-tools",
            ),
        ),
        *also("one key for every modem", ("image-sameness", "network")),
        Mistake(
            "tls-weak",
            "curl(1), --insecure",
            "cloud",
            {"usr/libexec/cloud": executable(CLOUD.replace("--cacert /etc/ssl/certs/maker.pem", "-k"))},
        ),
        Mistake(
            "key-beside-data",
            "cryptsetup(8), --key-file on the same medium",
            "data.key",
            {
                "etc/init.d/data": init(DATA_WITH_KEY),
                "etc/data.key": secret("q7mZ0cXv93nRkT5dLw2HsUeB8yGfPjKa"),
            },
        ),
        Mistake("image-sameness", "the key is alike in every copy", "data.key"),
        Mistake(
            "hook-directory-writable",
            "openwrt.org, udhcpc: /etc/udhcpc.user is sourced as root, and leads out of the image",
            "udhcpc.user",
            {"etc/udhcpc.user": link("/data/udhcpc.user")},
        ),
        *also("the same", ("privileged-hooks", "udhcpc")),
        Mistake(
            "init-script-writable",
            "openwrt.org, Init scripts: rc.d leads out of the image",
            "extra",
            {"etc/rc.d/S96extra": link("/data/init.d/extra")},
        ),
        *also("DEVICE.md: what is not declared is not allowed", ("service-unneeded", "extra")),
        Mistake(
            "service-runs-as-root",
            f"{PROCD}: no user",
            "cloud",
            {"etc/init.d/cloud": plain("cloud", 85, "/usr/libexec/cloud")},
        ),
        *also(f"{PROCD}: no jail, no limits", ("service-unsandboxed", "cloud"), ("service-without-limits", "cloud")),
    ),
)

SYSTEMS: tuple[Truth, ...] = (ROUTER_SYSTEM, GATEWAY_SYSTEM, CAMERA_SYSTEM, EXTENDER_SYSTEM, MODEM_SYSTEM)
