"""Routers, a gateway and a hub as vendors build them: own scripts, SWUpdate or an own updater, shell, Lua, Python."""

from firmward.model.memory import Content, Node, executable, link
from truth.device_base import (
    BINARY,
    EGRESS,
    FILESYSTEM,
    FSTAB,
    LAN,
    LIGHTTPD,
    LOW_UPDATER,
    SUPPORT,
    SYSCTL,
    UPDATE,
    UPDATER,
    WEB_LISTEN,
    confined,
    firewall,
    lighttpd,
    policy,
    profile,
    script,
    service_script,
    stranger,
    vendor_root,
)
from truth.key_material import (
    CA_LEAF,
    DER_KEY,
    DROPBEAR_KEY,
    EXPIRED_LEAF,
    PKCS12,
    SHA1_LEAF,
    WIREGUARD_KEY,
    WIREGUARD_PEER,
    WIREGUARD_PEER_2,
)
from truth.old_software import Excerpt, old_dropbear, unnamed
from truth.row import Mistake, Truth, Witness

WEB_IN = f"{LAN} tcp dport 443 ct state new limit rate 20/second accept"
WEB_PROFILE = profile(
    "/usr/sbin/lighttpd", "/usr/share/www/** r,\n  /etc/lighttpd/* r,\n  capability net_bind_service,"
)

# ---------------------------------------------------------------------------------------------------------- router

HOSTAPD = """\
interface=wlan0
bridge=br-lan
driver=nl80211
ssid=Router
hw_mode=g
channel=6
wpa=2
wpa_key_mgmt=SAE
rsn_pairwise=CCMP
ieee80211w=2
# each device's own, made in manufacture
sae_password_file=/data/wifi/sae
ctrl_interface=/run/hostapd
"""

SNMPD = """\
# only SNMPv3 with encryption; the users lie in /data/snmp, made when the owner asks for them
agentaddress udp:192.168.1.1:161
# rocommunity public
rouser monitor priv .1.3.6.1.2.1
"""

PING_CGI = """\
# Pings an address that the owner gives.
printf 'Content-Type: text/plain\\r\\n\\r\\n'
host=${QUERY_STRING#host=}
case "$host" in
'' | *[!0-9.]*) echo "no address"; exit 0 ;;
esac
exec ping -c 3 -w 5 "$host"
"""

DHCP = """\
# What udhcpc does with a lease. Hooks are part of the image.
case "$1" in
deconfig) ip addr flush dev "$interface" ;;
bound | renew)
	ip addr replace "$ip/$mask" dev "$interface"
	ip route replace default via "${router%% *}"
	;;
esac
for hook in /etc/udhcpc/hooks.d/*; do
	[ -f "$hook" ] && . "$hook"
done
"""

ROUTER_IN = (
    f'{WEB_IN}\n\t\tiifname "br-lan" udp dport {{ 53, 67, 161 }} accept\n\t\tiifname "br-lan" tcp dport 53 accept\n'
    '\t\tiifname "eth1" udp sport 67 udp dport 68 accept'
)
ROUTER_OUT = (
    'oifname "br-lan" udp sport { 53, 67, 161 } accept\n'
    '\t\toifname "eth1" udp dport 67 accept\n\t\tip daddr 192.0.2.53 tcp dport 853 accept'
)

ROUTER: dict[str, Content] = {
    **vendor_root(
        "RouteOS 4.2.0",
        ("web", 80),
        ("dnsmasq", 110),
        ("hostapd", 111),
        ("snmp", 112),
        inputs=ROUTER_IN,
        outputs=ROUTER_OUT,
        mac={
            "usr.sbin.lighttpd": WEB_PROFILE,
            "usr.sbin.dnsmasq": profile("/usr/sbin/dnsmasq", "/etc/dnsmasq.conf r,\n  capability net_bind_service,"),
            "usr.sbin.hostapd": profile("/usr/sbin/hostapd", "/etc/hostapd.conf r,\n  capability net_admin,"),
            "usr.sbin.snmpd": profile("/usr/sbin/snmpd", "/etc/snmp/* r,\n  capability net_bind_service,"),
            "sbin.udhcpc": profile("/bin/busybox", "/etc/udhcpc/** rix,\n  capability net_raw,"),
        },
    ),
    **lighttpd(),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD + 'cgi.assign = ( ".cgi" => "" )\n',
    "etc/sysctl.conf": SYSCTL + "net.ipv4.ip_forward = 1\n",
    "etc/init.d/S42dnsmasq": service_script(
        confined("/usr/sbin/dnsmasq -k -C /etc/dnsmasq.conf", "dnsmasq", "net_bind_service,+net_raw,+net_admin"),
        "dnsmasq",
    ),
    "etc/init.d/S43wifi": service_script(
        confined("/usr/sbin/hostapd /etc/hostapd.conf", "hostapd", "net_admin,+net_raw"), "hostapd"
    ),
    "etc/init.d/S44snmpd": service_script(
        confined("/usr/sbin/snmpd -f -C -c /etc/snmp/snmpd.conf", "snmp", "net_bind_service"), "snmpd"
    ),
    "etc/init.d/S40wan": script('[ "$1" = start ] && udhcpc -b -i eth1 -s /etc/udhcpc/default.script\n'),
    "etc/udhcpc/default.script": script(DHCP),
    "etc/udhcpc/hooks.d/10-clock": executable('logger -t dhcp "lease of $lease seconds"\n'),
    "etc/dnsmasq.conf": """\
interface=br-lan
bind-interfaces
user=dnsmasq
no-resolv
server=127.0.0.1#5335
dhcp-range=192.168.1.100,192.168.1.200,12h
domain-needed
bogus-priv
stop-dns-rebind
""",
    "etc/hostapd.conf": HOSTAPD,
    "etc/snmp/snmpd.conf": SNMPD,
    "etc/inetd.conf": """\
# the services of inetd are off; no inetd is started
#telnet  stream  tcp  nowait  root  /usr/sbin/telnetd  telnetd
#shell   stream  tcp  nowait  root  /usr/sbin/rshd     rshd
""",
    "etc/miniupnpd.conf": "ext_ifname=eth1\nlistening_ip=br-lan\nenable_natpmp=no\nenable_upnp=no\nsecure_mode=yes\n",
    "usr/share/www/cgi-bin/ping.cgi": script(PING_CGI),
    "usr/sbin/miniupnpd": BINARY,
    "usr/sbin/dnsmasq": BINARY,
    "usr/sbin/hostapd": BINARY,
    "usr/sbin/snmpd": BINARY,
}

ROUTER_POLICY = policy(
    "router",
    SUPPORT,
    WEB_LISTEN,
    """\
[[listen]]
port = 53
protocol = "udp"
service = "dnsmasq"
from = "lan"

[[listen]]
port = 53
protocol = "tcp"
service = "dnsmasq"
from = "lan"

[[listen]]
port = 67
protocol = "udp"
service = "dnsmasq"
from = "lan"

[[listen]]
port = 68
protocol = "udp"
service = "udhcpc"
from = "wan"

[[listen]]
port = 161
protocol = "udp"
service = "snmpd"
from = "lan"

[[service]]
name = "dnsmasq"
user = "dnsmasq"

[[service]]
name = "hostapd"
user = "hostapd"

[[service]]
name = "snmpd"
user = "snmp"

[[service]]
name = "udhcpc"
user = "root"

[kernel]
profile = "router"
""",
    EGRESS,
    """\
[[egress]]
to = "192.0.2.53/32"
port = 853
protocol = "tcp"

[[egress]]
to = "gateway"
port = 67
protocol = "udp"
""",
    FILESYSTEM,
    UPDATE,
    architecture="mips",
)

SUPPORT_HASH = (
    "$6$hS3GP2VVzKUgTj2R$RJ/1A5fb1ZRHOgZF2EsMmwBOwATzHSwG16u11G8QNpqk58ySIefimG.gZJ1qlEws54wpKpWPSlgJu8HbIFE/z."
)
"""Of 24 random bytes: the account is the mistake, not its password."""

ROUTER_MISTAKES = (
    Mistake(
        "firewall-absent",
        "nft(8): a ruleset that nobody loads with -f filters nothing",
        "",
        without=("etc/init.d/S30firewall",),
    ),
    Mistake("egress-unrestricted", "nft(8): no output chain is loaded either", ""),
    Mistake(
        "upnp-exposed",
        "miniupnpd.conf: enable_upnp, secure_mode",
        "miniupnpd",
        {
            "etc/init.d/S80upnp": script('[ "$1" = start ] && /usr/sbin/miniupnpd -f /etc/miniupnpd.conf\n'),
            "etc/miniupnpd.conf": "ext_ifname=eth1\nlistening_ip=eth1\nport=5000\nenable_upnp=yes\nsecure_mode=no\n",
        },
    ),
    Mistake("undeclared-listener", "miniupnpd.conf, port; UPnP Device Architecture, SSDP", "5000"),
    Mistake("undeclared-listener", "follows from enable_upnp: UPnP Device Architecture, SSDP on 1900", "1900"),
    *stranger("miniupnpd"),
    Mistake(
        "default-community",
        "snmpd.conf(5), rocommunity, rwcommunity",
        "private",
        {"etc/snmp/snmpd.conf": "agentaddress udp:161\nrocommunity public\nrwcommunity private 192.168.1.0/24\n"},
    ),
    Mistake("default-community", "follows from the line before it: snmpd.conf(5), rocommunity", "public"),
    Mistake("plaintext-protocol", "RFC 3584: a community is SNMP version 1 and 2c", "snmp"),
    Mistake(
        "account-extra-root",
        "passwd(5), the third field",
        "support",
        {
            "etc/passwd": """\
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
web:x:80:80:web:/var/empty:/bin/false
dnsmasq:x:110:110:dnsmasq:/var/empty:/bin/false
hostapd:x:111:111:hostapd:/var/empty:/bin/false
snmp:x:112:112:snmp:/var/empty:/bin/false
support:x:0:0:support:/tmp:/bin/sh
""",
            "etc/shadow": Node(
                "root:*:20400:0:99999:7:::\nnobody:*:20400::::::\nweb:*:20400::::::\ndnsmasq:*:20400::::::\n"
                f"hostapd:*:20400::::::\nsnmp:*:20400::::::\nsupport:{SUPPORT_HASH}:20400:0:99999:7:::\n",
                mode=0o600,
            ),
        },
    ),
    Mistake("image-sameness", "follows from the hash: alike in every copy", "etc/shadow support"),
    Mistake(
        "image-sameness",
        "hostapd.conf, wpa_passphrase: one passphrase in every router",
        "hostapd.conf",
        {
            "etc/hostapd.conf": HOSTAPD.replace("wpa_key_mgmt=SAE", "wpa_key_mgmt=WPA-PSK").replace(
                "# each device's own, made in manufacture\nsae_password_file=/data/wifi/sae",
                "wpa_passphrase=Bluebird-4471-Home",
            )
        },
    ),
    Mistake("credential-hard-coded", "hostapd.conf, wpa_passphrase", "hostapd.conf"),
    Mistake(
        "certificate-weak",
        "NIST SP 800-131A: SHA-1 is disallowed for signatures",
        "acs.pem",
        {"etc/ssl/certs/acs.pem": SHA1_LEAF},
        witness=Witness(
            ("openssl", "x509", "-noout", "-text", "-in", "{root}/etc/ssl/certs/acs.pem"),
            r"Signature Algorithm: sha1With",
            "openssl",
        ),
    ),
    Mistake(
        "private-key-embedded",
        "RFC 5958 (PKCS#8) in DER",
        "client.der",
        {"etc/cwmp/client.der": DER_KEY},
        witness=Witness(
            ("openssl", "pkey", "-inform", "DER", "-in", "{root}/etc/cwmp/client.der"), r"BEGIN PRIVATE KEY", "openssl"
        ),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "client.der"),
    Mistake(
        "script-injection",
        "POSIX sh, eval of CGI's QUERY_STRING (RFC 3875)",
        "ping.cgi",
        {
            "usr/share/www/cgi-bin/ping.cgi": script(
                """\
printf 'Content-Type: text/plain\\r\\n\\r\\n'
eval "$(echo "$QUERY_STRING" | tr '&' ';')"
ping -c 3 -w 5 $host
""",
            )
        },
        witness=Witness(
            (
                "env",
                "QUERY_STRING=host=$(echo INJECTED >/dev/stderr)",
                "busybox",
                "sh",
                "{root}/usr/share/www/cgi-bin/ping.cgi",
            ),
            r"^INJECTED",
            "busybox",
        ),
    ),
    Mistake(
        "update-without-fallback",
        "flashcp(1): the running firmware partition is overwritten, a power cut leaves nothing",
        "update-agent",
        {
            "usr/sbin/update-agent": script(
                UPDATER[: UPDATER.index("	case ")] + '	flashcp "$WORK/image" /dev/mtd3 && reboot\ndone\n'
            )
        },
    ),
    Mistake(
        "remote-shell-enabled",
        "inetd(8), a line that is no comment; rshd(8)",
        "514",
        {
            "etc/inetd.conf": "# started since 4.1 for the field engineers\n"
            "514 stream tcp nowait root /usr/sbin/rshd rshd -L\n",
            "etc/init.d/S45inetd": script('[ "$1" = start ] && inetd /etc/inetd.conf\n'),
            "usr/sbin/rshd": BINARY,
        },
    ),
    Mistake("undeclared-listener", "inetd.conf(5), the first field", "514"),
    *stranger("rshd"),
    Mistake("plaintext-protocol", "follows from rshd: RFC 1282, nothing is encrypted", "rsh"),
    Mistake(
        "hook-directory-writable",
        "udhcpc(8), -s SCRIPT, which sources what lies in /data by way of a link",
        "hooks.d",
        {"etc/udhcpc/hooks.d": link("/data/udhcpc.d")},
        ("etc/udhcpc/hooks.d/10-clock",),
    ),
    Mistake("privileged-hooks", "udhcpc(8): the hooks are outside the verified part", "/data/udhcpc.d"),
)

# --------------------------------------------------------------------------------------------------------- gateway

SWUPDATE = """\
globals :
{
	verbose = false;
	loglevel = 3;
	syslog = true;
	bootloader = "uboot";
	public-key-file = "/etc/update/key.pub";
	no-downgrading = "4.2.0";
};

suricatta :
{
	tenant = "default";
	url = "https://updates.maker.example";
	cafile = "/etc/ssl/certs/maker-ca.pem";
	polldelay = 86400;
	userid = 113;
	groupid = 113;
};
"""

SWUPDATE_START = """\
[ "$1" = start ] || exit 0
case "$(fw_printenv -n slot)" in
a) other=b ;;
*) other=a ;;
esac
swupdate -f /etc/swupdate.cfg -k /etc/update/key.pub -H plc:1.0 -e "stable,$other" \\
	-u "-i $(cat /data/id) -u https://updates.maker.example -t default" &
"""

INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet manual

# the plant's machines
auto eth0.20
iface eth0.20 inet static
	address 192.168.20.2
	netmask 255.255.255.0
	vlan-raw-device eth0
"""

STATUS_LUA = """\
#!/usr/bin/lua
-- State of one machine of the plant, by its number.
local number = (os.getenv("QUERY_STRING") or ""):match("^machine=(%d%d?)$")
io.write("Content-Type: text/plain\\r\\n\\r\\n")
if not number then
  return io.write("no such machine\\n")
end
local file = io.open("/run/machines/" .. number)
io.write(file and file:read("*a") or "silent\\n")
"""

MODE_CGI = """\
# Engineering mode: only while the button inside the case is held, and what is secret goes first.
printf 'Content-Type: text/plain\\r\\n\\r\\n'
[ "$(gpioget gpiochip0 12)" = 1 ] || { echo "hold the button"; exit 0; }
/usr/sbin/wipe-secrets && echo advanced > /data/mode && reboot
"""

WG = f"""\
[Interface]
Address = 10.80.0.2/32
# each device makes its own key at first start
PostUp = wg set %i private-key /data/wireguard/key

[Peer]
PublicKey = {WIREGUARD_PEER}
Endpoint = 198.51.100.10:51820
AllowedIPs = 10.80.0.1/32
"""

GATEWAY: dict[str, Content] = {
    **vendor_root(
        "PlantOS 4.2.0",
        ("web", 80),
        ("mosquitto", 104),
        ("swupdate", 113),
        inputs=f"{WEB_IN}\n\t\tip saddr 192.168.20.0/24 tcp dport 8883 accept",
        outputs="ip daddr 198.51.100.10 udp dport 51820 accept",
        mac={
            "usr.sbin.lighttpd": WEB_PROFILE,
            "usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "/etc/mosquitto/* r,"),
            "usr.bin.swupdate": profile("/usr/bin/swupdate", "/etc/** r,\n  /dev/mmcblk0p[23] rw,"),
        },
    ),
    **lighttpd(),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD + 'cgi.assign = ( ".lua" => "/usr/bin/lua", ".cgi" => "" )\n',
    "etc/init.d/S40network": script('[ "$1" = start ] && ifup -a\n'),
    "etc/network/interfaces": INTERFACES,
    "etc/init.d/S50mosquitto": service_script(
        confined("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "mosquitto"), "mosquitto"
    ),
    "etc/mosquitto/mosquitto.conf": """\
per_listener_settings true
listener 8883 192.168.20.2
cafile /etc/ssl/certs/maker-ca.pem
certfile /data/tls/broker.pem
keyfile /data/tls/broker.key
tls_version tlsv1.3
require_certificate true
allow_anonymous false
use_subject_as_username true
acl_file /etc/mosquitto/acl
""",
    "etc/mosquitto/acl": "pattern readwrite machines/%u/#\n",
    "etc/init.d/S90update": script(SWUPDATE_START),
    "etc/swupdate.cfg": SWUPDATE,
    "etc/fw_env.config": "/dev/mmcblk0boot1 0x0000 0x4000\n/dev/mmcblk0boot1 0x4000 0x4000\n",
    "etc/hwrevision": "plc 1.0\n",
    "etc/wireguard/wg0.conf": Node(WG, mode=0o600),
    "etc/mbusd.conf": "# mbusd is for the workshop; it is not started\naddress = 127.0.0.1\nport = 502\nmode = rtu\n",
    "usr/share/www/cgi-bin/status.lua": executable(STATUS_LUA),
    "usr/share/www/cgi-bin/mode.cgi": script(MODE_CGI),
    "usr/sbin/wipe-secrets": BINARY,
    "usr/sbin/mosquitto": BINARY,
    "usr/bin/swupdate": BINARY,
    "usr/bin/mbusd": BINARY,
    "usr/bin/lua": BINARY,
}
GATEWAY.pop("usr/sbin/update-agent")

GATEWAY_ZONES = """\
[[zone]]
name = "plant"
vlan = 20

[[flow]]
from = "plant"
to = "gateway"
port = 8883
protocol = "tcp"

"""

GATEWAY_POLICY = policy(
    "gateway",
    SUPPORT,
    WEB_LISTEN,
    GATEWAY_ZONES,
    """\
[[listen]]
port = 8883
protocol = "tcp"
service = "mosquitto"
from = "plant"

[[service]]
name = "mosquitto"
user = "mosquitto"

[[service]]
name = "swupdate"
user = "root"

[[egress]]
to = "198.51.100.10/32"
port = 51820
protocol = "udp"
""",
    EGRESS,
    FILESYSTEM,
    UPDATE.replace('"other"', '"swupdate"'),
)

GATEWAY_MISTAKES = (
    Mistake(
        "update-unauthenticated",
        "SWUpdate manual, signed images: -k or public-key-file, else signatures are not asked for",
        "swupdate",
        {
            "etc/init.d/S90update": script(
                SWUPDATE_START[: SWUPDATE_START.index("swupdate -f")]
                + 'swupdate -f /etc/swupdate.cfg -H plc:1.0 -e "stable,$other" -w "-r /usr/share/swupdate -p 8080" &\n'
            ),
            "etc/swupdate.cfg": 'globals :\n{\n\tverbose = true;\n\tloglevel = 5;\n\tbootloader = "uboot";\n};\n',
        },
    ),
    Mistake("update-downgrade-possible", "SWUpdate manual, no-downgrading", "swupdate"),
    Mistake("update-not-automatic", "SWUpdate manual, -w is the web page; suricatta (-u) is not started", "swupdate"),
    Mistake("undeclared-listener", "SWUpdate manual, webserver -p, 8080", "8080"),
    Mistake("plaintext-protocol", "SWUpdate manual, webserver without ssl", "http"),
    Mistake(
        "plaintext-protocol",
        "Modbus/TCP, port 502: neither encryption nor authentication",
        "modbus",
        {
            "etc/init.d/S75mbusd": script('[ "$1" = start ] && mbusd -c /etc/mbusd.conf\n'),
            "etc/mbusd.conf": "address = 0.0.0.0\nport = 502\nmode = rtu\ndevice = /dev/ttyS1\nspeed = 19200\n",
        },
    ),
    Mistake("undeclared-listener", "mbusd(8), port", "502"),
    *stranger("mbusd"),
    Mistake(
        "certificate-weak",
        "x509(1), -enddate",
        "broker.pem",
        {"etc/mosquitto/certs/broker.pem": EXPIRED_LEAF},
        witness=Witness(
            ("openssl", "x509", "-noout", "-checkend", "0", "-in", "{root}/etc/mosquitto/certs/broker.pem"),
            r"^Certificate will expire",
            "openssl",
        ),
    ),
    Mistake(
        "script-injection",
        "Lua 5.4 reference, os.execute: the string goes to a shell",
        "status.lua",
        {
            "usr/share/www/cgi-bin/status.lua": executable(
                """\
#!/usr/bin/lua
local query = os.getenv("QUERY_STRING") or ""
local machine = query:match("machine=([^&]*)")
io.write("Content-Type: text/plain\\r\\n\\r\\n")
io.flush()
os.execute("cat /run/machines/" .. machine)
""",
            )
        },
        witness=Witness(
            (
                "env",
                "QUERY_STRING=machine=;echo INJECTED",
                "lua5.4",
                "{root}/usr/share/www/cgi-bin/status.lua",
            ),
            r"^INJECTED",
            "lua5.4",
        ),
    ),
    Mistake(
        "segmentation-missing",
        "interfaces(5), vlan-raw-device; the policy's zone has vlan = 20",
        "plant",
        {
            "etc/network/interfaces": """\
auto lo
iface lo inet loopback

# the plant's machines hang on the same wire now
auto eth0
iface eth0 inet static
	address 192.168.20.2
	netmask 255.255.255.0
"""
        },
    ),
    Mistake(
        "egress-unrestricted",
        "nft(8), policy of the output chain",
        "",
        {
            "etc/nftables.conf": firewall(f"{WEB_IN}\n\t\tip saddr 192.168.20.0/24 tcp dport 8883 accept").replace(
                "type filter hook output priority filter; policy drop;",
                "type filter hook output priority filter; policy accept;",
            )
        },
    ),
    Mistake(
        "private-key-embedded",
        "wg-quick(8), PrivateKey",
        "wg0.conf",
        {
            "etc/wireguard/wg0.conf": Node(
                f"[Interface]\nAddress = 10.80.0.2/32\nPrivateKey = {WIREGUARD_KEY}\n\n[Peer]\n"
                f"PublicKey = {WIREGUARD_PEER}\nEndpoint = 198.51.100.10:51820\nAllowedIPs = 10.80.0.1/32\n",
                mode=0o600,
            )
        },
        witness=Witness(
            ("sh", "-c", "sed -n 's/^PrivateKey = //p' {root}/etc/wireguard/wg0.conf | wg pubkey"),
            "^" + WIREGUARD_PEER_2.replace("+", r"\+").replace("/", r"\/"),
            "wireguard-tools",
        ),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "wg0.conf"),
    Mistake(
        "advanced-mode-uncontrolled",
        "practice P45: no physical presence is asked for, and nothing is wiped",
        "mode.cgi",
        {
            "usr/share/www/cgi-bin/mode.cgi": script(
                """\
# Engineering mode for whoever knows the page's name.
printf 'Content-Type: text/plain\\r\\n\\r\\n'
[ "$QUERY_STRING" = "engineering=1" ] || exit 0
echo advanced > /data/mode
mount -o remount,rw /
echo "engineering mode is on"
""",
            )
        },
    ),
)

# ------------------------------------------------------------------------------------------------------- LTE router

DROPBEAR = (
    "\tstart-stop-daemon -S -b -x /usr/sbin/dropbear -- "
    "-F -E -s -w -j -k -p 192.168.8.1:22 -r /data/dropbear/host_key -K 60 -I 300"
)

SMS_LUA = """\
#!/usr/bin/lua
-- Shows one text message of the modem, by its number.
local number = tonumber((os.getenv("QUERY_STRING") or ""):match("^sms=(%d+)$"))
io.write("Content-Type: text/plain\\r\\n\\r\\n")
if number and number < 100 then
  local modem = io.popen("/usr/bin/sms-show " .. string.format("%d", number))
  io.write(modem:read("*a"))
end
"""

REPORT = """\
# Tells the maker how much traffic went through, once a day, with this device's own certificate.
set -eu
curl --proto '=https' --tlsv1.2 --cacert /etc/ssl/certs/maker-ca.pem \\
	--cert /data/tls/cert.pem --key /data/tls/key.pem \\
	-fsS -d "bytes=$(cat /sys/class/net/wwan0/statistics/rx_bytes)" https://updates.maker.example/traffic
"""

LTE: dict[str, Content] = {
    **vendor_root(
        "TravelOS 4.2.0",
        ("web", 80),
        ("modem", 114),
        inputs=f'{WEB_IN}\n\t\tiifname "br-lan" ip saddr 192.168.8.2 tcp dport 22 accept',
        mac={
            "usr.sbin.lighttpd": WEB_PROFILE,
            "usr.sbin.dropbear": profile("/usr/sbin/dropbear", "capability setuid,\n  capability setgid,"),
            "usr.sbin.modemd": profile("/usr/sbin/modemd", "/dev/cdc-wdm0 rw,\n  capability net_admin,"),
        },
    ),
    **lighttpd(),
    "etc/passwd": """\
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
web:x:80:80:web:/var/empty:/bin/false
modem:x:114:114:modem:/var/empty:/bin/false
service:x:1000:1000:workshop:/data/home/service:/bin/sh
""",
    "etc/shadow": Node(
        "".join(f"{name}:*:20400::::::\n" for name in ("root", "nobody", "web", "modem", "service")), mode=0o600
    ),
    "etc/group": "root:x:0:\nnobody:x:65534:\nweb:x:80:\nmodem:x:114:\nservice:x:1000:\n",
    "etc/lighttpd/lighttpd.conf": LIGHTTPD + 'cgi.assign = ( ".lua" => "/usr/bin/lua" )\n',
    "etc/init.d/S06seed": script(
        """\
[ "$1" = start ] || exit 0
# the seed is this device's own; the image brings none
[ -f /data/random-seed ] && cat /data/random-seed > /dev/urandom
dd if=/dev/urandom of=/data/random-seed bs=512 count=1 2>/dev/null
""",
    ),
    "etc/init.d/S50dropbear": service_script(DROPBEAR, "dropbear"),
    "etc/init.d/S55modem": service_script(
        confined("/usr/sbin/modemd -d /dev/cdc-wdm0", "modem", "net_admin"), "modemd"
    ),
    "etc/inetd.conf": "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
    "usr/sbin/telnetd": link("../../bin/busybox"),
    "usr/share/www/cgi-bin/sms.lua": executable(SMS_LUA),
    "usr/sbin/traffic-report": script(REPORT),
    "usr/sbin/dropbear": BINARY,
    "usr/sbin/modemd": BINARY,
    "usr/bin/sms-show": BINARY,
    "usr/bin/lua": BINARY,
}

LTE_REST = (
    WEB_LISTEN,
    """\
[[listen]]
port = 22
protocol = "tcp"
service = "dropbear"
from = "bastion"

[[service]]
name = "dropbear"
user = "root"

[[service]]
name = "modemd"
user = "modem"

[[account]]
name = "service"
login = true
reason = "workshop, over the bastion host only"
""",
    EGRESS,
    FILESYSTEM,
    UPDATE,
)

LTE_MISTAKES = (
    Mistake(
        "private-key-embedded",
        "dropbear(8): /etc/dropbear holds host keys in dropbear's own form",
        "dropbear_ed25519_host_key",
        {"etc/dropbear/dropbear_ed25519_host_key": Node(DROPBEAR_KEY, mode=0o600)},
        witness=Witness(
            ("dropbearkey", "-y", "-f", "{root}/etc/dropbear/dropbear_ed25519_host_key"),
            r"^ssh-ed25519 ",
            "dropbear-bin",
        ),
    ),
    Mistake("image-sameness", "dropbear(8): one host key in every device", "dropbear_ed25519_host_key"),
    Mistake("ssh-host-key-baked-in", "dropbear(8), -r", "dropbear_ed25519_host_key"),
    Mistake(
        "telnet-enabled",
        "inetd.conf(5): the line with the port number stands beside the disabled one; telnetd -i",
        "2323",
        {
            "etc/inetd.conf": "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n"
            "2323 stream tcp nowait root /usr/sbin/telnetd telnetd -i -l /bin/login\n",
            "etc/init.d/S45inetd": script('[ "$1" = start ] && busybox inetd /etc/inetd.conf\n'),
        },
    ),
    Mistake("undeclared-listener", "inetd.conf(5), the first field", "2323"),
    *stranger("telnetd"),
    Mistake("plaintext-protocol", "RFC 854", "telnet"),
    Mistake(
        "script-injection",
        "Lua 5.4 reference, io.popen: the string goes to a shell",
        "sms.lua",
        {
            "usr/share/www/cgi-bin/sms.lua": executable(
                """\
#!/usr/bin/lua
io.write("Content-Type: text/plain\\r\\n\\r\\n")
local form = io.read("*a")
local to, text = form:match("to=([^&]*)&text=(.*)")
io.write(io.popen("/usr/bin/sms-send '" .. to .. "' '" .. text .. "'"):read("*a"))
""",
            )
        },
    ),
    Mistake(
        "image-sameness",
        "random(4): a seed that is written to /dev/urandom must differ from device to device",
        "random-seed",
        {
            "etc/init.d/S06seed": script('[ "$1" = start ] && cat /etc/random-seed > /dev/urandom\n'),
            "etc/random-seed": bytes((index * 151 + 17) % 256 for index in range(512)),
        },
    ),
    Mistake(
        "credential-hard-coded",
        "curl(1), --user",
        "traffic-report",
        {
            "usr/sbin/traffic-report": script(
                "curl -fsS -u 'telemetry:hX7pQ-29wz_Lm4' -d \"bytes=$(cat /sys/class/net/wwan0/statistics/rx_bytes)\" "
                "https://updates.maker.example/traffic\n"
            )
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "traffic-report"),
    Mistake(
        "mac-profile-missing",
        "apparmor.d(5): no profile attaches to /usr/sbin/dropbear",
        "dropbear",
        without=("etc/apparmor.d/usr.sbin.dropbear",),
    ),
    Mistake(
        "mac-permissive",
        "apparmor.d(5), flags=(complain)",
        "lighttpd",
        {
            "etc/apparmor.d/usr.sbin.lighttpd": WEB_PROFILE.replace(
                "/usr/sbin/lighttpd {", "/usr/sbin/lighttpd flags=(complain) {"
            )
        },
    ),
    Mistake(
        "update-over-plaintext",
        "curl(1): http:// in SERVER, and no --proto",
        "update-agent",
        {
            "usr/sbin/update-agent": script(
                UPDATER.replace("https://updates", "http://updates").replace(
                    "--proto '=https' --tlsv1.2 --cacert /etc/ssl/certs/maker-ca.pem ", ""
                )
            )
        },
    ),
    Mistake(
        "mount-options",
        "mount(8), nosuid, nodev, noexec",
        "/tmp",
        {
            "etc/fstab": FSTAB.replace(
                "tmpfs     nosuid,nodev,noexec,mode=1777,size=8m ", "tmpfs     defaults,size=8m                    "
            )
        },
        witness=Witness(
            ("findmnt", "--tab-file", "{root}/etc/fstab", "-n", "-o", "OPTIONS", "/tmp"), r"^defaults", "util-linux"
        ),
    ),
    Mistake("support-ended", "DEVICE.md, support.until and years_from_activation", ""),
)

# --------------------------------------------------------------------------------------------------------------- hub

HUB_API = '''\
"""Answers what the owner's page asks: FastCGI, as user hub."""

import subprocess
from urllib.parse import parse_qs

ROOMS = {"kitchen": "1", "hall": "2", "cellar": "3"}


def application(environ, start_response):
    room = parse_qs(environ.get("QUERY_STRING", "")).get("room", [""])[0]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if room not in ROOMS:
        return [b"no such room\\n"]
    done = subprocess.run(["/usr/bin/zb-read", ROOMS[room]], capture_output=True, check=False)
    return [done.stdout]
'''

HUB_EVENTS = '''\
"""Events of a room, out of the database."""

import sqlite3


def events(environ):
    room = environ.get("QUERY_STRING", "").removeprefix("room=")
    with sqlite3.connect("file:/data/events.db?mode=ro", uri=True) as base:
        return base.execute("SELECT at, what FROM events WHERE room = ? ORDER BY at DESC LIMIT 100", (room,)).fetchall()
'''

HUB_CLOUD = '''\
"""Talks to the maker's cloud, with this device's own certificate."""

import http.client
import ssl

CONTEXT = ssl.create_default_context(cafile="/etc/ssl/certs/maker-ca.pem")
CONTEXT.minimum_version = ssl.TLSVersion.TLSv1_2


def send(body):
    CONTEXT.load_cert_chain("/data/tls/cert.pem", "/data/tls/key.pem")
    line = http.client.HTTPSConnection("updates.maker.example", context=CONTEXT, timeout=20)
    line.request("POST", "/events", body)
    return line.getresponse().status
'''

HUB_SETTINGS = '''\
"""Settings. Secrets are read from /data, where the pairing puts them."""

from pathlib import Path

CLOUD = "updates.maker.example"
TOKEN_FILE = Path("/data/cloud/token")
password = ""  # set by the owner


def token():
    return TOKEN_FILE.read_text().strip()
'''

HUB: dict[str, Content] = {
    **vendor_root(
        "HubOS 4.2.0",
        ("web", 80),
        ("hub", 115),
        inputs=WEB_IN,
        mac={
            "usr.sbin.lighttpd": WEB_PROFILE,
            "opt.hub": profile("/opt/hub/bin/hub-api", "/opt/hub/** r,\n  /data/events.db r,"),
        },
    ),
    **lighttpd(),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD.replace('"mod_cgi" )', '"mod_fastcgi" )')
    + 'fastcgi.server = ( "/api" => (( "socket" => "/run/hub/api.sock", "check-local" => "disable" )) )\n',
    "etc/init.d/S65hub": service_script(confined("/opt/hub/bin/hub-api /run/hub/api.sock", "hub"), "hub-api"),
    "etc/init.d/S85mdns": script("# names on the local network: off, the owner's page is found by its label\nexit 0\n"),
    "opt/hub/bin/hub-api": BINARY,
    "opt/hub/api.py": HUB_API,
    "opt/hub/events.py": HUB_EVENTS,
    "opt/hub/cloud.py": HUB_CLOUD,
    "opt/hub/settings.py": HUB_SETTINGS,
    "opt/hub/doc/example.env": "# MQTT_PASSWORD=secret\nCLOUD_TOKEN=<your token>\n",
    "usr/bin/zb-read": BINARY,
    "usr/bin/python3": BINARY,
    "usr/sbin/avahi-daemon": BINARY,
}

HUB_REST = (
    WEB_LISTEN,
    '[[service]]\nname = "hub-api"\nuser = "hub"\nwrites = ["/run/hub"]\n',
    EGRESS,
    FILESYSTEM,
    UPDATE,
)

HUB_WEB = '''\
"""The owner's page, served by itself."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(open("/usr/share/www" + self.path, "rb").read())


HTTPServer(("0.0.0.0", 8080), Page).serve_forever()
'''

HUB_UPDATER = '''\
#!/usr/bin/python3
"""Fetches the newest hub once a day and unpacks it over the old one."""

import os
import tarfile
import time
import urllib.request

while True:
    time.sleep(86400)
    urllib.request.urlretrieve("https://updates.maker.example/hub/latest.tar.gz", "/tmp/latest.tar.gz")
    with tarfile.open("/tmp/latest.tar.gz") as archive:
        archive.extractall("/")
    os.system("reboot")
'''

HUB_MISTAKES = (
    old_dropbear("usr/app/bin/dropbear-old"),
    unnamed("usr/app/lib/cloud/agent"),
    Mistake(
        "script-injection",
        "Python library reference, subprocess: shell=True, security considerations",
        "api.py",
        {
            "opt/hub/api.py": '''\
"""Answers what the owner's page asks."""

import subprocess
from urllib.parse import parse_qs


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    room = query["room"][0]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [subprocess.check_output(f"/usr/bin/zb-read {room}", shell=True)]
'''
        },
    ),
    Mistake(
        "script-injection",
        "Python library reference, sqlite3: placeholders, never string operations",
        "events.py",
        {
            "opt/hub/events.py": '''\
"""Events of a room, out of the database."""

import sqlite3


def events(environ):
    room = environ.get("QUERY_STRING", "").removeprefix("room=")
    base = sqlite3.connect("/data/events.db")
    return base.execute(f"SELECT at, what FROM events WHERE room = '{room}' ORDER BY at DESC").fetchall()
'''
        },
    ),
    Mistake(
        "private-key-embedded",
        "RFC 7292 (PKCS#12); openssl-pkcs12(1), an empty password",
        "client.p12",
        {"opt/hub/certs/client.p12": PKCS12},
        witness=Witness(
            ("openssl", "pkcs12", "-in", "{root}/opt/hub/certs/client.p12", "-passin", "pass:", "-nodes"),
            r"BEGIN PRIVATE KEY",
            "openssl",
        ),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "client.p12"),
    Mistake(
        "certificate-weak",
        "RFC 5280, 4.2.1.9: basicConstraints cA true in a server's certificate",
        "hub.pem",
        {"etc/hub/tls/hub.pem": CA_LEAF},
        witness=Witness(
            (
                "openssl",
                "x509",
                "-noout",
                "-ext",
                "basicConstraints,extendedKeyUsage",
                "-in",
                "{root}/etc/hub/tls/hub.pem",
            ),
            r"CA:TRUE",
            "openssl",
        ),
    ),
    Mistake(
        "tls-weak",
        "Python library reference, ssl: verify_mode CERT_NONE, check_hostname",
        "cloud.py",
        {
            "opt/hub/cloud.py": '''\
"""Talks to the maker's cloud."""

import http.client
import ssl

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


def send(body):
    line = http.client.HTTPSConnection("updates.maker.example", context=CONTEXT, timeout=20)
    line.request("POST", "/events", body)
    return line.getresponse().status
'''
        },
    ),
    Mistake(
        "credential-hard-coded",
        "Azure IoT Hub connection string; Telegram bot API token",
        "settings.py",
        {
            "opt/hub/settings.py": '''\
"""Settings."""

CLOUD = (
    "HostName=maker-hub.azure-devices.net;SharedAccessKeyName=iothubowner;"
    "SharedAccessKey=3p9VqXk0Zt7LmRw5Yb2NdHs8JcGf1KuAeQo6TiUzWvE="
)
BOT_TOKEN = "6183927450:AAGk7Qm2vXw9RzTn4LpYbHs8JcDf1EuKo0Z"
'''
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "settings.py"),
    Mistake(
        "update-unauthenticated",
        "Python library reference, tarfile: nothing of what came is verified before extractall",
        "update-agent",
        {"usr/sbin/update-agent": executable(HUB_UPDATER)},
    ),
    Mistake("update-without-fallback", "the running system is unpacked over", "update-agent"),
    Mistake("update-downgrade-possible", "no version is compared", "update-agent"),
    Mistake(
        "web-server-homegrown",
        "Python library reference, http.server: not recommended for production",
        "web.py",
        {
            "opt/hub/web.py": HUB_WEB,
            "etc/init.d/S65hub": script('[ "$1" = start ] && python3 /opt/hub/web.py &\n'),
        },
    ),
    Mistake("undeclared-listener", "Python library reference, HTTPServer's address", "8080"),
    Mistake("plaintext-protocol", "http.server speaks http only", "http"),
    *stranger("web.py"),
    Mistake(
        "service-unneeded",
        "the policy names no avahi-daemon",
        "avahi-daemon",
        {"etc/init.d/S85mdns": script('[ "$1" = start ] && /usr/sbin/avahi-daemon -D\n')},
    ),
    Mistake("undeclared-listener", "avahi-daemon(8), RFC 6762: UDP port 5353", "5353"),
    Mistake("mac-profile-missing", "follows from the start of avahi-daemon: no profile is for it", "avahi-daemon"),
    Mistake("support-period-missing", "DEVICE.md, [support] is missing", ""),
    Mistake("expiry-undefined", "DEVICE.md, support.after is missing", ""),
)

ENDED = SUPPORT.replace("2028-03-31", "2025-12-31").replace("years_from_activation = 1\n", "")

SYSTEMS: tuple[Truth, ...] = (
    Truth("vendor-router", "vendor", "script", ROUTER, ROUTER_MISTAKES, ROUTER_POLICY, low=LOW_UPDATER),
    Truth("vendor-gateway", "vendor", "busybox", GATEWAY, GATEWAY_MISTAKES, GATEWAY_POLICY, low=LOW_UPDATER),
    Truth(
        "vendor-lte-router",
        "vendor",
        "busybox",
        LTE,
        LTE_MISTAKES,
        policy("travel-router", SUPPORT, *LTE_REST),
        policy("travel-router", ENDED, *LTE_REST),
        LOW_UPDATER,
    ),
    Truth(
        "vendor-hub",
        "vendor",
        "busybox",
        HUB,
        HUB_MISTAKES,
        policy("hub", SUPPORT, *HUB_REST),
        policy("hub", *HUB_REST),
        LOW_UPDATER,
        Excerpt(),
    ),
)
