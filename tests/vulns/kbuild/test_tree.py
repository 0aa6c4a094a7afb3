"""A tree's Kbuild files, and when each source is built: nothing that make builds may be said to be left out."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kbuild_tree import built, laid

from firmward.vulns.kbuild.condition import holds, text
from firmward.vulns.kbuild.tree import Build, KernelTree, builds

TOP = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 5\ncore-y := d/\ninclude $(srctree)/arch/$(SRCARCH)/Makefile\n"
ARM = {"arch/arm/Makefile": "core-y += arch/arm/k/\n", "arch/arm/k/Makefile": "obj-y += a.o\n", "arch/arm/k/a.c": ""}


def read(folder: Path, kbuild: str, *sources: str, **others: str) -> dict[str, Build]:
    """What a folder `d` with this file comes to."""
    files = {"Makefile": TOP, **ARM, "d/Makefile": kbuild, **dict.fromkeys(sources, "")}
    files |= {path.replace("__", "/"): content for path, content in others.items()}
    return dict(builds(KernelTree(laid(files, folder))).found)


def said(folder: Path, kbuild: str, *sources: str, **others: str) -> dict[str, str]:
    found = read(folder, kbuild, *sources, **others)
    return {path: text(build.condition) for path, build in found.items() if path not in ARM}


@pytest.mark.parametrize(
    ("kbuild", "condition"),
    [
        ("obj-$(CONFIG_A) += a.o", "A"),
        ("obj-y += a.o", "1"),
        ("obj-m += a.o", "1"),
        ("lib-$(CONFIG_A) += a.o", "A"),
        ("obj-$(CONFIG_A) += x.o\nx-objs := a.o b.o", "A"),
        ("obj-$(CONFIG_A) += x.o\nx-y := b.o\nx-$(CONFIG_B) += a.o", "(A&B)"),
        ("obj-$(CONFIG_A) += x.o\nx-m := a.o", "A"),
        ("obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += a.o", "(A|B)"),
        ("ifdef CONFIG_A\nobj-y += a.o\nendif", "A"),
        ("ifndef CONFIG_A\nobj-y += a.o\nendif", "!A"),
        ("ifeq ($(CONFIG_A),y)\nobj-y += a.o\nendif", "A=y"),
        ("ifneq ($(CONFIG_A), )\nobj-y += a.o\nendif", "A"),
        ("ifeq ($(CONFIG_A)$(CONFIG_B),yy)\nobj-y += a.o\nendif", "(A=y&B=y)"),
        ("ifneq ($(CONFIG_A)$(CONFIG_B),)\nobj-y += a.o\nendif", "(A|B)"),
        ("ifneq ($(filter y m,$(CONFIG_A) $(CONFIG_B)),)\nobj-y += a.o\nendif", "(A=m|A=y|B=m|B=y)"),
        ("ifdef CONFIG_A\nelse\nobj-y += a.o\nendif", "!A"),
        ("ifdef CONFIG_A\nelse ifdef CONFIG_B\nobj-y += a.o\nendif", "(!A&B)"),
        ("ifeq ($(SRCARCH),arm)\nobj-y += a.o\nendif", "@arm"),
        ("ifeq ($(BITS),64)\nobj-y += a.o\nendif", "64BIT"),
        ("ifeq ($(CONFIG_N),7)\nobj-y += a.o\nelse\nobj-y += b.o\nendif", "1"),
        ("ifeq ($(shell uname),x)\nelse\nobj-$(CONFIG_A) += a.o\nendif", "A"),
        ("list-$(CONFIG_B) := a.o\nobj-$(CONFIG_A) += $(list-y)", "(A&B)"),
        ("obj-$(CONFIG_A) += $(addprefix ../d/,$(list))\nlist = a.o", "A"),
        ("obj-$(CONFIG_A) += $(patsubst %,%.o,a b)", "A"),
        ("obj-$(CONFIG_A) += $(list:=.o)\nlist := a", "A"),
        ("obj-$(subst m,y,$(CONFIG_A)) += a.o", "A"),
        ("obj-$(CONFIG_A:m=y) += a.o", "A"),
        ("obj-y += $(if $(CONFIG_A),a.o,b.o)", "A"),
        ("obj-y += $(if $(CONFIG_A),b.o,a.o)", "!A"),
        ("obj-$(CONFIG_A) += $(foreach one,a b,$(one).o)", "A"),
        ("obj-$(CONFIG_A) += $(sort $(wildcard $(srctree)/$(src)/*.c))\nobj-$(CONFIG_A) += a.o", "A"),
        ("obj-$(or $(CONFIG_A),$(CONFIG_B)) += a.o", "(A|B)"),
        ("obj-$(CONFIG_A) += $(filter-out a.o,a.o b.o)", "A"),
        ("obj-$(CONFIG_A) := a.o\nobj-$(CONFIG_A) := b.o", "A"),
    ],
)
def test_when_a_source_is_built(kbuild: str, condition: str, tmp_path: Path) -> None:
    assert said(tmp_path, kbuild, "d/a.c")["d/a.c"] == condition


@pytest.mark.parametrize(
    "kbuild",
    [
        "x := a.o",
        "obj-$(CONFIG_A) += a.o\n$(obj)/image: $(obj)/a.o\n\tld",
        "obj-$(CONFIG_A) += a.o\nhostprogs := a",
        "obj-$(CONFIG_A) += a.o\nvobjs-y := a.o\nvobjs := $(foreach F,$(vobjs-y),$(obj)/$F)",
        "obj-$(CONFIG_A) += a.o\nobj-y += $(shell ls)",
        "obj-$(CONFIG_A) += a.o\nobj-y += $(call pick,1)",
        "obj-$(CONFIG_A) += a.o\nobj-y += $(BOARD).o\nBOARD := $(shell ls)",
        "obj-$(CONFIG_A) += a.o\n$(eval obj-y += a.o)",
        "obj-$(CONFIG_A) += a.o\ninclude $(shell ls)",
        "obj-$(CONFIG_A) += a.o\nCFLAGS_b.o += -include $(srctree)/$(src)/a.c",
        "obj-$(CONFIG_A) += a.o\nobj-y += lib-a.o\n$(obj)/lib-%.o: $(src)/%.c\n\tcc",
    ],
)
def test_what_is_not_understood_may_build_a_source_always(kbuild: str, tmp_path: Path) -> None:
    assert said(tmp_path, kbuild, "d/a.c")["d/a.c"] == "1"


@pytest.mark.parametrize(
    "kbuild",
    [
        "obj-$(CONFIG_A) += a.o\nclean-files := a.o",
        "obj-$(CONFIG_A) += a.o\ntargets += a.o",
        "obj-$(CONFIG_A) += a.o\nCFLAGS_a.o := -O2\nKASAN_SANITIZE_a.o := n",
        "obj-$(CONFIG_A) += a.o\n$(obj)/a.o: $(obj)/made.h",
        "obj-$(CONFIG_A) += a.o\nalways-y += $(patsubst %.h,%.hdrtest,x.h)",
    ],
)
def test_what_builds_nothing_changes_nothing(kbuild: str, tmp_path: Path) -> None:
    assert said(tmp_path, kbuild, "d/a.c")["d/a.c"] == "A"


def test_an_option_that_names_an_object_may_name_any(tmp_path: Path) -> None:
    kbuild = "obj-$(CONFIG_A) += a.o\nobj-y += board-$(CONFIG_NAME).o"
    assert said(tmp_path, kbuild, "d/a.c") == {"d/a.c": "(A|NAME)"}


def test_a_source_that_no_file_names_is_left_open(tmp_path: Path) -> None:
    assert "d/b.c" not in said(tmp_path, "obj-$(CONFIG_A) += a.o", "d/a.c", "d/b.c")


def test_folders_add_their_conditions(tmp_path: Path) -> None:
    kbuild = "obj-$(CONFIG_A) += e/\nsubdir-$(CONFIG_B) += f\nobj-$(CONFIG_C) += g.o\ng-$(CONFIG_D) += h/"
    below = {f"d__{one}__Makefile": "obj-$(CONFIG_X) += a.o" for one in "efh"}
    found = said(tmp_path, kbuild, "d/e/a.c", "d/f/a.c", "d/h/a.c", **below)
    assert found == {"d/e/a.c": "(A&X)", "d/f/a.c": "(B&X)", "d/h/a.c": "(C&D&X)"}


def test_a_folder_that_two_list_is_read_under_either(tmp_path: Path) -> None:
    kbuild = "obj-$(CONFIG_A) += e/\nobj-$(CONFIG_B) += f/"
    below = {"d__e__Makefile": "obj-y += ../f/", "d__f__Kbuild": "obj-y += a.o", "d__f__Makefile": "obj-n += a.o"}
    assert said(tmp_path, kbuild, "d/f/a.c", **below) == {"d/f/a.c": "(A|B)"}


def test_a_folder_that_nothing_lists_counts_as_read(tmp_path: Path) -> None:
    boot = {"arch__arm__boot__Makefile": "obj-y += b.o", "e__Makefile": "obj-$(CONFIG_X) += a.o"}
    assert said(tmp_path, "", "arch/arm/boot/b.c", "e/a.c", **boot) == {"arch/arm/boot/b.c": "@arm", "e/a.c": "X"}


def test_included_files_speak_for_who_includes_them(tmp_path: Path) -> None:
    kbuild = "ifdef CONFIG_A\ninclude $(srctree)/e/Makefile\nendif\nobj-y += $(E)/e.o"
    found = said(tmp_path, kbuild, "d/a.c", "e/a.c", "e/e.c", e__Makefile="E := ../e\nobj-$(CONFIG_X) += a.o")
    assert found == {"d/a.c": "(A&X)", "e/e.c": "A"}


def test_a_source_of_another_folder_belongs_to_who_lists_it(tmp_path: Path) -> None:
    kbuild = "KVM := ../../virt\nobj-$(CONFIG_KVM) += kvm.o\nkvm-y += $(KVM)/main.o"
    found = said(tmp_path, "", "virt/main.c", arch__arm__k__Makefile=kbuild.replace("../../", "../../../"))
    assert found["virt/main.c"] == "(@arm&KVM)"


@pytest.mark.parametrize(
    "unsaid",
    [
        "",
        '/*\nMODULE_LICENSE("GPL");\n*/',
        '// MODULE_LICENSE("GPL");',
        '#ifndef CONFIG_X\n#if 1\n#endif\nMODULE_LICENSE("GPL");\n#endif',
    ],
)
def test_modules_are_known_where_the_list_of_modules_must_name_them(unsaid: str, tmp_path: Path) -> None:
    licence = 'MODULE_LICENSE("GPL");'
    kbuild = """
obj-$(CONFIG_A) += my-a.o
obj-$(CONFIG_B) += b.o
b-y := b1.o
b-$(CONFIG_C) += b2.o
obj-$(CONFIG_D) += silent.o
obj-$(CONFIG_E) += e.o
e-$(CONFIG_C) += e1.o
lib-y += l.o
"""
    names = {f"d/{one}.c": licence for one in ("my-a", "b1", "e1", "l")} | {"d/b2.c": "", "d/silent.c": unsaid}
    found = read(tmp_path, kbuild, **{path.replace("/", "__"): content for path, content in names.items()})
    modules = {path: build.modules for path, build in found.items() if path in names}
    assert modules == {
        "d/my-a.c": {"my_a"},
        "d/b1.c": {"b"},
        "d/b2.c": {"b"},
        # without its licence it may be built in and not be listed
        "d/silent.c": None,
        "d/e1.c": None,
        "d/l.c": None,
    }


def test_the_version_is_that_of_the_makefile(tmp_path: Path) -> None:
    assert KernelTree(laid({"Makefile": TOP}, tmp_path)).version == "6.1.5"
    assert KernelTree(laid({"Makefile": "all:\n"}, tmp_path)).version == ""


def test_an_architecture_whose_lists_cannot_be_followed_is_named(tmp_path: Path) -> None:
    files = {"Makefile": TOP, **ARM, "arch/xtensa/Makefile": "core-y += $(shell ls)\n", "d/Makefile": "", "d/a.c": ""}
    files["d/Makefile"] = "obj-$(CONFIG_A) += a.o\n"
    found = builds(KernelTree(laid(files, tmp_path)))
    assert found.unsaid == {"um", "xtensa"}
    assert text(found.found["d/a.c"].condition) == "A"


OPTIONS = ("A", "B", "C")
NAMES = ("obj", "lib", "x", "list")
SUFFIXES = ("$(CONFIG_A)", "$(CONFIG_B)", "$(CONFIG_C)", "y", "objs", "$(subst m,y,$(CONFIG_A))", "$(CONFIG_B:m=y)")
WORDS = (
    "a.o", "b.o", "x.o", "e/", "$(list-y)", "$(x-y)", "$(addprefix ./,$(list-y))", "$(if $(CONFIG_C),a.o,b.o)",
    "$(filter-out a.o,$(list-y))", "$(patsubst b%,a%,$(list-y))", "$(list-y:a.o=b.o)", "$(foreach v,a b,$(v).o)",
)  # fmt: skip
TESTS = (
    "ifdef CONFIG_A", "ifndef CONFIG_B", "ifeq ($(CONFIG_A),y)", "ifneq ($(CONFIG_C),m)", "ifeq ($(CONFIG_A),)",
    "ifeq ($(CONFIG_A)$(CONFIG_B),yy)", "ifneq ($(filter y,$(CONFIG_B) $(CONFIG_C)),)", "ifneq ($(list-y),)",
    "ifeq ($(or $(CONFIG_A),$(CONFIG_B)),)", "ifeq ($(SRCARCH),arm)", "ifneq ($(and $(CONFIG_A),$(CONFIG_C)),)",
)  # fmt: skip

lines = st.builds(
    lambda name, suffix, sign, words: f"{name}-{suffix} {sign} {' '.join(words)}\n",
    st.sampled_from(NAMES),
    st.sampled_from(SUFFIXES),
    st.sampled_from(("+=", ":=")),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
)
kbuilds = st.recursive(
    lines,
    lambda inner: st.builds(
        lambda test, first, second: f"{test}\n{''.join(first)}else\n{''.join(second)}endif\n",
        st.sampled_from(TESTS),
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2),
    ),
    max_leaves=8,
).map(str)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(kbuilds, min_size=2, max_size=6), data=st.data())
def test_nothing_that_make_builds_is_said_to_be_left_out(parts: list[str], data: st.DataObject, tmp_path: Path) -> None:
    files = {"Makefile": TOP, **ARM, "d/Makefile": "".join(parts), "d/e/Makefile": "obj-$(CONFIG_C) += a.o\n"}
    top = laid({**files, **dict.fromkeys(("d/a.c", "d/b.c", "d/x.c", "d/e/a.c"), "")}, tmp_path)
    found = builds(KernelTree(top)).found
    worlds = list(product("ymn", repeat=len(OPTIONS)))
    for values in data.draw(st.lists(st.sampled_from(worlds), min_size=2, max_size=3, unique=True)):
        options = dict(zip(OPTIONS, values, strict=True))

        def answer(leaf, options=options):  # type: ignore[no-untyped-def]
            if leaf.name.startswith("@"):
                return leaf.name == "@arm"
            value = options.get(leaf.name, "n")
            return value == leaf.value if leaf.value else value != "n"

        for path in built(top, options):
            assert path not in found or holds(found[path].condition, answer) is not False, (path, options)
