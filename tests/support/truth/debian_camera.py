"""A camera on a read-only Debian: lighttpd with PHP, iptables, SWUpdate with two copies."""

from firmward.model.memory import Content, executable, link
from truth import planted_keys as keys
from truth.debian_base import CRYPTTAB, DATA, READ_ONLY, UPDATES, debian, declared
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    folder,
    profile,
    sandboxed,
    service,
    shadow_with,
)
from truth.row import Mistake, Truth, Witness
from truth.swupdate_base import SWUPDATE, SWUPDATE_START, SWUPDATE_UNIT


def rules(version: int, incoming: str = "DROP", outgoing: str = "DROP") -> str:
    ping = "icmp --icmp-type echo-request" if version == 4 else "ipv6-icmp --icmpv6-type echo-request"
    lines = [
        "# Loaded by netfilter-persistent",
        "*filter",
        f":INPUT {incoming} [0:0]",
        ":FORWARD DROP [0:0]",
        f":OUTPUT {outgoing} [0:0]",
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A INPUT -p {ping} -m limit --limit 5/sec -j ACCEPT",
    ]
    if version == 4:
        lines.append("-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT")
    else:
        lines += [f"-A INPUT -p ipv6-icmp --icmpv6-type {kind} -j ACCEPT" for kind in (135, 136)]
    lines += ["-A OUTPUT -o lo -j ACCEPT", "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
    if version == 4:
        lines += [
            "-A OUTPUT -d 192.0.2.1/32 -p udp -m udp --dport 53 -j ACCEPT",
            "-A OUTPUT -d 192.0.2.1/32 -p udp -m udp --dport 123 -j ACCEPT",
            "-A OUTPUT -d 198.51.100.10/32 -p tcp -m tcp --dport 443 -m limit --limit 20/sec -j ACCEPT",
            "-A OUTPUT -d 198.51.100.20/32 -p tcp -m tcp --dport 8883 -m limit --limit 20/sec -j ACCEPT",
        ]
    else:
        lines += [f"-A OUTPUT -p ipv6-icmp --icmpv6-type {kind} -j ACCEPT" for kind in (135, 136)]
    return "".join(f"{line}\n" for line in (*lines, "COMMIT"))


LIGHTTPD = """\
server.modules = ( "mod_access", "mod_setenv", "mod_openssl" )
server.document-root = "/var/www/html"
server.port = 443
server.pid-file = "/run/lighttpd/lighttpd.pid"
server.tag = ""
index-file.names = ( "index.html" )
url.access-deny = ( "~", ".inc" )
static-file.exclude-extensions = ( ".php" )
dir-listing.activate = "disable"
# dir-listing.activate = "enable"
ssl.engine = "enable"
ssl.pemfile = "/data/tls/device.pem"
ssl.privkey = "/data/tls/device.key"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "CipherString" => "EECDH+AESGCM:EECDH+CHACHA20")
setenv.add-response-header = (
    "Strict-Transport-Security" => "max-age=31536000",
    "Content-Security-Policy" => "default-src 'self'",
    "X-Content-Type-Options" => "nosniff"
)
include "conf-enabled/*.conf"
"""

PHP = """\
server.modules += ( "mod_fastcgi" )
fastcgi.server = ( ".php" => ((
    "bin-path" => "/usr/bin/php-cgi",
    "socket" => "/run/lighttpd/php.socket",
    "max-procs" => 1
)) )
"""

STATUS = """\
server.modules += ( "mod_status" )
status.status-url = "/server-status"
"""

REACH = """\
<?php
$host = filter_input(INPUT_GET, 'host', FILTER_VALIDATE_IP);
if ($host === false || $host === null) {
    http_response_code(400);
    exit;
}
header('Content-Type: text/plain');
passthru('/usr/bin/ping -c 1 ' . escapeshellarg($host));
"""

REACH_INJECTED = """\
<?php
$host = $_GET['host'];
header('Content-Type: text/plain');
passthru("/usr/bin/ping -c 1 $host");
"""

CONFIG = """\
<?php
// The password comes from the device's own store, see the manual
$store = parse_ini_file('/data/camera/mail.ini');
define('MAIL_HOST', 'data.maker.example');
define('MAIL_PASSWORD', $store['password']);
"""

base = {path: content for path, content in debian("camera").items() if "nft" not in path}

CLEAN: dict[str, Content] = {
    **base,
    **accounts(services=(("www-data", 33), ("camera", 950))),
    "etc/fstab": READ_ONLY,
    "etc/crypttab": CRYPTTAB,
    "etc/iptables/rules.v4": rules(4),
    "etc/iptables/rules.v6": rules(6),
    f"{UNITS}/netfilter-persistent.service": "[Unit]\nDescription=netfilter persistent configuration\n"
    "DefaultDependencies=no\nWants=network-pre.target\nBefore=network-pre.target shutdown.target\n\n[Service]\n"
    "Type=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/netfilter-persistent start\n"
    "ExecStop=/usr/sbin/netfilter-persistent stop\nProtectSystem=full\nProtectHome=true\n\n"
    "[Install]\nWantedBy=multi-user.target\n",
    **enabled("netfilter-persistent.service"),
    "usr/sbin/netfilter-persistent": executable(
        '#!/bin/sh\nexec run-parts -v -a "$1" /usr/share/netfilter-persistent/plugins.d\n'
    ),
    "usr/share/netfilter-persistent/plugins.d/15-ip4tables": executable(
        '#!/bin/sh\n[ "$1" = start ] && iptables-restore < /etc/iptables/rules.v4\n'
    ),
    "usr/share/netfilter-persistent/plugins.d/25-ip6tables": executable(
        '#!/bin/sh\n[ "$1" = start ] && ip6tables-restore < /etc/iptables/rules.v6\n'
    ),
    "usr/lib/systemd/systemd-udevd": ELF,
    "usr/sbin/iptables-restore": ELF,
    "usr/sbin/ip6tables-restore": ELF,
    "etc/lighttpd/lighttpd.conf": LIGHTTPD,
    "etc/lighttpd/conf-available/15-php.conf": PHP,
    "etc/lighttpd/conf-available/10-status.conf": STATUS,
    "etc/lighttpd/conf-enabled/15-php.conf": link("../conf-available/15-php.conf"),
    f"{UNITS}/lighttpd.service": "[Unit]\nDescription=Lighttpd Daemon\nAfter=network-online.target\n\n[Service]\n"
    "Type=simple\nExecStartPre=/usr/sbin/lighttpd -tt -f /etc/lighttpd/lighttpd.conf\n"
    "ExecStart=/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\nRestart=on-failure\n\n"
    "[Install]\nWantedBy=multi-user.target\n",
    **dropin(
        "lighttpd.service",
        "hardening",
        sandboxed("www-data", "RuntimeDirectory=lighttpd", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("lighttpd.service"),
    **profile(
        "/usr/sbin/lighttpd",
        "capability net_bind_service",
        "network inet stream",
        "/etc/lighttpd/** r",
        "/data/tls/* r",
        "/var/www/** r",
        "/usr/bin/php-cgi ix",
        "/usr/bin/ping ix",
        "/run/lighttpd/* rw",
    ),
    "usr/sbin/lighttpd": ELF,
    "usr/bin/php-cgi": ELF,
    "var/www/html/index.html": "<!doctype html>\n<title>Camera</title>\n<script src=camera.js></script>\n",
    "var/www/html/reach.php": REACH,
    "var/www/html/config.php": CONFIG,
    f"{UNITS}/camera.service": service("Camera", "/usr/lib/camera/camera", sandboxed("camera", "DevicePolicy=closed")),
    **enabled("camera.service"),
    **profile("/usr/lib/camera/camera", "network inet stream", "/dev/video0 rw"),
    "usr/lib/camera/camera": ELF,
    "etc/udev/rules.d/70-camera.rules": 'SUBSYSTEM=="video4linux", GROUP="camera", MODE="0660"\n',
    "etc/swupdate.cfg": SWUPDATE,
    "etc/swupdate/public.pem": keys.UPDATE_RSA_PUBLIC,
    "etc/hwrevision": "camera 1.0\n",
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "usr/lib/swupdate/swupdate.sh": executable(SWUPDATE_START),
    f"{UNITS}/swupdate.service": SWUPDATE_UNIT,
    **enabled("swupdate.service"),
    "usr/bin/swupdate": ELF,
    "usr/bin/find": ELF,
}

SHOW = ("lighttpd", "-p", "-f", "{root}/etc/lighttpd/lighttpd.conf")

SYSTEM = Truth(
    name="debian-camera",
    distribution="debian",
    init="systemd",
    clean=CLEAN,
    policy=declaration(
        "camera",
        "debian",
        listen=((443, "tcp", "lighttpd", "lan"),),
        egress=(UPDATES, DATA),
        services=[
            *(one for one in declared() if one[0] != "nftables"),
            ("netfilter-persistent", None),
            ("lighttpd", "www-data"),
            ("camera", "camera"),
            ("swupdate", None),
        ],
        mechanism="swupdate",
    ),
    mistakes=(
        Mistake(
            "firewall-default-accept",
            "iptables-restore(8), the policy after a chain's name",
            "input",
            files={"etc/iptables/rules.v4": rules(4, incoming="ACCEPT")},
        ),
        Mistake(
            "egress-unrestricted",
            "ip6tables-restore(8): IPv6 has rules of its own",
            files={"etc/iptables/rules.v6": rules(6, outgoing="ACCEPT")},
        ),
        Mistake(
            "script-injection",
            "PHP manual, passthru and Program execution: what users send must be escaped",
            "reach.php",
            files={"var/www/html/reach.php": REACH_INJECTED},
        ),
        Mistake(
            "web-server-misconfigured",
            "lighttpd mod_status, status.status-url; conf-enabled is read through include",
            files={"etc/lighttpd/conf-enabled/10-status.conf": link("../conf-available/10-status.conf")},
            witness=Witness(SHOW, r"status\.status-url", "lighttpd"),
        ),
        Mistake(
            "plaintext-protocol",
            "lighttpd mod_openssl, ssl.engine in a $SERVER[socket] condition",
            "8080",
            files={
                "etc/lighttpd/conf-enabled/20-local.conf": '$SERVER["socket"] == "0.0.0.0:8080" {\n'
                '    ssl.engine = "disable"\n}\n'
            },
            witness=Witness(SHOW, r"0\.0\.0\.0:8080", "lighttpd"),
        ),
        also("undeclared-listener", "8080", "lighttpd configuration, $SERVER[socket]"),
        Mistake(
            "update-unauthenticated",
            "SWUpdate documentation, signed images: without public-key-file nothing is verified",
            files={
                "etc/swupdate.cfg": "".join(
                    f"    /* {line.strip()} */\n" if "public-key-file" in line or "no-downgrading" in line else line
                    for line in SWUPDATE.splitlines(keepends=True)
                )
            },
        ),
        also("update-downgrade-possible", "", "SWUpdate documentation, no-downgrading"),
        Mistake(
            "setuid-unexpected",
            "chmod(1), set-user-ID; find runs what -exec names",
            "usr/bin/find",
            files={"usr/bin/find": executable(ELF.content, mode=0o4755)},
        ),
        Mistake(
            "hook-directory-writable",
            "udev(7): RUN of any rules file is run as root",
            "udev/rules.d",
            files={"etc/udev/rules.d": folder(0o777)},
        ),
        also("world-writable", "udev/rules.d", "udev(7); chmod(1)"),
        Mistake(
            "credential-hard-coded",
            "CWE-798; PHP manual, define",
            "config.php",
            files={"var/www/html/config.php": CONFIG.replace("$store['password']", "'vK7!pQz2-Rm9w'")},
        ),
        also("image-sameness", "config.php", "follows from the credential: alike in every copy"),
        Mistake(
            "account-default-password",
            "shadow(5); raspberry, the default of a well-known board",
            "root",
            files=shadow_with(CLEAN, "root", keys.SHA512_RASPBERRY),
        ),
        also("image-sameness", "shadow", "shadow(5): the same password in every copy"),
    ),
)
