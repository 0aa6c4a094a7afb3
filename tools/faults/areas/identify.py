"""Products of binaries: the pass over all contents, what is read of ELF, Go and Rust, and the rows' search."""

from fault import Fault

IDENTIFIED, DYNAMIC = "tests/facts/test_identified.py", "tests/formats/test_elf_dynamic.py"
GO, CRATES = "tests/formats/test_go_build_info.py", "tests/formats/test_cargo_auditable.py"

FAULTS = (
    Fault(
        "facts/product_search.py",
        "return not row.is_file(name) and not any(row.is_file(needed) for needed in elf.needed)",
        "return not row.is_file(name)",
        IDENTIFIED,
        "words that came in with a library are told as a copy in the program",
    ),
    Fault(
        "facts/product_search.py",
        "and (not row.word or row.word in marks)",
        "",
        IDENTIFIED,
        "what a library's header writes into a program is told as a copy",
    ),
    Fault(
        "facts/product_search.py",
        "        if len(said) == 1:\n            return",
        "        if said:\n            return",
        IDENTIFIED,
        "the first of several versions taken",
    ),
    Fault(
        "facts/product_search.py",
        "            if has_zlibs and ZLIBS_VERSION.fullmatch(match[1]):",
        "            if ZLIBS_VERSION.fullmatch(match[1]) is None and False:",
        IDENTIFIED,
        "zlib's version taken for that of the program that needs it",
    ),
    Fault(
        "facts/product_search.py",
        "(row.word and not any(row.word in run.marks for run in runs))",
        "False",
        IDENTIFIED,
        "a version that stands alone believed without the word that must occur",
    ),
    Fault(
        "facts/product_search.py",
        "is_static=row.scope is Scope.LINKED",
        "is_static=False",
        IDENTIFIED,
        "a library linked in not told apart from the library",
    ),
    Fault(
        "facts/product_row.py",
        'AFTER = rb"(?!\\.?\\d)(?![A-Za-z]\\d*[A-Za-z0-9])"',
        'AFTER = b""',
        IDENTIFIED,
        "a part of a longer number taken for the version",
    ),
    Fault(
        "facts/product_row.py",
        "str(int(group)) if group.isdigit() else group for group",
        "group for group",
        IDENTIFIED,
        "zeros ahead of a number of a file's name kept",
    ),
    Fault(
        "facts/contents.py",
        "if elf is None or elf.kind is elf_dynamic.Kind.OBJECT:",
        "if elf is None:",
        IDENTIFIED,
        "kernel modules told as programs",
    ),
    Fault(
        "facts/contents.py",
        ", *elf_dynamic.ranges(size, read))",
        ")",
        IDENTIFIED,
        "the dynamic section of a large program is not read where a file system spares what nobody needs",
    ),
    Fault(
        "formats/elf_dynamic.py",
        "if tag == NEEDED and (name := names(value))",
        "if tag == SONAME and (name := names(value))",
        DYNAMIC,
        "a library's own name taken for what it needs",
    ),
    Fault(
        "formats/elf_dynamic.py",
        'form = _Form("<" if head[5] == 1 else ">", head[4] == 2)\n    kind',
        'form = _Form("<", head[4] == 2)\n    kind',
        DYNAMIC,
        "big-endian programs read as little-endian ones",
    ),
    Fault(
        "formats/go_build_info.py",
        'elif fields[0] == "=>" and found:',
        "elif False:",
        GO,
        "a module that replaces another not told",
    ),
    Fault(
        "formats/cargo_auditable.py",
        'row.get("kind", "runtime") != "runtime"',
        "False",
        CRATES,
        "crates that only built the program told as part of it",
    ),
)
