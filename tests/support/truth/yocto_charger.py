"""A charging station on Poky with systemd: nginx before a Python program, SWUpdate, SELinux."""

from firmward.model.memory import Content, executable
from truth import planted_keys as keys
from truth.linux_base import (
    COMMAND_LINE,
    ELF,
    UNITS,
    accounts,
    also,
    declaration,
    dropin,
    enabled,
    nftables,
    passwd_with,
    sandboxed,
    service,
)
from truth.row import Mistake, Truth, Witness
from truth.swupdate_base import SWUPDATE, SWUPDATE_START, SWUPDATE_UNIT
from truth.yocto_base import DATA, NOLOGIN, UPDATES, declared, poky

SELINUX = """\
# enforcing, permissive or disabled
#SELINUX=permissive
SELINUX=enforcing
SELINUXTYPE=targeted
"""

CONTEXTS = """\
/.*\tsystem_u:object_r:default_t:s0
/usr/sbin/nginx\t--\tsystem_u:object_r:httpd_exec_t:s0
/usr/bin/charger\t--\tsystem_u:object_r:charger_exec_t:s0
/usr/lib/charger/.*\tsystem_u:object_r:charger_lib_t:s0
/usr/bin/swupdate\t--\tsystem_u:object_r:swupdate_exec_t:s0
/usr/sbin/nft\t--\tsystem_u:object_r:iptables_exec_t:s0
"""

NGINX = """\
worker_processes 1;
pid /run/nginx/nginx.pid;
error_log syslog:server=unix:/dev/log;

events {
    worker_connections 64;
}

http {
    server_tokens off;
    autoindex off;
    access_log off;
    server {
        listen 443 ssl;
        ssl_certificate /data/tls/device.pem;
        ssl_certificate_key /data/tls/device.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;
        add_header Strict-Transport-Security "max-age=31536000";
        add_header Content-Security-Policy "default-src 'self'";
        root /usr/share/charger/www;
        location /api/ {
            proxy_pass http://unix:/run/charger/api.sock;
        }
    }
}
"""

BACKEND = """\
#!/usr/bin/python3
\"\"\"Tells the operator's backend about charging sessions.\"\"\"

import ssl
import websockets


def context():
    made = ssl.create_default_context(cafile="/etc/ssl/certs/maker-ca.pem")
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain("/data/identity/device.pem", "/data/identity/device.key")
    return made


def connect():
    return websockets.connect("wss://data.maker.example:8883/ocpp", ssl=context())
"""

API = """\
#!/usr/bin/python3
\"\"\"What the pages ask for.\"\"\"

import ipaddress
import subprocess
from urllib.parse import parse_qs


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    try:
        host = str(ipaddress.ip_address(query["host"][0]))
    except (KeyError, ValueError):
        start_response("400 Bad Request", [])
        return [b""]
    done = subprocess.run(["/usr/bin/ping", "-c", "1", host], capture_output=True, check=False)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [done.stdout]
"""

API_INJECTED = """\
#!/usr/bin/python3
\"\"\"What the pages ask for.\"\"\"

import subprocess
from urllib.parse import parse_qs


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    host = query.get("host", ["gateway"])[0]
    output = subprocess.check_output(f"ping -c 1 {host}", shell=True)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [output]
"""

REFRESH = """\
#!/bin/sh
# Tariffs and pages: fetched apart from the firmware, signed like it
set -e
cd /run/charger
curl -fsS --proto =https -o tariffs.tar.gz https://updates.maker.example/tariffs.tar.gz
curl -fsS --proto =https -o tariffs.sig https://updates.maker.example/tariffs.sig
openssl dgst -sha256 -verify /etc/swupdate/public.pem -signature tariffs.sig tariffs.tar.gz
tar -xzf tariffs.tar.gz -C /data/charger
"""

REFRESH_UNCHECKED = """\
#!/bin/sh
set -e
cd /run/charger
curl -fsS -o firmware.swu http://updates.maker.example/addon.tar.gz
tar -xzf firmware.swu -C /data/charger
"""

OUT_OCPP = "add rule inet filter output ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept\n"

SANDBOXED = sandboxed("charger", "RuntimeDirectory=charger", "ReadWritePaths=/data/charger")

base = {path: content for path, content in poky("charger").items() if "apparmor" not in path}

CLEAN: dict[str, Content] = {
    **base,
    **accounts(services=(("www", 953), ("charger", 950)), nologin=NOLOGIN),
    "etc/selinux/config": SELINUX,
    "etc/selinux/targeted/policy/policy.33": b"\x8c\xff\x7c\xf9\x08\x00\x00\x00SE Linux\x21\x00\x00\x00" + bytes(64),
    "etc/selinux/targeted/contexts/files/file_contexts": CONTEXTS,
    "etc/nftables.conf": nftables(
        ("ip saddr 192.0.2.0/24 tcp dport 443 accept",),
        ("ip daddr 198.51.100.10 tcp dport 443 limit rate 20/second accept",),
    )
    + '\ninclude "/etc/nftables.d/*.nft"\n',
    "etc/nftables.d/10-ocpp.nft": OUT_OCPP,
    "etc/nginx/nginx.conf": NGINX,
    f"{UNITS}/nginx.service": "[Unit]\nDescription=The NGINX HTTP and reverse proxy server\nAfter=network.target\n\n"
    "[Service]\nType=forking\nPIDFile=/run/nginx/nginx.pid\nExecStartPre=/usr/sbin/nginx -t\n"
    "ExecStart=/usr/sbin/nginx\nExecStop=/bin/kill -s QUIT $MAINPID\nPrivateTmp=true\n\n"
    "[Install]\nWantedBy=multi-user.target\n",
    **dropin(
        "nginx.service",
        "hardening",
        sandboxed("www", "RuntimeDirectory=nginx", capabilities="CAP_NET_BIND_SERVICE"),
    ),
    **enabled("nginx.service"),
    "usr/sbin/nginx": ELF,
    f"{UNITS}/charger.service": service("Charging", "/usr/bin/charger", SANDBOXED),
    **enabled("charger.service"),
    "usr/bin/charger": executable("#!/usr/bin/python3\nfrom charger import backend\n\nbackend.connect()\n"),
    "usr/lib/charger/backend.py": BACKEND,
    "usr/lib/charger/api.py": API,
    "usr/lib/charger/refresh.sh": executable(REFRESH),
    f"{UNITS}/charger-refresh.service": service(
        "Fetch tariffs", "/usr/lib/charger/refresh.sh", SANDBOXED, kind="oneshot"
    ),
    f"{UNITS}/charger-refresh.timer": "[Unit]\nDescription=Fetch tariffs\n\n[Timer]\nOnCalendar=daily\n\n[Install]\n"
    "WantedBy=timers.target\n",
    **enabled("charger-refresh.timer", "timers.target"),
    "etc/charger/ocpp.json": '{\n  "url": "wss://data.maker.example:8883/ocpp",\n'
    '  "authorizationKeyFile": "/data/identity/ocpp.key",\n  "password": ""\n}\n',
    "etc/charger/iso15118.json": '{\n  "certificate": "/data/identity/secc.pem",\n'
    '  "key": "/data/identity/secc.key"\n}\n',
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/swupdate.cfg": SWUPDATE,
    "etc/swupdate/public.pem": keys.UPDATE_RSA_PUBLIC,
    "etc/hwrevision": "charger 1.0\n",
    "usr/lib/swupdate/swupdate.sh": executable(SWUPDATE_START),
    f"{UNITS}/swupdate.service": SWUPDATE_UNIT,
    **enabled("swupdate.service"),
    "usr/bin/swupdate": ELF,
    "usr/share/charger/www/index.html": "<!doctype html>\n<title>Charger</title>\n<script src=charger.js></script>\n",
}

EXTLINUX = f"""\
DEFAULT charger
TIMEOUT 0
LABEL charger
    KERNEL /boot/fitImage
    APPEND root=/dev/dm-0 {COMMAND_LINE.replace("apparmor", "selinux")} enforcing=1 dm-mod.create="root,,,ro,0 131072 \
verity 1 /dev/mmcblk0p2 /dev/mmcblk0p2 4096 4096 16384 16385 sha256 {"3c" * 32} {"a1" * 32} 1 panic_on_corruption"
"""

ESCAPED_KEY = keys.TLS_KEY.strip().replace("\n", "\\n")

SYSTEM = Truth(
    name="yocto-charger",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=declaration(
        "charger",
        "yocto",
        listen=((443, "tcp", "nginx", "lan"),),
        egress=(UPDATES, DATA),
        services=[
            *(one for one in declared() if one[0] != "apparmor"),
            ("nginx", "www"),
            ("charger", "charger"),
            ("charger-refresh", "charger"),
            ("swupdate", None),
        ],
        mechanism="swupdate",
    ),
    mistakes=(
        Mistake(
            "mac-permissive",
            "selinux(8), /etc/selinux/config",
            files={"etc/selinux/config": SELINUX.replace("SELINUX=enforcing", "SELINUX=permissive")},
        ),
        Mistake(
            "tls-weak",
            "Python documentation, ssl.SSLContext.verify_mode and check_hostname",
            "backend.py",
            files={
                "usr/lib/charger/backend.py": BACKEND.replace(
                    "    return made\n",
                    "    made.check_hostname = False\n    made.verify_mode = ssl.CERT_NONE\n    return made\n",
                )
            },
        ),
        Mistake(
            "service-runs-as-root",
            "systemd.unit(5): a unit in /etc replaces that of the same name in /usr/lib",
            "charger",
            files={"etc/systemd/system/charger.service": service("Charging", "/usr/bin/charger", "Restart=always\n")},
            witness=Witness(
                ("systemd-analyze", "--root={root}", "--offline=true", "--no-pager", "security", "charger.service"),
                r"✗ .*User=/DynamicUser=",
                "systemd",
            ),
        ),
        also("service-unsandboxed", "charger", "systemd.exec(5), sandboxing"),
        Mistake(
            "credential-hard-coded",
            "OCPP-J 1.6 specification, AuthorizationKey",
            "ocpp.json",
            files={
                "etc/charger/ocpp.json": '{\n  "url": "wss://data.maker.example:8883/ocpp",\n'
                '  "authorizationKey": "7f3Q9-xLm2Vw8-Tz41rK",\n  "user": "station",\n'
                '  "password": "Lade$aeule-4417"\n}\n'
            },
        ),
        also("image-sameness", "ocpp.json", "follows from the credential: alike in every copy"),
        Mistake(
            "private-key-embedded",
            "RFC 7468, RFC 8259: line ends inside a JSON string are escaped",
            "iso15118.json",
            files={"etc/charger/iso15118.json": f'{{\n  "key": "{ESCAPED_KEY}\\n"\n}}\n'},
        ),
        also("image-sameness", "iso15118.json", "the same key in every copy"),
        Mistake(
            "script-injection",
            "Python documentation, subprocess: security considerations of shell=True",
            "api.py",
            files={"usr/lib/charger/api.py": API_INJECTED},
        ),
        Mistake(
            "egress-unrestricted",
            "nft(8), include with a wildcard reads in alphabetical order",
            files={"etc/nftables.d/50-commissioning.nft": "insert rule inet filter output accept\n"},
        ),
        Mistake(
            "verity-root-hash-untrusted",
            "dm-init of the kernel's documentation; the FIT's signature does not cover extlinux.conf",
            "extlinux.conf",
            files={"boot/extlinux/extlinux.conf": EXTLINUX},
        ),
        Mistake(
            "debug-tool-shipped",
            "tcpdump(1)",
            "tcpdump",
            files={"usr/bin/tcpdump": ELF},
        ),
        Mistake(
            "update-unauthenticated",
            "curl(1), tar(1): nothing verifies what is unpacked",
            "refresh.sh",
            files={"usr/lib/charger/refresh.sh": executable(REFRESH_UNCHECKED)},
        ),
        also("update-over-plaintext", "refresh.sh", "curl(1)"),
        Mistake(
            "account-login-unneeded",
            "passwd(5), the login shell",
            "www",
            files=passwd_with(CLEAN, "www", "www:x:953:953::/usr/share/charger/www:/bin/sh"),
        ),
        Mistake(
            "sysctl",
            "sysctl.d(5): files are sorted by name, whatever folder they lie in",
            "rp_filter",
            files={
                "usr/lib/sysctl.d/99-vendor.conf": "net.ipv4.conf.all.rp_filter = 0\n"
                "net.ipv4.conf.default.rp_filter = 0\n"
            },
            witness=Witness(
                ("systemd-analyze", "--root={root}", "cat-config", "sysctl.d"),
                r"^net.ipv4.conf.all.rp_filter = 0",
                "systemd",
            ),
        ),
    ),
)
