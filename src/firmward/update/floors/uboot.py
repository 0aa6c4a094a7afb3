"""The rollback floor that firmward's boot loader keeps (build/uboot/boot.env), in flash that Linux is not told of.

The loader raises it by itself, when a slot that was healthy starts again, and hands nothing over: the kernel's command
line is the signed one. What is known here is that the running image has passed it. So the floor is at most the running
image's rollback index, and whatever is not below that will start.
"""


class UbootFloor:
    """A floor (floor.py). `running` is the rollback index of the image that runs."""

    name = "the boot loader"
    is_kept_apart = True
    refused = ""

    def __init__(self, running: int) -> None:
        self._running = running

    def read(self) -> int:
        return self._running

    def raise_to(self, index: int) -> None:
        """The loader does it."""
