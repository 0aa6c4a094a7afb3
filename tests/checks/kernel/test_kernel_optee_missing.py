"""Whether a kernel can talk to OP-TEE where the board's tree or the declaration names it."""

import pytest
from configured import config, judged, system

from firmward.audit.engine import Verdict
from firmward.checks.kernel.kernel_optee_missing import POLICY
from firmward.checks.kernel.kernel_optee_missing import kernel_optee_missing as check
from firmward.facts.device_trees import Choice, DeviceNode, DeviceTrees, FoundTree
from firmward.model.finding import Outcome
from firmward.model.location import Location
from firmward.model.memory import Content

OTHER = '[filesystem]\nkey_store = "tpm"\n'
NONE = DeviceTrees((), ("a tree cannot be read",))


def tree(*, enabled: bool = True, choice: Choice = Choice.BOOTS, kind: str = "optee") -> FoundTree:
    node = DeviceNode("/firmware/optee", ("linaro,optee-tz",), enabled, kind)
    return FoundTree(Location(part=f"image/{kind}{enabled}"), "Acme Board", choice=choice, security=(node,))


def of(words: str, policy: str | None, trees: DeviceTrees | None = None, **files: Content) -> Verdict:
    return judged(check, system(words, None, **files), policy, **({} if trees is None else {"trees": trees}))


DRIVER, NO_DRIVER = "TEE=y OPTEE=y", "TEE=y OPTEE=n"


@pytest.mark.parametrize("words", [NO_DRIVER, "TEE=n", "OPTEE=n"])
def test_a_kernel_without_the_driver_is_told(words: str) -> None:
    for policy, trees, says in ((POLICY, None, "declaration"), (None, DeviceTrees((tree(),)), "Acme Board")):
        found = of(words, policy, trees)
        assert found.outcome is Outcome.FAIL, found.reason
        assert [one.key for one in found.findings] == ["optee"]
        assert says in found.findings[0].message


@pytest.mark.parametrize("trees", [None, NONE, DeviceTrees((tree(),)), DeviceTrees((tree(kind="tpm"),))])
def test_a_kernel_with_the_driver_is_well(trees: DeviceTrees | None) -> None:
    assert of(DRIVER, POLICY, trees).outcome is Outcome.PASS


@pytest.mark.parametrize("trees", [DeviceTrees((tree(enabled=False),)), DeviceTrees((tree(kind="tpm"),))])
@pytest.mark.parametrize("policy", [None, OTHER])
def test_a_board_that_does_not_name_it_needs_none(trees: DeviceTrees, policy: str | None) -> None:
    assert of(NO_DRIVER, policy, trees).outcome is Outcome.NOT_APPLICABLE


def test_where_nothing_says_what_the_board_has_it_is_not_known() -> None:
    many = (tree(choice=Choice.POSSIBLE), tree(choice=Choice.POSSIBLE, enabled=False))
    for trees in (None, NONE, DeviceTrees(many)):
        assert of(NO_DRIVER, OTHER, trees).outcome is Outcome.UNKNOWN


def test_a_processor_that_it_does_not_run_on_needs_none() -> None:
    files = {"boot/config-6.12.30": config("X86_64=y", architecture="x86_64")}
    assert judged(check, files).outcome is Outcome.PASS
    assert judged(check, files, POLICY).outcome is Outcome.FAIL


MODULES = "TEE=m OPTEE=m"
TEE, OPTEE = "lib/modules/6.12.30/kernel/drivers/tee/tee.ko", "lib/modules/6.12.30/kernel/drivers/tee/optee/optee.ko.xz"


@pytest.mark.parametrize(
    ("paths", "outcome"),
    [((TEE, OPTEE), Outcome.PASS), ((TEE,), Outcome.FAIL), ((OPTEE,), Outcome.FAIL), ((), Outcome.UNKNOWN)],
)
def test_a_module_counts_where_it_is_shipped(paths: tuple[str, ...], outcome: Outcome) -> None:
    found = of(MODULES, POLICY, None, **dict.fromkeys(paths, b"\x7fELF"))
    assert found.outcome is outcome
    assert all("not in the image" in one.message for one in found.findings)


def test_each_kernel_is_judged() -> None:
    files = system(DRIVER, None) | {"boot/config-5.10.1-rescue": config("", "5.10.1")}
    (found,) = judged(check, files, POLICY).findings
    assert found.at is not None
    assert found.at.path == "boot/config-5.10.1-rescue"
