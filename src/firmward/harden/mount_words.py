"""Options of a mount as fstab(5), mount(8) and units write them: words, of which the last that says a thing counts."""

from collections.abc import Iterable

OPPOSITES = {"nosuid": "suid", "nodev": "dev", "noexec": "exec", "ro": "rw", "noauto": "auto", "noatime": "atime"}


def changed(words: Iterable[str], option: str, value: str) -> list[str]:
    """The words with one set: `yes` puts it there, `no` takes it away, another value stands behind `=`."""
    opposite = {**OPPOSITES, **{other: one for one, other in OPPOSITES.items()}}.get(option)
    listed = [word for word in words if word]
    wanted = option if value == "yes" else f"{option}={value}"
    if value != "no" and wanted in listed and not {opposite, "defaults"} & set(listed):
        return listed
    kept = [word for word in listed if word.partition("=")[0] not in (option, opposite)]
    if value == "no":
        return kept or ["defaults"]
    return [*(word for word in kept if word != "defaults"), wanted]
