"""FITs as their trees tell them: those of Debian's boot loaders, and those that contradict themselves."""

import re

import pytest
from program import find_program, run_program
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.formats import fit, fit_check
from firmward.formats.fit import Component, Fault, Fit
from firmward.formats.fit_check import CheckedFit, HashState
from firmward.formats.malformed import Malformed

needs_dtc = pytest.mark.skipif(find_program("dtc") is None, reason="device-tree-compiler is missing")
PACKAGES = {"armhf": ("imx", "omap", "stm32", "tegra"), "arm64": ("rockchip", "sunxi")}


def told(source: str) -> Fit:
    done = run_program(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb"], feed=b"/dts-v1/; / {" + source.encode() + b"};")
    data = done.stdout
    return fit.parse(lambda offset, size: data[offset : offset + size], len(data))


@needs_dtc
def test_what_a_configuration_boots() -> None:
    found = told("""
        images { k { data = "x"; }; f { data = "y"; }; t { data = "z"; }; };
        configurations { default = "c"; c {
            description = "k"; compatible = "f", "maker,board"; kernel = "k"; fdt = "f", "f"; tee = "t";
            words = "other"; loadables = "gone"; }; };
    """)
    (one,) = found.configurations
    assert one.components == (
        Component("kernel", "k"), Component("fdt", "f"), Component("fdt", "f"), Component("tee", "t"),
        Component("loadables", "gone"),
    )  # fmt: skip
    assert one.compatible == ("f", "maker,board")
    assert [(problem.fault, problem.path, problem.message) for problem in found.problems] == [
        (Fault.MISSING_IMAGE, "/configurations/c", "its loadables gone is not there")
    ]


@needs_dtc
@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ('images { a { data = "x"; }; };', []),
        ('images { a { data = "x"; }; }; configurations { c { }; };', [Fault.MISSING_DEFAULT]),
        ('images { a { data = "x"; }; }; configurations { default = "d"; c { }; };', [Fault.MISSING_DEFAULT]),
        ("images { a { }; };", [Fault.NO_DATA]),
        ("images { a { data-size = <4>; }; };", [Fault.NO_DATA]),
        ("images { a { data-size = <4>; data-position = <0>; }; };", [Fault.OVERLAP]),
        ("images { a { data-size = <4>; data-offset = <0>; }; };", [Fault.OUTSIDE]),
        ('images { a@1 { data = "x"; }; };', [Fault.UNIT_ADDRESS]),
    ],
)
def test_a_fit_that_contradicts_itself_says_how(source: str, faults: list[Fault]) -> None:
    assert [problem.fault for problem in told(source).problems] == faults


@needs_dtc
def test_data_outside_go_before_data_inside_as_in_u_boot() -> None:
    found = told('images { a { data = "inside"; data-size = <4>; data-position = <40>; data-offset = <9>; }; };')
    assert found.images[0].place == fit.Place(40, 4, external=True)


@needs_dtc
def test_two_nodes_of_one_name_are_told() -> None:
    source = 'images { a { data = "x"; }; b { data = "y"; }; };'
    done = run_program(["dtc", "-q", "-O", "dtb"], feed=b"/dts-v1/; / {" + source.encode() + b"};")
    data = done.stdout.replace(b"\0\0\0\1b\0\0\0", b"\0\0\0\1a\0\0\0")
    found = fit.parse(lambda offset, size: data[offset : offset + size], len(data))
    assert [problem.message for problem in found.problems] == ["2 nodes are named a"]


@needs_dtc
def test_a_tree_without_images_is_no_fit() -> None:
    with pytest.raises(Malformed, match="without images"):
        told("model = 'x';".replace("'", '"'))


def _checked(data: bytes) -> CheckedFit | None:
    try:
        return fit_check.check(lambda offset, size: data[offset : offset + size], len(data))
    except Malformed:
        return None


@pytest.mark.proof
def test_the_fits_of_debians_boot_loaders_hold() -> None:
    found = []
    for architecture, boards in PACKAGES.items():
        for board in boards:
            try:
                folder = unpacked(f"u-boot-{board}", architecture)
            except NoPackagesError as reason:
                pytest.skip(f"Debian's archive is out of reach: {reason}")
            for path in sorted(folder.rglob("*")):
                data = path.read_bytes() if path.is_file() else b""
                found += [_checked(data[place.start() :]) for place in re.finditer(rb"\xd0\x0d\xfe\xed", data)]
    fits = [one for one in found if one is not None]
    assert len(fits) >= 40
    for one in fits:
        assert one.fit.problems == ()
        assert {each.state for image in one.images for each in image.hashes} <= {HashState.MATCHES}
        assert one.default is not None
        assert {"firmware", "fdt"} <= {component.role for component in one.default.configuration.components}
        assert not one.default.is_signed
