"""Headers, and sources that others include: part of what is built wherever one that includes them is."""

from pathlib import Path

import pytest
from kbuild_tree import laid

from firmward.vulns.kbuild.condition import text
from firmward.vulns.kbuild.includes import Included, with_included
from firmward.vulns.kbuild.tree import KernelTree, builds

KBUILD = """
obj-$(CONFIG_A) += a.o
obj-$(CONFIG_B) += b.o
obj-$(CONFIG_C) += c/
obj-y += always.o
"""
BASE = {
    "Makefile": "core-y := d/\ninclude $(srctree)/arch/$(SRCARCH)/Makefile\n",
    "arch/arm/Makefile": "core-y += arch/arm/k/\n",
    "arch/arm/k/Makefile": "obj-$(CONFIG_K) += k.o\n",
    "arch/x86/Makefile": "core-y += arch/x86/k/\n",
    "arch/x86/k/Makefile": "obj-$(CONFIG_K) += k.o\n",
    "d/Makefile": KBUILD,
    "d/c/Makefile": "obj-y += c.o\n",
    **dict.fromkeys(("arch/arm/k/k.c", "arch/x86/k/k.c", "d/a.c", "d/b.c", "d/c/c.c", "d/always.c"), ""),
}


def read(folder: Path, **files: str) -> Included:
    named = {path.replace("__", "/"): content for path, content in files.items()}
    tree = KernelTree(laid({**BASE, **{path: named[path] for path in named}}, folder))
    return with_included(tree, builds(tree))


def conditions(folder: Path, files: dict[str, str]) -> dict[str, str]:
    found = read(folder, **{path.replace("/", "__"): content for path, content in files.items()})
    return {path: text(build.condition) for path, build in found.builds.found.items()}


@pytest.mark.parametrize(
    ("files", "condition"),
    [
        ({"d/a.c": '#include "x.h"'}, "A"),
        ({"d/a.c": ' # include\t"x.h" /* x */'}, "A"),
        ({"d/a.c": '#include "x.h"', "d/b.c": '#include "x.h"'}, "(A|B)"),
        ({"d/a.c": '#include "x.h"', "d/c/c.c": '#include "../x.h"'}, "(A|C)"),
        ({"d/a.c": '#include "y.h"', "d/y.h": '#include "x.h"'}, "A"),
        ({"d/a.c": '#include "y.h"', "d/y.h": '#include "z.h"', "d/z.h": '#include "y.h"\n#include "x.h"'}, "A"),
        ({"d/a.c": "#include <d/x.h>"}, "A"),
        ({"d/a.c": "#include <x.h>"}, "A"),
        ({"d/a.c": '#define FILE "x.h"\n#include FILE'}, "A"),
        ({"d/c/c.c": '#define FILE "x.h"', "d/c/x.h": ""}, "C"),
        ({"d/a.c": '.include "x.h"'}, "A"),
        ({"d/a.c": '#include "x.h"', "d/c/c.c": '#include "x.h"', "d/c/x.h": ""}, "A"),
        ({"d/a.c": '#include "x.h"', "d/c/c.c": "#include <x.h>", "d/c/x.h": ""}, "(A|C)"),
    ],
)
def test_when_a_header_is_part_of_a_kernel(files: dict[str, str], condition: str, tmp_path: Path) -> None:
    assert conditions(tmp_path, {"d/x.h": "", **files})["d/x.h"] == condition


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"d/always.c": '#include "x.h"'},
        {"d/a.c": '#include "x.h"', "d/board.dts": '#include "x.h"'},
        {"d/a.c": '#include "x.h"', "d/lost.c": '#include "x.h"'},
        {"d/a.c": '#include "x.h"', "d/lost.h": '#include "x.h"'},
        {"d/a.c": '#include "x.h"', "d/Makefile": f"{KBUILD}\nCFLAGS_b.o += -include $(src)/x.h"},
    ],
)
def test_a_header_that_others_may_take_is_left_open(files: dict[str, str], tmp_path: Path) -> None:
    assert "d/x.h" not in conditions(tmp_path, {"d/x.h": "", **files})


def test_a_source_that_is_included_is_built_with_who_includes_it(tmp_path: Path) -> None:
    files = {"d/part.c": "", "d/a.c": '#include "part.c"', "d/b.c": "", "d/c/c.c": '#include "../b.c"'}
    found = conditions(tmp_path, files)
    assert (found["d/part.c"], found["d/b.c"], found["d/c/c.c"]) == ("A", "(B|C)", "C")


def test_a_source_that_something_unknown_includes_is_left_open(tmp_path: Path) -> None:
    assert "d/b.c" not in conditions(tmp_path, {"d/lost.c": '#include "b.c"'})


def test_headers_of_an_architecture_are_for_it_alone(tmp_path: Path) -> None:
    header = "arch/arm/include/asm/x.h"
    found = conditions(tmp_path, {header: "", "d/always.c": "#include <asm/x.h>"})
    assert found[header] == "@arm"


@pytest.mark.parametrize(
    "files",
    [
        {"arch/x86/k/k.c": "#include <../../arm/include/asm/x.h>"},
        {"arch/x86/k/Makefile": "obj-$(CONFIG_K) += k.o\nccflags-y += -I $(srctree)/arch/arm/include"},
    ],
)
def test_headers_of_an_architecture_that_another_takes_are_for_both(files: dict[str, str], tmp_path: Path) -> None:
    header = "arch/arm/include/asm/x.h"
    found = read(tmp_path, **{path.replace("/", "__"): text for path, text in {header: "", **files}.items()})
    assert "arm" not in found.architectures
    build = found.builds.found.get(header)
    assert build is None or "@arm" not in text(build.condition)


def test_a_header_made_from_the_generic_one_is_that_one(tmp_path: Path) -> None:
    header = "include/asm-generic/x.h"
    assert conditions(tmp_path, {header: "", "d/a.c": "#include <asm/x.h>"})[header] == "A"


def test_a_long_condition_is_cut_to_what_all_ways_need(tmp_path: Path) -> None:
    names = [f"A_RATHER_LONG_NAME_{number}" for number in range(9)]
    kbuild = "".join(f"obj-$(CONFIG_{name}) += {name}.o\n" for name in names)
    files = {"d/c/Makefile": kbuild, "d/c/x.h": "", **{f"d/c/{name}.c": '#include "x.h"' for name in names}}
    assert conditions(tmp_path, files)["d/c/x.h"] == "C"


def test_architectures_that_share_nothing_are_named(tmp_path: Path) -> None:
    assert read(tmp_path).architectures == {"arm", "x86"}
