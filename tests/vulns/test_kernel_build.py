"""Whether a kernel was built from what a flaw is in: only what is surely left out counts as not there."""

import pytest

from firmward.facts.kernel_config import KernelOptions
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.location import Location
from firmward.model.vulnerability import Justification, VexState
from firmward.vulns.kbuild.condition import Condition, Leaf, all_of, any_of, architecture, negated, on, text
from firmward.vulns.kernel_build import Built, KernelBuild, names
from firmward.vulns.kernel_map import KernelMap

NET, WIFI = on("NET"), all_of((on("NET"), on("WIFI")))
FILES: dict[str, Condition] = {
    "net/core.c": NET,
    "net/wifi.c": WIFI,
    "net/wifi.h": WIFI,
    "net/either.c": any_of((on("WIFI"), on("WIRED"))),
    "net/without.c": negated(on("NET")),
    "net/builtin.c": Leaf("NET", "y"),
    "net/text.c": on("TEXT"),
    "arch/arm/a.c": all_of((architecture("arm"), on("ARMY"))),
    "arch/x86/x.c": all_of((architecture("x86"), on("EFI"))),
}
MODULES = {"net/wifi.c": ("wifi",), "net/either.c": ("wired", "wifi")}


def kernel_map(
    conditions: dict[str, Condition] | None = None, modules: dict[str, tuple[str, ...]] = MODULES
) -> KernelMap:
    listed = list((FILES if conditions is None else conditions).items())
    words = ("1", *(text(condition) for _, condition in listed))
    paths = {path: (0, number) for number, (path, _) in enumerate(listed, 1)}
    return KernelMap("6.1.5", words, paths, modules, frozenset({"alpha"}), frozenset({"um"}))


def options(*, complete: bool = True, **values: str) -> KernelOptions:
    return KernelOptions(Location("boot/config"), values, complete, "6.1.5", "6.1.5", "arm")


def build(
    known: KernelOptions | None, architecture: str = "arm", modules: frozenset[str] | None = None, *maps: KernelMap
) -> KernelBuild:
    return KernelBuild("6.1.5", architecture, known, modules, maps or (kernel_map(),))


@pytest.mark.parametrize(
    ("values", "path", "built"),
    [
        ({"NET": "y"}, "net/core.c", Built.YES),
        ({"NET": "m"}, "net/core.c", Built.YES),
        ({"NET": "n"}, "net/core.c", Built.NO),
        ({}, "net/core.c", Built.NO),
        ({"NET": "y"}, "net/wifi.c", Built.NO),
        ({"NET": "y"}, "net/wifi.h", Built.NO),
        ({"NET": "y", "WIFI": "m"}, "net/wifi.c", Built.YES),
        ({"WIRED": "y"}, "net/either.c", Built.YES),
        ({}, "net/either.c", Built.NO),
        ({}, "net/without.c", Built.YES),
        ({"NET": "y"}, "net/without.c", Built.NO),
        ({"NET": "m"}, "net/builtin.c", Built.NO),
        ({"TEXT": "words"}, "net/text.c", Built.YES),
        ({"TEXT": ""}, "net/text.c", Built.UNKNOWN),
        ({"ARMY": "y"}, "arch/arm/a.c", Built.YES),
        ({"EFI": "y"}, "arch/x86/x.c", Built.NO),
        ({}, "arch/alpha/any.c", Built.NO),
        ({}, "net/later.c", Built.UNKNOWN),
        ({}, "net/Kconfig", Built.UNKNOWN),
    ],
)
def test_a_configuration_says_what_is_built(values: dict[str, str], path: str, built: Built) -> None:
    assert build(options(**values)).file(path).built is built


@pytest.mark.parametrize(
    ("values", "path", "built"),
    [
        ({}, "net/core.c", Built.UNKNOWN),
        ({"NET": "n"}, "net/core.c", Built.NO),
        ({"NET": "n"}, "net/wifi.c", Built.NO),
        ({"NET": "y"}, "net/wifi.c", Built.UNKNOWN),
        ({}, "arch/x86/x.c", Built.NO),
    ],
)
def test_a_defconfig_leaves_open_what_it_does_not_say(values: dict[str, str], path: str, built: Built) -> None:
    assert build(options(complete=False, **values)).file(path).built is built


@pytest.mark.parametrize(
    ("files", "built"),
    [
        (("net/wifi.c",), Built.NO),
        (("net/wifi.c", "net/wifi.h"), Built.NO),
        (("net/wifi.c", "net/core.c"), Built.YES),
        (("net/later.c", "net/core.c"), Built.YES),
        (("net/wifi.c", "net/later.c"), Built.UNKNOWN),
        (("net/wifi.c", "net/Kconfig"), Built.UNKNOWN),
        (("net/wifi.c", "tools/objtool/check.c"), Built.UNKNOWN),
        (("net/wifi.c", "scripts/mod/modpost.c"), Built.UNKNOWN),
        (("net/wifi.c", "Documentation/net.rst", "tools/testing/x.c", "MAINTAINERS"), Built.NO),
        (("Documentation/net.rst", "tools/testing/x.c"), Built.UNKNOWN),
        ((), Built.UNKNOWN),
    ],
)
def test_a_flaw_is_left_out_only_with_all_of_its_files(files: tuple[str, ...], built: Built) -> None:
    assert build(options(NET="y")).flaw(files).built is built


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (("net/wifi.c",), "not built: CONFIG_WIFI is off"),
        (("net/without.c",), "not built: CONFIG_NET is on"),
        (("net/builtin.c", "net/wifi.c"), "not built: CONFIG_NET is not y, CONFIG_WIFI is off"),
        (("net/either.c",), "not built: CONFIG_WIFI is off, CONFIG_WIRED is off"),
        (("arch/x86/x.c",), "not built: it is for x86, and this kernel for arm"),
        (("arch/x86/x.c", "net/wifi.c"), "not built: it is for x86, and this kernel for arm; CONFIG_WIFI is off"),
    ],
)
def test_the_sentence_says_which_option_is_off(files: tuple[str, ...], why: str) -> None:
    found = build(options(NET="m")).vex(files)
    assert found is not None
    assert (found.state, found.justification) == (VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT)
    assert found.detail == why


def test_a_long_sentence_ends_with_a_number() -> None:
    files = {f"d/{number}.c": on(f"O{number}") for number in range(9)}
    found = build(options(), "arm", None, kernel_map(files, {})).flaw(files)
    assert found.why == "not built: CONFIG_O0 is off, CONFIG_O1 is off, CONFIG_O2 is off, CONFIG_O3 is off and 5 more"


@pytest.mark.parametrize(
    ("modules", "path", "built"),
    [
        ({"wired"}, "net/wifi.c", Built.NO),
        ({"wifi"}, "net/wifi.c", Built.UNKNOWN),
        ({"wired"}, "net/either.c", Built.UNKNOWN),
        ({"other"}, "net/either.c", Built.NO),
        ({"other"}, "net/core.c", Built.UNKNOWN),
        ({"other"}, "net/wifi.h", Built.UNKNOWN),
    ],
)
def test_a_list_of_modules_says_what_is_missing(modules: set[str], path: str, built: Built) -> None:
    assert build(None, "arm", frozenset(modules)).file(path).built is built


def test_a_module_that_was_built_and_is_not_there_is_no_part_of_the_image() -> None:
    found = build(options(NET="y", WIFI="m"), "arm", frozenset({"other"})).vex(["net/wifi.c"])
    assert found is not None
    assert found.detail == "not built: the module wifi is neither a file nor built in"


def test_nothing_is_said_without_a_map() -> None:
    assert KernelBuild("6.1.5", "arm", options(), None, ()).flaw(["net/wifi.c"]).built is Built.UNKNOWN
    assert KernelBuild("4.4.1", "arm", options()).vex(["fs/xfs/xfs_inode.c"]) is None


def test_nothing_is_said_of_user_mode_linux() -> None:
    assert build(options(), "um").flaw(["net/wifi.c"]).built is Built.UNKNOWN


def test_an_architecture_that_is_not_known_decides_nothing() -> None:
    assert build(options(ARMY="y", EFI="y"), "").file("arch/x86/x.c").built is Built.UNKNOWN


def test_the_name_of_a_machine_is_that_of_its_folder() -> None:
    assert build(options(EFI="y"), "x86_64").file("arch/x86/x.c").built is Built.YES


@pytest.mark.parametrize(
    ("first", "second", "built"),
    [
        ({"a.c": on("X")}, {"a.c": on("X")}, Built.NO),
        ({"a.c": on("X")}, {"a.c": on("Z")}, Built.UNKNOWN),
        ({"a.c": all_of((on("X"), on("Z")))}, {"a.c": all_of((on("X"), on("ON")))}, Built.NO),
        ({"a.c": on("X")}, {"a.c": on("ON")}, Built.UNKNOWN),
        ({"a.c": on("ON")}, {"a.c": on("X")}, Built.UNKNOWN),
        ({"a.c": on("X")}, {}, Built.UNKNOWN),
        ({}, {"a.c": on("X")}, Built.UNKNOWN),
        ({"a.c": on("ON")}, {"a.c": on("ON")}, Built.YES),
    ],
)
def test_between_two_lines_only_what_both_need_counts(
    first: dict[str, Condition], second: dict[str, Condition], built: Built
) -> None:
    found = build(options(ON="y"), "arm", None, kernel_map(first, {}), kernel_map(second, {}))
    assert found.file("a.c").built is built


@pytest.mark.parametrize(
    ("shipped", "release", "found"),
    [
        (ShippedModules({}, {"6.1": frozenset("a")}, frozenset("b")), "6.1", {"a", "b"}),
        (ShippedModules({}, {"6.1": frozenset("a"), "": frozenset("c")}, frozenset("b")), "6.1", {"a", "b", "c"}),
        (ShippedModules({}, {"6.1": frozenset("a")}, frozenset("b")), "6.2", None),
        (ShippedModules({}, {"6.1": frozenset("a")}, frozenset("b")), "", None),
        (ShippedModules({}, {"6.1": frozenset("a")}, None), "6.1", None),
        (ShippedModules({}, {"6.1": frozenset("a")}, frozenset("b"), {}, ("unread",)), "6.1", None),
    ],
)
def test_modules_count_where_all_lists_of_the_release_are_there(
    shipped: ShippedModules, release: str, found: set[str] | None
) -> None:
    assert names(shipped, release) == found


@pytest.mark.parametrize(("later", "built"), [("wifi", Built.NO), ("wlan", Built.UNKNOWN)])
def test_a_module_that_was_renamed_between_two_lines_may_be_there(later: str, built: Built) -> None:
    first, second = (kernel_map(FILES, {"net/wifi.c": (name,)}) for name in ("wifi", later))
    assert build(None, "arm", frozenset({"other"}), first, second).file("net/wifi.c").built is built


def test_sources_that_share_a_need_are_judged_each_by_its_own() -> None:
    first = kernel_map({"a.c": all_of((on("ON"), on("OFF"))), "b.c": on("ON")}, {})
    second = kernel_map({"a.c": on("ON"), "b.c": on("ON")}, {})
    for paths in (("a.c", "b.c"), ("b.c", "a.c")):
        found = build(options(ON="y"), "arm", None, first, second)
        assert {path: found.file(path).built for path in paths} == {"a.c": Built.UNKNOWN, "b.c": Built.YES}
