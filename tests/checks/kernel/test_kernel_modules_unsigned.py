"""Whether modules must be signed: by the kernel's configuration, its command line, and what is set at boot."""

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.audit.engine import Verdict, judge
from firmward.audit.example import CLOCK
from firmward.checks.kernel.kernel_modules_unsigned import kernel_modules_unsigned as check
from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.kernel_modules import KernelModules
from firmward.facts.sysctl import Sysctl
from firmward.model.finding import Outcome, Severity
from firmward.model.folder import FolderTree
from firmward.model.memory import Content, MemoryTree, Node
from firmward.model.tree import Tree

TITLE = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
REST = "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
ELF = b"\x7fELF" + bytes(500)
CAMERA = "lib/modules/6.12.30/extra/camera.ko"
SIGNED = "MODULES=y MODULE_SIG=y"
LSM = "SECURITY_LOCKDOWN_LSM=y"


def config(words: str) -> str:
    lines = "".join(f"CONFIG_{word}\n" for word in words.split())
    return TITLE + lines + REST


def system(words: str, line: str | None = "", **more: Content) -> dict[str, Content]:
    files: dict[str, Content] = {"boot/config-6.12.30": config(words), **more}
    return files if line is None else files | {"boot/cmdline.txt": f"root=/dev/sda2 ro {line}\n"}


def judged(tree: Tree | dict[str, Content]) -> Verdict:
    tree = MemoryTree(tree) if isinstance(tree, dict) else tree
    families = (KernelConfigs, KernelModules, KernelCommandLine, Sysctl)
    return judge(check, Collection(tree).facts("example", families), None, CLOCK)


ENFORCED = [
    ("MODULES=n", ""),
    (f"{SIGNED} MODULE_SIG_FORCE=y", None),
    (f"{SIGNED} IMA_APPRAISE_REQUIRE_MODULE_SIGS=y", None),
    (f"{SIGNED} {LSM} LSM=\"lockdown,yama\" LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y", ""),
    (f"{SIGNED} {LSM} LSM=\"yama\" SECURITY_LOCKDOWN_LSM_EARLY=y LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y", None),
    (SIGNED, "module.sig_enforce"),
    (SIGNED, "module.sig_enforce=1"),
    (f"{SIGNED} CMDLINE=\"module.sig_enforce=1\"", "quiet"),
    (f"{SIGNED} {LSM} LSM=\"lockdown\"", "lockdown=confidentiality"),
    (f"{SIGNED} {LSM} LSM=\"yama\"", "lsm=lockdown,yama lockdown=integrity"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), ENFORCED)
def test_enforced_signatures_are_enough(words: str, line: str | None) -> None:
    found = judged(system(words, line))
    assert found.outcome is Outcome.PASS, (found.reason, found.findings)


OPEN = [
    ("MODULES=y", ""),
    ("MODULES=y", None),
    ("MODULES=y", "module.sig_enforce=1"),
    (SIGNED, ""),
    (SIGNED, "module.sig_enforce=0 lockdown=none"),
    (SIGNED, "lockdown=integrity"),
    (f"{SIGNED} {LSM} LSM=\"yama\"", "lockdown=integrity"),
    (f"{SIGNED} {LSM} LSM=\"yama\" LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y", ""),
    (f"{SIGNED} {LSM} LSM=\"lockdown\"", "lsm=yama lockdown=integrity"),
    (f"{SIGNED} CMDLINE=\"quiet\" CMDLINE_FORCE=y", None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), OPEN)
def test_signatures_alone_are_not_enough(words: str, line: str | None) -> None:
    found = judged(system(words, line))
    assert found.outcome is Outcome.FAIL, found.reason
    assert [(one.key, one.severity) for one in found.findings] == [("enforcement", None)]


def test_without_the_command_line_it_is_not_known_whether_signatures_are_enforced() -> None:
    assert judged(system(SIGNED, None)).outcome is Outcome.UNKNOWN
    assert judged(system(SIGNED, None) | {"boot/uEnv.txt": "optargs=quiet\n"}).outcome is Outcome.UNKNOWN
    unused = f'{SIGNED} {LSM} LSM="yama" LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y'
    assert judged(system(unused, None)).outcome is Outcome.UNKNOWN
    assert judged({"boot/config": "CONFIG_MODULES=y\n", "boot/cmdline.txt": "ro\n"}).outcome is Outcome.UNKNOWN


def test_of_several_command_lines_all_must_enforce() -> None:
    files = system(SIGNED, "module.sig_enforce=1")
    assert judged(files | {"boot/extlinux/extlinux.conf": "append ro\n"}).outcome is Outcome.FAIL
    assert judged(files | {"boot/extlinux/extlinux.conf": "append ro module.sig_enforce=1\n"}).outcome is Outcome.PASS


def test_of_several_kernels_the_open_one_is_told() -> None:
    files = system(f"{SIGNED} MODULE_SIG_FORCE=y", "") | {"boot/config-5.10.1": config("MODULES=y")}
    (found,) = judged(files).findings
    assert "5.10.1" in found.message
    assert "6.12.30" not in found.message


LESS = [
    ("MODULES=y", {"etc/sysctl.conf": "kernel.modules_disabled=1\n"}, Severity.LOW),
    ("MODULES=y", {"etc/sysctl.conf": "kernel.modules_disabled=0\n"}, None),
    ("MODULES=y SECURITY_LOADPIN_ENFORCE=y", {}, Severity.LOW),
    (f"{SIGNED} LOCK_DOWN_IN_EFI_SECURE_BOOT=y", {}, Severity.MEDIUM),
]


@pytest.mark.parametrize(("words", "files", "severity"), LESS)
def test_what_makes_it_less_grave(words: str, files: dict[str, Content], severity: Severity | None) -> None:
    (found,) = judged(system(words) | files).findings
    assert found.severity is severity


def test_unsigned_modules_show_that_the_kernel_takes_them() -> None:
    (found,) = judged({CAMERA: ELF, "boot/cmdline.txt": "ro\n"}).findings
    assert (found.key, found.evidence) == ("modules", CAMERA)


@pytest.mark.parametrize("line", ["module.sig_enforce=1", "lockdown=integrity"])
def test_unsigned_modules_beside_an_enforcing_command_line_are_loaded_by_nothing(line: str) -> None:
    assert judged({CAMERA: ELF, "boot/cmdline.txt": f"{line}\n"}).outcome is Outcome.UNKNOWN


def test_modules_with_imas_signature_may_be_asked_for_it() -> None:
    module = Node(ELF, xattrs=(("security.ima", b"\x03\x02\x04aaaa"),))
    assert judged({CAMERA: module, "boot/cmdline.txt": "ro\n"}).outcome is Outcome.UNKNOWN


def test_a_system_without_kernel_and_modules_tells_nothing() -> None:
    assert judged({"etc/passwd": "", "boot/cmdline.txt": "ro\n"}).outcome is Outcome.UNKNOWN


DEBIANS = [("amd64", "amd64", Severity.MEDIUM), ("4kc-malta", "mipsel", None)]


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "architecture", "severity"), DEBIANS)
def test_debians_signed_modules_are_enforced_by_nothing(
    flavour: str, architecture: str, severity: Severity | None
) -> None:
    try:
        folder = kernel(flavour, architecture).resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    assert judged(FolderTree(folder)).outcome is Outcome.UNKNOWN, "the package has no command line"
    (file,) = folder.glob("boot/config-*")
    (found,) = judged({f"boot/{file.name}": file.read_bytes(), "boot/cmdline.txt": "ro\n"}).findings
    assert found.severity is severity
