"""Which of some words occur in bytes: the question that comes before every closer look.

Collectors ask for `WordSearch` as for another family. By itself it looks for one word after the other; a host that has
a faster way gives its own.
"""

from collections.abc import Callable, Sequence

Within = Callable[[bytes], frozenset[bytes]]
"""The words that occur in the bytes."""


class WordSearch:
    """Looks for the words one by one."""

    def prepare(self, words: Sequence[bytes]) -> Within:
        known = tuple(dict.fromkeys(words))
        return lambda data: frozenset(word for word in known if word in data)
