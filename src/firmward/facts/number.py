"""What counts as a number in a configuration: ASCII digits, and not without end."""

LENGTH_LIMIT = 18


def is_number(text: str) -> bool:
    """`int` takes it, and it is no other script's digit (`str.isdigit` takes `²` too)."""
    return text.isascii() and text.isdigit() and len(text) <= LENGTH_LIMIT
