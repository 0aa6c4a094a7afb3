"""The rows of the attack surface, of debugging, of programs and the network, and of MIPS and PowerPC."""

import re
from collections import Counter

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.checks.kernel.options import attack_surface, debugging, mips, network, powerpc, rows, userspace
from firmward.checks.kernel.options.row import (
    ARM,
    ARM64,
    MIPS,
    POWERPC,
    RISCV,
    X86,
    Row,
    Source,
    architecture_of,
    version_of,
)
from firmward.facts.collection import Collection
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.memory import MemoryTree

FILES = (attack_surface, debugging, userspace, network, mips, powerpc)
ROWS: tuple[Row, ...] = sum((file.ROWS for file in FILES), ())
ARCHITECTURES = X86 | ARM64 | ARM | RISCV | MIPS | POWERPC
NAME = re.compile(r"[A-Z0-9][A-Za-z0-9_]+")


def named(row: Row) -> str:
    return f"{row.option}-{'-'.join(sorted(row.architectures))}"


def row(option: str, architecture: str) -> Row:
    (found,) = (one for one in ROWS if one.option == option and architecture in (one.architectures or ARCHITECTURES))
    return found


def instead(option: str, architecture: str, **options: str) -> bool:
    """Whether something else is as good in a complete configuration with these options."""
    version = options.pop("version", "6.12.1")
    kernel = KernelOptions(Location("config"), options, is_complete=True, version=version, architecture=architecture)
    return any(one(kernel) is True for one in row(option, architecture).instead)


def test_the_folder_gives_all_of_them() -> None:
    assert set(ROWS) <= set(rows())


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_no_architecture_is_asked_twice(architecture: str) -> None:
    asked = Counter(one.name for one in ROWS if architecture in (one.architectures or ARCHITECTURES))
    assert [name for name, count in asked.items() if count > 1] == []


def test_each_row_says_something_of_its_own() -> None:
    assert [why for why, count in Counter(one.why for one in ROWS).items() if count > 1] == []


@pytest.mark.parametrize("one", ROWS, ids=named)
def test_each_row_is_well_formed(one: Row) -> None:
    assert NAME.fullmatch(one.option)
    assert not one.option.startswith("CONFIG_")
    assert one.wanted in ("y", "n", "max")
    assert 40 <= len(one.why) <= 130
    assert not one.why.endswith(".")
    assert not one.until or one.since < one.until
    assert one.architectures <= ARCHITECTURES


def test_what_is_medium_gives_the_kernel_away() -> None:
    assert {one.option for one in ROWS if one.severity is Severity.MEDIUM} == {
        "DEVMEM", "DEVKMEM", "STRICT_DEVMEM", "PROC_KCORE", "KEXEC", "LDISC_AUTOLOAD", "ACPI_CUSTOM_METHOD",
        "PROVIDE_OHCI1394_DMA_INIT", "DRM_LEGACY", "X86_MSR", "KGDB", "LKDTM", "XMON",
    }  # fmt: skip
    assert {one.severity for one in ROWS} == {Severity.MEDIUM, Severity.LOW, Severity.INFO}


def test_what_only_the_strict_want_is_for_information() -> None:
    for option in ("MODULES", "BPF_SYSCALL", "USER_NS", "AIO", "IO_URING", "KALLSYMS", "FTRACE", "VT", "STAGING"):
        assert row(option, "arm64").severity is Severity.INFO


def test_mips_and_powerpc_have_rows_of_their_own() -> None:
    for file, own in ((mips, MIPS), (powerpc, POWERPC)):
        assert len(file.ROWS) >= 8
        assert all(one.architectures == own and one.source is Source.OWN for one in file.ROWS)


def test_what_belongs_to_no_architecture_is_asked_of_mips_and_powerpc_too() -> None:
    for architecture in ("mips", "powerpc"):
        asked = {one.option for one in ROWS if architecture in (one.architectures or ARCHITECTURES)}
        assert {"DEVMEM", "STRICT_DEVMEM", "KEXEC", "RANDOMIZE_BASE", "SECCOMP", "ARCH_MMAP_RND_BITS"} <= asked


ALTERNATIVES = [
    ("STRICT_DEVMEM", "arm", {}, {"DEVMEM": "y"}),
    ("IO_STRICT_DEVMEM", "arm", {}, {"DEVMEM": "y"}),
    ("BPF_UNPRIV_DEFAULT_OFF", "arm64", {}, {"BPF_SYSCALL": "y"}),
    ("TRIM_UNUSED_KSYMS", "arm64", {}, {"MODULES": "y"}),
    ("X86_INTEL_TSX_MODE_OFF", "x86-64", {}, {"CPU_SUP_INTEL": "y"}),
    ("X86_VSYSCALL_EMULATION", "x86-64", {"LEGACY_VSYSCALL_NONE": "y"}, {"LEGACY_VSYSCALL_XONLY": "y"}),
    ("MAGIC_SYSRQ", "arm", {"MAGIC_SYSRQ_DEFAULT_ENABLE": "0x0"}, {"MAGIC_SYSRQ_DEFAULT_ENABLE": "0x1"}),
    ("MAGIC_SYSRQ_SERIAL", "arm", {}, {"MAGIC_SYSRQ": "y", "MAGIC_SYSRQ_DEFAULT_ENABLE": "0x1b6"}),
    ("ARCH_MMAP_RND_COMPAT_BITS", "arm64", {}, {"COMPAT": "y"}),
    ("VMSPLIT_3G", "x86-32", {"PAGE_OFFSET": "0xC0000000"}, {"PAGE_OFFSET": "0x80000000"}),
    ("VMSPLIT_3G", "arm", {"VMSPLIT_3G_OPT": "y"}, {"VMSPLIT_2G": "y"}),
    ("RANDOMIZE_BASE", "mips", {}, {"SYS_SUPPORTS_RELOCATABLE": "y"}),
    ("MIPS_CMDLINE_FROM_BOOTLOADER", "mips", {"CMDLINE_OVERRIDE": "y"}, {"CMDLINE_BOOL": "y"}),
    ("RANDOMIZE_BASE", "powerpc", {"PPC_8xx": "y"}, {"PPC_85xx": "y"}),
    ("XMON_DEFAULT_RO_MODE", "powerpc", {}, {"XMON": "y"}),
    ("PPC_RTAS_FILTER", "powerpc", {}, {"PPC_RTAS": "y"}),
    ("PPC_KUEP", "powerpc", {"version": "5.10.1"}, {"version": "5.10.1", "PPC_HAVE_KUEP": "y"}),
    ("PPC_KUAP", "powerpc", {"version": "5.10.1"}, {"version": "5.17"}),
]  # fmt: skip


@pytest.mark.parametrize(("option", "architecture", "enough", "short"), ALTERNATIVES)
def test_what_is_as_good(option: str, architecture: str, enough: dict[str, str], short: dict[str, str]) -> None:
    assert instead(option, architecture, **enough)
    assert not instead(option, architecture, **short)


def test_a_kernel_of_unknown_version_may_lack_what_others_have() -> None:
    assert not instead("PPC_KUEP", "powerpc", version="")


@pytest.mark.parametrize(
    ("option", "architecture", "since", "until"),
    [
        ("DEVKMEM", "arm", (), (5, 13)),
        ("USELIB", "arm", (3, 15), (6, 16)),
        ("IP_DCCP", "arm", (), (6, 16)),
        ("X86_X32", "x86-64", (3, 4), (5, 18)),
        ("X86_X32_ABI", "x86-64", (5, 18), ()),
        ("LEGACY_TIOCSTI", "riscv", (6, 2), ()),
        ("PROC_MEM_NO_FORCE", "mips", (5, 10, 227), ()),
        ("STRICT_DEVMEM", "riscv", (5, 11), ()),
        ("PPC_RTAS_FILTER", "powerpc", (5, 10), (6, 2)),
    ],
)
def test_versions(option: str, architecture: str, since: tuple[int, ...], until: tuple[int, ...]) -> None:
    found = row(option, architecture)
    assert (found.since, found.until) == (since, until)


DEBIANS = [("amd64", "amd64"), ("arm64", "arm64"), ("armmp", "armhf"), ("4kc-malta", "mipsel")]


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "machine"), DEBIANS)
def test_what_debians_kernel_names_is_there_in_its_version(flavour: str, machine: str) -> None:
    try:
        (file,) = kernel(flavour, machine).resolve().glob("boot/config-*")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    configs = Collection(MemoryTree({f"boot/{file.name}": file.read_bytes()})).get(KernelConfigs)
    assert isinstance(configs, KernelConfigs)
    (options,) = configs.found
    version, architecture = version_of(options), architecture_of(options)
    assert not isinstance(version, Unknown)
    asked = [one for one in ROWS if not one.architectures or architecture in one.architectures]
    there = [one for one in asked if one.option in options.options]
    assert len(there) > 60
    assert [one.option for one in there if version < one.since or (one.until and version >= one.until)] == []
