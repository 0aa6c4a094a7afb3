"""A host key counts only when the server signed with it."""

import pytest

from firmward.lab.attack.known_host_key import proved_by

TOLD = "debug1: Server host key: ssh-rsa SHA256:0123abcdEFGH+/x\n"
SIGNED = "debug1: SSH2_MSG_NEWKEYS received\nnobody@127.0.0.1: Permission denied (publickey).\n"


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (TOLD + SIGNED, "SHA256:0123abcdEFGH+/x"),
        (TOLD + "ssh_dispatch_run_fatal: incorrect signature\n", None),
        (SIGNED + TOLD, None),
        ("kex_exchange_identification: Connection closed by remote host\n", None),
    ],
)
def test_who_only_shows_a_key_has_proved_nothing(said: str, key: str | None) -> None:
    assert proved_by(said) == key
