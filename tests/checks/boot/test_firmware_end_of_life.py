"""Boot loaders past support, and those that can be got around: by version, what is built in, and who maintains it."""

from datetime import date
from pathlib import Path

import pytest
from beside import around
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.audit.engine import Verdict, judge
from firmward.checks.boot.firmware_end_of_life import (
    BYPASSES,
    DEBIANS_FIXES,
    SBAT,
)
from firmward.checks.boot.firmware_end_of_life import firmware_end_of_life as check
from firmward.facts.boot_firmware import BootFirmware, FoundLoader, Loader
from firmward.facts.collection import Collection
from firmward.facts.found_uboot import IN_DEBIAN
from firmward.facts.lifecycle import Lifecycle, Line, read_lifecycle, shipped
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.clock import Clock
from firmward.model.facts import Facts, Source, Unknown
from firmward.model.finding import Outcome, Severity
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part

TODAY = date(2026, 11, 20)
AT = Location(part="image/u-boot")
PROPER, FIRST = frozenset((Stage.PROPER,)), frozenset((Stage.SPL,))


def uboot(version: str, *commands: str, verifies: bool | Unknown = False) -> FoundUboot:
    return FoundUboot(AT, version, PROPER, frozenset(commands), verifies_fits=verifies)


def judged(*found: FoundUboot | FoundLoader, today: date = TODAY) -> Verdict:
    uboots = tuple(one for one in found if isinstance(one, FoundUboot))
    others = tuple(one for one in found if isinstance(one, FoundLoader))
    families = {
        Uboots: Uboots(uboots) if uboots else None,
        BootFirmware: BootFirmware(others) if others else None,
        Lifecycle: shipped(),
    }
    return judge(check, Facts("image", Source.IMAGE, families), None, Clock(today))


def test_a_release_from_before_they_were_dated_is_past_support() -> None:
    (found,) = judged(uboot("1.1.4")).findings
    assert "its makers mend it no more" in found.message


def test_what_gets_round_it_is_told_without_dates_of_support() -> None:
    given = read_lifecycle('{"schema": "firmward.lifecycle/1", "as_of": "2026-01-01", "products": {}}', "own.json")
    families = {Uboots: Uboots((uboot("2020.01", verifies=True),)), BootFirmware: None, Lifecycle: given}
    found = judge(check, Facts("image", Source.IMAGE, families), None, Clock(TODAY))
    assert "CVE-2020-10648" in cves(found)


def cves(verdict: Verdict) -> set[str]:
    return {cve for one in verdict.findings for cve in (one.evidence or "").split()}


def test_a_release_is_past_support_after_two_years() -> None:
    assert judged(uboot("2024.10"), today=date(2026, 10, 1)).outcome is Outcome.PASS
    assert judged(uboot("2024.10"), today=date(2026, 10, 2)).outcome is Outcome.FAIL


VERIFIED = [
    ("2013.04", set()),
    ("2013.07", {"CVE-2020-10648", "CVE-2021-27097", "CVE-2021-27138", "CVE-2026-46728"}),
    ("2020.01", {"CVE-2020-10648", "CVE-2021-27097", "CVE-2021-27138", "CVE-2026-46728"}),
    ("2020.04", {"CVE-2021-27097", "CVE-2021-27138", "CVE-2026-46728"}),
    ("2021.01-rc5", {"CVE-2021-27097", "CVE-2021-27138", "CVE-2026-46728"}),
    ("2021.04-gdeadbeef", {"CVE-2026-46728"}),
    ("2026.01", {"CVE-2026-46728"}),
    ("2026.04", set()),
]


@pytest.mark.parametrize(("version", "wanted"), VERIFIED)
def test_bypasses_of_verified_fits_apply_where_these_are_verified(version: str, wanted: set[str]) -> None:
    found = judged(uboot(version, verifies=True))
    assert cves(found) == wanted
    assert all(one.severity is (Severity.HIGH if wanted else None) for one in found.findings)
    assert cves(judged(uboot(version))) == set()


def test_debians_update_mends_what_its_changelog_says() -> None:
    assert cves(judged(uboot("2023.01+dfsg-2+deb12u1", "ext4load"))) == {"CVE-2024-57256"}
    assert cves(judged(uboot("2023.01+dfsg-2+deb12u2", "ext4load"))) == set()


COMMANDS = [
    ("2019.07", "nfs", {"CVE-2019-14192", "CVE-2019-14204", "CVE-2022-30767"}, {"CVE-2018-18440", "CVE-2024-57256"}),
    ("2019.10", "nfs", {"CVE-2022-30767"}, {"CVE-2019-14204"}),
    ("2022.07", "nfs", set(), {"CVE-2022-30767"}),
    ("2019.01", "load", {"CVE-2018-18440"}, {"CVE-2018-18439", "CVE-2019-13104"}),
    ("2019.04", "load", set(), {"CVE-2018-18440"}),
    ("2024.10", "sqfsload", {"CVE-2024-57254"}, {"CVE-2022-33967", "CVE-2024-57256"}),
    ("2020.07", "sqfsload", set(), {"CVE-2024-57254"}),
    ("2025.01", "ext4load", set(), {"CVE-2024-57256"}),
]


@pytest.mark.parametrize(("version", "command", "there", "not_there"), COMMANDS)
def test_others_apply_where_the_command_is(version: str, command: str, there: set[str], not_there: set[str]) -> None:
    found = cves(judged(uboot(version, command)))
    assert there <= found
    assert not found & not_there


def test_what_is_not_known_of_what_is_built_in_is_a_doubt() -> None:
    assert judged(uboot("2026.01", verifies=Unknown("not recognised"))).outcome is Outcome.UNKNOWN
    assert judged(uboot("2026.07", verifies=Unknown("not recognised"))).outcome is Outcome.PASS
    assert judged(uboot("git", verifies=True)).outcome is Outcome.UNKNOWN


DEBIANS = [
    ("2023.01+dfsg-2+deb12u1", False, Outcome.PASS),
    ("2023.01+dfsg-2+deb12u2", True, Outcome.FAIL),
    ("2023.01+dfsg-2+deb12u3", True, Outcome.PASS),
    ("2023.01+dfsg-2", False, Outcome.PASS),
    ("2023.01+dfsg-2", True, Outcome.FAIL),
    ("2025.01+dfsg-1", True, Outcome.UNKNOWN),
    ("2021.01+dfsg-5+deb11u1", False, Outcome.FAIL),
    ("2022.07+dfsg-1", False, Outcome.FAIL),
    ("2023.01", False, Outcome.FAIL),
]


@pytest.mark.parametrize(("version", "verifies", "outcome"), DEBIANS)
def test_debians_revision_is_supported_as_long_as_debian_is(version: str, verifies: bool, outcome: Outcome) -> None:
    assert judged(uboot(version, verifies=verifies)).outcome is outcome


def test_a_first_stage_of_the_same_version_and_a_copy_are_told_once() -> None:
    first = FoundUboot(Location(part="image/spl"), "2020.01", FIRST)
    assert len(judged(first, uboot("2020.01"), uboot("2020.01")).findings) == 1
    assert len(judged(first, uboot("2026.07")).findings) == 1


OTHERS = [
    (Loader.TF_A, "2.6", None, Outcome.FAIL),
    (Loader.TF_A, "2.9.0", None, Outcome.FAIL),
    (Loader.TF_A, "2.8", None, Outcome.PASS),
    (Loader.TF_A, "2.13", None, Outcome.PASS),
    (Loader.TF_A, "3.0", None, Outcome.PASS),
    (Loader.OP_TEE, "3.10.0", None, Outcome.FAIL),
    (Loader.OP_TEE, "4.4.0", None, Outcome.FAIL),
    (Loader.OP_TEE, "4.5.0-12-gabc", None, Outcome.PASS),
    (Loader.OP_TEE, "4.11.0", None, Outcome.PASS),
    (Loader.BAREBOX, "2024.10.0", None, Outcome.FAIL),
    (Loader.BAREBOX, "2025.01.0", None, Outcome.PASS),
    (Loader.GRUB, "2.06", 4, Outcome.FAIL),
    (Loader.GRUB, "2.06", 5, Outcome.PASS),
    (Loader.SHIM, "15.7", 3, Outcome.FAIL),
    (Loader.SHIM, "1", 4, Outcome.PASS),
]


@pytest.mark.parametrize(("loader", "version", "generation", "outcome"), OTHERS)
def test_each_loader_has_its_own_end(loader: Loader, version: str, generation: int | None, outcome: Outcome) -> None:
    assert judged(FoundLoader(loader, AT, version, generation)).outcome is outcome


def test_without_any_boot_loader_it_is_no_question() -> None:
    assert judged().outcome is Outcome.NOT_APPLICABLE


def test_the_tables_are_in_order() -> None:
    for product in ("tf-a", "op-tee"):
        lines = shipped().products[product].lines
        assert [one.released for one in lines] == sorted(one.released or date.min for one in lines)
    assert all(one.since < one.fixed for one in BYPASSES)
    assert set(SBAT) < set(Loader)
    rows = {one.cves for one in BYPASSES}
    assert all(rows.issuperset(fixes) for fixes in DEBIANS_FIXES.values())
    assert set(DEBIANS_FIXES) <= set(IN_DEBIAN.values())
    assert all(isinstance(shipped().line_of("debian", str(one)), Line) for one in IN_DEBIAN.values())


def seen(data: bytes) -> list[tuple[Loader, str]]:
    part = OpenPart(Part("image/blob", "unknown", "image"), Bytes(data))
    found = Collection(MemoryTree({}), parts=around(part)).get(BootFirmware)
    assert found is None or isinstance(found, BootFirmware)
    return [] if found is None else [(one.loader, one.version) for one in found.found]


TEXTS = [
    (b"\x90v2.8(debug):\0", [(Loader.TF_A, "2.8")]),
    (b"\0v2.10.4(release):lts-v2.10.4-dirty\0", [(Loader.TF_A, "2.10.4")]),
    (b"\0see v2.10.4(release): notes\n", []),
    (b"\x003.19.0-7-gabc (gcc version 10.3.1 (GNU)) #1 Fri Dec  9 10:00:00 UTC 2022 aarch64\0", None),
    (b"\0barebox 2024.03.0-BSP-1 #1 Mon Mar 4 10:00:00 UTC 2024\0", [(Loader.BAREBOX, "2024.03.0-BSP-1")]),
    (b"barebox 2024.03.0 is a boot loader\0", []),
]


@pytest.mark.parametrize(("data", "wanted"), TEXTS)
def test_versions_are_told_by_the_texts_that_builds_make(data: bytes, wanted: list[tuple[Loader, str]] | None) -> None:
    assert seen(bytes(100) + data + bytes(100)) == ([(Loader.OP_TEE, "3.19.0-7-gabc")] if wanted is None else wanted)


def test_a_file_system_is_not_searched() -> None:
    part = OpenPart(Part("image/b", "tar", "image"), Bytes(b"\0v2.8(debug):\0"), MemoryTree({}))
    assert Collection(MemoryTree({}), parts=around(part)).get(BootFirmware) is None


REAL = [
    ("grub-efi-amd64-signed", "amd64", {(Loader.GRUB, 5)}),
    ("shim-signed", "amd64", {(Loader.SHIM, 4)}),
    ("u-boot-sunxi", "arm64", {(Loader.TF_A, None)}),
]


@pytest.mark.proof
@pytest.mark.parametrize(("package", "architecture", "wanted"), REAL)
def test_debians_loaders_say_what_they_are(
    package: str, architecture: str, wanted: set[tuple[Loader, int | None]], tmp_path: Path
) -> None:
    try:
        folder = unpacked(package, architecture)
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    image = open_image(folder)
    parts = {one.id: OpenPart(one, image.sources.get(one.id)) for one in image.parts}
    found = Collection(MemoryTree({}), parts=Parts("image", parts)).get(BootFirmware)
    assert isinstance(found, BootFirmware)
    assert {(one.loader, one.generation) for one in found.found} == wanted
