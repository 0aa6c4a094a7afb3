"""The words by which a script that handles two copies of the system gives itself away."""

import re

SLOTS = re.compile(
    r"(?i)fw_setenv|\btryboot\b|bootcount|boot_?(?:slot|part|order|index)|active_?(?:slot|part|bank)|grub-editenv|bootctl"
    r"|rootfs_?[ab]\b|slot_?[ab]\b|(?:other|inactive|standby|backup|passive)\w{0,20}(?:slot|part|root|bank|dev)|dual_?boot"
)
