"""A brewery's controller on balenaOS: two containers, a resolver on the host; config.json and drop-ins."""

from firmward.model.memory import Content, Node, link
from truth.balena import (
    CONFIG,
    LOW_BALENA,
    OPENVPN,
    RULES6,
    SAFE,
    SSHD_SOCKET,
    UNITS,
    apps,
    balena,
    balena_policy,
    config,
    service,
)
from truth.containers import declared, unit
from truth.device_base import BINARY, SUPPORT
from truth.key_material import OPENSSH_KEY, OPENSSH_PUBLIC_KEY
from truth.row import Mistake, Truth, Witness

MAIN = service(1, {**SAFE, "ports": ["8443:8443"], "labels": {"io.balena.features.supervisor-api": "0"}})
STORE = service(2, {**SAFE, "volumes": ["store:/store"]}, environment={"PASSWORD_FILE": "/run/secrets/db"})

DNSMASQ_UNIT = unit(
    "DNS forwarder of the host", "/usr/bin/dnsmasq -x /run/dnsmasq.pid -k -7 /etc/dnsmasq.d", rest="Restart=always\n"
)
DNSMASQ = (
    "bind-interfaces\nlisten-address=127.0.0.2\nno-resolv\nuser=nobody\n# enable-tftp\n"
    "address=/updates.maker.example/198.51.100.10\n"
)

BREWERY: dict[str, Content] = balena(
    **{
        "etc/dnsmasq.conf": DNSMASQ,
        "etc/dnsmasq.d/10-cache.conf": "cache-size=100\n",
        f"{UNITS}/dnsmasq.service": DNSMASQ_UNIT,
        "etc/systemd/system/multi-user.target.wants/dnsmasq.service": link(f"/{UNITS}/dnsmasq.service"),
        "usr/bin/dnsmasq": BINARY,
        "mnt/boot/extra_uEnv.txt": "# extra_os_cmdline=\ncustom_fdt_file=\n",
        "mnt/boot/system-proxy/README": "redsocks {\n  # login = user\n  # password = changeme\n}\n",
        "mnt/data/apps.json": apps(main=MAIN, store=STORE),
    }
)


def brewery_policy(support: str = SUPPORT) -> str:
    names = "".join(
        f'[[listen]]\nport = 53\nprotocol = "{protocol}"\nservice = "dnsmasq"\nfrom = "local"\n\n'
        for protocol in ("udp", "tcp")
    )
    return balena_policy("brewery", declared(dnsmasq="root"), names, support=support)


UDEV_RULES = {
    "56": 'ACTION=="add", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", ENV{ID_FS_LABEL}=="BREW", '
    "RUN+=\"/usr/bin/systemd-run /bin/sh -c 'mount /dev/%k /mnt/stick; sh /mnt/stick/brew.sh'\""
}
OS: dict[str, object] = {**CONFIG["os"], "sshKeys": [OPENSSH_PUBLIC_KEY.strip()], "udevRules": UDEV_RULES}  # type: ignore[dict-item]

REDSOCKS = """\
base {
  log_debug = off;
  redirector = iptables;
}
redsocks {
  type = socks5;
  ip = 192.168.7.2;
  port = 1080;
  login = "brewery";
  password = "Malz-und-9-Hopfen";
  local_ip = 127.0.0.1;
  local_port = 12345;
}
"""

ENGINE_OPEN = """\
[Service]
ExecStart=
ExecStart=/usr/bin/balenad --log-driver=journald --storage-driver=overlay2 -H fd:// -H tcp://:2376
"""

SSHD_OPTIONS = """\
[Service]
ExecStart=
ExecStart=-/usr/sbin/sshd -i -o PasswordAuthentication=yes -o "PermitRootLogin yes"
"""

SYSTEM = Truth(
    name="balena-brewery",
    distribution="balena",
    init="systemd",
    clean=BREWERY,
    policy=brewery_policy(),
    mistaken_policy=brewery_policy(
        SUPPORT.replace("2028-03-31", "2025-03-31").replace("years_from_activation = 1\n", "")
    ),
    low=LOW_BALENA,
    mistakes=(
        Mistake(
            "ssh-authorized-key-baked-in",
            "meta-balena README, config.json: os.sshKeys are let in as root",
            "config.json",
            {
                "mnt/boot/config.json": config(
                    os=OS, deviceApiKey="9d1c64bd0f2e4b57a83e1f60c7d25b94", uuid="5b1e7c40d29f4a86b3c5e80f1d7a2946"
                )
            },
        ),
        Mistake(
            "removable-media-executed",
            "meta-balena README, config.json: os.udevRules become rules of udev; udev(7), RUN",
            "config.json",
        ),
        Mistake("credential-hard-coded", "meta-balena README, config.json: deviceApiKey", "config.json"),
        Mistake("image-sameness", "the device's key and uuid are alike in every copy", "config.json"),
        Mistake(
            "container-unsafe",
            "balena documentation, labels: io.balena.features.balena-socket hands the engine's socket in",
            "main",
            {
                "mnt/data/apps.json": apps(
                    main=service(
                        1, {**SAFE, "ports": ["8443:8443"], "labels": {"io.balena.features.balena-socket": "1"}}
                    ),
                    store=service(
                        2,
                        {**SAFE, "network_mode": "host", "devices": ["/dev/mem:/dev/mem"], "volumes": ["store:/store"]},
                        environment={"DATABASE_URL": "postgres://brew:Gerste-774-Keller@192.168.7.9:5432/brew"},
                    ),
                    panel=service(
                        3,
                        {**SAFE, "security_opt": ["seccomp:unconfined", "apparmor:unconfined"], "cap_add": ["ALL"]},
                        image="updates.maker.example/v2/panel:latest",
                    ),
                )
            },
        ),
        Mistake("container-unsafe", "balena documentation, compose fields: network_mode, devices", "store"),
        Mistake(
            "container-unsafe", "balena documentation, compose fields: security_opt, cap_add; a tag moves", "panel"
        ),
        Mistake("service-unneeded", "the policy names no panel", "panel"),
        Mistake("credential-hard-coded", "RFC 3986, userinfo in a database's URL", "apps.json"),
        Mistake("image-sameness", "the password is alike in every copy", "apps.json"),
        Mistake(
            "credential-hard-coded",
            "balena documentation, system-proxy/redsocks.conf: login, password",
            "redsocks.conf",
            {"mnt/boot/system-proxy/redsocks.conf": REDSOCKS},
        ),
        Mistake("image-sameness", "the password is alike in every copy", "redsocks.conf"),
        Mistake(
            "undeclared-listener",
            "systemd.service(5): an empty ExecStart takes the old one back; dockerd -H tcp://:2376",
            "2376",
            {"etc/systemd/system/balena.service.d/10-hosts.conf": ENGINE_OPEN},
        ),
        Mistake("plaintext-protocol", "dockerd manual: without --tlsverify nothing is encrypted", "docker"),
        Mistake("container-unsafe", "dockerd manual: who reaches the socket is root on the host", "tcp://0.0.0.0:2376"),
        Mistake(
            "ssh-root-login",
            "sshd(8), -o wins over the file; systemd.unit(5), drop-ins of a template",
            "sshd",
            {
                "etc/systemd/system/sshd.socket": Node(SSHD_SOCKET),
                "etc/systemd/system/sshd.socket.d/port.conf": "[Socket]\nListenStream=\nListenStream=2022\n",
                "etc/systemd/system/sockets.target.wants/sshd.socket": link("/etc/systemd/system/sshd.socket"),
                "etc/systemd/system/sshd@.service.d/options.conf": SSHD_OPTIONS,
                "usr/sbin/sshd": BINARY,
            },
            witness=Witness(("systemctl", "--root={root}", "is-enabled", "sshd.socket"), r"^enabled", "systemd"),
        ),
        Mistake("ssh-password-login", "sshd(8), -o", "sshd"),
        Mistake("undeclared-listener", "systemd.socket(5): an empty ListenStream takes the old one back", "2022"),
        Mistake("service-unneeded", "the policy names no sshd", "sshd"),
        Mistake(
            "ssh-host-key-baked-in",
            "meta-balena, the state partition's root-overlay lies over /etc/ssh/hostkeys",
            "ssh_host_ed25519_key",
            {"mnt/state/root-overlay/etc/ssh/hostkeys/ssh_host_ed25519_key": Node(OPENSSH_KEY, mode=0o600)},
        ),
        Mistake("private-key-embedded", "OpenSSH PROTOCOL.key", "ssh_host_ed25519_key"),
        Mistake("image-sameness", "the key is alike in every copy", "ssh_host_ed25519_key"),
        Mistake(
            "tls-weak",
            "openvpn(8): tls-version-min 1.0; SECLEVEL=0; BF-CBC",
            "openvpn",
            {
                "etc/openvpn/openvpn.conf": OPENVPN.replace(
                    "tls-version-min 1.2", 'tls-version-min 1.0\ntls-cipher "DEFAULT:@SECLEVEL=0"'
                ).replace("AES-256-GCM", "AES-256-GCM:BF-CBC")
            },
        ),
        Mistake(
            "firewall-default-accept",
            "ip6tables-restore(8): IPv6 has tables of its own",
            "",
            {
                "etc/iptables/ip6tables.rules": RULES6.replace(":INPUT DROP", ":INPUT ACCEPT").replace(
                    "T DROP", "T ACCEPT"
                )
            },
        ),
        Mistake("egress-unrestricted", "ip6tables-restore(8), OUTPUT", ""),
        Mistake(
            "plaintext-protocol",
            "dnsmasq(8), --enable-tftp; -7 reads the folder",
            "tftp",
            {
                "etc/dnsmasq.d/20-panels.conf": "interface=eth1\ndhcp-range=192.168.7.50,192.168.7.90,12h\n"
                "enable-tftp\ntftp-root=/mnt/data/tftp\n"
            },
        ),
        Mistake("undeclared-listener", "dnsmasq(8), --enable-tftp: UDP port 69", "69"),
        Mistake("undeclared-listener", "dnsmasq(8), --dhcp-range: UDP port 67", "67"),
        Mistake("undeclared-listener", "dnsmasq(8), --interface: declared for the device itself alone", "udp/53"),
        Mistake("undeclared-listener", "dnsmasq(8), --interface: declared for the device itself alone", "tcp/53"),
        Mistake(
            "data-unencrypted",
            "systemd.mount(5), What: the last value is taken, the partition itself",
            "",
            {
                "etc/systemd/system/mnt-data.mount.d/plain.conf": "[Mount]\nWhat=/dev/disk/by-label/resin-data\n"
                "Options=noatime\n"
            },
        ),
        Mistake("mount-options", "systemd.mount(5), Options: the last value is taken", "/mnt/data"),
        Mistake(
            "kernel-cmdline",
            "balena documentation, extra_uEnv.txt: extra_os_cmdline is added to the command line",
            "mitigations",
            {"mnt/boot/extra_uEnv.txt": "extra_os_cmdline=mitigations=off init_on_alloc=0\ncustom_fdt_file=\n"},
        ),
        Mistake("kernel-cmdline", "kernel-parameters.txt, init_on_alloc=0", "init_on_alloc"),
        Mistake(
            "sysctl",
            "sysctl.d(5): files of all folders are sorted by name; a leading - forgives a failure",
            "dmesg_restrict",
            {"usr/lib/sysctl.d/99-support.conf": "-kernel.dmesg_restrict = 0\n"},
        ),
        Mistake(
            "update-without-fallback",
            "systemctl(1), mask: neither health check is started",
            "",
            {
                "etc/systemd/system/rollback-health.service": link("/dev/null"),
                "etc/systemd/system/rollback-altboot.service": link("/dev/null"),
            },
            witness=Witness(
                ("systemctl", "--root={root}", "is-enabled", "rollback-health.service"), r"^masked", "systemd"
            ),
        ),
        Mistake(
            "image-sameness",
            "systemd-random-seed.service(8): a seed that every copy starts from",
            "random-seed",
            {
                "mnt/state/root-overlay/var/lib/systemd/random-seed": Node(
                    bytes((index * 73 + 41) % 256 for index in range(512)), mode=0o600
                )
            },
        ),
        Mistake("debug-tool-shipped", "gdbserver(1)", "gdbserver", {"usr/bin/gdbserver": BINARY}),
        Mistake("support-ended", "device.toml, support.until", ""),
    ),
)

SYSTEMS: tuple[Truth, ...] = (SYSTEM,)
