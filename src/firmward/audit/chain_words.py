"""The chain of trust in words, alike in every form of the report."""

from collections.abc import Sequence

from firmward.model.chain import (
    BOOT_LOADER,
    BOOT_ROM,
    FIRST_STAGE,
    KERNEL,
    PLUG_INS,
    ROOT,
    UPDATES,
    Link,
    State,
    first_open,
    first_unproven,
)

TITLES = {
    BOOT_ROM: "Boot ROM",
    FIRST_STAGE: "First stage",
    BOOT_LOADER: "Boot loader",
    KERNEL: "Kernel",
    ROOT: "Root file system",
    PLUG_INS: "Scripts and plug-ins",
    UPDATES: "Updates",
}
ABOUT = {
    BOOT_ROM: "asks for a signature",
    FIRST_STAGE: "what the boot ROM starts",
    BOOT_LOADER: "what the first stage starts",
    KERNEL: "with device tree and initramfs",
    ROOT: "what the kernel mounts",
    PLUG_INS: "what runs with root's rights",
    UPDATES: "what comes in later",
}
SIGNS = {State.VERIFIED: "✓", State.UNVERIFIED: "✗", State.BROKEN: "✗", State.UNKNOWN: "?"}


def title(link: Link) -> str:
    return TITLES.get(link.link, link.link)


def headline(chain: Sequence[Link]) -> str:
    """Where the chain ends, in one sentence; empty where it was not drawn."""
    if not chain:
        return ""
    broken, unproven = first_open(chain), first_unproven(chain)
    if unproven is None:
        return f"The chain of trust is whole, from the {_name(chain[0])} to the {_name(chain[-1])}"
    if broken is None:
        return f"No link of the chain of trust is known to be open; not judged: {_listed(chain)}"
    said = f"The first link of the chain of trust that does not hold is the {_name(broken)} ({broken.state})"
    if unproven is not broken:
        said += f"; the {_name(unproven)} before it is unknown"
    return said


def _listed(chain: Sequence[Link]) -> str:
    return ", ".join(_name(link) for link in chain if link.state is State.UNKNOWN)


def end(chain: Sequence[Link]) -> int | None:
    """The place of the first link that is known not to hold."""
    return next((place for place, link in enumerate(chain) if link.is_open), None)


def _name(link: Link) -> str:
    words = title(link)
    return words[:1].lower() + words[1:]
