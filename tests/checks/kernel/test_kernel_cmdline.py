"""The command line beside the configuration: what either has is had, what neither has is told once."""

import pytest

from firmward.checks.kernel.command_line import lacking
from firmward.checks.kernel.kernel_cmdline import kernel_cmdline
from firmward.checks.kernel.kernel_config import kernel_config
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.formats.boot_arguments import arguments
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location

FILLER = {f"FILLER_{number}": "y" for number in range(3)}


def lines(*texts: str, is_whole: bool = True, unread: tuple[str, ...] = ()) -> KernelCommandLine:
    found = (CommandLine(arguments(text), Location("boot/grub/grub.cfg", n), is_whole) for n, text in enumerate(texts))
    return KernelCommandLine(tuple(found), unread)


def config(version: str = "6.12.9", architecture: str = "x86_64", *, whole: bool = True, **said: str) -> KernelConfigs:
    return KernelConfigs((KernelOptions(Location("boot/config"), FILLER | said, whole, version, "", architecture),))


def of_config(configs: KernelConfigs, command_lines: KernelCommandLine | None | Unknown) -> dict[str, Finding]:
    told: dict[str, Finding] = {}
    try:
        for one in kernel_config.find(configs, command_lines, None):
            told[one.key] = one
    except Unavailable:
        pass
    return told


def of_line(command_lines: KernelCommandLine, configs: KernelConfigs | None | Unknown) -> dict[str, Finding]:
    return {one.key: one for one in kernel_cmdline.find(command_lines, None, configs, None)}


CURES = [
    ("init_on_alloc_default_on", "init_on_alloc=1", {}),
    ("init_on_free_default_on", "init_on_free=1", {}),
    ("slab_merge_default", "slub_nomerge", {"SLAB_MERGE_DEFAULT": "y"}),
    ("randomize_kstack_offset_default", "randomize_kstack_offset=on", {"RANDOMIZE_KSTACK_OFFSET": "y"}),
    ("iommu_default_dma_strict", "iommu.strict=1", {"IOMMU_SUPPORT": "y"}),
    ("iommu_default_dma_strict", "intel_iommu=on,strict", {"IOMMU_SUPPORT": "y"}),
    ("iommu_default_passthrough", "iommu.passthrough=0", {"IOMMU_DEFAULT_PASSTHROUGH": "y"}),
    ("intel_iommu_default_on", "intel_iommu=on", {"IOMMU_SUPPORT": "y", "INTEL_IOMMU": "y"}),
    ("efi_disable_pci_dma", "efi=runtime,disable_early_pci_dma", {"EFI": "y"}),
    ("lock_down_kernel_force_confidentiality", "lockdown=integrity", {"SECURITY_LOCKDOWN_LSM": "y"}),
    ("module_sig_force", "module.sig_enforce", {"MODULES": "y", "MODULE_SIG": "y"}),
    ("proc_mem_no_force", "proc_mem.force_override=never", {}),
    ("blk_dev_write_mounted", "bdev_allow_write_mounted=0", {"BLK_DEV_WRITE_MOUNTED": "y"}),
    ("ia32_emulation", "ia32_emulation=0", {"IA32_EMULATION": "y"}),
    ("x86_vsyscall_emulation", "vsyscall=none", {"X86_VSYSCALL_EMULATION": "y"}),
    ("debug_fs", "debugfs=off", {"DEBUG_FS": "y"}),
    ("x86_intel_tsx_mode_off", "tsx=off", {"CPU_SUP_INTEL": "y"}),
    ("kfence_sample_interval", "kfence.sample_interval=100", {"KFENCE": "y", "KFENCE_SAMPLE_INTERVAL": "0"}),
    ("cfi_auto_default", "cfi=kcfi", {"CFI_AUTO_DEFAULT": "y", "CFI_CLANG": "y", "CC_IS_CLANG": "y"}),
    ("hibernation", "nohibernate", {"HIBERNATION": "y"}),
    ("page_table_check_enforced", "page_table_check=on", {"PAGE_TABLE_CHECK": "y"}),
    ("lsm-yama", "lsm=lockdown,yama", {}),
]


@pytest.mark.parametrize(("key", "word", "said"), CURES)
def test_a_word_on_every_line_is_as_good_as_the_option(key: str, word: str, said: dict[str, str]) -> None:
    configs = config(**said)
    assert key in of_config(configs, None)
    assert key in of_config(configs, lines("ro quiet"))
    assert key in of_config(configs, lines(f"ro {word}", "ro quiet"))
    assert key not in of_config(configs, lines(f"ro {word}", f"ro quiet {word}"))


@pytest.mark.parametrize(("key", "word", "said"), CURES)
def test_the_cure_names_the_word(key: str, word: str, said: dict[str, str]) -> None:
    remedy = of_config(config(**said), None)[key].remedy
    assert remedy is not None
    assert ", or start the kernel with " in remedy.summary


@pytest.mark.parametrize(
    ("key", "word", "version", "said"),
    [
        ("module_sig_force", "module.sig_enforce=1", "6.12.9", {"MODULES": "y"}),
        ("lock_down_kernel_force_confidentiality", "lockdown=confidentiality", "6.12.9", {}),
        ("ia32_emulation", "ia32_emulation=0", "6.6.1", {"IA32_EMULATION": "y"}),
        ("debug_fs", "debugfs=off", "5.9.1", {"DEBUG_FS": "y"}),
        ("randomize_kstack_offset_default", "randomize_kstack_offset=on", "6.1.1", {}),
    ],
)
def test_a_word_that_this_kernel_makes_nothing_of_is_no_cure(
    key: str, word: str, version: str, said: dict[str, str]
) -> None:
    assert key in of_config(config(version, **said), lines(word))


def test_built_in_words_count_whatever_the_boot_loader_gives() -> None:
    own = {"CMDLINE": "init_on_alloc=1"}
    assert "init_on_alloc_default_on" not in of_config(config(**own), None)
    assert "init_on_alloc_default_on" in of_config(config(CMDLINE_FROM_BOOTLOADER="y", **own), None)
    assert "init_on_alloc_default_on" not in of_config(config(**own), lines("quiet"))
    assert "init_on_alloc_default_on" in of_config(config(**own), lines("quiet init_on_alloc=0"))


def test_a_word_in_a_defconfig_s_place_is_known() -> None:
    configs = config(whole=False)
    assert "init_on_alloc_default_on" not in of_config(configs, lines("init_on_alloc=0"))
    with pytest.raises(Unavailable, match=r"^(\d+) options are not known") as without:
        list(kernel_config.find(configs, None, None))
    with pytest.raises(Unavailable) as with_it:
        list(kernel_config.find(configs, lines("init_on_alloc=1"), None))
    counted = [int(str(one.value).split()[0]) for one in (without, with_it)]
    assert counted[0] - counted[1] == 1


@pytest.mark.parametrize(
    "word", ["init_on_alloc=1", "slab_nomerge", "vsyscall=none", "lockdown=integrity", "iommu.strict=1"]
)
@pytest.mark.parametrize("configs", [None, Unknown("no configuration"), config(), config(whole=False)])
def test_a_word_that_an_option_may_stand_for_is_not_missed_on_the_line(
    word: str, configs: KernelConfigs | None | Unknown
) -> None:
    """kernel-config tells it, or cannot."""
    without, with_it = (
        of_line(lines("ro lockdown=integrity"), configs),
        of_line(lines(f"ro {word} lockdown=integrity"), configs),
    )
    assert without == with_it
    assert not set(without) - {row.key for row in lacking.ROWS}


def test_lockdown_is_missed_where_nothing_says_how_the_kernel_was_built() -> None:
    assert set(of_line(lines("ro"), None)) == {"lockdown"}
    assert set(of_line(lines("ro"), Unknown("why"))) == {"lockdown"}
    assert "lockdown" not in of_line(lines("ro"), config())
    assert "lockdown" not in of_line(lines("ro"), config(LOCK_DOWN_KERNEL_FORCE_INTEGRITY="y"))
    assert "lock_down_kernel_force_confidentiality" in of_config(config(), lines("ro"))
    assert "lock_down_kernel_force_confidentiality" not in of_config(config(LOCK_DOWN_KERNEL_FORCE_INTEGRITY="y"), None)


@pytest.mark.parametrize(
    ("text", "said", "key"),
    [
        ("tsx=auto", {"X86_INTEL_TSX_MODE_OFF": "y"}, "x86_intel_tsx_mode_off"),
        ("lsm=landlock,apparmor", {"LSM": "landlock,yama,apparmor"}, "lsm-yama"),
        ("proc_mem.force_override=ptrace", {"PROC_MEM_NO_FORCE": "y"}, "proc_mem_no_force"),
        ("kfence.sample_interval=500", {"KFENCE": "y", "KFENCE_SAMPLE_INTERVAL": "100"}, "kfence_sample_interval"),
        ("ia32_emulation=1", {"IA32_EMULATION": "y", "IA32_EMULATION_DEFAULT_DISABLED": "y"}, "ia32_emulation"),
        ("vsyscall=xonly", {"X86_VSYSCALL_EMULATION": "y", "LEGACY_VSYSCALL_NONE": "y"}, "x86_vsyscall_emulation"),
        ("debugfs=on", {"DEBUG_FS": "y", "DEBUG_FS_ALLOW_NONE": "y"}, "debug_fs"),
    ],
)
def test_what_a_word_takes_back_is_told_on_its_line(text: str, said: dict[str, str], key: str) -> None:
    found = of_line(lines("quiet", f"quiet {text}"), config(**said))
    assert found[key].evidence == text
    assert found[key].at == Location("boot/grub/grub.cfg", 1)
    assert "against what it was built for" in found[key].message
    assert key not in of_config(config(**said), lines(text)), "it is told once"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ia32_emulation=1", {}),
        ("vsyscall=xonly", {}),
        ("debugfs=on", {}),
        ("tsx=off", {"X86_INTEL_TSX_MODE_OFF": "y"}),
        ("tsx=auto", {}),
    ],
)
def test_a_word_for_what_is_not_built_or_off_anyway_takes_nothing_back(text: str, said: dict[str, str]) -> None:
    assert not [one for one in of_line(lines(text), config(**said)).values() if "built for" in one.message]


def test_a_word_that_has_a_row_is_told_by_that_alone() -> None:
    found = of_line(lines("init_on_alloc=0"), config(INIT_ON_ALLOC_DEFAULT_ON="y"))
    assert "memory-protection-off" in found
    assert "init_on_alloc_default_on" not in found


X86_FULL = {
    "SHUFFLE_PAGE_ALLOCATOR": "y",
    "HOTPLUG_SMT": "y",
    "MITIGATION_PAGE_TABLE_ISOLATION": "y",
    "INTEL_IOMMU": "y",
}


def test_words_that_no_option_stands_for_are_missed_where_they_would_do_something() -> None:
    found = of_line(lines("quiet"), config(**X86_FULL))
    assert {key: one.severity for key, one in found.items()} == {
        "shuffle": Severity.LOW,
        "smt": Severity.INFO,
        "pti": Severity.INFO,
        "iommu-force": Severity.INFO,
    }
    assert all(one.at == Location("boot/grub/grub.cfg", 0) and one.remedy is not None for one in found.values())
    full = "page_alloc.shuffle=1 mitigations=auto,nosmt pti=on iommu=force"
    assert not of_line(lines(full), config(**X86_FULL))
    assert set(of_line(lines(full, "quiet"), config(**X86_FULL))) == set(found)
    assert not of_line(lines("quiet"), config())
    assert set(of_line(lines("quiet"), config(architecture="arm64", **X86_FULL))) == {"shuffle"}
    assert not of_line(lines("quiet"), config(whole=False, architecture=""))


@pytest.mark.parametrize("text", ["nosmt mitigations=auto", "nosmt=force", "mitigations=auto,nosmt;no_guest_guest"])
def test_threads_are_off_by_either_word(text: str) -> None:
    assert "smt" not in of_line(lines(text), config(**X86_FULL))


def test_what_is_told_as_undone_is_not_told_as_lacking() -> None:
    found = of_line(lines("mitigations=off pti=off page_alloc.shuffle=0 iommu=off"), config(**X86_FULL))
    assert set(found) == {"mitigations-off", "memory-protection-off", "iommu-off"}


@pytest.mark.parametrize(
    ("version", "text", "is_told"),
    [
        ("6.1.9", "slub_debug=FZ", True),
        ("6.1.9", "slub_debug=FZ hash_pointers=always", True),
        ("6.17.1", "slab_debug=FZ hash_pointers=always", False),
        ("6.17.1", "slab_debug=FZ", True),
        ("6.17.1", "slab_debug=-", False),
        ("5.10.200", "slub_debug=P", False),
        ("6.17.1", "quiet", False),
    ],
)
def test_checks_of_the_heap_show_addresses(version: str, text: str, is_told: bool) -> None:
    assert ("hash-pointers" in of_line(lines(text), config(version))) is is_told


def test_pieces_of_a_line_are_no_whole_one() -> None:
    assert not of_line(lines("quiet", is_whole=False), config(**X86_FULL))
    with pytest.raises(Unavailable, match="broken"):
        list(kernel_cmdline.find(lines("quiet", unread=("broken",)), None, config(**X86_FULL), None))
