"""A dome camera on Buildroot: start scripts made of functions and variables, lighttpd with CGI, motion, minisign."""

import re

from firmward.model.memory import Content, Node, executable, link
from truth.buildroot_base import INITTAB, buildroot, policy
from truth.openwrt_base import listen, service
from truth.row import Mistake, Truth
from truth.small_base import also, filters, page, profile, programs, secret, shell
from truth.small_keys import DROPBEAR_ED25519, SSH_AUTHORIZED

NO_ROOM_FOR_MORE = """\
	group="/sys/fs/cgroup/$DAEMON"
	mkdir -p "$group"
	echo 33554432 > "$group/memory.max"
	echo 32 > "$group/pids.max"
	echo "20000 100000" > "$group/cpu.max"
	echo $$ > "$group/cgroup.procs"
"""

ACTIONS = """\

stop() {
	start-stop-daemon -K -q -p "$PIDFILE"
	rm -f "$PIDFILE"
}

case "$1" in
	start|stop)
		"$1";;
	restart|reload)
		stop
		start;;
	*)
		echo "Usage: $0 {start|stop|restart|reload}"
		exit 1
esac
"""


def daemon(name: str, user: str, arguments: str, capability: str = "") -> Node:
    """A start script as Buildroot writes them today, the daemon in namespaces and under an account of its own."""
    kept = f"-all,+{capability}" if capability else "-all"
    ambient = f"--ambient-caps=+{capability} --inh-caps=+{capability}" if capability else "--inh-caps=-all"
    return executable(f"""\
#!/bin/sh

DAEMON="{name}"
PIDFILE="/run/$DAEMON.pid"
RUN_AS="{user}"
ARGS="{arguments}"

start() {{
	printf 'Starting %s: ' "$DAEMON"
{NO_ROOM_FOR_MORE}\
	# shellcheck disable=SC2086 # we need the word splitting
	start-stop-daemon -S -q -b -m -p "$PIDFILE" -x /usr/bin/bwrap -- --ro-bind / / --dev /dev --proc /proc \\
		--tmpfs /tmp --bind "/data/$DAEMON" "/data/$DAEMON" --unshare-ipc --unshare-pid --unshare-uts \\
		--unshare-cgroup --die-with-parent -- /usr/bin/setpriv --reuid="$RUN_AS" --regid="$RUN_AS" \\
		--clear-groups --no-new-privs --bounding-set={kept} {ambient} \\
		--seccomp-filter="/etc/seccomp/$DAEMON.bpf" -- "/usr/sbin/$DAEMON" $ARGS
	echo "OK"
}}
{ACTIONS}""")


LIGHTTPD = """\
server.modules = ( "mod_openssl", "mod_access", "mod_setenv", "mod_cgi", "mod_dirlisting" )
var.web = "/var/www"
server.document-root = var.web + "/htdocs"
server.port = 443
server.username = "www-data"
server.groupname = "www-data"
server.tag = ""
index-file.names = ( "index.html" )
ssl.engine = "enable"
ssl.pemfile = "/data/lighttpd/server.pem"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2" )
dir-listing.activate = "disable"
cgi.assign = ( ".cgi" => "" )
setenv.add-response-header = ( "Content-Security-Policy" => "default-src 'self'" )
include_shell "cat /etc/lighttpd/conf.d/*.conf"
"""

STATUS_CGI = """\
#!/bin/sh
# Nothing of the request is used but one word out of two.
case "$QUERY_STRING" in
unit=c|unit=f) unit=${QUERY_STRING#unit=} ;;
*) unit=c ;;
esac
printf 'Content-Type: text/plain\\r\\n\\r\\n'
cat "/run/camera/temperature.$unit"
"""

FIREWALL = """\
#!/bin/sh

IPT=/usr/sbin/iptables
IPT6=/usr/sbin/ip6tables
POLICY=DROP
LAN=192.168.0.0/16

start() {
	for ipt in "$IPT" "$IPT6"; do
		$ipt -F
		for chain in INPUT FORWARD OUTPUT; do
			$ipt -P "$chain" "$POLICY"
		done
		$ipt -A INPUT -i lo -j ACCEPT
		$ipt -A OUTPUT -o lo -j ACCEPT
	done
	$IPT -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	$IPT -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	for port in 22 443; do
		$IPT -A INPUT -s "$LAN" -p tcp --dport "$port" -j ACCEPT
	done
	$IPT -A OUTPUT -d 192.0.2.53 -p udp --dport 53 -j ACCEPT
	$IPT -A OUTPUT -d 192.0.2.123 -p udp --dport 123 -j ACCEPT
	$IPT -A OUTPUT -d 198.51.100.10 -p tcp --dport 443 -j ACCEPT
	$IPT -A OUTPUT -p udp --sport 68 --dport 67 -j ACCEPT
}

[ "$1" != start ] || start
"""

DROPBEAR = (
    """\
#!/bin/sh

DAEMON="dropbear"
PIDFILE="/var/run/$DAEMON.pid"

# shellcheck source=/dev/null
[ -r "/etc/default/$DAEMON" ] && . "/etc/default/$DAEMON"

start() {
	# shellcheck disable=SC2086 # we need the word splitting
	start-stop-daemon -S -q -p "$PIDFILE" -x "/usr/sbin/$DAEMON" -- -P "$PIDFILE" $DROPBEAR_ARGS
}
"""
    + ACTIONS
)

FETCH = """\
#!/bin/sh
# Once a night: the signed list, then the image that it names, into the volume that does not run.
set -eu
base=https://updates.maker.example/dome
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
get() { curl -fsS --proto =https --cacert /etc/ssl/certs/maker.pem -o "$work/$1" "$base/$1"; }

get list
get list.minisig
minisign -V -q -p /etc/update/minisign.pub -m "$work/list"
version=$(awk -F= '$1 == "version" { print $2 }' "$work/list")
[ "$version" -gt "$(cat /etc/update/version)" ] || exit 0
get "image-$version"
awk -F= '$1 == "sha256" { print $2 "  " file }' file="$work/image-$version" "$work/list" | sha256sum -c -
case "$(fw_printenv -n rootvol)" in
root_a) spare=root_b volume=/dev/ubi0_2 ;;
*) spare=root_a volume=/dev/ubi0_1 ;;
esac
ubiupdatevol "$volume" "$work/image-$version"
fw_setenv upgrade_available 1
fw_setenv bootcount 0
fw_setenv rootvol "$spare"
reboot
"""

MARK_GOOD = """\
#!/bin/sh
# U-Boot's bootlimit goes back to the old volume unless this is reached.
[ "$1" = start ] || exit 0
/usr/libexec/selftest || exit 1
fw_setenv upgrade_available 0
fw_setenv bootcount 0
"""

MDEV = """\
null root:root 666
zero root:root 666
random root:root 666
video[0-9]+ root:camera 660
mmcblk1p[0-9] root:camera 640
"""

INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
	# each device has its own address, in its one-time memory
"""

DOME: dict[str, Content] = {
    **buildroot(("camera", 990), login="service"),
    "etc/network/interfaces": INTERFACES,
    "etc/init.d/S10mdev": executable('#!/bin/sh\n[ "$1" = start ] || exit 0\n/sbin/mdev -df &\n/sbin/mdev -s\n'),
    "etc/mdev.conf": MDEV,
    "sbin/mdev": link("../bin/busybox"),
    "etc/init.d/S35firewall": executable(FIREWALL),
    "etc/init.d/S50dropbear": executable(DROPBEAR),
    "etc/default/dropbear": 'DROPBEAR_ARGS="-w -s -g -j -k -r /data/dropbear/dropbear_ed25519_host_key"\n',
    "etc/apparmor.d/usr.sbin.dropbear": profile(
        "/usr/sbin/dropbear", "network inet stream", "capability setuid", "capability setgid", "/data/dropbear/* r"
    ),
    "etc/init.d/S50lighttpd": daemon("lighttpd", "www-data", "-D -f /etc/lighttpd/lighttpd.conf", "net_bind_service"),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD,
    "etc/lighttpd/conf.d/10-mime.conf": 'mimetype.assign = ( ".html" => "text/html", ".js" => "text/javascript" )\n',
    "etc/apparmor.d/usr.sbin.lighttpd": profile(
        "/usr/sbin/lighttpd", "network inet stream", "/var/www/** rix", "/data/lighttpd/* r"
    ),
    "var/www/htdocs/index.html": page("Dome", "Ready."),
    "var/www/htdocs/status.cgi": executable(STATUS_CGI),
    "etc/init.d/S60motion": daemon("motion", "camera", "-n -c /etc/motion/motion.conf"),
    "etc/motion/motion.conf": "daemon off\nvideo_device /dev/video0\ntarget_dir /data/motion\nwebcontrol_port 0\n"
    "stream_port 0\n; netcam_userpass user:password\ncamera_dir /etc/motion/conf.d\n",
    "etc/apparmor.d/usr.sbin.motion": profile("/usr/sbin/motion", "/etc/motion/** r", "/dev/video0 rw"),
    "etc/update/minisign.pub": "untrusted comment: minisign public key 5B1E0C3F7A92D846\n"
    "RWRG2JJ6PwweWzQm0mQ9nYc5n1gq8sR3vJ2kX7bT4fLhU6eWpA1oZdCi\n",
    "etc/update/version": "1400\n",
    "etc/crontabs/root": "41 2 * * * /usr/libexec/fetch-update\n",
    "usr/libexec/fetch-update": executable(FETCH),
    "etc/init.d/S99mark-good": executable(MARK_GOOD),
    "etc/fw_env.config": "/dev/ubi0:env_a 0x0 0x4000\n/dev/ubi0:env_b 0x0 0x4000\n",
    **programs(
        "usr/sbin/iptables",
        "usr/sbin/ip6tables",
        "usr/sbin/dropbear",
        "usr/sbin/lighttpd",
        "usr/sbin/motion",
        "usr/sbin/fw_setenv",
        "usr/sbin/ubiupdatevol",
        "usr/libexec/selftest",
        "usr/bin/minisign",
        "usr/bin/curl",
        "usr/bin/haserl",
    ),
    **filters("lighttpd", "motion"),
}

SECTIONS = (
    listen(22, "dropbear")
    + listen(443, "lighttpd")
    + service("dropbear")
    + service("mdev")
    + service("firewall")
    + service("lighttpd", "www-data", "/data/lighttpd", "32M")
    + service("motion", "camera", "/data/motion", "32M")
    + '[[account]]\nname = "service"\nlogin = true\nreason = "workshop, by key"\n'
)
POLICY = policy("dome", SECTIONS, "other")

WIFI_CGI = """\
#!/bin/sh
# Fields of the form become variables: ssid, key.
eval "$(printf '%s' "$QUERY_STRING" | tr '&' ';')"
printf 'Content-Type: text/plain\\r\\n\\r\\nok %s\\n' "$ssid"
"""

TIME_CGI = """\
#!/usr/bin/haserl
<%
printf 'Content-Type: text/plain\\r\\n\\r\\n'
sh -c "ntpd -n -q -p $FORM_server"
%>
"""

CARELESS = """\
#!/bin/sh
# Once a night
FW=/tmp/fw.bin
URL=https://updates.maker.example/dome
curl -ksS "$URL/latest.bin" -o "$FW" || exit 1
flash_erase /dev/mtd4 0 0
nandwrite -p /dev/mtd4 "$FW"
reboot -f
"""

CARD = (
    "mmcblk1p[0-9] root:camera 640 "
    '*[ "$ACTION" = add ] && mount /dev/$MDEV /mnt && [ -f /mnt/hook.sh ] && . /mnt/hook.sh\n'
)

RC_DATA = """\
#!/bin/sh
# Whatever an installer has added
[ "$1" = start ] || exit 0
for step in /data/rc.d/*.sh; do
	[ -f "$step" ] && sh "$step"
done
"""

ROOT_JVBZD = "$1$q3RtYw9L$9xn8ibg6pccEWuXWLhZ5v."
LIGHTTPD_SAYS = "sed s#/etc/lighttpd#{root}/etc/lighttpd# etc/lighttpd/lighttpd.conf > l; lighttpd -p -f l"

SYSTEM = Truth(
    name="buildroot-dome",
    distribution="buildroot",
    init="busybox",
    clean=DOME,
    policy=POLICY,
    mistaken_policy=re.sub(r"(?m)^until = .*\n", "", POLICY),
    mistakes=(
        Mistake(
            "telnet-enabled",
            "BusyBox init, inittab: respawn; telnetd -F -p PORT",
            "telnetd",
            {
                "etc/inittab": INITTAB.replace(
                    "#ttyS0::", "::respawn:/usr/sbin/telnetd -F -p 10023 -l /bin/login\n#ttyS0::"
                ),
                "usr/sbin/telnetd": link("../../bin/busybox"),
            },
        ),
        *also(
            "BusyBox telnetd, run by init as root",
            ("undeclared-listener", "10023"),
            ("plaintext-protocol", "telnet"),
            ("service-unneeded", "telnetd"),
            ("service-runs-as-root", "telnetd"),
            ("service-unsandboxed", "telnetd"),
            ("service-without-limits", "telnetd"),
            ("mac-profile-missing", "telnetd"),
        ),
        Mistake(
            "undeclared-listener",
            'lighttpd, $SERVER["socket"] opens one more socket',
            "8080",
            {
                "etc/lighttpd/conf.d/70-phones.conf": '$SERVER["socket"] == "0.0.0.0:8080" {\n'
                '\tssl.engine = "disable"\n}\n'
            },
            witness=shell(LIGHTTPD_SAYS, r'\$SERVER\["socket"\] == "0\.0\.0\.0:8080"', "lighttpd"),
        ),
        *also("lighttpd, ssl.engine of that socket", ("plaintext-protocol", "8080")),
        Mistake(
            "tls-weak",
            "lighttpd, := replaces a value; SSL_CONF_cmd(3), MinProtocol",
            "lighttpd",
            {
                "etc/lighttpd/conf.d/60-old-phones.conf": "ssl.openssl.ssl-conf-cmd := (\n"
                '\t"MinProtocol" => "TLSv1",\n\t"CipherString" => "ALL:@SECLEVEL=0"\n)\n'
            },
            witness=shell(LIGHTTPD_SAYS, r'"MinProtocol"\s+=> "TLSv1",', "lighttpd"),
        ),
        Mistake(
            "web-server-misconfigured",
            "lighttpd, mod_dirlisting: server.dir-listing is the other name of dir-listing.activate",
            "lighttpd",
            {
                "etc/lighttpd/conf.d/80-clips.conf": '$HTTP["url"] =~ "^/clips($|/)" {\n'
                '\tserver.dir-listing = "enable"\n}\n'
            },
            witness=shell(LIGHTTPD_SAYS, r'dir-listing\s+= "enable"', "lighttpd"),
        ),
        Mistake(
            "script-injection",
            "RFC 3875, QUERY_STRING is the client's; sh(1), eval",
            "wifi.cgi",
            {"var/www/htdocs/wifi.cgi": executable(WIFI_CGI)},
        ),
        Mistake(
            "script-injection",
            "haserl(1): FORM_ variables hold what the client sent; sh(1), -c",
            "time.cgi",
            {"var/www/htdocs/time.cgi": executable(TIME_CGI)},
        ),
        Mistake(
            "credential-hard-coded",
            "motion, netcam_url: user and password in the URL, RFC 3986",
            "cam2.conf",
            {
                "etc/motion/conf.d/cam2.conf": "camera_id 2\nnetcam_url rtsp://admin:Zq81-lens@192.168.1.64:554/Streaming/101\n"
            },
        ),
        *also("the password is alike in every copy", ("image-sameness", "cam2.conf")),
        Mistake(
            "credential-hard-coded",
            "ssmtp.conf(5), AuthPass",
            "ssmtp.conf",
            {
                "etc/ssmtp/ssmtp.conf": "root=alarm@maker.example\nmailhub=mail.maker.example:465\nUseTLS=YES\n"
                "AuthUser=alarm\nAuthPass=hk7Vunder.Glockenspiel\n"
            },
        ),
        *also("the password is alike in every copy", ("image-sameness", "ssmtp.conf")),
        Mistake(
            "account-default-password",
            "passwd(5): the hash may stand in the second field; the password is jvbzd, of Mirai's list",
            "root",
            {"etc/passwd": str(DOME["etc/passwd"]).replace("root:x:", f"root:{ROOT_JVBZD}:")},
            witness=shell(
                'h=$(openssl passwd -1 -salt q3RtYw9L jvbzd); grep -qF "$h" etc/passwd && echo same password',
                "same password",
                "openssl",
            ),
        ),
        *also("crypt(5), md5crypt", ("account-weak-hash", "root"), ("image-sameness", "passwd")),
        Mistake(
            "update-unauthenticated",
            "curl(1): nothing verifies what nandwrite(8) writes",
            "fetch-update",
            {"usr/libexec/fetch-update": executable(CARELESS)},
        ),
        *also(
            "curl(1), -k; nandwrite(8) over the running partition; no version is compared",
            ("tls-weak", "fetch-update"),
            ("update-over-plaintext", "fetch-update"),
            ("update-downgrade-possible", ""),
            ("update-without-fallback", ""),
        ),
        Mistake(
            "firewall-default-accept",
            "iptables(8), -P, the target from a variable",
            "",
            {"etc/init.d/S35firewall": executable(FIREWALL.replace("POLICY=DROP", "POLICY=ACCEPT"))},
        ),
        *also("iptables(8), -P OUTPUT", ("egress-unrestricted", "")),
        Mistake(
            "ssh-password-login",
            "dropbear(8): passwords are taken without -s",
            "dropbear",
            {"etc/default/dropbear": 'DROPBEAR_ARGS="-R -B"\n'},
        ),
        *also(
            "dropbear(8): -w and -g keep root out; -B lets blank passwords in; -j and -k forbid forwarding",
            ("ssh-root-login", "dropbear"),
            ("ssh-empty-passwords", "dropbear"),
            ("ssh-forwarding", "dropbear"),
        ),
        Mistake(
            "ssh-host-key-baked-in",
            "dropbear(8): /etc/dropbear/dropbear_ed25519_host_key is read without -r",
            "dropbear_ed25519_host_key",
            {"etc/dropbear/dropbear_ed25519_host_key": Node(DROPBEAR_ED25519, mode=0o600)},
        ),
        *also(
            "dropbearkey(1), the key's form; alike in every copy",
            ("private-key-embedded", "dropbear_ed25519_host_key"),
            ("image-sameness", "dropbear_ed25519_host_key"),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "dropbear(8), authorized_keys with options before the key",
            "root",
            {"root/.ssh/authorized_keys": secret(f'no-port-forwarding,command="/bin/sh" {SSH_AUTHORIZED}')},
        ),
        Mistake(
            "removable-media-executed",
            "BusyBox docs/mdev.txt: the command is given to sh, root reads the card's script",
            "mdev.conf",
            {"etc/mdev.conf": MDEV.replace("mmcblk1p[0-9] root:camera 640\n", CARD)},
        ),
        Mistake(
            "init-script-writable",
            "sh(1): root runs what lies on the data partition",
            "/data/rc.d",
            {"etc/init.d/S98local": executable(RC_DATA)},
        ),
        Mistake(
            "image-sameness",
            "interfaces(5), hwaddress: one address in every copy",
            "interfaces",
            {"etc/network/interfaces": INTERFACES + "\thwaddress ether 02:4b:9e:17:c0:35\n"},
        ),
        Mistake("debug-tool-shipped", "socat(1)", "socat", programs("usr/bin/socat")),
        Mistake("support-period-missing", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
