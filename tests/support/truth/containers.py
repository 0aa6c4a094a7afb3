"""Hosts of containers: Yocto with Docker Compose and RAUC, Yocto with LXC and Mender, Debian with Podman and Docker."""

import struct

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.device_base import (
    BINARY,
    EGRESS,
    ELF,
    FILESYSTEM,
    LAN,
    SUPPORT,
    SYSCTL,
    UPDATE,
    accounts,
    firewall,
    policy,
    profile,
    script,
)
from truth.key_material import (
    DEVICE_CA,
    OPENSSH_KEY_ECDSA,
    PLANT_CA,
    PLANT_CA_KEY,
    SHORT_LEAF,
    UPDATE_CA,
    UPDATE_PUBLIC_KEY,
)
from truth.row import Mistake, Truth, Witness

UNITS = "usr/lib/systemd/system"
WANTS = "etc/systemd/system/multi-user.target.wants"
DIGEST = "sha256:7d1f0c5be9a24b6f83e0d94c2a5b7188e6f3a09d5c41b27e8f60d3a9b4c8e512"
DIGEST_2 = "sha256:c2a94e07b3d85f16e09b7c4d2f8a6135d7e0b91c5a38f24e6d07c9b1a5e83f40"

CONTAINER_IN = f"{LAN} tcp dport 8443 ct state new limit rate 20/second accept"

SANDBOX = """\
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
MemoryMax=48M
TasksMax=32
CPUQuota=50%
"""


def unit(description: str, command: str, user: str = "", rest: str = SANDBOX, kind: str = "exec") -> str:
    """A service unit, sandboxed unless said otherwise."""
    who = f"User={user}\nGroup={user}\n" if user else ""
    return f"""\
[Unit]
Description={description}
After=network-online.target
Wants=network-online.target

[Service]
Type={kind}
ExecStart={command}
{who}{rest}
[Install]
WantedBy=multi-user.target
"""


CLOCK_SANDBOX = (
    SANDBOX.replace("Capabilities=\n", "Capabilities=CAP_SYS_TIME\n")
    .replace("CapabilityBoundingSet=\n", "CapabilityBoundingSet=CAP_SYS_TIME\n")
    .replace("ProtectClock=yes\n", "SystemCallFilter=@clock\n")
    .replace("PrivateUsers=yes\n", "")
)
"""What leaves a time client able to set the clock."""

NFTABLES_UNIT = """\
[Unit]
Description=Packet filter
Before=network-pre.target
Wants=network-pre.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/nftables.conf

[Install]
WantedBy=sysinit.target
"""

DOCKER_UNIT = """\
[Unit]
Description=Docker Application Container Engine
After=network-online.target docker.socket
Requires=docker.socket

[Service]
Type=notify
ExecStart=/usr/bin/dockerd -H fd://
LimitNOFILE=1048576
Delegate=yes
KillMode=process
OOMScoreAdjust=-500
Restart=always

[Install]
WantedBy=multi-user.target
"""

DOCKER_SOCKET = """\
[Unit]
Description=Docker Socket for the API

[Socket]
ListenStream=/run/docker.sock
SocketMode=0660
SocketUser=root
SocketGroup=docker

[Install]
WantedBy=sockets.target
"""

DAEMON = """\
{
  "data-root": "/data/docker",
  "icc": false,
  "iptables": true,
  "live-restore": true,
  "log-driver": "journald",
  "no-new-privileges": true,
  "userland-proxy": false,
  "userns-remap": "default"
}
"""

FSTAB = """\
/dev/mapper/root  /             squashfs  ro,nodev                                       0 0
tmpfs             /tmp          tmpfs     nosuid,nodev,noexec,mode=1777,size=16m         0 0
tmpfs             /var/volatile tmpfs     nosuid,nodev,noexec,mode=0755,size=16m         0 0
tmpfs             /dev/shm      tmpfs     nosuid,nodev,noexec,mode=1777,size=16m         0 0
/dev/mapper/data  /data         ext4      nosuid,nodev,noexec                            0 2
/dev/mapper/store /data/docker  ext4      nosuid,nodev                                   0 2
"""

CRYPTTAB = """\
data  PARTLABEL=data  -  luks,tpm2-device=auto
store PARTLABEL=store -  luks,tpm2-device=auto
"""

LOW_DOCKER = {
    "service-runs-as-root": "dockerd must be root to make namespaces",
    "service-unsandboxed": "dockerd makes the namespaces that a sandbox would forbid",
    "service-without-limits": "dockerd delegates limits to its containers",
    "mac-profile-missing": "dockerd runs unconfined and gives each container its profile",
}

# ---------------------------------------------------------------------------------------------- Yocto, Docker, RAUC

COMPOSE = f"""\
version: "2.4"
services:
  web:
    image: registry.maker.example/web@{DIGEST}
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    memswap_limit: 64m
    cpus: 0.5
    pids_limit: 64
    tmpfs: ["/tmp:size=8m,noexec,nosuid,nodev"]
    ports: ["8443:8443"]
    networks: [inside]
    restart: unless-stopped
    # privileged: true      # was needed before udev gave the group its device
  store:
    image: registry.maker.example/store@{DIGEST_2}
    user: "10002:10002"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 96m
    memswap_limit: 96m
    cpus: 0.5
    pids_limit: 64
    volumes: ["/data/store:/store"]
    networks: [inside]
    restart: unless-stopped
networks:
  inside:
    driver: bridge
"""

BAD_COMPOSE = f"""\
version: "2.4"
services:
  web:
    image: registry.maker.example/web@{DIGEST}
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 64
    ports: ["8443:8443"]
    privileged: true
  tunnel:
    image: registry.maker.example/tunnel@{DIGEST_2}
    user: "10003:10003"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 64
    network_mode: host
  watcher:
    image: registry.maker.example/watcher@{DIGEST_2}
    user: "10004:10004"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 64
    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]
  store:
    image: registry.maker.example/store:latest
    user: "10002:10002"
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    volumes: ["/data/store:/store"]
"""

RAUC = """\
[system]
compatible=edge-1
bootloader=uboot
bundle-formats=verity
min-bundle-version=4.2.0
data-directory=/data/rauc

[keyring]
path=/etc/rauc/ca.cert.pem
check-purpose=codesign

[streaming]
sandbox-user=nobody

[slot.rootfs.0]
device=/dev/mmcblk0p2
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/mmcblk0p3
type=raw
bootname=B
"""

HAWKBIT = """\
[client]
hawkbit_server            = updates.maker.example
ssl                       = true
ssl_verify                = true
ssl_cert                  = /data/tls/cert.pem
ssl_key                   = /data/tls/key.pem
tenant_id                 = DEFAULT
bundle_download_location  = /data/hawkbit/bundle.raucb
stream_bundle             = true
connect_timeout           = 20
timeout                   = 60
retry_wait                = 300
log_level                 = message
"""

MARK_GOOD = """\
[Unit]
Description=Keep the booted slot when the self-test passes
After=boot-complete.target
Requires=boot-complete.target

[Service]
Type=oneshot
ExecStart=/usr/bin/rauc status mark-good

[Install]
WantedBy=multi-user.target
"""


MULTI_USER = """\
[Unit]
Description=Multi-User System
Requires=basic.target
After=basic.target
AllowIsolate=yes
"""


def enabled(*names: str) -> dict[str, Content]:
    """The links that systemctl enable makes for units of multi-user.target."""
    return {f"{WANTS}/{name}": link(f"/{UNITS}/{name}") for name in names}


def systemd_root(release: str, *users: tuple[str, int], outputs: str = "") -> dict[str, Content]:
    return {
        "etc/os-release": release,
        "etc/hostname": "edge\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example registry.maker.example\n",
        "etc/machine-id": "uninitialized\n",
        "etc/fstab": FSTAB,
        "etc/crypttab": CRYPTTAB,
        "etc/nftables.conf": firewall(CONTAINER_IN, outputs),
        "etc/sysctl.d/50-hardening.conf": SYSCTL.replace("user.max_user_namespaces = 0\n", "")
        + "net.ipv4.ip_forward = 1\n",
        "etc/ssl/certs/maker-ca.pem": DEVICE_CA,
        f"{UNITS}/nftables.service": NFTABLES_UNIT,
        "etc/systemd/system/sysinit.target.wants/nftables.service": link(f"/{UNITS}/nftables.service"),
        "etc/systemd/system/default.target": link(f"/{UNITS}/multi-user.target"),
        f"{UNITS}/multi-user.target": MULTI_USER,
        "etc/systemd/system/debug-shell.service": link("/dev/null"),
        "usr/lib/systemd/systemd": BINARY,
        "sbin/init": link("../usr/lib/systemd/systemd"),
        "usr/sbin/nft": BINARY,
        "tmp": Node(kind=Kind.DIRECTORY, mode=0o1777),
        "data": Node(kind=Kind.DIRECTORY, mode=0o755),
        **accounts(*users),
    }


SCARTHGAP = 'ID=poky\nNAME="Poky (Yocto Project Reference Distro)"\nVERSION="5.0.13 (scarthgap)"\nVERSION_ID=5.0.13\n'

DOCKER_HOST: dict[str, Content] = {
    "usr/bin/dockerd": BINARY,
    "usr/bin/docker": BINARY,
    "etc/docker/daemon.json": DAEMON,
    f"{UNITS}/docker.service": DOCKER_UNIT,
    f"{UNITS}/docker.socket": DOCKER_SOCKET,
    "etc/systemd/system/sockets.target.wants/docker.socket": link(f"/{UNITS}/docker.socket"),
    **enabled("docker.service"),
    "etc/subuid": "dockremap:231072:65536\n",
    "etc/subgid": "dockremap:231072:65536\n",
}

RAUC_HOST: dict[str, Content] = {
    "etc/rauc/system.conf": RAUC,
    "etc/rauc/ca.cert.pem": UPDATE_CA,
    f"{UNITS}/rauc-mark-good.service": MARK_GOOD,
    "usr/bin/rauc": BINARY,
}

TELEMETRY = unit("Sends readings to the maker", "/usr/bin/telemetry --config /etc/telemetry.toml", "telemetry")

EDGE: dict[str, Content] = {
    **systemd_root(SCARTHGAP, ("telemetry", 201), ("hawkbit", 202), ("dockremap", 203)),
    **DOCKER_HOST,
    **RAUC_HOST,
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "etc/selinux/targeted/policy/policy.33": bytes.fromhex("8cff7cf9") + b"\x08\0\0\0SE Linux" + bytes(64),
    "etc/selinux/targeted/contexts/files/file_contexts": "/usr/bin/telemetry -- system_u:object_r:telemetry_exec_t:s0\n"
    "",
    "etc/docker/daemon.json": DAEMON.replace('  "userland', '  "selinux-enabled": true,\n  "userland'),
    "etc/rauc-hawkbit-updater/config.conf": HAWKBIT,
    f"{UNITS}/rauc-hawkbit-updater.service": unit(
        "Asks hawkBit for updates",
        "/usr/bin/rauc-hawkbit-updater -s -c /etc/rauc-hawkbit-updater/config.conf",
        "hawkbit",
        SANDBOX + "ReadWritePaths=/data/hawkbit\n",
    ),
    f"{UNITS}/telemetry.service": TELEMETRY,
    f"{UNITS}/compose.service": unit(
        "The product's containers",
        "/usr/bin/docker compose -f /opt/app/docker-compose.yml up --no-color",
        rest="Restart=always\n",
    ),
    **enabled("telemetry.service", "compose.service", "rauc-hawkbit-updater.service", "rauc-mark-good.service"),
    f"{UNITS}/telnet.socket": "[Socket]\nListenStream=23\nAccept=yes\n\n[Install]\nWantedBy=sockets.target\n",
    f"{UNITS}/telnet@.service": "[Service]\nExecStart=-/usr/sbin/telnetd -i\nStandardInput=socket\n",
    "opt/app/docker-compose.yml": COMPOSE,
    "etc/telemetry.toml": 'server = "https://updates.maker.example"\nkey_file = "/data/tls/key.pem"\n# password = ""\n',
    "usr/bin/telemetry": BINARY,
    "usr/bin/probe": BINARY,
    "usr/bin/rauc-hawkbit-updater": BINARY,
    "usr/sbin/telnetd": BINARY,
}

CONTAINER_LISTEN = '[[listen]]\nport = 8443\nprotocol = "tcp"\nservice = "web"\nfrom = "lan"\n'


def declared(**services: str) -> str:
    return "".join(
        f'[[service]]\nname = "{name.replace("_", "-")}"\nuser = "{user}"\nmemory = "48M"\n\n'
        for name, user in services.items()
    )


def updates_by(mechanism: str) -> str:
    return UPDATE.replace('"other"', f'"{mechanism}"')


EDGE_POLICY = policy(
    "edge",
    SUPPORT,
    CONTAINER_LISTEN,
    declared(
        docker="root",
        compose="root",
        telemetry="telemetry",
        rauc_hawkbit_updater="hawkbit",
        nftables="root",
        rauc_mark_good="root",
        web="10001",
    ),
    EGRESS,
    FILESYSTEM,
    updates_by("rauc"),
    system="yocto",
    architecture="arm64",
)

SYS_ADMIN = struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0)
"""The attribute security.capability, revision 2: CAP_SYS_ADMIN permitted and effective."""

EDGE_MISTAKES = (
    Mistake(
        "container-unsafe",
        "Compose specification, services: privileged",
        "web",
        {"opt/app/docker-compose.yml": BAD_COMPOSE},
        witness=Witness(
            ("docker-compose", "-f", "{root}/opt/app/docker-compose.yml", "config"),
            r"privileged: true",
            "docker-compose",
        ),
    ),
    Mistake("container-unsafe", "Compose specification, services: network_mode", "tunnel"),
    Mistake("container-unsafe", "Docker manual, protect the daemon socket: who has it is root", "watcher"),
    Mistake("container-unsafe", "Compose specification, services: image, read_only, mem_limit", "store"),
    Mistake(
        "undeclared-listener",
        "dockerd manual, daemon.json: hosts",
        "2375",
        {
            "etc/docker/daemon.json": DAEMON.replace('  "icc"', '  "hosts": ["fd://", "tcp://0.0.0.0:2375"],\n  "icc"'),
            # -H and hosts together are refused, so the flag goes
            "etc/systemd/system/docker.service.d/hosts.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n",
        },
    ),
    Mistake("container-unsafe", "follows from the listener: dockerd(8), tlsverify is missing", "2375"),
    Mistake("plaintext-protocol", "follows from the socket: dockerd manual, no tlsverify", "docker"),
    Mistake("mac-profile-missing", "follows from the socket: no type of SELinux is for dockerd", "docker.service"),
    Mistake(
        "update-over-plaintext",
        "rauc-hawkbit-updater manual, config: ssl",
        "config.conf",
        {
            "etc/rauc-hawkbit-updater/config.conf": HAWKBIT.replace(
                "ssl                       = true", "ssl = false"
            ).replace("ssl_verify                = true", "ssl_verify = false")
        },
    ),
    Mistake(
        "update-without-fallback",
        "RAUC manual, system configuration: one slot, bootloader=noop",
        "system.conf",
        {
            "etc/rauc/system.conf": """\
[system]
compatible=edge-1
bootloader=noop
bundle-formats=verity

[keyring]
path=/etc/rauc/ca.cert.pem

[slot.rootfs.0]
device=/dev/mmcblk0p2
type=ext4
"""
        },
    ),
    Mistake("update-downgrade-possible", "RAUC manual, min-bundle-version is not set", "system.conf"),
    Mistake(
        "certificate-weak",
        "openssl-x509(1), -checkend: it ends on 2027-06-01, support on 2028-03-31",
        "cloud.pem",
        {"etc/ssl/certs/cloud.pem": SHORT_LEAF},
        witness=Witness(
            ("openssl", "x509", "-noout", "-enddate", "-in", "{root}/etc/ssl/certs/cloud.pem"),
            r"^notAfter=Jun .* 2027",
            "openssl",
        ),
    ),
    Mistake(
        "image-sameness",
        "machine-id(5): for images, the file is empty or says uninitialized",
        "machine-id",
        {"etc/machine-id": "8f2b6d1c94e7435ab0c3d58e6f179a24\n"},
    ),
    Mistake(
        "data-unencrypted",
        "fstab(5), crypttab(5)",
        "/data",
        {
            "etc/fstab": FSTAB.replace("/dev/mapper/data ", "PARTLABEL=data  "),
            "etc/crypttab": CRYPTTAB.replace("data ", "#data ", 1),
        },
        witness=Witness(
            ("findmnt", "--tab-file", "{root}/etc/fstab", "-n", "-o", "SOURCE", "/data"),
            r"^PARTLABEL=data",
            "util-linux",
        ),
    ),
    Mistake(
        "capability-unexpected",
        "setcap(8), capabilities(7): cap_sys_admin=ep",
        "usr/bin/probe",
        {"usr/bin/probe": Node(ELF, mode=0o755, xattrs=(("security.capability", SYS_ADMIN),))},
    ),
    Mistake(
        "service-runs-as-root",
        "systemd.unit(5): a drop-in's value replaces the unit's; systemd.exec(5), User",
        "telemetry",
        {
            "etc/systemd/system/telemetry.service.d/90-debug.conf": """\
[Service]
User=root
Group=root
NoNewPrivileges=no
CapabilityBoundingSet=~
ProtectSystem=no
ProtectHome=no
PrivateTmp=no
PrivateDevices=no
PrivateUsers=no
RestrictNamespaces=no
RestrictAddressFamilies=
ProtectKernelTunables=no
ProtectKernelModules=no
ProtectControlGroups=no
SystemCallFilter=
MemoryMax=infinity
TasksMax=infinity
CPUQuota=
"""
        },
        witness=Witness(
            ("systemd-analyze", "security", "--offline=true", "--root={root}", "--no-pager", "telemetry.service"),
            r"User=/DynamicUser=.*Service runs as root",
            "systemd",
        ),
    ),
    Mistake("service-unsandboxed", "systemd.exec(5), sandboxing: the drop-in takes it away", "telemetry"),
    Mistake("service-without-limits", "systemd.resource-control(5), MemoryMax=infinity", "telemetry"),
    Mistake(
        "mac-permissive",
        "selinux_config(5), SELINUX",
        "etc/selinux/config",
        {"etc/selinux/config": "# SELINUX=enforcing\nSELINUX=permissive\nSELINUXTYPE=targeted\n"},
    ),
    Mistake(
        "telnet-enabled",
        "systemd.socket(5), Accept; systemctl(1), enable",
        "telnet",
        {"etc/systemd/system/sockets.target.wants/telnet.socket": link(f"/{UNITS}/telnet.socket")},
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "telnet.socket"), r"^enabled", "systemd"),
    ),
    Mistake("undeclared-listener", "systemd.socket(5), ListenStream", "23"),
    Mistake("plaintext-protocol", "RFC 854", "telnet"),
    Mistake("service-unneeded", "the policy names no telnet", "telnet"),
    Mistake("mac-profile-missing", "follows from telnet-enabled: file_contexts names no telnetd", "telnetd"),
)

# --------------------------------------------------------------------------------------------- Debian, Podman, apt

TRIXIE = (
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\n'
    'VERSION="13 (trixie)"\nVERSION_CODENAME=trixie\nID=debian\n'
)

HARDENED_LINE = (
    "slab_nomerge init_on_alloc=1 init_on_free=1 page_alloc.shuffle=1 pti=on randomize_kstack_offset=on vsyscall=none "
    "debugfs=off oops=panic module.sig_enforce=1 lockdown=confidentiality mitigations=auto,nosmt iommu=force "
    "iommu.strict=1 iommu.passthrough=0 efi=disable_early_pci_dma random.trust_cpu=off hash_pointers=always "
    "lsm=landlock,lockdown,yama,integrity,apparmor,bpf apparmor=1 quiet loglevel=0 panic=10"
)


def grub(line: str) -> str:
    return f"""\
set default=0
set timeout=0
set superusers=""
menuentry 'Debian GNU/Linux' --unrestricted {{
	linux /vmlinuz root=UUID=4d1c5f6a-9be0-4c37-8a52-6e0f7b3d9c18 ro {line}
	initrd /initrd.img
}}
"""


QUADLET = f"""\
[Unit]
Description=The owner's page

[Container]
Image=registry.maker.example/web@{DIGEST}
User=10001
UserNS=auto
ReadOnly=true
NoNewPrivileges=true
DropCapability=all
PidsLimit=64
PodmanArgs=--memory=64m --cpus=0.5
Network=inside.network
PublishPort=8443:8443
Tmpfs=/tmp
Volume=/srv/web:/data:ro

[Service]
Restart=always
MemoryMax=96M
TasksMax=128
CPUQuota=60%

[Install]
WantedBy=multi-user.target
"""

STORE_QUADLET = (
    QUADLET.replace("The owner's page", "Keeps readings")
    .replace("/web@", "/store@")
    .replace("PublishPort=8443:8443\n", "")
    .replace("/srv/web:/data:ro", "/srv/store:/store")
    .replace("User=10001", "User=10002")
)

PODMAN: dict[str, Content] = {
    **systemd_root(
        TRIXIE,
        ("containers", 210),
        ("_chrony", 211),
        outputs="ip daddr 151.101.2.132 tcp dport 443 accept\n\t\tip daddr 198.51.100.20 udp dport 123 accept",
    ),
    "etc/fstab": """\
UUID=4d1c5f6a-9be0-4c37-8a52-6e0f7b3d9c18  /     ext4   rw,errors=remount-ro                     0 1
/dev/mapper/data                           /srv  ext4   nosuid,nodev,noexec                      0 2
/dev/mapper/store                          /var  ext4   nosuid,nodev                             0 2
tmpfs                                      /tmp  tmpfs  nosuid,nodev,noexec,mode=1777,size=64m   0 0
tmpfs                                      /dev/shm  tmpfs  nosuid,nodev,noexec,mode=1777,size=64m        0 0
""",
    "etc/containers/systemd/web.container": QUADLET,
    "etc/containers/systemd/store.container": STORE_QUADLET,
    "etc/containers/systemd/inside.network": "[Network]\nInternal=false\nDisableDNS=false\n",
    "etc/containers/policy.json": """\
{
  "default": [{"type": "reject"}],
  "transports": {
    "docker": {
      "registry.maker.example": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/containers/maker.gpg"}]
    }
  }
}
""",
    "etc/apt/sources.list.d/debian.sources": """\
Types: deb
URIs: https://deb.debian.org/debian https://deb.debian.org/debian-security
Suites: trixie trixie-updates trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
""",
    "etc/apt/apt.conf.d/20auto-upgrades": """\
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
""",
    "etc/apt/apt.conf.d/50unattended-upgrades": """\
Unattended-Upgrade::Origins-Pattern {
        "origin=Debian,codename=${distro_codename},label=Debian";
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";
};
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "03:00";
// Unattended-Upgrade::Allow-downgrade "true";
""",
    f"{UNITS}/apt-daily-upgrade.timer": "[Timer]\nOnCalendar=*-*-* 3:00\nPersistent=true\n\n[Install]\n"
    "WantedBy=timers.target\n",
    f"{UNITS}/apt-daily-upgrade.service": "[Service]\nType=oneshot\nExecStart=/usr/lib/apt/apt.systemd.daily install\n",
    "etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer": link(f"/{UNITS}/apt-daily-upgrade.timer"),
    "boot/grub/grub.cfg": grub(HARDENED_LINE),
    "etc/default/grub": f'GRUB_DEFAULT=0\nGRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="{HARDENED_LINE}"\n# for tests: nokaslr\n',
    "etc/chrony/chrony.conf": "server 198.51.100.20 iburst\nport 0\ncmdport 0\nuser _chrony\n",
    f"{UNITS}/chrony.service": unit(
        "Keeps the clock",
        "/usr/sbin/chronyd -d",
        "_chrony",
        CLOCK_SANDBOX,
    ),
    **enabled("chrony.service"),
    "usr/sbin/chronyd": BINARY,
    "etc/apparmor.d/usr.sbin.chronyd": profile("/usr/sbin/chronyd", "capability sys_time,\n  /var/lib/chrony/** rw,"),
    f"{UNITS}/apparmor.service": """\
[Unit]
Description=Load AppArmor profiles
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/apparmor_parser -r /etc/apparmor.d

[Install]
WantedBy=sysinit.target
""",
    "etc/systemd/system/sysinit.target.wants/apparmor.service": link(f"/{UNITS}/apparmor.service"),
    "usr/sbin/NetworkManager": BINARY,
    "etc/NetworkManager/dispatcher.d/10-clock": script('[ "$2" = up ] && logger "link $1 is up"\n'),
    "usr/bin/podman": BINARY,
    "usr/bin/apt-get": BINARY,
    "usr/bin/unattended-upgrade": BINARY,
}

PODMAN_POLICY = policy(
    "box",
    SUPPORT,
    CONTAINER_LISTEN,
    declared(
        web="10001",
        store="10002",
        apt_daily_upgrade="root",
        nftables="root",
        apparmor="root",
        chrony="_chrony",
        unattended_upgrades="root",
    ),
    EGRESS,
    '[[egress]]\nto = "deb.debian.org"\nport = 443\nprotocol = "tcp"\n\n[[egress]]\n'
    'to = "151.101.2.132/32"\nport = 443\n\n[[egress]]\nto = "198.51.100.20"\nport = 123\nprotocol = "udp"\n',
    """\
[filesystem]
verified = "none"
writable = ["/srv", "/var", "/run", "/tmp"]
setuid = []
encrypted = ["/srv", "/var"]
key_store = "tpm"
""",
    updates_by("apt"),
    system="debian",
    architecture="x86-64",
)

LOW_DEBIAN = {
    "rootfs-unverified": "Debian's packages are verified when they come, not when they run",
    "rootfs-writable": "apt writes what unattended-upgrades brings",
    "package-manifest-uncovered": "no signed manifest comes with Debian's packages",
    "privileged-hooks": "NetworkManager's dispatcher folder lies on the root that apt writes",
    "hook-directory-writable": "the same: nothing on a package-based root is verified",
    "init-script-writable": "the same",
    "update-without-fallback": "apt has one root; the owner's data are on another partition",
    "debug-tool-shipped": "apt itself is the update mechanism",
}

PODMAN_MISTAKES = (
    Mistake(
        "container-unsafe",
        "podman-systemd.unit(5): PodmanArgs, Network, Volume, Image",
        "store.container",
        {
            "etc/containers/systemd/store.container": """\
[Container]
Image=registry.maker.example/store:latest
PodmanArgs=--privileged --pid=host
Network=host
Volume=/run/podman/podman.sock:/run/podman/podman.sock
Environment=STORE_DB_PASSWORD=mB4xR7tQp2Ls9Z

[Install]
WantedBy=multi-user.target
"""
        },
    ),
    Mistake("credential-hard-coded", "podman-systemd.unit(5), Environment", "store.container"),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "store.container"),
    Mistake(
        "container-unsafe",
        "podman-systemd.unit(5): drop-ins in NAME.container.d; AddCapability, SeccompProfile",
        "web",
        {
            "etc/containers/systemd/web.container.d/10-debug.conf": (
                "[Container]\nAddCapability=SYS_ADMIN NET_ADMIN\nSeccompProfile=unconfined\nReadOnly=false\n"
            )
        },
    ),
    Mistake(
        "update-unauthenticated",
        "sources.list(5), Trusted",
        "maker.sources",
        {
            "etc/apt/sources.list.d/maker.sources": (
                "Types: deb\nURIs: http://packages.maker.example/debian\nSuites: trixie\n"
                "Components: main\nTrusted: yes\n"
            )
        },
    ),
    Mistake("update-over-plaintext", "sources.list(5), URIs: http", "maker.sources"),
    Mistake(
        "update-not-automatic",
        "apt.conf(5): files are read in order, a later value wins; APT::Periodic::Unattended-Upgrade",
        "apt",
        {"etc/apt/apt.conf.d/99local": 'APT::Periodic::Unattended-Upgrade "0";\n'},
        witness=Witness(
            (
                "sh",
                "-c",
                "cat {root}/etc/apt/apt.conf.d/* | apt-config -c /dev/stdin dump APT::Periodic::Unattended-Upgrade",
            ),
            r'Unattended-Upgrade "0"',
            "apt",
        ),
    ),
    Mistake(
        "kernel-cmdline",
        "admin-guide/kernel-parameters: mitigations",
        "mitigations",
        {
            "etc/default/grub.d/90-tuning.cfg": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX mitigations=off nokaslr"\n',
            "boot/grub/grub.cfg": grub(
                HARDENED_LINE.replace("mitigations=auto,nosmt ", "") + " mitigations=off nokaslr"
            ),
        },
    ),
    Mistake("kernel-cmdline", "admin-guide/kernel-parameters: nokaslr", "nokaslr"),
    Mistake(
        "sysctl",
        "sysctl.d(5): files in order of their names, the last value wins",
        "kptr_restrict",
        {"etc/sysctl.d/99-tuning.conf": "kernel.kptr_restrict = 0\nkernel.yama.ptrace_scope = 0\n"},
        witness=Witness(
            ("sh", "-c", "cat {root}/etc/sysctl.d/*.conf | sysctl --dry-run -p - | grep kptr_restrict | tail -n 1"),
            r"kptr_restrict = 0",
            "procps",
        ),
    ),
    Mistake("sysctl", "admin-guide/LSM/Yama: ptrace_scope", "ptrace_scope"),
    Mistake(
        "mac-permissive",
        "apparmor_parser(8), force-complain: a link there loads the profile in complain mode",
        "chronyd",
        {"etc/apparmor.d/force-complain/usr.sbin.chronyd": link("../usr.sbin.chronyd")},
    ),
    Mistake(
        "image-sameness",
        "systemd-random-seed.service(8): remove the seed from an image before it is copied",
        "random-seed",
        {"var/lib/systemd/random-seed": Node(bytes((index * 197 + 5) % 256 for index in range(512)), mode=0o600)},
    ),
    Mistake(
        "certificate-weak",
        "RFC 5280: whoever has the CA's key signs for every device",
        "plant-ca.pem",
        {"etc/ssl/plant/plant-ca.pem": PLANT_CA, "etc/ssl/plant/plant-ca.key": Node(PLANT_CA_KEY, mode=0o600)},
        witness=Witness(
            ("openssl", "pkey", "-in", "{root}/etc/ssl/plant/plant-ca.key"), r"BEGIN PRIVATE KEY", "openssl"
        ),
    ),
    Mistake("private-key-embedded", "RFC 5958 (PKCS#8)", "plant-ca.key"),
    Mistake("image-sameness", "follows from the key: alike in every copy", "plant-ca.key"),
    Mistake(
        "hook-directory-writable",
        "NetworkManager-dispatcher(8): runs as root what lies there; chmod(1), 0777",
        "50-route",
        {"etc/NetworkManager/dispatcher.d/50-route": script("ip route replace default dev eth0\n", 0o777)},
    ),
    Mistake("world-writable", "follows from the hook's mode: chmod(1), 0777", "50-route"),
)

# ----------------------------------------------------------------------------------------------- Debian, docker run

RUN_UNIT = f"""\
[Unit]
Description=The owner's page
After=docker.service
Requires=docker.service

[Service]
EnvironmentFile=/etc/default/page
ExecStartPre=-/usr/bin/docker rm -f page
ExecStart=/usr/bin/docker run --rm --name page $DOCKER_OPTS -p 8443:8443 registry.maker.example/page@{DIGEST}
ExecStop=/usr/bin/docker stop page
Restart=always

[Install]
WantedBy=multi-user.target
"""

RUN_OPTIONS = (
    'DOCKER_OPTS="--read-only --cap-drop ALL --security-opt no-new-privileges --user '
    "10001:10001 --memory 64m --cpus 0.5 "
    '--pids-limit 64 --tmpfs /tmp --network inside"\n'
)

RUN_SCRIPT = f"""\
#!/bin/sh
# Starts the reader of the meters.
set -eu
docker network inspect inside >/dev/null 2>&1 || docker network create inside
exec docker run --rm --name meters --read-only --cap-drop=ALL --security-opt=no-new-privileges --user 10002 \\
	--memory=64m --cpus=0.25 --pids-limit=32 --network=inside --device=/dev/ttyS1 \\
	registry.maker.example/meters@{DIGEST_2}
"""

POLL = """\
#!/bin/sh
# Installs the stable bundle when it is newer; RAUC verifies it and writes the other slot.
set -eu
exec rauc install https://updates.maker.example/stable.raucb
"""

POLL_TIMER = (
    "[Timer]\nOnCalendar=*-*-* 02:30\nRandomizedDelaySec=1h\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
)
POLL_SERVICE = unit("Asks for a newer bundle", "/usr/libexec/poll-update", "poll", kind="oneshot")

RUNNER: dict[str, Content] = {
    **systemd_root(TRIXIE, ("poll", 211), ("dockremap", 203), ("netdiag", 212)),
    **DOCKER_HOST,
    **RAUC_HOST,
    f"{UNITS}/page.service": RUN_UNIT,
    "etc/default/page": RUN_OPTIONS,
    f"{UNITS}/meters.service": unit("Reads the meters", "/usr/libexec/start-meters", rest="Restart=always\n"),
    "usr/libexec/start-meters": executable(RUN_SCRIPT),
    f"{UNITS}/poll-update.service": POLL_SERVICE,
    f"{UNITS}/poll-update.timer": POLL_TIMER,
    "usr/libexec/poll-update": executable(POLL),
    "etc/systemd/system/timers.target.wants/poll-update.timer": link(f"/{UNITS}/poll-update.timer"),
    **enabled("page.service", "meters.service", "rauc-mark-good.service"),
    "usr/lib/systemd/system-preset/99-default.preset": "disable *\n",
    f"{UNITS}/rsh.socket": "[Socket]\nListenStream=514\nAccept=yes\n\n[Install]\nWantedBy=sockets.target\n",
    f"{UNITS}/rsh@.service": "[Service]\nExecStart=-/usr/sbin/in.rshd\nStandardInput=socket\n",
    f"{UNITS}/vsftpd@.service": "[Service]\nExecStart=/usr/sbin/vsftpd /etc/vsftpd/%i.conf\n\n[Install]\n"
    "WantedBy=multi-user.target\n",
    "etc/vsftpd/lan.conf": "listen=YES\nlisten_port=21\nanonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n",
    "usr/sbin/in.rshd": BINARY,
    "usr/sbin/vsftpd": BINARY,
    "usr/bin/netdiag": BINARY,
    "root/.docker/config.json": '{"credHelpers": {"registry.maker.example": "tpm"}}\n',
}

RUNNER_POLICY = policy(
    "meter-box",
    SUPPORT,
    CONTAINER_LISTEN.replace('"web"', '"page"'),
    declared(docker="root", page="root", meters="root", poll_update="poll", rauc_mark_good="root", nftables="root"),
    EGRESS,
    FILESYSTEM,
    updates_by("rauc"),
    system="debian",
    architecture="arm64",
)

RUNNER_MISTAKES = (
    Mistake(
        "container-unsafe",
        "docker-run(1): --privileged, --pid; systemd.exec(5), EnvironmentFile",
        "page",
        {"etc/default/page": 'DOCKER_OPTS="--privileged --pid=host"\n'},
    ),
    Mistake(
        "container-unsafe",
        "docker-run(1): --network, -v of the socket, a tag that moves",
        "meters",
        {
            "usr/libexec/start-meters": executable(
                "#!/bin/sh\nSOCKET=/var/run/docker.sock\nexec docker run --rm --name meters --network=host "
                '-v "$SOCKET:$SOCKET" --cap-add=NET_ADMIN registry.maker.example/meters:stable\n'
            )
        },
    ),
    Mistake(
        "update-over-plaintext",
        "RAUC manual, streaming: rauc install takes http and https",
        "poll-update",
        {"usr/libexec/poll-update": executable(POLL.replace("https://", "http://"))},
    ),
    Mistake(
        "update-not-automatic",
        "systemctl(1), enable: the timer's link is missing",
        "rauc",
        without=("etc/systemd/system/timers.target.wants/poll-update.timer",),
    ),
    Mistake(
        "remote-shell-enabled",
        "systemd.preset(5): at the first boot, presets enable units; the first rule that matches wins",
        "rsh",
        {"usr/lib/systemd/system-preset/50-service.preset": "enable rsh.socket\n"},
        witness=Witness(
            ("systemctl", "--root={root}", "list-unit-files", "--no-pager", "rsh.socket"),
            r"^rsh\.socket\s+\S+\s+enabled",
            "systemd",
        ),
    ),
    Mistake("undeclared-listener", "systemd.socket(5), ListenStream", "514"),
    Mistake("plaintext-protocol", "follows from rshd: RFC 1282, nothing is encrypted", "rsh"),
    Mistake(
        "ftp-enabled",
        "systemd.unit(5): an instance of a template is enabled by its link",
        "vsftpd",
        {f"{WANTS}/vsftpd@lan.service": link(f"/{UNITS}/vsftpd@.service")},
        witness=Witness(("systemctl", "--root={root}", "is-enabled", "vsftpd@lan.service"), r"^enabled", "systemd"),
    ),
    Mistake("undeclared-listener", "vsftpd.conf(5), listen_port", "21"),
    Mistake("plaintext-protocol", "RFC 959; vsftpd.conf(5), ssl_enable", "ftp"),
    Mistake("service-unneeded", "the policy names no vsftpd", "vsftpd"),
    Mistake("service-unsandboxed", "systemd.exec(5), sandboxing is missing", "vsftpd"),
    Mistake("mac-profile-missing", "apparmor.d(5): no profile for vsftpd", "vsftpd"),
    Mistake("setuid-unexpected", "chmod(1), 4755", "netdiag", {"usr/bin/netdiag": executable(ELF, 0o4755)}),
    Mistake(
        "credential-hard-coded",
        "docker-login(1): auth is user:password in base 64",
        "config.json",
        {
            "root/.docker/config.json": Node(
                '{"auths": {"registry.maker.example": {"auth": "cHVsbGVyOkt2OCFxWjJtUng3dFBz"}}}\n', mode=0o600
            )
        },
    ),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "config.json"),
    Mistake(
        "private-key-embedded",
        "ssh-keygen(1), the OpenSSH form",
        "id_ecdsa",
        {"root/.ssh/id_ecdsa": Node(OPENSSH_KEY_ECDSA, mode=0o600)},
        witness=Witness(
            ("ssh-keygen", "-y", "-f", "{root}/root/.ssh/id_ecdsa"), r"^ecdsa-sha2-nistp256 ", "openssh-client"
        ),
    ),
    Mistake("image-sameness", "follows from the key: alike in every copy", "id_ecdsa"),
    Mistake(
        "mount-options",
        "fstab(5), mount(8)",
        "/tmp",
        {"etc/fstab": FSTAB.replace("nosuid,nodev,noexec,mode=1777,size=16m         0 0", "mode=1777,size=16m 0 0", 1)},
        witness=Witness(
            ("findmnt", "--tab-file", "{root}/etc/fstab", "-n", "-o", "OPTIONS", "/tmp"), r"^mode=1777", "util-linux"
        ),
    ),
)

# ------------------------------------------------------------------------------------------------- Yocto, LXC, Mender

LXC = """\
lxc.uts.name = app
lxc.rootfs.path = overlayfs:/usr/share/containers/app:/data/containers/app
lxc.rootfs.options = ro,nosuid,nodev
lxc.idmap = u 0 100000 65536
lxc.idmap = g 0 100000 65536
lxc.apparmor.profile = lxc-container-default-cgns
lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp
lxc.no_new_privs = 1
lxc.cap.keep = none
lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.net.0.flags = up
lxc.mount.auto = proc:mixed sys:ro cgroup:ro
lxc.cgroup2.memory.max = 64M
lxc.cgroup2.pids.max = 64
lxc.cgroup2.cpu.max = 50000 100000
lxc.start.auto = 1
"""

MENDER = """\
{
  "ServerURL": "https://updates.maker.example",
  "ServerCertificate": "/etc/mender/server.crt",
  "ArtifactVerifyKey": "/etc/mender/artifact-verify-key.pem",
  "RootfsPartA": "/dev/mmcblk0p2",
  "RootfsPartB": "/dev/mmcblk0p3",
  "UpdatePollIntervalSeconds": 1800,
  "InventoryPollIntervalSeconds": 28800,
  "RetryPollIntervalSeconds": 300
}
"""

SYSV_INITTAB = """\
id:5:initdefault:
si::sysinit:/etc/init.d/rcS
l0:0:wait:/etc/init.d/rc 0
l5:5:wait:/etc/init.d/rc 5
l6:6:wait:/etc/init.d/rc 6
"""

OPEN_DATA = """\
tpm2_unseal -c 0x81000001 -p pcr:sha256:0,7 | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p5 data
mount /data
"""

USB_IMPORT = """\
# Reads a licence from a stick: one file, signed by the maker, never run.
mount -o ro,nosuid,nodev,noexec "/dev/$1" /run/usb || exit 1
openssl dgst -sha256 -verify /etc/mender/artifact-verify-key.pem -signature /run/usb/licence.sig /run/usb/licence &&
	cp /run/usb/licence /data/licence
umount /run/usb
"""

LXC_FSTAB = "".join(line for line in FSTAB.splitlines(keepends=True) if "docker" not in line).replace(
    "nosuid,nodev,noexec                            0 2", "nosuid,nodev                                   0 2"
)

LXC_HOST: dict[str, Content] = {
    **{
        path: content
        for path, content in systemd_root(SCARTHGAP).items()
        if "systemd" not in path and path not in ("etc/crypttab", "etc/sysctl.d/50-hardening.conf", "sbin/init")
    },
    # what the containers write is run in them, so /data cannot be noexec
    "etc/fstab": LXC_FSTAB,
    "etc/nftables.conf": firewall(CONTAINER_IN),
    "etc/sysctl.conf": SYSCTL.replace("user.max_user_namespaces = 0\n", "") + "net.ipv4.ip_forward = 1\n",
    "etc/inittab": SYSV_INITTAB,
    "etc/init.d/rcS": script('for step in /etc/rcS.d/S??*; do "$step" start; done\n'),
    "etc/init.d/rc": script('for step in /etc/rc"$1".d/S??*; do "$step" start; done\n'),
    "etc/init.d/mountall.sh": script(
        "mount -a\nmount -t cgroup2 cgroup2 /sys/fs/cgroup -o nosuid,nodev,noexec\n"
        'echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control\n'
    ),
    "etc/init.d/open-data": script(OPEN_DATA),
    "etc/init.d/procps.sh": script("sysctl -q -p /etc/sysctl.conf\n"),
    "etc/init.d/apparmor": script("apparmor_parser -r /etc/apparmor.d\n"),
    "etc/init.d/nftables": script("nft -f /etc/nftables.conf\n"),
    "etc/init.d/networking": script("ifup -a\n"),
    "etc/init.d/lxc": script("lxc-autostart\n"),
    "etc/init.d/mender": script("start-stop-daemon -S -b -m -p /run/mender.pid -x /usr/bin/mender -- daemon\n"),
    "etc/rcS.d/S10mountall.sh": link("../init.d/mountall.sh"),
    "etc/rcS.d/S12open-data": link("../init.d/open-data"),
    "etc/rcS.d/S15procps.sh": link("../init.d/procps.sh"),
    "etc/rcS.d/S20apparmor": link("../init.d/apparmor"),
    "etc/rcS.d/S30nftables": link("../init.d/nftables"),
    "etc/rc5.d/S01networking": link("../init.d/networking"),
    "etc/rc5.d/S60lxc": link("../init.d/lxc"),
    "etc/rc5.d/S80mender": link("../init.d/mender"),
    "etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n"
    "\taddress 192.168.1.30\n",
    "etc/network/if-up.d/clock": script("logger clock\n"),
    "etc/apparmor.d/usr.bin.mender": profile("/usr/bin/mender", "/etc/mender/** r,\n  /dev/mmcblk0p[23] rw,"),
    "etc/apparmor.d/lxc-containers": "profile lxc-container-default-cgns flags=(attach_disconnected) {\n"
    "  network inet stream,\n}\n",
    "etc/subuid": "root:100000:65536\n",
    "etc/subgid": "root:100000:65536\n",
    "etc/mender/mender.conf": MENDER,
    "etc/mender/server.crt": DEVICE_CA,
    "etc/mender/artifact-verify-key.pem": UPDATE_PUBLIC_KEY,
    "etc/udev/rules.d/80-licence.rules": (
        'ACTION=="add", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", ENV{ID_FS_TYPE}=="vfat", '
        'RUN+="/usr/sbin/usb-import %k"\n'
    ),
    "usr/sbin/usb-import": script(USB_IMPORT),
    "var/lib/lxc/app/config": LXC,
    "var/lib/lxc/meter/config": LXC.replace("name = app", "name = meter").replace("/app", "/meter"),
    "bin/busybox": BINARY,
    "bin/sh": link("busybox"),
    "sbin/init.sysvinit": BINARY,
    "sbin/init": link("init.sysvinit"),
    "usr/bin/mender": BINARY,
    "usr/bin/lxc-autostart": BINARY,
    "usr/bin/socat": BINARY,
}
LXC_HOST.pop("etc/machine-id")

LXC_POLICY = policy(
    "concentrator",
    SUPPORT,
    CONTAINER_LISTEN.replace('"web"', '"app"'),
    declared(mender="root", lxc="root", app="100000", meter="100000")
    + declared(nftables="root", apparmor="root", networking="root"),
    EGRESS,
    FILESYSTEM,
    updates_by("mender"),
    system="yocto",
)

LOW_LXC = {
    "service-runs-as-root": "the Mender client writes the other root partition",
    "service-unsandboxed": "the same; it is confined by its AppArmor profile",
    "update-downgrade-possible": "Mender's client has no setting against it: the server decides which artifact comes",
    "debug-tool-shipped": "socat carries the meters' serial line into the container",
}

LXC_MISTAKES = (
    Mistake(
        "container-unsafe",
        "lxc.container.conf(5): lxc.apparmor.profile unconfined, no lxc.idmap, lxc.cap",
        "app",
        {
            "var/lib/lxc/app/config": """\
lxc.uts.name = app
lxc.rootfs.path = dir:/usr/share/containers/app
lxc.apparmor.profile = unconfined
lxc.cap.drop =
lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.mount.auto = proc:rw sys:rw cgroup:rw
lxc.mount.entry = / mnt/host none bind,rw 0 0
lxc.environment = CLOUD_PASSWORD=Tz5-nWq8LmX3vR
lxc.start.auto = 1
"""
        },
    ),
    Mistake("credential-hard-coded", "lxc.container.conf(5), lxc.environment", "var/lib/lxc/app/config"),
    Mistake("image-sameness", "follows from the credential: alike in every copy", "var/lib/lxc/app/config"),
    Mistake(
        "container-unsafe",
        "lxc.container.conf(5): lxc.net.[i].type none shares the host's network",
        "meter",
        {
            "var/lib/lxc/meter/config": LXC.replace("name = app", "name = meter")
            .replace("/app", "/meter")
            .replace(
                "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\n", "lxc.net.0.type = none\n"
            )
        },
    ),
    Mistake(
        "update-unauthenticated",
        "Mender manual, mender.conf: ArtifactVerifyKey, without it unsigned artifacts are taken",
        "mender.conf",
        {
            "etc/mender/mender.conf": """\
{
  "ServerURL": "http://updates.maker.example",
  "SkipVerify": true,
  "RootfsPartA": "/dev/mmcblk0p2",
  "RootfsPartB": "/dev/mmcblk0p3",
  "UpdatePollIntervalSeconds": 1800
}
"""
        },
    ),
    Mistake("update-over-plaintext", "Mender manual, mender.conf: ServerURL", "mender.conf"),
    Mistake("tls-weak", "follows from the same file: Mender manual, SkipVerify", "mender.conf"),
    Mistake(
        "update-not-automatic",
        "init.d(7): no run level starts the client, mender install is for hand work",
        "mender",
        {"etc/rc5.d/K20mender": link("../init.d/mender")},
        ("etc/rc5.d/S80mender",),
    ),
    Mistake(
        "removable-media-executed",
        "udev(7), RUN+=; the stick's own script is run",
        "usb-import",
        {
            "usr/sbin/usb-import": script(
                'mount "/dev/$1" /run/usb || exit 1\nif [ -x /run/usb/autorun.sh ]; then /run/usb/autorun.sh; fi\n'
            )
        },
    ),
    Mistake(
        "key-beside-data",
        "cryptsetup-open(8), --key-file on the same eMMC",
        "data.key",
        {
            "etc/init.d/open-data": script(
                "mount -o ro /dev/mmcblk0p1 /boot\n"
                "cryptsetup luksOpen --key-file=/boot/data.key /dev/mmcblk0p5 data\nmount /data\n"
            ),
            "boot/data.key": bytes((index * 113 + 29) % 256 for index in range(256)),
        },
    ),
    Mistake("image-sameness", "the key is alike in every copy", "data.key"),
    Mistake(
        "backdoor-listener",
        "inittab(5), respawn; socat(1), TCP-LISTEN, EXEC",
        "4444",
        {
            "etc/inittab": SYSV_INITTAB
            + "T4:5:respawn:/usr/bin/socat TCP-LISTEN:4444,reuseaddr,fork EXEC:/bin/sh,pty,stderr\n"
        },
    ),
    Mistake("undeclared-listener", "socat(1), TCP-LISTEN", "4444"),
    Mistake("service-unneeded", "follows from backdoor-listener: the policy names no socat", "socat"),
    Mistake("mac-profile-missing", "follows from backdoor-listener: no profile is for socat", "socat"),
    Mistake(
        "hook-directory-writable",
        "interfaces(5): ifup runs what lies in if-up.d, here in /data by way of a link",
        "if-up.d",
        {"etc/network/if-up.d": link("/data/if-up.d")},
        ("etc/network/if-up.d/clock",),
    ),
    Mistake("privileged-hooks", "ifup(8): the folder is outside the verified part", "if-up.d"),
    Mistake(
        "image-sameness",
        "machine-id(5), dbus-uuidgen(1)",
        "machine-id",
        {"var/lib/dbus/machine-id": "5c0d9e2f7a614b38b1e6c47f92a3d805\n"},
    ),
    Mistake(
        "sysctl",
        "networking/ip-sysctl: rp_filter, 0 is no source validation; max of all and the interface",
        "rp_filter",
        {"etc/sysctl.conf": SYSCTL.replace(".rp_filter = 1", ".rp_filter = 0") + "net.ipv4.ip_forward = 1\n"},
    ),
)

SYSTEMS: tuple[Truth, ...] = (
    Truth("docker-compose-host", "yocto", "systemd", EDGE, EDGE_MISTAKES, EDGE_POLICY, low=LOW_DOCKER),
    Truth("podman-host", "debian", "systemd", PODMAN, PODMAN_MISTAKES, PODMAN_POLICY, low=LOW_DEBIAN),
    Truth("docker-run-host", "debian", "systemd", RUNNER, RUNNER_MISTAKES, RUNNER_POLICY, low=LOW_DOCKER),
    Truth("lxc-host", "yocto", "sysv", LXC_HOST, LXC_MISTAKES, LXC_POLICY, low=LOW_LXC),
)
