"""The state partition, and firmward's own U-Boot: its script, its configuration, its build."""

from fault import Fault

STATE = "tests/formats/test_boot_state.py"
SCRIPT = "tests/build/uboot/test_boot_script.py"
ENVIRONMENT = "tests/build/uboot/test_environment.py"
RECIPE = "tests/build/uboot/test_recipe.py"
SOURCE = "tests/build/uboot/test_source.py"
CONTROL = "tests/build/uboot/test_control.py"


def _proof(words: str) -> str:
    """Cases that start U-Boot in QEMU, of all those that there are."""
    return f"{SCRIPT} -m proof -k {words}"


FAULTS = (
    Fault(
        "formats/boot_state.py",
        "zlib.crc32(data) != int.from_bytes(sector[:4]",
        "False and b'' != (sector[:4]",
        STATE,
        "a copy whose checksum does not hold counts",
    ),
    Fault(
        "formats/boot_state.py",
        "return second if second.seq > first.seq else first",
        "return second",
        STATE,
        "the second copy counts, older or not",
    ),
    Fault(
        "formats/boot_state.py",
        "found.setdefault(name, _unescaped(value))",
        "found[name] = _unescaped(value)",
        STATE,
        "of a name that stands twice the last value counts",
    ),
    Fault(
        "formats/boot_state.py",
        'f"{number:x}" == digits and 0 < number',
        "0 < number",
        STATE,
        "a number counts that the boot loader does not take",
    ),
    Fault(
        "build/uboot/environment.py",
        '**dict.fromkeys(("seq", "active", "last", "good"), "x")',
        '**dict.fromkeys(("seq", "active", "last", "good"), "s")',
        _proof("reaches_no_interpreter"),
        "values of the disk reach hush as they are",
    ),
    Fault(
        "build/uboot/boot.env",
        "itest.b *${at} -lt 3\n",
        "true\n",
        _proof("any"),
        "a tree of any size is checked to its end",
    ),
    Fault(
        "build/uboot/boot.env",
        "if itest.q ${size} -ge 1 && itest.q ${size} -le",
        "if itest.q ${size} -le",
        _proof("partition_of_any_size"),
        "a partition of a size below zero is read as far as it goes",
    ),
    Fault(
        "build/uboot/boot.env",
        "bootm start ${fit}#conf-${slot} || run refuse",
        "bootm start ${fit}#conf-a || run refuse",
        _proof("contract"),
        "slot b starts with the words of slot a",
    ),
    Fault(
        "build/uboot/boot.env",
        "run check_floor || run refuse",
        "run check_floor || true",
        _proof("older_image"),
        "an image below the floor starts",
    ),
    Fault(
        "build/uboot/boot.env",
        'if test "${was_good}" = 1; then run raise_floor; fi',
        "run raise_floor",
        _proof("never_good"),
        "a slot raises the floor before it has served",
    ),
    Fault(
        "build/uboot/boot.env",
        'if test "${good}" = "${last}"; then setenv',
        "if true; then setenv",
        _proof("contract"),
        "a slot is good that was not the one started",
    ),
    Fault(
        "build/uboot/boot.env",
        " run write_state;\n mw.b ${scratch_request} 0 200;",
        " mw.b ${scratch_request} 0 200;",
        _proof("contract"),
        "a request is cleared before what it asks for is kept",
    ),
    Fault(
        "build/uboot/boot.env",
        'if test "${older}" = 0; then setenv older 8; else setenv older 0; fi;\n true',
        "true",
        _proof("contract"),
        "the newer copy is written over",
    ),
    Fault(
        "build/uboot/boot.env",
        "setexpr at ${state_at} + ${older};\n virtio write ${scratch_new}",
        "setexpr at ${state_at} + 0;\n virtio write ${scratch_new}",
        _proof("contract"),
        "one copy alone is written",
    ),
    Fault(
        "build/uboot/boot.env",
        "setenv seq; setenv active; setenv last; setenv a_left",
        "setenv seq; setenv last; setenv a_left",
        ENVIRONMENT,
        "a value that is refused leaves that of the other copy",
    ),
    Fault(
        "build/uboot/locked.config",
        "CONFIG_LEGACY_IMAGE_FORMAT=n ",
        "CONFIG_LEGACY_IMAGE_FORMAT=y ",
        RECIPE,
        "an image with a checksum alone starts",
    ),
    Fault(
        "build/uboot/recipe.py",
        "if came_out.get(name, \"n\") != value",
        "if name not in settings",
        RECIPE,
        "an option that is not taken goes unnoticed",
    ),
    Fault(
        "build/uboot/recipe.py",
        "*_compilers(), *settings",
        "*settings",
        RECIPE,
        "another compiler gets what this one built",
    ),
    Fault(
        "build/uboot/recipe.py",
        "        fcntl.flock(lock, fcntl.LOCK_EX)\n",
        "",
        RECIPE,
        "two processes build at once",
    ),
    Fault(
        "build/uboot/source.py",
        'if (suite, component) == (wanted, "main"):',
        'if component == "main":',
        SOURCE,
        "sources come from any release",
    ),
    Fault(
        "build/uboot/control.py",
        "config { bootcmd = \"bootd\"; bootsecure = <1>; };",
        "config { bootcmd = \"bootd\"; };",
        CONTROL,
        "a boot script that returns comes to the prompt",
    ),
    Fault(
        "build/uboot/control.py",
        "/delete-property/ rng-seed; ",
        "",
        CONTROL,
        "the control tree has other bytes each time",
    ),
)  # fmt: skip
