"""Resolved options against what U-Boot's own `conf` makes of the same trees and defconfigs."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from real.roots import NoPackagesError
from real.sources import unpacked_source

from firmward.formats import kconfig, uboot_config
from firmward.formats.kconfig_values import resolve
from firmward.model.facts import Unknown

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

EVERY = 20
"""Of 1228 defconfigs, in the order of their names, each twentieth is compared."""
OF_THE_COMPILER = {"CC_IS_GCC", "GCC_VERSION", "CC_IS_CLANG", "CLANG_VERSION", "CC_HAS_ASM_INLINE"}
OF_THE_HOST = {"HOST_32BIT", "HOST_64BIT", "SANDBOX_BITS_PER_LONG"}
ASKED = (
    "FIT", "FIT_SIGNATURE", "LEGACY_IMAGE_FORMAT", "BOOTDELAY", "AUTOBOOT_KEYED", "AUTOBOOT_STOP_STR_SHA256",
    "AUTOBOOT_ENCRYPTION", "CMDLINE", "ENV_IS_NOWHERE", "ENV_IS_IN_MMC", "ENV_WRITEABLE_LIST", "SPL_FIT_SIGNATURE",
    "FASTBOOT", "DFU", "USB_GADGET", "IMX_HAB", "AHAB_BOOT", "CMD_BOOTI", "CMD_MEMORY", "BOOTCOMMAND", "RSA",
)  # fmt: skip


@pytest.fixture(scope="module")
def source() -> Path:
    if any(which(program) is None for program in ("gcc", "make", "bison", "flex")):
        pytest.skip("no compiler, bison or flex")
    try:
        return unpacked_source("u-boot")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")


@pytest.fixture(scope="module")
def output(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    make(source, folder, "sandbox_defconfig")
    return folder


def make(source: Path, output: Path, target: str) -> None:
    done = subprocess.run(["make", "-s", f"O={output}", target], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]


def reader(folder: Path) -> kconfig.Read:
    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except OSError:
            return None

    return read


def test_defconfigs_come_to_what_make_writes(source: Path, output: Path) -> None:
    tree = kconfig.parse(reader(source))
    assert (tree.unread, tree.problems) == ((), ())
    compared = unknown = boards = 0
    for defconfig in sorted((source / "configs").glob("*_defconfig"))[::EVERY]:
        make(source, output, defconfig.name)
        theirs = uboot_config.parse((output / ".config").read_bytes())
        written = uboot_config.parse(defconfig.read_bytes())
        assert (theirs.is_complete, theirs.version, written.is_complete) == (True, "2023.01", False)
        assert set(theirs.settings) <= set(tree.options)
        ours = uboot_config.resolved(written, tree)
        boards += 1
        for name, option in tree.options.items():
            if option.type is None:
                continue
            value = ours.get(name)
            compared += 1
            if isinstance(value, Unknown):
                unknown += 1
                assert name in OF_THE_COMPILER | OF_THE_HOST, f"{defconfig.name}: {name} is unknown"
            else:
                assert (value or None) == (theirs.get(name) or None), f"{defconfig.name}: {name}"
        assert not any(isinstance(ours.get(name), Unknown) for name in ASKED)
    assert boards >= 40
    assert unknown <= boards * len(OF_THE_COMPILER) + len(OF_THE_HOST)
    assert compared > 300_000


def test_trees_made_at_random_come_to_what_conf_writes(output: Path, tmp_path: Path) -> None:
    program = output / "scripts" / "kconfig" / "conf"
    chance = random.Random(11)
    compared = 0
    for number in range(300):
        text = "".join(tree_text(chance))
        settings = dict(settings_of(chance))
        (tmp_path / "Kconfig").write_text(text)
        (tmp_path / "given").write_text("".join(f"CONFIG_{name}={value}\n" for name, value in settings.items()))
        (tmp_path / ".config").unlink(missing_ok=True)
        command = [program, "-s", "--defconfig=given", "Kconfig"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        if done.returncode or not (tmp_path / ".config").exists():
            continue  # what conf refuses: dependencies that go round in a circle
        theirs = uboot_config.parse((tmp_path / ".config").read_bytes() + b"CONFIG_END=y\n")
        tree = kconfig.parse({"Kconfig": text.encode()})
        ours = resolve(tree, uboot_config.parse((tmp_path / "given").read_bytes() + b"CONFIG_END=y\n").settings)
        for name in tree.options:
            value = ours.get(name)
            shown = None if value in ("n", "") else value
            assert shown == ((theirs.settings.get(name, "n") not in ("n", "") and theirs.settings[name]) or None), (
                f"{number}: {name}\n{text}\n{settings}"
            )
            compared += 1
    assert compared > 2000


NAMES = [f"B{number}" for number in range(10)]


def settings_of(chance: random.Random) -> Iterator[tuple[str, str]]:
    for name in chance.sample(NAMES, 6):
        yield name, chance.choice("yyn")
    for name in ("I1", "I2"):
        if chance.random() < 0.5:
            yield name, str(chance.randrange(20))


def condition(chance: random.Random, names: list[str]) -> str:
    term = chance.choice(names) if names else "y"
    match chance.randrange(6):
        case 0:
            return f"!{term}"
        case 1 | 2:
            return f"{term} {chance.choice(('&&', '||'))} {condition(chance, names[:-1])}"
        case 3:
            return f"({term} {chance.choice(('=', '!='))} {chance.choice('yn')})"
    return term


def tree_text(chance: random.Random) -> Iterator[str]:
    """Options refer to those before them and select those behind, so that nothing goes round in a circle."""
    open_blocks: list[str] = []
    for number, name in enumerate(NAMES):
        before, behind = NAMES[:number], NAMES[number + 1 :]
        if chance.random() < 0.2:
            kind = chance.choice(("if", "menu"))
            open_blocks.append(kind)
            yield f"if {condition(chance, before)}\n" if kind == "if" else 'menu "m"\n'
            if kind == "menu":
                yield f"\t{chance.choice(('depends on', 'visible if'))} {condition(chance, before)}\n"
        yield f"config {name}\n\tbool" + chance.choice((' "p"', f' "p" if {condition(chance, before)}', "")) + "\n"
        yield from (line for line in option_lines(chance, before, behind) if chance.random() < 0.4)
        if open_blocks and chance.random() < 0.5:
            yield f"end{open_blocks.pop()}\n"
    for kind in reversed(open_blocks):
        yield f"end{kind}\n"
    yield from choice_lines(chance)
    yield from number_lines(chance)


def option_lines(chance: random.Random, before: list[str], behind: list[str]) -> Iterator[str]:
    yield f"\tdefault {condition(chance, before)} if {condition(chance, before)}\n"
    yield f"\tdefault {chance.choice('yn')}\n"
    yield f"\tdepends on {condition(chance, before)}\n"
    for keyword in ("select", "imply"):
        if behind:
            yield f"\t{keyword} {chance.choice(behind)} if {condition(chance, before)}\n"


def choice_lines(chance: random.Random) -> Iterator[str]:
    yield 'choice\n\tprompt "c"\n'
    yield from (
        line for line in ("\toptional\n", f"\tdepends on {condition(chance, NAMES)}\n") if chance.random() < 0.3
    )
    yield f"\tdefault C{chance.randrange(3)} if {condition(chance, NAMES)}\n"
    for number in range(3):
        yield f'config C{number}\n\tbool "c"\n\tdepends on {condition(chance, NAMES)}\n'
    yield "endchoice\n"


def number_lines(chance: random.Random) -> Iterator[str]:
    for name in ("I1", "I2"):
        yield f"config {name}\n\tint" + chance.choice((' "p"', f' "p" if {condition(chance, NAMES)}')) + "\n"
        yield f"\tdefault {chance.randrange(20)} if {condition(chance, NAMES)}\n\tdefault {chance.randrange(20)}\n"
        yield f"\trange {chance.randrange(5)} {chance.randrange(5, 15)} if {condition(chance, NAMES)}\n"
    yield f"config J\n\tdef_bool I1 {chance.choice(('<', '>=', '=', '!='))} I2\n"
    yield "config END\n\tdef_bool y\n"
