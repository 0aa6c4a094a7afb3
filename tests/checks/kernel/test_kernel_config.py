"""What the check says of whole configurations: what is off, of which kernels, and what it would cost."""

from collections.abc import Iterator
from time import process_time

import pytest

from firmward.checks.kernel.kernel_config import kernel_config
from firmward.checks.kernel.options import rows
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.formats import kernel_config as parser
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding
from firmward.model.location import Location
from firmward.model.remedy import Safety, SetKernelOption

TITLE = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.1 Kernel Configuration\n#\n"
MANY = "".join(f"CONFIG_FILLER_{number}=y\n" for number in range(120))
ROWS = {(row.name, frozenset(row.architectures)): row for row in rows()}


def options(text: str, place: str = "boot/config") -> KernelOptions:
    said = parser.parse(text)
    return KernelOptions(Location(place), said.settings, said.is_complete, said.version, "", said.architecture)


def found(*texts: str) -> tuple[dict[str, Finding], str]:
    """Findings by key, and why some of it is not known."""
    configs = KernelConfigs(tuple(options(text, f"boot/config-{number}") for number, text in enumerate(texts)))
    told: dict[str, Finding] = {}
    try:
        for one in kernel_config.find(configs, None, None):
            told[one.key] = one
    except Unavailable as reason:
        return told, str(reason)
    return told, ""


def test_what_is_off_is_told_with_its_line_and_its_cure() -> None:
    told, reason = found(TITLE + MANY + "# CONFIG_STRICT_KERNEL_RWX is not set\nCONFIG_DEVMEM=y\n")
    assert reason == ""
    one = told["strict_kernel_rwx"]
    assert one.message.startswith("CONFIG_STRICT_KERNEL_RWX is off: the kernel's code can be written")
    assert one.evidence == "# CONFIG_STRICT_KERNEL_RWX is not set"
    assert one.remedy is not None
    assert one.remedy.changes == (SetKernelOption("CONFIG_STRICT_KERNEL_RWX", "y"),)
    assert one.remedy.safety is Safety.SAFE
    assert told["devmem"].evidence == "CONFIG_DEVMEM=y"
    assert told["stackprotector"].evidence == "no line for CONFIG_STACKPROTECTOR"


def test_a_word_is_added_to_a_list_and_takes_none_from_it() -> None:
    told, _ = found(TITLE + MANY + 'CONFIG_LSM="landlock,bpf"\n')
    one = next(one for one in told.values() if one.message.startswith("CONFIG_LSM does not name yama"))
    assert one.remedy is not None
    assert one.remedy.changes == (SetKernelOption("CONFIG_LSM", '"landlock,bpf,yama"'),)
    assert not any("name landlock" in one.message for one in told.values())


def test_of_several_kernels_it_is_told_which() -> None:
    told, _ = found(TITLE + MANY + "CONFIG_STRICT_KERNEL_RWX=y\n", TITLE + MANY)
    assert "in boot/config-1:" in told["strict_kernel_rwx"].message
    assert "in boot/config-0, boot/config-1:" in told["stackprotector"].message


@pytest.mark.parametrize(
    ("version", "said", "name"),
    [
        ("6.12.1", "", "MITIGATION_RETPOLINE"),
        ("6.1.55", "", "RETPOLINE"),
        ("6.1.55", "# CONFIG_RETPOLINE is not set\n", "RETPOLINE"),
        ("6.1.55", "# CONFIG_MITIGATION_RETPOLINE is not set\n", "MITIGATION_RETPOLINE"),
    ],
)
def test_an_option_is_called_what_the_kernel_calls_it(version: str, said: str, name: str) -> None:
    title = TITLE.replace("6.12.1", version).replace("arm64", "x86_64")
    one = found(title + MANY + said)[0]["mitigation_retpoline"]
    assert one.message.startswith(f"CONFIG_{name} is off")
    assert one.remedy is not None
    assert one.remedy.changes == (SetKernelOption(f"CONFIG_{name}", "y"),)


def test_an_option_of_another_processor_or_version_is_not_asked_for() -> None:
    told, _ = found(TITLE.replace("6.12.1", "5.10.200") + MANY)
    assert "mitigation_gds" not in told
    assert "random_kmalloc_caches" not in told
    assert "strict_kernel_rwx" in told


@pytest.mark.parametrize(
    "text",
    [
        "CONFIG_STACKPROTECTOR=y\n",
        "# a defconfig of ours\nCONFIG_STACKPROTECTOR=y\n# CONFIG_STRICT_KERNEL_RWX is not set\n",
        TITLE + "CONFIG_STACKPROTECTOR=y\n",
        (TITLE + MANY + "CONFIG_STACKPROTECTOR=y").replace("\n", "\r\n"),
    ],
)
def test_what_is_no_whole_configuration_makes_no_pass_and_no_guess(text: str) -> None:
    told, reason = found(text)
    assert "options are not known" in reason
    assert set(told) <= {"strict_kernel_rwx"}


def test_lines_that_are_none_do_no_harm() -> None:
    odd = "CONFIG_=y\nCONFIG_DEVMEM=\nCONFIG_DEVMEM y\n\0\xff\nconfig_devmem=n\nCONFIG_NO_SUCH_THING=y\n"
    told, reason = found(TITLE + odd + MANY + "CONFIG_STRICT_KERNEL_RWX=n\nCONFIG_STRICT_KERNEL_RWX=y\n")
    assert reason == ""
    assert "strict_kernel_rwx" not in told, "the last line counts, as it does for Kconfig"


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing here\n", TITLE])
def test_an_empty_one_is_none(text: str) -> None:
    with pytest.raises(Malformed):
        options(text)


def wanted(architecture: str) -> Iterator[tuple[str, str]]:
    for row in rows():
        if (not row.architectures or architecture in row.architectures) and not row.needs:
            yield row.option, {"on": "y", "max": "33"}.get(row.wanted, row.wanted)


@pytest.mark.parametrize("architecture", ["x86-64", "x86-32", "arm64", "arm", "riscv", "mips", "powerpc"])
def test_no_two_rows_of_a_processor_want_different_things(architecture: str) -> None:
    told: dict[str, str] = {}
    for option, value in wanted(architecture):
        assert value.startswith("has:") or told.setdefault(option, value) == value, option


def test_every_finding_has_a_key_of_its_own() -> None:
    for architecture in ("x86-64", "x86-32", "arm64", "arm", "riscv", "mips", "powerpc"):
        names = [row.name for row in rows() if not row.architectures or architecture in row.architectures]
        twice = {name for name in names if names.count(name) > 1}
        for name in twice:
            spans = [(row.since, row.until) for row in rows() if row.name == name and architecture in row.architectures]
            assert len(set(spans)) == len(spans), name


def test_hundreds_of_rows_are_judged_at_once() -> None:
    """The mark is 300 rows in 50 ms; ten times that, since machines differ."""
    one = KernelConfigs((options(TITLE + MANY),))
    list(kernel_config.find(one, None, None))
    started = process_time()
    list(kernel_config.find(one, None, None))
    assert len(rows()) >= 300
    assert process_time() - started < 0.5
