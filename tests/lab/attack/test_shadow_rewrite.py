"""Which words of the account tables are changed, and that they need no more room."""

import pytest

from firmward.lab.attack.shadow_rewrite import with_shell, without_password

SHADOWS = {
    b"root:$1$Xm0cKq3T$7lciwk:20412:0:::::\nftp:*:1::::::\n": b"root::20412:0:::::\n",
    b"root:*:1::::::\n": b"root::1::::::\n",
    b"root:*:1::::::": b"root::1::::::",
    b"ftp:*:7::::::\nroot:!x:1::::::\n": b"root::1::::::\n",
    b"rooted:*:1::::::\n": b"rooted:*:1::::::\n",
}
ACCOUNTS = {
    b"root:x:0:0:root:/root:/sbin/nologin\nftp:x:1:1::/:/sbin/nologin\n": (
        b"root:x:0:0::/root:/bin/sh\nftp:x:1:1::/:/sbin/nologin\n"
    ),
    b"ftp:x:1:1::/:/bin/false\n": b"ftp:x:1:1::/:/bin/false\n",
}


@pytest.mark.parametrize(("before", "after"), SHADOWS.items())
def test_root_alone_is_left_and_loses_its_password(before: bytes, after: bytes) -> None:
    assert without_password(before) == after
    assert len(after) <= len(before)


@pytest.mark.parametrize(("before", "after"), ACCOUNTS.items())
def test_root_alone_gets_a_shell(before: bytes, after: bytes) -> None:
    assert with_shell(before) == after
    assert len(after) <= len(before)
