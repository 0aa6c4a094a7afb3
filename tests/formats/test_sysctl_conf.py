"""Files of kernel parameters, and procps as a witness."""

import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.formats.sysctl_conf import name, parse

TEXT = """# comment
; another
kernel.sysrq = 0x01b6
  net/ipv4/conf/eth0.1/rp_filter=1
-kernel.domainname = a = b
vm.overcommit_memory=
kernel.core_pattern = |/bin/a %p  #no comment
no assignment
"""


def test_lines_give_keys_with_dots_and_values_as_they_stand() -> None:
    assert [(setting.key, setting.value, setting.line) for setting in parse(TEXT)] == [
        ("kernel.sysrq", "0x01b6", 3),
        ("net.ipv4.conf.eth0/1.rp_filter", "1", 4),
        ("kernel.domainname", "a = b", 5),
        ("vm.overcommit_memory", "", 6),
        ("kernel.core_pattern", "|/bin/a %p  #no comment", 7),
    ]


def test_a_key_alone_behind_a_dash_is_taken_out_of_the_patterns() -> None:
    [pattern, exempt] = parse("net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n")
    assert pattern.is_pattern
    assert (exempt.key, exempt.value) == ("net.ipv4.conf.all.rp_filter", None)


@pytest.mark.parametrize("key", ["kernel.x", "kernel/x"])
def test_dots_and_slashes_part_alike(key: str) -> None:
    assert name(key) == "kernel.x"


@pytest.mark.parametrize("text", ["\x00\xff\n", "=\n", "-\n", "= 1\n", "\udcff = \udcfe", "[*" * 1000 + "= 1"])
def test_rubbish_is_taken_as_it_is(text: str) -> None:
    list(parse(text))


@pytest.mark.skipif(shutil.which("sysctl") is None, reason="procps is not installed")
def test_procps_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "own.conf"
    file.write_text(
        "kernel.sysrq = 438\n# kernel.panic = 9\n-kernel/panic = 3\n ;kernel.panic=4\nvm.swappiness=  7  \n"
    )
    told = subprocess.run(
        ["sysctl", "--dry-run", "-p", str(file)], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    # a parameter that this machine's kernel hides is left out
    expected = [f"{setting.key} = {setting.value}" for setting in parse(file.read_text())]
    assert {line.strip() for line in told.splitlines()} <= set(expected)
    assert "kernel.panic = 3" in told or not told
