"""The numbers of a kernel's options, and the words for them."""

import pytest

from firmward.audit.kernel import distinct, headline, rest, standings
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.facts import Unknown
from firmward.model.kernel_standing import KernelStanding
from firmward.model.location import Location
from firmward.model.policy import parse_policy

CAMERA = parse_policy('[kernel]\nprofile = "camera"\n')


def config(*, is_complete: bool = True, version: str = "6.1.55", **options: str) -> KernelConfigs:
    one = KernelOptions(Location("boot/config"), options, is_complete, version, "6.1.55-board", "arm64")
    return KernelConfigs((one,))


def counted(found: KernelStanding) -> int:
    return found.as_wanted + found.left_out + found.others + found.unknown


@pytest.mark.parametrize("policy", [None, CAMERA])
def test_every_option_that_is_asked_is_counted_once(policy: object) -> None:
    for configs in (config(), config(is_complete=False), config(STRICT_KERNEL_RWX="y", DEVMEM="y")):
        (found,) = standings(configs, None, CAMERA if policy else None)
        assert counted(found) == found.asked > 200
        assert (found.name, found.architecture) == ("6.1.55-board", "arm64")


def test_one_option_as_wanted_is_one_more() -> None:
    (without,) = standings(config(), None, None)
    (with_it,) = standings(config(STRICT_KERNEL_RWX="y"), None, None)
    assert (with_it.as_wanted, with_it.medium) == (without.as_wanted + 1, without.medium - 1)


def test_what_the_profile_leaves_out_counts_for_itself() -> None:
    (without,) = standings(config(KALLSYMS="y"), None, None)
    (camera,) = standings(config(KALLSYMS="y"), None, CAMERA)
    assert without.left_out == 0
    assert camera.left_out > 0
    assert camera.as_wanted == without.as_wanted
    assert camera.others == without.others - camera.left_out


def test_a_defconfig_leaves_most_unknown() -> None:
    (found,) = standings(config(is_complete=False, DEVMEM="y"), None, None)
    assert found.unknown > 200
    assert found.medium == 1


def test_where_no_configuration_is_known_nothing_stands() -> None:
    assert standings(None, None, None) == ()
    assert standings(Unknown("why"), None, None) == ()


def test_two_slots_with_the_same_kernel_are_one() -> None:
    assert len(distinct([*standings(config(), None, None), *standings(config(), None, None)])) == 1
    assert len(distinct([*standings(config(), None, None), *standings(config(DEVMEM="y"), None, None)])) == 2


def test_the_words() -> None:
    found = KernelStanding("6.1.55", Location("boot/config"), "arm64", 200, 150, 12, 6, 0, 30, 2)
    assert headline(found) == "Linux 6.1.55 for arm64: 150 of 200 options are as wanted"
    assert rest(found) == "12 left out by the profile, 6 medium, 30 info, 2 unknown"
    whole = KernelStanding("6.1.55", Location("boot/config"), "", 200, 200, 0, 0, 0, 0, 0)
    assert headline(whole) == "Linux 6.1.55: 200 of 200 options are as wanted"
    assert rest(whole) == "nothing is left"
