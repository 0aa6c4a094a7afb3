"""The fragment for the kernel: the audit of what is built with it has no finding that was promised to go."""

import subprocess
from itertools import pairwise
from pathlib import Path
from shutil import which

import pytest
from hardened import Round, findings, of_files
from merged import asked, kept, lost, merged, option, run
from real.packages import kernel, unpacked
from real.roots import NoPackagesError

from firmward.audit.profiles import PROFILES
from firmward.checks.kernel.options import rows
from firmward.harden.beside import rendered
from firmward.harden.beside.kernel import ALONE, NEEDS
from firmward.model.finding import Severity
from firmward.model.memory import Content

OF_KERNEL = (
    "kernel-config", "kernel-lsm-missing", "kernel-netfilter-missing", "kernel-cgroups-missing",
    "kernel-modules-unsigned", "kernel-module-unneeded", "kernel-optee-missing", "kernel-live-patching-absent",
)  # fmt: skip
POLICY = '[kernel]\nmodules = ["uvcvideo"]\n'
CONFIG = "boot/config-6.1"
PLUGINS = ("CONFIG_GCC_PLUGIN", "CONFIG_RANDSTRUCT_FULL")
"""What Kconfig keeps only where the compiler's plugins can be built."""
WITHOUT_PLUGINS = {"gcc_plugin_latent_entropy", "kstack_erase", "randstruct_full"}


GRAVE = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
LOADED_LATER = ("kernel-lsm-missing", "lsm")
"""The module starts, and has no policy before one is written for the services."""


def hardened(text: str, *, unsafe: bool = True, policy: str = POLICY) -> Round:
    files: dict[str, Content] = {CONFIG: text, "boot/cmdline.txt": "root=/dev/sda2 ro\n"}
    return of_files(files, policy, unsafe=unsafe, only=OF_KERNEL)


def fragment(found: Round) -> str:
    return dict(rendered(found.site.beside, found.site.policy))["kernel.config"]


def promised(found: Round) -> set[tuple[str, str]]:
    return {(cure.check, cure.key) for cure in found.applied.done}


def small(*lines: str) -> str:
    title = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.1.55 Kernel Configuration\n"
    return title + "".join(f"{line}\n" for line in (*lines, *(f"CONFIG_DRIVER_{number}=y" for number in range(200))))


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_kernel_that_is_built_anew_has_no_finding_that_was_promised(unsafe: bool) -> None:
    before = small("CONFIG_MODULES=y", "CONFIG_DEVMEM=y", "CONFIG_TIPC=y", "CONFIG_TEE=y", 'CONFIG_LSM="yama"')
    found = hardened(before, unsafe=unsafe)
    assert len(promised(found)) > (60 if unsafe else 20)
    after = hardened(merged(before, fragment(found)), unsafe=unsafe)
    left = promised(found) & {(check, one.key) for check, one in findings(after.before)}
    assert left == ({LOADED_LATER} if unsafe else set())


def test_what_an_option_depends_on_goes_with_it() -> None:
    lines = fragment(hardened(small("CONFIG_MODULES=y", "# CONFIG_UBSAN is not set"))).splitlines()
    assert {"CONFIG_UBSAN_BOUNDS=y", "CONFIG_UBSAN=y"} <= set(lines)
    assert {"CONFIG_SECURITY_YAMA=y", "CONFIG_SECURITY=y"} <= set(lines)


def test_what_selects_an_option_goes_off_with_it() -> None:
    options = ("CONFIG_MODULES=y", "CONFIG_IP_SCTP=y", "CONFIG_DLM=m")
    found = hardened(small(*options))
    assert {"# CONFIG_IP_SCTP is not set", "# CONFIG_DLM is not set"} <= set(fragment(found).splitlines())
    assert "CONFIG_DLM" not in fragment(hardened(small(*options[:2])))
    (reason,) = (one.breaks for one in (cure.remedy for cure in found.applied.done) if "CONFIG_DLM" in one.breaks)
    assert "stops working" in reason


def test_what_the_product_has_to_do_without_first_is_left_to_a_person() -> None:
    found = hardened(small("CONFIG_MODULES=y", "CONFIG_DRM=y", "CONFIG_KCMP=y", "CONFIG_CC_IS_GCC=y"))
    lines = fragment(found)
    assert not any(name in lines for name in ("CONFIG_MODULES ", "CONFIG_KCMP", "CONFIG_ARM64_BTI_KERNEL"))
    assert found.reasons()["kernel-config[modules]"] == "only a person can do it"


def test_lists_are_in_quotes_and_start_one_policy() -> None:
    lines = fragment(hardened(small("CONFIG_MODULES=y", 'CONFIG_LSM="landlock"'))).splitlines()
    (told,) = (line for line in lines if line.startswith("CONFIG_LSM="))
    names = told.removeprefix('CONFIG_LSM="').removesuffix('"').split(",")
    assert {"landlock", "yama", "lockdown"} <= set(names)
    assert len({"selinux", "apparmor", "smack"} & set(names)) == 1


def test_a_built_module_that_is_named_stays() -> None:
    options = small("CONFIG_MODULES=y", "CONFIG_BT=y", "CONFIG_TIPC=y")
    lines = fragment(hardened(options, policy='[kernel]\nmodules = ["bluetooth"]\n', unsafe=False))
    assert "# CONFIG_TIPC is not set" in lines
    assert "CONFIG_BT " not in lines


KERNELS = {
    "arm64": ("arm64", "arm64", "aarch64-linux-gnu-"),
    "amd64": ("amd64", "x86_64", ""),
    "armmp": ("armhf", "arm", "arm-linux-gnueabihf-"),
}
KCONFIG_ALONE = (
    "Makefile", "*/Kconfig*", "*/scripts/*", "*/arch/*/Makefile", "*/include/uapi/linux/*", "*/arch/*/configs/*",
    "*/Kbuild.platforms", "*/Platform",
)  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of Linux 6.1 Kconfig reads."""
    if any(which(program) is None for program in ("gcc", "make", "bison", "flex", "xz")):
        pytest.skip("no compiler, bison, flex or xz")
    try:
        archive = unpacked("linux-source-6.1", "amd64") / "usr/src/linux-source-6.1.tar.xz"
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    folder = tmp_path_factory.mktemp("linux")
    patterns = [one if one.startswith("*") else f"linux-source-6.1/{one}" for one in KCONFIG_ALONE]
    command = ["tar", "--extract", "--file", str(archive), "--directory", str(folder), "--wildcards", *patterns]
    subprocess.run(command, check=True)
    return folder / "linux-source-6.1"


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("flavour", KERNELS)
def test_linuxs_own_kconfig_keeps_all_that_is_asked(flavour: str, unsafe: bool, sources: Path, tmp_path: Path) -> None:
    debians, architecture, prefix = KERNELS[flavour]
    if which(f"{prefix}gcc") is None:
        pytest.skip(f"{prefix}gcc is missing")
    (config,) = kernel(flavour, debians).glob("boot/config-*")
    before = config.read_text()
    (tmp_path / ".config").write_text(before)
    found = hardened(before, unsafe=unsafe)
    command = ["make", "-s", f"O={tmp_path}", f"ARCH={architecture}", f"CROSS_COMPILE={prefix}"]
    after = kept(sources, command, tmp_path, fragment(found))
    gone = {line for line in lost(fragment(found), after) if not line.startswith(PLUGINS)}
    assert gone <= {"CONFIG_ARCH_MMAP_RND_COMPAT_BITS=16"}, "which has no meaning without 32-bit programs"
    known = {(check, one.key) for check, one in findings(found.before)}
    left = {(check, one.key): one for check, one in findings(hardened(after).before)}
    assert {key for _, key in promised(found) & left.keys()} <= {*WITHOUT_PLUGINS, "lsm"}
    assert not [key for key, one in left.items() if key not in known and one.severity in GRAVE]


# ---------------------------------------------------------------------- all rows, whatever is known

BARE: dict[str, Content] = {"etc/hostname": "camera\n"}
STATED = "# it is there with "


def of_policy(kernel: str, architecture: str = "arm64", *, release: str = "6.1.176", unsafe: bool = True) -> Round:
    """A root without a configuration of its kernel, whose release the folder of its modules names."""
    files = {**BARE, f"lib/modules/{release}/kernel/camera.ko": b"\x7fELF"} if release else BARE
    policy = f'[device]\nproduct = "camera"\narchitecture = "{architecture}"\n{kernel}'
    return of_files(files, policy, unsafe=unsafe, only=("kernel-config",))


def left_out(found: Round) -> dict[str, str]:
    """By option why it is not written."""
    told = fragment(found).partition("# What is not written\n")[2].splitlines()
    return {name.partition("=")[0]: reason for name, _, reason in (line[2:].partition(": ") for line in told)}


def conditional(text: str) -> set[str]:
    """The lines of which the fragment says what Kconfig keeps them with."""
    found, stated = set(), False
    for line in text.splitlines():
        if line.startswith(STATED):
            stated = True
        elif asked(line):
            found |= {line} if stated else set()
            stated = False
    return found


def test_without_a_configuration_every_row_of_the_processor_is_written_or_left_with_a_reason() -> None:
    found = of_policy("", release="")
    named = {option(line) for line in asked(fragment(found))}
    wanted = {row.option for row in rows() if not row.architectures or "arm64" in row.architectures}
    assert len(wanted) > 200
    assert wanted - {name.removeprefix("CONFIG_") for name in named} <= left_out(found).keys()
    assert all(left_out(found).values())
    others = {row.option for row in rows() if row.architectures and "arm64" not in row.architectures}
    assert not {f"CONFIG_{one}" for one in others - wanted - {"GCC_PLUGIN_STACKLEAK"}} & named


def test_every_line_says_what_is_lost_without_it() -> None:
    lines = fragment(of_policy("")).splitlines()
    silent = {option(line) for before, line in pairwise(lines) if asked(line) and asked(before)}
    brought = {name for names in (*NEEDS.values(), *ALONE.values()) for name in names}
    brought |= {f"CONFIG_{name}" for row in rows() for name in row.selected_by}
    assert silent <= brought | {"CONFIG_EXPERT"}


def test_what_goes_with_a_line_and_which_finding_asks_for_it_stands_there() -> None:
    lines = fragment(of_policy("")).splitlines()
    assert {"CONFIG_EXPERT=y", "# CONFIG_UBSAN_BOOL is not set", "# CONFIG_DLM is not set"} <= set(lines)
    found = fragment(hardened(small("CONFIG_MODULES=y", "CONFIG_BT=y"), policy='[kernel]\nmodules = ["uvcvideo"]\n'))
    (why,) = (before for before, line in pairwise(found.splitlines()) if line == "# CONFIG_BT is not set")
    assert why.startswith("# kernel-module-unneeded[")


def test_what_is_right_already_stands_there_too() -> None:
    before = small("CONFIG_MODULES=y", "CONFIG_STRICT_KERNEL_RWX=y", "CONFIG_PANIC_TIMEOUT=-1")
    found = hardened(before, unsafe=False)
    kept = fragment(found).partition("# What the kernel has already\n")[2]
    assert "CONFIG_STRICT_KERNEL_RWX=y" in kept.splitlines()
    assert "# CONFIG_TIPC is not set" in kept.splitlines(), "it needs no consent: nothing has it"
    told = {option(line): line for line in asked(fragment(found))}
    again = asked(fragment(hardened(merged(before, fragment(found)), unsafe=False)))
    assert len(again) >= len(told) - len(NEEDS)
    assert [line for line in again if told.get(option(line), line) != line] == []


def test_what_is_right_gives_way_to_a_change_that_makes_it_needless() -> None:
    options = ("CONFIG_MODULES=y", "CONFIG_DEVMEM=y", "CONFIG_STRICT_DEVMEM=y", "CONFIG_IO_STRICT_DEVMEM=y")
    lines = asked(fragment(hardened(small(*options))))
    assert "# CONFIG_DEVMEM is not set" in lines
    assert "STRICT_DEVMEM" not in " ".join(lines)
    assert set(options[2:]) <= set(asked(fragment(hardened(small(*options), unsafe=False))))


def test_without_consent_nothing_is_written_that_may_break() -> None:
    safe, unsafe = of_policy("", unsafe=False), of_policy("")
    assert "# CONFIG_IO_URING is not set" in asked(fragment(unsafe))
    assert "IO_URING" not in " ".join(asked(fragment(safe)))
    assert left_out(safe)["IO_URING"].startswith("--unsafe writes it: programs")
    # what consent alone makes needless is needed without it
    assert "CONFIG_STRICT_DEVMEM=y" in asked(fragment(safe))
    assert left_out(unsafe)["STRICT_DEVMEM"] == "CONFIG_DEVMEM off is as good"


PROFILED = (
    ("router", "RANDOM_KMALLOC_CACHES", "controller"), ("controller", "INIT_ON_ALLOC_DEFAULT_ON", "camera"),
    ("gateway", "USER_NS", "camera"), ("camera", "BPF_SYSCALL", "router"), ("controller", "FTRACE", "gateway"),
)  # fmt: skip


@pytest.mark.parametrize(("profile", "option", "other"), PROFILED)
def test_a_profile_leaves_out_what_its_products_need_and_says_why(profile: str, option: str, other: str) -> None:
    kernel = '[kernel]\nprofile = "{}"\n'
    mine, others = (of_policy(kernel.format(one), release="6.12.30") for one in (profile, other))
    assert f"the profile {profile} leaves it out: " in left_out(mine)[option]
    assert option not in left_out(others)
    lines = {name.format(f"CONFIG_{option}") for name in ("{}=y", "# {} is not set")}
    assert lines & set(asked(fragment(others)))
    assert not lines & set(asked(fragment(mine)))


NEEDED = (
    ("[kernel]\nlive_patching = true\n", "FTRACE", "live_patching"),
    ('[kernel]\nmodules = ["tipc"]\n', "TIPC", "declares tipc"),
    ('[[service]]\nname = "dockerd"\n', "USER_NS", "the service dockerd runs containers"),
    ('[filesystem]\nencrypted = ["/data"]\n', "CRYPTO_USER_API_SKCIPHER", "cryptsetup"),
)


@pytest.mark.parametrize(("policy", "option", "reason"), NEEDED)
def test_what_the_policy_needs_is_not_taken_away(policy: str, option: str, reason: str) -> None:
    assert f"# CONFIG_{option} is not set" in asked(fragment(of_policy("")))
    bare = of_policy(policy)
    assert f"# CONFIG_{option} is not set" not in asked(fragment(bare))
    assert reason in left_out(bare)[option]
    configured = hardened(small("CONFIG_MODULES=y", f"CONFIG_{option}=y"), policy=policy)
    assert f"# CONFIG_{option} is not set" not in asked(fragment(configured))
    assert configured.reasons()[f"kernel-config[{option.lower()}]"] == "only a person can do it"


def test_an_accepted_risk_is_left_out_until_its_day_and_can_say_nothing_to_kconfig() -> None:
    accepted = (
        '[[accepted]]\ncheck = "kernel-config"\nkey = "io_uring"\nowner = "us"\nexpires = {}\n'
        'reason = """the recorder\nCONFIG_DEVMEM=y\n"""\n'
    )
    text = fragment(of_policy(accepted.format("2099-01-01")))
    assert "us accepts it until 2099-01-01: the recorder CONFIG_DEVMEM=y" in text
    assert "CONFIG_DEVMEM=y" not in asked(text)
    assert "IO_URING" not in " ".join(asked(text))
    assert "# CONFIG_IO_URING is not set" in asked(fragment(of_policy(accepted.format("2020-01-01"))))


def test_only_other_checks_is_no_fragment() -> None:
    found = of_files(BARE, POLICY, unsafe=True, only=("sysctl",))
    assert "kernel.config" not in dict(rendered(found.site.beside, found.site.policy))
    one = of_files(BARE, POLICY, unsafe=True, only=("kernel-config[devmem]",))
    assert asked(fragment(one)) == ["# CONFIG_DEVMEM is not set"]


def test_a_list_of_modules_is_not_replaced_by_one_that_knows_nothing_of_it() -> None:
    found = of_policy("")
    assert not [line for line in asked(fragment(found)) if line.startswith("CONFIG_LSM=")]
    assert "the list that is there" in left_out(found)["LSM"]


DEFCONFIGS = {
    "arm64": ("arm64", "defconfig", "aarch64-linux-gnu-"),
    "x86-64": ("x86_64", "defconfig", ""),
    "arm": ("arm", "multi_v7_defconfig", "arm-linux-gnueabihf-"),
    "mips": ("mips", "malta_defconfig", "mips-linux-gnu-"),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("profile", ["", *PROFILES])
@pytest.mark.parametrize("architecture", DEFCONFIGS)
def test_linuxs_own_kconfig_keeps_every_row_or_the_fragment_says_with_what(
    architecture: str, profile: str, sources: Path, tmp_path: Path
) -> None:
    """Without a cross compiler this machine's own answers Kconfig: the rows of options are the same."""
    linuxs, defconfig, prefix = DEFCONFIGS[architecture]
    own = prefix if which(f"{prefix}gcc") else ""
    command = ["make", "-s", f"O={tmp_path}", f"ARCH={linuxs}", f"CROSS_COMPILE={own}"]
    run([*command, defconfig], sources)
    defaults = (tmp_path / ".config").read_text()
    for unsafe in (True,) if profile else (False, True):
        (tmp_path / ".config").write_text(defaults)
        kernel = f'[kernel]\nprofile = "{profile}"\n' if profile else ""
        text = fragment(of_policy(kernel, architecture, unsafe=unsafe))
        after = kept(sources, command, tmp_path, text)
        assert len(asked(text)) > 120
        assert not lost(text, after) - conditional(text)
        assert len(lost(text, after)) < 16
