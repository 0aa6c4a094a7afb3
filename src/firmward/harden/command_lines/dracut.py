"""etc/cmdline.d/*.conf, of which dracut puts words into an initramfs."""

from firmward.formats import boot_arguments
from firmward.harden.command_lines import single

PATHS = ("/etc/cmdline.d/*.conf",)
IS_WHOLE = False
read, edited = boot_arguments.single, single.edited
