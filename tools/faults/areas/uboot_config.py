"""U-Boot's configuration, environment, images and scripts."""

from fault import Fault

FAULTS = (
    Fault(
        "formats/kconfig_values.py",
        "        if can.low:\n            return found\n        self._spans.clear()\n        return OPEN\n",
        "        return found\n",
        "tests/formats/test_kconfig.py",
        "a choice that may not be made is made",
    ),
    Fault(
        "formats/kconfig_values.py",
        "            if condition.low:\n                return self._whole(option, Span(low, high))",
        "            if condition.high:\n                return self._whole(option, Span(low, high))",
        "tests/formats/test_kconfig.py",
        "a default whose condition is open counts",
    ),
    Fault(
        "formats/kconfig_values.py",
        "            if not _is_within(setting, option.type, row):",
        "            if False:",
        "tests/formats/test_kconfig.py",
        "a setting outside of its range is kept",
    ),
    Fault(
        "formats/kconfig.py",
        'if path in self._open:\n            return "the file takes in itself"',
        "pass",
        "tests/formats/test_kconfig.py",
        "Kconfig files in a circle",
    ),
    Fault(
        "formats/uboot_config.py",
        "return None if self.is_complete else OF_DEFCONFIG",
        "return None",
        "tests/formats/test_uboot_config.py",
        "what a defconfig does not say is off",
    ),
    Fault(
        "formats/uboot_env.py",
        "    if not _is_named(head) and _COMMON.search(data, 4, text_end) is None:\n",
        "    if not _is_named(head):\n",
        "tests/formats/test_uboot_env_booted.py",
        "an environment that begins with a name nobody gives is not seen, and U-Boot takes it",
    ),
    Fault(
        "formats/uboot_env.py",
        "    if not _is_named(head) and _COMMON.search(data, 4, text_end) is None:\n",
        "    if False:\n",
        "tests/formats/test_uboot_env_booted.py",
        "bytes without a name that means anything are taken for an environment",
    ),
    Fault(
        "formats/uboot_env.py",
        "            found.pop(name, None)\n        elif name:\n            found[name] = value",
        "            pass\n        elif name:\n            found[name] = value",
        "tests/formats/test_uboot_env_booted.py",
        "a variable that a later name without a value removes is told as set",
    ),
    Fault(
        "formats/uboot_env.py",
        "    if {one, other} == {0, 255}:\n        return first if one == 0 else second\n",
        "",
        "tests/formats/test_uboot_env_copies.py tests/formats/test_uboot_env.py",
        "a counter that began again is the older",
    ),
    Fault(
        "formats/uboot_env.py",
        "    Form.IMPORTED: unescaped,\n",
        "    Form.IMPORTED: lambda value: value,\n",
        "tests/formats/test_uboot_env_copies.py",
        "backslashes of an imported environment kept",
    ),
    Fault(
        "formats/uimage.py",
        "if first.size > SCRIPT_LIMIT or first.offset + first.size > HEADER_SIZE + header.size:",
        "if False:",
        "tests/formats/test_uimage.py",
        "a script longer than its image",
    ),
    Fault(
        "formats/uboot_reach.py",
        "        if variable in where.via:\n            return\n",
        "",
        "tests/formats/test_uboot_script.py",
        "variables that run each other without end",
    ),
    Fault(
        "formats/uboot_reach.py",
        "            self._values, self._locals = before\n            where",
        "            where",
        "tests/formats/test_uboot_script.py",
        "what one arm sets is set in the next",
    ),
    Fault(
        "formats/uboot_script.py",
        "parts.append(Text(text[at : at + 2] if inside else text[at + 1 : at + 2]))",
        "parts.append(Text(text[at + 1 : at + 2]))",
        "tests/formats/test_uboot_script.py",
        "a backslash within double quotes taken away",
    ),
)
