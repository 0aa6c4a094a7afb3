"""The boot chain's facts and checks: keys, FITs, U-Boots, first stages, and what is asked of an image as a whole."""

from fault import Fault

FIT, UBOOT = "tests/checks/boot/test_fit.py", "tests/checks/boot/test_uboot.py"
FIRST, MEDIA = "tests/checks/boot/test_bootloader_unsigned.py", "tests/checks/boot/test_environment_on_media.py"

FAULTS = (
    Fault(
        "facts/fits.py",
        "ring = keys.all if isinstance(keys, BootKeys) and known else None",
        "ring = None",
        FIT,
        "FITs judged without the keys that the image's boot loader holds",
    ),
    Fault(
        "facts/fits.py",
        "AMBIGUOUS = (Fault.SAME_NAME, Fault.UNIT_ADDRESS)",
        "AMBIGUOUS = (Fault.SAME_NAME,)",
        FIT,
        "a node with a unit address that another reader takes for the signed one passed over",
    ),
    Fault(
        "checks/boot/fit_signature_invalid.py",
        "            if SignatureState.VERIFIED in states:",
        "            if states:",
        FIT,
        "any signature taken for one that holds",
    ),
    Fault(
        "checks/boot/fit_component_uncovered.py",
        "for left in one.uncovered if one.is_signed else ():",
        "for left in one.uncovered[:0]:",
        FIT,
        "what a signature leaves out is not told",
    ),
    Fault(
        "checks/boot/fit_unsigned.py",
        "booted is not None and not booted.is_signed and not any(image.signatures for image in found.images)",
        "booted is not None and not any(one.is_signed for one in found.configurations)",
        FIT,
        "another configuration's signature taken for that of the one that boots",
    ),
    Fault(
        "checks/boot/fit_key_not_required.py",
        'elif not placed.ring.required("conf"):',
        'elif not placed.ring.required("conf") and not placed.ring.required("image"):',
        FIT,
        "a key that is required for images alone taken for enough",
    ),
    Fault(
        "facts/uboots.py",
        "reached.sources if isinstance(reached, Reach) else reached",
        "reached.sources[:1] if isinstance(reached, Reach) else reached",
        UBOOT,
        "only the first medium that is tried is told",
    ),
    Fault(
        "checks/boot/uboot_shell_reachable.py",
        "if found.has_prompt is False or found.delay == NO_DELAY:",
        "if found.has_prompt is False or found.delay in (NO_DELAY, 2):",
        f"{UBOOT} tests/test_every_check.py",
        "a delay of two seconds taken for none",
    ),
    Fault(
        "checks/boot/uboot_legacy_image_accepted.py",
        "        if both == (True, True):",
        "        if both == (False, True):",
        "tests/test_every_check.py",
        "legacy images told where nothing is verified, and not where they go round a signature",
    ),
    Fault(
        "facts/first_stages.py",
        "    return sequence.signing(table), imx_csf.verify(read, table, sequence)",
        "    return table.signing, ()",
        FIRST,
        "a CSF believed by its pointer alone",
    ),
    Fault(
        "facts/first_stages.py",
        '        "rockchip-rkns": _computed(_unsized(rockchip.parse_new_id_block), rockchip.verify),\n',
        "",
        FIRST,
        "a kind of first stage left out",
    ),
    Fault(
        "checks/boot/bootloader_unsigned.py",
        "    doubts = list(stages.unread)",
        "    doubts = []",
        FIRST,
        "a first stage that cannot be read passes",
    ),
    Fault(
        "facts/stored_environments.py",
        "        found.setdefault(tuple(sorted(stored.variables.items())), stored)",
        "        found[(str(stored.at.part), ),] = stored",
        MEDIA,
        "the second copy of an environment told again",
    ),
    Fault(
        "cli/verdicts.py",
        "    return tuple(check for check in case.question.checks if not is_of_image(check))",
        "    return case.question.checks",
        MEDIA,
        "what is asked of the image asked of each root again",
    ),
    Fault(
        "cli/verdicts.py",
        "    if bare:  # nothing can be said",
        "    if False:  # nothing can be said",
        "tests/cli/test_audit.py",
        "of bytes that nothing recognised it is said that there is no environment in them",
    ),
    Fault(
        "image/carried.py",
        "SMALLEST if is_for_it else SNIFFED",
        "SNIFFED",
        FIT,
        "a small control tree in a build's output is not seen",
    ),
)
