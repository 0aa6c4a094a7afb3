"""The command lines that a kernel may start with: the boot loader's, and the words that are built in.

Rules, from the kernel's Kconfig: CONFIG_CMDLINE_FORCE and CONFIG_CMDLINE_OVERRIDE take the built-in words alone;
CONFIG_CMDLINE_EXTEND puts them behind the boot loader's; CONFIG_CMDLINE_FROM_BOOTLOADER and CONFIG_CMDLINE_FALLBACK
take them only where the boot loader gives none; else they come first.
"""

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown

ALONE = ("CMDLINE_FORCE", "CMDLINE_OVERRIDE")
BEHIND = "CMDLINE_EXTEND"
SPARE = ("CMDLINE_FROM_BOOTLOADER", "CMDLINE_FALLBACK")


def started_with(
    options: KernelOptions, command_lines: KernelCommandLine | None | Unknown
) -> tuple[CommandLine, ...] | Unknown:
    """All of them, at least one; Unknown where the boot loader's are not."""
    built_in = options.command_line
    if _is_any(options, ALONE):
        return (built_in,)
    if not isinstance(command_lines, KernelCommandLine):
        return command_lines or Unknown("its command line is not known")
    if command_lines.unread:
        return Unknown("; ".join(command_lines.unread[:3]))
    if not command_lines.whole:
        return Unknown("only pieces of its command line are known")
    pieces = tuple(word for line in command_lines.lines if not line.is_whole for word in line.arguments)
    own = () if _is_any(options, SPARE) else built_in.arguments
    first, last = ((), own) if _is_any(options, (BEHIND,)) else (own, ())
    return tuple(
        CommandLine((*first, *pieces, *line.arguments, *last), line.at, is_whole=True) for line in command_lines.whole
    )


def certain_words(options: KernelOptions) -> CommandLine:
    """The words that are built in and that the kernel takes whatever its boot loader gives."""
    return CommandLine(() if _is_any(options, SPARE) else options.command_line.arguments, options.at, is_whole=False)


def _is_any(options: KernelOptions, names: tuple[str, ...]) -> bool:
    return any(options.is_on(one) is True for one in names)
