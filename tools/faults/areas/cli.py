"""What `parts`, `ls` and `cat` show."""

from fault import Fault

LS = "tests/cli/test_ls.py"
CAT = "tests/cli/test_cat.py"
PARTS = "tests/cli/test_parts.py"

FAULTS = (
    Fault(
        "cli/inside.py",
        'return visible(text).replace("\\n", "\\\\n")',
        "return text",
        LS + " " + PARTS,
        "control characters reach the terminal",
    ),
    Fault(
        "cli/inside.py",
        "if os.path.lexists(address[:end]):",
        "if os.path.lexists(address[:end]) and end < len(address):",
        LS,
        "an image with colons in its name not found",
    ),
    Fault("cli/inside.py", "if len(few) == 1:", "if few:", LS, "the first of several file systems taken"),
    Fault(
        "cli/ls.py", "return inside.EXIT_INCOMPLETE if trouble else 0", "return 0", LS, "a listing in part ends with 0"
    ),
    Fault("cli/ls.py", 'document["path_base64"] =', "_ =", LS, "names that are not UTF-8 lost"),
    Fault("cli/cat.py", "return inside.EXIT_INCOMPLETE\n", "return 0\n", CAT, "bytes in part end with 0"),
    Fault(
        "cli/cat.py",
        "pieces if force or not sys.stdout.isatty() else _plain(pieces)",
        "pieces",
        CAT,
        "a terminal gets what would take it over",
    ),
    Fault(
        "cli/parts.py",
        "return 0 if opened.budget.complete else inside.EXIT_INCOMPLETE",
        "return 0",
        PARTS,
        "parts left out end with 0",
    ),
    Fault(
        "cli/parts.py",
        "row = to_json(redacted(part))",
        "row = to_json(part)",
        PARTS,
        "control characters and secrets in the names of parts",
    ),
    Fault("cli/layout_map.py", "seen = shown(words)", "seen = words", PARTS, "control characters in the map"),
    Fault(
        "cli/layout_map.py",
        "return UNREAD if is_unread(part) else STYLES[look(part)]",
        "return STYLES[look(part)]",
        PARTS,
        "a part that was not read drawn as one that was",
    ),
    Fault(
        "cli/layout_map.py",
        "several = len(innermost) > 1",
        "several = False",
        PARTS,
        "several parts in one cell shown as one",
    ),
)
