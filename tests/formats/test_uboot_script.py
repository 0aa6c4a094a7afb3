"""U-Boot's command language: words, blocks, and what a script can come to."""

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.formats.malformed import Malformed
from firmward.formats.uboot_env import unescaped
from firmward.formats.uboot_reach import CONDITIONS_LIMIT, Condition, Reach, boot_of, reach, source_of
from firmward.formats.uboot_script import SIZE_LIMIT, parse


def said(text: str, **environment: str) -> list[str]:
    """What `echo` is reached with, both sides of each condition."""
    return [" ".join(found.words[1:]) for found in reach(text, environment).commands if found.name == "echo"]


# With U-Boot's own answers: what each script prints. All of it runs, so that no condition is left open.
ANSWERS = [
    ("echo a b  c", ["a b c"]),
    ("echo 'a  b'", ["a  b"]),
    (r"echo a\;b", ["a;b"]),
    (r'echo "a\"b"', [r'a\"b']),
    (r"echo 'a\b'", ["ab"]),
    (r"echo 'a\\b'", [r"a\b"]),
    (r'echo "a\b"', [r"a\b"]),
    (r"echo \$x", ["$x"]),
    ("setenv x one two; echo $x '$x' \"$x\"", ["one two $x one two"]),
    ("setenv x 'echo in; echo out'; $x", ["in; echo out"]),
    ("setenv x 'a;echo b'; echo $x", ["a;echo b"]),
    ("x=5; setenv x 6; echo $x", ["6"]),
    ("for i in a 'c d'; do echo $i; done", ["a", "c", "d"]),
    ("l='p q'; for i in \"$l\"; do echo $i; done", ["p", "q"]),
    ("echo ${none}x ${none:-dflt}", ["x dflt"]),
    ("setenv y 1; echo ${y:-dflt}${y:+alt}${none:+alt}", ["1alt"]),
    ("echo ${v:=new}; echo $v", ["new", "new"]),
    ("echo a#b #c", ["a#b"]),
    ("setenv r 'echo ${z}'; setenv z 9; run r", ["9"]),
    ("setenv a '${b}'; setenv b 7; echo $a", ["${b}"]),
    ("echo a && echo b; false || echo c", ["a", "b", "c"]),
    ("setenv d devnum=3; $d; echo ${devnum}", ["3"]),
    ("setenv q \"'a b'\"; echo $q c", ["a b c"]),
    ("setenv w 'a  b'; echo $w", ["a b"]),
    ("setenv w 'a  b'; echo \"$w\"", ["a  b"]),
    ("setenv x '#h'; echo a $x b", ["a"]),
    ("setenv x '#h'; echo a$x b", ["a#h b"]),
    ("setenv x 'a|b&c'; echo $x; echo z", ["a|b&c", "z"]),
    ("setenv n 'x y'; setenv $n z; echo ${x}", ["y z"]),
    ("echo {a} (b) <c> a=b if", ["{a} (b) <c> a=b if"]),
    ("env set m 4; echo $m; setenv -f m 5; echo $m", ["4", "5"]),
    ("for a in 1 2; do for b in 3 4; do echo $a$b; done; done", ["13", "14", "23", "24"]),
    ("if true; then echo t; fi", ["t"]),
    ("setenv k; echo ${k}k", ["k"]),
]  # fmt: skip


@pytest.mark.parametrize(("script", "answers"), ANSWERS)
def test_words_are_those_of_u_boot(script: str, answers: list[str]) -> None:
    assert said(script) == answers


class Board:
    """Debian's U-Boot under QEMU, at its prompt."""

    def __init__(self, program: Path) -> None:
        command = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-nographic", "-net", "none", "-bios"]
        self._process = subprocess.Popen(
            [*command, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._until(b"autoboot")
        self._send(b"\r")
        self._until(b"=> ")

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _until(self, mark: bytes) -> bytes:
        assert self._process.stdout is not None
        found = bytearray()
        while not found.endswith(mark):
            piece = self._process.stdout.read(1)
            assert piece, "QEMU has ended"
            found += piece
        return bytes(found[: -len(mark)])

    def run(self, script: str) -> list[str]:
        self._send(script.encode() + b"\r")
        self._until(b"\n")
        return self._until(b"=> ").decode().replace("\r", "").splitlines()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def firmware() -> Iterator[Path]:
    if which("qemu-system-aarch64") is None:
        pytest.skip("qemu-system-aarch64 is not installed")
    try:
        yield unpacked("u-boot-qemu", "all") / "usr/lib/u-boot/qemu_arm64/u-boot.bin"
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")


@pytest.mark.proof
def test_u_boot_says_the_same(firmware: Path) -> None:
    board = Board(firmware)
    try:
        for script, answers in ANSWERS:
            board.run("setenv x; setenv y; setenv z; setenv a; setenv b; setenv w; setenv d; setenv q")
            assert [line.strip() for line in board.run(script)] == answers, script
    finally:
        board.stop()


def words(found: Reach) -> list[str]:
    return [" ".join(command.words) for command in found.commands]


def test_both_sides_of_a_condition_are_walked_and_say_so() -> None:
    found = reach("if load mmc 0 1; then bootm 1; elif test $a = b; then go 2; else reset; fi; echo", {"a": "q"})
    assert [(" ".join(command.words), command.conditions) for command in found.commands] == [
        ("load mmc 0 1", ()),
        ("bootm 1", (Condition("load mmc 0 1", True),)),
        ("test q = b", (Condition("load mmc 0 1", False),)),
        ("go 2", (Condition("load mmc 0 1", False), Condition("test q = b", True))),
        ("reset", (Condition("load mmc 0 1", False), Condition("test q = b", False))),
        ("echo", ()),
    ]


def test_rows_are_conditions_as_a_whole() -> None:
    last = reach("a && b || c", {}).commands[-1]
    assert last.conditions == (Condition("a && b", False),)
    assert reach("while a; do b; done", {}).commands[-1].conditions == (Condition("a", True),)


def test_variables_that_are_set_on_one_way_alone_have_both_values() -> None:
    text = "setenv t mmc; if test -e x; then setenv t usb; fi; load $t 0 1"
    assert words(reach(text, {}))[-2:] == ["load mmc 0 1", "load usb 0 1"]
    assert words(reach("env exists d || setenv d 1; load mmc 0:$d", {}))[-2:] == ["load mmc 0:1", "load mmc 0:"]


def test_what_only_the_device_knows_stays_open() -> None:
    found = reach("part uuid mmc 0:1 id; setenv bootargs root=PARTUUID=${id}; run ${id}; load $id 1", {})
    assert words(found)[1] == "setenv bootargs root=PARTUUID=${id}"
    assert found.sources == ("unknown",)
    assert not found.is_whole


def test_what_is_run_in_a_circle_ends() -> None:
    found = reach("run a", {"a": "run b; bootm", "b": "run a; run c", "c": "go 1"})
    assert [(command.name, command.via) for command in found.commands] == [
        ("run", ()),
        ("run", ("a",)),
        ("run", ("a", "b")),
        ("run", ("a", "b")),
        ("go", ("a", "b", "c")),
        ("bootm", ("a",)),
    ]
    assert found.is_whole


@pytest.mark.parametrize(
    ("command", "source", "boots"),
    [
        ("load mmc 0:1 0 x", "mmc", None), ("fatload usb 0 0 x", "usb", None), ("tftp 0 x", "tftp", None),
        ("dhcp", "tftp", None), ("sf read 0 0 1", "sf", None), ("sf probe", None, None), ("mmc dev 0", None, None),
        ("nand read 0 1 2", "nand", None), ("nand read.e 0 1 2", "nand", None), ("ubi readvol 0 k", "ubi", None),
        ("ubifsload 0 x", "ubi", None), ("virtio read 0 0 1", "virtio", None), ("load nvme 0 0 x", "nvme", None),
        ("load ${devtype} 0", "unknown", None), ("sysboot mmc 0 any 0 x", "mmc", "sysboot"),
        ("sysboot -p mmc 0 any 0 x", "mmc", "sysboot"), ("pxe get", "tftp", None), ("pxe boot", None, "pxe"),
        ("bootflow scan -lb", None, "bootflow"), ("bootflow list", None, None), ("bootm", None, "bootm"),
        ("fastboot usb 0", "fastboot", "fastboot"), ("dfu 0 mmc 0", "dfu", "dfu"), ("go 1", None, "go"),
        ("loady 0", "serial", None), ("echo bootm", None, None), ("load", "unknown", None), ("nfs 0 x", "nfs", None),
    ],
)  # fmt: skip
def test_what_commands_load_from_and_start(command: str, source: str | None, boots: str | None) -> None:
    given = tuple(command.split())
    assert (source_of(given), boot_of(given)) == (source, boots)


def test_what_is_not_closed_is_told_and_read() -> None:
    assert parse("if a; then b").problems == ("line 1: fi is missing",)
    assert parse("echo 'a").problems == ("line 1: a ' is not closed",)
    assert parse("done; x").problems == ("line 1: done without its beginning",)
    assert said("fi; echo a\nif; then\necho b") == ["a", "b"]
    with pytest.raises(Malformed, match="characters"):
        parse("x" * (SIZE_LIMIT + 1))


FOR = "for a in 1 2 3 4 5 6 7 8; do "


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("if " * 5000, {}),
        ("if a; then " * 25 + "x", {}),
        (FOR * 25 + "x" + "; done" * 25, {}),
        (FOR * 25 + "done; " * 25, {}),
        ("run v0", {f"v{number}": f"run v{number + 1}; run v{number + 1}" for number in range(60)}),
        ("run a", {"a": "if a; then run b; fi", "b": "if b; then run a; fi"}),
        ("run v0", {f"v{n}": "if a; then " * 25 + f"run v{n + 1}" + "; fi" * 25 for n in range(24)}),
        ("".join(f"if a; then setenv v {number}; fi;" for number in range(2000)) + "echo $v$v$v$v", {}),
        ("a && " * 20_000 + "b", {f"v{number}": "" for number in range(5000)}),
        ("setenv v x; " + "setenv v $v$v; " * 60 + "echo $v", {}),
        ("echo " + "$v" * 50_000, {"v": "y" * 1000}),
        ('echo "' * 20_000, {}),
        ("echo " + "${" * 50_000, {}),
    ],
)
def test_absurd_scripts_are_bounded(text: str, environment: dict[str, str]) -> None:
    started = time.process_time()
    reach(text, environment)
    assert time.process_time() - started < 10


def test_any_text_is_read() -> None:
    chance = random.Random(4)
    seed = (
        "if test -e a; then for i in $l 'x y'; do run $i && echo \"${i:-q}\"; done; else setenv l \\$x; fi || bootm #c"
    )
    for _ in range(400):
        data = list(seed)
        for _ in range(chance.choice((1, 4, 20))):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(3)] = chance.choices("\"'\\$;&|\n {}:if", k=chance.randrange(3))
            data = data or ["x"]
        reach("".join(data), {"l": "l b", "b": seed})


def default_environment(program: bytes) -> dict[str, str]:
    """The strings around `distro_bootcmd`; what lies before the first name is cut off."""
    place = program.find(b"distro_bootcmd=")
    start, end = program.rfind(b"\0\0", 0, place) + 2, program.find(b"\0\0", place)
    first = program.find(b"bootcmd=run ", start, end)
    found = {}
    for text in program[first if 0 <= first - start < 300 else start : end].decode("latin-1").split("\0"):
        name, _, value = text.partition("=")
        found[name] = unescaped(value)
    return found


PACKAGES = [
    ("u-boot-imx", "armhf"), ("u-boot-stm32", "armhf"), ("u-boot-omap", "armhf"), ("u-boot-sunxi", "armhf"),
    ("u-boot-rpi", "armhf"), ("u-boot-tegra", "armhf"), ("u-boot-rockchip", "arm64"), ("u-boot-amlogic", "arm64"),
    ("u-boot-sunxi", "arm64"), ("u-boot-rpi", "arm64"), ("u-boot-qemu", "all"),
]  # fmt: skip
OF_TARGET = {"mmc": "mmc", "usb": "usb", "sata": "sata", "scsi": "scsi", "nvme": "nvme", "virtio": "virtio",
             "ide": "ide", "dhcp": "tftp", "ubifs": "ubi", "sf": "sf"}  # fmt: skip
OWN = frozenset(("dh_imx6", "stm32mp157c-dk2"))
"""Boards whose bootcmd is not `run distro_bootcmd` at the start of their strings."""


@pytest.mark.proof
@pytest.mark.parametrize(("package", "architecture"), PACKAGES, ids=lambda value: value)
def test_debians_boards_try_their_targets_in_order(package: str, architecture: str) -> None:
    try:
        folder = unpacked(package, architecture)
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    boards = 0
    for path in sorted(folder.glob("usr/lib/u-boot/*/uboot.elf")):
        program = path.read_bytes()
        if b"distro_bootcmd=" not in program:
            continue
        environment = default_environment(program)
        start = "run distro_bootcmd" if path.parent.name in OWN else "run bootcmd"
        found = reach(start, environment)
        assert found.is_whole
        assert not found.problems
        targets = environment["boot_targets"].split()
        run = [command.words[1] for command in found.commands if command.via[-1:] == ("distro_bootcmd",)]
        wanted = [f"bootcmd_{target}" for target in targets]
        assert [name for name in run if name in wanted] == wanted, path
        kinds = [target.rstrip("0123456789").removesuffix("_auto") for target in targets]
        expected = list(dict.fromkeys(OF_TARGET[kind] for kind in kinds if kind in OF_TARGET))
        assert [source for source in found.sources if source in expected] == expected, path
        boards += 1
    assert boards


@pytest.mark.parametrize("sign", ["\v", "\f", "\x1c", "\x85", "\u2003"])
def test_signs_that_are_blanks_elsewhere_are_part_of_a_word(sign: str) -> None:
    assert said(f"echo a{sign}b {sign} c") == [f"a{sign}b {sign} c"]
    assert said(f"setenv x 'a{sign}b'; echo $x {sign}") == [f"a{sign}b {sign}"]


def test_conditions_are_told_up_to_a_number() -> None:
    found = reach("if a; then b; " + "".join(f"elif c{number}; then d; " for number in range(9000)) + "fi", {})
    assert max(len(one.conditions) for one in found.commands) == CONDITIONS_LIMIT
    assert found.commands[-1].conditions[0] == Condition("a", False)


def test_different_scripts_are_read_up_to_a_number_of_characters() -> None:
    scripts = {f"a{number}": "echo " + str(number) * 100_000 for number in range(1, 10)}
    found = reach("; ".join(f"run {name}" for name in scripts), scripts)
    assert found.is_whole
    scripts |= {f"b{number}": "echo " + str(number) * 200_000 for number in range(1, 10)}
    found = reach("; ".join(f"run {name}" for name in scripts), scripts)
    assert not found.is_whole
    assert found.commands[-1].words == ("run", "b1")


def test_the_words_of_a_loop_that_are_not_tried_cost_nothing() -> None:
    text = "for i in " + " ".join(map(str, range(40_000))) + "; do run n; done"
    started = time.process_time()
    assert not reach(text, {"n": text}).is_whole
    assert time.process_time() - started < 4
