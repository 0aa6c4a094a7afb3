"""The one exception of the pure parsers: bytes that break the rules of their format."""


class Malformed(ValueError):  # noqa: N818 - says what is wrong with the bytes
    """The bytes cannot be what they claim to be; the message says why, in words for a report."""
