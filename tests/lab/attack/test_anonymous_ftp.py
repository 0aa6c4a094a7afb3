"""What a listing shows, and only to who was let in."""

import pytest

from firmward.lab.attack.anonymous_ftp import listed

FILE = "-rw-r--r-- 1 0 0 44 Dec 01 2025 README"
ROWS = f"213-Status follows:\r\ndrwxr-xr-x 2 0 0 1024 Dec 01 2025 .\r\n{FILE}\r\n213 End\r\n"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (f"220 hello\r\n331 password?\r\n230 Login successful.\r\n{ROWS}221 Goodbye.\r\n", ("README",)),
        (f"220 hello\r\n530 Login incorrect.\r\n{ROWS}", ()),
        ("220 hello\r\n331 password?\r\n230 Login successful.\r\n213 End\r\n", ()),
        ("", ()),
    ],
)
def test_files_are_seen_after_a_login_alone(said: str, names: tuple[str, ...]) -> None:
    assert listed(said.encode()) == names
