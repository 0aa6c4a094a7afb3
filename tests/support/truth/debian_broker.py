"""A message broker on a verified Debian image, without any login."""

import hashlib

from firmward.model.memory import Content, link
from truth import planted_keys as keys
from truth.debian_base import (
    DATA,
    HAWKBIT,
    RAUC,
    READ_ONLY,
    UPDATES,
    declared,
    image_based,
)
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
    profile,
    sandboxed,
    service,
)
from truth.row import Mistake, Truth, Witness

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


SYSTEM = Truth(
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
