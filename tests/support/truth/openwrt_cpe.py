"""A broadband router from a chip vendor's SDK on an old OpenWrt: scripts without procd, haserl and LuCI pages, fw3.

Written without sight of the checks.
"""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.openwrt_base import FIREWALL, NETWORK, UPDATER, allow, init, listen, openwrt, policy, service
from truth.row import Mistake, Truth
from truth.second_keys import CLIENT_P12, GATEWAY_KEY_DER, MKO_SHA256
from truth.small_base import PROGRAM, also, page, profile, programs, secret, shadow, shell
from truth.small_keys import EXPIRED_CERTIFICATE

SERVICE = "openwrt.org, old init scripts: service_start is start-stop-daemon, as root"

# start() of old scripts, with the jail that ujail makes from its own command line.
JAIL = (
    "ujail -n {name} -U {name} -G {name} -c -o -l -p -C /etc/capabilities/{name}.json "
    "-S /etc/seccomp/{name}.json -r /etc/ssl -r /etc/{name} -w /data/{name} --"
)


def started(name: str, order: int, command: str) -> Content:
    jail = JAIL.format(name=name)
    return init(f"""
START={order}
SERVICE_DAEMONIZE=1
SERVICE_WRITE_PID=1

start() {{
	ulimit -v 32768 -u 16 -n 128
	service_start /sbin/{jail} {command}
}}

stop() {{
	service_stop /sbin/ujail
}}
""")


def plain(order: int, command: str) -> Content:
    return init(f"\nSTART={order}\nSERVICE_DAEMONIZE=1\n\nstart() {{\n\tservice_start {command}\n}}\n")


def limits(name: str, *capabilities: str) -> dict[str, Content]:
    listed = ", ".join(f'"{one}"' for one in capabilities)
    kinds = ("bounding", "effective", "ambient", "permitted", "inheritable")
    sets = ",\n".join(f'  "{kind}": [ {listed} ]' for kind in kinds)
    calls = '"read", "write", "open", "close", "mmap2", "brk", "exit_group", "socketcall", "poll", "rt_sigreturn"'
    return {
        f"etc/capabilities/{name}.json": f"{{\n{sets}\n}}\n",
        f"etc/seccomp/{name}.json": f'{{ "whitelist": [ {calls} ], "policy": 1 }}\n',
    }


SSH = """
START=19
SERVICE_DAEMONIZE=0
KEY=/data/dropbear/dropbear_rsa_host_key
ARGS="-s -g -w -j -k"

start() {
	[ -s $KEY ] || dropbearkey -t rsa -s 3072 -f $KEY
	service_start /usr/sbin/dropbear $ARGS -r $KEY -p 192.168.7.1:22 -P /var/run/dropbear.pid
}
"""

FACTORY = """
START=96

start() {
	# on until the line has set its flag
	[ "$(fw_printenv -n factory_done 2>/dev/null)" = 1 ] && return
	/usr/sbin/utelnetd -p 8023 -l /bin/ash -d
}
"""

MINI_HTTPD = """\
port=8080
dir=/www
cgipat=cgi-bin/*|**.sh
user=root
nochroot
charset=utf-8
pidfile=/var/run/mini_httpd.pid
"""

STATUS_PAGE = """\
#!/usr/bin/haserl
Content-Type: text/html

<html><head><title>Status</title></head><body>
<% case "$GET_view" in wan|lan) view=$GET_view ;; *) view=wan ;; esac %>
<pre><% ubus call "network.interface.$view" status | sed 's/&/\\&amp;/g; s/</\\&lt;/g' %></pre>
</body></html>
"""

TRACE_PAGE = """\
#!/usr/bin/haserl
Content-Type: text/html

<html><head><title>Trace</title></head><body><pre>
<% sh -c "traceroute -m 12 $FORM_host" 2>&1 %>
</pre></body></html>
"""

DIAGNOSIS = """\
module("luci.controller.diag", package.seeall)

function index()
	entry({"admin", "diag"}, call("action_ping"), _("Diagnosis"), 60).leaf = true
end

function action_ping()
	local http = require "luci.http"
	local host = http.formvalue("host") or ""
	if not host:match("^%w[%w%.%-]*$") then
		http.status(400, "Bad host")
		return
	end
	http.prepare_content("text/plain")
	http.write(luci.util.exec("ping -c 3 -W 1 '" .. host .. "' 2>&1"))
end
"""

DIAGNOSIS_OPEN = """\
module("luci.controller.diag", package.seeall)

function index()
	entry({"admin", "diag"}, call("action_ping"), _("Diagnosis"), 60).leaf = true
end

function action_ping()
	local http = require "luci.http"
	local util = require "luci.util"
	local host = http.formvalue("host") or "localhost"
	local count = http.formvalue("count") or "3"
	local cmd = string.format("ping -c %s -W 1 %s 2>&1", count, host)
	http.prepare_content("text/plain")
	for line in util.execi(cmd) do
		http.write(line .. "\\n")
	end
end
"""

EASYCWMP = """\
config local
	option enable '1'
	option interface 'eth1'
	option port '7547'
	option ubus_socket '/var/run/ubus.sock'
	option username 'cpe'
	option password 'cpe-Conn3ct-88'
	option authentication 'Digest'

config acs
	option url 'http://acs.maker.example:9675/openacs/acs'
	option username 'operator-cpe'
	option password 'mZ4kettle-Bracken'
	option periodic_enable '1'
	option periodic_interval '300'
"""

FIREWALL_USER = """\
# Called by fw3 at the end of each start.
iptables -P INPUT ACCEPT
iptables -F INPUT
iptables -F zone_wan_input
"""

INCLUDE = """
config include 'user'
	option type 'script'
	option path '/etc/firewall.user'
	option reload '1'
"""

AUTO_UPGRADE = """\
#!/bin/sh
URL=http://updates.maker.example/cpe/latest-squashfs-sysupgrade.bin
wget -q -O /tmp/firmware.bin "$URL" || exit 1
sysupgrade -n -F /tmp/firmware.bin
"""

DEFAULTS = """\
<?xml version="1.0"?>
<defaults>
  <lan ip="192.168.7.1" mask="255.255.255.0"/>
  <wlan ssid="" key=""/>
  <user name="owner" password=""/>
</defaults>
"""

DEFAULTS_PLANTED = DEFAULTS.replace('ssid="" key=""', 'ssid="CPE-Setup" key="plover-Quay-1907"').replace(
    'name="owner" password=""', 'name="isp" password="Wx!rookery52"'
)

CLEAN: dict[str, Content] = {
    **openwrt(
        "Broadband router",
        (("httpd", 480), ("iptvd", 481), ("dnsmasq", 453)),
        {"dropbear": 19, "dnsmasq": 60, "httpd": 70, "iptvd": 75},
        login="owner",
    ),
    "etc/os-release": 'NAME="VendorOS"\nID="vendoros"\nID_LIKE="lede openwrt"\nVERSION="15.05.1"\n'
    'PRETTY_NAME="VendorOS SDK 11.4 (Chaos Calmer 15.05.1)"\nVERSION_ID="15.05.1"\n',
    "etc/openwrt_release": 'DISTRIB_ID="OpenWrt"\nDISTRIB_RELEASE="Chaos Calmer"\nDISTRIB_REVISION="r49389"\n'
    'DISTRIB_TARGET="ipq806x/generic"\nDISTRIB_TAINTS="no-all override"\n',
    "etc/config/network": NETWORK,
    "etc/config/firewall": FIREWALL
    + allow("SSH", 22)
    + allow("DNS", 53, protocol="tcp udp")
    + allow("DHCP", 67, protocol="udp")
    + allow("HTTPS", 443)
    + "\nconfig forwarding\n\toption src 'lan'\n\toption dest 'wan'\n"
    + INCLUDE,
    "etc/firewall.user": "# Nothing is changed here.\n# iptables -P INPUT ACCEPT is for the bench alone\n",
    "etc/init.d/firewall": init("\nSTART=19\n\nstart() {\n\tfw3 -q start\n}\n\nreload() {\n\tfw3 reload\n}\n"),
    "etc/init.d/dropbear": init(SSH),
    "etc/apparmor.d/usr.sbin.dropbear": profile(
        "/usr/sbin/dropbear", "network inet stream", "capability setuid", "capability setgid", "/data/dropbear/* r"
    ),
    "usr/sbin/dropbear": PROGRAM,
    "usr/bin/dropbearkey": link("../sbin/dropbear"),
    "etc/init.d/dnsmasq": started("dnsmasq", 60, "/usr/sbin/dnsmasq -k -C /etc/dnsmasq.conf --conf-dir=/etc/dnsmasq.d"),
    "etc/dnsmasq.d": Node(mode=0o755, kind=Kind.DIRECTORY),
    **limits("dnsmasq", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN"),
    "etc/dnsmasq.conf": "user=dnsmasq\ngroup=dnsmasq\ninterface=br-lan\nbind-interfaces\nno-resolv\nserver=192.0.2.53\n"
    "dhcp-range=192.168.7.100,192.168.7.200,12h\ndhcp-leasefile=/data/dnsmasq/leases\n",
    "etc/apparmor.d/usr.sbin.dnsmasq": profile("/usr/sbin/dnsmasq", "network inet dgram", "/etc/dnsmasq.conf r"),
    "usr/sbin/dnsmasq": PROGRAM,
    "etc/init.d/httpd": started(
        "httpd",
        70,
        "/usr/sbin/uhttpd -f -h /www -x /cgi-bin -D -S -s 192.168.7.1:443 "
        "-C /data/httpd/cert.pem -K /data/httpd/key.pem",
    ),
    **limits("httpd", "CAP_NET_BIND_SERVICE"),
    "etc/apparmor.d/usr.sbin.uhttpd": profile(
        "/usr/sbin/uhttpd", "network inet stream", "/www/** r", "/data/httpd/* r"
    ),
    "usr/sbin/uhttpd": PROGRAM,
    "www/index.html": page("Router", "Ready."),
    "www/cgi-bin/status": executable(STATUS_PAGE),
    "usr/lib/lua/luci/controller/diag.lua": DIAGNOSIS,
    "www/cgi-bin/luci": executable('#!/usr/bin/lua\nrequire "luci.sgi.cgi"\nluci.sgi.cgi.run()\n'),
    "usr/bin/haserl": PROGRAM,
    "usr/bin/lua": PROGRAM,
    "etc/init.d/iptvd": started("iptvd", 75, "/usr/sbin/iptvd --config /etc/iptvd/iptvd.conf"),
    **limits("iptvd"),
    "etc/iptvd/iptvd.conf": "upstream = eth1\ndownstream = br-lan\n",
    "etc/apparmor.d/usr.sbin.iptvd": profile("/usr/sbin/iptvd", "network inet dgram", "/etc/iptvd/* r"),
    "usr/sbin/iptvd": PROGRAM,
    "usr/etc/default.xml": DEFAULTS,
    "sbin/fw3": PROGRAM,
    "usr/sbin/iptables": link("xtables-multi"),
    "usr/sbin/xtables-multi": PROGRAM,
    # Of the SDK; nobody starts it.
    "etc/init.d/upnpd": plain(95, "/usr/sbin/upnpd eth1 br-lan"),
    "usr/sbin/upnpd": PROGRAM,
    "etc/upnpd.conf": "insert_forward_rules = yes\nforward_chain_name = FORWARD\nupstream_bitrate = 512000\n",
}

SECTIONS = (
    listen(22, "dropbear")
    + listen(53, "dnsmasq", protocol="udp")
    + listen(53, "dnsmasq")
    + listen(67, "dnsmasq", protocol="udp")
    + listen(443, "uhttpd")
    + service("dropbear")
    + service("dnsmasq", "dnsmasq", "/data/dnsmasq")
    + service("httpd", "httpd", "/data/httpd")
    + service("iptvd", "iptvd", "/data/iptvd")
    + '[[account]]\nname = "owner"\nlogin = true\nreason = "the owner, by key"\n'
)

SYSTEM = Truth(
    name="openwrt-cpe",
    distribution="openwrt",
    init="procd",
    clean=CLEAN,
    policy=policy("cpe", SECTIONS),
    mistaken_policy=policy("cpe", SECTIONS).replace("until = 2027-03-31\n", ""),
    mistakes=(
        Mistake(
            "ssh-password-login",
            "dropbear(8), -s is not given",
            "dropbear",
            {"etc/init.d/dropbear": init(SSH.replace('ARGS="-s -g -w -j -k"', 'ARGS="-B"'))},
        ),
        *also(
            "dropbear(8), -B, -w, -j and -k",
            ("ssh-empty-passwords", "dropbear"),
            ("ssh-root-login", "dropbear"),
            ("ssh-forwarding", "dropbear"),
        ),
        Mistake(
            "account-empty-password",
            "shadow(5): OpenWrt's own first line, root without a password",
            "root",
            {
                "etc/shadow": secret(
                    shadow("logd", "ntp", "httpd", "iptvd", "dnsmasq", root="")
                    + f"owner:{MKO_SHA256}:19800:0:99999:7:::\n"
                )
            },
            witness=shell('awk -F: \'$2 == "" {print $1, "has none"}\' etc/shadow', "^root has none", "mawk"),
        ),
        *also(
            "crypt(5), sha256crypt; the password is 7ujMko0admin, of Mirai's list",
            ("account-default-password", "owner"),
            ("image-sameness", "shadow"),
        ),
        Mistake(
            "telnet-enabled",
            "utelnetd, -p port, -l shell, -d as a daemon",
            "",
            {
                "etc/init.d/factory": init(FACTORY),
                "etc/rc.d/S96factory": link("../init.d/factory"),
                "usr/sbin/utelnetd": PROGRAM,
            },
        ),
        *also(
            f"utelnetd: a shell without a password on port 8023; {SERVICE}",
            ("backdoor-listener", "factory"),
            ("undeclared-listener", "8023"),
            ("plaintext-protocol", "telnet"),
            ("service-unneeded", "factory"),
            ("service-runs-as-root", "factory"),
            ("service-unsandboxed", "factory"),
            ("mac-profile-missing", "utelnetd"),
        ),
        Mistake(
            "web-server-misconfigured",
            "mini_httpd(8): user= is whom it becomes, cgipat= what is run",
            "mini_httpd",
            {
                "etc/mini_httpd.conf": MINI_HTTPD,
                "etc/init.d/mini_httpd": plain(50, "/usr/sbin/mini_httpd -C /etc/mini_httpd.conf -D"),
                "etc/rc.d/S50mini_httpd": link("../init.d/mini_httpd"),
                "usr/sbin/mini_httpd": PROGRAM,
            },
        ),
        *also(
            f"mini_httpd(8), port=, no ssl; {SERVICE}",
            ("undeclared-listener", "8080"),
            ("plaintext-protocol", "8080"),
            ("service-unneeded", "mini_httpd"),
            ("service-runs-as-root", "mini_httpd"),
            ("service-unsandboxed", "mini_httpd"),
            ("mac-profile-missing", "mini_httpd"),
        ),
        Mistake(
            "script-injection",
            "haserl(1): FORM_ variables are the client's; sh(1), -c",
            "trace",
            {"www/cgi-bin/trace.sh": executable(TRACE_PAGE)},
        ),
        Mistake(
            "script-injection",
            "LuCI, luci.http.formvalue and luci.util.execi, which is io.popen",
            "diag.lua",
            {"usr/lib/lua/luci/controller/diag.lua": DIAGNOSIS_OPEN},
            witness=shell(
                "luac -p usr/lib/lua/luci/controller/diag.lua; grep -c execi usr/lib/lua/luci/controller/*.lua",
                "^1$",
                "lua5.1",
            ),
        ),
        Mistake(
            "credential-hard-coded",
            "EasyCwmp, /etc/config/easycwmp: acs, password",
            "easycwmp",
            {
                "etc/config/easycwmp": EASYCWMP,
                "etc/init.d/easycwmpd": plain(99, "/usr/sbin/easycwmpd --foreground --boot"),
                "etc/rc.d/S99easycwmpd": link("../init.d/easycwmpd"),
                "usr/sbin/easycwmpd": PROGRAM,
            },
        ),
        *also(
            f"EasyCwmp: local, port; acs, url; {SERVICE}",
            ("image-sameness", "easycwmp"),
            ("undeclared-listener", "7547"),
            ("plaintext-protocol", "cwmp"),
            ("service-unneeded", "easycwmp"),
            ("service-runs-as-root", "easycwmp"),
            ("service-unsandboxed", "easycwmp"),
            ("mac-profile-missing", "easycwmp"),
        ),
        Mistake(
            "upnp-exposed",
            "upnpd(8) of the Linux UPnP gateway: any host of the LAN maps any port",
            "upnpd",
            {"etc/rc.d/S95upnpd": link("../init.d/upnpd")},
        ),
        *also(
            f"UPnP Device Architecture, SSDP 1900/udp; {SERVICE}",
            ("undeclared-listener", "1900"),
            ("service-unneeded", "upnpd"),
            ("service-runs-as-root", "upnpd"),
            ("service-unsandboxed", "upnpd"),
            ("mac-profile-missing", "upnpd"),
        ),
        Mistake(
            "firewall-default-accept",
            "openwrt.org, firewall includes: the script runs after the rules; iptables(8), -P",
            "firewall.user",
            {"etc/firewall.user": FIREWALL_USER},
        ),
        Mistake(
            "update-unauthenticated",
            "openwrt.org, sysupgrade: -F flashes even if the image's check fails",
            "auto-upgrade",
            {
                "usr/sbin/auto-upgrade": executable(AUTO_UPGRADE),
                "etc/crontabs/root": "0 4 * * 0 /usr/sbin/auto-upgrade\n",
                "usr/sbin/device-update": executable(UPDATER.replace("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1)),
            },
        ),
        *also("wget(1): http", ("update-over-plaintext", "auto-upgrade")),
        *also(
            "openwrt.org, sysupgrade: one image, no version is compared",
            ("update-downgrade-possible", "auto-upgrade"),
            ("update-without-fallback", "auto-upgrade"),
        ),
        Mistake(
            "credential-hard-coded",
            "XML 1.0, attributes; one password for every router",
            "default.xml",
            {"usr/etc/default.xml": DEFAULTS_PLANTED},
        ),
        *also("alike in every copy", ("image-sameness", "default.xml")),
        Mistake(
            "private-key-embedded",
            "RFC 7292, PKCS#12; its password is empty",
            "client.p12",
            {"etc/vpn/client.p12": CLIENT_P12},
            witness=shell(
                "openssl pkcs12 -in etc/vpn/client.p12 -passin pass: -nodes -nocerts", "BEGIN PRIVATE KEY", "openssl"
            ),
        ),
        *also("one key for every router", ("image-sameness", "client.p12")),
        Mistake(
            "private-key-embedded",
            "RFC 8017, RSAPrivateKey in DER",
            "gateway.key",
            {"etc/ssl/private/gateway.key": Node(GATEWAY_KEY_DER, mode=0o600)},
            witness=shell(
                "openssl rsa -inform DER -in etc/ssl/private/gateway.key -check -noout", "RSA key ok", "openssl"
            ),
        ),
        *also("one key for every router", ("image-sameness", "gateway.key")),
        Mistake(
            "certificate-weak",
            "openssl-x509(1), -enddate",
            "acs.pem",
            {"etc/ssl/certs/acs.pem": EXPIRED_CERTIFICATE},
        ),
        Mistake(
            "init-script-writable",
            "symlink(7): what rc.d starts lies on the data partition",
            "voip",
            {"etc/rc.d/S65voip": link("/data/voip/init.d/voip")},
        ),
        *also("DEVICE.md: what is not declared is not allowed", ("service-unneeded", "voip")),
        *also("symlink(7): what root runs at boot lies outside the verified part", ("privileged-hooks", "voip")),
        Mistake(
            "mac-permissive",
            "apparmor.d(5), flags=(complain)",
            "iptvd",
            {
                "etc/apparmor.d/usr.sbin.iptvd": "profile iptvd /usr/sbin/iptvd "
                "flags=(attach_disconnected, complain) {\n"
                "  network inet dgram,\n  /etc/iptvd/* r,\n  /usr/sbin/iptvd mr,\n}\n"
            },
        ),
        Mistake(
            "sysctl",
            "sysctl.conf(5), read after sysctl.d",
            "randomize_va_space",
            {"etc/sysctl.conf": "kernel.randomize_va_space=1\nnet.ipv4.conf.default.rp_filter=0\n"},
        ),
        Mistake("debug-tool-shipped", "strace(1)", "strace", programs("usr/bin/strace", "usr/bin/iperf")),
        Mistake("support-period-missing", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
