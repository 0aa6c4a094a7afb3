"""What all checks of kernels rely on: the words that a kernel starts with, the security modules that it starts."""

import pytest
from configured import config, defconfig, line, options

from firmward.checks.kernel.kernels.command_lines import started_with
from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.security_modules import started
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.facts import Unavailable, Unknown
from firmward.model.remedy import Remedy, Safety, Stage

FAULT = Fault("lacks it", Remedy("Build it in", Safety.UNSAFE, Stage.SOURCE), "CONFIG_A is off")


def words(lines: tuple[CommandLine, ...] | Unknown) -> list[str]:
    assert not isinstance(lines, Unknown), lines
    return [" ".join(map(str, one.arguments)) for one in lines]


BUILT_IN = [
    ("", ["a=1"]),
    ("CMDLINE=\"b=2\"", ["b=2 a=1"]),
    ("CMDLINE=\"b=2\" CMDLINE_EXTEND=y", ["a=1 b=2"]),
    ("CMDLINE=\"b=2\" CMDLINE_FROM_BOOTLOADER=y", ["a=1"]),
    ("CMDLINE=\"b=2\" CMDLINE_FALLBACK=y", ["a=1"]),
    ("CMDLINE=\"b=2\" CMDLINE_FORCE=y", ["b=2"]),
    ("CMDLINE=\"b=2\" CMDLINE_OVERRIDE=y", ["b=2"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BUILT_IN)
def test_the_words_that_are_built_in_come_where_the_configuration_says(text: str, expected: list[str]) -> None:
    assert words(started_with(options(config(text)), KernelCommandLine((line("a=1"),)))) == expected


def test_each_line_of_the_boot_loader_counts_with_its_pieces() -> None:
    piece = CommandLine(line("c").arguments, line("").at, is_whole=False)
    lines = KernelCommandLine((line("a"), piece, line("b")))
    assert words(started_with(options(config("")), lines)) == ["c a", "c b"]


@pytest.mark.parametrize(
    "lines",
    [
        None,
        Unknown("no line"),
        KernelCommandLine((CommandLine((), line("").at, is_whole=False),)),
        KernelCommandLine((line("a"),), ("a file cannot be read",)),
    ],
)
def test_without_the_boot_loaders_line_it_is_not_known(lines: KernelCommandLine | None | Unknown) -> None:
    assert isinstance(started_with(options(config("")), lines), Unknown)
    assert words(started_with(options(config('CMDLINE="x" CMDLINE_FORCE=y')), lines)) == ["x"]


ALL = "SECURITY=y SECURITY_SELINUX=y SECURITY_APPARMOR=y SECURITY_SMACK=y SECURITY_TOMOYO=y SECURITY_LANDLOCK=y"
LIST = 'LSM="landlock,yama,apparmor,selinux,smack,tomoyo,bpf"'
STARTED = [
    (f"{ALL} {LIST}", "", "landlock apparmor tomoyo"),
    (f"{ALL} {LIST}", "apparmor=0", "landlock selinux tomoyo"),
    (f"{ALL} {LIST} SECURITY_SELINUX_BOOTPARAM=y", "apparmor=0 selinux=0", "landlock smack tomoyo"),
    (f"{ALL} {LIST}", "apparmor=0 selinux=0", "landlock selinux tomoyo"),
    (f"{ALL} {LIST}", "apparmor=n", "landlock apparmor tomoyo"),
    (f"{ALL} {LIST}", "apparmor=0 apparmor=1", "landlock apparmor tomoyo"),
    (f"{ALL} {LIST}", "security=smack", "landlock smack"),
    (f"{ALL} {LIST}", "security=none", "landlock"),
    (f"{ALL} {LIST}", "security=", "landlock"),
    (f"{ALL} {LIST}", "security=smack lsm=apparmor", "apparmor"),
    (f"{ALL} {LIST}", "lsm=yama", ""),
    (f"{ALL} {LIST}", "lsm=", ""),
    (f"{ALL} {LIST}", "lsm=selinux lsm=tomoyo", "tomoyo"),
    (f'{ALL} LSM="yama"', "", ""),
    (f'{ALL} LSM="yama"', "security=selinux", "selinux"),
    (f'{ALL} LSM=""', "", ""),
    (f"SECURITY=y SECURITY_TOMOYO=y {LIST}", "", "tomoyo"),
    (f"SECURITY=n SECURITY_APPARMOR=y {LIST}", "", ""),
]


@pytest.mark.parametrize(("text", "command_line", "expected"), STARTED)
def test_from_linux_5_1_a_list_says_what_starts(text: str, command_line: str, expected: str) -> None:
    assert started(options(config(text)), line(command_line)) == tuple(expected.split())


OLD = "SECURITY=y SECURITY_SELINUX=y SECURITY_APPARMOR=y SECURITY_TOMOYO=y SECURITY_SELINUX_BOOTPARAM=y"
STARTED_BEFORE = [
    (f'{OLD} DEFAULT_SECURITY="apparmor"', "", "apparmor"),
    (f'{OLD} DEFAULT_SECURITY="apparmor"', "security=tomoyo", "tomoyo"),
    (f'{OLD} DEFAULT_SECURITY="apparmor"', "security=none", ""),
    (f'{OLD} DEFAULT_SECURITY="apparmor"', "lsm=selinux", "apparmor"),
    (f'{OLD} DEFAULT_SECURITY=""', "", ""),
    (f'{OLD} DEFAULT_SECURITY="apparmor" SECURITY_APPARMOR_BOOTPARAM_VALUE=0', "", ""),
    (f'{OLD} DEFAULT_SECURITY="apparmor" SECURITY_APPARMOR_BOOTPARAM_VALUE=0', "apparmor=1", "apparmor"),
    (f'{OLD} DEFAULT_SECURITY="selinux" SECURITY_SELINUX_BOOTPARAM_VALUE=1', "selinux=0", ""),
    (f'{OLD} DEFAULT_SECURITY="smack"', "", ""),
]


@pytest.mark.parametrize(("text", "command_line", "expected"), STARTED_BEFORE)
def test_before_linux_5_1_one_starts(text: str, command_line: str, expected: str) -> None:
    assert started(options(config(text, "4.19.20")), line(command_line)) == tuple(expected.split())


def test_what_a_defconfig_leaves_out_is_not_known() -> None:
    for text in ("SECURITY=y", "SECURITY=y LSM=apparmor", 'SECURITY_APPARMOR=y DEFAULT_SECURITY="smack"'):
        assert isinstance(started(options(defconfig(text)), line("")), Unknown), text
    assert started(options(defconfig('SECURITY_APPARMOR=y LSM="apparmor"')), line("")) == ("apparmor",)


def keys(*kernels: KernelOptions) -> list[str]:
    return [one.key for one in findings(KernelConfigs(kernels), "topic", lambda _: FAULT)]


def test_each_kernel_is_told_once_under_a_key_that_outlasts_a_build() -> None:
    first, second, later = (options(config(""), one) for one in ("6.1.5-a", "5.4.0-50-b", "5.4.3-51-b"))
    assert keys(first) == ["topic"]
    assert keys(first, second) == ["topic boot/config-a", "topic boot/config-b"]
    assert keys(first, second) == keys(first, later)
    assert len(set(keys(first, second, later))) == 3
    assert keys(*(options(config("")) for _ in "ab")) == ["topic boot/config-", "topic boot/config- 2"]


def test_the_message_names_the_kernel_and_its_place() -> None:
    (found,) = findings(KernelConfigs((options(config(""), "6.1.5-a"),)), "topic", lambda _: FAULT)
    assert found.message == "the kernel 6.1.5-a lacks it"
    assert found.at is not None
    assert found.at.path == "boot/config-6.1.5-a"


def test_of_what_is_found_and_what_is_not_known_both_are_told() -> None:
    kernels = tuple(options(config(""), release) for release in ("6.1.5", "5.4.2"))
    told = findings(KernelConfigs(kernels), "topic", lambda one: FAULT if one.release == "6.1.5" else Unknown("why"))
    assert next(told).key == "topic boot/config"
    with pytest.raises(Unavailable, match=r"the kernel 5\.4\.2: why"):
        next(told)
    with pytest.raises(Unavailable, match="sealed"):
        next(findings(KernelConfigs(kernels, ("sealed",)), "topic", lambda _: None))
