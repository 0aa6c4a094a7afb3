"""The search for many words at once, by Hyperscan's literal matcher; without its wheel one after the other."""

from collections.abc import Sequence

from firmward.model.words import Within, WordSearch


class FastWordSearch(WordSearch):
    """One pass over the bytes however many words there are."""

    def prepare(self, words: Sequence[bytes]) -> Within:
        try:
            import hyperscan
        except ImportError:
            return super().prepare(words)
        known = tuple(dict.fromkeys(words))
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=[b"".join(b"\\x%02x" % byte for byte in word) for word in known],
            ids=list(range(len(known))),
            elements=len(known),
            flags=[hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH] * len(known),
        )

        def within(data: bytes) -> frozenset[bytes]:
            found: set[bytes] = set()
            database.scan(data, match_event_handler=lambda index, *_: found.add(known[index]))
            return frozenset(found)

        return within
