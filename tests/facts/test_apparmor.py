"""Which AppArmor profiles hold on the running system, and for what."""

import pytest
from systems.debian import BASE, UNITS, enabled, unit
from systems.shared import programs

from firmward.facts.apparmor import Apparmor
from firmward.facts.collection import Collection
from firmward.model.memory import Content, MemoryTree, executable, link

PROFILE = "/usr/bin/app {\n}\n"
SERVICE = {f"{UNITS}/apparmor.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=sysinit.target\n"}
INSTALLED: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/apparmor_parser", "usr/bin/app"),
    **SERVICE,
    f"{UNITS}/app.service": unit("/usr/bin/app"),
    **enabled("app.service"),
    "etc/apparmor.d/usr.bin.app": PROFILE,
}
LOADED: dict[str, Content] = {**INSTALLED, **enabled("apparmor.service", "sysinit.target")}


def apparmor(files: dict[str, Content]) -> Apparmor:
    found = Collection(MemoryTree(files)).get(Apparmor)
    assert isinstance(found, Apparmor), found
    return found


def test_nothing_is_loaded_unless_the_service_starts() -> None:
    assert not apparmor(INSTALLED).loaded
    assert apparmor(LOADED).loaded


@pytest.mark.parametrize("command", ["apparmor_parser -r /etc/apparmor.d", "/etc/init.d/apparmor start"])
def test_a_script_of_its_own_may_load(command: str) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable(f"#!/bin/sh\n{command}\n"),
        "etc/init.d/apparmor": executable("#!/bin/sh\necho $1\n"),
        "etc/apparmor.d/app": PROFILE,
    }
    assert apparmor(files).loaded
    assert not apparmor({**files, "etc/init.d/rcS": executable("#!/bin/sh\n")}).loaded


@pytest.mark.parametrize(
    ("more", "complains", "disabled"),
    [
        ({}, False, False),
        ({"etc/apparmor.d/force-complain/usr.bin.app": link("../usr.bin.app")}, True, False),
        ({"etc/apparmor.d/disable/usr.bin.app": link("../usr.bin.app")}, False, True),
        ({"etc/apparmor.d/usr.bin.app": PROFILE.replace(" {", " flags=(complain) {")}, True, False),
        ({f"{UNITS}/x.service": unit("aa-complain /usr/bin/app"), **enabled("x.service")}, True, False),
        ({f"{UNITS}/x.service": unit("aa-complain /etc/apparmor.d/usr.bin.app"), **enabled("x.service")}, True, False),
        (
            {f"{UNITS}/x.service": unit("apparmor_parser -rC /etc/apparmor.d/other"), **enabled("x.service")},
            False,
            False,
        ),
        ({f"{UNITS}/x.service": unit("aa-complain /usr/bin/app")}, False, False),
        ({f"{UNITS}/x.service": unit("aa-disable /usr/bin/app"), **enabled("x.service")}, False, True),
    ],
)
def test_the_mode_of_a_profile(more: dict[str, Content], complains: bool, disabled: bool) -> None:
    [profile] = apparmor({**LOADED, **more}).profiles
    assert (profile.complains, profile.disabled) == (complains, disabled)


def test_leftovers_and_folders_are_not_loaded() -> None:
    more = dict.fromkeys(("a.dpkg-old", "b~", ".c", "abstractions/d", "README"), PROFILE)
    found = apparmor({**LOADED, **{f"etc/apparmor.d/{name}": text for name, text in more.items()}})
    assert [profile.at.path for profile in found.profiles] == ["etc/apparmor.d/usr.bin.app"]


def test_a_link_leads_to_the_program_that_is_confined() -> None:
    files = {**LOADED, "usr/bin/start": link("app"), f"{UNITS}/app.service": unit("/usr/bin/start")}
    profile = apparmor(files).of("app.service", "app")
    assert profile is not None
    assert profile.name == "/usr/bin/app"


def test_a_unit_names_its_profile() -> None:
    files = {
        **LOADED,
        "etc/apparmor.d/own": "profile own {\n}\n",
        f"{UNITS}/app.service": unit("/usr/bin/app", "AppArmorProfile=-own"),
    }
    profile = apparmor(files).of("app.service", "app")
    assert profile is not None
    assert profile.name == "own"


def test_a_profile_that_is_cut_off_is_told() -> None:
    assert apparmor({**LOADED, "etc/apparmor.d/cut": "/usr/bin/x {\n"}).unread == (
        "etc/apparmor.d/cut ends inside a profile",
    )
