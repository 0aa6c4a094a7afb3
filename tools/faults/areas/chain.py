"""The chain of trust: pieces, the signatures over them, and the links that are drawn of them."""

from fault import Fault

CHAIN = "tests/cli/test_chain.py"

FAULTS = (
    Fault(
        "audit/chain.py",
        '    "uboot-legacy-image-accepted",\n',
        "",
        CHAIN,
        "legacy images beside a required key are no way round it",
    ),
    Fault(
        "audit/chain.py",
        "if state is State.UNVERIFIED and State.VERIFIED in states:",
        "if False:",
        CHAIN,
        "what is signed and starts what is not is told as if nothing was signed",
    ),
    Fault(
        "audit/chain.py",
        "    if ground.state is State.VERIFIED and not loader and not stands_in:",
        "    if False:",
        CHAIN,
        "a kernel verified by a boot loader that nobody has seen",
    ),
    Fault(
        "audit/chain.py",
        "    if ground.state is State.VERIFIED or link.state is State.BROKEN:",
        "    if True:",
        CHAIN,
        "plug-ins verified on a root that nothing verifies",
    ),
    Fault(
        "audit/chain.py",
        '    "verity-root-hash-untrusted",\n',
        "",
        CHAIN,
        "a root hash beside its data does not break the root",
    ),
    Fault(
        "facts/cover/fit.py",
        "        open_rings = [one for one in rings if not one.ring.required(kind)]",
        "        open_rings = []",
        CHAIN,
        "a key that is not required taken for one that is",
    ),
    Fault(
        "facts/cover/fit.py",
        '            if node.rpartition(" ")[2] in paths:',
        "            if not paths:",
        CHAIN,
        "a ramdisk that the signature leaves out is verified",
    ),
    Fault(
        "facts/cover/hab.py",
        "    if known and not any(AUTHENTICATES in one for one in known):",
        "    if False:",
        CHAIN,
        "HAB's signature is believed though nobody asks for it",
    ),
    Fault(
        "facts/cover/hab.py",
        '    left = left_out((Extent("file", 0, end),), signing.covered)',
        "    left = ()",
        CHAIN,
        "HAB's commands that cover a piece of the file speak for all of it",
    ),
    Fault(
        "facts/first_stages.py",
        'if kind == "imx-ivt" and imx_ivt.parse(content.read).is_behind:',
        "if False:",
        CHAIN,
        "the table behind a kernel taken for a first stage",
    ),
    Fault(
        "facts/verity.py",
        "    if parts is not None and parts.own.part.role is Role.INITRAMFS:",
        "    if False:",
        "tests/facts/test_verity.py",
        "a hash tree tried on an initramfs",
    ),
    Fault(
        "facts/root_hash_place.py",
        "    return signatures.over(claim.at.part) or",
        "    return",
        CHAIN,
        "a root hash in a signed initramfs is open",
    ),
    Fault(
        "audit/chain.py",
        'ON_THE_WAY = ("initramfs-root-unverified",)',
        "ON_THE_WAY = ()",
        CHAIN,
        "an initramfs that skips the verification on request leaves the root verified",
    ),
    Fault(
        "audit/chain.py",
        "    if not systems and image.ends and roots:",
        "    if not systems and roots:",
        CHAIN,
        "an initramfs that goes on to a root elsewhere taken for the whole system",
    ),
    Fault(
        "audit/chain.py",
        "    if closed is not None and closed.outcome is not Outcome.NOT_APPLICABLE:",
        "    if False:",
        CHAIN,
        "a dump of the fuses does not answer for the boot ROM",
    ),
    Fault(
        "facts/boot_pieces.py",
        "        return bool(same) and one.content is not None and _digest(one.content) in map(_digest, same)",
        "        return bool(same)",
        CHAIN,
        "a device tree of the same size as one in the FIT taken for its copy",
    ),
    Fault(
        "facts/cover/efi.py",
        "    if program.broken is not None:",
        "    if False:",
        "tests/cli/test_efi_boot.py",
        "a signed UEFI program that was changed is not broken",
    ),
    Fault(
        "facts/cover/avb.py",
        "        case Standing.SIGNED if one.test_key:",
        "        case Standing.SIGNED if False:",
        "tests/facts/test_boot_pieces.py",
        "a partition signed with AOSP's test key is verified",
    ),
)
