"""A hub on Poky with systemd: an MQTT broker, Mender with two copies of the root, AppArmor."""

import json

from firmward.model.memory import Content, executable, link
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
)
from truth.old_software import OLD_LIST, Excerpt, licences
from truth.row import Mistake, Truth, Witness
from truth.yocto_base import DATA, FSTAB, NOLOGIN, OUTGOING, UPDATES, declared, poky

MENDER: dict[str, object] = {
    "ArtifactVerifyKeys": ["/etc/mender/artifact-verify-key.pem"],
    "HttpsClient": {"Certificate": "/data/identity/device.pem", "Key": "/data/identity/device.key"},
    "InventoryPollIntervalSeconds": 28800,
    "RootfsPartA": "/dev/mmcblk0p2",
    "RootfsPartB": "/dev/mmcblk0p3",
    "ServerCertificate": "/etc/ssl/certs/maker-ca.pem",
    "ServerURL": "https://updates.maker.example",
    "UpdatePollIntervalSeconds": 1800,
}

MENDER_UNVERIFIED = {
    "HttpsClient": {"SkipVerify": True},
    "InventoryPollIntervalSeconds": 28800,
    "RootfsPartA": "/dev/mmcblk0p2",
    "RootfsPartB": "/dev/mmcblk0p3",
    "ServerURL": "http://updates.maker.example:8080",
    "UpdatePollIntervalSeconds": 1800,
}

IDENTITY = """\
#!/bin/sh
# The first address that the hardware brings is this device's name
for card in /sys/class/net/e*; do
    echo "mac=$(cat "$card/address")"
    exit 0
done
"""

BROKER = """\
per_listener_settings true
persistence true
persistence_location /data/mosquitto/

listener 8883
allow_anonymous false
require_certificate true
use_identity_as_username true
cafile /etc/mosquitto/certs/ca.pem
certfile /data/tls/device.pem
keyfile /data/tls/device.key
tls_version tlsv1.2
"""

DATA_MOUNT = """\
[Unit]
Description=Data
After=systemd-cryptsetup@data.service

[Mount]
What=/dev/mapper/data
Where=/data
Type=ext4
Options=rw,nosuid,nodev,noexec

[Install]
WantedBy=local-fs.target
"""

INSTALLER = sandboxed(
    None,
    "ReadWritePaths=/data/mender",
    "SystemCallFilter=@mount @reboot",
    capabilities="CAP_SYS_ADMIN CAP_SYS_BOOT",
).replace("PrivateDevices=yes\n", "DevicePolicy=closed\nDeviceAllow=block-mmc rw\n")

RULES = nftables(("ip saddr 192.0.2.0/24 tcp dport 8883 accept",), OUTGOING)

CLEAN: dict[str, Content] = {
    **poky("hub"),
    **accounts(services=(("mosquitto", 954), ("hub", 950)), nologin=NOLOGIN),
    "etc/fstab": "".join(line for line in FSTAB.splitlines(keepends=True) if "/data" not in line),
    f"{UNITS}/data.mount": DATA_MOUNT,
    **enabled("data.mount", "local-fs.target"),
    "etc/nftables.conf": RULES,
    "etc/mender/mender.conf": json.dumps(MENDER, indent=4) + "\n",
    "etc/mender/artifact-verify-key.pem": keys.UPDATE_KEY_PUBLIC,
    "usr/share/mender/identity/mender-device-identity": executable(IDENTITY),
    "var/lib/mender": link("/data/mender"),
    f"{UNITS}/mender-authd.service": service(
        "Mender authentication", "/usr/bin/mender-auth daemon", "Restart=always\n"
    ),
    f"{UNITS}/mender-updated.service": service("Mender updates", "/usr/bin/mender-update daemon", "Restart=always\n"),
    **dropin("mender-authd.service", "hardening", sandboxed(None, "ReadWritePaths=/data/mender")),
    **dropin(
        "mender-updated.service",
        "hardening",
        sandboxed(
            None,
            "ReadWritePaths=/data/mender",
            "SystemCallFilter=@mount @reboot",
            capabilities="CAP_SYS_ADMIN CAP_SYS_BOOT",
        ).replace("PrivateDevices=yes\n", "DevicePolicy=closed\nDeviceAllow=block-mmc rw\n"),
    ),
    **enabled("mender-authd.service"),
    **enabled("mender-updated.service"),
    "usr/bin/mender-auth": ELF,
    "usr/bin/mender-update": ELF,
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "etc/mosquitto/mosquitto.conf": BROKER,
    "etc/mosquitto/certs/ca.pem": keys.CA,
    f"{UNITS}/mosquitto.service": service(
        "Mosquitto MQTT Broker",
        "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf",
        sandboxed("mosquitto", "ReadWritePaths=/data/mosquitto"),
    ),
    **enabled("mosquitto.service"),
    **profile(
        "/usr/sbin/mosquitto", "network inet stream", "/etc/mosquitto/** r", "/data/mosquitto/** rwk", "/data/tls/* r"
    ),
    "usr/sbin/mosquitto": ELF,
    f"{UNITS}/hub.service": service("Hub", "/usr/lib/hub/start.sh", sandboxed("hub")),
    **enabled("hub.service"),
    **profile("/usr/lib/hub/start.sh", "network inet stream", "/usr/bin/hubd ix", name="hub"),
    "usr/lib/hub/start.sh": executable("#!/bin/sh\nexec /usr/bin/hubd --broker 127.0.0.1\n"),
    "usr/bin/hubd": ELF,
    # Brought in by a package group and started by nobody
    f"{UNITS}/iperf3.service": service("iperf3 server", "/usr/bin/iperf3 --server", sandboxed("nobody")),
    "usr/bin/iperf3": ELF,
    **licences("3.5.4"),
}

SYSTEM = Truth(
    name="yocto-hub",
    distribution="yocto",
    init="systemd",
    clean=CLEAN,
    policy=declaration(
        "hub",
        "yocto",
        listen=((8883, "tcp", "mosquitto", "lan"),),
        egress=(UPDATES, DATA),
        services=declared(("mosquitto", "mosquitto"), ("mender-authd", None), ("mender-updated", None), ("hub", "hub")),
        mechanism="mender",
    ),
    low={"update-downgrade-possible": "the Mender client knows no floor; the server decides what a device is offered"},
    advisories=Excerpt(),
    mistakes=(
        OLD_LIST,
        Mistake(
            "update-unauthenticated",
            "Mender documentation, configuration: without ArtifactVerifyKeys signatures are not checked",
            "mender.conf",
            files={"etc/mender/mender.conf": json.dumps(MENDER_UNVERIFIED, indent=4) + "\n"},
        ),
        also("update-over-plaintext", "mender.conf", "Mender documentation, ServerURL"),
        also("tls-weak", "mender.conf", "Mender documentation, SkipVerify"),
        Mistake(
            "update-not-automatic",
            "systemctl(1), mask: a link to /dev/null keeps a unit from being started at all",
            files={"etc/systemd/system/mender-updated.service": link("/dev/null")},
            witness=Witness(
                ("systemctl", "--root={root}", "is-enabled", "mender-updated.service"), r"^masked", "systemd"
            ),
        ),
        Mistake(
            "mqtt-anonymous",
            "mosquitto.conf(5), per_listener_settings and allow_anonymous",
            files={
                "etc/mosquitto/mosquitto.conf": BROKER.replace(
                    "allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n",
                    "allow_anonymous true\n",
                )
            },
        ),
        Mistake(
            "firewall-default-accept",
            "nft(8): a base chain whose policy is not set accepts",
            "input",
            files={
                "etc/nftables.conf": RULES.replace(
                    "type filter hook input priority 0; policy drop;", "type filter hook input priority 0;"
                )
            },
        ),
        Mistake(
            "init-script-writable",
            "symlink(7): what root starts lies on the data partition",
            "start.sh",
            files={"usr/lib/hub/start.sh": link("/data/hub/start.sh")},
        ),
        Mistake(
            "service-unneeded",
            "systemd.unit(5): .wants folders in /usr/lib count like those in /etc",
            "iperf3",
            files={"usr/lib/systemd/system/multi-user.target.wants/iperf3.service": link("../iperf3.service")},
        ),
        also("undeclared-listener", "5201", "iperf3(1), --port"),
        also("mac-profile-missing", "iperf3", "apparmor.d(5)"),
        Mistake(
            "data-unencrypted",
            "systemd.mount(5), What= in a drop-in",
            "/data",
            files={"etc/systemd/system/data.mount.d/10-board.conf": "[Mount]\nWhat=/dev/mmcblk0p4\n"},
        ),
        Mistake(
            "certificate-weak",
            "NIST SP 800-131A, RSA keys below 2048 bits",
            "certs/ca.pem",
            files={"etc/mosquitto/certs/ca.pem": keys.CERT_RSA_1024},
            witness=Witness(
                ("openssl", "x509", "-noout", "-text", "-in", "{root}/etc/mosquitto/certs/ca.pem"),
                r"Public-Key: \(1024 bit\)",
                "openssl",
            ),
        ),
        Mistake(
            "image-sameness",
            "Mender documentation, identity: the script must print what is this device's alone",
            "mender-device-identity",
            files={
                "usr/share/mender/identity/mender-device-identity": executable(
                    "#!/bin/sh\necho mac=02:11:22:33:44:55\n"
                )
            },
        ),
    ),
)
