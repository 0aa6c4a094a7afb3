"""What counts as a use of hardware that keeps keys, and what is only there."""

from datetime import date

import pytest

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.facts.device_trees import Choice, DeviceNode, DeviceTrees, FoundTree
from firmward.facts.tamper_watches import words
from firmward.model.clock import Clock
from firmward.model.facts import Facts, Source
from firmward.model.finding import Outcome
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy

CLOCK = Clock(date(2026, 11, 20))
INITTAB = "::sysinit:/bin/true\n"


def board(*kinds: str, enabled: bool = True) -> FoundTree:
    nodes = tuple(DeviceNode(f"/{kind}", is_enabled=enabled, kind=kind) for kind in kinds)
    return FoundTree(Location(part="image/a.dtb"), security=nodes)


def asked(
    check: str, files: dict[str, Content], *trees: FoundTree, policy: str | None = None, table: str = INITTAB
) -> Verdict:
    one = next(one for one in catalogue() if one.id == check)
    known = Collection(MemoryTree({"etc/inittab": table, **files})).facts("root", families([one]))
    given = {**known.families, **({DeviceTrees: DeviceTrees(trees)} if trees else {})}
    declared = None if policy is None else parse_policy(policy)
    return judge(one, Facts("root", Source.IMAGE, given), declared, CLOCK)


TPM = {
    "nothing": ({}, INITTAB, Outcome.FAIL),
    "crypttab": ({"etc/crypttab": "data /dev/sda4 none tpm2-device=auto\n"}, INITTAB, Outcome.PASS),
    "crypttab with a file": ({"etc/crypttab": "data /dev/sda4 /etc/key luks\n"}, INITTAB, Outcome.FAIL),
    "a comment in crypttab": ({"etc/crypttab": "#data /dev/sda4 none tpm2-device=auto\n"}, INITTAB, Outcome.FAIL),
    "a tool that runs": ({}, f"{INITTAB}::once:/usr/bin/tpm2_unseal -c 0x81000001\n", Outcome.PASS),
    "a tool that is there": ({"usr/bin/tpm2_unseal": executable(b"\x7fELF")}, INITTAB, Outcome.UNKNOWN),
    "a library": ({"usr/lib/libtss2-esys.so.0": executable(b"\x7fELF")}, INITTAB, Outcome.UNKNOWN),
    "systemd's own tool": ({"usr/bin/systemd-cryptenroll": executable(b"\x7fELF")}, INITTAB, Outcome.FAIL),
    "IMA that measures": ({"etc/ima/ima-policy": "measure func=BPRM_CHECK\n"}, INITTAB, Outcome.PASS),
    "IMA that only appraises": ({"etc/ima/ima-policy": "appraise fowner=0\n"}, INITTAB, Outcome.FAIL),
    "a program that feeds a key": (
        {},
        f"{INITTAB}::once:/sbin/cryptsetup open --key-file - /dev/sda4 data\n",
        Outcome.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("files", "table", "expected"), TPM.values(), ids=TPM)
def test_a_tpm_is_used_by(files: dict[str, Content], table: str, expected: Outcome) -> None:
    assert asked("tpm-unused", files, board("tpm"), table=table).outcome is expected


def test_whether_there_is_a_tpm_the_tree_or_the_declaration_says() -> None:
    assert asked("tpm-unused", {}).outcome is Outcome.UNKNOWN
    assert asked("tpm-unused", {}, board("caam")).outcome is Outcome.NOT_APPLICABLE
    assert asked("tpm-unused", {}, board("tpm", enabled=False)).outcome is Outcome.NOT_APPLICABLE
    assert asked("tpm-unused", {}, policy='[filesystem]\nkey_store = "caam"\n').outcome is Outcome.NOT_APPLICABLE
    assert asked("tpm-unused", {}, policy='[filesystem]\nkey_store = "tpm"\n').outcome is Outcome.FAIL


def test_of_many_boards_some_with_a_tpm_nothing_is_said() -> None:
    trees = [FoundTree(Location(part=f"image/{n}"), choice=Choice.POSSIBLE) for n in range(2)]
    with_tpm = FoundTree(Location(part="image/x"), choice=Choice.POSSIBLE, security=board("tpm").security)
    assert asked("tpm-unused", {}, *trees, with_tpm).outcome is Outcome.UNKNOWN


STORES = {
    "CAAM by a trusted key": ("caam", f"{INITTAB}::once:/usr/bin/keyctl add trusted disk new @u\n", Outcome.PASS),
    "CAAM by a table of dm-crypt": (
        "caam",
        f"{INITTAB}::once:/sbin/dmsetup create data --table '0 9 crypt x :64:trusted:disk 0 /dev/sda4 0'\n",
        Outcome.PASS,
    ),
    "CAAM by nothing": ("caam", INITTAB, Outcome.FAIL),
    "OP-TEE by its supplicant": ("optee", f"{INITTAB}::respawn:/usr/sbin/tee-supplicant\n", Outcome.PASS),
    "OP-TEE by nothing": ("optee", INITTAB, Outcome.FAIL),
    "a secure element by nothing": ("secure-element", INITTAB, Outcome.FAIL),
    "another one": ("caam", f"{INITTAB}::respawn:/usr/sbin/tee-supplicant\n", Outcome.PASS),
}


@pytest.mark.parametrize(("kind", "table", "expected"), STORES.values(), ids=STORES)
def test_a_store_of_keys_is_used_by(kind: str, table: str, expected: Outcome) -> None:
    assert asked("hardware-key-store-unused", {}, board(kind), table=table).outcome is expected


def test_a_board_without_a_store_is_not_asked() -> None:
    assert asked("hardware-key-store-unused", {}, board("tpm")).outcome is Outcome.NOT_APPLICABLE
    assert asked("hardware-key-store-unused", {}).outcome is Outcome.UNKNOWN


TAMPER = '[tamper]\ninputs = ["case"]\n'
RULE = 'ATTRS{name}=="%s", RUN+="/usr/libexec/note"\n'
WATCHED = {
    "a rule": ({"etc/udev/rules.d/1.rules": RULE % "case-switch"}, Outcome.PASS),
    "a rule for another thing": ({"etc/udev/rules.d/1.rules": RULE % "showcase"}, Outcome.FAIL),
    "a rule that does nothing": ({"etc/udev/rules.d/1.rules": 'ATTRS{name}=="case", MODE="0600"\n'}, Outcome.FAIL),
    "triggerhappy": ({"etc/triggerhappy/triggers.d/case.conf": "SW_CASE_OPEN 1 /usr/libexec/note\n"}, Outcome.PASS),
    "acpid": ({"etc/acpi/events/case": "event=button/case\naction=/usr/libexec/note\n"}, Outcome.PASS),
    "nothing": ({}, Outcome.FAIL),
}


@pytest.mark.parametrize(("files", "expected"), WATCHED.values(), ids=WATCHED)
def test_a_switch_is_waited_for_by(files: dict[str, Content], expected: Outcome) -> None:
    assert asked("tamper-detection-absent", files, policy=TAMPER).outcome is expected


def test_a_switch_in_the_tree_may_be_read_by_a_program() -> None:
    switch = DeviceNode("/keys/case", is_enabled=True, kind="switch", label="Case open")
    wired = FoundTree(Location(part="image/a.dtb"), tamper=(switch,))
    assert asked("tamper-detection-absent", {}, wired, policy=TAMPER).outcome is Outcome.UNKNOWN
    assert asked("tamper-detection-absent", {}, board(), policy=TAMPER).outcome is Outcome.FAIL


def test_a_shells_own_word_is_no_switch() -> None:
    table = f"{INITTAB}ttyS0::respawn:/bin/sh -c 'case $x in a) meterd ;; esac'\n"
    assert asked("tamper-detection-absent", {}, policy=TAMPER, table=table).outcome is not Outcome.PASS


def test_names_are_compared_by_their_words() -> None:
    assert list(words("caseOpen CASE_SWITCH-2 showcase")) == ["case", "open", "case", "switch", "2", "showcase"]
