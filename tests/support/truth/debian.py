"""Debian 13 devices: a gateway that apt updates, image-based ones with RAUC or SWUpdate, a panel in package mode."""

import hashlib

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.linux_base import (
    COMMAND_LINE,
    ELF,
    SYSTEM_SERVICES,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    passwd_with,
    profile,
    sandboxed,
    service,
    systemd_root,
)
from truth.row import Mistake, Truth, Witness

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
HOME_URL="https://www.debian.org/"
"""

READ_ONLY = """\
# <file system> <mount point> <type> <options> <dump> <pass>
/dev/mapper/root / squashfs ro 0 0
/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2
tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,size=32M,mode=1777 0 0
tmpfs /var tmpfs rw,nosuid,nodev,noexec,size=64M 0 0
# /dev/sdb1 /media ext4 rw,exec,suid 0 0
"""

CRYPTTAB = "# name device key options\ndata /dev/disk/by-partlabel/data none luks,tpm2-device=auto,tpm2-pcrs=7\n"

RAUC = """\
[system]
compatible=maker-device
bootloader=efi
bundle-formats=verity
mountprefix=/run/rauc
data-directory=/data/rauc
min-bundle-version=1.4.0

[keyring]
path=/etc/rauc/ca.cert.pem
use-bundle-signing-time=false

[slot.rootfs.0]
device=/dev/disk/by-partlabel/root-a
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/disk/by-partlabel/root-b
type=raw
bootname=B
"""

RAUC_UNIT = """\
[Unit]
Description=RAUC Update Service
After=dbus.service

[Service]
Type=dbus
BusName=de.pengutronix.rauc
ExecStart=/usr/bin/rauc --mount=/run/rauc service
ProtectHome=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictNamespaces=no
LockPersonality=yes
SystemCallArchitectures=native
MemoryMax=128M
"""

HAWKBIT = """\
[client]
hawkbit_server            = updates.maker.example:443
ssl                       = true
ssl_verify                = true
tenant_id                 = DEFAULT
target_name               = from-serial
ssl_key                   = /data/identity/device.key
ssl_cert                  = /data/identity/device.pem
stream_bundle             = true
post_update_reboot        = true
# gateway_token           = paste-it-here-for-the-bench

[device]
product                   = maker-device
"""

HAWKBIT_UNIT = service(
    "HawkBit client for RAUC",
    "/usr/bin/rauc-hawkbit-updater -s -c /etc/rauc-hawkbit-updater/config.conf",
    sandboxed("rauc-hawkbit"),
)

SSHD = """\
# The first value of a keyword wins, so drop-ins come before all else
Include /etc/ssh/sshd_config.d/*.conf
HostKey /data/ssh/ssh_host_ed25519_key
UsePAM yes
X11Forwarding no
PrintMotd no
#PermitRootLogin yes
#PasswordAuthentication yes
Subsystem sftp internal-sftp
"""

SSHD_HARDENED = """\
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PubkeyAuthentication yes
AuthenticationMethods publickey
AuthorizedKeysFile none
TrustedUserCAKeys /etc/ssh/user_ca.pub
AllowGroups operators
AllowTcpForwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
GatewayPorts no
MaxAuthTries 3
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com
"""

SSH_UNIT = """\
[Unit]
Description=OpenBSD Secure Shell server
After=network.target ssh-host-key.service

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
KillMode=process
Restart=on-failure
Type=notify
RuntimeDirectory=sshd

[Install]
WantedBy=multi-user.target
Alias=sshd.service
"""

SSH_CONFINED = """\
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_CHOWN CAP_SYS_CHROOT CAP_DAC_READ_SEARCH CAP_AUDIT_WRITE CAP_KILL
ProtectSystem=strict
ReadWritePaths=/run /data
MemoryMax=128M
TasksMax=64
"""

HOST_KEY_UNIT = """\
[Unit]
Description=Host key of this one device, made at its first start
ConditionPathExists=!/data/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
ProtectSystem=strict
ReadWritePaths=/data/ssh
PrivateNetwork=yes
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""

NET_RAW = (("security.capability", b"\x01\x00\x00\x02" + (1 << 13).to_bytes(4, "little") + bytes(12)),)
SET_UID = (("security.capability", b"\x01\x00\x00\x02" + (1 << 7).to_bytes(4, "little") + bytes(12)),)


def debian(hostname: str) -> dict[str, Content]:
    return {
        **systemd_root(),
        "etc/os-release": link("../usr/lib/os-release"),
        "usr/lib/os-release": OS_RELEASE,
        "etc/debian_version": "13.2\n",
        "etc/hostname": f"{hostname}\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n198.51.100.20 data.maker.example\n",
        "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
        "auth required pam_permit.so\n",
        "usr/bin/dash": ELF,
        "usr/bin/sh": link("dash"),
        "usr/bin/su": ELF,
        "usr/bin/ping": Node(ELF.content, mode=0o755, xattrs=NET_RAW),
    }


def ssh() -> dict[str, Content]:
    """Certificates of one authority alone let people in; the device's own key is made at its first start."""
    return {
        "etc/ssh/sshd_config": SSHD,
        "etc/ssh/sshd_config.d/50-hardening.conf": SSHD_HARDENED,
        "etc/ssh/user_ca.pub": keys.SSH_CA_PUB + "\n",
        "etc/default/ssh": "# Options to pass to sshd\nSSHD_OPTS=\n",
        f"{UNITS}/ssh.service": SSH_UNIT,
        f"{UNITS}/ssh-host-key.service": HOST_KEY_UNIT,
        **dropin("ssh.service", "hardening", SSH_CONFINED),
        **enabled("ssh.service"),
        **enabled("ssh-host-key.service"),
        **profile("/usr/sbin/sshd", "capability setuid", "capability setgid", "/etc/ssh/** r", "/bin/sh Uxr"),
        "usr/sbin/sshd": ELF,
        "usr/bin/ssh-keygen": ELF,
    }


def image_based(hostname: str) -> dict[str, Content]:
    """A read-only root and RAUC, which asks hawkBit for updates."""
    return {
        **debian(hostname),
        "etc/fstab": READ_ONLY,
        "etc/crypttab": CRYPTTAB,
        "etc/rauc/system.conf": RAUC,
        "etc/rauc/ca.cert.pem": keys.UPDATE_CA,
        "etc/rauc-hawkbit-updater/config.conf": HAWKBIT,
        f"{UNITS}/rauc.service": RAUC_UNIT,
        f"{UNITS}/rauc-hawkbit-updater.service": HAWKBIT_UNIT,
        **enabled("rauc-hawkbit-updater.service"),
        "usr/bin/rauc": ELF,
        "usr/bin/rauc-hawkbit-updater": ELF,
    }


def declared(*names: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [*((name, None) for name in SYSTEM_SERVICES), *names]


UPDATES = ("updates.maker.example", 443, "tcp")
DATA = ("data.maker.example", 8883, "tcp")

# A gateway that stays a Debian: apt updates it, nginx stands before its own program.

NGINX = """\
worker_processes auto;
pid /run/nginx/nginx.pid;
error_log stderr;

events {
    worker_connections 256;
}

http {
    include mime.types;
    default_type application/octet-stream;
    server_tokens off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
    access_log off;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
"""

SITE = """\
server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name _;
    ssl_certificate /data/tls/device.pem;
    ssl_certificate_key /data/tls/device.key;
    add_header Strict-Transport-Security "max-age=31536000" always;
    add_header Content-Security-Policy "default-src 'self'" always;
    add_header X-Content-Type-Options nosniff always;
    root /usr/share/gateway/www;
    include snippets/files.conf;

    location /api/ {
        proxy_pass http://unix:/run/gateway/api.sock;
    }
}
"""

FILES = "location /files/ {\n    alias /usr/share/gateway/files/;\n    autoindex on;\n}\n"

NGINX_UNIT = """\
[Unit]
Description=A high performance web server and a reverse proxy server
After=network-online.target

[Service]
Type=forking
PIDFile=/run/nginx/nginx.pid
ExecStartPre=/usr/sbin/nginx -t -q -g 'daemon on; master_process on;'
ExecStart=/usr/sbin/nginx -g 'daemon on; master_process on;'
TimeoutStopSec=5
KillMode=mixed

[Install]
WantedBy=multi-user.target
"""

APT_UPGRADE_UNIT = """\
[Unit]
Description=Daily apt upgrade and clean activities
After=apt-daily.service network.target

[Service]
Type=oneshot
ExecStart=/usr/lib/apt/apt.systemd.daily install
KillMode=process
TimeoutStopSec=900
"""

DEBIAN_SOURCES = """\
Types: deb
URIs: https://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: https://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
"""

UNATTENDED = """\
Unattended-Upgrade::Origins-Pattern {
        "origin=Debian,codename=${distro_codename},label=Debian-Security";
        "origin=Maker,codename=stable";
};
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "03:00";
"""


def apt() -> dict[str, Content]:
    return {
        "etc/apt/sources.list": "# Sources are in sources.list.d\n# deb [trusted=yes] http://10.0.0.5/bench ./\n",
        "etc/apt/sources.list.d/debian.sources": DEBIAN_SOURCES,
        "etc/apt/sources.list.d/maker.list": "deb [signed-by=/usr/share/keyrings/maker.gpg] "
        "https://updates.maker.example/apt stable main\n",
        "etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Update-Package-Lists "1";\n'
        'APT::Periodic::Unattended-Upgrade "1";\n',
        "etc/apt/apt.conf.d/50unattended-upgrades": UNATTENDED,
        "etc/apt/preferences.d/maker": "Package: *\nPin: origin updates.maker.example\nPin-Priority: 600\n",
        "usr/share/keyrings/debian-archive-keyring.pgp": b"\x99\x02\x0d\x04" + bytes(range(200)),
        "usr/share/keyrings/maker.gpg": b"\x99\x01\x0d\x04" + bytes(range(200)),
        f"{UNITS}/apt-daily.timer": "[Unit]\nDescription=Daily apt download activities\n\n[Timer]\n"
        "OnCalendar=*-*-* 6,18:00\nRandomizedDelaySec=12h\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        f"{UNITS}/apt-daily.service": APT_UPGRADE_UNIT.replace("daily install", "daily update"),
        f"{UNITS}/apt-daily-upgrade.timer": "[Unit]\nDescription=Daily apt upgrade and clean activities\n\n[Timer]\n"
        "OnCalendar=*-*-* 2:00\nRandomizedDelaySec=60m\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        f"{UNITS}/apt-daily-upgrade.service": APT_UPGRADE_UNIT,
        **enabled("apt-daily.timer", "timers.target"),
        **enabled("apt-daily-upgrade.timer", "timers.target"),
        "usr/lib/apt/apt.systemd.daily": executable(
            '#!/bin/sh\nset -e\ncase "$1" in\nupdate) apt-get -qq update ;;\ninstall) unattended-upgrade ;;\nesac\n'
        ),
        "usr/bin/apt-get": ELF,
        "usr/bin/unattended-upgrade": executable("#!/usr/bin/python3\nimport apt\n"),
    }


APT_SERVICES = (("apt-daily", None), ("apt-daily-upgrade", None))

PACKAGE_BASED = {
    "rootfs-writable": "apt writes the root of a stock Debian",
    "rootfs-unverified": "a stock Debian verifies packages when they come in, not files when they run",
    "update-without-fallback": "dpkg has no second slot",
}

GATEWAY: dict[str, Content] = {
    **debian("gateway"),
    **ssh(),
    **apt(),
    **accounts(
        services=(("sshd", 101), ("www-data", 33), ("gateway", 950)),
        people=(("operator", 1000),),
        groups=("operators:x:1100:operator", "wheel:x:1101:operator"),
    ),
    "etc/fstab": "/dev/mapper/root / ext4 errors=remount-ro 0 1\n"
    "/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2\n"
    "tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,mode=1777 0 0\n"
    "tmpfs /var/tmp tmpfs rw,nosuid,nodev,noexec,mode=1777 0 0\n",
    "etc/crypttab": CRYPTTAB + "root /dev/disk/by-partlabel/root none luks,tpm2-device=auto,tpm2-pcrs=7\n",
    "etc/nftables.conf": nftables(
        ("ip saddr 192.0.2.0/24 tcp dport 443 accept", "ip saddr 192.0.2.5 tcp dport 22 accept"),
        (
            "ip daddr { 198.51.100.10, 151.101.2.132 } tcp dport 443 limit rate 20/second accept",
            "ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept",
        ),
    ),
    "etc/nginx/nginx.conf": NGINX,
    "etc/nginx/mime.types": "types {\n    text/html html;\n    application/javascript js;\n}\n",
    "etc/nginx/sites-available/gateway": SITE,
    "etc/nginx/sites-enabled/gateway": link("/etc/nginx/sites-available/gateway"),
    "etc/nginx/snippets/files.conf": FILES.replace("on;", "off;"),
    f"{UNITS}/nginx.service": NGINX_UNIT,
    **dropin(
        "nginx.service",
        "hardening",
        sandboxed("www-data", "RuntimeDirectory=nginx", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("nginx.service"),
    **profile(
        "/usr/sbin/nginx",
        "capability net_bind_service",
        "network inet stream",
        "network inet6 stream",
        "/etc/nginx/** r",
        "/data/tls/* r",
        "/usr/share/gateway/** r",
        "/run/nginx/* rw",
        "/run/gateway/api.sock rw",
    ),
    "usr/sbin/nginx": ELF,
    f"{UNITS}/gateway.service": service(
        "Gateway", "/usr/bin/python3 /usr/lib/gateway/main.py", sandboxed("gateway", "RuntimeDirectory=gateway")
    ),
    **enabled("gateway.service"),
    **profile("/usr/lib/gateway/main.py", "/usr/lib/gateway/** r", "/run/gateway/* rw", name="gateway"),
    "usr/lib/gateway/main.py": executable(
        "#!/usr/bin/python3\n"
        '"""Hands readings on."""\n'
        "import ssl\n\n"
        'context = ssl.create_default_context(cafile="/etc/ssl/certs/maker-ca.pem")\n'
        'context.load_cert_chain("/data/identity/device.pem", "/data/identity/device.key")\n'
    ),
    "usr/share/gateway/www/index.html": "<!doctype html>\n<title>Gateway</title>\n"
    "<form method=post action=/api/login>\n"
    '<input type=password name=password placeholder="password">\n</form>\n',
    "usr/share/gateway/files/manual.txt": "Set the password on first use. Example: password=changeme\n",
    "usr/bin/python3.13": ELF,
    "usr/bin/python3": link("python3.13"),
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/sudoers": Node(
        "Defaults env_reset,use_pty\nroot ALL=(ALL:ALL) ALL\n# %wheel ALL=(ALL) NOPASSWD: ALL\n"
        "@includedir /etc/sudoers.d\n",
        mode=0o440,
    ),
    "etc/sudoers.d/operators": Node(
        "%operators ALL=(root) NOPASSWD: /usr/bin/systemctl restart gateway.service\n", mode=0o440
    ),
    "etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid\n@include common-auth\n",
    "usr/bin/su": executable(ELF.content, mode=0o4755),
    "usr/bin/sudo": executable(ELF.content, mode=0o4755),
    "etc/cron.d/e2scrub_all": "# Skipped under systemd, whose timers do this\n"
    "30 3 * * 0 root test -e /run/systemd/system || /sbin/e2scrub_all_cron\n",
    f"{UNITS}/cron.service": "[Unit]\nDescription=Regular background program processing daemon\n\n[Service]\n"
    "ExecStart=/usr/sbin/cron -f\nKillMode=process\n\n[Install]\nWantedBy=multi-user.target\n",
    "usr/sbin/cron": ELF,
}


def gateway_policy(reviewed: bool) -> str:
    return declaration(
        "gateway",
        "debian",
        listen=((443, "tcp", "nginx", "lan"), (22, "tcp", "ssh", "bastion")),
        egress=(UPDATES, ("deb.debian.org", 443, "tcp"), DATA),
        services=declared(
            ("nginx", "www-data"), ("ssh", None), ("ssh-host-key", None), ("gateway", "gateway"), *APT_SERVICES
        ),
        people=("operator",),
        setuid=("/usr/bin/su", "/usr/bin/sudo"),
        encrypted=("/", "/data"),
        verified="none",
        writable=("/",),
        mechanism="apt",
        reviewed=reviewed,
        architecture="x86-64",
    )


HOST_KEY = ("-o", "HostKey=/etc/ssh/ssh_host_ed25519_key")

DEBIAN_GATEWAY = Truth(
    name="debian-gateway",
    distribution="debian",
    init="systemd",
    clean=GATEWAY,
    policy=gateway_policy(reviewed=True),
    mistaken_policy=gateway_policy(reviewed=False),
    low=PACKAGE_BASED,
    mistakes=(
        Mistake(
            "ssh-password-login",
            "sshd_config(5), PasswordAuthentication; the first value wins, drop-ins in lexical order",
            files={
                "etc/ssh/sshd_config.d/10-provisioning.conf": "PasswordAuthentication yes\nAuthenticationMethods any\n"
            },
            witness=Witness(
                ("sshd", "-T", *HOST_KEY, "-f", "{root}/etc/ssh/sshd_config.d/10-provisioning.conf"),
                r"^passwordauthentication yes",
                "openssh-server",
            ),
        ),
        Mistake(
            "ssh-root-login",
            "sshd_config(5), Match: what follows overrides the global part for those it matches",
            files={
                "etc/ssh/sshd_config": SSHD
                + "\nMatch Address 192.0.2.0/24\n    PermitRootLogin prohibit-password\n"
                "    PermitRootLogin yes\n".replace("    PermitRootLogin prohibit-password\n", "")
            },
            witness=Witness(
                ("sshd", "-T", *HOST_KEY, "-C", "user=root,host=x,addr=192.0.2.9", "-f", "{root}/etc/ssh/sshd_config"),
                r"^permitrootlogin yes",
                "openssh-server",
            ),
        ),
        Mistake(
            "sudo-unrestricted",
            "sudoers(5), NOPASSWD and ALL",
            "operators",
            files={
                "etc/sudoers.d/operators": Node(
                    "Cmnd_Alias ANY = ALL\n%operators ALL = (ALL:ALL) NOPASSWD: ANY\n", mode=0o440
                )
            },
            witness=Witness(
                ("cvtsudoers", "-e", "-f", "sudoers", "{root}/etc/sudoers.d/operators"),
                r"NOPASSWD: ALL",
                "sudo",
            ),
        ),
        Mistake(
            "mac-permissive",
            "apparmor_parser(8): a link of the profile's name in force-complain loads it in complain mode",
            "nginx",
            files={"etc/apparmor.d/force-complain/usr.sbin.nginx": link("/etc/apparmor.d/usr.sbin.nginx")},
        ),
        Mistake(
            "tls-weak",
            "ngx_http_ssl_module, ssl_protocols: the server block's value overrides the http block's",
            files={
                "etc/nginx/sites-available/gateway": SITE.replace(
                    "    server_name _;\n", "    server_name _;\n    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n"
                )
            },
        ),
        Mistake(
            "web-server-misconfigured",
            "ngx_http_autoindex_module, autoindex",
            files={"etc/nginx/snippets/files.conf": FILES},
        ),
        Mistake(
            "update-unauthenticated",
            "sources.list(5), trusted=yes: no signature is asked for",
            "maker.list",
            files={
                "etc/apt/sources.list.d/maker.list": "deb [trusted=yes] https://updates.maker.example/apt stable main\n"
            },
        ),
        Mistake(
            "update-downgrade-possible",
            "apt_preferences(5): a priority above 1000 installs a version even if that is a downgrade",
            files={
                "etc/apt/preferences.d/maker": "Package: *\nPin: origin updates.maker.example\nPin-Priority: 1001\n"
            },
        ),
        Mistake(
            "account-login-unneeded",
            "passwd(5), the login shell",
            "gateway",
            files=passwd_with(GATEWAY, "gateway", "gateway:x:950:950::/data/gateway:/bin/bash"),
        ),
        Mistake(
            "capability-unexpected",
            "capabilities(7), file capabilities; CAP_SETUID on an interpreter",
            "python3.13",
            files={"usr/bin/python3.13": Node(ELF.content, mode=0o755, xattrs=SET_UID)},
        ),
        Mistake(
            "cron-unneeded",
            "crontab(5), the user field of /etc/cron.d; the script belongs to another account",
            "report",
            files={
                "etc/cron.d/report": "*/5 * * * * root /data/gateway/report.sh >/dev/null 2>&1\n",
                "data/gateway/report.sh": Node(
                    "#!/bin/sh\ndf -h > /data/gateway/df.txt\n", mode=0o775, uid=950, gid=950
                ),
                **enabled("cron.service"),
            },
        ),
        also("service-unneeded", "cron", "crontab(5); cron is not in the declaration"),
        also("service-runs-as-root", "cron", "systemd.exec(5), User="),
        also("service-unsandboxed", "cron", "systemd.exec(5), sandboxing"),
        also("review-missing", "", "device.toml, [[review]]"),
    ),
)

# A message broker on a verified image.

BROKER_CONF = """\
per_listener_settings false
persistence true
persistence_location /data/mosquitto/
include_dir /etc/mosquitto/conf.d
"""

BROKER_TLS = """\
listener 8883
allow_anonymous false
require_certificate true
use_identity_as_username true
cafile /etc/ssl/certs/maker-ca.pem
certfile /data/tls/device.pem
keyfile /data/tls/device.key
tls_version tlsv1.2
acl_file /etc/mosquitto/acl
#listener 1883
#allow_anonymous true
"""

VERITYTAB = (
    "# volume data-device hash-device roothash options\n"
    "app /dev/disk/by-partlabel/app /dev/disk/by-partlabel/app-verity "
    f"{hashlib.sha256(b'app').hexdigest()} panic-on-corruption,root-hash-signature=/etc/verity/app.p7s\n"
)

BROKER: dict[str, Content] = {
    **image_based("broker"),
    **accounts(services=(("mosquitto", 105), ("rauc-hawkbit", 106), ("telemetry", 951))),
    "etc/nftables.conf": nftables(
        ("ip saddr 192.0.2.0/24 tcp dport 8883 accept",),
        (
            "ip daddr 198.51.100.10 tcp dport 443 limit rate 20/second accept",
            "ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept",
        ),
    ),
    "etc/kernel/cmdline": COMMAND_LINE + "\n",
    "etc/kernel/install.conf": "layout=uki\n",
    "etc/veritytab": VERITYTAB,
    "etc/verity/app.p7s": bytes.fromhex("30820149") + bytes(range(64)),
    "etc/mosquitto/mosquitto.conf": BROKER_CONF,
    "etc/mosquitto/conf.d/10-tls.conf": BROKER_TLS,
    "etc/mosquitto/acl": "pattern readwrite devices/%u/#\n",
    f"{UNITS}/mosquitto.service": service(
        "Mosquitto MQTT Broker",
        "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf",
        sandboxed("mosquitto", "ReadWritePaths=/data/mosquitto"),
        kind="notify",
    ),
    **enabled("mosquitto.service"),
    **profile(
        "/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/** r", "/data/mosquitto/** rwk", "/data/tls/* r"
    ),
    "usr/sbin/mosquitto": ELF,
    f"{UNITS}/telemetry.service": service("Telemetry", "/usr/lib/telemetry/telemetry", sandboxed("telemetry")),
    **enabled("telemetry.service"),
    **profile("/usr/lib/telemetry/telemetry", "network inet stream", "/data/identity/* r"),
    "usr/lib/telemetry/telemetry": ELF,
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "usr/share/doc/mosquitto/examples/mosquitto.conf": "# listener 1883\nallow_anonymous true\n",
}


def broker_policy(after: str) -> str:
    return declaration(
        "broker",
        "debian",
        listen=((8883, "tcp", "mosquitto", "lan"),),
        egress=(UPDATES, DATA),
        services=declared(
            ("mosquitto", "mosquitto"),
            ("rauc", None),
            ("rauc-hawkbit-updater", "rauc-hawkbit"),
            ("telemetry", "telemetry"),
        ),
        after=after,
        architecture="x86-64",
    )


DEBIAN_BROKER = Truth(
    name="debian-broker",
    distribution="debian",
    init="systemd",
    clean=BROKER,
    policy=broker_policy('after = "local-only"\n'),
    mistaken_policy=broker_policy(""),
    mistakes=(
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5), include_dir reads in alphabetical order, allow_anonymous",
            files={"etc/mosquitto/conf.d/zz-commissioning.conf": "allow_anonymous true\nlistener 1883\n"},
        ),
        also("plaintext-protocol", "1883", "mosquitto.conf(5): a listener without certfile and keyfile is unencrypted"),
        also("undeclared-listener", "1883", "mosquitto.conf(5), listener"),
        Mistake(
            "data-unencrypted",
            "fstab(5): the partition itself, not the mapping that crypttab opens",
            "/data",
            files={"etc/fstab": READ_ONLY.replace("/dev/mapper/data", "/dev/disk/by-partlabel/data")},
            witness=Witness(
                ("findmnt", "--tab-file", "{root}/etc/fstab", "--noheadings", "-o", "SOURCE", "/data"),
                r"by-partlabel/data",
                "util-linux",
            ),
        ),
        Mistake(
            "kernel-cmdline",
            "kernel-parameters.txt, mitigations=",
            "mitigations",
            files={"etc/kernel/cmdline": COMMAND_LINE.replace("mitigations=auto,nosmt", "mitigations=off") + "\n"},
        ),
        Mistake(
            "verity-ignores-corruption",
            "veritytab(5), ignore-corruption",
            "app",
            files={"etc/veritytab": VERITYTAB.replace("panic-on-corruption", "ignore-corruption")},
        ),
        Mistake(
            "update-without-fallback",
            "RAUC reference, system.conf: one slot of the class leaves nothing to fall back to",
            files={"etc/rauc/system.conf": RAUC[: RAUC.index("[slot.rootfs.1]")]},
            witness=Witness(("sh", "-c", "grep -c '^\\[slot.rootfs' {root}/etc/rauc/system.conf"), r"^1$", "grep"),
        ),
        Mistake(
            "update-over-plaintext",
            "rauc-hawkbit-updater reference, ssl=false asks over http",
            files={
                "etc/rauc-hawkbit-updater/config.conf": HAWKBIT.replace(
                    "ssl                       = true", "ssl                       = false"
                ).replace(":443", ":8080")
            },
        ),
        Mistake(
            "mac-profile-missing",
            "apparmor_parser(8): a link of the profile's name in disable keeps it from being loaded",
            "mosquitto",
            files={"etc/apparmor.d/disable/usr.sbin.mosquitto": link("/etc/apparmor.d/usr.sbin.mosquitto")},
        ),
        Mistake(
            "sysctl",
            "sysctl.d(5): the file whose name sorts last wins",
            "kptr_restrict",
            files={"etc/sysctl.d/90-debug.conf": "kernel.kptr_restrict=0\n"},
            witness=Witness(
                ("systemd-analyze", "--root={root}", "cat-config", "sysctl.d"), r"^kernel.kptr_restrict=0", "systemd"
            ),
        ),
        Mistake(
            "service-runs-as-root",
            "systemd.unit(5), drop-ins; systemd.exec(5), User=",
            "telemetry",
            files=dropin("telemetry.service", "90-serial-port", "User=\nGroup=\n"),
            witness=Witness(
                ("systemd-analyze", "--root={root}", "--offline=true", "--no-pager", "security", "telemetry.service"),
                r"✗ .*User=/DynamicUser=",
                "systemd",
            ),
        ),
        Mistake(
            "image-sameness",
            "machine-id(5): must be empty in images that are copied",
            "machine-id",
            files={"etc/machine-id": "3f2a9c0e5d7b4418a6c1e0f29b8d7a55\n"},
        ),
        Mistake(
            "certificate-weak",
            "RFC 5280, Validity: notAfter lies in the past",
            "maker-ca.pem",
            files={"etc/ssl/certs/maker-ca.pem": keys.CERT_EXPIRED},
            witness=Witness(
                ("openssl", "x509", "-noout", "-enddate", "-in", "{root}/etc/ssl/certs/maker-ca.pem"),
                r"notAfter=.* 2025 GMT",
                "openssl",
            ),
        ),
        also("expiry-undefined", "", "device.toml, support.after"),
    ),
)

SYSTEMS: tuple[Truth, ...] = (DEBIAN_GATEWAY, DEBIAN_BROKER)
