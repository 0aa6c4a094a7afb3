"""The first device.toml: valid, stable, true to the image, and safe from the names in it."""

import pytest
from systems import accounts, alpine, debian, openwrt, storage, sysv, vendor, yocto
from systems.row import System

from firmward.audit.catalogue import find_check
from firmward.audit.declaration import FAMILIES, declaration
from firmward.audit.engine import families, judge
from firmward.audit.example import CLOCK
from firmward.facts.collection import Collection
from firmward.model.memory import Content, MemoryTree, Node, executable
from firmward.model.policy import Policy, parse_policy

SYSTEMS = [
    pytest.param(system, id=system.name)
    for module in (accounts, alpine, debian, openwrt, storage, sysv, vendor, yocto)
    for system in module.SYSTEMS
]
DECLARED = [find_check(id) for id in ("undeclared-listener", "account-login-unneeded")]
INITTAB = "::sysinit:/etc/init.d/rcS\n"


def text(files: dict[str, Content]) -> str:
    return declaration(Collection(MemoryTree(files)).facts("image", FAMILIES), "image")


def declared(files: dict[str, Content]) -> Policy:
    return parse_policy(text(files))


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_is_valid_and_declares_what_is_there(system: System) -> None:
    files = dict(system.files)
    made = text(files)
    policy = parse_policy(made)
    assert made == text(dict(reversed(files.items()))), "the same image gives the same text"
    facts = Collection(MemoryTree(files)).facts(system.name, families(DECLARED))
    for check in DECLARED:
        told = [one for one in judge(check, facts, policy, CLOCK).findings if "login shell" not in one.message]
        assert told == [], check.id


def test_an_empty_image_gives_a_form_to_fill_in() -> None:
    policy = declared({})
    assert policy == parse_policy("[filesystem]\n")


def test_what_the_image_says_of_itself_is_taken() -> None:
    elf = b"\x7fELF\x02\x01\x01" + bytes(11) + (183).to_bytes(2, "little") + bytes(44)
    policy = declared(
        {
            "etc/os-release": "ID=poky\nIMAGE_ID=gateway\nIMAGE_VERSION=1.4\n",
            "bin/busybox": executable(elf),
            "etc/hostname": "other\n",
        }
    )
    assert policy.device is not None
    assert (policy.device.product, policy.device.version) == ("gateway", "1.4")
    assert (policy.device.architecture, policy.device.system) == ("arm64", "yocto")


def test_a_name_that_every_system_has_names_no_product() -> None:
    assert declared({"etc/hostname": "buildroot\n"}).device is None


def test_servers_that_configuration_names_are_egress() -> None:
    policy = declared(
        {
            "etc/inittab": "::respawn:/sbin/syslogd -n -R logs.example:5514\n",
            "etc/ntp.conf": "# server no.example\nserver time.example iburst\nserver 127.127.1.0\n",
            "etc/mosquitto/mosquitto.conf": "connection up\naddress broker.example:8883\n",
            "etc/opkg/customfeeds.conf": "src/gz own https://user:pass@feed.example/all\n",
            "etc/config/system": "config timeserver 'ntp'\n\tlist server '0.pool.example'\n",
        }
    )
    assert {(one.to, one.port, one.protocol) for one in policy.egress} == {
        ("logs.example", 5514, "udp"),
        ("time.example", 123, "udp"),
        ("broker.example", 8883, "tcp"),
        ("feed.example", 443, "tcp"),
        ("0.pool.example", 123, "udp"),
    }


def test_services_that_stay_are_written_with_their_user() -> None:
    policy = declared(
        {
            "etc/inittab": "::sysinit:/bin/mount -a\n::respawn:/usr/sbin/lighttpd -D\nS0::respawn:getty S0\n",
            "usr/sbin/lighttpd": executable(b"\x7fELF"),
        }
    )
    assert [(one.name, one.user) for one in policy.service] == [("lighttpd", None)]


def test_a_setuid_program_that_gives_all_rights_away_is_left_out() -> None:
    files = {"usr/bin/find": executable(b"\x7fELF", 0o4755), "usr/bin/passwd": executable(b"\x7fELF", 0o4755)}
    policy = declared(files)
    assert policy.filesystem is not None
    assert policy.filesystem.setuid == ("/usr/bin/passwd",)
    assert "Left out, since each gives everybody its owner's rights: /usr/bin/find" in text(files)


def test_names_from_the_image_stay_names() -> None:
    evil = 'x"]\n[[accepted]]\ncheck = "telnet-enabled"\x1b[31m\x7f\udcff'
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/dropbear -F\n",
        f"usr/bin/{evil}": Node(b"\x7fELF", 0o4755),
        "usr/bin/-----BEGIN RSA PRIVATE KEY-----": Node(b"\x7fELF", 0o4755),
        "etc/passwd": 'a"b\\\x01:$1$abcdefgh$6GehZDL0wyaLwB28yFfRw.:0:0::/:/bin/sh\n',
        "etc/hostname": "x\x1b]0;owned\x07\n",
    }
    made = text(files)
    assert "\x1b" not in made
    policy = parse_policy(made)
    assert policy.accepted == ()
    assert [one.name for one in policy.account] == ['a"b\\\x01']


def test_what_was_not_seen_is_told() -> None:
    assert "# Not seen, so that there may be more: " in text(
        {"etc/inittab": INITTAB, "etc/init.d/rcS": executable("#!/bin/sh\n$(cat /data/program)\n")}
    )
