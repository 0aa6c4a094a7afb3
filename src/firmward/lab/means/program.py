"""The attacker's own programs, which answer the challenge wherever they are run."""

from firmward.lab.challenge import Challenge

CONSOLE = "/dev/console"


def script(challenge: Challenge, to: str = CONSOLE) -> str:
    """For a device's shell, as a hook, a start script or a command."""
    return f"#!/bin/sh\necho {challenge.shell} >{to}\n"


def first_program(challenge: Challenge) -> str:
    """For an initramfs: the kernel's first program, which stays. It needs /bin/busybox alone."""
    return f"""#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
echo {challenge.shell} >{CONSOLE}
exec /bin/busybox sleep 1000
"""
