"""A soft PLC on Buildroot: an own runtime, a local broker over TLS, stunnel to the historian, RAUC."""

from firmward.model.memory import Content, Node, executable, link
from truth.buildroot_base import (
    FSTAB,
    OPEN_DATA,
    RAUC,
    RAUC_CONF,
    buildroot,
    confined,
    nft_files,
    nftables,
    policy,
    script,
)
from truth.openwrt_base import listen, service
from truth.planted_keys import CERT_SHA1, TLS_KEY
from truth.row import Mistake, Truth
from truth.small_base import also, filters, profile, programs, secret, shell
from truth.small_keys import DEVICE_CA

INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp

auto machine
iface machine inet static
	pre-up ip link add link eth0 name machine type vlan id 30
	address 192.168.30.1
	netmask 255.255.255.0
	post-down ip link del machine
"""

MOSQUITTO = """\
per_listener_settings false
allow_anonymous false
listener 8883
cafile /etc/ssl/certs/maker.pem
certfile /data/mosquitto/server.pem
keyfile /data/mosquitto/server.key
require_certificate true
use_identity_as_username true
tls_version tlsv1.2
log_dest syslog
include_dir /etc/mosquitto/conf.d
"""

STUNNEL = """\
foreground = yes
syslog = yes
include = /etc/stunnel/conf.d
"""

HISTORIAN = """\
[historian]
client = yes
accept = 127.0.0.1:6514
connect = updates.maker.example:443
CAfile = /etc/ssl/certs/maker.pem
verifyChain = yes
checkHost = updates.maker.example
sslVersionMin = TLSv1.2
"""

INETD_CONF = """\
# Nothing is offered. As it was on the bench:
#telnet	stream	tcp	nowait	root	/usr/sbin/telnetd	telnetd -i
#5544	stream	tcp	nowait	root	/bin/sh	sh -i
"""

OVPN = """\
client
dev tun
proto udp
remote updates.maker.example 1194
remote-cert-tls server
auth-nocache
<ca>
{ca}</ca>
"""

SOFTPLC: dict[str, Content] = {
    **buildroot(("plc", 995), ("mosquitto", 996), ("stunnel", 997)),
    **RAUC,
    **nft_files(nftables(8883, 4840)),
    "etc/network/interfaces": INTERFACES,
    "etc/network/if-up.d/README": "Scripts here are run when an interface comes up.\n",
    "etc/init.d/S60plc": confined("plc", "/usr/bin/plc --project /data/plc/project --opcua 4840"),
    "etc/apparmor.d/usr.bin.plc": profile("/usr/bin/plc", "network inet stream", "/data/plc/** rw"),
    "etc/init.d/S55mosquitto": confined("mosquitto", "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
    "etc/mosquitto/mosquitto.conf": MOSQUITTO,
    "etc/mosquitto/conf.d/10-log.conf": "log_type error\nlog_type warning\nconnection_messages false\n",
    "etc/apparmor.d/usr.sbin.mosquitto": profile(
        "/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/** r", "/data/mosquitto/** rw"
    ),
    "etc/init.d/S52stunnel": confined("stunnel", "/usr/bin/stunnel /etc/stunnel/stunnel.conf"),
    "etc/stunnel/stunnel.conf": STUNNEL,
    "etc/stunnel/conf.d/10-historian.conf": HISTORIAN,
    "etc/apparmor.d/usr.bin.stunnel": profile("/usr/bin/stunnel", "network inet stream", "/etc/stunnel/** r"),
    "etc/plc/inetd.conf": INETD_CONF,
    "etc/default/inetd": 'INETD_ARGS="-e /etc/plc/inetd.conf"\n',
    "etc/openvpn/service.ovpn.example": OVPN.format(ca="# the plant's own\n"),
    "etc/plc/limits.ini": "[task]\ncycle_ms = 10\nwatchdog_ms = 50\n",
    **programs("usr/bin/plc", "usr/sbin/mosquitto", "usr/bin/stunnel"),
    **filters("plc", "mosquitto", "stunnel"),
}

SECTIONS = (
    listen(8883, "mosquitto", "machine")
    + listen(4840, "plc", "machine")
    + service("mosquitto", "mosquitto", "/data/mosquitto", "32M")
    + service("stunnel", "stunnel", "/data/stunnel", "32M")
    + service("plc", "plc", "/data/plc", "32M")
    + '[[zone]]\nname = "machine"\nvlan = 30\n'
)

INETD = """\
#!/bin/sh

DAEMON="inetd"
INETD_ARGS=""
[ -r "/etc/default/$DAEMON" ] && . "/etc/default/$DAEMON"

case "$1" in
start)
	printf 'Starting %s: ' "$DAEMON"
	start-stop-daemon -S -q -x "/usr/sbin/$DAEMON" -- $INETD_ARGS
	;;
stop)
	start-stop-daemon -K -q -x "/usr/sbin/$DAEMON"
	;;
esac
"""

ALL_OFFERED = """\
# service	type	proto	wait	user	program	arguments
telnet	stream	tcp6	nowait	root	/usr/sbin/telnetd	telnetd -i -f /etc/plc/banner
5544	stream	tcp	nowait	root	/bin/sh	sh -i
ftp	stream	tcp	nowait	root	/usr/sbin/ftpd	ftpd -w /data/plc
tftp	dgram	udp	wait	root	/usr/sbin/tftpd	tftpd -c /data/plc
shell	stream	tcp	nowait	root	/usr/sbin/in.rshd	in.rshd -L
"""

CRONTAB = "*/15 * * * * cd /data/plc && ./backup.sh\n"

MBUSD_TAB = "::respawn:/usr/bin/mbusd -d -p /dev/ttyS2 -s 19200 -P 1502\n"

SYSTEM = Truth(
    name="buildroot-softplc",
    distribution="buildroot",
    init="busybox",
    clean=SOFTPLC,
    policy=policy("softplc", SECTIONS),
    mistaken_policy=policy("softplc", SECTIONS, until="2026-06-30"),
    mistakes=(
        Mistake(
            "telnet-enabled",
            "BusyBox inetd: the configuration file is its argument (-e logs to stderr); telnetd -i",
            "telnet",
            {
                "etc/plc/inetd.conf": ALL_OFFERED,
                "etc/init.d/S51inetd": executable(INETD),
                "usr/sbin/inetd": link("../../bin/busybox"),
                "usr/sbin/telnetd": link("../../bin/busybox"),
                "usr/sbin/ftpd": link("../../bin/busybox"),
                "usr/sbin/tftpd": link("../../bin/busybox"),
                **programs("usr/sbin/in.rshd"),
            },
        ),
        *also(
            "inetd(8): service names of /etc/services or port numbers, the user, the program",
            ("backdoor-listener", "5544"),
            ("ftp-enabled", "ftp"),
            ("remote-shell-enabled", "rsh"),
            ("undeclared-listener", "tcp/23"),
            ("undeclared-listener", "5544"),
            ("undeclared-listener", "tcp/21"),
            ("undeclared-listener", "udp/69"),
            ("undeclared-listener", "514"),
            ("plaintext-protocol", "telnet"),
            ("plaintext-protocol", "ftp"),
            ("plaintext-protocol", "tftp"),
            ("plaintext-protocol", "rsh"),
            ("service-unneeded", "inetd"),
            ("service-runs-as-root", "inetd"),
            ("service-unsandboxed", "inetd"),
            ("service-without-limits", "inetd"),
            ("mac-profile-missing", "inetd"),
        ),
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5): include_dir is read after; one allow_anonymous for all listeners, the later wins",
            "mosquitto",
            {"etc/mosquitto/conf.d/50-panel.conf": "listener 9001\nprotocol websockets\nallow_anonymous true\n"},
        ),
        *also(
            "mosquitto.conf(5), protocol websockets on a listener without certfile",
            ("undeclared-listener", "9001"),
            ("plaintext-protocol", "mqtt"),
        ),
        Mistake(
            "plaintext-protocol",
            "mbusd(8), -P: Modbus TCP on a port of its own, Modbus Messaging has no encryption",
            "modbus",
            {
                "etc/inittab": str(SOFTPLC["etc/inittab"]) + MBUSD_TAB,
                **programs("usr/bin/mbusd"),
            },
        ),
        *also(
            "mbusd(8), run by init as root",
            ("undeclared-listener", "1502"),
            ("service-unneeded", "mbusd"),
            ("service-runs-as-root", "mbusd"),
            ("service-unsandboxed", "mbusd"),
            ("service-without-limits", "mbusd"),
            ("mac-profile-missing", "mbusd"),
        ),
        Mistake(
            "tls-weak",
            "stunnel(8): without verifyChain and verifyPeer no certificate is verified; sslVersionMin",
            "historian",
            {
                "etc/stunnel/conf.d/10-historian.conf": "[historian]\nclient = yes\naccept = 127.0.0.1:6514\n"
                "connect = updates.maker.example:443\nverifyChain = no\nsslVersionMin = TLSv1\n"
            },
        ),
        Mistake(
            "cron-unneeded",
            "crontab(5), BusyBox crond runs root's table; the script belongs to the runtime's account",
            "backup.sh",
            {
                "etc/crontabs/root": str(RAUC["etc/crontabs/root"]) + CRONTAB,
                "data/plc/backup.sh": Node("#!/bin/sh\ntar cz project\n", mode=0o775, uid=995, gid=995),
            },
        ),
        Mistake(
            "hook-directory-writable",
            "interfaces(5), BusyBox ifup runs /etc/network/if-up.d by run-parts; the link leads to the data partition",
            "if-up.d",
            {"etc/network/if-up.d": link("/data/if-up.d")},
            without=("etc/network/if-up.d/README",),
        ),
        *also("the folder lies outside the verified root", ("privileged-hooks", "if-up.d")),
        Mistake(
            "privileged-hooks",
            "ld.so(8), /etc/ld.so.preload: every program loads what it names",
            "ld.so.preload",
            {"etc/ld.so.preload": "/data/lib/libtrace.so\n"},
        ),
        Mistake(
            "sysctl",
            "sysctl.conf(5), read after /etc/sysctl.conf by the start script",
            "rp_filter",
            {"etc/sysctl.d/90-fieldbus.conf": "# multicast of two lines\nnet.ipv4.conf.all.rp_filter=0\n"},
        ),
        Mistake(
            "private-key-embedded",
            "openvpn(8), inline files: <key> holds the key",
            "service.ovpn",
            {"etc/openvpn/service.ovpn": OVPN.format(ca=DEVICE_CA) + f"<key>\n{TLS_KEY}</key>\n"},
        ),
        *also("the key is alike in every copy", ("image-sameness", "service.ovpn")),
        Mistake(
            "certificate-weak",
            "x509(1): signed with SHA-1",
            "opcua.pem",
            {"etc/plc/opcua.pem": CERT_SHA1},
            witness=shell("openssl x509 -noout -text -in etc/plc/opcua.pem", r"sha1With", "openssl"),
        ),
        Mistake(
            "segmentation-missing",
            "interfaces(5): the machine's network without a VLAN",
            "machine",
            {
                "etc/network/interfaces": INTERFACES.replace("auto machine", "auto eth0:1")
                .replace("iface machine", "iface eth0:1")
                .replace("\tpre-up ip link add link eth0 name machine type vlan id 30\n", "")
                .replace("\tpost-down ip link del machine\n", "")
            },
        ),
        Mistake(
            "setuid-unexpected",
            "BusyBox, FEATURE_SUID; the policy allows no setuid program",
            "busybox",
            {"bin/busybox": executable(SOFTPLC["bin/busybox"].content, mode=0o4755)},  # type: ignore[union-attr]
        ),
        Mistake(
            "data-unencrypted",
            "mount(8): the partition itself, no mapping of cryptsetup's",
            "/data",
            {
                "etc/init.d/S03data": script(
                    OPEN_DATA.splitlines()[-1].replace("mount", "mount -t ext4 -o nosuid,nodev,noexec /dev/mmcblk0p5"),
                    "umount /data",
                ),
                "etc/fstab": FSTAB.replace("/dev/mapper/data", "/dev/mmcblk0p5"),
            },
        ),
        Mistake(
            "account-login-unneeded",
            "passwd(5), the login shell",
            "mosquitto",
            {
                "etc/passwd": str(SOFTPLC["etc/passwd"]).replace(
                    "mosquitto:/var/run/mosquitto:/bin/false", "mosquitto:/var/run/mosquitto:/bin/ash"
                )
            },
        ),
        Mistake(
            "update-without-fallback",
            "RAUC reference, bootname and slots: a single slot; min-bundle-version left out",
            "",
            {
                "etc/rauc/system.conf": RAUC_CONF.replace("rootfs.1", "appfs.0")
                .replace("bootname=B", "parent=rootfs.0")
                .replace("min-bundle-version=14.0.0\n", "")
            },
        ),
        *also("RAUC reference, min-bundle-version", ("update-downgrade-possible", "")),
        Mistake(
            "update-unauthenticated",
            "sh(1), tar(1): the project comes without a signature and is unpacked for the runtime by root",
            "fetch-project",
            {
                "etc/init.d/S97project": executable('#!/bin/sh\n[ "$1" = start ] && /usr/libexec/fetch-project &\n'),
                "usr/libexec/fetch-project": executable(
                    "#!/bin/sh\n# Newest runtime of the plant's own server\n"
                    "wget -q -O - http://updates.maker.example/runtime.tar.gz | tar -xz -f - -C /data/plc/runtime\n"
                ),
            },
        ),
        *also("wget(1), http", ("update-over-plaintext", "fetch-project")),
        Mistake(
            "credential-hard-coded",
            "netrc(5): machine, login, password; curl -n reads it",
            "netrc",
            {"root/.netrc": secret("machine updates.maker.example\n\tlogin plc\n\tpassword tR4pezoid-Kiln\n")},
        ),
        *also("the password is alike in every copy", ("image-sameness", "netrc")),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
