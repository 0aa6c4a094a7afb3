"""What uci-defaults makes of the configuration that ships."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.first_start import configuration
from firmward.facts.startup import Startup
from firmward.formats import uci
from firmward.model.memory import Content, MemoryTree, executable, link

RUN = "boot() {\n\tfor step in /etc/uci-defaults/*; do ( . $step ) && rm $step; done\n}\n"
APPLY = "boot() {\n\t. /lib/functions.sh\n\tuci_apply_defaults\n}\n"
NAMED = "config dropbear 'main'\n\toption PasswordAuth 'off'\n\nconfig dropbear\n\toption Port '2222'\n"


def written(script: str, boot: str = RUN) -> list[uci.Section]:
    files: dict[str, Content] = {
        "etc/rc.common": "",
        "sbin/procd": executable(b"\x7fELF"),
        "etc/init.d/boot": executable(f"#!/bin/sh /etc/rc.common\nSTART=10\n{boot}"),
        "etc/rc.d/S10boot": link("../init.d/boot"),
        "etc/config/dropbear": NAMED,
        "etc/uci-defaults/95-x": executable(f"#!/bin/sh\n{script}\n"),
    }
    tree = MemoryTree(files)
    startup = Collection(tree).facts("test", (Startup,)).families[Startup]
    assert isinstance(startup, Startup)
    return list(uci.parse(configuration(tree, "dropbear", startup) or ""))


def value(sections: list[uci.Section], place: int, option: str) -> str | None:
    found = sections[place].get(option)
    return None if found is None else found.value


@pytest.mark.parametrize("boot", [RUN, APPLY])
@pytest.mark.parametrize(
    "script",
    [
        "uci set dropbear.main.PasswordAuth='on'",
        "uci -q set dropbear.main.PasswordAuth=on && uci commit dropbear",
        "uci set dropbear.@dropbear[0].PasswordAuth=on",
        "uci -q batch <<-EOT\n\tset dropbear.main.PasswordAuth='on'\n\tcommit dropbear\nEOT",
        "uci batch << 'E'\nset dropbear.@dropbear[-2].PasswordAuth=on\nE",
        "[ -e /etc/x ] || uci set dropbear.main.PasswordAuth=on",
    ],
)
def test_what_is_set_replaces_what_ships(script: str, boot: str) -> None:
    sections = written(script, boot)
    assert value(sections, 0, "PasswordAuth") == "on"
    assert value(sections, 1, "Port") == "2222"
    assert len(sections) == 2


def test_an_anonymous_section_keeps_its_line() -> None:
    sections = written("uci set dropbear.@dropbear[1].Port=22")
    assert (value(sections, 1, "Port"), sections[1].line) == ("22", 4)


def test_an_option_that_is_deleted_is_gone() -> None:
    assert value(written("uci delete dropbear.main.PasswordAuth"), 0, "PasswordAuth") is None


def test_a_section_is_made() -> None:
    sections = written("uci set dropbear.lab=dropbear\nuci set dropbear.lab.Port=2022")
    assert (len(sections), value(sections, 2, "Port")) == (3, "2022")


@pytest.mark.parametrize(
    ("script", "boot"),
    [
        ("uci set dropbear.main.PasswordAuth=on", "boot() {\n\tkmodloader\n}\n"),
        ("# uci set dropbear.main.PasswordAuth=on", RUN),
        ("uci set dropbear.other.PasswordAuth=on", RUN),
        ("uci set network.main.PasswordAuth=on", RUN),
        ("uci set dropbear.main.$OPTION=on", RUN),
        ("uci get dropbear.main.PasswordAuth", RUN),
    ],
)
def test_nothing_else_changes_it(script: str, boot: str) -> None:
    assert value(written(script, boot), 0, "PasswordAuth") == "off"
