"""Dropbear's command lines, however they come about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.dropbear import Dropbear, DropbearServer, parse
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.startup import Start
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, executable, link

RCS = executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n")


def servers(files: dict[str, Content]) -> tuple[DropbearServer, ...]:
    found = Collection(MemoryTree(files)).get(Dropbear)
    assert isinstance(found, Dropbear)
    return found.servers


@pytest.mark.parametrize(
    ("words", "passwords", "root", "root_password", "empty"),
    [
        ("", True, True, True, False),
        ("-s", False, True, False, False),
        ("-g", True, True, False, False),
        ("-w", True, False, False, False),
        ("-sg", False, True, False, False),
        ("-FEB", True, True, True, True),
        ("-p 22 -R -s", False, True, False, False),
        ("-p22 -r /etc/s -g", True, True, False, False),
        ("-K 30 -I 60 -W 65536 -T 3", True, True, True, False),
        ("-P /var/run/s.pid", True, True, True, False),
    ],
)
def test_letters_mean_what_dropbear_says(
    words: str, passwords: bool, root: bool, root_password: bool, empty: bool
) -> None:
    found = parse(words.split())
    assert (found.passwords, found.root, found.root_password, found.empty_passwords) == (
        passwords,
        root,
        root_password,
        empty,
    )


def test_forwarding_ports_and_host_keys() -> None:
    found = parse(["-j", "-a", "-p", "22", "-p", "10.0.0.1:2222", "-r", "/data/key"])
    assert (found.local_forwarding, found.remote_forwarding, found.gateway_ports) == (False, True, True)
    assert found.ports == ("22", "10.0.0.1:2222")
    assert found.host_keys == ("data/key",)


def test_a_word_that_is_not_known_is_told() -> None:
    assert parse(["$EXTRA"]).unsure == "$EXTRA"
    assert parse(["-p", "$PORT"]).unsure is None


def test_buildroots_script_and_its_settings_make_the_command_line() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": RCS,
        "etc/init.d/S50dropbear": executable(
            '#!/bin/sh\nDROPBEAR_ARGS="-R"\n[ -r /etc/default/dropbear ] && . /etc/default/dropbear\n'
            "start() { start-stop-daemon -S -q -x /usr/sbin/dropbear -- $DROPBEAR_ARGS; }\n"
            'case "$1" in start) start ;; esac\n'
        ),
        "etc/default/dropbear": 'DROPBEAR_ARGS="-s -w"\n',
    }
    [server] = servers(files)
    assert (server.start, server.passwords, server.root) == (Start.BOOT, False, False)


def test_openwrts_sections_are_servers() -> None:
    text = (
        "config dropbear 'main'\n\toption PasswordAuth 'off'\n\toption RootPasswordAuth 'off'\n"
        "config dropbear\n\toption Port '2222'\n\toption GatewayPorts '1'\n"
        "config dropbear\n\toption Port '3333'\n\toption enable '0'\n"
    )
    first, second, third = sorted(servers({"etc/config/dropbear": text}), key=lambda server: server.ports)
    assert (first.passwords, first.root_password, first.section) == (False, False, "main")
    assert (second.passwords, second.gateway_ports, second.name) == (True, True, "dropbear:2222")
    assert third.start is Start.DISABLED


OLD = """#!/bin/sh /etc/rc.common
START=19
KEY=/data/key
ARGS="-B"

start() {
	service_start /usr/sbin/dropbear $ARGS -r $KEY -p 192.168.7.1:22
}
"""
PROCD: dict[str, Content] = {
    "sbin/procd": executable(b"\x7fELF"),
    "sbin/init": executable(b"\x7fELF"),
    "etc/rc.d/S19dropbear": link("../init.d/dropbear"),
}


@pytest.mark.parametrize("command", ["service_start /usr/sbin/dropbear", "/usr/sbin/dropbear", "dropbear"])
def test_a_script_of_openwrts_that_reads_no_configuration_has_its_own_command_line(command: str) -> None:
    script = executable(OLD.replace("service_start /usr/sbin/dropbear", command))
    [server] = servers({**PROCD, "etc/init.d/dropbear": script})
    assert (server.start, server.passwords, server.empty_passwords) == (Start.BOOT, True, True)
    assert server.ports == ("192.168.7.1:22",)
    [kept] = servers({**PROCD, "etc/init.d/dropbear": script, "etc/config/dropbear": "config dropbear\n"})
    assert kept.empty_passwords


def test_a_script_that_asks_for_its_configuration_is_read_by_that() -> None:
    script = OLD.replace("start() {\n", "start() {\n\tconfig_load dropbear\n")
    files: dict[str, Content] = {**PROCD, "etc/init.d/dropbear": executable(script)}
    [server] = servers({**files, "etc/config/dropbear": "config dropbear\n\toption PasswordAuth off\n"})
    assert (server.section, server.passwords) == ("@dropbear[0]", False)


def test_a_server_that_nothing_starts_is_disabled() -> None:
    files: dict[str, Content] = {"usr/sbin/dropbear": executable(b""), "etc/inittab": "::sysinit:/bin/mount -a\n"}
    assert [server.start for server in servers(files)] == [Start.DISABLED]


def test_an_image_without_dropbear_has_none() -> None:
    assert Collection(MemoryTree({"etc/passwd": ""})).get(Dropbear) is None


@pytest.mark.parametrize(
    ("banner", "names", "expected"),
    [
        (b"dropbear_2016.74", (b"3des-cbc", b"ssh-dss", b"hmac-md5", b"diffie-hellman-group1-sha1"), 4),
        (b"dropbear_2018.76", (b"diffie-hellman-group1-sha1", b"aes128-ctr"), 0),
        (b"dropbear_2022.83", (b"ssh-dss", b"aes256-ctr"), 0),
        (b"dropbear_2025.88", (b"ssh-rsa", b"rsa-sha2-256"), 0),
        (b"dropbear_2022.83", (b"aes128-cbc",), 1),
    ],
)
def test_weak_algorithms_stand_in_the_program(banner: bytes, names: tuple[bytes, ...], expected: int) -> None:
    program = b"\0SSH-2.0-" + banner + b"\r\n\0" + b"\0".join(names) + b"\0"
    files: dict[str, Content] = {
        "usr/sbin/dropbearmulti": executable(program),
        "usr/sbin/dropbear": link("dropbearmulti"),
    }
    found = Collection(MemoryTree(files)).get(Dropbear)
    assert isinstance(found, Dropbear)
    assert found.weak_algorithms is not None
    assert len(found.weak_algorithms) == expected


def test_a_no_break_space_in_openwrts_settings_ends_nothing_and_hangs_nothing() -> None:
    [server] = servers({"etc/config/dropbear": "config dropbear\n\toption\u00a0x Port\n\x85\u2028\n"})
    assert server.passwords


@given(st.lists(st.text(max_size=6), max_size=6), st.text(max_size=80))
def test_any_words_and_settings_can_be_read(words: list[str], text: str) -> None:
    parse(words)
    tree = MemoryTree({"etc/config/dropbear": text, "etc/default/dropbear": f"DROPBEAR_EXTRA_ARGS={text}"})
    assert isinstance(Collection(tree).get(Dropbear), Dropbear)


def test_under_an_init_that_is_not_read_nobody_says_that_a_server_does_not_run() -> None:
    files: dict[str, Content] = {
        "sbin/init": link("finit"),
        "sbin/finit": executable(b"\x7fELF"),
        "usr/sbin/dropbear": executable(b"\x7fELF"),
        "etc/init.d/dropbear": executable("#!/bin/sh\n/usr/sbin/dropbear\n"),
        "etc/rc2.d/K01dropbear": link("../init.d/dropbear"),
    }
    found = Collection(MemoryTree(files)).get(RunningSsh)
    assert isinstance(found, Unknown)
    assert "what this init starts is not known" in found.reason
