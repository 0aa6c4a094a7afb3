"""What Poky 5.0 images are made of under SysV init: inittab, rcS and rc5, scripts that source files of defaults."""

from firmward.model.memory import Content, executable, link
from truth.linux_base import ELF, SYSCTL, folder
from truth.yocto_base import APPLETS, FSTAB, OS_RELEASE

INITTAB = """\
# /etc/inittab: init(8) configuration
id:5:initdefault:
si::sysinit:/etc/init.d/rcS
l0:0:wait:/etc/init.d/rc 0
l1:1:wait:/etc/init.d/rc 1
l5:5:wait:/etc/init.d/rc 5
l6:6:wait:/etc/init.d/rc 6
z6:6:respawn:/sbin/sulogin
# S0:12345:respawn:/sbin/getty -L ttyS0 115200 vt100
# T0:5:respawn:/usr/sbin/telnetd -F
"""

RC = """\
#!/bin/sh
# Starts what the runlevel's folder names, in order
runlevel=$1
for script in /etc/rc$runlevel.d/K*; do
    [ -x "$script" ] && "$script" stop
done
for script in /etc/rc$runlevel.d/S*; do
    [ -x "$script" ] && "$script" start
done
"""

BOOTMISC = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          bootmisc
# Required-Start:    $local_fs
# Default-Start:     S
### END INIT INFO
if [ -f /etc/sysctl.conf ] && [ -x /sbin/sysctl ]; then
    /sbin/sysctl -q -p /etc/sysctl.conf
fi
"""

MOUNTALL = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          mountall
# Default-Start:     S
### END INIT INFO
mount -at nonfs,nosmbfs,noncpfs 2>/dev/null
"""

CRYPTDATA = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          cryptdata
# Default-Start:     S
### END INIT INFO
# The TPM gives the key away only to the software that was measured
[ "$1" = start ] || exit 0
tpm2_unseal -Q -c 0x81000001 -p pcr:sha256:0,7 | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p4 data
"""

NETWORKING = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          networking
# Default-Start:     2 3 4 5
### END INIT INFO
case "$1" in
start) ifup -a ;;
stop) ifdown -a ;;
esac
"""

INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet static
    address 192.0.2.20
    netmask 255.255.255.0
    gateway 192.0.2.1
"""

APPARMOR = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          apparmor
# Required-Start:    mountall
# Default-Start:     S
### END INIT INFO
[ "$1" = start ] || exit 0
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
exec /sbin/apparmor_parser -r -W /etc/apparmor.d
"""

FIREWALL = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          firewall
# Default-Start:     S
### END INIT INFO
case "$1" in
start) /usr/sbin/nft -f /etc/nftables.conf ;;
esac
"""

SWUPDATE = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          swupdate
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
DAEMON=/usr/bin/swupdate
copy=copy-a
grep -q firmware.copy=a /proc/cmdline && copy=copy-b
ARGS="-f /etc/swupdate.cfg -k /etc/swupdate/public.pem -N 1.4.0 -e stable,$copy"
case "$1" in
start)
    ulimit -v 131072
    id="-i $(tr -d '\\0' < /proc/device-tree/serial-number)"
    start-stop-daemon --start --background --make-pidfile --pidfile /run/swupdate.pid --exec $DAEMON -- $ARGS -u "$id"
    ;;
stop) start-stop-daemon --stop --pidfile /run/swupdate.pid ;;
esac
"""

SWUPDATE_CONF = """\
globals : {
    verbose = false;
    loglevel = 3;
    syslog = true;
    bootloader = "uboot";
    postupdatecmd = "/sbin/reboot";
};

suricatta : {
    tenant = "default";
    url = "https://updates.maker.example";
    polldelay = 3600;
    nocheckcert = false;
    cafile = "/etc/ssl/certs/maker-ca.pem";
    sslkey = "/data/identity/device.key";
    sslcert = "/data/identity/device.pem";
};
"""

KILL = "start-stop-daemon --stop --pidfile /run"


def script(name: str, program: str, arguments: str, user: str | None, before: str = "") -> Content:
    """A daemon's init script: a user of its own, no new privileges, limits."""
    who = "" if user is None else f"--chuid {user}:{user} "
    confined = "/usr/bin/setpriv -- --no-new-privs --inh-caps=-all" if user is not None else "$DAEMON --"
    daemon = " $DAEMON" if user is not None else ""
    return executable(
        f"""\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $network
# Default-Start:     2 3 4 5
### END INIT INFO
DAEMON={program}
{before}case "$1" in
start)
    ulimit -v 65536 -u 32
    start-stop-daemon --start --background --make-pidfile --pidfile /run/{name}.pid \\
        {who}--exec {confined}{daemon} {arguments}
    ;;
stop) {KILL}/{name}.pid ;;
esac
"""
    )


def started(name: str, level: str = "5", order: int = 50) -> dict[str, Content]:
    return {f"etc/rc{level}.d/S{order:02}{name}": link(f"../init.d/{name}")}


def poky(hostname: str) -> dict[str, Content]:
    """A root without merged /usr, read-only, its data partition opened with a key that the TPM holds."""
    return {
        "tmp": folder(0o1777),
        "sbin/init": ELF,
        "bin/busybox": ELF,
        **{f"bin/{name}": link("busybox") for name in APPLETS},
        "etc/inittab": INITTAB,
        "etc/init.d/rc": executable(RC),
        "etc/init.d/rcS": executable("#!/bin/sh\nexec /etc/init.d/rc S\n"),
        "etc/init.d/mountall.sh": executable(MOUNTALL),
        "etc/init.d/bootmisc.sh": executable(BOOTMISC),
        "etc/init.d/cryptdata": executable(CRYPTDATA),
        "etc/init.d/networking": executable(NETWORKING),
        "etc/init.d/apparmor": executable(APPARMOR),
        "etc/init.d/firewall": executable(FIREWALL),
        "etc/rcS.d/S02cryptdata": link("../init.d/cryptdata"),
        "etc/rcS.d/S03mountall.sh": link("../init.d/mountall.sh"),
        "etc/rcS.d/S04apparmor": link("../init.d/apparmor"),
        "etc/rcS.d/S05firewall": link("../init.d/firewall"),
        "etc/rcS.d/S36bootmisc.sh": link("../init.d/bootmisc.sh"),
        "etc/rc5.d/S01networking": link("../init.d/networking"),
        "etc/network/interfaces": INTERFACES,
        "etc/sysctl.conf": SYSCTL,
        "etc/fstab": FSTAB,
        "etc/os-release": OS_RELEASE,
        "etc/hostname": f"{hostname}\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n198.51.100.20 data.maker.example\n",
        "etc/resolv.conf": "nameserver 192.0.2.1\n",
        "etc/apparmor.d/tunables/global": "@{HOME}=/home/*/ /root/\n@{PROC}=/proc/\n@{run}=/run/\n",
        "etc/apparmor.d/abstractions/base": "  /lib/** mr,\n  /usr/lib/** mr,\n  /dev/null rw,\n",
        "sbin/apparmor_parser": ELF,
        "sbin/sysctl": ELF,
        "sbin/start-stop-daemon": ELF,
        "usr/bin/setpriv": ELF,
        "usr/sbin/nft": ELF,
        "usr/sbin/cryptsetup": ELF,
        "usr/bin/tpm2_unseal": ELF,
    }


def swupdate(public: str, authority: str) -> dict[str, Content]:
    return {
        "etc/init.d/swupdate": executable(SWUPDATE),
        **started("swupdate", order=70),
        "etc/swupdate.cfg": SWUPDATE_CONF,
        "etc/swupdate/public.pem": public,
        "etc/hwrevision": "board 1.0\n",
        "etc/ssl/certs/maker-ca.pem": authority,
        "usr/bin/swupdate": ELF,
    }


BASE_SERVICES = ("mountall.sh", "bootmisc.sh", "cryptdata", "networking", "apparmor", "firewall")


def declared(*names: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [*((name, None) for name in BASE_SERVICES), *names]
