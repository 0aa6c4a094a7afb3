"""The maps that are shipped, beside make on their trees: nothing that it builds may be said to be left out."""

from pathlib import Path

import pytest
from real.kernel_configs import configurations
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts.kernel_config import KernelOptions
from firmward.facts.modprobe import module_name
from firmward.formats import kernel_config
from firmward.model.location import Location
from firmward.vulns.kernel_build import Built, KernelBuild
from real import kernel_make

SMALL = ("x86/tinyconfig", "x86/defconfig", "mips/ath79", "arm/sama5", "arm64/defconfig")
NO_KERNEL = ("scripts/", "tools/")
"""What is compiled for the machine that builds."""


def options(text: str) -> KernelOptions:
    said = kernel_config.parse(text)
    return KernelOptions(Location("config"), said.settings, said.is_complete, said.version, "", said.architecture)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return kernel_make.unpacked_tree("6.1", "bookworm", tmp_path_factory.mktemp("kernel"))
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SMALL)
def test_nothing_that_make_builds_is_left_out(name: str, tree: Path, tmp_path: Path) -> None:
    target = next(one for one in kernel_make.TARGETS if one.name == name)
    if target.compiler is None:
        pytest.skip(f"no compiler for {target.architecture} is installed")
    made = kernel_make.made(tree, target, tmp_path)
    known = options(made.configuration)
    build = KernelBuild(known.version, known.architecture, known)
    sources = {path for path in made.sources if not path.startswith(NO_KERNEL)}
    assert len(sources) > 300
    assert [path for path in sorted(sources) if build.file(path).built is Built.NO] == []
    # of what the map says is built little is not: what rules build, that are not understood
    said = {path for one in build.maps for path in one.paths if path.endswith((".c", ".S"))}
    surplus = {path for path in said - sources if build.file(path).built is Built.YES}
    assert len(surplus) < 300


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_debians_kernels_are_built_from_less_than_their_trees() -> None:
    try:
        found = configurations()
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    for name, text in found:
        known = options(text)
        build = KernelBuild(known.version, known.architecture, known)
        assert build.flaw(["fs/xfs/xfs_inode.c"]).built is (Built.NO if known.get("XFS_FS") == "n" else Built.YES), name
        assert build.flaw(["kernel/fork.c"]).built is Built.UNKNOWN
        others = {"x86", "arm64", "mips", "s390"} - {build.architecture}
        assert all(build.flaw([f"arch/{one}/kernel/setup.c"]).built is Built.NO for one in others), name


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("flavour", "architecture"), [("amd64", "amd64"), ("armmp", "armhf"), ("4kc-malta", "mipsel")])
def test_what_a_configuration_has_built_no_list_of_modules_leaves_out(flavour: str, architecture: str) -> None:
    try:
        folder = kernel(flavour, architecture)
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    (file,) = (folder / "boot").glob("config-*")
    known = options(file.read_text())
    (place,) = folder.glob("lib/modules/*")
    there = [path.name for path in place.rglob("*.ko*")]
    built_in = [line.rpartition("/")[2] for line in (place / "modules.builtin").read_text().split()]
    modules = frozenset(module_name(name.split(".ko")[0]) for name in (*there, *built_in))
    by_options = KernelBuild(known.version, known.architecture, known)
    by_modules = KernelBuild(known.version, known.architecture, None, modules)
    sources = [path for one in by_options.maps for path in one.paths if path.endswith((".c", ".S"))]
    absent = [path for path in sources if by_modules.file(path).built is Built.NO]
    assert len(absent) > 10_000
    assert [path for path in absent if by_options.file(path).built is Built.YES] == []
