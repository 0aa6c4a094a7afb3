"""The other configuration languages of the network: lighttpd, nginx, iptables. Nothing makes their readers raise."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import iptables, lighttpd, nginx
from firmward.model.facts import Unavailable
from firmward.model.location import Location


def nothing(_name: str, _at: Location) -> Iterable[tuple[str, str]]:
    return ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('server.port = 80 # "x"\n', "80"),
        ("var.base = 8000\nserver.port = base + 80\n", "8080"),
        ('server.port = "8" + "1"\n', "81"),
        ("global { server.port = 82 }\n", "82"),
        ("server.port := 83\n", "83"),
    ],
)
def test_lighttpd_values(text: str, expected: str) -> None:
    [setting] = lighttpd.parse(text, "l", nothing).settings
    assert setting.value == expected


def test_lighttpd_else_does_not_hold_with_what_it_denies() -> None:
    text = '$HTTP["host"] == "a" { x.y = 1 }\nelse $HTTP["host"] == "b" { x.y = 2 }\nelse { x.y = 3 }\n'
    within = [len(setting.within) for setting in lighttpd.parse(text, "l", nothing).settings]
    assert within == [1, 2, 1]


def test_lighttpd_lists_keep_their_keys() -> None:
    [setting] = lighttpd.parse('a.b = ( "k" => "v", "w" => ("x", "y") )', "l", nothing).settings
    assert lighttpd.mapping(setting.value)["k"] == "v"
    assert lighttpd.texts(setting.value) == ("v", "x", "y")


def test_nginx_blocks_and_quotes() -> None:
    [http] = nginx.parse("http { server { listen 80; return 301 'https://$host'; } # }\n }", "n", nothing)
    [server] = nginx.walk(http.block or (), "server")
    assert [line.words for line in server.block or ()] == [("listen", "80"), ("return", "301", "https://$host")]


def test_nginx_that_does_not_close_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        nginx.parse("http { server {", "n", nothing)


def test_iptables_quotes_and_counters() -> None:
    ruleset = iptables.Ruleset("ip")
    iptables.parse('*filter\n:INPUT DROP [0:0]\n[1:2] -A INPUT -m comment --comment "a b" -j ACCEPT\n', "f", ruleset)
    chain = ruleset.chains[("filter", "INPUT")]
    assert chain.policy == "DROP"
    assert chain.rules[0].words == ("-m", "comment", "--comment", "a b", "-j", "ACCEPT")


def test_iptables_lines_of_the_other_family_are_left_out() -> None:
    ruleset = iptables.Ruleset("ip")
    iptables.parse("*filter\n-6 -A INPUT -j DROP\n-4 -A INPUT -j ACCEPT\n", "f", ruleset)
    assert [rule.words for rule in ruleset.chains[("filter", "INPUT")].rules] == [("-j", "ACCEPT")]


SIGNS = st.text(alphabet="abc.=+:(){}[]\",$;#\n \\'12>~!", max_size=120)


@given(SIGNS)
def test_lighttpd_raises_nothing_but_unavailable(text: str) -> None:
    try:
        lighttpd.parse(text, "l", nothing)
    except Unavailable:
        return


@given(SIGNS)
def test_nginx_raises_nothing_but_unavailable(text: str) -> None:
    try:
        nginx.parse(text, "n", nothing)
    except Unavailable:
        return


@given(
    st.lists(
        st.sampled_from(["*filter", ":INPUT", "-A", "INPUT", "-P", "DROP", "-j", "-t", "nat", "\n", '"', "-I", "1"])
    )
)
def test_iptables_raises_nothing(words: list[str]) -> None:
    iptables.parse(" ".join(words), "f", iptables.Ruleset("ip"))


@pytest.mark.parametrize("text", ["a = " + "(" * 5000, "$A[" * 3000, '$HTTP["a"] == "b" {' * 3000])
def test_deep_lighttpd_is_unavailable(text: str) -> None:
    with pytest.raises(Unavailable):
        lighttpd.parse(text, "l", nothing)


def test_deep_nginx_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        nginx.parse("a {" * 5000, "n", nothing)
