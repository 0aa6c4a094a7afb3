"""Every configuration of a kernel that Debian ships, as its kernels' packages leave them."""

import importlib.util
import re
from pathlib import Path

import pytest
from real.kernel_configs import configurations
from real.kernel_verdicts import digest, recorded
from real.roots import NoPackagesError

from firmward.checks.kernel.options.row import FORMER

pytestmark = pytest.mark.proof

TOOL = Path(__file__).parents[2] / "tools" / "kernel_comparison.py"
SPEC = importlib.util.spec_from_file_location("kernel_comparison", TOOL)
assert SPEC is not None
assert SPEC.loader is not None
kernel_comparison = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(kernel_comparison)

FLAVOURS = """
5.10/amd64 amd64 cloud-amd64 rt-amd64
5.10/arm64 arm64 cloud-arm64 rt-arm64
5.10/armhf armmp armmp-lpae rt-armmp
5.10/i386 686 686-pae rt-686-pae
6.1/amd64 amd64 cloud-amd64 rt-amd64
6.1/arm64 arm64 cloud-arm64 rt-arm64
6.1/armel marvell rpi
6.1/armhf armmp armmp-lpae rt-armmp
6.1/i386 686 686-pae rt-686-pae
6.1/mips64el 5kc-malta loongson-3 mips64r2el octeon
6.1/mipsel 4kc-malta loongson-3 mips32r2el octeon
6.1/ppc64el powerpc64le
6.1/s390x s390x
6.12/amd64 amd64 cloud-amd64 rt-amd64
6.12/arm64 arm64 arm64-16k cloud-arm64 rt-arm64
6.12/armhf armmp armmp-lpae rt-armmp
6.12/ppc64el powerpc64le powerpc64le-64k
6.12/riscv64 riscv64
6.12/s390x s390x
"""


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    try:
        return dict(configurations())
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")


def test_every_flavour_of_every_architecture_is_there(found: dict[str, str]) -> None:
    rows = [row.split() for row in FLAVOURS.strip().splitlines()]
    assert set(found) == {f"{place}/{flavour}" for place, *flavours in rows for flavour in flavours}


def test_all_are_whole_and_none_is_another_one(found: dict[str, str]) -> None:
    assert len(set(found.values())) == len(found) >= 30
    for name, text in found.items():
        assert "CONFIG_SECURITY=y" in text, name
        assert "CONFIG_LSM=" in text, name


def test_options_are_named_as_debians_kernels_name_them(found: dict[str, str]) -> None:
    for name, text in found.items():
        version = tuple(int(step) for step in name.split("/")[0].split("."))
        for option, (since, former) in FORMER.items():
            other = former if version >= since else option
            still = {
                "DEBUG_LIST",
                "DEBUG_WX",
                "CPU_MITIGATIONS",
            }  # one lives on beside the new one, stable kernels took the other over
            assert other in still or not re.search(rf"^(# )?CONFIG_{other}[= ]", text, re.MULTILINE), (name, other)


def test_the_verdicts_beside_a_public_checker_s_are_those_in_the_docs(found: dict[str, str]) -> None:
    """Packages that were updated since may have other configurations: then both are asked again."""
    known = dict(zip(recorded().names, recorded().digests, strict=True))
    changed = [name for name, text in found.items() if name in known and digest(text) != known[name]]
    if changed:
        pytest.skip(f"Debian's packages have changed: {', '.join(changed[:3])}")
    assert kernel_comparison.section(list(found.items())) + "\n" == kernel_comparison.SECTION.read_text()
