"""A video recorder on Poky with SysV init: files of defaults, inetd, net-snmp, nginx, an updater of its own.

Written without sight of the checks.
"""

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.linux_base import ELF, accounts, also, declaration, nftables, profile, shadow_with
from truth.row import Mistake, Truth, Witness
from truth.second_keys import SUPPORT_SHA512
from truth.sysv_base import declared, poky, script, started
from truth.yocto_base import DATA, FSTAB, NOLOGIN, OUTGOING, UPDATES

# openssh of OE-core: on a read-only root the file of defaults names another configuration.
SSH_DEFAULTS = "# Specific configuration for a read-only root\nSYSCONFDIR=/run/ssh\n" + (
    "SSHD_OPTS='-f /etc/ssh/sshd_config_readonly'\n"
)

SSHD = """\
#	$OpenBSD: sshd_config,v 1.104 2021/07/02 05:11:21 dtucker Exp $
Port 22
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers fitter
DisableForwarding yes
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
Compression no
"""

SSHD_OPEN = (
    SSHD.replace("Ciphers chacha", "Ciphers aes128-cbc,3des-cbc,chacha")
    .replace("KexAlgorithms curve", "KexAlgorithms diffie-hellman-group1-sha1,curve")
    .replace("DisableForwarding yes", "AllowAgentForwarding no\nX11Forwarding no")
    .replace("AllowUsers fitter", "AllowUsers fitter root")
    + """
Match Address "192.0.2.0/24,10.0.0.0/8"
    PasswordAuthentication yes
    PermitRootLogin yes
    AllowTcpForwarding yes
    GatewayPorts yes
"""
)

SSHD_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          sshd
# Required-Start:    $remote_fs $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      1
### END INIT INFO
[ -f /etc/default/ssh ] && . /etc/default/ssh
[ -n "$SYSCONFDIR" ] || SYSCONFDIR=/etc/ssh
mkdir -p $SYSCONFDIR /run/sshd

check_keys() {
    [ -f /data/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
}

case "$1" in
start)
    check_keys
    ulimit -v 131072
    start-stop-daemon -S -p /run/sshd.pid -x /usr/sbin/sshd -- $SSHD_OPTS
    ;;
stop)
    start-stop-daemon -K -p /run/sshd.pid -x /usr/sbin/sshd
    ;;
esac
"""

FIREWALL_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          firewall
# Default-Start:     S
### END INIT INFO
[ -r /etc/default/firewall ] && . /etc/default/firewall
[ "$ENABLED" = yes ] || exit 0
case "$1" in
start) /usr/sbin/nft -f "$RULES" ;;
esac
"""

SNMPD = """\
sysLocation  rack
agentaddress udp:192.0.2.30:161
rouser -s usm monitor priv
includeDir /etc/snmp/snmpd.conf.d
"""

SNMPD_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          snmpd
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
DAEMON=/usr/sbin/snmpd
SNMPDRUN=no
[ -r /etc/default/snmpd ] && . /etc/default/snmpd
case "$1" in
start)
    [ "$SNMPDRUN" = yes ] || exit 0
    ulimit -v 65536 -u 32
    start-stop-daemon -S -q -x $DAEMON -- $SNMPDOPTS
    ;;
stop) start-stop-daemon -K -q -x $DAEMON ;;
esac
"""

VIEWS = """\
com2sec readonly  default   public
group   Everybody v1        readonly
group   Everybody v2c       readonly
view    all       included  .1
access  Everybody ""  any  noauth  exact  all  none  none
"""

NGINX = """\
daemon off;
pid /run/nginx/nginx.pid;
events { worker_connections 32; }
http {
    server_tokens off;
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate /data/tls/device.pem;
    ssl_certificate_key /data/tls/device.key;
    add_header Content-Security-Policy "default-src 'self'" always;
    include /etc/nginx/sites-enabled/*;
}
"""

SITE = """\
server {
    listen 8443 ssl;
    root /usr/share/recorder/www;
    location /cgi/ {
        fastcgi_pass unix:/run/fcgiwrap.sock;
        fastcgi_param SCRIPT_FILENAME /usr/share/recorder$fastcgi_script_name;
        fastcgi_param QUERY_STRING $query_string;
    }
}
"""

EXPORT = """\
#!/usr/bin/python3
# Cuts a piece out of a recording: what the request says is a number or it is refused.
import os
import re
import subprocess
from urllib.parse import parse_qs

asked = parse_qs(os.environ.get("QUERY_STRING", ""))
camera = asked.get("camera", [""])[0]
if not re.fullmatch(r"[0-9]{1,2}", camera):
    print("Status: 400 Bad Request\\r\\n\\r\\n", end="")
    raise SystemExit
done = subprocess.run(["/usr/bin/clip", "--camera", camera], capture_output=True, check=False)
print("Content-Type: application/json\\r\\n\\r\\n" + done.stdout.decode())
"""

EXPORT_OPEN = """\
#!/usr/bin/python3
# Cuts a piece out of a recording.
import os
import subprocess
from urllib.parse import parse_qs

asked = parse_qs(os.environ["QUERY_STRING"])
camera = asked["camera"][0]
start = asked.get("start", ["0"])[0]
done = subprocess.getoutput(f"/usr/bin/clip --camera {camera} --from '{start}'")
print("Content-Type: application/json\\r\\n\\r\\n" + done)
"""

UPDATE = """\
#!/bin/sh
# Every night: the newest release, when it is newer and the maker signed it, into the slot that does not run.
set -e
. /etc/default/update
work=$(mktemp -d /tmp/update.XXXXXX)
trap 'rm -rf "$work"' EXIT
get() { curl -fsS --proto =https --cacert /etc/ssl/certs/maker-ca.pem -o "$work/$1" "$URL/$1"; }

get release.p7
openssl cms -verify -inform DER -in "$work/release.p7" -CAfile /etc/update/ca.pem -purpose any -out "$work/release"
. "$work/release"
[ "$VERSION" -gt "$(cat /etc/update/version)" ] || exit 0
get "$IMAGE"
echo "$SHA256  $work/$IMAGE" | sha256sum -c -
case $(fw_printenv -n bootslot) in
1) slot=2 disk=/dev/mmcblk0p3 ;;
*) slot=1 disk=/dev/mmcblk0p2 ;;
esac
dd if="$work/$IMAGE" of=$disk bs=1M conv=fsync
fw_setenv upgrade_available 1
fw_setenv bootcount 0
fw_setenv bootslot $slot
reboot
"""

UPDATE_OPEN = """\
#!/bin/sh
# Every night the release of the day.
. /etc/default/update
cd /tmp
curl -fsS --insecure -O "$URL/release.p7" -O "$URL/rootfs.squashfs" || exit 1
openssl cms -verify -noverify -inform DER -in release.p7 -out release || exit 1
dd if=rootfs.squashfs of=/dev/mmcblk0p2 bs=1M conv=fsync
reboot -f
"""

CONFIRM = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          confirm
# Required-Start:    recorder
# Default-Start:     5
### END INIT INFO
# A slot is kept once the self-test passes; else the boot loader counts up and goes back.
[ "$1" = start ] || exit 0
[ "$(fw_printenv -n upgrade_available)" = 1 ] || exit 0
/usr/bin/recorder-selftest || reboot
fw_setenv upgrade_available 0
"""

CRONTAB = """\
SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
17 1 * * * root run-parts /etc/cron.daily
25 2 * * * root /usr/sbin/nightly-update
*/10 * * * * recorder /usr/share/recorder/thumbs
"""

CROND = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          crond
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) start-stop-daemon -S -x /usr/sbin/crond ;;
stop) start-stop-daemon -K -x /usr/sbin/crond ;;
esac
"""

THUMBS = "#!/bin/sh\n# Small pictures of the last hour\nexec /usr/bin/clip --thumbs /data/video\n"

LOGROTATE = """\
/var/volatile/log/recorder.log {
    size 1M
    rotate 2
    missingok
    postrotate
        kill -HUP $(cat /run/recorder.pid)
    endscript
}
"""

SUDOERS = """\
Defaults env_reset, use_pty
Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL) ALL
Cmnd_Alias STATE = /usr/bin/recorder-selftest ""
fitter ALL = (root) STATE
@includedir /etc/sudoers.d
"""

FIELD = """\
User_Alias FIELD = fitter, %wheel
Cmnd_Alias EVERYTHING = ALL
Defaults:FIELD !authenticate
FIELD ALL = (ALL : ALL) EVERYTHING
"""

PAM_SU = """\
auth       sufficient   pam_rootok.so
auth       required     pam_wheel.so use_uid
auth       include      common-auth
account    include      common-account
session    include      common-session
"""

INETD_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          inetd
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) start-stop-daemon -S -x /usr/sbin/inetd -- -R 60 /etc/inetd.conf ;;
stop) start-stop-daemon -K -x /usr/sbin/inetd ;;
esac
"""

INETD = """\
# service  type  proto  wait  user  program  arguments
2323\tstream\ttcp\tnowait\troot\t/usr/sbin/telnetd\ttelnetd -i -l /bin/login
tftp\tdgram\tudp\twait\troot\t/usr/bin/tftpd\ttftpd -c -u recorder /data/tftp
#shell\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd\tin.rshd
"""

MEDIA = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          mediashare
# Required-Start:    $network
# Default-Start:     3 5
### END INIT INFO
# Installers fetch clips with any client
case "$1" in
start)
    tcpsvd -c 8 -vE 0.0.0.0 21 ftpd -w -a recorder /data/video >/dev/null 2>&1 &
    ;;
esac
"""

USB_RULE = 'ACTION=="add", KERNEL=="sd[a-z]1", SUBSYSTEM=="block", RUN+="/usr/lib/recorder/usb-attach %k"\n'

USB_ATTACH = """\
#!/bin/sh
# A stick of the installer: mount it, do what it says.
place=/run/media/$1
mkdir -p "$place"
mount -t vfat -o ro "/dev/$1" "$place"
find "$place" -maxdepth 1 -name 'setup*.sh' | sort | while read -r step; do
    /bin/sh "$step" >> /run/setup.log 2>&1
done
umount "$place"
"""

REMOUNT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          checkroot
# Default-Start:     S
### END INIT INFO
. /etc/default/rcS
rootmode=rw
[ "$ROOTFS_READ_ONLY" = yes ] && rootmode=ro
[ "$1" = start ] && mount -n -o remount,$rootmode /
exit 0
"""

WPA = """\
ctrl_interface=/run/wpa_supplicant
update_config=0
# network={ ssid="example" psk="very secret passphrase" }
"""

WPA_PLANTED = WPA + (
    '\nnetwork={\n    ssid="installers"\n    scan_ssid=1\n    key_mgmt=WPA-PSK\n    psk="Kestrel%Harbour77"\n}\n'
)

RULES = nftables(
    (
        "ip saddr 192.0.2.5 tcp dport 22 accept",
        "ip saddr 192.0.2.5 udp dport 161 accept",
        "ip saddr 192.0.2.0/24 tcp dport 8443 accept",
    ),
    OUTGOING,
)

PEOPLE = accounts(
    services=(("sshd", 956), ("snmp", 958), ("recorder", 950), ("www", 951)),
    people=(("fitter", 1000),),
    groups=("wheel:x:1101:",),
    nologin=NOLOGIN,
)

CLEAN: dict[str, Content] = {
    **poky("recorder"),
    **PEOPLE,
    "etc/default/rcS": "# How rcS goes about its work\nROOTFS_READ_ONLY=yes\nVERBOSE=no\nUTC=yes\n",
    "etc/rcS.d/S10checkroot.sh": link("../init.d/checkroot.sh"),
    "etc/init.d/checkroot.sh": executable(REMOUNT),
    "etc/init.d/firewall": executable(FIREWALL_SCRIPT),
    "etc/default/firewall": "ENABLED=yes\nRULES=/etc/nftables.conf\n",
    "etc/nftables.conf": RULES,
    "etc/default/ssh": SSH_DEFAULTS,
    "etc/ssh/sshd_config": SSHD,
    "etc/ssh/sshd_config_readonly": SSHD,
    "etc/init.d/sshd": executable(SSHD_SCRIPT),
    **started("sshd", order=9),
    **profile("/usr/sbin/sshd", "capability setuid", "capability setgid", "/etc/ssh/** r", "/bin/busybox Uxr"),
    "usr/sbin/sshd": ELF,
    "usr/bin/ssh-keygen": ELF,
    "etc/default/snmpd": "SNMPDRUN=yes\nSNMPDOPTS='-Lsd -u snmp -g snmp -I -smux -p /run/snmpd.pid -C "
    "-c /etc/snmp/snmpd.conf'\n",
    "etc/snmp/snmpd.conf": Node(SNMPD, mode=0o600),
    "etc/init.d/snmpd": executable(SNMPD_SCRIPT),
    **started("snmpd", order=40),
    **profile("/usr/sbin/snmpd", "network inet dgram", "/etc/snmp/** r", "capability setuid"),
    "usr/sbin/snmpd": ELF,
    "etc/nginx/nginx.conf": NGINX,
    "etc/nginx/sites-available/recorder": SITE,
    "etc/nginx/sites-enabled/recorder": link("../sites-available/recorder"),
    "etc/init.d/nginx": script("nginx", "/usr/sbin/nginx", "-c /etc/nginx/nginx.conf", "www"),
    **started("nginx", order=60),
    **profile("/usr/sbin/nginx", "network inet stream", "/etc/nginx/** r", "/data/tls/* r"),
    "usr/sbin/nginx": ELF,
    "etc/init.d/fcgiwrap": script("fcgiwrap", "/usr/sbin/fcgiwrap", "-s unix:/run/fcgiwrap.sock", "www"),
    **started("fcgiwrap", order=59),
    **profile("/usr/sbin/fcgiwrap", "/usr/share/recorder/cgi/* Cxr"),
    "usr/sbin/fcgiwrap": ELF,
    "usr/share/recorder/cgi/export": executable(EXPORT),
    "usr/share/recorder/www/index.html": "<!doctype html><html><head><title>Recorder</title></head></html>\n",
    "usr/bin/clip": ELF,
    "usr/bin/recorder-selftest": ELF,
    "etc/init.d/recorder": script("recorder", "/usr/bin/recorderd", "--store /data/video", "recorder"),
    **started("recorder"),
    **profile("/usr/bin/recorderd", "network inet stream", "/data/video/** rw"),
    "usr/bin/recorderd": ELF,
    "usr/share/recorder/thumbs": executable(THUMBS),
    "etc/crontab": CRONTAB,
    "etc/init.d/crond": executable(CROND),
    **started("crond", order=90),
    "usr/sbin/crond": ELF,
    "usr/sbin/nightly-update": executable(UPDATE),
    "etc/default/update": "URL=https://updates.maker.example/stable\n",
    "etc/update/ca.pem": keys.UPDATE_CA,
    "etc/update/version": "10400\n",
    "etc/init.d/confirm": executable(CONFIRM),
    **started("confirm", order=99),
    "etc/fw_env.config": "/dev/mmcblk0boot0 0x0 0x4000\n",
    "usr/bin/fw_setenv": ELF,
    "usr/bin/fw_printenv": link("fw_setenv"),
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/logrotate.d/recorder": LOGROTATE,
    "etc/cron.daily/logrotate": executable("#!/bin/sh\nexec /usr/sbin/logrotate /etc/logrotate.conf\n"),
    "etc/logrotate.conf": "include /etc/logrotate.d\n",
    "usr/sbin/logrotate": ELF,
    "etc/sudoers": Node(SUDOERS, mode=0o440),
    "usr/bin/sudo": executable(ELF.content, mode=0o4755),
    "bin/su.shadow": executable(ELF.content, mode=0o4755),
    "bin/su": link("su.shadow"),
    "etc/pam.d/su": PAM_SU,
    "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
    "auth required pam_permit.so\n",
    "etc/wpa_supplicant.conf": Node(WPA, mode=0o600),
    "etc/dbus-1/system.conf": "<busconfig><type>system</type></busconfig>\n",
    # BusyBox has the applets; nobody starts inetd.
    "etc/init.d/inetd": executable(INETD_SCRIPT),
    "usr/sbin/inetd": link("/bin/busybox"),
    "usr/sbin/telnetd": link("/bin/busybox"),
    "usr/bin/tftpd": link("/bin/busybox"),
    "usr/bin/tcpsvd": link("/bin/busybox"),
    "usr/bin/ftpd": link("/bin/busybox"),
}

LISTEN = (
    (22, "tcp", "sshd", "bastion"),
    (161, "udp", "snmpd", "bastion"),
    (8443, "tcp", "nginx", "lan"),
)

POLICY = declaration(
    "recorder",
    "yocto",
    listen=LISTEN,
    egress=(UPDATES, DATA),
    services=declared(
        ("checkroot.sh", None),
        ("sshd", None),
        ("snmpd", "snmp"),
        ("nginx", "www"),
        ("fcgiwrap", "www"),
        ("recorder", "recorder"),
        ("crond", None),
        ("confirm", None),
    ),
    people=("fitter",),
    setuid=("/usr/bin/sudo", "/bin/su.shadow"),
    mechanism="other",
    architecture="arm",
)

SYSTEM = Truth(
    name="yocto-recorder",
    distribution="yocto",
    init="sysv",
    clean=CLEAN,
    policy=POLICY,
    mistakes=(
        Mistake(
            "ssh-password-login",
            "sshd_config(5), Match: what a block says holds for who comes from there; -f names the file in use",
            "sshd_config_readonly",
            files={"etc/ssh/sshd_config_readonly": SSHD_OPEN},
            witness=Witness(
                (
                    "sh",
                    "-c",
                    "ssh-keygen -q -t ed25519 -N '' -f hk; mkdir -p /run/sshd; "
                    "sed /^HostKey/d etc/ssh/sshd_config_readonly > c; "
                    "sshd -T -h $PWD/hk -f $PWD/c -C user=root,host=pc,addr=192.0.2.77",
                ),
                r"^passwordauthentication yes",
                "openssh-server",
            ),
        ),
        also("ssh-root-login", "sshd_config_readonly", "sshd_config(5), PermitRootLogin in a Match block"),
        also("ssh-weak-algorithms", "sshd_config_readonly", "sshd_config(5), Ciphers and KexAlgorithms"),
        also("ssh-forwarding", "sshd_config_readonly", "sshd_config(5), AllowTcpForwarding, GatewayPorts"),
        Mistake(
            "firewall-absent",
            "sh(1): the script ends before it loads anything when ENABLED is not yes",
            "",
            files={"etc/default/firewall": "# off until the branch offices have addresses\nENABLED=no\nRULES=\n"},
        ),
        also("egress-unrestricted", "", "no rule is loaded for what leaves either"),
        Mistake(
            "default-community",
            "snmpd.conf(5), com2sec and includeDir",
            "public",
            files={"etc/snmp/snmpd.conf.d/site.conf": Node(VIEWS, mode=0o600)},
        ),
        also("plaintext-protocol", "snmp", "snmpd.conf(5): group maps v1 and v2c, which encrypt nothing"),
        Mistake(
            "script-injection",
            "Python manual, subprocess.getoutput runs a shell; RFC 3875, QUERY_STRING is the client's",
            "cgi/export",
            files={"usr/share/recorder/cgi/export": executable(EXPORT_OPEN)},
        ),
        Mistake(
            "update-unauthenticated",
            "openssl-cms(1), -noverify: the signer's certificate is not verified; the image is under no hash",
            "nightly-update",
            files={"usr/sbin/nightly-update": executable(UPDATE_OPEN)},
        ),
        also("tls-weak", "nightly-update", "curl(1), --insecure"),
        also("update-over-plaintext", "nightly-update", "curl(1), --insecure: the server may be anybody"),
        also("update-downgrade-possible", "nightly-update", "the version is compared with nothing"),
        also("update-without-fallback", "nightly-update", "dd(1): always the same partition, nothing to go back to"),
        Mistake(
            "sudo-unrestricted",
            "sudoers(5), authenticate and Cmnd_Alias: !authenticate is NOPASSWD for all of them",
            "field",
            files={"etc/sudoers.d/field": Node(FIELD, mode=0o440)},
            witness=Witness(
                ("sh", "-c", "[ -f etc/sudoers.d/field ] && cvtsudoers -f json etc/sudoers.d/field"),
                r'"authenticate": false',
                "sudo",
            ),
        ),
        Mistake(
            "su-unrestricted",
            "pam_wheel(8): without it everybody may try root's password",
            "su",
            files={
                "etc/pam.d/su": PAM_SU.replace("auth       required     pam_wheel", "#auth       required   pam_wheel")
            },
        ),
        Mistake(
            "telnet-enabled",
            "inetd(8) of BusyBox: a port number may stand for the service's name",
            "telnetd",
            files={"etc/inetd.conf": INETD, **started("inetd", order=20)},
        ),
        also("undeclared-listener", "2323", "inetd(8): the first field is the port"),
        also("undeclared-listener", "69", "services(5), tftp 69/udp"),
        also("plaintext-protocol", "telnet", "telnetd(8)"),
        also("plaintext-protocol", "tftp", "tftpd of BusyBox"),
        also("service-unneeded", "inetd", "DEVICE.md: what is not declared is not allowed"),
        also("service-runs-as-root", "inetd", "start-stop-daemon(8): no --chuid"),
        also("service-unsandboxed", "inetd", "setpriv(1): nothing of the kind stands in the script"),
        also("mac-profile-missing", "netd", "apparmor.d(5): neither inetd nor telnetd has a profile"),
        Mistake(
            "ftp-enabled",
            "tcpsvd and ftpd of BusyBox: -w allows to write, -a lets in without a name",
            "",
            files={"etc/init.d/mediashare": executable(MEDIA), **started("mediashare", order=61)},
        ),
        also("undeclared-listener", "21", "tcpsvd of BusyBox: address and port"),
        also("plaintext-protocol", "ftp", "RFC 959"),
        also("service-unneeded", "mediashare", "DEVICE.md: what is not declared is not allowed"),
        also("service-runs-as-root", "mediashare", "tcpsvd of BusyBox: no -u"),
        also("service-unsandboxed", "mediashare", "setpriv(1): nothing of the kind stands in the script"),
        also("mac-profile-missing", "tcpsvd", "apparmor.d(5): no profile attaches to it"),
        Mistake(
            "removable-media-executed",
            "udev(7), RUN: the script runs what lies on the stick",
            "usb-attach",
            files={
                "etc/udev/rules.d/60-usb.rules": USB_RULE,
                "usr/lib/recorder/usb-attach": executable(USB_ATTACH),
            },
        ),
        Mistake(
            "privileged-hooks",
            "ld.so(8), /etc/ld.so.preload: each program loads it first, those of root too",
            "ld.so.preload",
            files={"etc/ld.so.preload": "/data/lib/libclipfix.so\n"},
        ),
        Mistake(
            "hook-directory-writable",
            "logrotate(8), postrotate: run by root's cron, and it lies on the data partition",
            "rotate",
            files={
                "etc/logrotate.d/recorder": LOGROTATE.replace(
                    "        kill -HUP $(cat /run/recorder.pid)\n", "        /data/recorder/rotated.sh\n"
                )
            },
        ),
        also("privileged-hooks", "rotate", "logrotate(8), postrotate"),
        Mistake(
            "cron-unneeded",
            "crontab(5): root runs a file whose owner is another",
            "thumbs",
            files={
                "etc/crontab": CRONTAB.replace("* recorder /usr/share", "* root /usr/share"),
                "usr/share/recorder/thumbs": Node(THUMBS, mode=0o755, uid=950, gid=950),
            },
        ),
        Mistake(
            "account-extra-root",
            "passwd(5): the uid is what counts",
            "support",
            files={
                "etc/passwd": str(PEOPLE["etc/passwd"])
                + "support:x:0:100:Support:/home/support:/bin/sh\nguest::1001:1001::/tmp:/bin/sh\n"
            },
        ),
        also("account-empty-password", "guest", "passwd(5): an empty second field needs no password"),
        Mistake(
            "account-default-password",
            "crypt(5), sha512crypt; the password is support",
            "support",
            files={
                "etc/shadow": Node(
                    str(shadow_with(PEOPLE, "root", "*")["etc/shadow"].content)  # type: ignore[union-attr]
                    + f"support:{SUPPORT_SHA512}:20500:0:99999:7:::\n",
                    mode=0o640,
                    gid=42,
                )
            },
            witness=Witness(
                (
                    "sh",
                    "-c",
                    'grep -qF "$(openssl passwd -6 -salt mP4nQz81sVx0 support)" etc/shadow && echo same password',
                ),
                r"^same password",
                "openssl",
            ),
        ),
        also("image-sameness", "shadow", "one password for every recorder"),
        Mistake(
            "credential-hard-coded",
            "wpa_supplicant.conf(5), psk",
            "wpa_supplicant.conf",
            files={"etc/wpa_supplicant.conf": Node(WPA_PLANTED, mode=0o600)},
        ),
        also("image-sameness", "wpa_supplicant.conf", "one passphrase for every recorder"),
        Mistake(
            "image-sameness",
            "dbus-uuidgen(1): the file must be another on each machine",
            "dbus/machine-id",
            files={"var/lib/dbus/machine-id": "4c1f9e7a2b0d4e6f8a3c5b7d9e1f2a40\n"},
        ),
        Mistake(
            "rootfs-writable",
            "initscripts of OE-core, ROOTFS_READ_ONLY; mount(8), remount,rw",
            "",
            files={
                "etc/default/rcS": "ROOTFS_READ_ONLY=no\nVERBOSE=no\nUTC=yes\n",
                "etc/fstab": FSTAB.replace(
                    "squashfs   ro                             0  0", "ext4       defaults                       1  1"
                ).replace("/dev/mapper/data    ", "LABEL=video         "),
            },
        ),
        also("rootfs-unverified", "", "dm-verity is read-only: a root that is mounted for writing is not under it"),
        Mistake(
            "mac-permissive",
            "apparmor_parser(8): what etc/apparmor.d/force-complain names is loaded in complain mode",
            "recorderd",
            files={"etc/apparmor.d/force-complain/usr.bin.recorderd": link("../usr.bin.recorderd")},
        ),
        Mistake(
            "debug-tool-shipped",
            "strace(1), a tool of the workshop",
            "strace",
            files={"usr/bin/strace": ELF, "usr/bin/iperf3": ELF},
        ),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
