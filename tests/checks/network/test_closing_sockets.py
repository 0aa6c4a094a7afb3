"""A socket beside those that are declared: when it is safe to close it, and when its program goes instead."""

from dataclasses import dataclass

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.example import judge_example
from firmward.model.check import Example
from firmward.model.memory import Content
from firmward.model.remedy import CloseSocket, DisableService, Remedy, RemoveLine, Safety

SAFE, UNSAFE, MANUAL = Safety.SAFE, Safety.UNSAFE, Safety.MANUAL
WEB: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n",
    "etc/lighttpd/lighttpd.conf": 'server.port = 80\n$SERVER["socket"] == ":443" { ssl.engine = "enable" }\n',
}
NAMES: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/dnsmasq -k\n",
    "etc/dnsmasq.conf": "enable-tftp\ndhcp-range=10.0.0.2,10.0.0.9\n",
}
LOCAL_NAMES: dict[str, Content] = {**NAMES, "etc/dnsmasq.conf": "no-resolv\n"}
SHELL: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/sshd -D\n",
    "etc/ssh/sshd_config": "Port 22\nPort 2222\n",
}
AGENT: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/snmpd -f udp:161 tcp:705\n",
    "etc/snmp/snmpd.conf": "rouser a\n",
}
ENGINE: dict[str, Content] = {**WEB, "mnt/data/apps.json": '{"apps": {"1": {"services": {"panel": {"image": "a"}}}}}'}


def listen(*keys: str, service: str = "", peer: str = "any") -> str:
    named = f'service = "{service}"\n' if service else ""
    return "".join(
        f'[[listen]]\nprotocol = "{key.partition("/")[0]}"\nport = {key.partition("/")[2]}\nfrom = "{peer}"\n{named}'
        for key in keys
    )


@dataclass(frozen=True)
class Row:
    files: dict[str, Content]
    policy: str
    key: str
    safety: Safety
    change: type | None


DNS = ("udp/53", "tcp/53")
ROWS = {
    "another socket of its program is declared": Row(WEB, listen("tcp/443"), "tcp/80", SAFE, CloseSocket),
    "its program is named for that": Row(WEB, listen("tcp/443", service="lighttpd"), "tcp/80", SAFE, CloseSocket),
    "it is declared for the device itself": Row(
        WEB, listen("tcp/443") + listen("tcp/80", peer="local"), "tcp/80", SAFE, CloseSocket),
    "its program is declared, and no socket of it": Row(
        WEB, f'{listen("tcp/22")}[[service]]\nname = "lighttpd"\n', "tcp/80", UNSAFE, CloseSocket),
    "nothing of its program is declared": Row(WEB, listen("tcp/22"), "tcp/80", SAFE, RemoveLine),
    "containers may call it by another address": Row(ENGINE, listen("tcp/443"), "tcp/80", UNSAFE, CloseSocket),
    "TFTP answers nobody on the loopback": Row(NAMES, listen(*DNS), "udp/69", SAFE, CloseSocket),
    "a network needs its DHCP": Row(NAMES, listen(*DNS), "udp/67", UNSAFE, CloseSocket),
    "where DNS answers, DHCP does": Row(NAMES, listen("udp/67", "udp/69", "tcp/53"), "udp/53", MANUAL, None),
    "DNS for the device itself": Row(LOCAL_NAMES, listen(*DNS, peer="local"), "udp/53", SAFE, CloseSocket),
    "DNS by TCP goes with DNS by UDP": Row(LOCAL_NAMES, listen("udp/53"), "tcp/53", MANUAL, None),
    "a second port of SSH": Row(SHELL, listen("tcp/22"), "tcp/2222", SAFE, CloseSocket),
    "the only port of SSH": Row(
        {**SHELL, "etc/ssh/sshd_config": "Port 2222\n"}, f'{listen("tcp/80")}[[service]]\nname = "sshd"\n', "tcp/2222",
        UNSAFE, RemoveLine),
    "what a command line opens": Row(AGENT, listen("udp/161"), "tcp/705", MANUAL, None),
}  # fmt: skip


def remedy(row: Row) -> Remedy:
    found = judge_example(find_check("undeclared-listener"), Example(row.files, row.policy)).findings
    known = {one.key: one.remedy for one in found}
    told = known[row.key]
    assert told is not None
    return told


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_who_relies_on_it_decides(row: Row) -> None:
    told = remedy(row)
    assert told.safety is row.safety, told
    assert [type(one) for one in told.changes] == ([row.change] if row.change else [])
    assert bool(told.breaks) is (row.safety is UNSAFE)
    if CloseSocket is row.change:
        assert all(f"{one.protocol}/{one.port}" == row.key for one in told.changes if isinstance(one, CloseSocket))
    assert not any(isinstance(one, DisableService) for one in told.changes)


def test_a_socket_in_two_files_is_closed_in_both() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/nginx\n",
        "etc/nginx/nginx.conf": "http {\n include conf.d/*.conf;\n server { listen 80; listen 443 ssl; }\n}\n",
        "etc/nginx/conf.d/more.conf": "server { listen [::]:80; }\n",
    }
    told = remedy(Row(files, listen("tcp/443"), "tcp/80", SAFE, CloseSocket))
    paths = {one.path for one in told.changes if isinstance(one, CloseSocket)}
    assert paths == {"etc/nginx/nginx.conf", "etc/nginx/conf.d/more.conf"}


def test_an_address_of_another_file_is_changed_there() -> None:
    files: dict[str, Content] = {
        **WEB,
        "etc/lighttpd/lighttpd.conf": 'include "address.conf"\nserver.port = 80\n$SERVER["socket"] == ":443" { }\n',
        "etc/lighttpd/address.conf": 'server.bind = "0.0.0.0"\n',
    }
    told = remedy(Row(files, listen("tcp/443"), "tcp/80", SAFE, CloseSocket))
    assert told.changes == (CloseSocket("lighttpd", "etc/lighttpd/address.conf", "tcp", 80),)
