"""What an initramfs lets through, with the command lines that lie beside it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from beside import around
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.audit.engine import Verdict, families, judge
from firmward.checks.boot.initramfs_root_unverified import initramfs_root_unverified
from firmward.cli.judging import Question, Reading, audit_target
from firmward.facts.collection import Collection
from firmward.image.budget import Limits
from firmward.model.check import Check
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

HASH = "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"
CLOCK = Clock(date(2026, 11, 20))
GO = "exec switch_root /n /sbin/init\n"
OPEN = f"veritysetup open /dev/a v /dev/b {HASH}"
PLAIN = f"#!/bin/sh\nmount /dev/a /n\n{GO}"
SHELL = f"""#!/bin/sh
panic=
for word in $(cat /proc/cmdline); do
    case $word in
    panic=*) panic=${{word#panic=}} ;;
    esac
done
fail() {{
    [ -n "$panic" ] && reboot -f
    sh
}}
{OPEN} || fail
mount /dev/mapper/v /n || fail
{GO}"""
SYSTEMD: dict[str, Content] = {
    "init": link("usr/lib/systemd/systemd"),
    "usr/lib/systemd/systemd": executable(b"\x7fELF"),
    "usr/lib/systemd/system-generators/systemd-veritysetup-generator": executable(b"\x7fELF"),
    "etc/initrd-release": "ID=x\n",
}


def judged(files: Mapping[str, Content], *lines: str) -> Verdict:
    """The check's verdict on one initramfs, beside a boot partition with these command lines."""
    found = OpenPart(Part("image/initramfs", "cpio", "image", role=Role.INITRAMFS), None, MemoryTree(files))
    entries = "".join(f"LABEL {number}\n  APPEND {line}\n" for number, line in enumerate(lines))
    tree = MemoryTree({"extlinux/extlinux.conf": entries} if lines else {})
    boot = OpenPart(Part("image/boot", "fat32", "image", role=Role.BOOT), None, tree)
    check: Check = initramfs_root_unverified
    facts = Collection(MemoryTree({}), parts=around(found, boot)).facts("image", families([check]))
    return judge(check, facts, None, CLOCK)


def keys(verdict: Verdict) -> list[str]:
    return [one.key for one in verdict.findings]


def init(text: str) -> dict[str, Content]:
    return {"init": executable(text)}


def test_a_root_that_nothing_verifies_is_told_where_the_system_goes_on() -> None:
    found = judged(init(PLAIN))
    assert (found.outcome, keys(found)) == (Outcome.FAIL, ["root"])
    assert [(one.at.path, one.at.line) for one in found.findings if one.at] == [("init", 3)]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("root=/dev/a", Outcome.FAIL),
        ("root=/dev/a ima_policy=appraise_tcb", Outcome.PASS),
        ("root=/dev/a ima_policy=tcb", Outcome.FAIL),
        ("root=/dev/a ima_policy=appraise_tcb ima_appraise=log", Outcome.FAIL),
        (f'root=/dev/dm-0 dm-mod.create="r,,,ro,0 8 verity 1 a b 4096 4096 1 1 sha256 {HASH} -"', Outcome.PASS),
        (f'root=/dev/a dm-mod.create="r,,,ro,0 8 verity 1 a b 4096 4096 1 1 sha256 {HASH} -"', Outcome.FAIL),
    ],
)
def test_the_kernel_may_verify_what_the_initramfs_does_not(line: str, outcome: Outcome) -> None:
    assert judged(init(PLAIN), line).outcome is outcome


def test_one_line_without_it_leaves_the_root_unverified() -> None:
    assert judged(init(PLAIN), "root=/dev/a ima_policy=appraise_tcb", "root=/dev/a").outcome is Outcome.FAIL


def test_a_shell_that_a_word_forbids_is_told_unless_every_line_has_it() -> None:
    assert judged(init(SHELL)).outcome is Outcome.UNKNOWN
    assert judged(init(SHELL), "root=x panic=5").outcome is Outcome.PASS
    for lines in (("root=x",), ("root=x panic",), ("root=x panic=5", "root=x")):
        assert keys(judged(init(SHELL), *lines)) == ["shell in init"], lines


def test_what_is_asked_for_by_a_word_is_told_so() -> None:
    text = f"#!/bin/sh\ngrep -q debug /proc/cmdline && sh\n{OPEN} || reboot\nmount /dev/mapper/v /n\n{GO}"
    (finding,) = judged(init(text), "root=x").findings
    assert finding.message == "the initramfs gives a shell with debug on the kernel's command line (init:2)"


def test_what_gets_past_verity_is_told() -> None:
    text = f"#!/bin/sh\nD=/dev/mapper/v\n{OPEN} || D=/dev/a\nmount $D /n\n{GO}"
    (finding,) = judged(init(text)).findings
    assert finding.key == "skipped"
    assert "when veritysetup fails" in finding.message


def test_what_lies_beside_the_data_is_told() -> None:
    text = f"#!/bin/sh\nmount /dev/a /n\ncd /n\nsha256sum -c list || reboot\n{GO}"
    (finding,) = judged(init(text)).findings
    assert "what sha256sum compares with lies on a medium as well" in finding.message


def test_systemd_is_judged_by_the_command_line() -> None:
    assert judged(SYSTEMD).outcome is Outcome.UNKNOWN
    assert judged(SYSTEMD, f"root=/dev/mapper/root roothash={HASH}").outcome is Outcome.PASS
    (finding,) = judged(SYSTEMD, "root=/dev/a").findings
    assert finding.at is not None
    assert finding.at.part == "image/boot"


def test_a_whole_system_in_memory_has_no_root_to_verify() -> None:
    files: dict[str, Content] = {"init": link("bin/busybox"), "bin/busybox": executable(b"\x7fELF")}
    assert judged(files).outcome is Outcome.NOT_APPLICABLE


INSTALLERS = {
    "armhf": "images/12/armhf/text/debian-installer/armhf/initrd.gz",
    "armel": "images/12/armel/kirkwood/marvell/dreamplug/uInitrd",
}


@pytest.mark.proof
@pytest.mark.parametrize("architecture", INSTALLERS)
def test_debians_installer_is_a_whole_system(architecture: str) -> None:
    try:
        folder = unpacked(f"debian-installer-12-netboot-{architecture}", "all")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    target: Path = folder / "usr/lib/debian-installer" / INSTALLERS[architecture]
    question = Question(("initramfs-root-unverified",), None, CLOCK)
    found = audit_target(target, question, Reading(Limits()), lambda message: None)
    assert [one.outcome for one in found.checks if one.check == "initramfs-root-unverified"] == [Outcome.NOT_APPLICABLE]
