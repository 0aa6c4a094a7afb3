"""Buildroot: BusyBox or SysV init, scripts in /etc/init.d, mdev or udev, and the mistakes that are made with them."""

import struct

from firmward.model.memory import Node, executable, link
from truth.buildroot_base import (
    INITTAB,
    RAUC,
    RAUC_CONF,
    SWUPDATE,
    SWUPDATE_CFG,
    SYSV_INITTAB,
    bare,
    buildroot,
    confined,
    iptables,
    nft_files,
    nftables,
    policy,
    script,
)
from truth.kernel_files import VERSION, kernel_config
from truth.old_software import HEARTBLEED, Excerpt, unnamed
from truth.openwrt_base import listen, service
from truth.row import Mistake, Truth
from truth.small_base import (
    COMMAND_LINE,
    ELF,
    PROGRAM,
    also,
    filters,
    hashed,
    page,
    profile,
    programs,
    secret,
    shadow,
    shell,
)
from truth.small_keys import (
    DROPBEAR_ECDSA,
    EC_KEY_PKCS8,
    EXPIRED_CERTIFICATE,
    PUBLIC_KEY,
    ROOT_MD5,
    SSH_AUTHORIZED,
    STRONG_DES,
    UBNT_BCRYPT,
)

START = "Buildroot manual, init system: /etc/init.d/rcS runs /etc/init.d/S??*"
LOGIN = '[[account]]\nname = "service"\nlogin = true\nreason = "workshop, by key"\n'

LIGHTTPD = """\
server.document-root = "/var/www"
server.port = 443
server.bind = "0.0.0.0"
server.username = "www-data"
server.groupname = "www-data"
server.tag = ""
server.modules = ( "mod_openssl", "mod_access", "mod_setenv" )
ssl.engine = "enable"
ssl.pemfile = "/data/lighttpd/server.pem"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")
setenv.add-response-header = (
	"Content-Security-Policy" => "default-src 'self'",
	"Strict-Transport-Security" => "max-age=31536000"
)
dir-listing.activate = "disable"
url.access-deny = ( "~", ".inc" )
index-file.names = ( "index.html" )
# server.modules += ( "mod_status" )
"""

# A camera: lighttpd over TLS, RTSP over TLS, RAUC, iptables, mdev.

CAMERA = {
    **buildroot(("camera", 990)),
    **RAUC,
    **iptables(443, 322),
    "etc/lighttpd/lighttpd.conf": LIGHTTPD + 'include "conf.d/*.conf"\n',
    "etc/lighttpd/conf.d/10-mime.conf": 'mimetype.assign = ( ".html" => "text/html", ".js" => "text/javascript" )\n',
    "etc/init.d/S50lighttpd": confined(
        "lighttpd", "/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf", "www-data", "net_bind_service"
    ),
    "etc/apparmor.d/usr.sbin.lighttpd": profile(
        "/usr/sbin/lighttpd", "network inet stream", "/var/www/** r", "/data/lighttpd/* r"
    ),
    "usr/sbin/lighttpd": PROGRAM,
    "var/www/index.html": page("Camera", "Ready."),
    "etc/init.d/S60camera": confined(
        "camera", "/usr/bin/camera -c /etc/camera/camera.conf", capability="net_bind_service"
    ),
    "etc/camera/camera.conf": "listen = 322\ntls = 1.2\ncertificate = /data/camera/camera.pem\n",
    "etc/camera/cloud.json": '{\n  "host": "updates.maker.example",\n  "user": "",\n  "password": ""\n}\n',
    "etc/apparmor.d/usr.bin.camera": profile(
        "/usr/bin/camera", "network inet stream", "/etc/camera/* r", "/dev/video0 rw"
    ),
    "usr/bin/camera": PROGRAM,
    "etc/init.d/S10mdev": script("echo /sbin/mdev > /proc/sys/kernel/hotplug\n/sbin/mdev -s"),
    "etc/mdev.conf": "null root:root 666\nzero root:root 666\nvideo[0-9]+ root:camera 660\nsd[a-z].* root:root 600\n",
    "sbin/mdev": link("/bin/busybox"),
    # No inetd is started; the line shows what was once there.
    "etc/inetd.conf": "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
    **filters("lighttpd", "camera"),
}

CAMERA_SECTIONS = (
    listen(443, "lighttpd")
    + listen(322, "camera")
    + service("lighttpd", "www-data", "/data/lighttpd", "32M")
    + service("camera", "camera", "/data/camera", "32M")
)

SET_CGI = """\
#!/bin/sh
read -r body
name=$(echo "$body" | sed -n 's/^name=\\([^&]*\\).*/\\1/p')
result=`sh -c "hostname $name && echo $name > /data/hostname"`
printf 'Content-Type: text/plain\\r\\n\\r\\n%s\\n' "$result"
"""

AUTOMOUNT = """\
#!/bin/sh
# mdev runs this as root for each partition of a stick.
[ "$ACTION" = add ] || exit 0
mkdir -p /media/$MDEV
mount /dev/$MDEV /media/$MDEV
if [ -x /media/$MDEV/update.sh ]; then
	/media/$MDEV/update.sh
fi
"""

CAMERA_SYSTEM = Truth(
    name="buildroot-camera",
    distribution="buildroot",
    init="busybox",
    clean=CAMERA,
    policy=policy("camera", CAMERA_SECTIONS),
    mistaken_policy=policy("camera", CAMERA_SECTIONS, until="2025-12-31"),
    mistakes=(
        Mistake(
            "account-default-password",
            "crypt(5), md5crypt; the password is root",
            "root",
            {"etc/shadow": secret(shadow("www-data", "camera", root=ROOT_MD5))},
            witness=hashed("1", "a8Qw2ZxV", "root"),
        ),
        *also(
            "crypt(5), md5crypt; the same in every camera", ("account-weak-hash", "root"), ("image-sameness", "shadow")
        ),
        Mistake(
            "telnet-enabled",
            "BusyBox inetd; /etc/inetd.conf",
            "telnet",
            {
                "etc/inetd.conf": "#time stream tcp nowait root internal\n"
                "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
                "etc/init.d/S45inetd": bare("inetd", "/usr/sbin/inetd -f /etc/inetd.conf"),
                "usr/sbin/inetd": link("/bin/busybox"),
                "usr/sbin/telnetd": link("/bin/busybox"),
            },
        ),
        *also(
            "BusyBox inetd, telnetd",
            ("plaintext-protocol", "telnet"),
            ("undeclared-listener", "23"),
            ("service-unneeded", "inetd"),
            ("service-runs-as-root", "inetd"),
            ("service-unsandboxed", "inetd"),
            ("mac-profile-missing", ""),
        ),
        Mistake(
            "web-server-misconfigured",
            "lighttpd, mod_dirlisting dir-listing.activate and mod_status; an included file wins",
            "lighttpd",
            {
                "etc/lighttpd/conf.d/90-debug.conf": 'server.modules += ( "mod_status", "mod_cgi" )\n'
                'status.status-url = "/server-status"\n'
                '$HTTP["url"] =~ "^/clips/" { dir-listing.activate = "enable" }\n'
                'cgi.assign = ( ".cgi" => "/bin/sh" )\n'
            },
            witness=shell(
                "lighttpd -p -f {root}/etc/lighttpd/lighttpd.conf",
                r"status\.status-url\s+= \"/server-status\"",
                "lighttpd",
            ),
        ),
        Mistake(
            "script-injection",
            "RFC 3875: the body of a POST is the client's; sh(1), -c",
            "set.cgi",
            {"var/www/cgi-bin/set.cgi": executable(SET_CGI)},
        ),
        Mistake(
            "removable-media-executed",
            "BusyBox docs/mdev.txt: * runs the command as root",
            "mdev",
            {
                "etc/mdev.conf": str(CAMERA["etc/mdev.conf"]).replace(
                    "sd[a-z].* root:root 600", "sd[a-z][0-9]+ root:root 660 */lib/mdev/automount"
                ),
                "lib/mdev/automount": executable(AUTOMOUNT),
            },
        ),
        Mistake(
            "init-script-writable",
            "sh(1), dot: the init script sources a file from the data partition",
            "camera",
            {
                "etc/init.d/S60camera": confined(
                    "camera",
                    "/usr/bin/camera -c /etc/camera/camera.conf",
                    capability="net_bind_service",
                    rest="[ -r /data/camera.env ] && . /data/camera.env\n",
                )
            },
        ),
        Mistake(
            "firewall-default-accept",
            "iptables(8), -P; iptables-restore(8)",
            "",
            {"etc/iptables.conf": str(CAMERA["etc/iptables.conf"]).replace(":INPUT DROP", ":INPUT ACCEPT")},
        ),
        Mistake(
            "rootfs-writable",
            "Buildroot, BR2_TARGET_GENERIC_REMOUNT_ROOTFS_RW; mount(8), remount,rw",
            "",
            {
                "etc/inittab": INITTAB.replace(
                    "# The root stays read-only: no remount,rw here.", "::sysinit:/bin/mount -o remount,rw /"
                ),
                "etc/fstab": str(CAMERA["etc/fstab"]).replace("/\tsquashfs\tro,nodev", "/\text4\trw,noauto"),
            },
            witness=shell(
                "findmnt --tab-file {root}/etc/fstab --noheadings --output OPTIONS --target / --first-only",
                "^rw",
                "util-linux",
            ),
        ),
        Mistake("rootfs-unverified", "follows from ext4 for writing in the place of the verified squashfs", ""),
        Mistake(
            "update-without-fallback",
            "RAUC reference, slot and bootloader: one slot, noop",
            "",
            {
                "etc/rauc/system.conf": RAUC_CONF[: RAUC_CONF.index("[slot.rootfs.1]")]
                .replace("bootloader=uboot", "bootloader=noop")
                .replace("min-bundle-version=14.0.0\n", "")
            },
        ),
        *also("RAUC reference, min-bundle-version", ("update-downgrade-possible", "")),
        Mistake(
            "credential-hard-coded",
            "RFC 8259; one account for every camera",
            "cloud.json",
            {
                "etc/camera/cloud.json": '{\n  "host": "updates.maker.example",\n  "user": "camera",\n'
                '  "password": "Wq7-mistral-Tango"\n}\n'
            },
        ),
        Mistake("image-sameness", "follows from the credential: alike in every copy", "cloud.json"),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)


# A controller: dropbear by key, Modbus behind a TLS gateway, SWUpdate, a VLAN for the machine.

CONTROLLER_INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp

auto eth0.30
iface eth0.30 inet static
	address 192.168.30.1
	netmask 255.255.255.0
	vlan-raw-device eth0
"""

DROPBEAR_SCRIPT = script(
    """DROPBEAR_ARGS="-w -s -g -j -k -r /data/dropbear/dropbear_ed25519_host_key"
[ -r /etc/default/dropbear ] && . /etc/default/dropbear
start-stop-daemon -S -q -p /run/dropbear.pid -x /usr/sbin/dropbear -- $DROPBEAR_ARGS""",
    "start-stop-daemon -K -q -p /run/dropbear.pid",
)

DROPBEAR_FILES = {
    "etc/init.d/S50dropbear": DROPBEAR_SCRIPT,
    "etc/apparmor.d/usr.sbin.dropbear": profile(
        "/usr/sbin/dropbear", "network inet stream", "capability setuid", "capability setgid", "/data/dropbear/* r"
    ),
    "usr/sbin/dropbear": PROGRAM,
}

CONTROLLER = {
    **buildroot(("fieldbus", 991), login="service"),
    **SWUPDATE,
    **DROPBEAR_FILES,
    **nft_files(nftables(22, 802)),
    "etc/network/interfaces": CONTROLLER_INTERFACES,
    "etc/init.d/S70fieldbus": confined(
        "fieldbus", "/usr/bin/fieldbus -c /etc/fieldbus.conf", capability="net_bind_service"
    ),
    "etc/fieldbus.conf": "# Modbus security: TLS with client certificates\nprotocol = mbaps\nlisten = 0.0.0.0:802\n",
    "etc/apparmor.d/usr.bin.fieldbus": profile("/usr/bin/fieldbus", "network inet stream", "/etc/fieldbus.conf r"),
    "usr/bin/fieldbus": PROGRAM,
    "usr/share/doc/fieldbus/example.conf": "# an example\nprotocol = modbus\nlisten = 0.0.0.0:502\npassword = secret\n",
    **filters("fieldbus"),
}

CONTROLLER_SECTIONS = (
    listen(22, "dropbear")
    + listen(802, "fieldbus", "machine")
    + service("dropbear")
    + service("fieldbus", "fieldbus", "/data/fieldbus", "32M")
    + LOGIN
    + '[[zone]]\nname = "machine"\nvlan = 30\n'
)

UDHCPC_EVAL = """\
#!/bin/sh
[ -z "$1" ] && exit 1
case "$1" in
deconfig) ip addr flush dev "$interface" ;;
bound|renew)
	ip addr add "$ip/$mask" dev "$interface"
	eval "DEVICE_NAME=$hostname"
	eval "SEARCH=$domain"
	hostname "$DEVICE_NAME"
	;;
esac
"""

CONTROLLER_SYSTEM = Truth(
    name="buildroot-controller",
    distribution="buildroot",
    init="busybox",
    clean=CONTROLLER,
    policy=policy("controller", CONTROLLER_SECTIONS, "swupdate"),
    mistaken_policy=policy("controller", CONTROLLER_SECTIONS, "swupdate").replace('after = "reduced-network"\n', ""),
    mistakes=(
        Mistake(
            "plaintext-protocol",
            "Modbus Messaging on TCP/IP, port 502",
            "502",
            {
                "etc/fieldbus.conf": "protocol = modbus\nlisten = 0.0.0.0:502\n",
                "etc/init.d/S70fieldbus": confined(
                    "fieldbus",
                    "/usr/bin/fieldbus -c /etc/fieldbus.conf --modbus-tcp --port 502",
                    capability="net_bind_service",
                ),
            },
        ),
        *also("Modbus Messaging on TCP/IP, port 502", ("undeclared-listener", "502")),
        Mistake(
            "update-unauthenticated",
            "SWUpdate, swupdate.cfg: public-key-file",
            "swupdate",
            {"etc/swupdate.cfg": SWUPDATE_CFG.replace("\tpublic-key-file", "\t# public-key-file")},
        ),
        Mistake(
            "update-over-plaintext",
            "SWUpdate, -d -u http",
            "http://",
            {
                "usr/libexec/fetch-update": executable(
                    str(SWUPDATE["usr/libexec/fetch-update"].content).replace("https://", "http://")
                )
            },
        ),
        Mistake(
            "web-server-misconfigured",
            "BusyBox httpd: no TLS, CGI as the user of -u",
            "httpd",
            {
                "etc/init.d/S51httpd": script("start-stop-daemon -S -x /usr/sbin/httpd -- -p 8080 -h /www -u root"),
                "usr/sbin/httpd": link("/bin/busybox"),
                "www/cgi-bin/info": executable("#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nuptime\n"),
            },
        ),
        *also(
            "BusyBox httpd, -p",
            ("undeclared-listener", "8080"),
            ("plaintext-protocol", "8080"),
            ("service-unneeded", "httpd"),
            ("service-runs-as-root", "httpd"),
            ("service-unsandboxed", "httpd"),
            ("mac-profile-missing", "httpd"),
        ),
        Mistake(
            "script-injection",
            "udhcpc, options as environment: hostname and domain are the DHCP server's",
            "default.script",
            {"usr/share/udhcpc/default.script": executable(UDHCPC_EVAL)},
        ),
        Mistake(
            "hook-directory-writable",
            "ifup, run-parts /etc/network/if-up.d",
            "if-up.d",
            {"etc/network/if-up.d": link("/data/network/if-up.d")},
        ),
        *also("ifup runs it as root, and it leads out of the image", ("privileged-hooks", "if-up.d")),
        Mistake(
            "account-weak-hash",
            "crypt(5), descrypt",
            "root",
            {"etc/shadow": secret(shadow("www-data", "fieldbus", "service", root=STRONG_DES))},
            witness=shell("awk -F: '$1 == \"root\" {print length($2)}' etc/shadow", "^13$", "mawk"),
        ),
        *also("one password for every controller", ("image-sameness", "shadow")),
        Mistake(
            "backdoor-listener",
            "socat(1), TCP-LISTEN, EXEC",
            "4444",
            {
                "etc/init.d/S99debug": script(
                    "/usr/bin/socat TCP-LISTEN:4444,reuseaddr,fork EXEC:/bin/sh,pty,stderr &"
                ),
                "usr/bin/socat": PROGRAM,
            },
        ),
        *also(
            START,
            ("undeclared-listener", "4444"),
            ("service-unneeded", "debug"),
            ("service-runs-as-root", "debug"),
            ("service-unsandboxed", "debug"),
            ("debug-tool-shipped", "socat"),
            ("mac-profile-missing", ""),
        ),
        Mistake(
            "segmentation-missing",
            "interfaces(5), vlan-raw-device",
            "machine",
            {"etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"},
        ),
        Mistake(
            "key-beside-data",
            "cryptsetup(8), --key-file",
            "data.key",
            {
                "etc/init.d/S03data": script(
                    "cryptsetup open --type luks2 --key-file /usr/share/keys/data.key /dev/mmcblk0p5 data\nmount /data"
                ),
                "usr/share/keys/data.key": Node(bytes(range(7, 39)), mode=0o600),
            },
        ),
        Mistake("image-sameness", "the key is alike in every copy", "data.key"),
        Mistake(
            "hardware-key-store-unused",
            "device.toml, filesystem.key_store: the only disk has its key in a file",
            "caam",
        ),
        Mistake("expiry-undefined", "device.toml, support.after", ""),
    ),
)


# A recorder: nginx with PHP, OpenSSH by key, RAUC, an encrypted disk for the recordings.

NGINX = """\
user www-data;
worker_processes 1;
events { worker_connections 64; }
http {
	server_tokens off;
	autoindex off;
	server {
		listen 443 ssl;
		ssl_certificate /data/nginx/server.pem;
		ssl_certificate_key /data/nginx/server.key;
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;
		add_header Content-Security-Policy "default-src 'self'";
		add_header Strict-Transport-Security "max-age=31536000";
		root /var/www;
		location ~ \\.php$ {
			fastcgi_pass unix:/run/php-fpm.sock;
			fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
		}
	}
}
"""

SSHD = """\
Include /etc/ssh/sshd_config.d/*.conf
Port 22
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
AllowUsers service
AllowTcpForwarding no
X11Forwarding no
AllowAgentForwarding no
PermitTunnel no
# PermitRootLogin yes
"""

# Paths in the file are the device's: the witness makes them the folder's, and gives a host key.
SSHD_SAYS = (
    "ssh-keygen -q -t ed25519 -N '' -f hostkey; "
    "sed -e 's#/etc/ssh/#{root}/etc/ssh/#' -e '/^HostKey/d' etc/ssh/sshd_config > sshd_config; "
    "mkdir -p /run/sshd; sshd -T -h {root}/hostkey -f {root}/sshd_config"
)

RECORDER = {
    **buildroot(("sshd", 74), ("recorder", 992), login="service"),
    **RAUC,
    **nft_files(nftables(22, 443)),
    "etc/nginx/nginx.conf": NGINX,
    "etc/init.d/S50nginx": confined(
        "nginx", "/usr/sbin/nginx -g 'daemon off;' -c /etc/nginx/nginx.conf", "www-data", "net_bind_service"
    ),
    "etc/apparmor.d/usr.sbin.nginx": profile(
        "/usr/sbin/nginx", "network inet stream", "/etc/nginx/* r", "/var/www/** r"
    ),
    "usr/sbin/nginx": PROGRAM,
    "etc/init.d/S49php-fpm": confined("php-fpm", "/usr/sbin/php-fpm -F -y /etc/php-fpm.conf", "www-data"),
    "etc/php-fpm.conf": "[www]\nuser = www-data\ngroup = www-data\nlisten = /run/php-fpm.sock\nlisten.mode = 0660\n"
    "pm = static\npm.max_children = 2\n",
    "usr/sbin/php-fpm": PROGRAM,
    "etc/apparmor.d/usr.sbin.php-fpm": profile("/usr/sbin/php-fpm", "/etc/php-fpm.conf r", "/var/www/** r"),
    "var/www/index.php": "<?php\n// The name is escaped before it is shown.\n"
    "echo htmlspecialchars(file_get_contents('/data/recorder/name'), ENT_QUOTES);\n",
    "var/www/inc/db.php": (
        "<?php\ndefine('DB_USER', 'recorder');\ndefine('DB_PASSWORD', trim(file_get_contents('/data/recorder/db')));\n"
    ),
    "etc/ssh/sshd_config": SSHD,
    "etc/ssh/sshd_config.d/10-modern.conf": "KexAlgorithms curve25519-sha256\nCiphers aes256-gcm@openssh.com\n"
    "MACs hmac-sha2-512-etm@openssh.com\n",
    "etc/init.d/S50sshd": script(
        "[ -f /data/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /data/ssh/ssh_host_ed25519_key\n"
        "/usr/sbin/sshd",
        "killall sshd",
    ),
    "etc/apparmor.d/usr.sbin.sshd": profile(
        "/usr/sbin/sshd", "network inet stream", "capability setuid", "/data/ssh/* r"
    ),
    "usr/sbin/sshd": PROGRAM,
    "etc/init.d/S60recorder": confined("recorder", "/usr/bin/recorder --store /data/recorder"),
    "usr/bin/recorder": PROGRAM,
    "usr/libexec/rotate.sh": executable("#!/bin/sh\nfind /data/recorder -name '*.ts' -mtime +30 -delete\n"),
    "etc/crontabs/root": str(RAUC["etc/crontabs/root"]) + "5 * * * * /usr/libexec/rotate.sh\n",
    **filters("nginx", "php-fpm", "recorder"),
}

RECORDER_SECTIONS = (
    listen(22, "sshd")
    + listen(443, "nginx")
    + service("sshd")
    + service("nginx", "www-data", "/data/nginx", "32M")
    + service("php-fpm", "www-data", "/data/php-fpm", "32M")
    + service("recorder", "recorder", "/data/recorder", "32M")
    + LOGIN
)

RECORDER_SYSTEM = Truth(
    name="buildroot-recorder",
    distribution="buildroot",
    init="busybox",
    clean=RECORDER,
    policy=policy("recorder", RECORDER_SECTIONS),
    mistaken_policy=policy("recorder", RECORDER_SECTIONS).replace("until = 2027-12-31\n", ""),
    mistakes=(
        Mistake(
            "ssh-weak-algorithms",
            "sshd_config(5), Ciphers, KexAlgorithms; the first value counts, Include comes first",
            "",
            {
                "etc/ssh/sshd_config.d/05-old-clients.conf": "Ciphers aes256-gcm@openssh.com,3des-cbc\n"
                "KexAlgorithms +diffie-hellman-group1-sha1\nMACs hmac-md5\n"
            },
            witness=shell(SSHD_SAYS, "^ciphers .*3des-cbc", "openssh-server"),
        ),
        Mistake(
            "ssh-password-login",
            "sshd_config(5), Match",
            "",
            {
                "etc/ssh/sshd_config": SSHD
                + "\nMatch Address 192.168.0.0/16,10.0.0.0/8\n\tPasswordAuthentication yes\n"
                "\tPermitRootLogin yes\n\tAllowUsers service root\n"
            },
            witness=shell(
                f"{SSHD_SAYS} -C user=service,host=desk,addr=192.168.1.5,laddr=192.168.1.1,lport=22",
                "^passwordauthentication yes",
                "openssh-server",
            ),
        ),
        *also("sshd_config(5), Match, PermitRootLogin", ("ssh-root-login", "")),
        Mistake(
            "tls-weak",
            "nginx, ssl_protocols, ssl_ciphers",
            "nginx",
            {
                "etc/nginx/nginx.conf": NGINX.replace("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2").replace(
                    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", "ALL:!aNULL:RC4+RSA:+LOW:3DES"
                )
            },
        ),
        Mistake(
            "certificate-weak",
            "x509(1), -checkend",
            "recorder.pem",
            {"etc/nginx/recorder.pem": EXPIRED_CERTIFICATE},
            witness=shell("openssl x509 -in etc/nginx/recorder.pem -noout -checkend 0", "will expire", "openssl"),
        ),
        Mistake(
            "private-key-embedded",
            "pkcs8(1); the certificate beside it has its public half",
            "recorder.key",
            {"etc/nginx/recorder.key": secret(EC_KEY_PKCS8)},
            witness=shell("openssl pkey -in etc/nginx/recorder.key -noout -text", "^Private-Key", "openssl"),
        ),
        *also("one key for every recorder", ("image-sameness", "recorder.key")),
        Mistake(
            "data-unencrypted",
            "fstab(5): the disk itself is mounted",
            "",
            {
                "etc/fstab": str(CAMERA["etc/fstab"]).replace(
                    "/dev/mapper/data\t/data\text4\tnoauto,nosuid,nodev,noexec", "/dev/sda1\t/data\text4\tdefaults"
                ),
                "etc/init.d/S03data": script("mount /data"),
            },
            witness=shell(
                "findmnt --tab-file {root}/etc/fstab --noheadings --output SOURCE,OPTIONS --target /data --first-only",
                "^/dev/sda1 +defaults",
                "util-linux",
            ),
        ),
        *also("mount(8): neither nosuid, nodev nor noexec", ("mount-options", "/data")),
        Mistake(
            "credential-hard-coded",
            "PHP, define",
            "db.php",
            {
                "var/www/inc/db.php": (
                    "<?php\ndefine('DB_USER', 'recorder');\ndefine('DB_PASSWORD', 'H7!corvus-9Lane');\n"
                )
            },
        ),
        Mistake("image-sameness", "follows from the credential: alike in every copy", "db.php"),
        Mistake(
            "world-writable",
            "chmod(1), 0777; crontab(5)",
            "rotate.sh",
            {"usr/libexec/rotate.sh": executable("#!/bin/sh\nrm -f /data/recorder/*.old\n", mode=0o777)},
            witness=shell("find {root} -type f -perm -0002", "rotate.sh", "findutils"),
        ),
        *also("crontab(5): root runs it", ("cron-unneeded", "rotate.sh")),
        Mistake(
            "sysctl",
            "sysctl.d(5): a later file wins",
            "dmesg_restrict",
            {
                "etc/sysctl.d/99-tuning.conf": (
                    "kernel.dmesg_restrict = 0\nnet.ipv4.tcp_syncookies = 0\nvm.swappiness = 10\n"
                )
            },
        ),
        *also("sysctl.d(5)", ("sysctl", "tcp_syncookies")),
        Mistake(
            "ftp-enabled",
            "BusyBox tcpsvd, ftpd -w",
            "ftp",
            {
                "etc/init.d/S70ftp": script("/usr/bin/tcpsvd -vE 0.0.0.0 21 ftpd -w /data/recorder &"),
                "usr/bin/tcpsvd": link("/bin/busybox"),
                "usr/sbin/ftpd": link("/bin/busybox"),
            },
        ),
        *also(
            "BusyBox tcpsvd: port 21, in clear, as root",
            ("plaintext-protocol", "ftp"),
            ("undeclared-listener", "21"),
            ("service-unneeded", "ftp"),
            ("service-runs-as-root", "ftp"),
            ("service-unsandboxed", "ftp"),
            ("mac-profile-missing", ""),
        ),
        Mistake(
            "advanced-mode-uncontrolled",
            "a request opens the developer's mode, nobody has to be there and nothing is wiped",
            "dev.php",
            {
                "var/www/dev.php": "<?php\nif (($_GET['developer_mode'] ?? '') === '1') {\n"
                "    file_put_contents('/data/developer_mode', '1');\n    exec('/usr/sbin/enable-root-shell');\n}\n",
                "usr/sbin/enable-root-shell": executable("#!/bin/sh\npasswd -d root\nkill -HUP 1\n"),
            },
            witness=shell("php -l var/www/dev.php", "No syntax errors", "php-cli"),
        ),
        Mistake("support-period-missing", "device.toml, support.until", ""),
    ),
)


# A meter: SNMP v3 and MQTT over TLS, dropbear by key, SWUpdate.

SNMPD = """\
agentaddress udp:161
# The user's keys are made on first start and lie under /data.
rouser operator priv
# rocommunity public
"""

MOSQUITTO = """\
per_listener_settings false
allow_anonymous false
password_file /data/mosquitto/passwd
listener 8883
certfile /data/mosquitto/server.crt
keyfile /data/mosquitto/server.key
tls_version tlsv1.2
include_dir /etc/mosquitto/conf.d
"""

METER = {
    **buildroot(("snmp", 993), ("mosquitto", 994), login="service"),
    **SWUPDATE,
    **DROPBEAR_FILES,
    **nft_files(
        nftables(22, 8883).replace(
            "\t\tmeta l4proto {", "\t\tip saddr 192.168.0.0/16 udp dport 161 accept\n\t\tmeta l4proto {", 1
        )
    ),
    "etc/init.d/S59snmpd": confined(
        "snmpd", "/usr/sbin/snmpd -f -Ls d -C -c /etc/snmp/snmpd.conf", "snmp", "net_bind_service"
    ),
    "etc/snmp/snmpd.conf": SNMPD,
    "etc/apparmor.d/usr.sbin.snmpd": profile(
        "/usr/sbin/snmpd", "network inet dgram", "/etc/snmp/* r", "/data/snmpd/* rw"
    ),
    "usr/sbin/snmpd": PROGRAM,
    "etc/init.d/S61mosquitto": confined("mosquitto", "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"),
    "etc/mosquitto/mosquitto.conf": MOSQUITTO,
    "etc/mosquitto/conf.d/10-limits.conf": "max_connections 32\nmessage_size_limit 65536\n",
    "etc/apparmor.d/usr.sbin.mosquitto": profile("/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/** r"),
    "usr/sbin/mosquitto": PROGRAM,
    "usr/bin/meter-read": PROGRAM,
    "usr/bin/meter-cal": PROGRAM,
    **filters("snmpd", "mosquitto"),
}

METER_SECTIONS = (
    listen(22, "dropbear")
    + listen(161, "snmpd", protocol="udp")
    + listen(8883, "mosquitto")
    + service("dropbear")
    + service("snmpd", "snmp", "/data/snmpd", "32M")
    + service("mosquitto", "mosquitto", "/data/mosquitto", "32M")
    + LOGIN
)

DAC_OVERRIDE = struct.pack("<5I", 0x02000001, 1 << 1, 0, 0, 0)

METER_SYSTEM = Truth(
    name="buildroot-meter",
    distribution="buildroot",
    init="busybox",
    clean=METER,
    policy=policy("meter", METER_SECTIONS, "swupdate").replace("encrypted = ", "setuid = []\nencrypted = "),
    mistakes=(
        Mistake(
            "ssh-empty-passwords",
            "dropbear(8), -B; the init script reads /etc/default/dropbear",
            "",
            {"etc/default/dropbear": 'DROPBEAR_ARGS="-B -w -j -k -r /data/dropbear/dropbear_ed25519_host_key"\n'},
        ),
        *also("dropbear(8), -s is not given", ("ssh-password-login", "")),
        Mistake(
            "account-empty-password",
            "shadow(5), encrypted password",
            "service",
            {"etc/shadow": secret(shadow("www-data", "snmp", "mosquitto") + "service::19800:0:99999:7:::\n")},
            witness=shell('awk -F: \'$2 == "" {print $1, "has none"}\' etc/shadow', "^service has none", "mawk"),
        ),
        Mistake(
            "ssh-authorized-key-baked-in",
            "dropbear(8), authorized_keys",
            "authorized_keys",
            {"root/.ssh/authorized_keys": secret(SSH_AUTHORIZED)},
        ),
        Mistake(
            "ssh-host-key-baked-in",
            "dropbear(8), Host Key Files",
            "dropbear_ecdsa_host_key",
            {"etc/dropbear/dropbear_ecdsa_host_key": Node(DROPBEAR_ECDSA, mode=0o600)},
            witness=shell("dropbearkey -y -f etc/dropbear/dropbear_ecdsa_host_key", "^ecdsa-sha2", "dropbear-bin"),
        ),
        *also(
            "one key for every meter",
            ("private-key-embedded", "dropbear_ecdsa_host_key"),
            ("image-sameness", "dropbear_ecdsa_host_key"),
        ),
        Mistake(
            "default-community",
            "snmpd.conf(5), rocommunity, rwcommunity",
            "public",
            {
                "etc/snmp/snmpd.conf": (
                    "agentaddress udp:161\nrocommunity public default\nrwcommunity private 192.168.0.0/16\n"
                )
            },
        ),
        *also("snmpd.conf(5): version 2c", ("default-community", "private"), ("plaintext-protocol", "snmp")),
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5), include_dir: a later file adds a listener and lets everybody in",
            "mosquitto",
            {"etc/mosquitto/conf.d/90-test.conf": "allow_anonymous true\nlistener 1883 0.0.0.0\n"},
        ),
        *also("mosquitto.conf(5), listener", ("undeclared-listener", "1883"), ("plaintext-protocol", "1883")),
        Mistake(
            "su-unrestricted",
            "su(1), pam_wheel(8) is not asked for",
            "su",
            {
                "bin/su": executable(ELF, mode=0o4755),
                "etc/pam.d/su": (
                    "auth sufficient pam_rootok.so\n# auth required pam_wheel.so use_uid\nauth required pam_unix.so\n"
                ),
            },
        ),
        *also("chmod(1), 4755", ("setuid-unexpected", "bin/su")),
        Mistake(
            "setuid-unexpected",
            "chmod(1), 2755 and 4755",
            "meter-cal",
            {"usr/bin/meter-cal": executable(ELF, mode=0o6755)},
        ),
        Mistake(
            "capability-unexpected",
            "capabilities(7): cap_dac_override",
            "meter-read",
            {"usr/bin/meter-read": Node(ELF, mode=0o755, xattrs=(("security.capability", DAC_OVERRIDE),))},
        ),
        Mistake(
            "remote-shell-enabled",
            "inetd(8), rshd(8)",
            "",
            {
                "etc/inetd.conf": "shell stream tcp nowait root /usr/sbin/in.rshd in.rshd -L\n",
                "etc/init.d/S45inetd": bare("inetd", "/usr/sbin/inetd -f /etc/inetd.conf"),
                "usr/sbin/inetd": link("/bin/busybox"),
                "usr/sbin/in.rshd": PROGRAM,
            },
        ),
        *also(
            "services(5), shell 514/tcp",
            ("undeclared-listener", "514"),
            ("plaintext-protocol", ""),
            ("service-unneeded", "inetd"),
            ("service-runs-as-root", "inetd"),
            ("service-unsandboxed", "inetd"),
            ("mac-profile-missing", ""),
        ),
        Mistake(
            "firewall-absent",
            f"{START}; a script that may not be executed does not run",
            "",
            {"etc/init.d/S35nftables": Node(METER["etc/init.d/S35nftables"].content, mode=0o644)},
        ),
        *also(
            "follows from the script that does not run: nothing keeps what leaves in", ("egress-unrestricted", "output")
        ),
        Mistake(
            "update-not-automatic",
            "crontab(5): nobody calls the updater",
            "",
            {"etc/crontabs/root": "0 4 * * * /bin/sync\n"},
        ),
    ),
)


# A hub on a Raspberry Pi with signed boot: SysV init, udev, a player; the updater is the maker's own.

HUB_UPDATE = """\
#!/bin/sh
# Verifies, refuses what is older, writes the slot that does not run and tries it once.
set -eu
cd "$(mktemp -d /tmp/hub.XXXXXX)"
for part in manifest manifest.sig image; do
	curl -fsS --cacert /etc/ssl/certs/maker.pem -o $part https://updates.maker.example/hub/$part
done
openssl dgst -sha256 -verify /etc/hub/update.pem -signature manifest.sig manifest || exit 1
new=$(sed -n 's/^version=//p' manifest)
[ "$new" -gt "$(cat /etc/hub/version)" ] || exit 0
echo "$(sed -n 's/^sha256=//p' manifest)  image" | sha256sum -c - || exit 1
[ "$(cat /run/slot)" = a ] && device=/dev/mmcblk0p3 || device=/dev/mmcblk0p2
dd if=image of=$device bs=1M conv=fsync
# tryboot starts the other slot once; without mark-good the next start is the old one.
reboot "0 tryboot"
"""

WPA = 'ctrl_interface=/run/wpa_supplicant\n# network={\n#\tssid="example"\n#\tpsk="very secret"\n# }\n'

HUB_CONFIG = f"boot/config-{VERSION}"
HUB_KERNEL = (
    "CONFIG_MODULES=y", "CONFIG_MODULE_SIG=y", "CONFIG_MODULE_SIG_FORCE=y",
    "CONFIG_SECURITY=y", "CONFIG_SECURITY_APPARMOR=y", 'CONFIG_LSM="landlock,lockdown,yama,apparmor"',
    "CONFIG_NET=y", "CONFIG_INET=y", "CONFIG_IPV6=y",
    "CONFIG_NETFILTER=y", "CONFIG_NF_TABLES=y", "CONFIG_NF_TABLES_INET=y",
    "CONFIG_CGROUPS=y", "CONFIG_MEMCG=y", "CONFIG_CGROUP_PIDS=y", "CONFIG_CFS_BANDWIDTH=y",
    "CONFIG_TEE=y", "CONFIG_OPTEE=y",
)  # fmt: skip

HUB = {
    **buildroot(("player", 995), inittab=SYSV_INITTAB),
    **nft_files(nftables(8443)),
    "boot/cmdline.txt": f"root=/dev/mapper/root rootfstype=squashfs {COMMAND_LINE}\n",
    HUB_CONFIG: kernel_config(*HUB_KERNEL),
    "usr/sbin/hub-update": executable(HUB_UPDATE),
    "etc/hub/update.pem": PUBLIC_KEY,
    "etc/hub/version": "14\n",
    "etc/init.d/S99mark-good": script("/usr/libexec/selftest && /usr/libexec/keep-slot"),
    "etc/crontabs/root": "17 3 * * * /usr/sbin/hub-update\n",
    "etc/init.d/S60player": confined("player", "/usr/bin/player --config /etc/player.toml"),
    "etc/player.toml": '[api]\nlisten = "0.0.0.0:8443"\ntls = true\ncertificate = "/data/player/player.crt"\n',
    "etc/apparmor.d/usr.bin.player": profile("/usr/bin/player", "network inet stream", "/etc/player.toml r"),
    "etc/udev/rules.d/60-audio.rules": 'SUBSYSTEM=="sound", GROUP="player", MODE="0660"\n',
    "etc/init.d/S10udev": script("/sbin/udevd -d\nudevadm trigger --type=devices --action=add"),
    "etc/wpa_supplicant.conf": WPA,
    **programs(
        "usr/bin/player",
        "sbin/udevd",
        "usr/bin/curl",
        "usr/bin/openssl",
        "usr/libexec/selftest",
        "usr/libexec/keep-slot",
    ),
    **filters("player"),
}

HUB_SECTIONS = listen(8443, "player") + service("player", "player", "/data/player", "32M") + service("udev")

HUB_WISHES = "\n[kernel]\nlive_patching = true\n"

PANEL = """\
#!/usr/bin/python3
import http.server
import subprocess


class Panel(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(subprocess.check_output(["uptime"]))


http.server.HTTPServer(("0.0.0.0", 8000), Panel).serve_forever()
"""

HUB_SYSTEM = Truth(
    name="buildroot-hub",
    distribution="buildroot",
    init="sysv",
    clean=HUB,
    policy=policy("hub", HUB_SECTIONS, "other"),
    mistaken_policy=policy("hub", HUB_SECTIONS + HUB_WISHES, "other").replace('"caam"', '"optee"'),
    advisories=Excerpt(),
    mistakes=(
        HEARTBLEED,
        unnamed("opt/acme/bin/cloudlink"),
        Mistake(
            "kernel-cmdline",
            "kernel-parameters.txt: mitigations, nokaslr",
            "mitigations",
            {
                "boot/cmdline.txt": "root=/dev/mapper/root rootfstype=squashfs "
                + COMMAND_LINE.replace("mitigations=auto,nosmt", "mitigations=off nokaslr init=/bin/sh")
                + "\n"
            },
        ),
        *also("kernel-parameters.txt", ("kernel-cmdline", "nokaslr"), ("kernel-cmdline", "init")),
        Mistake(
            "kernel-modules-unsigned",
            "module-signing.rst: without CONFIG_MODULE_SIG the kernel looks at no signature at all",
            "enforcement",
            {
                HUB_CONFIG: kernel_config(
                    "CONFIG_MODULES=y",
                    "# CONFIG_MODULE_SIG is not set",
                    "CONFIG_DEVMEM=y",
                    "# CONFIG_STACKPROTECTOR_STRONG is not set",
                    "# CONFIG_STRICT_KERNEL_RWX is not set",
                    "CONFIG_NET=y",
                    "CONFIG_INET=y",
                    "# CONFIG_NETFILTER is not set",
                    "# CONFIG_CGROUPS is not set",
                    "# CONFIG_SECURITY is not set",
                )
            },
        ),
        *also(
            "Kernel Self-Protection Project, Recommended Settings",
            ("kernel-config", "CONFIG_MODULE_SIG "),
            ("kernel-config", "CONFIG_MODULE_SIG_FORCE"),
            ("kernel-config", "CONFIG_DEVMEM"),
            ("kernel-config", "CONFIG_STRICT_DEVMEM"),
            ("kernel-config", "CONFIG_STACKPROTECTOR_STRONG"),
            ("kernel-config", "CONFIG_STRICT_KERNEL_RWX"),
        ),
        *also(
            "Kconfig: what is not set is not built; the declaration counts on OP-TEE and on live patches",
            ("kernel-lsm-missing", "AppArmor"),
            ("kernel-netfilter-missing", "filter no packets"),
            ("kernel-cgroups-missing", "control groups"),
            ("kernel-optee-missing", "OP-TEE"),
            ("kernel-live-patching-absent", "patched while it runs"),
        ),
        Mistake(
            "kernel-module-unneeded",
            "socket(2): AF_TIPC has the kernel ask for net-pf-30, an alias of this module",
            "tipc",
            {f"lib/modules/{VERSION}/kernel/net/tipc/tipc.ko": b"\x7fELF" + bytes(60)},
        ),
        Mistake(
            "update-unauthenticated",
            "sh(1) runs what wget(1) brings",
            "",
            {
                "usr/sbin/hub-update": executable(
                    "#!/bin/sh\nwget -qO- http://updates.maker.example/hub/update.sh | sh\n"
                )
            },
        ),
        *also(
            "wget(1), http; nothing compares, nothing falls back",
            ("update-over-plaintext", "http"),
            ("update-downgrade-possible", ""),
            ("update-without-fallback", ""),
        ),
        Mistake(
            "upnp-exposed",
            "miniupnpd.conf(5), secure_mode, allow",
            "",
            {
                "etc/miniupnpd.conf": "ext_ifname=eth0\nlistening_ip=wlan0\n"
                "http_port=5000\nenable_upnp=yes\nenable_natpmp=yes\n"
                "secure_mode=no\nallow 0-65535 0.0.0.0/0 0-65535\n",
                "etc/init.d/S52miniupnpd": bare("miniupnpd", "/usr/sbin/miniupnpd -d -f /etc/miniupnpd.conf"),
                "usr/sbin/miniupnpd": PROGRAM,
            },
        ),
        *also(
            START,
            ("undeclared-listener", "5000"),
            ("undeclared-listener", "1900"),
            ("service-unneeded", "miniupnpd"),
            ("service-runs-as-root", "miniupnpd"),
            ("service-unsandboxed", "miniupnpd"),
            ("mac-profile-missing", "miniupnpd"),
        ),
        Mistake(
            "egress-unrestricted",
            "nft(8), policy of the output hook",
            "",
            {
                "etc/nftables.conf": nftables(8443).replace(
                    "output priority 0; policy drop;", "output priority 0; policy accept;"
                )
            },
            witness=shell(
                "nft -c -a -f etc/nftables.conf; grep output etc/nftables.conf", "output .*policy accept", "nftables"
            ),
        ),
        Mistake(
            "web-server-homegrown",
            "Python, http.server is not recommended for production",
            "panel",
            {"usr/bin/panel.py": executable(PANEL), "etc/init.d/S55panel": bare("panel", "/usr/bin/panel.py")},
            witness=shell("python3 -m py_compile usr/bin/panel.py && echo compiles", "compiles", "python3"),
        ),
        *also(
            START,
            ("service-unneeded", "panel"),
            ("service-runs-as-root", "panel"),
            ("service-unsandboxed", "panel"),
            ("undeclared-listener", "8000"),
            ("plaintext-protocol", "8000"),
            ("mac-profile-missing", "panel"),
        ),
        Mistake(
            "service-unsandboxed",
            START,
            "player",
            {"etc/init.d/S60player": bare("player", "/usr/bin/player --config /etc/player.toml")},
        ),
        *also(START, ("service-runs-as-root", "player"), ("service-without-limits", "player")),
        Mistake(
            "removable-media-executed",
            "udev(7), RUN",
            "99-stick",
            {
                "etc/udev/rules.d/99-stick.rules": 'ACTION=="add", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", '
                'ENV{ID_FS_USAGE}=="filesystem", '
                "RUN+=\"/bin/sh -c 'mount $devnode /mnt && sh /mnt/autorun.sh'\"\n"
            },
        ),
        Mistake(
            "image-sameness",
            "machine-id(5): it is to be empty in an image",
            "machine-id",
            {"etc/machine-id": "5f0c2b7e9a1d4c3388e6b0a4d2f19c77\n"},
        ),
        Mistake(
            "mount-options",
            "fstab(5), mount(8)",
            "/tmp",
            {
                "etc/fstab": str(CAMERA["etc/fstab"]).replace(
                    "/tmp\ttmpfs\tnosuid,nodev,noexec,mode=1777,size=32m", "/tmp\ttmpfs\tmode=1777"
                )
            },
            witness=shell(
                "findmnt --tab-file {root}/etc/fstab --noheadings --output OPTIONS --target /tmp --first-only",
                "^mode=1777$",
                "util-linux",
            ),
        ),
        *also("tmpfs(5), size: half of the memory where none is given", ("mount-options", "size /tmp")),
        Mistake("debug-tool-shipped", "strace(1)", "strace", {"usr/bin/strace": PROGRAM}),
        Mistake(
            "account-default-password",
            "crypt(5), bcrypt; the password is ubnt",
            "root",
            {"etc/shadow": secret(shadow("www-data", "player", root=UBNT_BCRYPT))},
        ),
        Mistake(
            "credential-hard-coded",
            "wpa_supplicant.conf(5), psk",
            "wpa_supplicant",
            {"etc/wpa_supplicant.conf": WPA + 'network={\n\tssid="MakerSetup"\n\tpsk="granite-harbor-52"\n}\n'},
        ),
        *also("one password for every hub", ("image-sameness", "shadow"), ("image-sameness", "wpa_supplicant")),
    ),
)

SYSTEMS: tuple[Truth, ...] = (CAMERA_SYSTEM, CONTROLLER_SYSTEM, RECORDER_SYSTEM, METER_SYSTEM, HUB_SYSTEM)
