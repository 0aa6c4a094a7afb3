"""Cures of the boot, the kernel and its command line, from the finding to the root without it."""

import pytest
from bettered import Bettered, keys, of_tree
from hardened import findings, hardened, of_files, verdicts_of
from truth.row import Truth

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict
from firmward.audit.example import judge_example
from firmward.harden.apply import apply
from firmward.model.check import Check, Example
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import Safety, Stage
from truth import accuracy

AREAS = ("boot", "kernel", "storage", "update", "life", "supply")
OF_OTHERS = ("sysctl", "mount-options", "rootfs-writable", "world-writable", "image-sameness", "serial-login")
"""Whose cures are settings, services and modes of files; their tests are where those are."""
CHECKS = [check for check in catalogue() if check.area in AREAS and check.id not in OF_OTHERS]
IN_ROOTS = (
    "kernel-cmdline", "kernel-module-unneeded", "kernel-lsm-missing", "kernel-cgroups-missing",
    "serial-console-on-cmdline",
)  # fmt: skip
"""Whose cures change files of the root."""
OF_LINES = ("kernel-cmdline", "serial-console-on-cmdline")
"""What is said in the sources of a build, and stands in the root too."""
GRAVE = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
EXAMPLES = [
    pytest.param(check, example, id=f"{check.id}-{number}")
    for check in CHECKS
    for number, example in enumerate(check.bad)
]
ROOTS = [
    pytest.param(check, example, id=f"{check.id}-{number}")
    for check in CHECKS
    if check.id in ("kernel-cmdline", "kernel-module-unneeded", "serial-console-on-cmdline")
    for number, example in enumerate(check.bad)
    if example.files
]


@pytest.mark.parametrize(("check", "example"), EXAMPLES)
def test_a_cure_says_what_it_breaks_where_it_is_not_safe(check: Check, example: Example) -> None:
    for one in judge_example(check, example).findings:
        assert one.remedy is not None
        told = (one.remedy.safety, bool(one.remedy.changes), bool(one.remedy.breaks))
        assert told[0] is Safety.MANUAL or told in ((Safety.SAFE, True, False), (Safety.UNSAFE, True, True)), one.key
        # it stands behind "May break:", and in a list
        assert not one.remedy.breaks.endswith(".")
        assert not one.remedy.breaks[:1].isupper() or one.remedy.breaks.split()[0].isupper()


@pytest.mark.parametrize(("check", "example"), ROOTS)
def test_what_the_root_has_is_cured_in_it(check: Check, example: Example) -> None:
    policy = None if example.policy is None else parse_policy(example.policy)
    found = of_tree((check.id,), MemoryTree(example.files), policy, (check.id,))
    assert found.refused == ()
    in_root = {cure for cure in found.done if cure.remedy.stage is not Stage.SOURCE or cure.check in OF_LINES}
    left = keys(of_tree((check.id,), found.site.draft, policy, ()).verdicts)
    assert not {(cure.check, cure.key) for cure in in_root} & left
    assert_twice_is_once(found)


def assert_twice_is_once(found: Bettered) -> None:
    before = [(one.path, one.after) for one in found.site.draft.touched()]
    beside = repr(found.site.beside)
    apply([cure for cure in found.done if cure.check in IN_ROOTS], found.site)
    assert [(one.path, one.after) for one in found.site.draft.touched()] == before
    assert repr(found.site.beside) == beside


@pytest.mark.parametrize("system", accuracy.systems(), ids=lambda one: one.name)
def test_systems_are_cured_of_what_was_promised_and_of_nothing_else(system: Truth) -> None:
    ids = tuple(check.id for check in CHECKS if check in accuracy.of_roots())
    policy = parse_policy(system.policy)
    found = of_tree(ids, MemoryTree(system.planted), policy, IN_ROOTS)
    again = of_tree(ids, found.site.draft, policy, ())
    left = keys(again.verdicts)
    assert not {one for one in found.promised if one[0] in OF_LINES} & left
    new = left - keys(found.verdicts)
    assert not [one for one in new if severity(again.verdicts, one) in GRAVE]
    assert_twice_is_once(found)


def severity(verdicts: tuple[Verdict, ...], name: tuple[str, str]) -> Severity:
    (told,) = (
        (verdict, one) for verdict in verdicts for one in verdict.findings if name == (verdict.check.id, one.key)
    )
    return told[1].severity or told[0].check.severity


# ---------------------------------------------------------------------- what is safe

LINE = "boot/cmdline.txt"
CLOSED, DECLARED = '[boot]\nconsole = "off"\n', '[device]\nproduct = "camera"\n'
SAFELY = (
    ({LINE: "ro nokaslr\n"}, "", "kernel-cmdline[aslr-off]", Safety.SAFE),
    ({LINE: "ro init=/bin/sh\n"}, "", "kernel-cmdline[init-shell]", Safety.SAFE),
    ({LINE: "ro kgdboc=ttyS0\n"}, "", "kernel-cmdline[debugger]", Safety.SAFE),
    ({LINE: "ro mitigations=off\n"}, "", "kernel-cmdline[mitigations-off]", Safety.UNSAFE),
    ({LINE: "ro selinux=0\n"}, "", "kernel-cmdline[mac-off]", Safety.UNSAFE),
    ({LINE: "root=/dev/nfs ro\n"}, "", "kernel-cmdline[network-root]", Safety.MANUAL),
    ({LINE: "root=/dev/sda2 rw\n"}, "", "kernel-cmdline[root-rw]", Safety.UNSAFE),
    ({LINE: "root=/dev/sda2 rw\n"}, '[filesystem]\nverified = "verity"\n', "kernel-cmdline[root-rw]", Safety.SAFE),
    ({LINE: "root=/dev/sda2 rw\n"}, '[filesystem]\nverified = "none"\n', "kernel-cmdline[root-rw]", Safety.UNSAFE),
    ({LINE: "ro console=ttyS0\n"}, "", "serial-console-on-cmdline[ttyS0]", Safety.UNSAFE),
    ({LINE: "ro console=ttyS0\n"}, DECLARED, "serial-console-on-cmdline[ttyS0]", Safety.UNSAFE),
    ({LINE: "ro console=ttyS0\n"}, CLOSED, "serial-console-on-cmdline[ttyS0]", Safety.SAFE),
)


@pytest.mark.parametrize(("files", "policy", "name", "expected"), SAFELY)
def test_what_the_policy_declares_makes_safe(
    files: dict[str, Content], policy: str, name: str, expected: Safety
) -> None:
    declared = parse_policy(policy) if policy else None
    found = hardened(MemoryTree(files), declared)
    check, _, key = name.removesuffix("]").partition("[")
    (remedy,) = (one.remedy for id, one in findings(found.before) if (id, one.key) == (check, key))
    assert remedy is not None
    assert remedy.safety is expected
    assert ((check, key) in found.left(check)) == (expected is not Safety.SAFE)


def test_a_console_is_left_where_there_is_a_screen() -> None:
    found = of_files({LINE: "ro console=tty1 console=ttyS0,115200 earlycon\n"}, CLOSED)
    assert found.draft.text(LINE) == "ro console=tty1\n"
    silent = of_files({LINE: "ro console=ttyS0,115200\n"}, CLOSED)
    assert silent.draft.text(LINE) == "ro console=ttynull\n"


def test_a_table_of_verity_ends_the_boot_where_a_block_is_wrong() -> None:
    line = f"root /dev/mmcblk0p2 /dev/mmcblk0p3 {'0' * 64} ignore-corruption,root-hash-signature=/a"
    found = of_files({"etc/veritytab": f"# a\n{line}\n"}, unsafe=True, only=("verity-ignores-corruption",))
    assert found.left("verity-ignores-corruption") == []
    assert found.draft.text("etc/veritytab") == f"# a\n{line.replace('ignore', 'panic-on')}\n"


# ---------------------------------------------------------------------- modules

TITLE = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
CONFIG = TITLE + "CONFIG_MODULES=y\n" + "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
RULES = "etc/modprobe.d/firmward.conf"


def modules(*names: str, **files: Content) -> dict[str, Content]:
    folder = "lib/modules/6.12.30/kernel"
    return {"boot/config-6.12.30": CONFIG, **{f"{folder}/{name}.ko": b"\x7fELF" for name in names}, **files}


@pytest.mark.parametrize("modprobe", ["/bin/busybox", "/bin/kmod"])
def test_modules_are_refused_whatever_loads_them(modprobe: str) -> None:
    files = modules("dccp", "bluetooth", **{"sbin/modprobe": link(modprobe), modprobe[1:]: executable(b"\x7fELF")})
    found = of_files(files, unsafe=True, only=("kernel-module-unneeded",))
    assert found.left("kernel-module-unneeded") == []
    text = found.draft.text(RULES) or ""
    assert {"blacklist dccp", "install dccp /bin/false", "blacklist bluetooth"} <= set(text.splitlines())
    assert len(text.splitlines()) == len(set(text.splitlines())) == 4


def test_modules_that_the_policy_does_not_name_are_refused_safely() -> None:
    files = modules("dccp", "bluetooth")
    found = of_files(files, '[kernel]\nmodules = ["bluetooth"]\n', only=("kernel-module-unneeded",))
    assert found.draft.text(RULES) == "blacklist dccp\ninstall dccp /bin/false\n"
    assert found.site.beside.kernel == {"CONFIG_IP_DCCP": "n"}
    for policy in ("", "[kernel]\nlive_patching = false\n"):
        assert of_files(files, policy, only=("kernel-module-unneeded",)).draft.text(RULES) is None


def test_rules_that_stand_there_stay() -> None:
    rules = "options uvcvideo quirks=2\nblacklist tipc\n"
    found = of_files(modules("dccp", **{RULES: rules}), unsafe=True, only=("kernel-module-unneeded",))
    assert found.draft.text(RULES) == f"{rules}blacklist dccp\ninstall dccp /bin/false\n"


def test_what_is_built_in_is_left_to_the_build() -> None:
    files = modules(**{"boot/config-6.12.30": CONFIG + "CONFIG_TIPC=y\n"})
    found = of_files(files, unsafe=True, only=("kernel-module-unneeded",))
    assert found.draft.text(RULES) is None
    assert found.site.beside.kernel == {"CONFIG_TIPC": "n"}


def test_nothing_is_asked_of_a_root_without_findings() -> None:
    found = of_files({LINE: "root=/dev/sda2 ro lockdown=integrity\n"}, CLOSED, unsafe=True, only=IN_ROOTS)
    assert list(found.draft.touched()) == []
    assert verdicts_of(found.site.facts, found.site.policy) == found.after
