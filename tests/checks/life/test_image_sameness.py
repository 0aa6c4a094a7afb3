"""What is alike in every copy is found, what is made on the device is not."""

import pytest

from firmward.audit.example import judge_example
from firmward.audit.redact import redact
from firmward.checks.life.image_sameness import BY_KEY, image_sameness
from firmward.checks.secrets.private_key_embedded import KEY
from firmward.facts import sameness
from firmward.model.check import Example
from firmward.model.finding import Outcome
from firmward.model.memory import Content, executable, link

MAC = "02:a1:b2:c3:d4:e5"
ALIKE: tuple[tuple[str, str, Content], ...] = (
    ("machine-id", "etc/machine-id", "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n"),
    ("machine-id", "var/lib/dbus/machine-id", "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70"),
    ("random-seed", "etc/urandom.seed", b"\x8a" * 512),
    ("random-seed", "var/lib/seedrng/seed.credit", b"\x8a" * 32),
    ("duid", "var/lib/dhcpcd/duid", "00:01:00:01:2a:2b:2c:2d:02:a1:b2:c3:d4:e5\n"),
    ("duid", "etc/config/network", "config globals\n\toption dhcp_default_duid '000440c1d2e3f4a5'\n"),
    ("iscsi-initiator", "etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.1993-08.org.debian:01:8f3a\n"),
    ("snmp-engine", "var/lib/snmp/snmpd.conf", "oldEngineID 0x80001f8880\n"),
    ("vnc-password", "root/.vnc/passwd", b"\xe8\x4a\xd6\x60\xc4\x72\x1a\xe0"),
    ("docker-engine", "var/lib/docker/engine-id", "8f3a\n"),
    ("keytab", "etc/krb5.keytab", b"\x05\x02\0\0\0\x10"),
    (
        "dns-key",
        "etc/bind/rndc.key",
        'key "rndc-key" {\n\talgorithm hmac-sha256;\n\tsecret "Q3ZT7WLK2MXB4NPDq8Zr2V==";\n};\n',
    ),
    ("ntp-key", "etc/chrony/chrony.keys", "1 SHA256 HEX:0A1B2C3D4E5F\n"),
    ("network-secret", "var/lib/NetworkManager/secret_key", b"nm-v2:\x8a\x11"),
    ("fleet-device", "mnt/boot/config.json", '{"uuid": "8f3a11c0d2e4"}'),
    ("fleet-device", "etc/swupdate.cfg", 'suricatta = {\n\tid = "17";\n};\n'),
    (
        "fleet-device",
        "usr/share/mender/identity/mender-device-identity",
        "#!/bin/sh\nset -e\n# for now\necho mac=02:11:22:33:44:55\n",
    ),
    ("serial-number", "etc/serial", "A1B2C3D4\n"),
    ("mac-address", "etc/config/wireless", f"config wifi-iface\n\toption macaddr '{MAC}'\n"),
    ("mac-address", "etc/network/interfaces.d/eth0", f"iface eth0 inet dhcp\n  hwaddress {MAC}\n"),
    ("mac-address", "etc/systemd/network/10-eth0.link", f"[Match]\nName=eth0\n[Link]\nMACAddress={MAC}\n"),
    ("mac-address", "etc/init.d/S40net", f"#!/bin/sh\nifconfig eth0 hw ether {MAC}\n"),
    ("mac-address", "etc/init.d/S40net", f"#!/bin/sh\nip link set dev eth0 down address {MAC}\n"),
    ("mac-address", "etc/rc.d/rc.net", f'#!/bin/sh\nip -4 link set eth0 address "{MAC}" up\n'),
    ("mac-address", "etc/rc.local", f"#!/bin/sh\nmacchanger --mac={MAC} eth0\n"),
    ("mac-address", "etc/rc.local", f"#!/bin/sh\nfw_setenv ethaddr {MAC}\n"),
    ("mac-address", "etc/uci-defaults/10-net", f"uci set network.lan.macaddr='{MAC}'\n"),
    ("mac-address", "etc/network/interfaces", f"iface eth0 inet dhcp\n  pre-up ip link set eth0 address {MAC}\n"),
    ("mac-address", "etc/modprobe.d/gadget.conf", f"options g_ether dev_addr={MAC} host_addr={MAC}\n"),
    ("mac-address", "boot/uEnv.txt", f"ethaddr={MAC}\n"),
    ("disk-key", "etc/cryptsetup-keys.d/data.key", b"\x8a" * 64),
    ("random-seed", "mnt/state/root-overlay/var/lib/systemd/random-seed", b"\x8a" * 512),
    ("machine-id", "overlay/upper/etc/machine-id", "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n"),
    ("hostname", "etc/hostname", "gateway\n"),
    ("ssh-host-key", "etc/dropbear/dropbear_ed25519_host_key", b"\0\0\0\x0bssh-ed25519\0\0\0\x40" + bytes(64)),
    ("private-key", "etc/agent/device.key", KEY),
    ("password-hash", "etc/shadow", "root:$6$Xy3kQz8w$Qm9vT5rLq92xBWt5rLq92x:19000:0:99999:7:::\n"),
    ("wifi-key", "etc/hostapd.conf", "wpa_passphrase=Rk83mwQz71\n"),
    ("credential", "etc/app.conf", "password=Wt5rLq92xB\n"),
)
BASE: dict[str, Content] = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/shadow": "root:*:19000:0:99999:7:::\n"}


def keys(files: dict[str, Content]) -> list[str]:
    return [one.key for one in judge_example(image_sameness, Example({**BASE, **files})).findings]


@pytest.mark.parametrize(("kind", "path", "content"), ALIKE)
def test_it_is_found(kind: str, path: str, content: Content) -> None:
    (key,) = keys({path: content})
    assert key.split(" ")[:2] == [kind, path]


DIFFERENT: tuple[tuple[str, Content], ...] = (
    ("usr/share/mender/identity/mender-device-identity", "#!/bin/sh\necho mac=$(cat /sys/class/net/eth0/address)\n"),
    ("usr/share/mender/identity/mender-device-identity", "#!/bin/sh\nprintf mac=\ncat /sys/class/net/eth0/address\n"),
    ("usr/share/mender/identity/mender-device-identity", "#!/bin/sh\nexec /usr/bin/identity\n"),
    ("etc/machine-id", ""),
    ("etc/machine-id", "uninitialized\n"),
    ("var/lib/dbus/machine-id", link("/etc/machine-id")),
    ("var/lib/systemd/random-seed", ""),
    ("etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n"),
    ("etc/iscsi/initiatorname.iscsi", "# InitiatorName=iqn.1993-08.org.debian:01:8f3a\n"),
    ("etc/snmp/snmpd.conf", "# engineID x\nrouser admin\n"),
    ("etc/bind/named.conf", '// secret\ninclude "/etc/bind/zones";\n'),
    ("etc/chrony/chrony.keys", "# 1 MD5 AVeryLongAndRandomPassword\n"),
    ("etc/swupdate.cfg", "globals : {\n\tverbose = true;\n};\n"),
    ("etc/config/network", "config device\n\toption macaddr '00:00:00:00:00:00'\n"),
    ("etc/network/interfaces", f"# hwaddress {MAC}\niface eth0 inet dhcp\n"),
    ("etc/systemd/network/99-default.link", "[Match]\nOriginalName=*\n[Link]\nMACAddressPolicy=persistent\n"),
    ("etc/systemd/network/10-eth0.network", f"[Match]\nMACAddress={MAC}\n"),
    ("etc/init.d/S40net", f"#!/bin/sh\n# ifconfig eth0 hw ether {MAC}\nifconfig eth0 hw ether $(cat /sys/mac)\n"),
    ("etc/hostname", "localhost\n"),
)


@pytest.mark.parametrize(("path", "content"), DIFFERENT)
def test_what_is_made_on_the_device_is_none(path: str, content: Content) -> None:
    assert keys({path: content}) == []


BRIDGE = f"#!/bin/sh\nBR=lxcbr0\nip link add dev $BR type bridge\nip link set dev $BR address {MAC}\n"


@pytest.mark.parametrize(
    ("more", "found"), [("", []), ("ip link set eth0 master lxcbr0\n", ["mac-address opt/net/bridge"])]
)
def test_a_bridge_without_a_port_is_seen_by_its_own_containers_alone(more: str, found: list[str]) -> None:
    files = {"etc/inittab": "::sysinit:/opt/net/bridge\n", "opt/net/bridge": executable(BRIDGE + more)}
    assert keys(files) == found


STARTED: dict[str, Content] = {
    "etc/inittab": "::sysinit:/opt/net/up start\n",
    "opt/net/up": executable(f"#!/bin/sh\nMAC={MAC}\nip link set dev eth0 address $MAC\nifconfig eth1 hw ether $MAC\n"),
}


def test_an_address_that_a_start_script_gives_wherever_it_lies_and_stands() -> None:
    assert keys(STARTED) == ["mac-address opt/net/up"]
    of_hardware = (
        'ip link set dev eth0 address "$(cat /sys/mac)"\nip neigh add 10.0.0.1 lladdr 02:a1:b2:c3:d4:e5 dev eth0\n'
    )
    assert keys({**STARTED, "opt/net/up": executable(f"#!/bin/sh\n{of_hardware}")}) == []


def test_the_key_of_a_disk_in_a_file_or_a_script() -> None:
    table = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}
    opened = executable("#!/bin/sh\ncryptsetup open --key-file /etc/data.key /dev/mmcblk0p4 data\n")
    assert keys({**table, "etc/init.d/rcS": opened, "etc/data.key": b"\x8a" * 64}) == ["disk-key etc/data.key"]
    assert keys({**table, "etc/init.d/rcS": opened}) == []


def test_what_a_bind_mount_or_an_overlay_shows_counts_at_its_place() -> None:
    seed: dict[str, Content] = {"data/systemd/random-seed": b"\x8a" * 512, "etc/inittab": "::sysinit:/bin/mount -a\n"}
    assert keys({**seed, "etc/fstab": "/data/systemd /var/lib/systemd none bind 0 0\n"}) == [
        "random-seed data/systemd/random-seed"
    ]
    over = "overlay /var/lib overlay lowerdir=/var/lib,upperdir=/data,workdir=/work 0 0\n"
    assert keys({**seed, "etc/fstab": over}) == ["random-seed data/systemd/random-seed"]
    assert keys(seed) == []


def test_every_kind_has_a_row() -> None:
    kinds = {place.kind for place in sameness._PLACES} | {kind for kind, _, _ in ALIKE} | {"tls-key", "wireguard-key"}
    assert kinds <= set(BY_KEY)


def test_accounts_made_on_the_device_have_no_hash_here() -> None:
    files: dict[str, Content] = {"etc/passwd": link("/data/passwd"), "etc/hosts": "127.0.0.1 localhost\n"}
    assert judge_example(image_sameness, Example(files)).outcome is Outcome.PASS


def test_no_key_is_masked_in_a_report() -> None:
    """A mask would make one key of several, and none could be accepted."""
    keys = [f"{kind} etc/app/some.file" for kind in BY_KEY]
    assert [redact(key) for key in keys] == keys
