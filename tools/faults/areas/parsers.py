"""Bounds of the pure parsers, and that every one of them is fuzzed."""

from fault import Fault

SCRIPTS = "tests/formats/test_uboot_script.py"
OVERLAYS = "tests/formats/test_overlay.py"
TREES = "tests/formats/test_device_tree.py"
FITS = "tests/formats/test_fit_check.py"
PATHS = "tests/formats/test_x509_path.py"

FAULTS = (
    Fault(
        "formats/uboot_script.py",
        "(sign in _BLANKS or",
        "(sign.isspace() or",
        f"{SCRIPTS} --timeout 60",
        "a form feed in a script of U-Boot is waited on without end",
    ),
    Fault(
        "formats/uboot_reach.py",
        "or len(self.conditions) >= CONDITIONS_LIMIT:",
        "or len(self.conditions) < 0:",
        SCRIPTS,
        "every elif adds a condition to all commands behind it",
    ),
    Fault(
        "formats/uboot_reach.py",
        "or self._read > READ_LIMIT:",
        "or self._read < 0:",
        SCRIPTS,
        "scripts of any number of characters are read",
    ),
    Fault(
        "formats/overlay.py",
        "if not isinstance(value, bytearray):",
        "if True:",
        OVERLAYS,
        "a large value is copied for each reference into it",
    ),
    Fault(
        "formats/overlay.py",
        "return self.bare.get(name)",
        'return next((one for key, one in self.children.items() if key.partition("@")[0] == name), None)',
        OVERLAYS,
        "a node is looked for among all that stand beside it",
    ),
    Fault(
        "formats/fdt.py",
        "if length > PATH_LIMIT:",
        "if length < 0:",
        TREES,
        "thousands of nodes have paths of sixteen kilobytes",
    ),
    Fault(
        "formats/fdt.py",
        "self._text_left -= found.size",
        "self._text_left -= 0",
        TREES,
        "text of a tree is read without a bound",
    ),
    Fault(
        "formats/device_tree.py",
        "length -= added",
        "length -= 0",
        TREES,
        "names of nodes that were closed count for those behind them",
    ),
    Fault(
        "formats/fit.py",
        "nodes if len(nodes) <= HASHED_NODES else (),",
        "nodes,",
        FITS,
        "a signature's list of any length is taken",
    ),
    Fault(
        "formats/fit_check.py",
        "        self._nodes_left -= len(one.components)\n        if self._nodes_left < 0:\n            return ()\n",
        "",
        FITS,
        "every signature goes through all that a configuration boots",
    ),
    Fault(
        "formats/uboot_control.py",
        "effort -= header.structure_size + header.strings_size",
        "effort -= header.structure_size",
        "tests/formats/test_uboot_binary.py",
        "a megabyte of names is read for each header that claims it",
    ),
    Fault(
        "formats/imx_csf.py",
        "if size > BLOCKS_LIMIT:",
        "if size < 0:",
        "tests/formats/test_imx_csf.py --timeout 60",
        "a block that is told thousands of times is hashed as often",
    ),
    Fault(
        "formats/imx_csf.py",
        "if fields else []",
        "if True else []",
        "tests/formats/test_imx_csf.py",
        "a message with nothing in it is no Malformed",
    ),
    Fault(
        "formats/imx_ahab.py",
        "if size > HASHED_LIMIT:",
        "if size < 0:",
        "tests/formats/test_imx_ahab.py",
        "images that lie over each other are all hashed",
    ),
    Fault(
        "formats/x509.py",
        "first = next(der.inside(data, outer), None)\n    if first is None:",
        "first = next(der.inside(data, outer))\n    if first is None:",
        PATHS,
        "an algorithm without a name is no Malformed",
    ),
    Fault(
        "formats/x509_path.py",
        "self._effort.left -= 1",
        "self._effort.left -= 0",
        PATHS,
        "each of many signatures may take as many verifications",
    ),
    Fault(
        "facts/fits.py",
        "    unread += unread_trees\n",
        "",
        "tests/checks/boot/test_fit.py",
        "a FIT that is too much to read is passed over",
    ),
    Fault(
        "facts/fits.py",
        "found += filter(None, others)",
        "found += filter(None, ())",
        "tests/checks/boot/test_fit.py",
        "a FIT whose images stand far behind is passed over",
    ),
)
