"""How near an attacker is to a component, told in plain words for the files that it brought.

Whoever looks at the facts says the words: "listens on tcp/443", "setuid", "network-facing", "started at boot",
"not running". How they begin decides how near that is. A component of which nothing is said stands in the middle: it is
not known, and no better for that.
"""

from collections.abc import Iterable, Mapping, Sequence

from firmward.model.component import Component

Words = Mapping[str, Sequence[str]]
"""By path."""
NEARNESS = {"listen": 4, "network-facing": 4, "setuid": 3, "started at boot": 2, "running": 2, "not running": 0}
UNKNOWN = 1
SHOWN = 8
"""Words kept of one component."""


def told(component: Component, words: Words) -> tuple[str, ...]:
    """What is said of its files, the nearest first, each once."""
    found = dict.fromkeys(word for path in component.files for word in words.get(path, ()))
    return tuple(sorted(found, key=lambda word: (-_near(word), word))[:SHOWN])


def nearness(words: Iterable[str]) -> int:
    """Of the nearest of the words; a component that does not run is far only when nothing else is said."""
    return max(map(_near, words), default=UNKNOWN)


def _near(word: str) -> int:
    return next((near for start, near in NEARNESS.items() if word.startswith(start)), UNKNOWN)
