"""Commands at a boot loader's prompt, which answers at its own pace."""

from collections.abc import Callable
from typing import cast

import pytest

from firmward.lab.means import prompt
from firmward.lab.target import Powered

LINES = ("version; printenv bootcmd", "setenv bootargs console=ttyAMA0 rdinit=/bin/sh", "boot")


class Played:
    """A prompt that says so many pieces of its answer at each look; one that shows nothing for long is stuck."""

    def __init__(self, pieces: int, said: str = "=> \r\n=> ") -> None:
        self.said, self.lines, self.pieces = f"\r\n{said}", [], pieces
        self._coming: list[str] = []

    def type(self, keys: str) -> None:
        self.lines.append(keys.rstrip("\r"))
        self._coming += [keys.rstrip("\r"), "\r\n", "done\r\n", "=> "]

    def until(self, seen: Callable[[], bool], _seconds: float) -> bool:
        for _ in range(20):
            if seen():
                return True
            coming, self._coming = self._coming[: self.pieces], self._coming[self.pieces :]
            self.said += "".join(coming)
        raise AssertionError(f"waits for what has come: {self.said[-80:]!r}")


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_each_line_is_typed_once_the_one_before_was_heard_and_answered(pieces: int) -> None:
    played = Played(pieces)
    prompt.command(cast("Powered", played), LINES, 120.0)
    assert tuple(played.lines) == LINES
