"""Whether a kernel can do something here: built in, or as a module that is really in the root."""

from firmward.checks.kernel.kernels.condition import Condition
from firmward.facts.kernel_config import KernelOptions
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.facts import Unknown

Shipped = ShippedModules | None | Unknown


def usable(option: str, module: str, shipped: Shipped) -> Condition:
    """That an option is built in, or that its module lies in the root."""

    def holds(options: KernelOptions) -> bool | Unknown:
        found = options.get(option)
        if found != "m":
            return found if isinstance(found, Unknown) else found == "y"
        if isinstance(shipped, ShippedModules):
            return shipped.has(module, options.release)
        return shipped or Unknown("no module is in this root")

    return Condition(holds, f"CONFIG_{option} built in, or {module}.ko here")
