"""Parts given by hand: what they are taken for, whom they go with, fuses, configurations of U-Boot, keys."""

from fault import Fault

LOOSE = "tests/cli/test_loose.py"
FUSES = "tests/formats/test_fuses.py tests/facts/test_fuses.py"
CONFIGS = "tests/facts/test_uboot_configs.py"

FAULTS = (
    Fault(
        "image/given.py",
        "    if not found:",
        "    if False:",
        f"{LOOSE}::test_what_is_not_what_it_is_said_to_be_is_refused",
        "a picture is taken for whatever its option says",
    ),
    Fault(
        "image/given.py",
        "return claim.reads is not None and named(source) is None and claim.reads(source)",
        "return claim.reads is not None and claim.reads(source)",
        f"{LOOSE}::test_what_is_not_what_it_is_said_to_be_is_refused",
        "a picture of some kilobytes is read as a dump of fuses",
    ),
    Fault(
        "image/given.py",
        '(part.kind == "kernel-config" and claim.kind == "u-boot-config")',
        "False",
        f"{LOOSE}::test_a_defconfig_is_taken_by_the_word_of_who_gives_it",
        "a packed defconfig of U-Boot is taken for the kernel's",
    ),
    Fault(
        "image/given.py",
        "if blob.OPTION_LINE.search(data[: blob.HEAD]):",
        "if False:",
        f"{LOOSE}::test_what_is_not_what_it_is_said_to_be_is_refused",
        "a configuration is taken for an environment",
    ),
    Fault(
        "image/pairing.py",
        '    yield ""',
        "    yield from ()",
        "tests/image/test_pairing.py",
        "what was given goes with no root of the image",
    ),
    Fault(
        "image/opening.py",
        'if wrapped and place.id.startswith(f"{GIVEN}/"):',
        "if False:",
        f"{LOOSE}::test_fingerprints_know_no_file_names",
        "fingerprints depend on the name that somebody's packed file had",
    ),
    Fault(
        "cli/caged.py",
        "image = given if target is None else (target, *given)",
        "image = () if target is None else (target,)",
        f"{LOOSE}::test_a_boot_loader_alone_is_an_image",
        "the worker may not read what was given",
    ),
    Fault(
        "cli/audit.py",
        "*(one.path for one in given)) if path is not None]",
        ") if path is not None]",
        f"{LOOSE}::test_no_report_is_written_over_a_part",
        "a report is written over a part that was given",
    ),
    Fault(
        "formats/fuses.py",
        'repeats = line == "*"',
        "repeats = True",
        FUSES,
        "octal offsets of od are misread as hexadecimal ones",
    ),
    Fault(
        "formats/fuses.py",
        "self.flat.get(bank * words_a_bank + word)",
        "self.flat.get(bank * 8 + word)",
        FUSES,
        "banks of four words are counted as banks of eight",
    ),
    Fault(
        "formats/fuses.py",
        "bytes.fromhex(group)[::-1]",
        "bytes.fromhex(group)",
        FUSES,
        "the words of hexdump are read in the wrong order",
    ),
    Fault(
        "formats/chip_fuses.py",
        "return None if returned is None else returned != chip.return_value",
        "return True",
        FUSES,
        "a chip that was opened again for its return is taken for closed",
    ),
    Fault(
        "facts/fuses.py",
        "    if not same:",
        "    if False:",
        FUSES,
        "of two chips that read a dump differently the first is believed",
    ),
    Fault(
        "facts/fuses.py",
        "if self.soc is None and len(named) == 1 else self",
        "if len(named) == 1 else self",
        FUSES,
        "the policy's board wins over the image's device tree",
    ),
    Fault(
        "checks/boot/chip_open.py",
        "elif told.secure_boot is None:",
        "elif False:",
        f"{LOOSE}::test_fuses_are_read_for_the_chip_that_the_device_tree_names",
        "fuses of a chip that is not known pass",
    ),
    Fault(
        "facts/uboots.py",
        "if _is_given(one) or _release(one) not in releases",
        "",
        CONFIGS,
        "a configuration among a package's documents is one more boot loader",
    ),
    Fault(
        "facts/uboot_configs.py",
        "self._all_named = not config.is_complete or modern",
        "self._all_named = True",
        CONFIGS,
        "what an old configuration leaves to the headers is taken for off",
    ),
    Fault(
        "facts/uboot_configs.py",
        "if saving and places else ()",
        "if saving else ()",
        CONFIGS,
        "saveenv is told where there is nowhere to save to",
    ),
    Fault(
        "facts/uboot_configs.py",
        "if isinstance(mine, Unknown) or not said or _plain(mine) in map(_plain, said):",
        "if True:",
        CONFIGS,
        "another build's configuration is believed beside the binary",
    ),
    Fault(
        "facts/boot_keys.py",
        "for one in self.given for key in one.ring.keys if key.public not in known",
        "for one in self.given for key in one.ring.keys if key.public in known",
        f"{LOOSE}::test_a_signature_is_verified_with_the_key_that_is_given",
        "a key that is given verifies nothing",
    ),
    Fault(
        "checks/boot/fit_key_not_required.py",
        "if not keys.rings and not keys.unread:",
        "if False:",
        f"{LOOSE}::test_a_signature_is_verified_with_the_key_that_is_given",
        "a key that is given passes for one that the boot loader demands",
    ),
    Fault(
        "facts/stored_environments.py",
        "return uboot_env.of_text(head)",
        "raise",
        f"{LOOSE}::test_an_environment_is_bytes_or_text",
        "an environment that was printed is not read",
    ),
)
