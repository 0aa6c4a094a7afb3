"""HAProxy: sockets as 2.6 opened them, TLS, pages of statistics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.haproxy import Haproxy
from firmward.facts.listener import Application
from firmward.facts.web_servers import Trait, WebServers
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree

START = "::respawn:/usr/sbin/haproxy -W -f /etc/haproxy.cfg -f /etc/haproxy.d\n"
HTTP = "defaults\n mode http\n"


def tree(text: str, **more: Content) -> MemoryTree:
    return MemoryTree({"etc/inittab": START, "etc/haproxy.cfg": text, "etc/haproxy.d/README.cfg": "# empty\n", **more})


def haproxy(text: str, **more: Content) -> Haproxy:
    found = Collection(tree(text, **more)).get(Haproxy)
    assert isinstance(found, Haproxy), found
    return found


def sockets(text: str, **more: Content) -> list[tuple[str, str, Application]]:
    return [(one.key, one.address, one.speaks) for one in haproxy(text, **more).listeners]


def traits(text: str) -> list[Trait]:
    found = Collection(tree(text)).get(WebServers)
    assert isinstance(found, WebServers), found
    return [trait for server in found.servers for trait in server.traits]


A = Application


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("*:8404", [("tcp/8404", "", A.HTTP)]),
        (":8443 ssl crt /data/device.pem alpn h2", [("tcp/8443", "", A.HTTPS)]),
        ("127.0.0.1:80,127.0.0.2:81", [("tcp/80", "127.0.0.1", A.HTTP), ("tcp/81", "127.0.0.2", A.HTTP)]),
        ("127.0.0.1:80, 127.0.0.2:81", [("tcp/80", "127.0.0.1", A.HTTP), ("tcp/81", "127.0.0.2", A.HTTP)]),
        ("ipv4@*:90-91", [("tcp/90", "", A.HTTP), ("tcp/91", "", A.HTTP)]),
        (":::82", [("tcp/82", "::", A.HTTP)]),
        ("[::1]:83 v6only", [("tcp/83", "::1", A.HTTP)]),
        ("'127.0.0.4:84' # comment", [("tcp/84", "127.0.0.4", A.HTTP)]),
        ("/run/haproxy.sock mode 600", []),
        ("unix@/run/haproxy.sock", []),
        ("quic4@:443 ssl crt /c", [("udp/443", "", A.HTTPS)]),
    ],
)
def test_a_bind_line_opens_sockets(bind: str, expected: list[tuple[str, str, Application]]) -> None:
    assert sockets(f"{HTTP}frontend x\n bind {bind}\n") == expected
    assert haproxy(f"{HTTP}frontend x\n bind {bind}\n").unread == ()


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("listen x\n bind :80\n", A.UNKNOWN),
        ("listen x\n mode http\n bind :80\n", A.HTTP),
        (f"{HTTP}listen x\n mode tcp\n bind :80\n", A.UNKNOWN),
        ("defaults web\n mode http\ndefaults other\n mode tcp\nlisten x from web\n bind :80\n", A.HTTP),
        (f"{HTTP}frontend x\n bind :80\n http-request redirect scheme https unless {{ ssl_fc }}\n", A.HTTP_REDIRECT),
        (f"{HTTP}frontend x\n bind :80\n redirect scheme https code 301 if !{{ ssl_fc }}\n", A.HTTP_REDIRECT),
        (f"{HTTP}frontend x\n bind :80\n http-request redirect scheme https if is_portal\n", A.HTTP),
        (f"{HTTP}listen x :80\n", A.HTTP),
        ("log-forward x\n bind :80\n", A.UNKNOWN),
    ],
)
def test_the_mode_says_what_is_spoken(text: str, speaks: Application) -> None:
    assert [one[2] for one in sockets(text)] == [speaks]


def test_folders_are_read_by_the_names_of_their_files() -> None:
    more: dict[str, Content] = {
        "etc/haproxy.d/20.cfg": "listen a\n bind :81\n",
        "etc/haproxy.d/30.txt": "listen b\n bind :82\n",
    }
    assert [one[0] for one in sockets(f"{HTTP}listen x\n bind :80\n", **more)] == ["tcp/80", "tcp/81"]


def test_a_socket_for_commands_may_be_on_the_network() -> None:
    assert sockets("global\n stats socket ipv4@0.0.0.0:9999 level admin\n stats socket /run/s\n") == [
        ("tcp/9999", "0.0.0.0", A.UNKNOWN)
    ]


@pytest.mark.parametrize(
    "text", ["listen x\n bind :$PORT\n", ".if defined(X)\nlisten x\n bind :80\n.endif\n", "bind :80\n"]
)
def test_what_cannot_be_worked_out_is_told(text: str) -> None:
    assert haproxy(text).unread


BIND = "frontend x\n bind :443 ssl crt /c {}\n"
SERVER = "backend b\n {}server s 192.0.2.1:443 {}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BIND.format("ssl-min-ver TLSv1.0"), [("ssl-min-ver", "TLSv1.0")]),
        ("global\n ssl-default-bind-options ssl-min-ver TLSv1.0\n" + BIND.format(""), [("ssl-min-ver", "TLSv1.0")]),
        (
            "global\n ssl-default-bind-options ssl-min-ver TLSv1.0\n" + BIND.format("ssl-min-ver TLSv1.2"),
            [("ssl-min-ver", "TLSv1.2")],
        ),
        ("global\n ssl-default-bind-options ssl-min-ver TLSv1.0\nfrontend x\n bind :80\n", []),
        ("global\n ssl-default-bind-ciphers RC4\n" + BIND.format(""), [("ciphers", "RC4")]),
        (BIND.format("force-tlsv10"), [("force-tlsv10", "on")]),
        (SERVER.format("", "ssl verify none"), [("verify", "none")]),
        (SERVER.format("", "ssl verify required ca-file /c"), []),
        (SERVER.format("", "verify none"), []),
        (SERVER.format("default-server ssl verify none\n ", "check"), [("verify", "none")]),
        (SERVER.format("default-server ssl verify none\n ", "verify required"), []),
        ("global\n ssl-server-verify none\n" + SERVER.format("", "ssl"), [("verify", "none")]),
        ("defaults\n default-server ssl verify none\n" + SERVER.format("", ""), [("verify", "none")]),
    ],
)
def test_what_holds_of_tls(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.option, one.value) for one in haproxy(text).tls] == expected


@pytest.mark.parametrize(
    ("lines", "features"),
    [
        ("stats enable", ["status-page"]),
        ("stats uri /", ["status-page"]),
        ("stats enable\n stats admin if TRUE", ["status-admin"]),
        ("http-request use-service prometheus-exporter if { path /metrics }", ["status-page"]),
        ("stats enable\n stats auth watch:word", []),
        ("stats enable\n stats http-request auth unless { http_auth(users) }", []),
        ("stats enable\n http-request deny unless { src 10.0.0.0/8 }", []),
        ("stats enable\n http-request deny if { path /x }", ["status-page"]),
        ("server s 127.0.0.1:80", []),
    ],
)
def test_a_page_of_statistics_is_a_trait(lines: str, features: list[str]) -> None:
    found = traits(f"{HTTP}listen x\n bind :8404\n {lines}\n")
    assert [str(trait.feature) for trait in found] == features


def test_a_page_in_the_defaults_is_shown_by_every_section() -> None:
    assert [trait.where for trait in traits(f"{HTTP} stats enable\nlisten a\n bind :81\nlisten b\n bind :82\n")] == [
        "a",
        "b",
    ]


PLAIN = "global defaults frontend backend listen bind stats ssl verify none from : , @ 80 - .if { }"
WORDS = [*PLAIN.split(), '"', "'", "\\", "#", "\n"]


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_words_can_be_read(words: list[str]) -> None:
    haproxy(" ".join(words))


def test_defaults_that_every_section_repeats_come_to_an_end() -> None:
    text = "defaults\n" + " stats enable\n" * 5000 + "listen x\n bind :80\n" * 5000
    assert isinstance(Collection(tree(text)).get(Haproxy), Unknown)
