"""Kconfig trees and what their options come to."""

import random
import time

import pytest

from firmward.formats import kconfig
from firmward.formats.kconfig_values import resolve
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown


def values(text: str, settings: dict[str, str] | None = None, **files: str) -> dict[str, object]:
    """What options come to; `?` stands for unknown."""
    sources = {name.replace("__", "/"): content.encode() for name, content in files.items()}
    tree = kconfig.parse({"Kconfig": text.encode(), **sources})
    found = resolve(tree, settings or {})
    return {name: "?" if isinstance(value, Unknown) else value for name, value in found.values.items()}


BASE = "config Y\n\tdef_bool y\nconfig N\n\tdef_bool n\nconfig U\n\tdef_bool $(success,cc)\n"


@pytest.mark.parametrize(
    ("declared", "settings", "value"),
    [
        ("bool", {}, "n"),
        ("bool", {"A": "y"}, "n"),
        ('bool "a"', {"A": "y"}, "y"),
        ('bool "a"\ndefault y', {"A": "n"}, "n"),
        ('bool "a" if N', {"A": "y"}, "n"),
        ('bool "a"\ndepends on N', {"A": "y"}, "n"),
        ('bool "a"\ndepends on U', {"A": "y"}, "?"),
        ('bool "a"\ndepends on U', {}, "n"),
        ('bool "a"\ndepends on U && N', {"A": "y"}, "n"),
        ('bool "a"\ndepends on U || Y', {"A": "y"}, "y"),
        ('bool "a"\ndepends on !U', {"A": "y"}, "?"),
        ("bool\ndefault y if N\ndefault n if Y\ndefault y", {}, "n"),
        ("bool\ndefault y if U\ndefault y", {}, "y"),
        ("bool\ndefault y if U\ndefault n", {}, "?"),
        ("bool\ndefault y if (Y && !N) || N", {}, "y"),
        ("def_bool Y = y", {}, "y"),
        ("def_bool NOWHERE", {}, "n"),
        ('def_bool NOWHERE = "NOWHERE"', {}, "y"),
        ("tristate\ndefault m", {}, "y"),
        ('int "a"\ndefault 3', {}, "3"),
        ('int "a"\ndefault 3', {"A": "7"}, "7"),
        ('int "a"\nrange 1 5\ndefault 3', {"A": "7"}, "3"),
        ('int "a"\nrange 1 5\ndefault 9', {}, "5"),
        ('hex "a"\nrange 0x10 0x20\ndefault 0x1', {}, "0x10"),
        ('int "a"\nrange 1 5 if U\ndefault 9', {}, "?"),
        ("int\ndefault 4 if U\ndefault 4", {}, "4"),
        ('string "a"', {}, ""),
        ('string "a"\ndefault "x # y"  # comment', {}, "x # y"),
        ("string\ndefault 'q'", {}, "q"),
        ('string\ndefault "a$(none)"', {}, "?"),
        ('string\ndefault "a\\$(none)"', {}, "a$(none)"),
        ("int", {"A": "4"}, None),
    ],
)
def test_one_option(declared: str, settings: dict[str, str], value: str | None) -> None:
    lines = declared.replace("\n", "\n\t")
    assert values(f"{BASE}config A\n\t{lines}\n", settings)["A"] == value


def test_select_sets_whatever_the_dependencies_say_and_imply_does_not() -> None:
    text = BASE + "config A\n\tbool\n\tdepends on N\nconfig B\n\tbool\n\tdepends on N\n"
    found = values(text + "config S\n\tdef_bool y\n\tselect A\n\timply B\n\tselect Z if N\n")
    assert (found["A"], found["B"]) == ("y", "n")
    text = BASE + 'config A\n\tbool "a"\n'
    assert values(text + "config S\n\tdef_bool y\n\timply A\n")["A"] == "y"
    assert values(text + "config S\n\tdef_bool y\n\timply A\n", {"A": "n"})["A"] == "n"
    assert values(text + "config S\n\tdef_bool U\n\tselect A\n", {"A": "n"})["A"] == "?"
    assert values(text + "config S\n\tdef_bool U\n\tselect A\n", {"A": "y"})["A"] == "y"


CHOICE = """
choice
    prompt "one of"
    {more}
config A
    bool "a"
config B
    bool "b"
    depends on Y
config C
    bool "c"
    depends on N
endchoice
"""


@pytest.mark.parametrize(
    ("more", "settings", "chosen"),
    [
        ("", {}, "A"),
        ("default B", {}, "B"),
        ("default C\n    default B", {}, "B"),
        ("default B if N", {}, "A"),
        ("default B if U", {}, "??"),
        ("default B", {"A": "y"}, "A"),
        ("", {"A": "y", "B": "y"}, "B"),
        ("", {"B": "y", "A": "y"}, "A"),
        ("", {"C": "y"}, "A"),
        ("optional", {}, ""),
        ("optional", {"B": "y"}, "B"),
        ("depends on N", {"B": "y"}, ""),
        ("depends on U", {"B": "y"}, "?"),
    ],
)
def test_of_a_choice_one_is_set(more: str, settings: dict[str, str], chosen: str) -> None:
    found = values(BASE + CHOICE.format(more=more), settings)
    if chosen.startswith("?"):
        assert found["B"] == "?"
        assert found["C"] == "n"
    else:
        assert [name for name in "ABC" if found[name] == "y"] == list(chosen)


def test_what_stands_in_menus_and_ifs_depends_on_them() -> None:
    text = """
menu "outer"
    depends on Y
    visible if N
    config A
        bool "a"
        default y
    if N
    menuconfig B
        bool "b"
        default y
        help
          if this were read
            config Z
          it would be wrong

          still the text
    endif
    menu "inner"
        config C
            int "c"
            default 3
    endmenu
endmenu
config D
    bool "d"
"""
    found = values(BASE + text, {"A": "n", "B": "n", "C": "9", "D": "y"})
    assert found == {"Y": "y", "N": "n", "U": "?", "A": "y", "B": "n", "C": "3", "D": "y"}


def test_declared_twice_the_prompts_add_up_and_defaults_keep_their_order() -> None:
    text = BASE + 'config A\n\tint "a" if N\n\tdefault 1 if N\nconfig A\n\tint "a"\n\tdepends on Y\n\tdefault 2\n'
    assert values(text)["A"] == "2"
    assert values(text, {"A": "5"})["A"] == "5"


def test_files_are_taken_in() -> None:
    found = values(
        'dir := sub\nsource "$(dir)/Kconfig"\nosource "none"\nsource "sub/*.more"\n',
        sub__Kconfig='rsource "next"\nconfig A\n\tdef_bool y\n',
        sub__next="config B\n\tdef_bool A\n",
        **{"sub__x.more": "config C\n\tdef_bool y\n", "sub__deep__x.more": "config D\n\tdef_bool y\n"},
    )
    assert found == {"A": "y", "B": "y", "C": "y"}


def test_what_a_missing_file_may_say_is_unknown() -> None:
    tree = kconfig.parse({"Kconfig": b'source "gone"\nconfig A\n\tdef_bool !ELSEWHERE\nconfig B\n\tdef_bool y\n'})
    found = resolve(tree, {})
    assert tree.unread == ("gone",)
    assert isinstance(found.get("A"), Unknown)
    assert isinstance(found.get("ELSEWHERE"), Unknown)
    assert found.get("B") == "y"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("greet = hello $(1)\nconfig A\n\tstring\n\tdefault \"$(greet,you)\"\n", "hello you"),
        ("a := x\nb = $(a)\na := z\nconfig A\n\tstring\n\tdefault \"$(b)\"\n", "z"),
        ("a := x\nb := $(a)\na := z\nconfig A\n\tstring\n\tdefault \"$(b)\"\n", "x"),
        ("a := x\na += y\nconfig A\n\tstring\n\tdefault \"$(a)\"\n", "x y"),
        ("config A\n\tstring\n\tdefault \"$(GIVEN)\"\n", "outside"),
        ("a = $(a)\nconfig A\n\tstring\n\tdefault \"$(a)\"\n", "?"),
        ("a = $(shell,date)\nconfig A\n\tstring\n\tdefault \"$(a)\"\n", "?"),
    ],
)  # fmt: skip
def test_macros(text: str, value: str) -> None:
    found = resolve(kconfig.parse({"Kconfig": text.encode()}, variables={"GIVEN": "outside"}), {}).get("A")
    assert ("?" if isinstance(found, Unknown) else found) == value


def test_modules_make_the_middle_value() -> None:
    text = 'config MODULES\n\tbool "m"\n\toption modules\nconfig A\n\ttristate "a"\nconfig B\n\ttristate\n\tdefault A\n'
    assert values(text, {"MODULES": "y", "A": "m"})["B"] == "m"
    assert values(text, {"A": "m"})["B"] == "y"


def test_a_statement_that_cannot_be_read_makes_its_option_unknown() -> None:
    text = "config A\n\tdef_bool y\n\tdepends on (B\nconfig B\n\tdef_bool A\nconfig C\n\tdef_bool y\n"
    assert values(text) == {"A": "?", "B": "?", "C": "y"}
    assert values("if (\nconfig A\n\tdef_bool y\nendif\nconfig C\n\tdef_bool y\n") == {"A": "?", "C": "y"}


LONG = 200_000


@pytest.mark.parametrize(
    "text",
    [
        'source "Kconfig"\n',
        "if Y\n" * 5000,
        "menu \"m\"\n" * 5000,
        "endif\nendmenu\nendchoice\n",
        "config A\n\tdepends on " + "(" * 5000 + "B" + ")" * 5000 + "\n",
        "config A\n\tdepends on " + "!" * 60_000 + "B\n",
        "config A\n\tdefault \"" + "$(a," * 5000,
        "config A\n\tdefault " + "$(" * 20_000 + "\n" * 3,
        "a = $(a)$(a)$(a)\nconfig A\n\tdefault $(a)\n",
        "".join(f"a{n} = $(a{n + 1})$(a{n + 1})\n" for n in range(60)) + "config A\n\tstring\n\tdefault $(a0)\n",
        "x" * LONG, "x\\\n" * LONG, "\\\n" * LONG, "help\n" * 1000, "config\nchoice\ndefault y\n",
        "".join(f"config A{n}\n\tbool\n\tdefault A{n + 1}\n" for n in range(5000)),
        "".join(f"config A{n}\n\tbool\n\tselect A{n + 1}\n\tdepends on A{n + 1}\n" for n in range(3000)),
        "menu \"m\"\n" + "\tdepends on A\n" * 20_000 + "config A\n\tdef_bool y\nendmenu\n",
        "config A\n\tint\n\trange 1 " + "9" * 5000 + "\n\tdefault " + "8" * 5000 + "\n",
        "choice\n\tprompt \"c\"\nconfig A\n\tbool \"a\"\n\tdepends on B\n"
        "config B\n\tbool \"b\"\n\tdepends on A\nendchoice\n",
    ],
)  # fmt: skip
def test_absurd_trees_are_bounded(text: str) -> None:
    started = time.process_time()
    values(text, {"A": "y"})
    assert time.process_time() - started < 5


def test_too_much_is_not_taken() -> None:
    tree = kconfig.parse(
        lambda path: b'source "b"\nconfig A\n\tdef_bool y\n' if path == "Kconfig" else b"\n" * (5 << 20)
    )
    assert tree.unread == ("b",)
    assert "too large" in tree.problems[0]
    with pytest.raises(Malformed, match="no Kconfig"):
        kconfig.parse({})
    twice = {f"f{n}": f'source "f{n + 1}"\n'.encode() * 2 for n in range(40)}
    assert any("too many files" in problem for problem in kconfig.parse(twice, "f0").problems)


def test_any_text_is_read() -> None:
    chance = random.Random(7)
    seed = (
        BASE + CHOICE.format(more="default B if U") + 'if N\nconfig I\n\tint "i"\n\trange 1 A\n\tdefault $(x)\nendif\n'
    )
    for _ in range(400):
        data = bytearray(seed.encode())
        for _ in range(chance.choice((1, 5, 30))):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(20)]
                case 2:
                    data[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(40)]
        tree = kconfig.parse({"Kconfig": bytes(data)})
        resolve(tree, {"A": "y", "I": "4"})


def test_files_in_a_circle_are_told() -> None:
    tree = kconfig.parse({"Kconfig": b'source "b"\n', "b": b'source "Kconfig"\nconfig A\n\tdef_bool y\n'})
    assert tree.problems == ("Kconfig:0: the file takes in itself",)
    assert resolve(tree, {}).get("A") == "y"
