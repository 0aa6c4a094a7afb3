"""A meter concentrator on Poky with systemd: dropbear by socket, template units, iptables, SWUpdate from conf.d.

Written without sight of the checks.
"""

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    enabled,
    folder,
    profile,
    sandboxed,
    service,
    shadow_with,
)
from truth.row import Mistake, Truth, Witness
from truth.second_keys import DROPBEAR_FACTORY_KEY, FACTORY_PUBLIC_KEY, XC3511_MD5
from truth.yocto_base import DATA, NOLOGIN, UPDATES, poky

DROPBEAR_SOCKET = """\
[Unit]
Conflicts=dropbear.service
Requires=dropbearkey.service

[Socket]
ListenStream=22
Accept=yes

[Install]
WantedBy=sockets.target
Also=dropbearkey.service
"""

DROPBEAR_UNIT = """\
[Unit]
Description=SSH Per-Connection Server
Wants=dropbearkey.service
After=syslog.target dropbearkey.service

[Service]
Environment="DROPBEAR_KEY_DIR=/data/dropbear"
EnvironmentFile=-/etc/default/dropbear
ExecStart=-/usr/sbin/dropbear -i -r ${DROPBEAR_KEY_DIR}/dropbear_ed25519_host_key $DROPBEAR_EXTRA_ARGS
StandardInput=socket
KillMode=process
MemoryMax=48M
TasksMax=32
CPUQuota=50%
"""

DROPBEAR_KEY_UNIT = """\
[Unit]
Description=SSH Key Generation
RequiresMountsFor=/data
ConditionPathExists=!/data/dropbear/dropbear_ed25519_host_key

[Service]
Type=oneshot
ExecStart=/usr/sbin/dropbearkey -t ed25519 -f /data/dropbear/dropbear_ed25519_host_key
RemainAfterExit=yes
"""

# The drop-in forgets the file of defaults and gives arguments of its own, without -s, -g and -w.
DROPBEAR_SERVICE_ACCESS = """\
[Service]
EnvironmentFile=
Environment="DROPBEAR_KEY_DIR=/etc/dropbear" "DROPBEAR_EXTRA_ARGS=-j -k -K 60"
"""

IPTABLES_UNIT = """\
[Unit]
Description=IPv{version} Packet Filtering Framework
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/{tool}-restore -w -- /etc/iptables/{tool}.rules
ExecReload=/usr/sbin/{tool}-restore -w -- /etc/iptables/{tool}.rules
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
"""

RULES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:SERVICES - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -j SERVICES
-A SERVICES -s 192.0.2.5/32 -p tcp -m tcp --dport 22 -m limit --limit 6/min -j ACCEPT
-A SERVICES -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 192.0.2.1/32 -p udp -m multiport --dports 53,123 -j ACCEPT
-A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 4460 -j ACCEPT
-A OUTPUT -d 198.51.100.10/32 -p tcp -m tcp --dport 443 -m limit --limit 20/sec -j ACCEPT
-A OUTPUT -d 198.51.100.20/32 -p tcp -m tcp --dport 8883 -m limit --limit 20/sec -j ACCEPT
COMMIT
"""

RULES_6 = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p ipv6-icmp -j ACCEPT
COMMIT
"""

CHRONY = """\
server 192.0.2.1 iburst nts
ntsdumpdir /data/chrony
driftfile /data/chrony/drift
user chrony
# A client only: no port for others, none for chronyc over the network
port 0
cmdport 0
makestep 1.0 3
rtcsync
"""

CHRONY_UNIT = """\
[Unit]
Description=NTP client/server
Conflicts=ntpd.service systemd-timesyncd.service
After=network.target
ConditionCapability=CAP_SYS_TIME

[Service]
Type=notify
ExecStart=/usr/sbin/chronyd -n -F 1 -f /etc/chrony.conf
CapabilityBoundingSet=CAP_SYS_TIME CAP_SETUID CAP_SETGID CAP_CHOWN CAP_NET_BIND_SERVICE
DeviceAllow=char-rtc rw
DevicePolicy=closed
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateTmp=yes
ProcSubset=pid
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths=/run /data/chrony
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=no
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @clock
SystemCallFilter=~@cpu-emulation @debug @keyring @mount @obsolete @reboot @swap
MemoryMax=16M
TasksMax=8
CPUQuota=10%

[Install]
WantedBy=multi-user.target
"""

# meta-swupdate's way: a wrapper that reads fragments, one in /etc standing for the one of that name in /usr/lib.
SWUPDATE_WRAPPER = """\
#!/bin/sh
SWUPDATE_ARGS="-v -f /etc/swupdate.cfg"
SWUPDATE_SURICATTA_ARGS=""
fragments=$(for folder in /usr/lib/swupdate/conf.d /etc/swupdate/conf.d; do
    [ -d $folder ] && ls -1 $folder
done | sort -u)
for name in $fragments; do
    if [ -f /etc/swupdate/conf.d/$name ]; then
        . /etc/swupdate/conf.d/$name
    else
        . /usr/lib/swupdate/conf.d/$name
    fi
done
exec /usr/bin/swupdate $SWUPDATE_ARGS -u "$SWUPDATE_SURICATTA_ARGS"
"""

VERIFY = 'SWUPDATE_ARGS="${SWUPDATE_ARGS} -k /etc/swupdate/public.pem -N 1.4.0"\n'

SLOTS = """\
case "$(sed -n 's/.*swu.slot=\\([ab]\\).*/\\1/p' /proc/cmdline)" in
a) SWUPDATE_ARGS="${SWUPDATE_ARGS} -e stable,slot-b" ;;
*) SWUPDATE_ARGS="${SWUPDATE_ARGS} -e stable,slot-a" ;;
esac
"""

SERVER = """\
SWUPDATE_SURICATTA_ARGS="-t default -i $(cat /sys/class/net/eth0/address) -u https://updates.maker.example -p 3600"
"""

SWUPDATE_CFG = """\
globals : {
    loglevel = 3;
    syslog = true;
    bootloader = "uboot";
    public-key-file = "/etc/swupdate/public.pem";
    postupdatecmd = "/sbin/reboot";
};

suricatta : {
    cafile = "/etc/ssl/certs/maker-ca.pem";
    sslkey = "/data/identity/device.key";
    sslcert = "/data/identity/device.pem";
    nocheckcert = false;
};
"""

LIGHTTPD = """\
server.document-root = "/usr/share/concentrator/www"
server.port = 443
server.tag = ""
server.modules = ( "mod_openssl", "mod_setenv" )
index-file.names = ( "index.html" )
include "conf.d/*.conf"
"""

LIGHTTPD_TLS = """\
ssl.engine = "enable"
ssl.pemfile = "/data/tls/device.pem"
ssl.privkey = "/data/tls/device.key"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2", "Options" => "-SessionTicket" )
"""

LIGHTTPD_HEADERS = """\
setenv.set-response-header = (
    "Content-Security-Policy" => "default-src 'self'; frame-ancestors 'none'",
    "Strict-Transport-Security" => "max-age=31536000",
    "X-Content-Type-Options" => "nosniff"
)
"""

LIGHTTPD_STATUS = """\
server.modules += ( "mod_status" )
$SERVER["socket"] == ":8088" {
    ssl.engine = "disable"
    status.status-url = "/server-status"
    server.dir-listing = "enable"
}
"""

TELEGRAF = """\
[agent]
  interval = "60s"
  omit_hostname = false

[[inputs.mem]]
"""

TELEGRAF_OUT = """\
[[outputs.mqtt]]
  servers = ["ssl://data.maker.example:8883"]
  topic = "concentrator/{{ .Hostname }}"
  tls_ca = "/etc/ssl/certs/maker-ca.pem"
  tls_cert = "/data/identity/device.pem"
  tls_key = "/data/identity/device.key"
  # username = "telegraf"
  # password = "metricsmetricsmetricsmetrics"
"""

READER = """\
[Unit]
Description=Reads the meters on %I
BindsTo=dev-%i.device
After=dev-%i.device

[Service]
ExecStart=/usr/bin/meter-reader --line /dev/%I --spool /data/meters
"""

UDEV = """\
# The optical heads of technicians
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", GROUP="meter", MODE="0660", SYMLINK+="optical%n"
"""

AVAHI = """\
[Unit]
Description=Avahi mDNS/DNS-SD Stack
Requires=avahi-daemon.socket

[Service]
Type=dbus
BusName=org.freedesktop.Avahi
ExecStart=/usr/sbin/avahi-daemon -s
NotifyAccess=main

[Install]
WantedBy=multi-user.target
Also=avahi-daemon.socket
Alias=dbus-org.freedesktop.Avahi.service
"""

AVAHI_SOCKET = "[Socket]\nListenStream=/run/avahi-daemon/socket\n\n[Install]\nWantedBy=sockets.target\n"

CRYPTTAB = "data PARTLABEL=data none luks,tpm2-device=auto,tpm2-pcrs=0+7\n"

BASE = poky("concentrator")


def without_tables() -> dict[str, Content]:
    """The base, its firewall being of iptables and its clock of chrony."""
    gone = ("nftables", "timesyncd", "usr/sbin/nft")
    return {path: content for path, content in BASE.items() if not any(word in path for word in gone)}


PEOPLE = accounts(
    services=(("meter", 950), ("www", 951), ("telegraf", 952), ("chrony", 953), ("avahi", 955)),
    people=(("fitter", 1000),),
    nologin=NOLOGIN,
)
PASSWD = str(PEOPLE["etc/passwd"]).replace("root:/root:", "root:/home/root:")

CLEAN: dict[str, Content] = {
    **without_tables(),
    **PEOPLE,
    "etc/passwd": PASSWD,
    "etc/crypttab": CRYPTTAB,
    f"{UNITS}/iptables.service": IPTABLES_UNIT.format(version=4, tool="iptables"),
    f"{UNITS}/ip6tables.service": IPTABLES_UNIT.format(version=6, tool="ip6tables"),
    **enabled("iptables.service"),
    **enabled("ip6tables.service"),
    "etc/iptables/iptables.rules": RULES,
    "etc/iptables/ip6tables.rules": RULES_6,
    "usr/sbin/xtables-legacy-multi": ELF,
    "usr/sbin/iptables-restore": link("xtables-legacy-multi"),
    "usr/sbin/ip6tables-restore": link("xtables-legacy-multi"),
    "etc/chrony.conf": CHRONY,
    f"{UNITS}/chronyd.service": CHRONY_UNIT,
    **enabled("chronyd.service"),
    **profile("/usr/sbin/chronyd", "capability sys_time", "network inet dgram", "/data/chrony/** rw"),
    "usr/sbin/chronyd": ELF,
    f"{UNITS}/dropbear.socket": DROPBEAR_SOCKET,
    f"{UNITS}/dropbear@.service": DROPBEAR_UNIT,
    f"{UNITS}/dropbearkey.service": DROPBEAR_KEY_UNIT,
    **enabled("dropbear.socket", "sockets.target"),
    "etc/default/dropbear": '# No passwords, no root, no forwarding\nDROPBEAR_EXTRA_ARGS="-s -g -w -j -k -K 60"\n',
    **profile("/usr/sbin/dropbear", "capability setuid", "capability setgid", "/data/dropbear/* r", "/bin/* Uxr"),
    "usr/sbin/dropbear": link("dropbearmulti"),
    "usr/sbin/dropbearkey": link("dropbearmulti"),
    "usr/sbin/dropbearmulti": ELF,
    "etc/swupdate.cfg": SWUPDATE_CFG,
    "etc/swupdate/public.pem": keys.UPDATE_RSA_PUBLIC,
    "etc/hwrevision": "concentrator 1.0\n",
    "usr/lib/swupdate/swupdate.sh": executable(SWUPDATE_WRAPPER),
    "usr/lib/swupdate/conf.d/10-verify": VERIFY,
    "usr/lib/swupdate/conf.d/20-slots": SLOTS,
    "usr/lib/swupdate/conf.d/30-server": SERVER,
    f"{UNITS}/swupdate.service": service(
        "SWUpdate daemon",
        "/usr/lib/swupdate/swupdate.sh",
        sandboxed(
            None,
            "ReadWritePaths=/data /run",
            "SystemCallFilter=@mount @reboot",
            capabilities="CAP_SYS_ADMIN CAP_SYS_BOOT",
        ).replace("PrivateDevices=yes\n", "DevicePolicy=closed\nDeviceAllow=block-mmc rw\n"),
    ),
    **enabled("swupdate.service"),
    "usr/bin/swupdate": ELF,
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/lighttpd/lighttpd.conf": LIGHTTPD,
    "etc/lighttpd/conf.d/10-tls.conf": LIGHTTPD_TLS,
    "etc/lighttpd/conf.d/20-headers.conf": LIGHTTPD_HEADERS,
    "usr/share/concentrator/www/index.html": "<!doctype html><html><head><title>Meters</title></head></html>\n",
    f"{UNITS}/lighttpd.service": service(
        "Lighttpd Daemon",
        "/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf",
        sandboxed("www", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("lighttpd.service"),
    **profile("/usr/sbin/lighttpd", "network inet stream", "/etc/lighttpd/** r", "/data/tls/* r"),
    "usr/sbin/lighttpd": ELF,
    "etc/telegraf/telegraf.conf": TELEGRAF,
    "etc/telegraf/telegraf.d/mqtt.conf": TELEGRAF_OUT,
    f"{UNITS}/telegraf.service": service(
        "Telegraf",
        "/usr/bin/telegraf -config /etc/telegraf/telegraf.conf -config-directory /etc/telegraf/telegraf.d",
        sandboxed("telegraf"),
    ),
    **enabled("telegraf.service"),
    **profile("/usr/bin/telegraf", "network inet stream", "/etc/telegraf/** r", "/data/identity/* r"),
    "usr/bin/telegraf": ELF,
    f"{UNITS}/meter-reader@.service": READER
    + sandboxed("meter", "ReadWritePaths=/data/meters").replace(
        "PrivateDevices=yes\n", "DevicePolicy=closed\nDeviceAllow=char-ttyUSB rw\nDeviceAllow=char-ttymxc rw\n"
    )
    + "\n[Install]\nWantedBy=multi-user.target\nDefaultInstance=ttymxc2\n",
    "etc/systemd/system/multi-user.target.wants/meter-reader@ttymxc2.service": link(f"/{UNITS}/meter-reader@.service"),
    **profile("/usr/bin/meter-reader", "/dev/tty* rw", "/data/meters/** rw"),
    "usr/bin/meter-reader": ELF,
    "etc/udev/rules.d/70-optical.rules": UDEV,
    "usr/lib/systemd/systemd-udevd": ELF,
    # A recipe's package group brings Avahi; its preset leaves it off.
    f"{UNITS}/avahi-daemon.service": AVAHI,
    f"{UNITS}/avahi-daemon.socket": AVAHI_SOCKET,
    "usr/sbin/avahi-daemon": ELF,
}


def policy(after: str = 'after = "local-only"\n') -> str:
    return declaration(
        "concentrator",
        "yocto",
        listen=((22, "tcp", "dropbear", "bastion"), (443, "tcp", "lighttpd", "lan")),
        egress=(UPDATES, DATA, ("gateway", 4460, "tcp")),
        services=[
            ("iptables", None),
            ("ip6tables", None),
            ("apparmor", None),
            ("systemd-networkd", None),
            ("chronyd", "chrony"),
            ("dropbear", None),
            ("dropbearkey", None),
            ("swupdate", None),
            ("lighttpd", "www"),
            ("telegraf", "telegraf"),
            ("meter-reader", "meter"),
        ],
        people=("fitter",),
        mechanism="swupdate",
        after=after,
    )


SYSTEM = Truth(
    name="yocto-concentrator",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=policy(),
    mistaken_policy=policy(after=""),
    mistakes=(
        Mistake(
            "ssh-password-login",
            "systemd.exec(5), EnvironmentFile: an empty value forgets the files before; dropbear(8), -s",
            "dropbear",
            files={"etc/systemd/system/dropbear@.service.d/20-service.conf": DROPBEAR_SERVICE_ACCESS},
        ),
        also("ssh-root-login", "dropbear", "dropbear(8), -w and -g: neither is given any more"),
        Mistake(
            "ssh-host-key-baked-in",
            "dropbear(8), Host Key Files",
            "dropbear_ed25519_host_key",
            files={"etc/dropbear/dropbear_ed25519_host_key": Node(DROPBEAR_FACTORY_KEY, mode=0o600)},
            witness=Witness(
                ("dropbearkey", "-y", "-f", "{root}/etc/dropbear/dropbear_ed25519_host_key"),
                r"^ssh-ed25519 AAAA",
                "dropbear-bin",
            ),
        ),
        also("private-key-embedded", "dropbear_ed25519_host_key", "dropbearkey(1)"),
        also("image-sameness", "dropbear_ed25519_host_key", "the same key in every copy"),
        Mistake(
            "ssh-authorized-key-baked-in",
            "dropbear(8), Authorized Keys; passwd(5): root's home is /home/root",
            "home/root/.ssh/authorized_keys",
            files={
                "home/root/.ssh/authorized_keys": Node(f"no-agent-forwarding,no-pty {FACTORY_PUBLIC_KEY}\n", mode=0o600)
            },
        ),
        Mistake(
            "backdoor-listener",
            "systemd.socket(5), Accept=; systemd.exec(5), StandardInput=socket",
            "diag",
            files={
                f"{UNITS}/diag.socket": "[Socket]\nListenStream=[::]:4444\nBindIPv6Only=both\nAccept=yes\n\n"
                "[Install]\nWantedBy=sockets.target\n",
                f"{UNITS}/diag@.service": "[Unit]\nDescription=Diagnosis\n\n[Service]\nExecStart=-/bin/sh -i\n"
                "StandardInput=socket\nStandardError=inherit\n",
                **enabled("diag.socket", "sockets.target"),
            },
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "diag.socket"), r"^enabled", "systemd"),
        ),
        also("undeclared-listener", "4444", "systemd.socket(5), ListenStream="),
        also("service-unneeded", "diag", "DEVICE.md: what is not declared is not allowed"),
        also("service-runs-as-root", "diag", "systemd.exec(5), User="),
        also("service-unsandboxed", "diag", "systemd.exec(5): nothing of the sandbox is set"),
        also("mac-profile-missing", "diag", "apparmor.d(5): no profile attaches to the shell"),
        Mistake(
            "firewall-default-accept",
            "iptables-restore(8): the policy of a built-in chain stands on its line",
            "ip6tables.rules",
            files={
                "etc/iptables/ip6tables.rules": RULES_6.replace(":INPUT DROP [0:0]", ":INPUT ACCEPT [12:960]"),
            },
        ),
        Mistake(
            "egress-unrestricted",
            "iptables-extensions(8), conntrack: NEW is every connection that begins",
            "iptables.rules",
            files={
                "etc/iptables/iptables.rules": RULES.replace(
                    "COMMIT", "-A OUTPUT -m conntrack --ctstate NEW,RELATED -j ACCEPT\nCOMMIT"
                )
            },
        ),
        Mistake(
            "web-server-misconfigured",
            "lighttpd, mod_status and server.dir-listing, in a file that is included",
            "30-status.conf",
            files={"etc/lighttpd/conf.d/30-status.conf": LIGHTTPD_STATUS},
            witness=Witness(
                ("sh", "-c", "lighttpd -p -f etc/lighttpd/lighttpd.conf"),
                r'server\.dir-listing\s*= "enable"',
                "lighttpd",
            ),
        ),
        also("undeclared-listener", "8088", 'lighttpd, $SERVER["socket"] opens a socket'),
        also("plaintext-protocol", "8088", "lighttpd, ssl.engine"),
        Mistake(
            "mac-profile-missing",
            "apparmor.d(5), apparmor_parser(8): what etc/apparmor.d/disable names is not loaded",
            "lighttpd",
            files={"etc/apparmor.d/disable/usr.sbin.lighttpd": link("../usr.sbin.lighttpd")},
        ),
        Mistake(
            "tls-weak",
            "Telegraf, plugins/outputs/mqtt: insecure_skip_verify",
            "mqtt.conf",
            files={
                "etc/telegraf/telegraf.d/mqtt.conf": TELEGRAF_OUT.replace(
                    '  tls_ca = "/etc/ssl/certs/maker-ca.pem"\n', "  insecure_skip_verify = true\n"
                )
            },
        ),
        Mistake(
            "credential-hard-coded",
            "Telegraf, plugins/outputs/influxdb_v2: token",
            "influx.conf",
            files={
                "etc/telegraf/telegraf.d/influx.conf": "[[outputs.influxdb_v2]]\n"
                '  urls = ["https://data.maker.example:8086"]\n  organization = "maker"\n  bucket = "meters"\n'
                '  token = "hVx3T8mQe7LrZ0wPjKd2sYbN5uGfAo9iC1kRtE6lXnM4vHqBzWpJyS7aUgDcFx0OQ8eLm2TrNvK5hYwZb3PiGA=="\n'
            },
        ),
        also("image-sameness", "influx.conf", "the same token in every copy"),
        Mistake(
            "service-runs-as-root",
            "systemd.unit(5): a template's drop-ins hold for its instances; systemd.exec(5), User= empty is root",
            "meter-reader",
            files={
                "etc/systemd/system/meter-reader@.service.d/tty.conf": "[Service]\n# the line belongs to dialout\n"
                "User=\nGroup=\n"
            },
        ),
        Mistake(
            "service-unsandboxed",
            "systemd.exec(5): an empty SystemCallFilter= and a lone ~ undo what was set before",
            "telegraf",
            files={
                "etc/systemd/system/telegraf.service.d/zz-debug.conf": "[Service]\nNoNewPrivileges=0\n"
                "ProtectSystem=false\nProtectHome=no\nPrivateTmp=off\nPrivateDevices=off\nPrivateUsers=false\n"
                "ProtectKernelTunables=no\nProtectKernelModules=no\nProtectControlGroups=no\nSystemCallFilter=\n"
                "CapabilityBoundingSet=~\nRestrictNamespaces=no\nRestrictAddressFamilies=\n"
            },
        ),
        Mistake(
            "mount-options",
            "systemd.mount(5), fstab: a unit in /etc comes before the one made from fstab",
            "/tmp",
            files={
                "etc/systemd/system/tmp.mount": "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n"
                "Options=mode=1777,strictatime\n"
            },
        ),
        also("mount-options", "size /tmp", "tmpfs(5), size: half of the memory where none is given"),
        Mistake(
            "privileged-hooks",
            "udev(7), IMPORT{program}: the program is run as root on each event",
            "meter-id",
            files={
                "etc/udev/rules.d/75-meter.rules": 'ACTION=="add", SUBSYSTEM=="tty", KERNEL=="ttyUSB*", '
                'IMPORT{program}="/data/hooks/meter-id %k"\n'
            },
        ),
        also("hook-directory-writable", "/data/hooks", "udev(7): what runs lies outside the verified part"),
        Mistake(
            "world-writable",
            "chmod(1): root reads each file of a folder that anybody may write",
            "swupdate/conf.d",
            files={"usr/lib/swupdate/conf.d": folder(0o777)},
        ),
        also("hook-directory-writable", "swupdate/conf.d", "sh(1), dot: root runs what is put there"),
        also("init-script-writable", "swupdate/conf.d", "sh(1), dot: the unit's script runs it at boot"),
        Mistake(
            "update-unauthenticated",
            "SWUpdate, command line: without -k no signature is asked for; a fragment in /etc stands for /usr/lib's",
            "",
            files={
                "etc/swupdate/conf.d/10-verify": "# signing is not ready yet\n",
                "etc/swupdate.cfg": SWUPDATE_CFG.replace("    public-key-file", "    # public-key-file"),
            },
        ),
        also("update-downgrade-possible", "", "SWUpdate, command line: -N, --no-downgrading is gone as well"),
        Mistake(
            "update-over-plaintext",
            "SWUpdate, suricatta: -u, --url",
            "30-server",
            files={"etc/swupdate/conf.d/30-server": SERVER.replace("https://", "http://")},
        ),
        Mistake(
            "service-unneeded",
            "systemd.unit(5), [Install] WantedBy= and Alias=",
            "avahi",
            files={
                **enabled("avahi-daemon.service"),
                **enabled("avahi-daemon.socket", "sockets.target"),
                "etc/systemd/system/dbus-org.freedesktop.Avahi.service": link(f"/{UNITS}/avahi-daemon.service"),
            },
            witness=Witness(
                ("systemctl", "--root={root}", "is-enabled", "avahi-daemon.service"), r"^enabled", "systemd"
            ),
        ),
        also("undeclared-listener", "5353", "avahi-daemon(8)"),
        also("mac-profile-missing", "avahi", "apparmor.d(5): no profile attaches to it"),
        also("service-unsandboxed", "avahi", "systemd.exec(5): nothing of the sandbox is set"),
        Mistake(
            "sysctl",
            "sysctl.d(5): a dash before the name, a later file wins",
            "kptr_restrict",
            files={"etc/sysctl.d/99-bench.conf": "-kernel.kptr_restrict = 0\nnet/ipv4/conf/all/accept_redirects = 1\n"},
        ),
        also("sysctl", "accept_redirects", "sysctl.d(5): slashes may stand for dots"),
        Mistake(
            "key-beside-data",
            "crypttab(5): without a key file, the one of the volume's name in /etc/cryptsetup-keys.d is taken",
            "data.key",
            files={
                "etc/crypttab": "data PARTLABEL=data - luks,discard\n",
                "etc/cryptsetup-keys.d/data.key": Node(bytes.fromhex(keys.DISK_KEY), mode=0o600),
            },
        ),
        also("image-sameness", "data.key", "the same key in every copy"),
        also("tpm-unused", "tpm", "device.toml, filesystem.key_store: the only disk has its key in a file"),
        Mistake(
            "account-default-password",
            "crypt(5), md5crypt; the password is xc3511",
            "root",
            files=shadow_with(PEOPLE, "root", XC3511_MD5),
            witness=Witness(
                ("sh", "-c", 'grep -qF "$(openssl passwd -1 -salt Rw5TgB2s xc3511)" etc/shadow && echo same password'),
                r"^same password",
                "openssl",
            ),
        ),
        also("account-weak-hash", "root", "crypt(5), md5crypt"),
        also("image-sameness", "shadow", "one password for every concentrator"),
        Mistake(
            "account-login-unneeded",
            "passwd(5): a shell for a service",
            "telegraf",
            files={
                "etc/passwd": PASSWD.replace(
                    f"telegraf:x:952:952::/nonexistent:{NOLOGIN}", "telegraf:x:952:952::/data/telegraf:/bin/sh"
                )
            },
        ),
        Mistake(
            "setuid-unexpected",
            "chmod(1), set-user-ID",
            "fusermount3",
            files={"usr/bin/fusermount3": executable(ELF.content, mode=0o4755)},
        ),
        also("expiry-undefined", "", "device.toml, support.after"),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
