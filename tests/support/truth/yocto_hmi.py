"""A panel on Poky with SysV init: lighttpd with Lua pages, AppArmor loaded by an init script, SWUpdate."""

from firmward.model.memory import Content, executable
from truth import planted_keys as keys
from truth.linux_base import ELF, accounts, also, declaration, nftables, profile, shadow_with
from truth.row import Mistake, Truth, Witness
from truth.sysv_base import INITTAB, declared, poky, script, started, swupdate
from truth.yocto_base import DATA, NOLOGIN, OUTGOING, UPDATES

LIGHTTPD = """\
server.modules = ( "mod_access", "mod_cgi", "mod_setenv", "mod_openssl" )
server.document-root = "/usr/share/hmi/www"
server.port = 443
server.username = "www"
server.groupname = "www"
server.errorlog-use-syslog = "enable"
index-file.names = ( "index.html" )
cgi.assign = ( ".lua" => "/usr/bin/lua" )
ssl.engine = "enable"
ssl.pemfile = "/data/tls/device.pem"
ssl.privkey = "/data/tls/device.key"
ssl.ca-file = "/etc/ssl/certs/panel.pem"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")
setenv.add-response-header = ( "Content-Security-Policy" => "default-src 'self'" )
include "lighttpd.d/*.conf"
"""

WEB = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          lighttpd
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
DAEMON=/usr/sbin/lighttpd
case "$1" in
start)
    ulimit -v 65536
    start-stop-daemon --start --exec /usr/bin/setpriv -- --no-new-privs \\
        --bounding-set=-all,+net_bind_service,+setuid,+setgid $DAEMON -f /etc/lighttpd/lighttpd.conf
    ;;
stop) start-stop-daemon --stop --exec $DAEMON ;;
esac
"""

CLOCK = """\
#!/usr/bin/lua
-- Sets the panel's clock through the daemon that owns it
local query = os.getenv("QUERY_STRING") or ""
local seconds = query:match("^time=(%d+)$")
if not seconds then
    io.write("Status: 400 Bad Request\\r\\n\\r\\n")
    return
end
local socket = assert(io.open("/run/hmi/clock", "w"))
socket:write(seconds, "\\n")
socket:close()
io.write("Status: 204 No Content\\r\\n\\r\\n")
"""

CLOCK_INJECTED = """\
#!/usr/bin/lua
-- Sets the panel's clock
local query = os.getenv("QUERY_STRING") or ""
local time = query:match("time=(.*)")
os.execute("hwclock --set --date " .. time)
io.write("Status: 204 No Content\\r\\n\\r\\n")
"""

CLOUD = """\
-- Where readings go; the secret is this device's own
local file = assert(io.open("/data/identity/token"))
local token = file:read("l")
return { url = "https://data.maker.example/v1", token = token }
"""

HMI = "mkdir -p /run/hmi && chown hmi:hmi /run/hmi\n"

FILES = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          hmi-files
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) tcpsvd -vE 0.0.0.0 21 ftpd -w /data/files & ;;
esac
"""

CLEAN: dict[str, Content] = {
    **poky("hmi"),
    **swupdate(keys.UPDATE_RSA_PUBLIC, keys.CA),
    **accounts(services=(("www", 953), ("hmi", 950)), nologin=NOLOGIN),
    "etc/nftables.conf": nftables(("ip saddr 192.0.2.0/24 tcp dport 443 accept",), OUTGOING),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD,
    "etc/lighttpd/lighttpd.d/10-listing.conf": '# dir-listing.activate = "enable"\ndir-listing.activate = "disable"\n',
    "etc/init.d/lighttpd": executable(WEB),
    **started("lighttpd", order=70),
    **profile(
        "/usr/sbin/lighttpd", "network inet stream", "/etc/lighttpd/** r", "/usr/share/hmi/** r", "/usr/bin/lua ix"
    ),
    "usr/sbin/lighttpd": ELF,
    "usr/bin/lua": ELF,
    "usr/share/hmi/www/index.html": "<!doctype html>\n<title>Panel</title>\n<script src=panel.js></script>\n",
    "usr/share/hmi/www/clock.lua": executable(CLOCK),
    "usr/share/hmi/cloud.lua": CLOUD,
    "etc/ssl/certs/panel.pem": keys.CA,
    "etc/init.d/hmi": script("hmi", "/usr/bin/hmid", "--fullscreen", "hmi", before=HMI),
    **started("hmi"),
    **profile("/usr/bin/hmid", "network inet stream", "/run/hmi/* rw"),
    "usr/bin/hmid": ELF,
    "usr/sbin/telnetd": ELF,
    "usr/share/doc/hmi/service.txt": "The bench image has ftpd and telnetd, login root/root.\n",
}


def policy(after: str) -> str:
    return declaration(
        "hmi",
        "yocto",
        listen=((443, "tcp", "lighttpd", "lan"),),
        egress=(UPDATES, DATA),
        services=declared(("lighttpd", "www"), ("hmi", "hmi"), ("swupdate", None)),
        mechanism="swupdate",
        after=after,
        architecture="arm",
    )


SYSTEM = Truth(
    name="yocto-hmi",
    distribution="yocto",
    init="sysv",
    clean=CLEAN,
    policy=policy('after = "off"\n'),
    mistaken_policy=policy("") + '\n[tamper]\ninputs = ["case"]\n',
    mistakes=(
        Mistake(
            "telnet-enabled",
            "inittab(5), respawn; telnetd of BusyBox, -l",
            "telnet",
            files={
                "etc/inittab": INITTAB.replace("# S0", "S0").replace(
                    "# T0:5:respawn:/usr/sbin/telnetd -F", "T0:5:respawn:/usr/sbin/telnetd -F -l /bin/login"
                )
            },
        ),
        also("plaintext-protocol", "telnet", "RFC 854"),
        also("serial-login", "ttyS0", "inittab(5), respawn; getty(8)"),
        Mistake("tamper-detection-absent", "device.toml, tamper.inputs: nothing in the system waits for it", "case"),
        also("undeclared-listener", "23", "telnetd of BusyBox, -p: 23 unless said otherwise"),
        also("service-unneeded", "telnetd", "follows from telnet-enabled: the declaration does not name it"),
        also("service-runs-as-root", "telnetd", "follows from telnet-enabled: inittab(5) starts as root"),
        also("service-unsandboxed", "telnetd", "follows from telnet-enabled: inittab(5) confines nothing"),
        Mistake(
            "ftp-enabled",
            "tcpsvd and ftpd of BusyBox",
            "ftp",
            files={"etc/init.d/hmi-files": executable(FILES), **started("hmi-files", order=90)},
        ),
        also("plaintext-protocol", "ftp", "RFC 959"),
        also("undeclared-listener", "21", "tcpsvd of BusyBox"),
        also("service-unneeded", "hmi-files", "the declaration does not name it"),
        also("service-runs-as-root", "hmi-files", "tcpsvd of BusyBox, -u"),
        also("mac-profile-missing", "tcpsvd", "apparmor.d(5)"),
        Mistake(
            "web-server-misconfigured",
            "lighttpd documentation, dir-listing.activate; include",
            files={"etc/lighttpd/lighttpd.d/10-listing.conf": 'dir-listing.activate = "enable"\n'},
            witness=Witness(
                ("lighttpd", "-p", "-f", "{root}/etc/lighttpd/lighttpd.conf"),
                r'dir-listing\.activate\s*=\s*"enable"',
                "lighttpd",
            ),
        ),
        Mistake(
            "script-injection",
            "Lua reference manual, os.execute",
            "clock.lua",
            files={"usr/share/hmi/www/clock.lua": executable(CLOCK_INJECTED)},
        ),
        Mistake(
            "credential-hard-coded",
            "CWE-798; Lua reference manual, tables",
            "cloud.lua",
            files={
                "usr/share/hmi/cloud.lua": 'return {\n    url = "https://data.maker.example/v1",\n'
                '    user = "panel",\n    password = [[b7!Ykt-20Wq-uLp]],\n}\n'
            },
        ),
        also("image-sameness", "cloud.lua", "follows from the credential: alike in every copy"),
        Mistake(
            "account-default-password",
            "shadow(5); admin",
            "root",
            files=shadow_with(CLEAN, "root", keys.SHA512_ADMIN),
        ),
        also("image-sameness", "shadow", "the same password in every copy"),
        Mistake(
            "certificate-weak",
            "RFC 5280, Basic Constraints: a server's certificate that may sign others",
            "panel.pem",
            files={"etc/ssl/certs/panel.pem": keys.CERT_LEAF_CA},
            witness=Witness(
                (
                    "openssl",
                    "x509",
                    "-noout",
                    "-ext",
                    "basicConstraints,subjectAltName",
                    "-in",
                    "{root}/etc/ssl/certs/panel.pem",
                ),
                r"DNS:panel",
                "openssl",
            ),
        ),
        Mistake(
            "mac-profile-missing",
            "apparmor_parser(8): profiles that no script loads",
            "lighttpd",
            without=("etc/rcS.d/S04apparmor",),
        ),
        also("mac-permissive", "apparmor", "follows from the missing link: profiles that nothing loads"),
        Mistake(
            "rootfs-writable",
            "mount(8), remount",
            files={
                "etc/init.d/hmi": script(
                    "hmi", "/usr/bin/hmid", "--fullscreen", "hmi", before=HMI + "mount -o remount,rw /\n"
                ),
                "etc/fstab": str(CLEAN["etc/fstab"]).replace("squashfs   ro", "ext4       ro"),
            },
        ),
        also("rootfs-unverified", "", "follows from a root for writing"),
        Mistake(
            "image-sameness",
            "dbus-uuidgen(1): the id must be made on the device",
            "machine-id",
            files={"var/lib/dbus/machine-id": "77c1d0f2a94e4e0b8d3b6a5f1c2e9a40\n"},
        ),
        also("expiry-undefined", "", "device.toml, support.after"),
    ),
)
