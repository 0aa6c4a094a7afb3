"""Debian's kernels of all architectures: what they can do is known, and the checks say just that."""

import re

import pytest
from configured import judged
from real.kernel_configs import configurations
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.checks.kernel.kernel_cgroups_missing import kernel_cgroups_missing
from firmward.checks.kernel.kernel_live_patching_absent import kernel_live_patching_absent
from firmward.checks.kernel.kernel_lsm_missing import PROFILES, kernel_lsm_missing
from firmward.checks.kernel.kernel_netfilter_missing import kernel_netfilter_missing
from firmward.checks.kernel.kernel_optee_missing import kernel_optee_missing
from firmward.model.check import Check
from firmward.model.finding import Outcome
from firmward.model.folder import FolderTree
from firmward.model.memory import Content

pytestmark = pytest.mark.proof

PASS, FAIL = Outcome.PASS, Outcome.FAIL
LINE: dict[str, Content] = {"boot/cmdline.txt": "root=/dev/sda2 ro\n"}
FILTERS = ("nf_tables", "ip_tables", "iptable_filter", "ip6_tables", "ip6table_filter")
DECLARED = '[filesystem]\nkey_store = "optee"\n[kernel]\nlive_patching = true\n'


@pytest.fixture(scope="module")
def configs() -> dict[str, str]:
    try:
        return dict(configurations())
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")


def failing(check: Check, configs: dict[str, str], files: dict[str, Content]) -> set[str]:
    """The kernels of which the check finds something; it knows of each."""
    found = {}
    for name, text in configs.items():
        release = name.split("/")[0]
        own = {path.format(release): content for path, content in files.items()}
        found[name] = judged(check, {f"boot/config-{release}": text, **LINE, **own}, DECLARED).outcome
    assert set(found.values()) <= {PASS, FAIL}, found
    return {name for name, outcome in found.items() if outcome is FAIL}


def test_all_start_apparmor_and_none_has_a_policy_of_its_own(configs: dict[str, str]) -> None:
    assert failing(kernel_lsm_missing, configs, PROFILES) == set()
    assert failing(kernel_lsm_missing, configs, {}) == set(configs)
    off: dict[str, Content] = {**PROFILES, "boot/extlinux/extlinux.conf": "append lsm=landlock,yama\n"}
    assert failing(kernel_lsm_missing, configs, off) == set(configs)


def test_all_filter_with_the_modules_they_come_with(configs: dict[str, str]) -> None:
    place = "lib/modules/{}/kernel/net/"
    shipped: dict[str, Content] = {f"{place}{name}.ko": b"\x7fELF" for name in FILTERS}
    assert failing(kernel_netfilter_missing, configs, shipped) == set()
    assert failing(kernel_netfilter_missing, configs, {f"{place}loop.ko": b"\x7fELF"}) == set(configs)


def test_only_the_smallest_cannot_limit_services(configs: dict[str, str]) -> None:
    needed = {"CONFIG_MEMCG=y", "CONFIG_CGROUP_PIDS=y", "CONFIG_CFS_BANDWIDTH=y"}
    lacking = {name for name, text in configs.items() if not needed <= set(text.splitlines())}
    assert lacking == {"6.1/armel/marvell"}
    assert failing(kernel_cgroups_missing, configs, {}) == lacking


def test_optees_driver_is_where_the_configuration_says(configs: dict[str, str]) -> None:
    place = "lib/modules/{}/kernel/drivers/tee/"
    shipped: dict[str, Content] = {f"{place}{name}.ko": b"\x7fELF" for name in ("tee", "optee")}
    driven = {name for name, text in configs.items() if re.search(r"^CONFIG_OPTEE=[ym]$", text, re.MULTILINE)}
    assert {name.split("/")[1] for name in driven} == {"arm64"}
    assert failing(kernel_optee_missing, configs, shipped) == set(configs) - driven


def test_live_patching_is_in_few(configs: dict[str, str]) -> None:
    patched = {name for name, text in configs.items() if "\nCONFIG_LIVEPATCH=y\n" in text}
    assert failing(kernel_live_patching_absent, configs, {}) == set(configs) - patched
    assert {name.split("/")[1] for name in patched} == {"amd64"}


KERNELS = [("rpi", "armel"), ("4kc-malta", "mipsel"), ("arm64", "arm64"), ("amd64", "amd64"), ("s390x", "s390x")]


@pytest.mark.parametrize(("flavour", "architecture"), KERNELS)
def test_the_packages_modules_are_found(flavour: str, architecture: str) -> None:
    """The whole package, with its modules as they lie there."""
    try:
        folder = FolderTree(kernel(flavour, architecture).resolve())
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    assert judged(kernel_netfilter_missing, folder).outcome is PASS
    optee = judged(kernel_optee_missing, folder, DECLARED).outcome
    assert optee is (PASS if architecture == "arm64" else FAIL)
    assert judged(kernel_lsm_missing, folder).outcome is FAIL, "no policy, whatever starts it"
    assert judged(kernel_cgroups_missing, folder).outcome is Outcome.UNKNOWN, "the package has no command line"
