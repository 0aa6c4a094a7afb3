"""All flaws of the kernel in little room: fourteen thousand are read in milliseconds.

Versions, pairs of versions and files repeat, so that each is kept once and the flaws hold numbers of them. It is a
sequence of records, which are made as they are asked for; who judges all of them against one version asks each
distinct pair once (`applying`), a fifth of all.
"""

import json
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar, overload

from firmward.formats.malformed import Malformed
from firmward.vulns.record import KernelFlaw

Pair = tuple[str, str]
Item = TypeVar("Item")
WORD = "I"


@dataclass(frozen=True, slots=True)
class KernelFlaws(Sequence[KernelFlaw]):
    """The flaws `ids`, and each distinct one of `pairs` and `files` once. The numbers of flaw n's pairs are
    `pair_numbers` from `pair_ends[n - 1]` up to `pair_ends[n]`, and so for its files."""

    ids: Sequence[str]
    pairs: Sequence[Pair]
    files: Sequence[str]
    pair_numbers: "array[int]"
    pair_ends: "array[int]"
    file_numbers: "array[int]"
    file_ends: "array[int]"

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> KernelFlaw: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[KernelFlaw, ...]: ...

    def __getitem__(self, place: int | slice) -> KernelFlaw | tuple[KernelFlaw, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        if place < 0:
            place += len(self)
        pairs = _between(self.pair_numbers, self.pair_ends, place)
        files = _between(self.file_numbers, self.file_ends, place)
        return KernelFlaw(
            self.ids[place], tuple(map(self.pairs.__getitem__, pairs)), tuple(map(self.files.__getitem__, files))
        )

    def __iter__(self) -> Iterator[KernelFlaw]:
        pair, file = self.pairs.__getitem__, self.files.__getitem__
        pairs_from = files_from = 0
        for name, pairs_to, files_to in zip(self.ids, self.pair_ends, self.file_ends, strict=True):
            pairs, files = self.pair_numbers[pairs_from:pairs_to], self.file_numbers[files_from:files_to]
            yield KernelFlaw(name, tuple(map(pair, pairs)), tuple(map(file, files)))
            pairs_from, files_from = pairs_to, files_to

    def applying(self, applies: Callable[[str, str], bool]) -> Iterator[int]:
        """The places of the flaws of which any pair, introduced and fixed, applies; each pair is asked once."""
        answers = [applies(introduced, fixed) for introduced, fixed in self.pairs]
        start = 0
        for place, end in enumerate(self.pair_ends):
            if any(map(answers.__getitem__, self.pair_numbers[start:end])):
                yield place
            start = end


def _between(numbers: "array[int]", ends: "array[int]", place: int) -> "array[int]":
    return numbers[ends[place - 1] if place else 0 : ends[place]]


NONE = KernelFlaws((), (), (), array(WORD), array(WORD), array(WORD), array(WORD))


def pack(flaws: Iterable[KernelFlaw]) -> Iterator[tuple[str, bytes]]:
    """The pieces by name, as the database keeps them."""
    versions, files, pairs = _Numbered[str](), _Numbered[str](), _Numbered[tuple[int, int]]()
    ids: list[str] = []
    pair_numbers, pair_counts, file_numbers, file_counts = array(WORD), array(WORD), array(WORD), array(WORD)
    for flaw in flaws:
        ids.append(flaw.vulnerability)
        pair_numbers.extend(pairs.of((versions.of(start), versions.of(end))) for start, end in flaw.pairs)
        file_numbers.extend(map(files.of, flaw.files))
        pair_counts.append(len(flaw.pairs))
        file_counts.append(len(flaw.files))
    yield from ((name, _joined(words)) for name, words in (("ids", ids), ("versions", versions), ("files", files)))
    yield "pairs", _bytes(array(WORD, (number for pair in pairs for number in pair)))
    yield "pair_numbers", _bytes(pair_numbers)
    yield "pair_ends", _bytes(array(WORD, accumulate(pair_counts)))
    yield "file_numbers", _bytes(file_numbers)
    yield "file_ends", _bytes(array(WORD, accumulate(file_counts)))


def unpack(pieces: "dict[str, bytes]") -> KernelFlaws:
    """Raises Malformed where the pieces do not fit together."""
    if not pieces:
        return NONE
    try:
        versions = _words(pieces["versions"])
        numbers = _array(pieces["pairs"])
        pairs = list(
            zip(map(versions.__getitem__, numbers[::2]), map(versions.__getitem__, numbers[1::2]), strict=True)
        )
        made = KernelFlaws(
            _words(pieces["ids"]),
            pairs,
            _words(pieces["files"]),
            *(_array(pieces[name]) for name in ("pair_numbers", "pair_ends", "file_numbers", "file_ends")),
        )
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise Malformed(f"the kernel's flaws are damaged: {error}") from error
    if not _fits(made):
        raise Malformed("the kernel's flaws are damaged: their numbers do not fit")
    return made


def _fits(made: KernelFlaws) -> bool:
    return all(
        len(ends) == len(made.ids)
        and (not ends or ends[-1] == len(numbers))
        and (not numbers or max(numbers) < len(words))
        for numbers, ends, words in (
            (made.pair_numbers, made.pair_ends, made.pairs),
            (made.file_numbers, made.file_ends, made.files),
        )
    )


class _Numbered(dict[Item, int]):
    """Things with the number of each in the order in which they came."""

    def of(self, item: Item) -> int:
        return self.setdefault(item, len(self))


def _joined(words: Iterable[str]) -> bytes:
    return json.dumps(list(words), ensure_ascii=False, separators=(",", ":")).encode()


def _words(content: bytes) -> list[str]:
    words = json.loads(content)
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        raise ValueError("no list of words")
    return words


def _bytes(numbers: "array[int]") -> bytes:
    """Little-endian, on whatever machine."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _array(content: bytes) -> "array[int]":
    numbers: array[int] = array(WORD)
    numbers.frombytes(content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
