"""What the checks of programs' rights say beyond their own examples."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.checks.binary.capability_unexpected import program
from firmward.facts.capable_programs import ATTRIBUTE
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, Node
from firmward.model.policy import parse_policy

ELF = b"\x7fELF\x02\x01\x01"


def verdict(check: str, files: dict[str, Content], policy: str = "") -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(policy), Clock(date(2026, 11, 20)))


@pytest.mark.parametrize("value", [b"", b"\1\0\0", b"\1\0\0\7" + bytes(16), b"\1\0\0\2" + bytes(15)])
def test_capabilities_that_the_kernel_would_refuse_are_no_pass(value: bytes) -> None:
    found = verdict("capability-unexpected", {"usr/bin/tool": Node(ELF, 0o755, xattrs=((ATTRIBUTE, value),))})
    assert found.outcome is Outcome.UNKNOWN
    assert "usr/bin/tool" in (found.reason or "")


@pytest.mark.parametrize(
    ("path", "outcome"),
    [("usr/bin/ping", Outcome.PASS), ("bin/ping", Outcome.PASS), ("opt/vendor/ping", Outcome.FAIL)],
)
def test_an_ordinary_name_is_ordinary_in_its_place_only(path: str, outcome: Outcome) -> None:
    assert verdict("capability-unexpected", {path: program("cap_net_raw")}).outcome is outcome


@pytest.mark.parametrize(
    ("table", "severity"),
    [("ext4 nosuid", Severity.LOW), ("ext4 nodev", Severity.MEDIUM), ("ext4 ro", Severity.MEDIUM)],
)
def test_a_file_system_mounted_nosuid_holds_a_program_back(table: str, severity: Severity) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -a\n",
        "etc/fstab": f"/dev/sda2 /opt {table} 0 0\n",
        "opt/tool": Node(ELF, 0o4755),
    }
    (found,) = verdict("setuid-unexpected", files).findings
    assert found.severity is severity


@pytest.mark.parametrize(
    ("policy", "severities"),
    [
        ("", []),
        ('[filesystem]\nwritable = ["/data"]\n', []),
        ("[filesystem]\nsetuid = []\n", [Severity.LOW]),
        ('[filesystem]\nsetuid = ["/usr/bin/su"]\n', []),
    ],
)
def test_a_list_of_setuid_programs_leaves_out_what_it_leaves_out(policy: str, severities: list[Severity]) -> None:
    found = verdict("setuid-unexpected", {"bin/su": Node(ELF, 0o4755)}, policy).findings
    assert [one.severity for one in found] == severities


APP = (
    "import subprocess\nfrom urllib.parse import parse_qs\n\n\ndef application(environ, start_response):\n"
    "    host = parse_qs(environ['QUERY_STRING'])['host'][0]\n"
    "    return [subprocess.check_output({}, shell={})]\n"
)


@pytest.mark.parametrize(
    ("path", "call", "shell", "outcome"),
    [
        ("opt/hub/api.py", "f'ping -c 1 {host}'", "True", Outcome.FAIL),
        ("usr/lib/hub/api.py", "f'ping -c 1 {host}'", "True", Outcome.FAIL),
        ("opt/hub/api.py", "['ping', '-c', '1', '--', host]", "False", Outcome.PASS),
        ("usr/lib/python3/dist-packages/hub/api.py", "f'ping {host}'", "True", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_module_that_takes_a_request_is_read_whoever_loads_it(
    path: str, call: str, shell: str, outcome: Outcome
) -> None:
    assert verdict("script-injection", {path: APP.format(call, shell)}).outcome is outcome


@pytest.mark.parametrize("option", ["option lua_handler /opt/api.lua", "list lua_prefix '/api=/opt/api.lua'"])
def test_a_handler_of_uhttpd_is_read(option: str) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/uhttpd -f\n",
        "etc/config/uhttpd": f"config uhttpd main\n\toption home /www\n\t{option}\n",
        "opt/api.lua": "function handle_request(env)\n\tos.execute('ping ' .. env.QUERY_STRING)\nend\n",
    }
    assert verdict("script-injection", files).outcome is Outcome.FAIL
