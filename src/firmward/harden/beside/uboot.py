"""A fragment for U-Boot's configuration, as `scripts/kconfig/merge_config.sh` takes it.

It has what findings ask for, and what must go with that: Kconfig turns an option on again that another selects or
implies, and drops one whose needs are off.
"""

from firmward.harden import kconfig
from firmward.harden.site import Beside
from firmward.model.policy import Policy
from firmward.model.remedy import SetUbootOption

NAME = "u-boot.config"
TITLE = "merge_config.sh -m .config u-boot.config && make olddefconfig"
WITH = {
    ("CONFIG_BOOTDELAY", "-2"): {"CONFIG_AUTOBOOT": "y"},
    ("CONFIG_FIT_SIGNATURE", "y"): {"CONFIG_FIT": "y", "CONFIG_FIT_FULL_CHECK": "y", "CONFIG_RSA": "y"},
    ("CONFIG_ENV_IS_NOWHERE", "y"): {"CONFIG_ENV_IS_DEFAULT": "n", "CONFIG_SYS_REDUNDAND_ENVIRONMENT": "n"},
    ("CONFIG_PREBOOT", '"setenv stdin nulldev"'): {"CONFIG_USE_PREBOOT": "y"},
    ("CONFIG_CMD_FASTBOOT", "n"): {"CONFIG_USB_FUNCTION_FASTBOOT": "n", "CONFIG_UDP_FUNCTION_FASTBOOT": "n"},
    ("CONFIG_CMD_DFU", "n"): {"CONFIG_SPL_DFU": "n"},
}
"""By option and value what goes with it, unless a finding asks for something else."""


def render(beside: Beside, policy: Policy | None) -> str | None:
    options = dict(beside.uboot)
    for asked in beside.uboot.items():
        for option, value in WITH.get(asked, {}).items():
            options.setdefault(option, value)
    reasons = {option: why for (kind, option), why in beside.reasons.items() if kind is SetUbootOption}
    return kconfig.fragment(TITLE, options, reasons)
