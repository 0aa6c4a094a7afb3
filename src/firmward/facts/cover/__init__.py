"""Signatures over parts of an image: one file for each who looks at one. `signature_over.py` asks them in turn."""

from dataclasses import dataclass

from firmward.model.chain import State


@dataclass(frozen=True, slots=True)
class Cover:
    """`state` of the signature over a part, `why` in words, `by` whom it is asked for, the `carrier` that bears it."""

    state: State
    why: str
    by: str | None = None
    carrier: str | None = None
