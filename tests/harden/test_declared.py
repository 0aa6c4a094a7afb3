"""What the policy declares and the image does is known before and after; what it does not do is asked about."""

import pytest
from hardened import facts_of

from firmward.harden import declared
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy

FILES: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/dropbear -F\n",
    "usr/sbin/dropbear": executable("\x7fELF"),
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nservice:x:1000:1000::/:/bin/sh\nquiet:x:1001:1001::/:/sbin/nologin\n",
    "usr/bin/selftest": executable("#!/bin/sh\n"),
}
POLICY = """
[[listen]]
port = 22
service = "dropbear"
[[listen]]
port = 443
service = "lighttpd"
[[account]]
name = "service"
login = true
[[account]]
name = "quiet"
login = true
[[account]]
name = "stranger"
login = true
[update]
health = ["/usr/bin/selftest --all", "/usr/bin/none", "true", " "]
"""


def functions(files: dict[str, Content]) -> set[str]:
    tree = MemoryTree(files)
    return set(declared.functions(tree, facts_of(tree), parse_policy(POLICY)))


@pytest.mark.parametrize("calls", ["nc -z 127.0.0.1 22", "ssh localhost:22", "#\nwget -q http://[::1]:22/ || exit 1"])
def test_what_tells_of_health_needs_the_sockets_that_it_calls(calls: str) -> None:
    asking = {**FILES, "usr/bin/selftest": executable(f"#!/bin/sh\n{calls}\n")}
    without = {**asking, "etc/inittab": "# nothing\n"}
    assert "/usr/bin/selftest --all finds tcp/22 open" in functions(asking) - functions(without)


def test_a_declared_socket_that_others_reach_no_more_is_lost() -> None:
    local = {**FILES, "etc/inittab": "::respawn:/usr/sbin/dropbear -F -p 127.0.0.1:22\n"}
    assert functions(FILES) - functions(local) == {"dropbear listens on tcp/22"}
    assert functions(local) - functions(FILES) == {"dropbear listens on tcp/22 for the device itself"}


def test_functions_are_what_is_declared_and_there() -> None:
    assert functions(FILES) == {
        "dropbear listens on tcp/22",
        "service can log in",
        "/usr/bin/selftest --all tells whether an update is healthy",
    }


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"etc/inittab": "# nothing\n"}, "dropbear listens on tcp/22"),
        ({"etc/passwd": "service:x:1000:1000::/:/sbin/nologin\n"}, "service can log in"),
        ({"usr/bin/selftest": ""}, None),
    ],
)
def test_what_ends_is_missed(changed: dict[str, Content], lost: str | None) -> None:
    assert functions(FILES) - functions({**FILES, **changed}) == ({lost} if lost else set())


def test_what_is_declared_and_not_there_is_told() -> None:
    tree = MemoryTree(FILES)
    assert list(declared.missing(tree, facts_of(tree), parse_policy(POLICY))) == [
        "[[listen]] declares tcp/443, which is to be lighttpd's, and nothing here opens it",
        "[[account]] declares stranger, and there is no such account here",
        "[update] health asks /usr/bin/none, which is not here",
    ]


def test_without_a_policy_nothing_is_declared() -> None:
    tree = MemoryTree(FILES)
    assert declared.functions(tree, facts_of(tree), None) == frozenset()
    assert list(declared.missing(tree, facts_of(tree), None)) == []


def test_an_unknown_init_system_is_told_and_a_known_one_is_not() -> None:
    assert declared.unknown_start(facts_of(MemoryTree(FILES))) is None
    said = declared.unknown_start(facts_of(MemoryTree({"etc/passwd": "", "bin/sh": executable("\x7fELF")})))
    assert said is not None
    assert said.startswith("no init system that firmward knows was found")
