"""The device's own kernel, started by hand at the prompt: nothing on the disk is changed."""

from firmward.build.board import board
from firmward.lab import board as boards
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import outcome, prompt, root_shell
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL

KERNEL_AT, FIT_AT, UNPACKED_AT = 0x4200_0000, 0x4600_0000, 0x4A00_0000
"""The kernel needs some forty megabytes behind its place, and booti unpacks it elsewhere first."""
SECTOR = 512


def run(target: Target) -> Result:
    target.note(Witness.ATTACKER, "presses keys on the serial line from power on")
    with target.power() as powered:
        if prompt.press(powered, ATTACK.within):
            target.note(Witness.SERIAL, "a prompt shows")
            prompt.command(powered, commands(target), ATTACK.within)
            root_shell.ask(powered, ATTACK.within)
        return outcome.seen(powered, ATTACK.within)


def commands(target: Target) -> tuple[str, ...]:
    """Take kernel and initramfs out of the FIT, and start them with other words."""
    stock = boards.virtual(target.device.said.board).stock
    console = board(target.device.said.board).console
    sectors = target.size("boot_a") // SECTOR
    return (
        f"{stock.before}; part start {stock.disk} boot_a at",
        f"{stock.disk.split()[0]} read {FIT_AT:x} ${{at}} {sectors:x}; fdt addr {FIT_AT:x}",
        "fdt get addr kernel /images/kernel data; fdt get size kernel_comp_size /images/kernel data",
        "fdt get addr first /images/ramdisk data; fdt get size first_size /images/ramdisk data",
        f"cp.b ${{kernel}} {KERNEL_AT:x} ${{kernel_comp_size}}; setenv kernel_comp_addr_r {UNPACKED_AT:x}",
        f"setenv bootargs console={console} rdinit=/bin/sh",
        f"booti {KERNEL_AT:x} ${{first}}:${{first_size}} ${{fdtcontroladdr}}",
    )


ATTACK = Attack(
    id="booti-at-prompt",
    title="The kernel started by hand, with a shell as its first program",
    does="stops the boot loader by a key, and starts the device's own kernel by booti with a command line of his own",
    position=Position.HAND,
    link=KERNEL,
    case="Szymaniak, Depthcharge (NCC Group, 2020): what a prompt of U-Boot gives; booti passes over every signature",
    foretold=("uboot-shell-reachable", "uboot-risky-command"),
    run=run,
    within=120.0,
)
