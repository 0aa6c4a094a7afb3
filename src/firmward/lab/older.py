"""An older build of the same maker, as an attacker keeps one: signed with the same key, and of less worth now."""

from firmward.build.built import Built


def unfit(older: Built, newer: Built) -> str | None:
    """Why bringing it back would show nothing: a device refuses it for another reason than its age, or has to take
    it."""
    if older.product != newer.product:
        return f"it is of {_shown(older.product)}, and this is {_shown(newer.product)}"
    if older.board != newer.board or older.layout != newer.layout:
        return f"it is for {older.board} ({older.layout}), and this is for {newer.board} ({newer.layout})"
    if older.boot_key != newer.boot_key:
        return f"another key signed it: {older.boot_key[:16]}, and here it was {newer.boot_key[:16]}"
    if older.rollback_index >= newer.rollback_index:
        indexes = f"its rollback index is {older.rollback_index}, and here it is {newer.rollback_index}"
        return f"it is not older: {indexes}"
    return None


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)
