"""Who keeps what a system is made of, and until when."""

from datetime import date

import pytest
from beside import around

from firmward.facts import running_kernels
from firmward.facts.boot_firmware import BootFirmware, FoundLoader, Loader
from firmward.facts.collection import Collection
from firmward.facts.distribution import Distribution
from firmward.facts.kernel_images import FoundKernel, KernelImages
from firmward.facts.lifecycle import read_lifecycle, shipped
from firmward.facts.lives import Kind, Life, Lives, collect, kernel
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.image.source import Bytes
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

AT = Location("lib/modules")
FACTS = shipped()


def distribution(product: str, version: str) -> Distribution:
    return Distribution(product, FACTS.title(product), version, FACTS.line_of(product, version), AT)


BOOKWORM, JAMMY, ALPINE = (
    distribution("debian", "12"),
    distribution("ubuntu", "22.04"),
    distribution("alpine", "3.23.2"),
)
BANNER = "#1 SMP PREEMPT_DYNAMIC Debian {} (2026-05-01)"
KERNELS = [
    ("6.1.0-40-arm64", "", BOOKWORM, "Debian 12", date(2028, 6, 30)),
    ("6.1.0-40-arm64", BANNER.format("6.1.153-1"), None, "Debian 12", date(2028, 6, 30)),
    ("6.1.0-0.deb11.35-amd64", BANNER.format("6.1.137-1~deb11u1"), None, "Debian 11", date(2026, 8, 31)),
    ("6.12.43+deb13-amd64", BANNER.format("6.12.43-1"), None, "Debian 13", date(2030, 6, 30)),
    ("6.12.9+bpo-amd64", BANNER.format("6.12.9-1~bpo12+1"), BOOKWORM, "", date(2028, 12, 31)),
    ("6.6.31+rpt-rpi-v8", BANNER.format("1:6.6.31-1+rpt1"), BOOKWORM, "", date(2027, 12, 31)),
    ("6.1.99-gateway", "", BOOKWORM, "", date(2027, 12, 31)),
    ("5.15.0-91-generic", "#101-Ubuntu SMP", JAMMY, "Ubuntu 22.04", date(2027, 4, 1)),
    ("6.8.0-52-generic", "#53~22.04.1-Ubuntu SMP", JAMMY, "Ubuntu 22.04", date(2027, 4, 1)),
    ("6.18.2-0-lts", "", ALPINE, "Alpine Linux 3.23.2", date(2027, 11, 1)),
    ("4.19.200-cip60", "", None, "", date(2029, 1, 31)),
    ("6.12.1-cip3", "", None, "", date(2035, 6, 30)),
    ("4.19.200", "#1 SMP cip60-cip61 -cip6", None, "", date(2029, 1, 31)),
    ("5.4.61-imx", "", None, "", date(2025, 12, 3)),
    ("5.15.32-v8+", "", None, "", date(2026, 12, 31)),
    ("4.14.186-android-g1234", "", None, "", date(2024, 1, 10)),
]


@pytest.mark.parametrize(("release", "version", "around", "carrier", "end"), KERNELS)
def test_a_kernel_lives_as_long_as_who_keeps_it(
    release: str, version: str, around: Distribution | None, carrier: str, end: date
) -> None:
    found = kernel(release, version, AT, around, FACTS)
    assert (found.carrier, found.end) == (carrier, end)


UNSURE = ["5.10.160-android12-9-00001-g12", "5.15.1-android13-8", "6.6.1-cip3", "7.9.1", "5.4.1-cip1"]


@pytest.mark.parametrize("release", UNSURE)
def test_of_a_kernel_whose_keeper_names_no_day_the_end_is_unknown(release: str) -> None:
    assert isinstance(kernel(release, "", AT, None, FACTS).line, Unknown)


def lives(files: dict[str, Content]) -> Lives:
    found = Collection(MemoryTree(files)).get(Lives)
    assert isinstance(found, Lives), found
    return found


def told(found: Lives) -> list[tuple[str, str, str]]:
    return [(one.kind, one.name, one.carrier) for one in found.found]


def test_what_a_distribution_brought_lives_as_long_as_it() -> None:
    found = lives(
        {
            "etc/os-release": "ID=debian\nVERSION_ID=12\n",
            "var/lib/dpkg/status": "Package: openssl\nStatus: install ok installed\nVersion: 3.0.17-1\n",
            "lib/modules/6.1.0-40-arm64/modules.order": "",
        }
    )
    assert told(found) == [
        ("kernel", "Linux 6.1.0-40-arm64", "Debian 12"),
        ("distribution", "Debian 12", ""),
        ("component", "OpenSSL 3.0.17-1", "Debian 12"),
    ]
    assert {one.end for one in found.found} == {date(2028, 6, 30)}


def test_a_configuration_says_which_kernel_runs_before_folders_of_modules_do() -> None:
    found = lives(
        {
            "boot/config-6.6.1": "#\n# Linux/arm 6.6.1 Kernel Configuration\n#\nCONFIG_MODULES=y\n",
            "lib/modules/5.4.1/modules.order": "",
        }
    )
    assert told(found) == [("kernel", "Linux 6.6.1", "")]


def test_the_running_machine_is_asked_itself() -> None:
    files: dict[str, Content] = {"proc/sys/kernel/osrelease": "6.12.4\n", "lib/modules/5.4.1/modules.order": ""}
    found = Collection(MemoryTree(files), Source.LIVE).get(Lives)
    assert isinstance(found, Lives)
    assert told(found) == [("kernel", "Linux 6.12.4", "")]


def image(release: str | Unknown, id: str = "image/kernel") -> FoundKernel:
    return FoundKernel(Location(part=id), "zimage", "arm", release, Unknown("x"), Unknown("x"))


def told_of(
    kernels: KernelImages | None = None, uboots: Uboots | None = None, firmware: BootFirmware | None = None
) -> Lives | None:
    tree = MemoryTree({"lib/modules/5.4.1/modules.order": ""})
    parts = around(OpenPart(Part("image/kernel", "zimage", "image"), Bytes(b"")))
    running = running_kernels.collect(tree, Source.IMAGE, parts, kernels, None)
    return collect(FACTS, running, uboots, firmware, None, None)


def test_a_kernel_beside_the_root_counts_and_not_its_folders() -> None:
    found = told_of(KernelImages((image("6.6.7"), image("6.6.8", "image/elsewhere"))))
    assert found is not None
    assert told(found) == [("kernel", "Linux 6.6.7", "")]


def test_a_kernel_that_could_not_be_expanded_is_a_doubt() -> None:
    found = told_of(KernelImages((image(Unknown("it is encrypted")),)))
    assert found is not None
    assert found.kernels_unread == ("it is encrypted",)


def test_boot_loaders_are_told_by_the_rule() -> None:
    proper, first = frozenset((Stage.PROPER,)), frozenset((Stage.SPL,))
    at = Location(part="image/u-boot")
    found = told_of(
        uboots=Uboots(
            (
                FoundUboot(at, "2024.10", proper),
                FoundUboot(at, "2019.07", first),
                FoundUboot(at, "2023.01+dfsg-2+deb12u1", proper),
            )
        ),
        firmware=BootFirmware((FoundLoader(Loader.TF_A, at, "2.10.4"), FoundLoader(Loader.GRUB, at, "2.06", 3))),
    )
    assert found is not None
    loaders = found.of(Kind.BOOT_LOADER)
    assert [(one.name, one.end) for one in loaders] == [
        ("U-Boot 2024.10", date(2026, 10, 1)),
        ("U-Boot 2023.01+dfsg-2+deb12u1", date(2028, 6, 30)),
        ("TF-A 2.10.4", date(2028, 11, 22)),
    ]
    assert [(one.is_rule, one.carrier) for one in loaders] == [(True, ""), (False, "Debian 12"), (True, "")]


def test_two_of_the_same_are_told_once() -> None:
    found = told_of(KernelImages((image("6.6.7"), image("6.6.7"))))
    assert found is not None
    assert len(found.found) == 1


def test_nothing_is_known_of_a_root_that_shows_nothing() -> None:
    assert isinstance(Collection(MemoryTree({"var/lib/rpm/Packages": b"x"})).get(Lives), Unknown)
    with pytest.raises(Unavailable):
        collect(FACTS, Unknown("not opened"), None, None, None, None)


def test_dates_that_are_given_count_and_not_those_shipped() -> None:
    given = read_lifecycle(
        '{"schema": "firmward.lifecycle/1", "as_of": "2027-01-01", "products": {"linux": {"title": "Linux", "by": "", '
        '"lines": [{"line": "4.14", "end": "2040-01-01"}]}}}',
        "own.json",
    )
    tree = MemoryTree({"lib/modules/4.14.1/modules.order": ""})
    found = Collection(tree, lifecycle=given).get(Lives)
    assert isinstance(found, Lives)
    assert found.as_of == date(2027, 1, 1)
    assert [one.end for one in found.found] == [date(2040, 1, 1)]


def test_a_life_of_unknown_line_is_never_past() -> None:
    life = Life(Kind.COMPONENT, "x", "X", "1", AT, "x", Unknown("not said"))
    assert not life.is_past(date.max)
    assert life.end is None


def test_an_initramfs_runs_with_the_kernel_of_the_root_behind_it() -> None:
    parts = around(OpenPart(Part("image/root", "squashfs", "image", role=Role.ROOT), Bytes(b"")))
    early = Parts(
        "image/early", {**parts.all, "image/early": OpenPart(Part("image/early", "cpio", role=Role.INITRAMFS))}
    )
    tree = MemoryTree({"lib/modules/5.4.1/modules.order": "", "etc/os-release": "ID=debian\nVERSION_ID=12\n"})
    found = Collection(tree, parts=early).get(Lives)
    assert isinstance(found, Lives)
    assert found.is_before_a_root
    assert told(found) == [("distribution", "Debian 12", "")]
