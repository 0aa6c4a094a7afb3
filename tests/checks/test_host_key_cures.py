"""A host key that every device would have goes for good where nothing that is declared uses it."""

import pytest

from firmward.checks.service.cures.at_first_boot import Device, host_key
from firmward.model.policy import parse_policy
from firmward.model.remedy import Remove, Safety

OPENSSH, DROPBEAR = "etc/ssh/ssh_host_ed25519_key", "etc/dropbear/dropbear_rsa_host_key"
BY_DROPBEAR = '[[listen]]\nport = 22\nservice = "dropbear"\n'
BY_SSHD = '[[service]]\nname = "sshd"\n'
UNNAMED = "[[listen]]\nport = 22\n"
NOTHING = '[device]\nproduct = "box"\n'


@pytest.mark.parametrize(
    ("policy", "path", "goes"),
    [
        (BY_DROPBEAR, OPENSSH, True),
        (BY_DROPBEAR, DROPBEAR, False),
        (BY_SSHD, OPENSSH, False),
        (BY_SSHD, DROPBEAR, True),
        (UNNAMED, OPENSSH, False),
        (NOTHING, OPENSSH, False),
    ],
)
def test_the_key_of_a_server_that_is_not_declared_is_left_out_safely(policy: str, path: str, goes: bool) -> None:
    remedy = host_key(path, Device(None, None, None, parse_policy(policy)), "Leave it out")
    assert remedy.changes == (Remove(path),)
    assert (remedy.safety is Safety.SAFE) is goes


def test_without_a_policy_nobody_knows_whether_it_is_used() -> None:
    assert host_key(OPENSSH, Device(None, None, None, None), "Leave it out").safety is Safety.UNSAFE
