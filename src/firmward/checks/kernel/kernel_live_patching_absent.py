"""kernel-live-patching-absent"""

from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.example import CONFIG, config
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

POLICY = "[kernel]\nlive_patching = true\n"
NEEDS = ("MODULES", "SYSFS", "KALLSYMS_ALL", "FTRACE", "FUNCTION_TRACER", "DYNAMIC_FTRACE")
"""What CONFIG_LIVEPATCH depends on; a kernel that has it hardened away cannot be patched while it runs."""
CURE = Remedy(
    "Build live patching in, take patches only as signed modules, and still restart into the new kernel when the "
    "product can bear it",
    Safety.UNSAFE,
    Stage.SOURCE,
    tuple(SetKernelOption(f"CONFIG_{name}", "y") for name in (*NEEDS, "LIVEPATCH")),
    "the kernel keeps its symbols and can be traced, which hardening takes away; it is larger and a little slower",
)
REPLAN = Remedy(
    "Plan restarts into updated kernels and take live_patching out of the declaration, or move to processors and a "
    "kernel that have it",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="The kernel cannot be patched while it runs",
    severity=Severity.LOW,
    practice="P30",
    cwe=1277,
    bad=Example({CONFIG: config("MODULES=y", "HAVE_LIVEPATCH=y", "LIVEPATCH=n")}, policy=POLICY),
    good=Example({CONFIG: config("MODULES=y", "HAVE_LIVEPATCH=y", "LIVEPATCH=y")}, policy=POLICY),
)
def kernel_live_patching_absent(configs: KernelConfigs, policy: Policy) -> Findings:
    """The declaration says that holes of the kernel are closed without a restart, as for a device that may stop once a
    year. This kernel cannot take such a patch: each hole stays open until the next stop. Not every processor's Linux
    has live patching at all (x86-64, s390 and 64-bit PowerPC have; 32-bit ARM and MIPS have not), and a patched
    function is no new kernel: the restart is put off, not saved.
    """
    if policy.kernel is None or not policy.kernel.live_patching:
        raise NotApplicable("the declaration does not ask for live patching")
    yield from findings(configs, "live-patching", _judged)


def _judged(options: KernelOptions) -> Fault | None | Unknown:
    patches, can = options.is_on("LIVEPATCH"), options.is_on("HAVE_LIVEPATCH")
    if isinstance(patches, Unknown):
        return patches
    if patches:
        return None
    if can is False:
        return Fault("cannot be patched while it runs: Linux for its processor has no live patching", REPLAN,
                     "CONFIG_HAVE_LIVEPATCH is off")  # fmt: skip
    return Fault("cannot be patched while it runs: it is built without it", CURE, "CONFIG_LIVEPATCH is off")
