"""A panel that stays a Debian: apt updates it over https, and the kernel asks for a signature of each file it runs."""

from firmward.model.memory import Content, Node, executable, link
from truth import ima_signed
from truth import planted_keys as keys
from truth.debian_base import APT_SERVICES, CRYPTTAB, DATA, PACKAGE_BASED, UPDATES, apt, debian, declared
from truth.ima_signed import signed
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
    shadow_with,
)
from truth.row import Mistake, Truth, Witness

FSTAB = """\
/dev/mapper/root / ext4 errors=remount-ro 0 1
/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2
tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0
tmpfs /var/tmp tmpfs rw,nosuid,nodev,noexec,mode=1777,size=10% 0 0
"""

TABLE = CRYPTTAB + "root /dev/disk/by-partlabel/root none luks,tpm2-device=auto,tpm2-pcrs=7\n"

WIFI = """\
ctrl_interface=DIR=/run/wpa_supplicant
ext_password_backend=file:/data/identity/wifi
update_config=0

network={
    ssid="plant"
    key_mgmt=SAE
    sae_password=ext:wifi
    ieee80211w=2
}
"""

HELPER = "#!/bin/sh\n# Turns the screen off after a while\nexec /usr/bin/kiosk --idle 600\n"

SU = "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid group=wheel\n@include common-auth\n"

PLAIN: dict[str, Content] = {
    **debian("panel"),
    **apt(),
    **accounts(services=(("wpa", 107), ("kiosk", 952)), groups=("wheel:x:1101:",)),
    "etc/fstab": FSTAB,
    "etc/crypttab": TABLE,
    "etc/kernel/cmdline": COMMAND_LINE + " ima_appraise=enforce ima_hash=sha256\n",
    "etc/kernel/install.conf": "layout=uki\n",
    "etc/ima/ima-policy": ima_signed.POLICY,
    "etc/keys/x509_ima.der": ima_signed.CERTIFICATE,
    "etc/nftables.conf": nftables(
        (),
        (
            "ip daddr { 198.51.100.10, 151.101.2.132 } tcp dport 443 limit rate 20/second accept",
            "ip daddr 198.51.100.20 tcp dport 8883 limit rate 20/second accept",
        ),
    ),
    "etc/wpa_supplicant/wpa_supplicant-wlan0.conf": Node(WIFI, mode=0o600),
    f"{UNITS}/wpa_supplicant@.service": service(
        "WPA supplicant daemon (interface-specific version)",
        "/usr/sbin/wpa_supplicant -c/etc/wpa_supplicant/wpa_supplicant-%I.conf -i%I",
        sandboxed("wpa", "RestrictAddressFamilies=AF_NETLINK AF_PACKET", capabilities="CAP_NET_ADMIN CAP_NET_RAW"),
    ),
    "etc/systemd/system/multi-user.target.wants/wpa_supplicant@wlan0.service": link(
        f"/{UNITS}/wpa_supplicant@.service"
    ),
    "usr/sbin/wpa_supplicant": ELF,
    **profile("/usr/sbin/wpa_supplicant", "capability net_admin", "/etc/wpa_supplicant/* r", "/data/identity/wifi r"),
    f"{UNITS}/kiosk.service": service("Operator panel", "/usr/bin/kiosk --fullscreen", sandboxed("kiosk")),
    **dropin("kiosk.service", "10-display", "DeviceAllow=/dev/dri/card0 rw\nBindPaths=/dev/dri\n"),
    **enabled("kiosk.service"),
    **profile("/usr/bin/kiosk", "network inet stream", "/dev/dri/* rw"),
    "usr/bin/kiosk": ELF,
    "usr/lib/kiosk/libkiosk.so.1": ELF,
    "usr/local/bin/kiosk-helper": executable(HELPER),
    "etc/kiosk/kiosk.conf": "[display]\nrotate=0\nbrightness=80\n# password=\n",
    "etc/ssl/certs/maker-ca.pem": keys.CA,
    "usr/share/doc/kiosk/tls.txt": "Put the certificate into /data/tls/device.pem\n"
    "-----BEGIN CERTIFICATE-----\n(yours)\n-----END CERTIFICATE-----\n",
    "etc/pam.d/su": SU,
    "usr/bin/su": executable(ELF.content, mode=0o4755),
}

CLEAN = signed(PLAIN)


def policy(until: str) -> str:
    return declaration(
        "panel",
        "debian",
        egress=(UPDATES, ("deb.debian.org", 443, "tcp"), DATA),
        services=declared(("wpa_supplicant@wlan0", "wpa"), ("kiosk", "kiosk"), *APT_SERVICES),
        setuid=("/usr/bin/su",),
        encrypted=("/", "/data"),
        verified="package",
        writable=("/data", "/var", "/run", "/tmp"),
        mechanism="apt",
        until=until,
        architecture="x86-64",
    )


SYSTEM = Truth(
    name="debian-panel",
    distribution="debian",
    init="systemd",
    clean=CLEAN,
    policy=policy("until = 2028-03-31\n"),
    mistaken_policy=policy("until = 2025-12-31\n"),
    low={check: reason for check, reason in PACKAGE_BASED.items() if check != "rootfs-unverified"},
    mistakes=(
        Mistake(
            "package-manifest-uncovered",
            "evmctl(1), ima_sign: a file without security.ima is not signed",
            "kiosk-helper",
            files={"usr/local/bin/kiosk-helper": executable(HELPER)},
        ),
        Mistake(
            "rootfs-hash-mismatch",
            "ima_policy of the kernel's documentation; evmctl(1), ima_hash",
            "libkiosk.so.1",
            files={"usr/lib/kiosk/libkiosk.so.1": Node(ELF.content, mode=0o755, xattrs=ima_signed.digest_of(b"other"))},
        ),
        Mistake(
            "rootfs-unencrypted",
            "fstab(5): the root is the partition itself, not a mapping",
            files=signed({"etc/fstab": FSTAB.replace("/dev/mapper/root", "/dev/disk/by-partlabel/root")}),
            witness=Witness(
                ("findmnt", "--tab-file", "{root}/etc/fstab", "--noheadings", "-o", "SOURCE", "/"),
                r"by-partlabel/root",
                "util-linux",
            ),
        ),
        also("data-unencrypted", "by-partlabel/root", "follows from fstab(5): a root for writing holds data"),
        Mistake(
            "key-beside-data",
            "crypttab(5), the third field names a key file",
            "data.key",
            files=signed(
                {
                    "etc/crypttab": TABLE.replace(
                        "data none luks,tpm2-device=auto,tpm2-pcrs=7", "data /etc/cryptsetup-keys.d/data.key luks"
                    ),
                    "etc/cryptsetup-keys.d/data.key": Node(bytes.fromhex(keys.DISK_KEY), mode=0o400),
                }
            ),
        ),
        Mistake("image-sameness", "the key is alike in every copy", "data.key"),
        Mistake(
            "update-over-plaintext",
            "sources.list(5), apt-transport-http(1)",
            "maker.list",
            files=signed(
                {
                    "etc/apt/sources.list.d/maker.list": "deb [signed-by=/usr/share/keyrings/maker.gpg] "
                    "http://updates.maker.example/apt stable main\n"
                }
            ),
        ),
        Mistake(
            "update-not-automatic",
            "apt.conf(5): files are read in the order of their names, the last value counts",
            files=signed({"etc/apt/apt.conf.d/99local": 'APT::Periodic::Unattended-Upgrade "0";\n'}),
            witness=Witness(
                ("apt-config", "-c", "{root}/etc/apt/apt.conf.d/99local", "dump", "APT::Periodic"),
                r'Unattended-Upgrade "0"',
                "apt",
            ),
        ),
        Mistake(
            "account-empty-password",
            "shadow(5): an empty field lets in without a password",
            "root",
            files=signed(shadow_with(PLAIN, "root", "")),
        ),
        Mistake(
            "su-unrestricted",
            "pam_wheel(8): only as a required module does it keep others out",
            files=signed({"etc/pam.d/su": SU.replace("auth required pam_wheel", "# auth required pam_wheel")}),
        ),
        Mistake(
            "credential-hard-coded",
            "wpa_supplicant.conf(5), psk",
            "wpa_supplicant-wlan0.conf",
            files=signed(
                {
                    "etc/wpa_supplicant/wpa_supplicant-wlan0.conf": Node(
                        WIFI.replace("SAE", "WPA-PSK").replace("sae_password=ext:wifi", 'psk="Halle7-Nordtor-2291"'),
                        mode=0o600,
                    )
                }
            ),
        ),
        also("image-sameness", "wpa_supplicant-wlan0.conf", "follows from the key: alike in every copy"),
        Mistake(
            "private-key-embedded",
            "RFC 5958; the certificate beside it bears the same public key",
            "panel.key",
            files=signed(
                {
                    "etc/ssl/private/panel.key": Node(keys.TLS_RSA_KEY, mode=0o640),
                    "etc/ssl/certs/panel.pem": keys.TLS_RSA_CERT,
                }
            ),
            witness=Witness(
                ("openssl", "pkey", "-noout", "-text", "-in", "{root}/etc/ssl/private/panel.key"),
                r"Private-Key: \(2048 bit",
                "openssl",
            ),
        ),
        also("image-sameness", "panel.key", "the same key in every copy"),
        Mistake(
            "service-unsandboxed",
            "systemd.exec(5): a drop-in of a later name sets the options back",
            "kiosk",
            files=signed(
                dropin(
                    "kiosk.service",
                    "90-graphics",
                    "NoNewPrivileges=no\nProtectSystem=no\nProtectHome=no\nPrivateTmp=no\nPrivateDevices=no\n"
                    "PrivateUsers=no\nProtectKernelModules=no\nProtectKernelTunables=no\nProtectControlGroups=no\n"
                    "RestrictNamespaces=no\nRestrictSUIDSGID=no\nSystemCallFilter=\nCapabilityBoundingSet=~\n",
                )
            ),
            witness=Witness(
                ("systemd-analyze", "--root={root}", "--offline=true", "--no-pager", "security", "kiosk.service"),
                r"(EXPOSED|UNSAFE|MEDIUM)",
                "systemd",
            ),
        ),
        Mistake(
            "debug-tool-shipped",
            "gdbserver(1)",
            "gdbserver",
            files=signed({"usr/bin/gdbserver": ELF}),
        ),
        also("support-ended", "", "device.toml, support.until"),
    ),
)
