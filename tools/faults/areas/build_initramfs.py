"""The initramfs that a build makes."""

from fault import Fault

HERE = "build/initramfs"
TESTS = "tests/build/initramfs"
ARCHIVE = f"{TESTS}/test_archive.py"
PACKING = f"{TESTS}/test_packing.py"
TOOLS = f"{TESTS}/test_tools.py"
MODULES = f"{TESTS}/test_modules.py"
SCRIPT = f"{TESTS}/test_script.py"
MAKE = f"{TESTS}/test_make.py"
VERITY = "tests/facts/test_verity.py"

FAULTS = (
    Fault(
        f"{HERE}/archive.py",
        "member.path == names[-1]",
        "member.path == names[0]",
        ARCHIVE,
        "the first of several hard links carries the data",
    ),
    Fault(
        f"{HERE}/archive.py",
        "sorted(known, key=",
        "list(known) or sorted(known, key=",
        ARCHIVE,
        "members stand in the order in which they came",
    ),
    Fault(
        f"{HERE}/packing.py",
        "check=lzma.CHECK_CRC32, ",
        "",
        PACKING,
        "xz is written with a checksum that the kernel does not know",
    ),
    Fault(
        f"{HERE}/archive.py",
        "beside.unlink(missing_ok=True)",
        "pass",
        ARCHIVE,
        "what is half written is left",
    ),
    Fault(
        f"{HERE}/archive.py",
        "    if written != size:\n",
        "    if written < 0:\n",
        ARCHIVE,
        "a file that is shorter than its size shifts all behind it",
    ),
    Fault(
        f"{HERE}/tools.py",
        'elf = _elf(content)\n        if elf is not None and _is_for(elf, architecture):\n            return f"',
        'elf = _elf(content)\n        if elf is not None:\n            return f"',
        TOOLS,
        "a library of another processor is taken",
    ),
    Fault(
        f"{HERE}/tools.py",
        "pending.append((place, library))",
        "pass",
        TOOLS,
        "the libraries of libraries are left out",
    ),
    Fault(
        f"{HERE}/tools.py",
        'b"\\0%b\\0" % name.encode() in content',
        "name.encode() in content",
        TOOLS,
        "the end of another applet's name is taken for one",
    ),
    Fault(
        f"{HERE}/modules.py",
        "        yield Module(name, content, is_required)\n",
        "        yield Module(name, content)\n",
        MODULES,
        "a processor without instructions for sha256 does not start",
    ),
    Fault(
        f"{HERE}/modules.py",
        "if told.release and told.release != self._kernel.release:",
        "if told.release is None:",
        MODULES,
        "modules of another kernel are taken",
    ),
    Fault(
        f"{HERE}/script.py",
        "or one.options != (ON_CORRUPTION,)",
        "",
        SCRIPT,
        "a table that lets damage pass is taken",
    ),
    Fault(
        f"{HERE}/script.py",
        "ask {shlex.quote(command)}",
        "ask '{command}'",
        SCRIPT,
        "a quote in a health command ends it",
    ),
    Fault(
        f"{HERE}/slot.sh",
        "\tfirmward.slot=b) slot=b ;;\n",
        "\tfirmward.slot=b) slot=b ;;\n\tfirmward.slot=*) slot=${word#*=} ;;\n",
        SCRIPT,
        "any slot is taken from the command line",
    ),
    Fault(
        f"{HERE}/init.sh",
        ' || fail "root_$slot is not what was signed"',
        " || mount -t squashfs -o ro,nodev $root /newroot",
        MAKE,
        "a root that does not verify is mounted all the same",
    ),
    Fault(
        f"{HERE}/watch.sh",
        "count=1 seek=16 conv",
        "count=1 seek=8 conv",
        SCRIPT,
        "the watcher writes over the boot loader's state",
    ),
    Fault(
        f"{HERE}/make.py",
        "return min(behind) - addresses.initramfs if behind else None",
        "return None",
        MAKE,
        "an initramfs runs into what is loaded behind it",
    ),
    Fault(
        "facts/verity.py",
        "        if mapped is not None:\n            yield _table_of(mapped)\n        elif",
        "        if",
        VERITY,
        "a table that an initramfs gives to dmsetup describes no tree",
    ),
)
