"""The verbs that look inside: addresses, listings, maps, and what is said of what is missing."""

from fault import Fault

FAULTS = (
    Fault(
        "cli/verdicts.py",
        'return {family: Unknown(f"{family.__name__}: {reason}") for family in heavy}',
        "return {family: None for family in heavy}",
        "tests/cli/test_audit.py",
        "a search that was killed taken for one that found nothing",
    ),
    Fault(
        "cli/audit.py",
        "or (report.unknown and not (report.judged or report.components))",
        "or False",
        "tests/cli/test_audit.py",
        "an image in which nothing could be judged taken for a pass",
    ),
    Fault(
        "audit/layout.py",
        "min(box.size, size - box.start)",
        "box.size",
        "tests/audit/test_layout.py",
        "a part is drawn past the end of its medium",
    ),
    Fault(
        "cli/audit.py",
        "if not report.budget.complete or (report.unknown and not (report.judged or report.components)):",
        "if False:",
        "tests/cli/test_audit.py",
        "a partial report that ends with 0",
    ),
    Fault(
        "cli/cat.py",
        "return inside.EXIT_INCOMPLETE",
        "return 0",
        "tests/cli/test_cat.py::test_what_can_be_read_only_in_part_gives_3",
        "a file read in part ends with 0",
    ),
    Fault(
        "cli/cat.py",
        "if force or not sys.stdout.isatty() else",
        "if True else",
        "tests/cli/test_cat.py::test_a_terminal_is_spared_what_is_no_text",
        "bytes that take a terminal over are written to it",
    ),
    Fault(
        "cli/inside.py",
        "raise typer.Exit(EXIT_INCOMPLETE) from None",
        "raise typer.Exit(0) from None",
        "tests/cli/test_caged.py",
        "a lost reader ends with 0",
    ),
    Fault(
        "cli/inside.py",
        "    if len(found) > 1:",
        "    if False:",
        "tests/cli/test_ls.py",
        "the first of several parts is taken for the one that was meant",
    ),
    Fault(
        "cli/inside.py",
        "return visible(text)",
        "return str(text)",
        "tests/cli/test_ls.py",
        "control characters of an image reach the terminal",
    ),
    Fault(
        "cli/ls.py",
        "return inside.EXIT_INCOMPLETE if trouble else 0",
        "return 0",
        "tests/cli/test_ls.py::test_what_can_be_listed_only_in_part_gives_3",
        "a list of what could be read only in part ends with 0",
    ),
    Fault(
        "facts/collection.py",
        "if family not in waiting:",
        "if family:",
        "tests/facts/test_collection.py",
        "what needs the search of every file waits for it before the rest is collected",
    ),
    Fault(
        "facts/contents.py",
        "return compiled is not None and tree.lstat(f\"{compiled['folder']}{compiled['name']}.py\") is not None",
        "return compiled is not None",
        "tests/checks/secrets/test_private_key_embedded.py",
        "what Python compiled passed over without a source beside it",
    ),
)
