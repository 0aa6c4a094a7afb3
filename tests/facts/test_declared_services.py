"""Whether the policy wants a service, whichever way it says so."""

import pytest

from firmward.facts.declared_services import is_undeclared
from firmward.model.policy import parse_policy

LISTENS = '[[listen]]\nport = 22\nservice = "dropbear"\n[[listen]]\nport = 53\nprotocol = "udp"\n'
NAMED = '[[service]]\nname = "vsftpd@lan.service"\n[[service]]\nname = "S50camera"\n'
ROWS = {
    "who declares nothing means nothing by it": ("", ("telnetd",), (), False),
    "an account says nothing of services": ('[[account]]\nname = "a"\n', ("telnetd",), (), False),
    "a socket's service": (LISTENS, ("dropbear",), (), False),
    "another service": (LISTENS, ("telnetd",), (), True),
    "by its port": (LISTENS, ("dnsmasq",), (("udp", 53),), False),
    "by the port of another protocol": (LISTENS, ("dnsmasq",), (("tcp", 53),), True),
    "a unit": (NAMED, ("vsftpd", "vsftpd@lan.service"), (), False),
    "another instance": (NAMED, ("vsftpd@wan",), (), True),
    "a start script with another turn": (NAMED, ("S80camera",), (), False),
    "its script's program": (NAMED, ("camera",), (), False),
    "what updates": (f'{NAMED}[update]\nmechanism = "rauc"\n', ("rauc-hawkbit",), (), False),
    "a template whose instance is declared, and the template is": (
        '[[service]]\nname = "getty"\n', ("getty@tty1.service",), (), False),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "names", "sockets", "is_it"), ROWS.values(), ids=ROWS)
def test_it_is_undeclared_where_something_else_is_declared(
    policy: str, names: tuple[str, ...], sockets: tuple[tuple[str, int], ...], is_it: bool
) -> None:
    assert is_undeclared(parse_policy(policy), names, sockets) is is_it


def test_without_a_policy_nothing_is() -> None:
    assert not is_undeclared(None, ("telnetd",))
