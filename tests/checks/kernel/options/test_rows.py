"""The rows keep to the words that row.py gives, ask each kernel for what it can have, and none contradicts another."""

import re
from itertools import combinations

import pytest

from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.arm import ROWS as ARM_ROWS
from firmward.checks.kernel.options.arm64 import ROWS as ARM64_ROWS
from firmward.checks.kernel.options.compiler import ROWS as COMPILER
from firmward.checks.kernel.options.memory import ROWS as MEMORY
from firmward.checks.kernel.options.policy import ROWS as POLICY
from firmward.checks.kernel.options.riscv import ROWS as RISCV_ROWS
from firmward.checks.kernel.options.row import (
    ARM,
    ARM64,
    MIPS,
    POWERPC,
    RISCV,
    X86,
    Row,
    Source,
    kernel_of,
)
from firmward.checks.kernel.options.speculation import ROWS as SPECULATION
from firmward.checks.kernel.options.x86 import ROWS as X86_ROWS
from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.location import Location

ARCHITECTURES = sorted(X86 | ARM64 | ARM | RISCV | MIPS | POWERPC)
PROTECTION = (*MEMORY, *COMPILER, *POLICY, *SPECULATION, *X86_ROWS, *ARM64_ROWS, *ARM_ROWS, *RISCV_ROWS)
TITLES = {"x86-64": "x86_64", "x86-32": "i386"}
LATEST = "6.17.0"
MET, MISSED, NOT_ASKED = "met", "missed", "not asked"


def of(architecture: str) -> list[Row]:
    return [row for row in rows() if not row.architectures or architecture in row.architectures]


def configuration(architecture: str, version: str, settings: dict[str, str]) -> KernelOptions:
    return KernelOptions(
        Location("boot/config"), settings, True, version, architecture=TITLES.get(architecture, architecture)
    )


def answer(row: Row, options: KernelOptions) -> str:
    judged = row.judge(kernel_of(options))
    assert not isinstance(judged, Unknown)
    return NOT_ASKED if judged is None else MET if judged else MISSED


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_row_is_whole(row: Row) -> None:
    assert re.fullmatch(r"(?!CONFIG_)[A-Z0-9][A-Za-z0-9_]+", row.option)
    assert re.fullmatch(r"y|n|on|max|\d+|0x[0-9a-f]+|has:\w+", row.wanted)
    assert re.fullmatch(r"[a-z0-9_-]+", row.name)
    assert row.wanted.isdecimal() or not row.least
    assert not row.wanted.startswith("has:") or row.key, "a list is asked for several words"
    assert row.architectures <= set(ARCHITECTURES)
    assert not row.until or row.since < row.until


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_why_is_half_a_sentence(row: Row) -> None:
    assert 40 <= len(row.why) <= 130
    assert row.why == row.why.strip()
    assert not row.why.endswith((".", ",", ":"))
    assert "  " not in row.why
    assert row.option not in row.why, "the words before it name the option"


def test_no_two_options_have_the_same_why() -> None:
    told: dict[str, str] = {}
    for row in rows():
        assert told.setdefault(row.why, row.option) == row.option, row.why


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "s390"])
def test_an_architecture_is_asked_each_question_once(architecture: str) -> None:
    names = [row.name for row in of(architecture)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("architecture", "least"),
    [("x86-64", 122), ("x86-32", 105), ("arm64", 101), ("arm", 84), ("riscv", 81), ("mips", 50), ("powerpc", 60)],
)
def test_rows_of_protection_and_policy_are_as_many_as_a_public_checker_has(architecture: str, least: int) -> None:
    """On MIPS and PowerPC, of which it knows nothing, those that these architectures have in common with others."""
    assert sum(not row.architectures or architecture in row.architectures for row in PROTECTION) >= least


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_weighs_is_the_smaller_part(architecture: str) -> None:
    asked = of(architecture)
    weighty = [row for row in asked if row.severity is Severity.MEDIUM]
    assert {row.severity for row in asked} == {Severity.MEDIUM, Severity.LOW, Severity.INFO}
    assert len(asked) / 10 < len(weighty) < len(asked) * 0.4


def test_what_one_author_alone_advises_weighs_little() -> None:
    assert all(row.severity is not Severity.MEDIUM for row in PROTECTION if row.source is Source.CHECKER)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_of_one_option_do_not_want_two_things_of_one_kernel(architecture: str) -> None:
    plain = [row for row in of(architecture) if not row.wanted.startswith("has:")]
    for one, other in combinations(plain, 2):
        if one.option == other.option and one.wanted != other.wanted:
            assert one.needs, f"{one.option} is wanted {one.wanted} and {other.wanted}"
            assert other.needs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("version", ["3.18.0", "4.19.0", "5.10.0", "6.1.0", LATEST])
def test_a_kernel_with_all_that_is_wanted_meets_all_rows(architecture: str, version: str) -> None:
    """Of an option wanted in two ways the first is the stricter."""
    ideal = {row.option: row.wanted for row in reversed(of(architecture)) if not row.wanted.startswith("has:")}
    words = [row.wanted.removeprefix("has:") for row in of(architecture) if row.wanted.startswith("has:")]
    settings = {name: {"on": "m", "max": "16"}.get(wanted, wanted) for name, wanted in ideal.items()}
    most = {f"{name}_MAX": "16" for name, wanted in ideal.items() if wanted == "max"}
    options = configuration(architecture, version, settings | most | {"LSM": ",".join(words)})
    assert [row.name for row in of(architecture) if answer(row, options) == MISSED] == []
    assert sum(answer(row, options) == MET for row in of(architecture)) > 10


CLANG = {"CC_IS_CLANG": "y"}
INTEL, AMD = {"CPU_SUP_INTEL": "y"}, {"CPU_SUP_AMD": "y"}


@pytest.mark.parametrize(
    ("architecture", "version", "settings", "name", "expected"),
    [
        # names that an option had before
        ("x86-64", "4.9.0", {"DEBUG_RODATA": "y"}, "strict_kernel_rwx", MET),
        ("x86-64", "4.9.0", {}, "strict_kernel_rwx", MISSED),
        ("arm64", "4.9.0", {"DEBUG_SET_MODULE_RONX": "y"}, "strict_module_rwx", MET),
        ("mips", "4.14.0", {"CC_STACKPROTECTOR_REGULAR": "y"}, "stackprotector", MET),
        ("mips", "4.14.0", {"CC_STACKPROTECTOR_REGULAR": "y"}, "stackprotector_strong", MISSED),
        ("arm", "4.14.0", {"CC_STACKPROTECTOR_STRONG": "y"}, "stackprotector_strong", MET),
        ("x86-64", "6.1.0", {"RETPOLINE": "y"}, "mitigation_retpoline", MET),
        ("x86-64", "6.1.0", {"PAGE_TABLE_ISOLATION": "y"}, "mitigation_page_table_isolation", MET),
        ("x86-64", "6.1.0", {"SLS": "y"}, "mitigation_sls", MET),
        ("x86-64", "6.1.0", {"SPECULATION_MITIGATIONS": "y"}, "cpu_mitigations", MET),
        ("x86-64", "6.1.0", {**AMD, "CPU_SRSO": "y"}, "mitigation_srso", MET),
        ("x86-64", "4.19.0", {"X86_INTEL_UMIP": "y"}, "x86_umip", MET),
        ("arm64", "6.1.0", {"GCC_PLUGIN_STACKLEAK": "y"}, "kstack_erase", MET),
        ("arm64", "6.1.0", {"GCC_PLUGIN_RANDSTRUCT": "y"}, "randstruct_full", MET),
        ("arm", "6.1.0", {"DEBUG_WX": "y"}, "arm_debug_wx", MET),
        # what was always there, not yet there, or there no longer
        ("arm64", "5.4.207", {}, "refcount_full", MISSED),
        ("arm64", "5.4.208", {}, "refcount_full", NOT_ASKED),
        ("x86-64", "6.6.7", {}, "debug_credentials", MISSED),
        ("x86-64", "6.6.8", {}, "debug_credentials", NOT_ASKED),
        ("arm", "5.10.0", {}, "vmap_stack", NOT_ASKED),
        ("arm", "6.1.0", {}, "vmap_stack", MISSED),
        ("riscv", "6.1.0", {}, "randomize_base", NOT_ASKED),
        ("riscv", "6.6.0", {}, "randomize_base", MISSED),
        ("x86-64", "5.18.0", {}, "x86_smap", MISSED),
        ("x86-64", "5.19.0", {}, "x86_smap", NOT_ASKED),
        ("x86-64", "6.5.0", {**INTEL, "MICROCODE": "y"}, "microcode_intel", MISSED),
        ("x86-64", "6.5.0", INTEL, "microcode_intel", NOT_ASKED),
        ("x86-64", "6.6.0", {**INTEL, "MICROCODE": "y"}, "microcode_intel", NOT_ASKED),
        ("x86-32", "6.14.0", {}, "highmem64g", MISSED),
        ("x86-32", "6.15.0", {}, "highmem64g", NOT_ASKED),
        ("x86-32", "6.14.0", {"HIGHMEM64G": "y", "HIGHMEM4G": "n"}, "highmem4g", NOT_ASKED),
        ("x86-32", "6.15.0", {"HIGHMEM4G": "n"}, "highmem4g", MISSED),
        ("arm64", "5.9.0", {}, "harden_branch_predictor", MISSED),
        ("arm64", "5.10.0", {}, "harden_branch_predictor", NOT_ASKED),
        # faults of CPUs whose fixes went back to stable lines
        ("x86-64", "6.1.60", INTEL, "mitigation_rfds", NOT_ASKED),
        ("x86-64", "6.1.90", {**INTEL, "MITIGATION_RFDS": "n"}, "mitigation_rfds", MISSED),
        ("x86-64", "6.9.0", INTEL, "mitigation_rfds", MISSED),
        ("x86-64", "6.9.0", AMD, "mitigation_rfds", NOT_ASKED),
        ("x86-64", "6.12.90", {**AMD, "MITIGATION_TSA": "y"}, "mitigation_tsa", MET),
        ("x86-64", LATEST, {}, "mitigation_vmscape", NOT_ASKED),
        ("x86-64", LATEST, {"KVM": "m"}, "mitigation_vmscape", MISSED),
        ("arm64", "5.10.0", {}, "mitigate_spectre_branch_history", NOT_ASKED),
        ("arm64", "5.10.149", {"MITIGATE_SPECTRE_BRANCH_HISTORY": "n"}, "mitigate_spectre_branch_history", MISSED),
        ("arm", "6.1.0", {}, "harden_branch_history", NOT_ASKED),
        ("arm", "6.1.0", {"CPU_SPECTRE": "y"}, "harden_branch_history", MISSED),
        ("riscv", "6.17.0", {"RISCV_ISA_XTHEADVECTOR": "y"}, "errata_thead_ghostwrite", MISSED),
        ("riscv", "6.17.0", {}, "errata_thead_ghostwrite", MET),
        # what is as good
        ("arm", "6.1.0", {"MODULES": "y"}, "module_sig", MISSED),
        ("arm", "6.1.0", {}, "module_sig", MET),
        ("arm", "6.1.0", {"MODULES": "y", "MODULE_SIG_SHA3_512": "y"}, "module_sig_sha512", MET),
        ("arm", "6.1.0", {"VMAP_STACK": "y"}, "sched_stack_end_check", MET),
        ("mips", "6.1.0", {}, "sched_stack_end_check", MISSED),
        ("mips", "5.10.0", {"PAGE_POISONING_ZERO": "y"}, "init_on_free_default_on", MET),
        ("arm64", "6.1.0", {"DEBUG_LIST": "y"}, "list_hardened", MET),
        ("x86-64", "6.1.0", {"EFI": "y"}, "efi_disable_pci_dma", MISSED),
        ("x86-64", "6.1.0", {}, "efi_disable_pci_dma", MET),
        ("arm64", "6.1.0", {**CLANG, "CFI_CLANG": "y"}, "debug_notifiers", MET),
        ("arm64", "6.1.0", {**CLANG, "CFI_CLANG": "y", "CFI_PERMISSIVE": "y"}, "debug_notifiers", MISSED),
        ("arm64", "5.4.0", {"GCC_PLUGIN_STRUCTLEAK_BYREF_ALL": "y"}, "init_stack_all_zero", MISSED),
        # what does nothing without another option
        ("arm64", "6.18.0", {**CLANG, "CFI": "y"}, "cfi_clang", MET),
        ("arm64", "6.18.0", CLANG, "cfi_clang", MISSED),
        ("arm64", "6.18.0", {"CC_IS_GCC": "y"}, "cfi_clang", NOT_ASKED),
        ("arm64", "6.18.0", {**CLANG, "CFI": "y", "CFI_PERMISSIVE": "y"}, "cfi_permissive", MISSED),
        ("arm64", "6.1.0", {"UBSAN_BOUNDS": "y"}, "ubsan_trap", MISSED),
        ("arm64", "6.1.0", {"UBSAN_BOUNDS": "y", "UBSAN_SHIFT": "y"}, "ubsan_trap", NOT_ASKED),
        ("arm64", "6.1.0", {"KFENCE": "y", "KFENCE_SAMPLE_INTERVAL": "0"}, "kfence_sample_interval", MISSED),
        ("arm64", "6.1.0", {}, "kfence_sample_interval", NOT_ASKED),
        ("arm", "4.9.0", {"TCG_TPM": "m", "HW_RANDOM_TPM": "m"}, "hw_random_tpm", MET),
        ("arm", "4.9.0", {}, "hw_random_tpm", NOT_ASKED),
        ("arm", "6.1.0", {"ARM_LPAE": "y"}, "cpu_sw_domain_pan", NOT_ASKED),
        ("arm64", "6.17.0", {"HARDENED_USERCOPY": "y"}, "hardened_usercopy_default_on", MISSED),
        ("arm64", "5.10.0", {"HARDENED_USERCOPY": "y", "HARDENED_USERCOPY_FALLBACK": "y"},
         "hardened_usercopy_fallback", MISSED),
        # numbers and lists
        ("arm64", "6.1.0", {"DEFAULT_MMAP_MIN_ADDR": "32768"}, "default_mmap_min_addr", MISSED),
        ("arm64", "6.1.0", {"DEFAULT_MMAP_MIN_ADDR": "131072"}, "default_mmap_min_addr", MET),
        ("arm64", "6.1.0", {"COMPAT": "y"}, "default_mmap_min_addr", NOT_ASKED),
        ("arm64", "6.1.0", {"COMPAT": "y", "DEFAULT_MMAP_MIN_ADDR": "32768"}, "default_mmap_min_addr-compat", MET),
        ("arm64", "6.1.0", {"COMPAT": "y", "DEFAULT_MMAP_MIN_ADDR": "65536"}, "default_mmap_min_addr-compat", MET),
        ("arm64", "6.1.0", {"COMPAT": "y", "DEFAULT_MMAP_MIN_ADDR": "4096"}, "default_mmap_min_addr-compat", MISSED),
        ("arm", "6.1.0", {"SECURITY_SELINUX": "y", "LSM_MMAP_MIN_ADDR": "4096"}, "lsm_mmap_min_addr", MISSED),
        ("arm", "6.1.0", {"LSM_MMAP_MIN_ADDR": "4096"}, "lsm_mmap_min_addr", NOT_ASKED),
        ("riscv", "6.1.0", {"LSM": "landlock,yama,apparmor"}, "lsm-mandatory", MET),
        ("riscv", "6.1.0", {"LSM": "landlock,yama,bpf"}, "lsm-mandatory", MISSED),
        ("riscv", "6.1.0", {"LSM": "landlock,yama,bpf"}, "lsm-yama", MET),
        ("riscv", "6.1.0", {"LSM": "landlock,yama,bpf"}, "lsm-lockdown", MISSED),
        ("riscv", "6.1.0", {"SECURITY_SMACK": "y"}, "security_mandatory", MET),
    ],
)  # fmt: skip
def test_a_row_is_asked_where_it_counts(
    architecture: str, version: str, settings: dict[str, str], name: str, expected: str
) -> None:
    [row] = [row for row in of(architecture) if row.name == name]
    assert answer(row, configuration(architecture, version, settings)) == expected


def test_a_fix_is_known_by_its_name_or_the_version_and_else_not_told() -> None:
    """So it is where the sources' version is not known."""
    [row] = [row for row in of("x86-64") if row.name == "mitigation_its"]
    silent = configuration("x86-64", "", INTEL)
    named = configuration("x86-64", "", {**INTEL, "MITIGATION_ITS": "n"})
    assert row.judge(kernel_of(named)) is False
    assert isinstance(row.judge(kernel_of(silent)), Unknown)


def test_every_theme_has_rows_for_all_architectures() -> None:
    for theme in (MEMORY, COMPILER, POLICY):
        for architecture in ARCHITECTURES:
            assert sum(not row.architectures or architecture in row.architectures for row in theme) >= 10
