"""A gateway that stays a Debian: apt updates it, nginx stands before its own program, SSH is for the bastion."""

from firmward.model.memory import Content, Node, executable, link
from truth import planted_keys as keys
from truth.debian_base import (
    APT_SERVICES,
    CRYPTTAB,
    DATA,
    HOST_KEY,
    PACKAGE_BASED,
    SET_UID,
    SSHD,
    UPDATES,
    apt,
    debian,
    declared,
    ssh,
)
from truth.linux_base import (
    ELF,
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
    shadow_with,
)
from truth.row import Mistake, Truth, Witness

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
    "tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0\n"
    "tmpfs /var/tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0\n",
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


SYSTEM = Truth(
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
                + "\nMatch Address 192.0.2.0/24\n    PermitRootLogin yes\n    AllowGroups operators root\n"
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
        Mistake(
            "account-default-password",
            "crypt(5), yescrypt; shadow(5); password",
            "operator",
            files=shadow_with(GATEWAY, "operator", keys.YESCRYPT_PASSWORD),
        ),
        also("image-sameness", "shadow", "the same password in every copy"),
        also("review-missing", "", "device.toml, [[review]]"),
    ),
)
