"""U-Boot binaries: what is a command and what is only a word, and what the rest of the bytes tells."""

import random
import struct
import subprocess
import time
from dataclasses import replace

import pytest
from uboot_made import COMMANDS, ENVIRONMENT, NESTED, SAID, SHAPES, made

from firmward.formats import uboot_binary, uboot_commands, uboot_control, uboot_default_env
from firmward.formats.malformed import Malformed
from firmward.formats.uboot_binary import BootDelay, Stage
from firmward.formats.uboot_traits import Stop
from firmward.model.facts import Unknown

shapes = pytest.mark.parametrize("name", SHAPES)

TREE = """/dts-v1/; / {
  model = "a board"; %s
  signature { required-mode = "any";
    key-dev { algo = "sha256,rsa2048"; key-name-hint = "dev"; required = "conf"; rsa,num-bits = <2048>; };
    key-old { algo = "sha1,rsa2048"; key-name-hint = "old"; }; };
  config { bootcmd = "bootm"; bootdelay = <(-2)>; load-environment = <0>; bootsecure; };
};"""


def compiled(source: str) -> bytes:
    done = subprocess.run(
        ["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(), capture_output=True, check=True
    )
    return done.stdout


def commands(data: bytes) -> uboot_commands.Commands:
    found = uboot_commands.find(data)
    assert found is not None
    return found


@shapes
@pytest.mark.parametrize("base", [0x4A000000, 0x10000, 0x87800000])
@pytest.mark.parametrize("before", [0, 64, 0x8000])
def test_the_prompt_s_list_is_read_in_every_layout(name: str, base: int, before: int) -> None:
    found = commands(made(SHAPES[name], base=base, before=bytes(before)))
    assert [command.name for command in found.main.commands] == list(COMMANDS)
    assert [command.usage for command in found.main.commands] == [f"what {command} does" for command in COMMANDS]
    assert [command.maxargs for command in found.main.commands][:5] == [1, 2, 3, 4, 1]
    assert found.main.base == base - before
    assert (found.main.layout.bits, found.main.layout.order) == (SHAPES[name].bits, SHAPES[name].order)


@shapes
def test_nested_commands_are_no_commands_of_the_prompt(name: str) -> None:
    found = commands(made(SHAPES[name]))
    assert [[command.name for command in table.commands] for table in found.nested] == [list(NESTED)]
    assert not found.main.names & set(NESTED)


def test_a_word_in_a_help_text_is_no_command() -> None:
    names = tuple(name for name in COMMANDS if name not in ("md", "mm"))
    data = made(SHAPES["arm"], commands=names)
    assert b"md - memory display" in data
    assert uboot_binary.parse(data).has_command("md") is False
    assert uboot_binary.parse(made(SHAPES["arm"])).has_command("md") is True


@pytest.mark.parametrize("base", [0x4A000000, 0x200000])
def test_pointers_that_are_kept_in_relocations_are_followed(base: int) -> None:
    data = made(SHAPES["arm64"], base=base, relocations=True)
    assert [command.name for command in commands(data).main.commands] == list(COMMANDS)
    assert commands(data).memory != data


def test_an_offset_leads_to_the_record() -> None:
    data = made(SHAPES["arm"])
    table = commands(data).main
    for command in table.commands:
        address = int.from_bytes(data[command.offset : command.offset + 4], "little")
        assert data[address - table.base :].startswith(command.name.encode() + b"\0")


def test_two_copies_of_a_binary_have_a_list_each() -> None:
    data = made(SHAPES["arm"], base=0x40000000)
    found = commands(data + bytes(-len(data) % 4096) + made(SHAPES["arm"], base=0x50000000))
    lists = [table for table in (found.main, *found.nested) if table.names == set(COMMANDS)]
    assert len(lists) == 2


def test_what_is_no_u_boot_is_refused() -> None:
    for data in (b"", bytes(4096), b"U-Boot", random.Random(1).randbytes(100_000)):
        with pytest.raises(Malformed, match="no version"):
            uboot_binary.parse(data)


def test_stages_and_versions_are_told_apart() -> None:
    spl = b"\nU-Boot SPL 2021.04-rc1 (Apr 05 2021 - 15:03:29 +0000)\n\0"
    found = uboot_binary.parse(made(SHAPES["arm"], before=spl.ljust(128, b"\0")))
    assert [(one.stage, one.number, one.offset) for one in found.versions] == [
        (Stage.SPL, "2021.04-rc1", 1),
        (Stage.PROPER, "2023.01-made", 128 + 2048),
    ]
    assert found.versions[1].built == "Jan 09 2023 - 16:07:33 +0000"


def test_a_default_environment_is_read_to_its_bounds() -> None:
    data = made(SHAPES["arm"])
    found = uboot_binary.parse(data).environment
    assert found is not None
    assert dict(found.variables) == ENVIRONMENT
    assert data[found.offset :].startswith(b"bootargs=")
    assert data[found.offset + found.size - 2 : found.offset + found.size] == b"\0\0"


@pytest.mark.parametrize(
    ("before", "strings", "variables"),
    [
        (b"\x80@@", b"bootargs=a\0bootcmd=b\0\0", {"bootargs": "a", "bootcmd": "b"}),
        (b"\x01\x02", b"first=1\0bootcmd=b\0\0", {"first": "1", "bootcmd": "b"}),
        (b"a text\0SunMonTueWedThuFriSat", b"bootdelay=3\0baudrate=1\0\0", {"bootdelay": "3", "baudrate": "1"}),
        (b"a text\0", b"bootcmd=b\0 blank=c\0none=\0\0", {"bootcmd": "b", "blank": "c"}),
        (b"\0", b"bootcmd=a=b\nc\0eth1addr=\xc3\xa4\0\0", {"bootcmd": "a=b\nc", "eth1addr": "ä"}),
    ],
)
def test_an_environment_begins_and_ends_where_its_strings_do(
    before: bytes, strings: bytes, variables: dict[str, str]
) -> None:
    (found,) = uboot_default_env.find(b"\xff\0" + before + strings + b"tail=x\0")
    assert dict(found.variables) == variables
    assert (found.offset, found.size) == (2 + len(before), len(strings))


@pytest.mark.parametrize(
    "strings",
    [
        b"\0bootcmd=b\0bootdelay=2\0\x01\x02\0",
        b"\0bootcmd=b\0\0",
        b"\0bootcmd=b\0bootdelay=2\0",
        b"no bootcmd=b\0a=b\0\0",
    ],
)
def test_strings_without_an_end_or_a_second_are_no_environment(strings: bytes) -> None:
    assert uboot_default_env.find(strings) == ()


def test_keys_and_settings_of_a_control_tree() -> None:
    data = made(SHAPES["arm"], tree=compiled(TREE % "u-boot,dm-pre-reloc;"))
    (tree,) = uboot_binary.parse(data).trees
    assert data[tree.offset : tree.offset + 4] == b"\xd0\x0d\xfe\xed"
    assert (tree.model, tree.early, tree.required_mode) == ("a board", True, "any")
    assert [(key.hint, key.algorithm, key.required, key.bits) for key in tree.keys or ()] == [
        ("dev", "sha256,rsa2048", "conf", 2048),
        ("old", "sha1,rsa2048", None, None),
    ]
    assert dict(tree.config or {}) == {"bootcmd": "bootm", "bootdelay": -2, "load-environment": 0, "bootsecure": True}


def test_a_tree_without_keys_is_told_from_one_with_none() -> None:
    (plain,) = uboot_control.find(compiled("/dts-v1/; / { };"))
    (empty,) = uboot_control.find(compiled("/dts-v1/; / { signature { }; config { }; };"))
    assert (plain.keys, plain.config, plain.early) == (None, None, False)
    assert empty.keys == ()
    assert empty.config == {}


def test_trees_within_a_fit_are_found_and_the_fit_is_none() -> None:
    inner = compiled(TREE % "")
    cells = " ".join(f"{byte:02x}" for byte in inner)
    fit = compiled(f"/dts-v1/; / {{ images {{ fdt-1 {{ data = [{cells}]; }}; }}; configurations {{ }}; }};")
    (tree,) = uboot_control.find(b"\0" * 64 + fit)
    assert tree.offset == 64 + fit.find(inner)


def test_the_control_tree_s_delay_wins_over_the_environment_s() -> None:
    tree = compiled(TREE % "")
    found = uboot_binary.parse(made(SHAPES["arm"], tree=tree))
    assert found.delay == BootDelay(-2, "control-tree", found.trees[0].offset)
    plain = uboot_binary.parse(made(SHAPES["arm"]))
    assert plain.environment is not None
    assert plain.delay == BootDelay(3, "environment", plain.environment.offset)
    other = compiled((TREE % "").replace("(-2)", "7"))
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], tree=tree + other)).delay, Unknown)
    silent = {"bootcmd": "a", "stdin": "serial"}
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], environment=silent)).delay, Unknown)


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ((b"Hit any key to stop autoboot: %2d ",), {Stop.ANY_KEY}),
        ((b"bootdelaykey", b"bootstopkey", b"Autoboot in %d seconds\n"), {Stop.KEYED}),
        ((b"bootstopkeysha256", b"Autoboot in %d seconds\n"), {Stop.SHA256}),
        ((b"bootstopkeycrypt", b"bootstopkeysha256"), {Stop.CRYPT, Stop.SHA256}),
    ],
)
def test_what_stops_the_autoboot(said: tuple[bytes, ...], stops: set[Stop]) -> None:
    found = uboot_binary.parse(made(SHAPES["arm"], said=(*SAID, *said))).autoboot
    assert not isinstance(found, Unknown)
    assert found is not None
    assert found.stops == stops
    prompts = [seen.text for seen in found.seen if seen.text.startswith("Autoboot")]
    assert prompts == ["Autoboot in %d seconds" for text in said if text.startswith(b"Autoboot")]


def test_an_autoboot_that_was_not_seen_is_absent_only_beside_a_prompt() -> None:
    assert uboot_binary.parse(made(SHAPES["arm"])).autoboot is None
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], said=())).autoboot, Unknown)
    odd = (*SAID, b"Press Q to break the autoboot")
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], said=odd)).autoboot, Unknown)


def test_verification_is_absent_only_where_code_that_loads_images_was_seen() -> None:
    fit, legacy = b"## Loading %s from FIT Image at %08lx ...\n", b"## Booting kernel from Legacy Image at %08lx ...\n"
    unread = uboot_binary.parse(made(SHAPES["arm"]))
    assert all(isinstance(one, Unknown) for one in (unread.fit, unread.fit_signature, unread.legacy_image))
    both = uboot_binary.parse(made(SHAPES["arm"], said=(*SAID, fit, legacy)))
    assert both.fit_signature is None
    assert both.fit is not None
    assert both.legacy_image is not None
    only = uboot_binary.parse(made(SHAPES["arm"], said=(*SAID, fit, b"required-mode")))
    assert only.legacy_image is None
    assert only.fit_signature is not None


def test_an_allow_list_of_the_environment() -> None:
    listed = (*SAID[:-1], b"arocw", b"eth\\d*addr:ma,bootcount:dw,slot:sw")
    found = uboot_binary.parse(made(SHAPES["arm"], said=listed)).writeable_list
    assert not isinstance(found, Unknown)
    assert found is not None
    assert found.names == ("bootcount", "slot")
    assert uboot_binary.parse(made(SHAPES["arm"])).writeable_list is None
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], said=SAID[:2])).writeable_list, Unknown)


def test_a_binary_without_a_table_has_no_commands_or_unknown_ones() -> None:
    few = ("boot", "help", "md")
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], commands=few)).commands, Unknown)
    assert uboot_binary.parse(made(SHAPES["arm"], commands=few, said=SAID[1:])).commands is None
    assert isinstance(uboot_binary.parse(made(SHAPES["arm"], commands=few, said=())).commands, Unknown)
    assert uboot_binary.parse(made(SHAPES["arm"], commands=few, said=SAID[1:])).has_command("md") is False


def test_bytes_changed_cut_and_spliced_end_in_time() -> None:
    begin = time.process_time()
    for name in ("arm", "arm64", "ppc"):
        whole = made(SHAPES[name], tree=compiled(TREE % ""), relocations=name == "arm64")
        chance = random.Random(name)
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 10, 300))):
                data[chance.randrange(len(data))] = chance.choice((0, 0xFF, 1, 0x80, chance.randrange(256)))
            at, size = chance.randrange(len(data)), chance.randrange(2000)
            data[at : at + size] = chance.choice((b"", data[-size:], bytes(size)))
            try:
                found = uboot_binary.parse(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
            except Malformed:
                continue
            assert all(0 <= tree.offset <= len(data) - tree.size for tree in found.trees)
    assert time.process_time() - begin < 20


ABSURD = {
    "one record over and over": made(SHAPES["arm"])[-13 * 28 - 64 :][:28] * 40_000,
    "names without an end": b"bootcmd=" * 150_000,
    "environments without an end": b"\0bootcmd=a\0bootdelay=1" * 50_000,
    "environments of one variable": b"\0bootcmd=a\0\0" * 90_000,
    "magics of trees": b"\xd0\x0d\xfe\xed" * 250_000,
    "small numbers": (1).to_bytes(4, "little") * 250_000,
    "relocations": (b"\0\0\1\0\0\0\0\0" + (1027).to_bytes(8, "little") + b"\0\0\2\0\0\0\0\0") * 40_000,
    "texts": b"\0text" * 200_000,
    "versions": b"U-Boot 2023.01 (" * 60_000,
    "rising numbers": b"".join(number.to_bytes(4, "little") for number in range(5000, 255_000)),
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_bytes_of_a_megabyte_end_in_time(name: str) -> None:
    begin = time.process_time()
    uboot_binary.parse(b"U-Boot 2023.01\0\0" + ABSURD[name])
    assert time.process_time() - begin < 3


def test_trees_that_lie_over_each_other_end_in_time() -> None:
    """Thousands of headers that lead to one structure, which is walked to its end before it turns out to have none."""
    count = 3000
    nodes = " ".join(f"n{number} {{ }};" for number in range(3000))
    tree = compiled(f"/dts-v1/; / {{ {nodes} }};")
    fields = struct.unpack(">10I", tree[:40])
    data = bytearray()
    for number in range(count):
        shift = 40 * (count - number) - 40
        magic, total, structure, strings, reserved, version, compatible, cpu, strings_size, size = fields
        head = (magic, total + shift, structure + shift, strings + shift, reserved + shift, version, compatible, cpu)
        data += struct.pack(">10I", *head, strings_size, size - 8)
    begin = time.process_time()
    assert uboot_control.find(bytes(data) + tree[40:]) == ()
    assert time.process_time() - begin < 5


def test_a_record_is_compared_by_its_values() -> None:
    found = uboot_binary.parse(made(SHAPES["arm"]))
    assert found == uboot_binary.parse(made(SHAPES["arm"]))
    assert found != replace(found, fit=None)


def test_trees_with_the_same_names_end_in_time() -> None:
    """Each few bytes begin a tree, all of them with the same megabyte of names."""
    head = struct.pack(">10I", 0xD00DFEED, 2 << 20, 40, 56, 40, 17, 16, 0, 1 << 20, 8) + struct.pack(">II", 3, 0)
    data = head * (4 << 14)
    begin = time.process_time()
    assert uboot_control.find(data) == ()
    assert time.process_time() - begin < 1
