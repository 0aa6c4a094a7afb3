"""How a device starts anew: by its own system, so that services end as they should, or at once where that fails."""

from collections.abc import Callable
from pathlib import Path

from firmward.model.errors import DeviceError
from firmward.update import command

Restart = Callable[[str], None]
"""What the boot loader is told by the restart is its argument, mostly empty. Raises DeviceError."""
SECONDS = 60.0
"""For the program that asks for it."""
FORCED = ("-f",)
SYSTEMD = Path("/run/systemd/system")
"""Is there where systemd is the first process (sd_booted(3))."""


def politely(argument: str) -> None:
    """Raises DeviceError where the system cannot be asked, or cannot hand on the argument."""
    _run(words(argument, is_systemd=SYSTEMD.is_dir(), find=command.found))


def at_once() -> None:
    """Without ending anything first, for a system that is not well. Raises DeviceError."""
    _run((*words("", is_systemd=False, find=command.found), *FORCED))


def words(argument: str, *, is_systemd: bool, find: Callable[[str], str | None]) -> tuple[str, ...]:
    """The command. Of the programs called `reboot` that of systemd alone hands an argument on (systemctl(1))."""
    name = "systemctl" if is_systemd else "reboot"
    if argument and not is_systemd:
        raise DeviceError(f"the reboot of this system hands on no argument: restart it with {argument!r} yourself")
    path = find(name)
    if path is None:
        raise DeviceError(f"this system has no {name}: restart it yourself")
    if not is_systemd:
        return (path,)
    return (path, "reboot", *((f"--reboot-argument={argument}",) if argument else ()))


def _run(asked: tuple[str, ...]) -> None:
    code = command.ended(asked, SECONDS)
    if code != 0:
        how = "did not end" if code is None else f"ended with {code}"
        raise DeviceError(f"{' '.join(asked)} {how}: restart the device yourself")
