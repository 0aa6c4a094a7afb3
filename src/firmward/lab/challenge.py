"""How an attacker's program proves that it ran: by the product of two numbers that it was given.

What was written to a disk or typed into a line may come back by an echo or a dump, and holds the two factors alone. The
product is only there when somebody multiplied.
"""

import secrets
from dataclasses import dataclass

LEAST, MOST = 1 << 20, 1 << 24
"""Of a factor: the product fits every shell's numbers, and is found in no output by chance."""


@dataclass(frozen=True, slots=True)
class Challenge:
    first: int
    second: int

    @property
    def shell(self) -> str:
        """An expression of a shell, for the argument of an `echo`."""
        return f"$(({self.first} * {self.second}))"

    @property
    def uboot(self) -> str:
        """Commands of U-Boot, which reads and prints hexadecimal numbers."""
        return f"setexpr won {self.first:x} * {self.second:x}; echo ${{won}}"

    @property
    def answers(self) -> tuple[str, str]:
        product = self.first * self.second
        return str(product), f"{product:x}"

    def is_answered(self, text: str) -> bool:
        return any(one in text for one in self.answers)


def challenge() -> Challenge:
    drawn = (LEAST + secrets.randbelow(MOST - LEAST) for _ in range(2))
    return Challenge(*drawn)
