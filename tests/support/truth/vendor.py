"""A camera, a recorder, a doorbell and a store as vendors build them: BusyBox and their own start scripts."""

from firmward.model.memory import Content, executable, link
from truth.device_base import (
    BINARY,
    EGRESS,
    ELF,
    FILESYSTEM,
    FSTAB,
    LAN,
    LIGHTTPD,
    LOW_UPDATER,
    SUPPORT,
    SYSCTL,
    UPDATE,
    WEB_LISTEN,
    confined,
    lighttpd,
    policy,
    profile,
    script,
    service_script,
    stranger,
    vendor_root,
)
from truth.key_material import DEVICE_CA, EC_KEY, OPENSSH_PUBLIC_KEY, RSA_1024, RSA_KEY
from truth.row import Mistake, Truth, Witness

WEB_IN = f"{LAN} tcp dport 443 ct state new limit rate 20/second accept"
WEB_PROFILE = profile(
    "/usr/sbin/lighttpd", "/usr/share/www/** r,\n  /etc/lighttpd/* r,\n  capability net_bind_service,"
)

# ---------------------------------------------------------------------------------------------------------- camera

CAMERA_START = (
    confined("/usr/app/bin/camd -c /usr/app/etc/config.json", "cam")
    + """\
	# developer's shell: busybox telnetd -p 9527 -l /bin/sh &
"""
)

CAMERA: dict[str, Content] = {
    **vendor_root(
        "CamOS 4.2.0",
        ("web", 80),
        ("cam", 101),
        inputs=WEB_IN,
        mac={"usr.sbin.lighttpd": WEB_PROFILE, "usr.app.bin.camd": profile("/usr/app/bin/camd", "/dev/video0 rw,")},
    ),
    **lighttpd(),
    "etc/init.d/S40network": script(
        """\
[ "$1" = start ] || exit 0
# each device has its own address, written in manufacture
ifconfig eth0 hw ether "$(fw_printenv -n ethaddr)"
ifconfig eth0 192.168.1.20 netmask 255.255.255.0 up
""",
    ),
    "etc/init.d/S80app": service_script(CAMERA_START, "camd"),
    "etc/mdev.conf": """\
# device        owner  mode  command
null            0:0    666
zero            0:0    666
u?random        0:0    666
video[0-9]      0:101  660
# an inserted card is looked for pictures only
mmcblk1p1       0:101  660   @/usr/app/sd_insert.sh
""",
    "usr/app/sd_insert.sh": script(
        """\
mkdir -p /run/sd
mount -t vfat -o nosuid,nodev,noexec,ro "/dev/$MDEV" /run/sd || exit 1
logger "card with $(ls /run/sd/*.jpg 2>/dev/null | wc -l) pictures"
""",
    ),
    "usr/app/bin/camd": BINARY,
    "usr/app/etc/config.json": """\
{
  "name": "",
  "cloud": {"url": "https://updates.maker.example/v1", "token": "", "token_file": "/data/cloud/token"},
  "password": "CHANGE_ME"
}
""",
    "usr/sbin/telnetd": link("../../bin/busybox"),
    "usr/share/doc/camera/example.txt": "To see the stream: https://camera/live?user=NAME&password=PASSWORD\n",
    "etc/ssl/certs/service.pub": OPENSSH_PUBLIC_KEY,
}

CAMERA_POLICY = policy(
    "camera",
    SUPPORT,
    WEB_LISTEN,
    '[[service]]\nname = "camd"\nuser = "cam"\nmemory = "48M"\n',
    EGRESS,
    FILESYSTEM,
    UPDATE,
)

CAMERA_UPDATER = """\
# Fetches what is newest and flashes it.
while sleep 86400; do
	wget -q -O /tmp/fw.bin http://updates.maker.example/cam/latest.bin || continue
	wget -q -O /tmp/fw.md5 http://updates.maker.example/cam/latest.md5 || continue
	[ "$(md5sum < /tmp/fw.bin | cut -c1-32)" = "$(cat /tmp/fw.md5)" ] || continue
	flashcp -v /tmp/fw.bin /dev/mtd2 && reboot
done
"""

XMHDIPC = "abSMa52lhy1Wg"
"""crypt(3), DES, of the password that half the cameras of the botnets' lists have."""

TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiJjYW1lcmEiLCJzY29wZSI6ImFsbCIsIml"
    "hdCI6MTc2NzIyNTYwMH0.pZ3vYbq1sXn8RkQeW0tL5uVh2DcJf7GmAo9KxTiBz4E"
)

CAMERA_MISTAKES = (
    Mistake(
        "telnet-enabled",
        "BusyBox telnetd: -F foreground, -l PROGRAM runs instead of login",
        "telnetd",
        {"etc/init.d/S50debug": script('[ "$1" = start ] && busybox telnetd -F -l /bin/login &\n')},
    ),
    Mistake("undeclared-listener", "BusyBox telnetd: -p PORT, 23 without it", "23"),
    Mistake("plaintext-protocol", "RFC 854, nothing is encrypted", "telnet"),
    *stranger("telnetd"),
    Mistake(
        "account-default-password",
        "shadow(5), crypt(5): the password is in the Mirai list (root xmhdipc)",
        "root",
        {
            "etc/shadow": f"root:{XMHDIPC}:20400:0:99999:7:::\nnobody:*:20400::::::\n"
            "web:*:20400::::::\ncam:*:20400::::::\n"
        },
        witness=Witness(
            (
                "perl",
                "-e",
                'open F, "{root}/etc/shadow"; for (<F>) { @f = split /:/; $f[1] =~ /^[^*!]/ && print '
                '"default $f[0]" if crypt("xmhdipc", $f[1]) eq $f[1] }',
            ),
            r"^default root",
            "perl",
        ),
    ),
    Mistake("image-sameness", "follows from the hash: alike in every copy", "etc/shadow root"),
    Mistake("account-weak-hash", "crypt(5), descrypt: 8 characters, 12 bits of salt", "root"),
    Mistake(
        "removable-media-executed",
        "BusyBox docs/mdev.txt: @ runs the command after the node is made",
        "sd_insert.sh",
        {
            "usr/app/sd_insert.sh": script(
                """\
mkdir -p /run/sd
mount -t vfat "/dev/$MDEV" /run/sd || exit 1
[ -f /run/sd/factory/run.sh ] && sh /run/sd/factory/run.sh
""",
            )
        },
    ),
    Mistake(
        "web-server-homegrown",
        "practice P22: a kept, off-the-shelf web server",
        "ipc_webd",
        {
            "etc/init.d/S60web": script('[ "$1" = start ] && /usr/app/bin/ipc_webd -p 80 -r /usr/share/www &\n'),
            "usr/app/bin/ipc_webd": executable(
                ELF
                + b"\0GET\0POST\0HTTP/1.1 200 OK\r\nServer: IPCWeb/1.0\r\nContent-Type: text/html\r\n\0bind\0listen\0"
                b"accept\0socket\0Usage: ipc_webd -p <port> -r <docroot>\0Content-Length: %d\r\n\0"
            ),
        },
    ),
    Mistake("undeclared-listener", "the start script's -p 80, which no [[listen]] names", "80"),
    Mistake("plaintext-protocol", "RFC 9110, port 80: http without TLS", "http"),
    *stranger("ipc_webd"),
    Mistake(
        "private-key-embedded",
        "RFC 5958 (PKCS#8), RFC 7468 (PEM)",
        "server.key",
        {"usr/app/etc/server.key": RSA_KEY},
        witness=Witness(("openssl", "pkey", "-in", "{root}/usr/app/etc/server.key"), r"BEGIN PRIVATE KEY", "openssl"),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "server.key"),
    Mistake(
        "image-sameness",
        "ifconfig(8), hw ether: one MAC address in every device",
        "S40network",
        {
            "etc/init.d/S40network": script(
                """\
[ "$1" = start ] || exit 0
ifconfig eth0 hw ether 00:12:17:a4:3b:5e
ifconfig eth0 192.168.1.20 netmask 255.255.255.0 up
""",
            )
        },
    ),
    Mistake(
        "credential-hard-coded",
        "a JSON web token, RFC 7519, in every image",
        "config.json",
        {
            "usr/app/etc/config.json": """\
{
  "name": "",
  "cloud": {
    "url": "https://updates.maker.example/v1",
    "token": "TOKEN"
  },
  "password": ""
}
""".replace("TOKEN", TOKEN)
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "config.json"),
    Mistake(
        "update-unauthenticated",
        "md5sum(1) is a checksum that the same server gives, no signature",
        "update-agent",
        {"usr/sbin/update-agent": script(CAMERA_UPDATER)},
    ),
    Mistake("update-over-plaintext", "wget(1), http:// URL", "update-agent"),
    Mistake("update-downgrade-possible", "the script compares no versions", "update-agent"),
    Mistake("update-without-fallback", "flashcp(1) over the one and running partition", "update-agent"),
)

# -------------------------------------------------------------------------------------------------------- recorder

PHP_FPM = """\
[global]
error_log = syslog
daemonize = no

[www]
user = web
group = web
listen = /run/php-fpm.sock
listen.owner = web
listen.mode = 0600
pm = static
pm.max_children = 2
php_admin_flag[expose_php] = off
php_admin_value[disable_functions] = exec,passthru,shell_exec,system,popen,proc_open
"""

LOGIN_PHP = """\
<?php
// A session that only a right password opens. The hash is the owner's own, made at first start.
session_start(['cookie_secure' => true, 'cookie_httponly' => true, 'cookie_samesite' => 'Strict']);
$hash = trim((string) file_get_contents('/data/web/owner.hash'));
$password = $_POST['password'] ?? '';
if (!is_string($password) || !password_verify($password, $hash)) {
    http_response_code(403);
    exit;
}
session_regenerate_id(true);
$_SESSION['owner'] = true;
"""

EVENTS_PHP = """\
<?php
// Events of one camera as JSON.
require __DIR__ . '/../inc/session.php';
require __DIR__ . '/../inc/db.php';
$find = $db->prepare('SELECT at, kind FROM events WHERE camera = :camera ORDER BY at DESC LIMIT 100');
$find->bindValue(':camera', (int) ($_GET['camera'] ?? 0), SQLITE3_INTEGER);
$rows = [];
for ($found = $find->execute(); $row = $found->fetchArray(SQLITE3_ASSOC);) {
    $rows[] = $row;
}
header('Content-Type: application/json');
echo json_encode($rows);
"""

TIME_PHP = """\
<?php
// Sets the time zone: one of those that PHP knows, written to a file that the recorder reads.
require __DIR__ . '/../inc/session.php';
$zone = $_POST['zone'] ?? '';
if (in_array($zone, DateTimeZone::listIdentifiers(), true)) {
    file_put_contents('/data/settings/zone', $zone);
}
"""

RECORDER_CONF = (
    LIGHTTPD.replace('"mod_cgi" )', '"mod_fastcgi" )')
    + 'include "conf.d/10-php.conf"\ninclude "conf.d/20-files.conf"\n'
)

RECORDER: dict[str, Content] = {
    **vendor_root(
        "VaultOS 4.2.0",
        ("web", 80),
        ("rec", 102),
        inputs=WEB_IN,
        outputs="ip daddr 192.168.20.0/24 tcp dport 322 accept",
        mac={"usr.sbin.lighttpd": WEB_PROFILE, "usr.app.bin.recd": profile("/usr/app/bin/recd", "/data/video/** rw,")},
    ),
    **lighttpd(),
    "etc/lighttpd/lighttpd.conf": RECORDER_CONF,
    "etc/lighttpd/conf.d/10-php.conf": 'fastcgi.server = ( ".php" => (( "socket" => "/run/php-fpm.sock" )) )\n',
    "etc/lighttpd/conf.d/20-files.conf": """\
# dir-listing.activate = "enable"   # was needed for the tests of 2024
static-file.exclude-extensions = ( ".php", ".inc", ".db" )
""",
    "etc/php-fpm.conf": PHP_FPM,
    "etc/init.d/S55php": service_script(confined("/usr/sbin/php-fpm -F -y /etc/php-fpm.conf", "web"), "php-fpm"),
    "etc/init.d/S70recorder": service_script(confined("/usr/app/bin/recd", "rec"), "recd"),
    "etc/init.d/S75export": script(
        """\
# exports go to the owner's own server over SFTP; the FTP server of old is gone:
# tcpsvd 0 21 ftpd -w /data/video &
exit 0
""",
    ),
    "etc/ssl/certs/recorder-ca.pem": DEVICE_CA,
    "usr/share/www/index.html": '<!DOCTYPE html><title>Recorder</title><script src="/recorder.js"></script>\n',
    "usr/share/www/recorder.js": "document.querySelector('#name').textContent = document.location.hostname;\n",
    "usr/share/www/login.php": LOGIN_PHP,
    "usr/share/www/api/events.php": EVENTS_PHP,
    "usr/share/www/api/time.php": TIME_PHP,
    "usr/share/www/inc/session.php": (
        "<?php\nsession_start();\nif (!($_SESSION['owner'] ?? false)) {\n    http_response_code(403);\n    exit;\n}\n"
    ),
    "usr/share/www/inc/db.php": "<?php\n$db = new SQLite3('/data/events.db', SQLITE3_OPEN_READONLY);\n",
    "usr/sbin/php-fpm": BINARY,
    "usr/app/bin/recd": BINARY,
}

RECORDER_POLICY = policy(
    "recorder",
    SUPPORT,
    WEB_LISTEN,
    '[[service]]\nname = "recd"\nuser = "rec"\n\n[[service]]\nname = "php-fpm"\nuser = "web"\n',
    EGRESS,
    '[[egress]]\nto = "192.168.20.0/24"\nport = 322\nprotocol = "tcp"\n',
    FILESYSTEM,
    UPDATE,
)

RECORDER_MISTAKES = (
    Mistake(
        "backdoor-listener",
        "BusyBox nc: -ll persistent server, -e PROGRAM runs after connect",
        "9527",
        {"etc/init.d/S98maint": script('[ "$1" = start ] && nc -ll -p 9527 -e /bin/sh >/dev/null 2>&1 &\n')},
    ),
    Mistake("undeclared-listener", "BusyBox nc -l -p PORT", "9527"),
    Mistake("mac-profile-missing", "follows from backdoor-listener: no profile is for nc", "S98maint"),
    Mistake(
        "script-injection",
        "PHP manual, exec: use escapeshellarg for what users give",
        "time.php",
        {
            "usr/share/www/api/time.php": (
                "<?php\nrequire __DIR__ . '/../inc/session.php';\n$when = $_POST['time'];\n"
                'exec("date -s \'$when\' && hwclock -w", $lines);\necho implode("\\n", $lines);\n'
            )
        },
    ),
    Mistake(
        "script-injection",
        "PHP manual, SQL injection: a statement built from $_GET",
        "events.php",
        {
            "usr/share/www/api/events.php": (
                "<?php\nrequire __DIR__ . '/../inc/session.php';\nrequire __DIR__ . '/../inc/db.php';\n"
                "$camera = $_GET['camera'];\n"
                '$found = $db->query("SELECT at, kind FROM events WHERE camera = " . $camera . " ORDER BY at DESC");\n'
                "while ($row = $found->fetchArray()) {\n    echo json_encode($row);\n}\n"
            )
        },
    ),
    Mistake(
        "web-server-misconfigured",
        "lighttpd, mod_dirlisting: dir-listing.activate; mod_status: status.status-url",
        "20-files.conf",
        {
            "etc/lighttpd/conf.d/20-files.conf": """\
server.modules += ( "mod_status" )
dir-listing.activate := "enable"
status.status-url = "/server-status"
"""
        },
        witness=Witness(
            ("lighttpd", "-p", "-f", "{root}/etc/lighttpd/lighttpd.conf"), r'status\.status-url\s+=\s+"/', "lighttpd"
        ),
    ),
    Mistake(
        "ftp-enabled",
        "BusyBox ftpd: an inetd-like server, run by tcpsvd; -w allows uploads, -A anonymous",
        "S75export",
        {
            "etc/init.d/S75export": script(
                '[ "$1" = start ] || exit 0\ntcpsvd -vE 0.0.0.0 21 ftpd -w -A /data/video &\n'
            )
        },
    ),
    Mistake("plaintext-protocol", "RFC 959, nothing is encrypted", "ftp"),
    Mistake("undeclared-listener", "BusyBox tcpsvd IP PORT PROG", "21"),
    *stranger("ftpd"),
    Mistake(
        "certificate-weak",
        "NIST SP 800-131A: RSA of 1024 bits is disallowed",
        "recorder-ca.pem",
        {"etc/ssl/certs/recorder-ca.pem": RSA_1024},
        witness=Witness(
            ("openssl", "x509", "-noout", "-text", "-in", "{root}/etc/ssl/certs/recorder-ca.pem"),
            r"Public-Key: \(1024 bit\)",
            "openssl",
        ),
    ),
    Mistake(
        "key-beside-data",
        "cryptsetup-open(8), --key-file: the file lies in the same image",
        "data.key",
        {
            "etc/init.d/S05data": script(
                """\
[ "$1" = start ] || exit 0
cryptsetup open --type luks2 --key-file /etc/keys/data.key /dev/mmcblk0p5 data
mount /data
""",
            ),
            "etc/keys/data.key": bytes((index * 73 + 41) % 256 for index in range(512)),
        },
    ),
    Mistake("image-sameness", "the key is alike in every copy", "data.key"),
    Mistake(
        "credential-hard-coded",
        "PHP manual, mysqli: the password stands in the page's source",
        "db.php",
        {
            "usr/share/www/inc/db.php": (
                "<?php\n$db_host = 'localhost';\n$db_user = 'recorder';\n$db_password = 'Vt7#kQ2!mZr9pL';\n"
                "$link = mysqli_connect($db_host, $db_user, $db_password, 'recorder');\n"
                "$db = new SQLite3('/data/events.db', SQLITE3_OPEN_READONLY);\n"
            )
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "db.php"),
)

# -------------------------------------------------------------------------------------------------------- doorbell

BELL_START = """\
#!/bin/sh
# Starts the doorbell's own programs; /etc/init.d/S80app calls it.
APP=/system
export PATH=$APP/bin:/usr/bin:/bin
modprobe -a isp sensor
# for tests on the desk: if [ -f /media/sd/debug.sh ]; then . /media/sd/debug.sh; fi
""" + confined("/system/bin/belld", "bell")

MOSQUITTO = """\
per_listener_settings true
persistence false
listener 8883
cafile /etc/ssl/certs/maker-ca.pem
certfile /data/tls/cert.pem
keyfile /data/tls/key.pem
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file /etc/mosquitto/acl
max_connections 16
"""

BELL: dict[str, Content] = {
    **vendor_root(
        "BellOS 4.2.0",
        ("bell", 103),
        ("mosquitto", 104),
        inputs=f"{LAN} tcp dport 8883 accept",
        mac={
            "usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "/etc/mosquitto/* r,"),
            "usr.sbin.wpa_supplicant": profile("/usr/sbin/wpa_supplicant", "/data/wifi/* r,\n  capability net_admin,"),
            "system.bin.belld": profile("/system/bin/belld", "/dev/video0 rw,"),
        },
    ),
    "etc/init.d/S45wifi": service_script(
        confined("/usr/sbin/wpa_supplicant -i wlan0 -c /etc/wpa_supplicant.conf", "nobody", "net_admin"),
        "wpa_supplicant",
    ),
    "etc/init.d/S50mosquitto": service_script(
        confined("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "mosquitto"), "mosquitto"
    ),
    "etc/init.d/S80app": script('[ "$1" = start ] && . /system/init/app_init.sh\n'),
    "etc/mosquitto/mosquitto.conf": MOSQUITTO,
    "etc/mosquitto/acl": "user bell\ntopic readwrite bell/#\n",
    "etc/wpa_supplicant.conf": """\
ctrl_interface=DIR=/run/wpa_supplicant GROUP=root
update_config=0
# networks are the owner's, paired over Bluetooth:
#network={
#	ssid="example"
#	psk="your password here"
#}
include=/data/wifi/networks.conf
""",
    "system/init/app_init.sh": executable(BELL_START),
    "system/etc/cloud.ini": """\
[cloud]
endpoint = https://updates.maker.example
region = eu-central-1
; what each device gets when it is claimed lies in /data/cloud
access_key_file = /data/cloud/access_key
secret_key_file = /data/cloud/secret_key
""",
    "system.bin.belld": executable(ELF + b"\0-----BEGIN PUBLIC KEY-----\0%s: no certificate\0"),
    "usr/sbin/mosquitto": BINARY,
    "usr/sbin/wpa_supplicant": BINARY,
}

BELL_POLICY = policy(
    "doorbell",
    SUPPORT,
    '[[listen]]\nport = 8883\nprotocol = "tcp"\nservice = "mosquitto"\nfrom = "lan"\n',
    '[[service]]\nname = "mosquitto"\nuser = "mosquitto"\n\n[[service]]\nname = "belld"\nuser = "bell"\n',
    '[[service]]\nname = "wpa_supplicant"\nuser = "nobody"\n',
    EGRESS,
    FILESYSTEM,
    UPDATE,
)

BELL_MISTAKES = (
    Mistake(
        "removable-media-executed",
        "POSIX sh, the dot command: reads and runs what lies on the card",
        "app_init.sh",
        {
            "system/init/app_init.sh": executable(
                BELL_START.replace(
                    "# for tests on the desk: if [ -f /media/sd/debug.sh ]; then . /media/sd/debug.sh; fi\n",
                    "mount -t vfat /dev/mmcblk1p1 /media/sd\n"
                    "if [ -f /media/sd/debug.sh ]; then . /media/sd/debug.sh; fi\n",
                )
            )
        },
    ),
    Mistake("init-script-writable", "follows from the dot command: what it reads lies on the card", "debug.sh"),
    Mistake(
        "advanced-mode-uncontrolled",
        "follows from the script of a card that is run as root: whoever brings one is in",
        "debug.sh",
    ),
    Mistake(
        "account-empty-password",
        "shadow(5): an empty second field needs no password",
        "root",
        {"etc/shadow": "root::20400:0:99999:7:::\nnobody:*:20400::::::\nbell:*:20400::::::\nmosquitto:*:20400::::::\n"},
    ),
    Mistake(
        "mqtt-anonymous",
        "mosquitto.conf(5), allow_anonymous",
        "mosquitto.conf",
        {"etc/mosquitto/mosquitto.conf": "listener 1883 0.0.0.0\nallow_anonymous true\npersistence false\n"},
    ),
    Mistake("plaintext-protocol", "mosquitto.conf(5), a listener without certfile speaks plain MQTT", "mqtt"),
    Mistake("undeclared-listener", "mosquitto.conf(5), listener PORT", "1883"),
    Mistake(
        "credential-hard-coded",
        "AWS access keys: AKIA and sixteen characters, a secret of forty",
        "cloud.ini",
        {
            "system/etc/cloud.ini": """\
[cloud]
endpoint = https://updates.maker.example
region = eu-central-1
aws_access_key_id = AKIAQX3VJ7RM2ZTKWL5D
aws_secret_access_key = t8GvYw2RkQ+5mXzL0nBp/4HsJc7DfEuA1oKqV9Zi
"""
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "cloud.ini"),
    Mistake(
        "private-key-embedded",
        "RFC 5915 (SEC 1 key), among a program's strings",
        "belld",
        {"system/bin/belld": executable(ELF + b"\0device cert ok\0\n" + EC_KEY.encode() + b"\0%s: handshake failed\0")},
        witness=Witness(("openssl", "pkey", "-in", "{root}/system/bin/belld"), r"BEGIN PRIVATE KEY", "openssl"),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "belld"),
    Mistake("debug-tool-shipped", "tcpdump(8)", "tcpdump", {"usr/sbin/tcpdump": BINARY}),
    Mistake("debug-tool-shipped", "gdbserver(1)", "gdbserver", {"usr/bin/gdbserver": BINARY}),
    Mistake(
        "credential-hard-coded",
        "wpa_supplicant.conf(5), psk",
        "wpa_supplicant.conf",
        {
            "etc/wpa_supplicant.conf": """\
ctrl_interface=DIR=/run/wpa_supplicant GROUP=root
network={
	ssid="maker-factory"
	key_mgmt=WPA-PSK
	psk="Gr8-Factory-Line-7"
	priority=9
}
"""
        },
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "wpa_supplicant.conf"),
    Mistake(
        "update-absent",
        "practice P26: no program of the image fetches or installs an update",
        without=(
            "usr/sbin/update-agent",
            "etc/init.d/S90update",
            "etc/init.d/S99good",
            "etc/update/key.pub",
            "etc/update/version",
        ),
    ),
    Mistake(
        "sysctl",
        "sysctl.conf(5): a later line wins; kernel.randomize_va_space in admin-guide/sysctl/kernel.rst",
        "randomize_va_space",
        {"etc/sysctl.conf": SYSCTL + "# the vendor's decoder needs fixed places\nkernel.randomize_va_space = 0\n"},
    ),
)

# ----------------------------------------------------------------------------------------------------- network store

NAS_INITTAB = """\
id:5:initdefault:
si::sysinit:/etc/rc.d/rc.sysinit
l0:0:wait:/etc/rc.d/rc 0
l5:5:wait:/etc/rc.d/rc 5
l6:6:wait:/etc/rc.d/rc 6
"""

NAS_SYSINIT = """\
. /usr/lib/nas/common.sh
mount -a
mount -t cgroup2 cgroup2 /sys/fs/cgroup -o nosuid,nodev,noexec
echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t securityfs securityfs /sys/kernel/security
sysctl -q -p /etc/sysctl.conf
apparmor_parser -r /etc/apparmor.d
/etc/init.d/data start
nft -f /etc/nftables.conf
say "base is up"
"""

NAS_RC = """\
for step in /etc/rc.d/rc"$1".d/S??*; do
	[ -x "$step" ] && "$step" start
done
"""

STATUS_PL = r"""#!/usr/bin/perl -T
# Space that is left on one of the shares.
use strict;
use warnings;
$ENV{PATH} = '/bin:/usr/bin';
my ($share) = ($ENV{QUERY_STRING} // '') =~ /\Ashare=([a-z0-9]{1,16})\z/ or exit print "Status: 400\r\n\r\n";
open(my $df, '-|', '/bin/df', '-k', "/data/shares/$share") or die;
print "Content-Type: text/plain\r\n\r\n", <$df>;
"""

STUNNEL = """\
foreground = yes
pid =
[backup]
client = yes
accept = 127.0.0.1:8730
connect = updates.maker.example:443
CAfile = /etc/ssl/certs/maker-ca.pem
verifyChain = yes
checkHost = updates.maker.example
sslVersionMin = TLSv1.2
"""

BACKUP = """\
# Sends the list of files to the owner's account. The token is the owner's, from pairing.
set -eu
token=$(cat /data/backup/token)
find /data/shares -type f | gzip > /run/list.gz
curl --proto '=https' --cacert /etc/ssl/certs/maker-ca.pem -fsS -H "Authorization: Bearer $token" \\
	-T /run/list.gz https://updates.maker.example/lists
"""

VSFTPD = (
    "listen=YES\nlisten_ipv6=NO\nanonymous_enable=YES\nanon_upload_enable=YES\nwrite_enable=YES\nlocal_enable=YES\n"
)

NAS: dict[str, Content] = {
    **{
        path: content
        for path, content in vendor_root(
            "StoreOS 4.2.0",
            ("web", 80),
            ("backup", 105),
            inputs=WEB_IN,
            mac={
                "usr.sbin.lighttpd": WEB_PROFILE,
                "usr.bin.stunnel": profile("/usr/bin/stunnel", "/etc/stunnel/* r,"),
            },
        ).items()
        if not path.startswith("etc/init.d/")
    },
    **{path: content for path, content in lighttpd().items() if not path.startswith("etc/init.d/")},
    "etc/inittab": NAS_INITTAB,
    "etc/rc.d/rc.sysinit": script(NAS_SYSINIT),
    "etc/rc.d/rc": script(NAS_RC),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD + 'cgi.assign = ( ".pl" => "/usr/bin/perl" )\n',
    "etc/init.d/data": script(
        "tpm2_unseal -c 0x81000001 -p pcr:sha256:0,7 | cryptsetup open --key-file - /dev/sda2 data\nmount /data\n"
    ),
    "etc/init.d/lighttpd": service_script(
        confined("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf", "web", "net_bind_service"), "lighttpd"
    ),
    "etc/init.d/stunnel": service_script(confined("/usr/bin/stunnel /etc/stunnel/stunnel.conf", "backup"), "stunnel"),
    "etc/init.d/crond": service_script(
        "\tstart-stop-daemon -S -b -m -p /run/crond.pid -x /usr/sbin/crond -- -f -c /etc/crontabs", "crond"
    ),
    "etc/init.d/update": script('[ "$1" = start ] && /usr/sbin/update-agent &\n'),
    "etc/init.d/vsftpd": service_script("\tstart-stop-daemon -S -b -x /usr/sbin/vsftpd -- /etc/vsftpd.conf", "vsftpd"),
    "etc/rc.d/rc5.d/S60lighttpd": link("../../init.d/lighttpd"),
    "etc/rc.d/rc5.d/S65stunnel": link("../../init.d/stunnel"),
    "etc/rc.d/rc5.d/S70crond": link("../../init.d/crond"),
    "etc/rc.d/rc5.d/S90update": link("../../init.d/update"),
    "etc/rc.d/rc5.d/K30vsftpd": link("../../init.d/vsftpd"),
    "etc/crontabs/root": "# m h dom mon dow\n17 3 * * * /usr/bin/setpriv --reuid backup --regid backup --clear-groups "
    "--no-new-privs /usr/bin/send-list\n",
    "etc/stunnel/stunnel.conf": STUNNEL,
    "etc/vsftpd.conf": "listen=NO\nanonymous_enable=NO\n",
    "usr/lib/nas/common.sh": 'say() { logger -t nas "$1"; }\n',
    "usr/share/www/cgi/space.pl": executable(STATUS_PL),
    "usr/bin/send-list": script(BACKUP),
    "usr/bin/stunnel": BINARY,
    "usr/sbin/vsftpd": BINARY,
    "usr/bin/perl": BINARY,
    "usr/bin/nvset": BINARY,
}

NAS_POLICY = policy(
    "store",
    SUPPORT,
    WEB_LISTEN,
    '[[listen]]\nport = 8730\nprotocol = "tcp"\nservice = "stunnel"\nfrom = "local"\n',
    '[[service]]\nname = "stunnel"\nuser = "backup"\n\n[[service]]\nname = "crond"\nuser = "root"\n',
    EGRESS,
    FILESYSTEM,
    UPDATE,
    architecture="mipsel",
)

NAS_MISTAKES = (
    Mistake(
        "ftp-enabled",
        "init.d(7), S links of the default run level; vsftpd.conf(5), listen, anonymous_enable",
        "vsftpd",
        {"etc/rc.d/rc5.d/S80vsftpd": link("../../init.d/vsftpd"), "etc/vsftpd.conf": VSFTPD},
        ("etc/rc.d/rc5.d/K30vsftpd",),
    ),
    Mistake("plaintext-protocol", "RFC 959; vsftpd.conf(5), ssl_enable is NO without a line", "ftp"),
    Mistake("undeclared-listener", "vsftpd.conf(5), listen_port is 21 without a line", "21"),
    *(one for one in stranger("vsftpd") if one.check != "service-runs-as-root"),
    Mistake(
        "script-injection",
        "perlsec(1), perlop(1) qx: a shell gets what the request says",
        "space.pl",
        {
            "usr/share/www/cgi/space.pl": executable(
                "#!/usr/bin/perl\nuse CGI;\nmy $q = CGI->new;\nmy $share = $q->param('share');\n"
                'print $q->header("text/plain");\nprint `df -k /data/shares/$share`;\n'
            )
        },
    ),
    Mistake("setuid-unexpected", "chmod(1), 4755", "nvset", {"usr/bin/nvset": executable(ELF, 0o4755)}),
    Mistake(
        "cron-unneeded",
        "crontab(5); the script lies in a share that every user of the network writes",
        "etc/crontabs/root",
        {
            "etc/crontabs/root": "*/5 * * * * sh /data/shares/public/hourly.sh\n",
            "data/shares/public/hourly.sh": script("find /data/shares/public -mtime +30 -delete\n", 0o777),
        },
    ),
    Mistake(
        "init-script-writable",
        "chmod(1): a start script with mode 0777",
        "stunnel",
        {
            "etc/init.d/stunnel": script(
                'case "$1" in start)\n'
                + confined("/usr/bin/stunnel /etc/stunnel/stunnel.conf", "backup")
                + ";; esac\n",
                0o777,
            )
        },
    ),
    Mistake("world-writable", "follows from the same mode", "stunnel"),
    Mistake(
        "rootfs-writable",
        "fstab(5), rw",
        "",
        {
            "etc/fstab": FSTAB.replace(
                "/dev/mapper/vroot  /      squashfs  ro,nodev    ", "/dev/sda1          /      ext4      rw,relatime "
            ).replace("/dev/mapper/data ", "/dev/sda2        ")
        },
        witness=Witness(
            ("findmnt", "--tab-file", "{root}/etc/fstab", "-n", "-o", "OPTIONS", "/"), r"^rw\b", "util-linux"
        ),
    ),
    Mistake("rootfs-unverified", "fstab(5): a plain partition of ext4, no device mapper", ""),
    Mistake("data-unencrypted", "fstab(5): /data is mounted from the partition itself", "/data"),
    Mistake(
        "world-writable",
        "chmod(1), 0666: rc.sysinit sources it as root",
        "common.sh",
        {"usr/lib/nas/common.sh": executable('say() { logger -t nas "$1"; }\n', 0o666)},
    ),
    Mistake("init-script-writable", "follows from the same mode: init runs what sources it", "common.sh"),
    Mistake(
        "tls-weak",
        "stunnel(8): sslVersion, verifyChain is no without a line",
        "stunnel.conf",
        {
            "etc/stunnel/stunnel.conf": """\
foreground = yes
pid =
[backup]
client = yes
accept = 127.0.0.1:8730
connect = updates.maker.example:443
sslVersion = TLSv1
ciphers = ALL:!aNULL:RC4
"""
        },
    ),
    Mistake(
        "credential-hard-coded",
        "RFC 3986, userinfo in a URL",
        "send-list",
        {
            "usr/bin/send-list": script(
                "find /data/shares -type f | gzip > /run/list.gz\n"
                "curl -fsS -T /run/list.gz https://uploader:q9VtRw3kLz7m@updates.maker.example/lists\n"
            )
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "send-list"),
)

SYSTEMS: tuple[Truth, ...] = (
    Truth("vendor-camera", "vendor", "script", CAMERA, CAMERA_MISTAKES, CAMERA_POLICY, low=LOW_UPDATER),
    Truth("vendor-recorder", "vendor", "script", RECORDER, RECORDER_MISTAKES, RECORDER_POLICY, low=LOW_UPDATER),
    Truth("vendor-doorbell", "vendor", "script", BELL, BELL_MISTAKES, BELL_POLICY, low=LOW_UPDATER),
    Truth("vendor-store", "vendor", "sysv", NAS, NAS_MISTAKES, NAS_POLICY, low=LOW_UPDATER),
)
