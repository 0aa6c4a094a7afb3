"""Who may run su, and what it is worth to him."""

from datetime import date

import pytest

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree, executable, link

SU: dict[str, Content] = {"bin/su": executable(b"\x7fELF", 0o4755)}
BUSYBOX: dict[str, Content] = {"bin/su": link("busybox"), "bin/busybox": executable(b"\x7fELF", 0o4755)}
WHEEL: dict[str, Content] = {"etc/login.defs": "SU_WHEEL_ONLY yes\n"}
SERVICE = "web:!:80:80::/:/bin/false\n"


def told(root: str, others: str, files: dict[str, Content]) -> list[Severity | None]:
    check = next(check for check in catalogue() if check.id == "su-unrestricted")
    passwd = f"root:{root}:0:0:root:/root:/bin/sh\n{others}"
    tree = MemoryTree({"etc/passwd": passwd, **files})
    facts = Collection(tree).facts("system", families((check,)))
    return [finding.severity for finding in judge(check, facts, None, Clock(date(2026, 1, 1))).findings]


@pytest.mark.parametrize(
    ("root", "others", "files", "found"),
    [
        ("", SERVICE, SU, [None]),
        ("*", SERVICE, SU, [Severity.INFO]),
        ("", "", SU, []),
        ("", SERVICE, SU | WHEEL, []),
        ("", SERVICE, SU | {"etc/login.defs": "SU_WHEEL_ONLY yes\nSU_WHEEL_ONLY no\n"}, [None]),
        ("", SERVICE, SU | WHEEL | {"etc/pam.d/su": "auth required pam_unix.so\n"}, [None]),
        ("", SERVICE, BUSYBOX | WHEEL, [None]),
    ],
)
def test_whoever_may_run_su_may_guess(
    root: str, others: str, files: dict[str, Content], found: list[Severity | None]
) -> None:
    assert told(root, others, files) == found
