"""A meter on Poky with systemd: dropbear behind a socket unit, RAUC, AppArmor."""

from firmward.model.memory import Content, Node, link
from truth import planted_keys as keys
from truth.linux_base import (
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    profile,
    sandboxed,
    service,
    shadow_with,
)
from truth.row import Mistake, Truth, Witness
from truth.yocto_base import (
    DATA,
    FSTAB,
    NOLOGIN,
    OUTGOING,
    RAUC,
    RAUC_SERVICES,
    UPDATES,
    declared,
    poky,
    rauc,
)

DROPBEAR_SOCKET = """\
[Unit]
Conflicts=dropbear.service

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
Environment="DROPBEAR_RSAKEY_DIR=/data/dropbear"
EnvironmentFile=-/etc/default/dropbear
ExecStart=-/usr/sbin/dropbear -i -r ${DROPBEAR_RSAKEY_DIR}/dropbear_ed25519_host_key $DROPBEAR_EXTRA_ARGS
StandardInput=socket
KillMode=process
"""

DROPBEAR_KEY = """\
[Unit]
Description=SSH Key Generation
RequiresMountsFor=/data
ConditionPathExists=!/data/dropbear/dropbear_ed25519_host_key

[Service]
Type=oneshot
ExecStart=/usr/sbin/dropbearkey -t ed25519 -f /data/dropbear/dropbear_ed25519_host_key
RemainAfterExit=yes
ProtectSystem=strict
ReadWritePaths=/data/dropbear
NoNewPrivileges=yes
PrivateNetwork=yes
"""

DROPBEAR_CONFINED = """\
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
ReadWritePaths=/run /data
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_READ_SEARCH
MemoryMax=32M
TasksMax=16
"""

TELNET_SOCKET = """\
[Unit]
Description=Telnet Server Activation Socket

[Socket]
ListenStream=23
Accept=yes

[Install]
WantedBy=sockets.target
"""

TELNET_UNIT = """\
[Unit]
Description=Telnet Server

[Service]
ExecStart=-/usr/sbin/telnetd -i
StandardInput=socket
"""

CLEAN: dict[str, Content] = {
    **poky("meter"),
    **rauc(keys.UPDATE_CA),
    **accounts(services=(("meter", 950),), people=(("operator", 1000),), nologin=NOLOGIN),
    "etc/nftables.conf": nftables(("ip saddr 192.0.2.5 tcp dport 22 accept",), OUTGOING),
    "etc/default/dropbear": '# Keys only, not for root, no forwarding\nDROPBEAR_EXTRA_ARGS="-s -w -j -k"\n',
    f"{UNITS}/dropbear.socket": DROPBEAR_SOCKET,
    f"{UNITS}/dropbear@.service": DROPBEAR_UNIT,
    f"{UNITS}/dropbearkey.service": DROPBEAR_KEY,
    **dropin("dropbear@.service", "hardening", DROPBEAR_CONFINED),
    **enabled("dropbear.socket", "sockets.target"),
    **profile("/usr/sbin/dropbear", "capability setuid", "capability setgid", "/data/dropbear/* r", "/bin/busybox Uxr"),
    "usr/sbin/dropbear": link("./dropbearmulti"),
    "usr/sbin/dropbearkey": link("./dropbearmulti"),
    "usr/sbin/dropbearmulti": ELF,
    # Built for the bench image and started by nobody
    f"{UNITS}/telnetd.socket": TELNET_SOCKET,
    f"{UNITS}/telnetd@.service": TELNET_UNIT,
    "usr/sbin/telnetd": link("/usr/bin/busybox"),
    f"{UNITS}/meter.service": service(
        "Meter", "/usr/bin/meterd --config /etc/meter/meter.conf", sandboxed("meter", "DeviceAllow=/dev/ttyS1 rw")
    ),
    **enabled("meter.service"),
    **profile("/usr/bin/meterd", "network inet stream", "/etc/meter/* r", "/dev/ttyS1 rw"),
    "usr/bin/meterd": ELF,
    "usr/bin/meter-diag": ELF,
    "etc/meter/meter.conf": "[bus]\ndevice=/dev/ttyS1\nbaud=9600\n\n[server]\nhost=data.maker.example\nport=8883\n",
    "usr/share/meter/README": "telnet to port 23 of the bench image, user root, password root\n",
}

DIAGNOSIS = """\
[Unit]
Description=Meter diagnosis

[Socket]
ListenStream=0.0.0.0:5000
Accept=no

[Install]
WantedBy=sockets.target
"""

SYSTEM = Truth(
    name="yocto-meter",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=declaration(
        "meter",
        "yocto",
        listen=((22, "tcp", "dropbear", "bastion"),),
        egress=(UPDATES, DATA),
        services=declared(("dropbear", None), ("dropbearkey", None), ("meter", "meter"), *RAUC_SERVICES),
        people=("operator",),
    ),
    mistakes=(
        Mistake(
            "ssh-empty-passwords",
            "dropbear(8), -B",
            files={"etc/default/dropbear": '# -s -w\nDROPBEAR_EXTRA_ARGS="-B -j -k"\n'},
        ),
        also("ssh-password-login", "", "dropbear(8): passwords are allowed without -s"),
        also("ssh-root-login", "", "dropbear(8): root may log in without -w"),
        Mistake(
            "ssh-host-key-baked-in",
            "dropbear(8), the default place of host keys",
            "dropbear_ed25519_host_key",
            files={"etc/dropbear/dropbear_ed25519_host_key": Node(keys.DROPBEAR_HOST_KEY, mode=0o600)},
            witness=Witness(
                ("dropbearkey", "-y", "-f", "{root}/etc/dropbear/dropbear_ed25519_host_key"),
                r"ssh-ed25519 AAAA",
                "dropbear-bin",
            ),
        ),
        also("private-key-embedded", "dropbear_ed25519_host_key", "dropbearkey(1)"),
        also("image-sameness", "dropbear_ed25519_host_key", "the same key in every copy"),
        Mistake(
            "telnet-enabled",
            "systemd.unit(5): a link in .wants enables a unit",
            "telnet",
            files={
                "etc/systemd/system/sockets.target.wants/telnetd.socket": link("/usr/lib/systemd/system/telnetd.socket")
            },
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "telnetd.socket"), r"^enabled", "systemd"),
        ),
        also("plaintext-protocol", "telnet", "RFC 854"),
        also("undeclared-listener", "23", "systemd.socket(5), ListenStream="),
        also("service-unneeded", "telnetd", "the declaration does not name it"),
        also("service-runs-as-root", "telnetd", "systemd.exec(5), User="),
        also("service-unsandboxed", "telnetd", "systemd.exec(5), sandboxing"),
        also("mac-profile-missing", "telnetd", "apparmor.d(5)"),
        Mistake(
            "update-downgrade-possible",
            "RAUC reference, min-bundle-version",
            files={"etc/rauc/system.conf": RAUC.replace("min-bundle-version", "# min-bundle-version")},
        ),
        Mistake(
            "service-without-limits",
            "systemd.resource-control(5): infinity and an empty value lift limits",
            "meter",
            files=dropin("meter.service", "zz-load", "MemoryMax=infinity\nTasksMax=infinity\nCPUQuota=\n"),
        ),
        Mistake(
            "mount-options",
            "mount(8): of options that contradict each other the last one counts",
            "/data",
            files={"etc/fstab": FSTAB.replace("rw,nosuid,nodev,noexec  ", "rw,nosuid,nodev,noexec,exec,suid,dev")},
            witness=Witness(
                ("findmnt", "--tab-file", "{root}/etc/fstab", "--noheadings", "-o", "OPTIONS", "/data"),
                r"noexec,exec",
                "util-linux",
            ),
        ),
        Mistake(
            "world-writable",
            "chmod(1); systemd.exec(5), EnvironmentFile= is read by root's unit",
            "maker-update",
            files={
                "etc/default/maker-update": Node(
                    "BUNDLE=https://updates.maker.example/stable/latest.raucb\n", mode=0o666
                )
            },
        ),
        also("init-script-writable", "maker-update", "follows from the same mode: init's units read it"),
        Mistake(
            "undeclared-listener",
            "systemd.socket(5), ListenStream=",
            "5000",
            files={
                "etc/systemd/system/meter-diag.socket": DIAGNOSIS,
                "etc/systemd/system/meter-diag.service": service(
                    "Meter diagnosis", "/usr/bin/meter-diag", sandboxed("meter")
                ),
                "etc/systemd/system/sockets.target.wants/meter-diag.socket": link("../meter-diag.socket"),
            },
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "meter-diag.socket"), r"^enabled", "systemd"),
        ),
        also("service-unneeded", "meter-diag", "the declaration does not name it"),
        also("mac-profile-missing", "meter-diag", "apparmor.d(5)"),
        Mistake(
            "account-weak-hash",
            "crypt(5), md5crypt",
            "operator",
            files=shadow_with(CLEAN, "operator", keys.MD5_STRONG),
        ),
        also("image-sameness", "shadow", "the same password in every copy"),
    ),
)
