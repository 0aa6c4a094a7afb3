"""Maps of kernels: written and read back, and the lines that a version is judged by."""

import json
import lzma
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.vulns.kbuild.condition import Condition, all_of, any_of, architecture, negated, on, text
from firmward.vulns.kbuild.includes import Included
from firmward.vulns.kbuild.tree import Build, Builds
from firmward.vulns.kernel_map import KernelMap, line_of, maps_for, read, shipped, shipped_lines, write

A, B, C = on("A"), on("B"), on("C")
CONDITIONS = (A, all_of((A, B)), any_of((A, B)), all_of((A, negated(B))), all_of((architecture("arm"), C)))
paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)


def included(builds: dict[str, Build], architectures: frozenset[str] = frozenset()) -> Included:
    return Included(Builds(builds, frozenset({"um"})), architectures)


def packed(builds: dict[str, Build], *architectures: str, detailed: tuple[str, ...] = ()) -> KernelMap:
    return read(write("6.1.5", included(builds, frozenset(architectures)), detailed))


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.builds(
            lambda folder, name, suffix: f"{folder}/{name}{suffix}", paths, paths, st.sampled_from((".c", ".h", ""))
        ),
        st.builds(Build, st.sampled_from(CONDITIONS), st.sampled_from((None, frozenset("a"), frozenset(("x", "y_z"))))),
        max_size=6,
    )
)
def test_a_map_comes_back_as_what_was_written(builds: dict[str, Build]) -> None:
    found = packed(builds)
    assert found.version == "6.1.5"
    assert set(found.paths) == set(builds)
    for path, build in builds.items():
        condition = found.condition(path)
        assert condition is not None
        assert text(condition) == text(build.condition)
        assert set(found.modules.get(path, ())) == (build.modules or frozenset())


def test_what_is_always_built_is_left_out() -> None:
    found = packed({"a.c": Build(all_of(()), None), "b.c": Build(A, None)})
    assert (found.condition("a.c"), found.condition("b.c"), found.condition("c.c")) == (None, A, None)


def test_of_a_rare_architecture_only_that_it_is_one_is_kept() -> None:
    builds = {f"arch/{one}/k/a.c": Build(all_of((architecture(one), A)), None) for one in ("arm", "alpha", "sh")}
    found = packed(builds, "arm", "alpha", detailed=("arm",))
    assert found.condition("arch/arm/k/a.c") == all_of((architecture("arm"), A))
    assert found.condition("arch/arm/k/other.c") is None
    assert found.condition("arch/alpha/k/other.c") == architecture("alpha")
    assert found.condition("arch/sh/k/a.c") == all_of((architecture("sh"), A))
    assert found.condition("arch/Kconfig") is None


def test_the_same_builds_give_the_same_bytes() -> None:
    builds = {f"d/{number}.c": Build(on(f"O{number % 7}"), None) for number in range(30)}
    turned = dict(reversed(builds.items()))
    assert write("6.1.5", included(builds), ()) == write("6.1.5", included(turned), ())


def changed(**parts: object) -> bytes:
    said = json.loads(lzma.decompress(write("6.1.5", included({"d/a.c": Build(A, None)}), ())))
    return lzma.compress(json.dumps({**said, **parts}).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xz",
        lzma.compress(b"[]"),
        lzma.compress(b"{}"),
        lzma.compress(bytes(20 << 20)),
        changed()[:-20],
        changed(schema="firmward.kernel-map/2"),
        changed(conditions=[]),
        changed(folders={"d": [0, {".c": "a"}, [9], [-2]]}),
        changed(folders={"d": [0, {".c": "a b"}, [0], [-2]]}),
        changed(folders={"d": [0, {".c": "a"}, [0], [7]]}),
        changed(folders=[1]),
        changed(folders={"d": 1}),
    ],
)
def test_what_is_no_map_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read(content)


@pytest.mark.parametrize(
    ("version", "line"),
    [("6.1.170", (6, 1)), ("5.10.0-28-amd64", (5, 10)), ("6.12", (6, 12)), ("", None), ("next", None)],
)
def test_the_line_of_a_version(version: str, line: tuple[int, int] | None) -> None:
    assert line_of(version) == line


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        ("6.1.170", [(6, 1)]),
        ("5.15.3", [(5, 10), (6, 1)]),
        ("6.6", [(6, 1), (6, 12)]),
        ("5.4.1", []),
        ("6.13", []),
        ("", []),
    ],
)
def test_a_version_is_judged_by_its_line_or_by_those_around_it(version: str, lines: list[tuple[int, int]]) -> None:
    load: Callable[[tuple[int, int]], KernelMap] = lambda line: KernelMap(f"{line[0]}.{line[1]}", (), {})  # noqa: E731
    found = maps_for(version, [(6, 12), (5, 10), (6, 1)], load)
    assert [line_of(one.version) for one in found] == lines


@pytest.mark.parametrize("line", shipped_lines(), ids=lambda line: ".".join(map(str, line)))
def test_the_maps_that_are_shipped_know_the_tree(line: tuple[int, int]) -> None:
    found = shipped(line)
    assert line_of(found.version) == line
    assert len(found.paths) > 40_000
    assert found.condition("kernel/fork.c") is None
    assert found.condition("fs/xfs/xfs_inode.c") == on("XFS_FS")
    assert text(need(found.condition("drivers/net/ethernet/intel/e1000/e1000_main.c"))) == (
        "(E1000&ETHERNET&NET_VENDOR_INTEL)"
    )
    assert text(need(found.condition("arch/x86/kvm/vmx/vmx.c"))).startswith("(@x86&KVM")
    assert found.modules["fs/xfs/xfs_inode.c"] == ("xfs",)
    assert found.modules["net/bluetooth/l2cap_core.c"] == ("bluetooth",)
    assert "um" in found.unsaid


def need(condition: Condition | None) -> Condition:
    assert condition is not None
    return condition
