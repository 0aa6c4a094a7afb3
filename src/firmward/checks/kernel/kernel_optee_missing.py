"""kernel-optee-missing"""

from functools import partial

from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.example import CONFIG, MODULE, config
from firmward.checks.kernel.kernels.usable import usable
from firmward.checks.kernel.options.row import architecture_of, both
from firmward.facts.device_trees import DeviceTrees, FoundTree
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

POLICY = '[filesystem]\nkey_store = "optee"\n'
BOTH = ("TEE=y", "OPTEE=y")
MODULES = {f"lib/modules/6.12.30/kernel/drivers/{name}.ko": MODULE for name in ("tee/tee", "tee/optee/optee")}
WITHOUT = frozenset(("x86-64", "x86-32", "mips", "powerpc", "s390"))
"""Processors that OP-TEE does not run on, or whose boards say nothing of it."""
CURE = Remedy(
    "Build OP-TEE's driver in, and start tee-supplicant where its storage is the file system's",
    Safety.UNSAFE,
    Stage.SOURCE,
    (SetKernelOption("CONFIG_TEE", "y"), SetKernelOption("CONFIG_OPTEE", "y")),
    "a board whose firmware has no OP-TEE, though its tree names it, may stop when the driver calls it",
)


@check(
    title="The kernel cannot talk to OP-TEE",
    severity=Severity.MEDIUM,
    practice="P07",
    cwe=1326,
    bad=(
        Example({CONFIG: config("TEE=n")}, policy=POLICY),
        Example({CONFIG: config("TEE=m", "OPTEE=m"), "lib/modules/6.12.30/loop.ko": MODULE}, policy=POLICY),
    ),
    good=(
        Example({CONFIG: config(*BOTH)}, policy=POLICY),
        Example({CONFIG: config("TEE=m", "OPTEE=m"), **MODULES}, policy=POLICY),
    ),
)
def kernel_optee_missing(
    configs: KernelConfigs,
    trees: DeviceTrees | None | Unknown,
    shipped: ShippedModules | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """OP-TEE keeps keys, firmware TPMs and secure storage where Linux cannot reach. The board's device tree has its
    node, or the declaration counts on it, and this kernel has no driver: nothing in the system can ask it, so that keys
    end up in files, and what the boot chain started in the secure world lies idle there, as code that nobody uses and
    everybody must keep up.
    """
    named = _named(trees, policy)
    if named is None:
        raise NotApplicable("neither the board's device tree nor the declaration names OP-TEE")

    def judge(options: KernelOptions) -> Fault | None | Unknown:
        drives = both(usable("TEE", "tee", shipped), usable("OPTEE", "optee", shipped))(options)
        if drives is True or (not isinstance(named, str) and architecture_of(options) in WITHOUT):
            return None
        for answer in (drives, named):
            if isinstance(answer, Unknown):
                return answer
        is_left_out = options.options.get("OPTEE") == "m"
        why = "its driver is a module that is not in the image" if is_left_out else "it has no driver for it"
        return Fault(
            f"cannot talk to OP-TEE, which {named}: {why}",
            CURE,
            f"CONFIG_TEE={options.options.get('TEE', 'n')}, CONFIG_OPTEE={options.options.get('OPTEE', 'n')}",
        )

    yield from findings(configs, "optee", judge)


def _named(trees: DeviceTrees | None | Unknown, policy: Policy | None) -> str | None | Unknown:
    """Who names it, in words, or why that is not known."""
    if policy is not None and policy.filesystem is not None and policy.filesystem.key_store == "optee":
        return "the declaration counts on"
    if not isinstance(trees, DeviceTrees):
        return trees or Unknown("no device tree says whether the board has OP-TEE")
    known = trees.of_board(policy.device.board if policy is not None and policy.device is not None else None)
    there = known.whether(partial(FoundTree.keeps, kind="optee"))
    if isinstance(there, Unknown):
        return there
    names = [one.name for one in known.candidates if one.keeps("optee")]
    if not known.candidates:
        return Unknown("which device tree boots is not known")
    return f"the device tree of {names[0]} has" if there else None
