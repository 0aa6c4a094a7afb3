"""What UEFI starts of an image, Android's vbmeta, and signatures of single files, as facts."""

from fault import Fault

BOOT, PROGRAMS = "tests/facts/test_secure_boot.py", "tests/facts/test_efi_programs.py"
AVB, SIGNED, VERITY = "tests/facts/test_avb.py", "tests/facts/test_signed_files.py", "tests/facts/test_verity.py"
PLACE, VERIFIED = "tests/facts/test_root_hash_place.py", "tests/checks/storage/test_verified.py"
CLI = "tests/cli/test_efi_boot.py"

FAULTS = (
    Fault(
        "facts/secure_boot.py",
        "        return State.UNKNOWN if decided.problems else State.SETUP\n",
        "        return State.ON\n",
        BOOT,
        "a store without a platform key has secure boot on",
    ),
    Fault(
        "facts/secure_boot.py",
        "return State.ON if decided.is_enforced else State.OFF",
        "return State.ON",
        BOOT,
        "the switch of edk2 is not looked at in an image",
    ),
    Fault(
        "facts/secure_boot.py",
        "        return states.pop() if len(states) == 1 else State.UNKNOWN\n",
        "        return max(states, default=State.UNKNOWN)\n",
        BOOT,
        "one of two stores that disagree decides",
    ),
    Fault(
        "facts/secure_boot.py",
        "any(word in each.lower() for word in TEST_NAMES",
        "any(word in each for word in TEST_NAMES",
        BOOT,
        "a test key is told by small letters alone",
    ),
    Fault(
        "facts/efi_programs.py",
        "is_covered = any(signature.holds for signature in one.signatures)",
        "is_covered = True",
        PROGRAMS,
        "sections of an unsigned kernel image are covered",
    ),
    Fault(
        "facts/efi_programs.py",
        "if each.vendor is not None and each.placed.system == one.placed.system)",
        "if False)",
        PROGRAMS,
        "the certificate in shim starts nothing",
    ),
    Fault(
        "facts/efi_programs.py",
        "if not signatures or any(one.holds for one in signatures):",
        "if True:",
        f"{PROGRAMS} {CLI}",
        "a signature that does not hold is not told",
    ),
    Fault(
        "facts/efi_programs.py",
        "None if found and not self._is_verified else found",
        "found",
        PROGRAMS,
        "a kernel that GRUB loads without shim is verified",
    ),
    Fault(
        "facts/efi_places.py",
        "        if pattern.fullmatch(path):\n",
        "        if pattern.fullmatch(path) and place is not Place.FALLBACK:\n",
        PROGRAMS,
        "what firmware starts of a medium by itself is a loader like others",
    ),
    Fault(
        "facts/efi_loads.py",
        'names = words if command[1] == "initrd" else words[:1]',
        "names = words[:1]",
        PROGRAMS,
        "of several initial ramdisks the first is loaded",
    ),
    Fault(
        "checks/boot/efi_secure_boot_off.py",
        "if one.accepted is not True and not one.is_signed:",
        "if one.accepted is False and not one.is_signed:",
        CLI,
        "an unsigned loader is no finding where the firmware's keys are not known",
    ),
    Fault(
        "checks/boot/efi_secure_boot_off.py",
        "    for one in programs.started:\n",
        "    for one in programs.found:\n",
        CLI,
        "a tool that nothing starts is a finding",
    ),
    Fault(
        "facts/avb.py",
        "if one.standing is Standing.SIGNED and one.verification_disabled:",
        "if False:",
        AVB,
        "a vbmeta whose flags switch all off is as good as another",
    ),
    Fault(
        "facts/avb.py",
        "if all(each.key != one.key for each in first.chained if each.partition == one.partition):",
        "if False:",
        AVB,
        "a chain leads to a vbmeta of any key",
    ),
    Fault(
        "facts/avb.py",
        "return replace(one, hashtree_disabled=first.hashtree_disabled)",
        "return one",
        AVB,
        "flags count in the vbmeta that has them alone",
    ),
    Fault(
        "facts/avb.py",
        "return self.standing is Standing.SIGNED and not self.hashtree_disabled",
        "return self.standing is Standing.SIGNED",
        AVB,
        "hash trees that are disabled are in force",
    ),
    Fault(
        "facts/avb.py",
        '        named = [*self._named[name, slot], *self._named[name, ""]]\n',
        '        named = [*self._named[name, ""]]\n',
        AVB,
        "a descriptor finds no partition of a slot",
    ),
    Fault(
        "facts/kernel_command_line.py",
        "HASHTREE_ENABLED if image.hashtree_disabled else HASHTREE_DISABLED",
        "0",
        AVB,
        "words for the other state of hash trees are given too",
    ),
    Fault(
        "facts/verity.py",
        "yield verity.parse_command(shlex.split(opened[0])[1:])",
        "return",
        VERITY,
        "a command that describes a tree makes none",
    ),
    Fault(
        "facts/root_hash_place.py",
        "for one in verity.vouched if not one.is_signed)",
        "for one in verity.vouched if False)",
        PLACE,
        "a root hash in an unsigned vbmeta is trusted",
    ),
    Fault(
        "checks/storage/rootfs_unverified.py",
        "return found[0] if found and all(one.is_in_force is False for one in found) else None",
        "return None",
        VERIFIED,
        "a vbmeta that has nothing verified goes unseen",
    ),
    Fault(
        "facts/signed_files.py",
        "        if ima.verify(found, digest, certificate.key):\n",
        "        if found.value:\n",
        SIGNED,
        "a signature by a key of the image is not worked out",
    ),
    Fault(
        "facts/signed_files.py",
        "elif takes_appended and _is_appended(tree, entry):",
        "elif _is_appended(tree, entry):",
        SIGNED,
        "appended signatures count though no policy takes them",
    ),
)
