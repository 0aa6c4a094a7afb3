"""A sensor on Poky with SysV init: an address from udhcpc, mdev for its devices, SWUpdate by its arguments."""

from firmward.model.memory import Content, executable, link
from truth import planted_keys as keys
from truth.linux_base import COMMAND_LINE, ELF, accounts, also, declaration, nftables, passwd_with, profile
from truth.row import Mistake, Truth, Witness
from truth.sysv_base import CRYPTDATA, INTERFACES, SWUPDATE, SWUPDATE_CONF, declared, poky, script, started, swupdate
from truth.yocto_base import DATA, NOLOGIN, OUTGOING, UPDATES

DHCP = INTERFACES[: INTERFACES.index("static")] + "dhcp\n"

UDHCPC = """\
#!/bin/sh
# Called by udhcpc with the event and the lease in the environment
case "$1" in
bound | renew)
    ip addr replace "$ip/$mask" dev "$interface"
    [ -n "$router" ] && ip route replace default via "$router" dev "$interface"
    ;;
deconfig) ip addr flush dev "$interface" ;;
esac
"""

MDEV = """\
# device owner mode command
null root:root 666
random root:root 444
ttyS1 sensor:sensor 660
# sd[a-z][0-9] root:root 660 */usr/lib/mdev/automount.sh
"""

AUTORUN = """\
#!/bin/sh
# Sticks of the service personnel bring their own script
[ "$ACTION" = add ] || exit 0
mkdir -p /run/media/$MDEV
mount /dev/$MDEV /run/media/$MDEV && sh /run/media/$MDEV/autorun.sh
"""

UNSEAL = "tpm2_unseal -Q -c 0x81000001 -p pcr:sha256:0,7"

LATE = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          sensor-late
# Default-Start:     2 3 4 5
### END INIT INFO
[ "$1" = start ] || exit 0
logger "sensor is up"
"""

UENV = f"""\
bootargs=root=/dev/dm-0 rootwait {COMMAND_LINE} dm-mod.create="root,,,ro,0 65536 verity 1 /dev/mmcblk0p2 \
/dev/mmcblk0p2 4096 4096 8192 8193 sha256 {"7d" * 32} {"b2" * 32}"
uenvcmd=load mmc 0:1 ${{loadaddr}} fitImage; bootm ${{loadaddr}}
"""

CLEAN: dict[str, Content] = {
    **poky("sensor"),
    **swupdate(keys.UPDATE_RSA_PUBLIC, keys.CA),
    **accounts(services=(("sensor", 950),), nologin=NOLOGIN),
    "etc/nftables.conf": nftables((), (*OUTGOING, "udp sport 68 udp dport 67 accept")),
    "etc/network/interfaces": DHCP,
    "etc/udhcpc.d/50default": executable(UDHCPC),
    "usr/share/udhcpc/default.script": executable('#!/bin/sh\nexec run-parts -a "$1" /etc/udhcpc.d\n'),
    "sbin/udhcpc": link("/bin/busybox"),
    "etc/mdev.conf": MDEV,
    "etc/init.d/mdev": executable(
        "#!/bin/sh\n### BEGIN INIT INFO\n# Provides:          mdev\n# Default-Start:     S\n### END INIT INFO\n"
        '[ "$1" = start ] && echo /sbin/mdev > /proc/sys/kernel/hotplug && mdev -s\n'
    ),
    **started("mdev", level="S", order=6),
    "sbin/mdev": link("/bin/busybox"),
    "etc/init.d/sensor": script("sensor", "/usr/bin/sensord", "--bus /dev/ttyS1", "sensor"),
    **started("sensor"),
    **profile("/usr/bin/sensord", "network inet stream", "/dev/ttyS1 rw"),
    "usr/bin/sensord": ELF,
    "etc/init.d/sensor-late": executable(LATE),
    **started("sensor-late", order=99),
}


def policy(until: str) -> str:
    return declaration(
        "sensor",
        "yocto",
        listen=((68, "udp", "udhcpc", "lan"),),
        egress=(UPDATES, DATA, ("lan", 67, "udp")),
        services=declared(
            ("mdev", None), ("udhcpc", None), ("sensor", "sensor"), ("sensor-late", None), ("swupdate", None)
        ),
        mechanism="swupdate",
        until=until,
        architecture="arm",
    )


SYSTEM = Truth(
    name="yocto-sensor",
    distribution="yocto",
    init="sysv",
    clean=CLEAN,
    policy=policy("until = 2028-03-31\n"),
    mistaken_policy=policy(""),
    mistakes=(
        Mistake(
            "hook-directory-writable",
            "udhcpc of BusyBox: the script is run as root; it sources a folder of the data partition",
            "/data/udhcpc.d",
            files={
                "etc/udhcpc.d/50default": executable(
                    UDHCPC + '\nfor hook in /data/udhcpc.d/*; do\n    [ -r "$hook" ] && . "$hook"\ndone\n'
                )
            },
        ),
        also("privileged-hooks", "udhcpc", "udhcpc of BusyBox, --script"),
        Mistake(
            "removable-media-executed",
            "mdev.conf of BusyBox: * runs the command when a device comes and when it goes",
            "mdev",
            files={
                "etc/mdev.conf": MDEV.replace("# sd[a-z][0-9]", "sd[a-z][0-9]"),
                "usr/lib/mdev/automount.sh": executable(AUTORUN),
            },
        ),
        Mistake(
            "update-unauthenticated",
            "swupdate(1), -k: without a key nothing is verified",
            files={"etc/init.d/swupdate": executable(SWUPDATE.replace(" -k /etc/swupdate/public.pem -N 1.4.0", ""))},
        ),
        also("update-downgrade-possible", "", "swupdate(1), -N"),
        Mistake(
            "update-over-plaintext",
            "SWUpdate documentation, suricatta: url",
            files={
                "etc/swupdate.cfg": SWUPDATE_CONF.replace(
                    "https://updates.maker.example", "http://updates.maker.example:8080"
                ).replace("nocheckcert = false", "nocheckcert = true")
            },
        ),
        also("tls-weak", "swupdate", "SWUpdate documentation, nocheckcert"),
        Mistake(
            "backdoor-listener",
            "nc of BusyBox, -l and -e",
            "sensor-late",
            files={
                "etc/init.d/sensor-late": executable(LATE + "while true; do\n    nc -l -p 4444 -e /bin/sh\ndone &\n")
            },
        ),
        also("undeclared-listener", "4444", "nc of BusyBox, -p"),
        Mistake(
            "service-runs-as-root",
            "start-stop-daemon(8), --chuid",
            "sensor",
            files={"etc/init.d/sensor": script("sensor", "/usr/bin/sensord", "--bus /dev/ttyS1", None)},
        ),
        also("service-unsandboxed", "sensor", "setpriv(1): nothing is given up"),
        also("mac-profile-missing", "sensor-late", "follows from backdoor-listener: no profile is for nc"),
        Mistake(
            "credential-hard-coded",
            "interfaces(5), wpa-psk",
            "interfaces",
            files={
                "etc/network/interfaces": DHCP
                + '\nauto wlan0\niface wlan0 inet dhcp\n    wpa-ssid "plant"\n    wpa-psk "Werk2-Sensor-90817"\n'
            },
        ),
        also("image-sameness", "interfaces", "follows from the key: alike in every copy"),
        Mistake(
            "verity-root-hash-untrusted",
            "dm-init of the kernel's documentation; U-Boot imports uEnv.txt as it is",
            "uEnv.txt",
            files={"boot/uEnv.txt": UENV},
        ),
        Mistake(
            "key-beside-data",
            "cryptsetup(8), --key-file -: the passphrase is in the script",
            "cryptdata",
            files={"etc/init.d/cryptdata": executable(CRYPTDATA.replace(UNSEAL, "printf %s q8Rw-41xT-zz0P-Vmm7"))},
        ),
        Mistake("image-sameness", "the key is alike in every copy", "cryptdata"),
        Mistake(
            "account-extra-root",
            "passwd(5): whoever has the number 0 is root",
            "factory",
            files=passwd_with(CLEAN, "factory", "factory:x:0:0:Factory:/data/factory:/bin/sh"),
            witness=Witness(("awk", "-F:", "$3 == 0 {print $1}", "{root}/etc/passwd"), r"^factory$", "mawk"),
        ),
        Mistake(
            "certificate-weak",
            "NIST SP 800-131A: SHA-1 is disallowed for signatures",
            "maker-ca.pem",
            files={"etc/ssl/certs/maker-ca.pem": keys.CERT_SHA1},
            witness=Witness(
                ("openssl", "x509", "-noout", "-text", "-in", "{root}/etc/ssl/certs/maker-ca.pem"),
                r"sha1WithRSAEncryption",
                "openssl",
            ),
        ),
        also("support-period-missing", "", "device.toml, support.until"),
    ),
)
