"""The fragment for the kernel: the audit of what is built with it has no finding that was promised to go."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from hardened import Round, findings, of_files
from merged import kept, lost, merged
from real.packages import kernel, unpacked
from real.roots import NoPackagesError

from firmward.harden.beside import rendered
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
    "Makefile", "*/Kconfig*", "*/scripts/*", "*/arch/*/Makefile", "*/include/uapi/linux/*",
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
