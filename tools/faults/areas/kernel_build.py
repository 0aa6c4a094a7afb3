"""Which sources a kernel was built from: Kbuild's files, the maps, and the verdict on a flaw."""

from fault import Fault

TREE = "tests/vulns/kbuild/test_tree.py"
CONDITION = "tests/vulns/kbuild/test_condition.py"
INCLUDES = "tests/vulns/kbuild/test_includes.py"
MAP = "tests/vulns/test_kernel_map.py"
BUILD = "tests/vulns/test_kernel_build.py"

FAULTS = (
    Fault(
        "vulns/kbuild/condition.py",
        "    terms = frozenset(negated(term) for term in condition.terms)",
        "    terms = condition.terms",
        CONDITION,
        "of a test of several options the contrary is no contrary",
    ),
    Fault(
        "vulns/kbuild/condition.py",
        "    return None if is_open else not decisive",
        "    return not decisive",
        CONDITION,
        "an option of which nothing is known decides",
    ),
    Fault(
        "vulns/kbuild/statements.py",
        "Guard(last.kind, last.left, last.right, not last.is_negated)",
        "last",
        f"tests/vulns/kbuild/test_statements.py {TREE}",
        "what stands after else holds with what stands before it",
    ),
    Fault(
        "vulns/kbuild/expansion.py",
        "        if found is None:\n            return ALWAYS\n",
        "        if found is None:\n            return NEVER\n",
        TREE,
        "what stands in a test that is not understood is never built",
    ),
    Fault(
        "vulns/kbuild/expansion.py",
        'return f"{name[:-2]}-y" if name.endswith("-m") else name',
        "return name",
        TREE,
        "the list of modules is not read",
    ),
    Fault(
        "vulns/kbuild/listing.py",
        "        if OPAQUE in word or SET in word:\n            self.found.opaque.append(condition)\n",
        "        if OPAQUE in word or SET in word:\n            return\n",
        TREE,
        "a word of a list that cannot be told builds nothing",
    ),
    Fault(
        "vulns/kbuild/listing.py",
        "            self._mentioned(condition, rule.prerequisites)\n",
        "",
        TREE,
        "what a rule is made from need not be built for it",
    ),
    Fault(
        "vulns/kbuild/tree.py",
        "        if lists is None:\n            found = _own(folder)\n",
        "        if lists is None:\n            found = NEVER\n",
        TREE,
        "a folder that nothing lists is never read",
    ),
    Fault(
        "vulns/kbuild/tree.py",
        "and tree.is_licensed(path)",
        "",
        TREE,
        "an object without a licence is taken for a module that lists name",
    ),
    Fault(
        "vulns/kbuild/includes.py",
        "            elif not includers:\n                return None\n",
        "",
        INCLUDES,
        "what something unknown includes is said to be left out with the rest",
    ),
    Fault(
        "vulns/kbuild/includes.py",
        '            if match["own"]:\n                continue\n',
        "            continue\n",
        INCLUDES,
        "a file that a macro names is looked for in one place alone",
    ),
    Fault(
        "vulns/kernel_map.py",
        "    return (load(before[-1]), load(after[0])) if before and after else ()",
        "    return tuple(load(one) for one in (*before[-1:], *after[:1]))",
        f"{MAP} {BUILD}",
        "a kernel older than all maps is judged by the oldest",
    ),
    Fault(
        "vulns/kernel_build.py",
        "        if len(conditions) < len(self.maps):",
        "        if not conditions:",
        BUILD,
        "a source that came or went between two lines is judged by one of them",
    ),
    Fault(
        "vulns/kernel_build.py",
        "        if unknown is not None:\n            return unknown\n",
        "",
        BUILD,
        "a flaw counts as left out when one of its files is",
    ),
    Fault(
        "vulns/kernel_build.py",
        '        return value != "n" if value else None',
        '        return value not in ("n", "")',
        BUILD,
        "an option that is an empty text counts as off",
    ),
    Fault(
        "vulns/kernel_build.py",
        "    if own is None or modules.built_in is None or modules.unread:",
        "    if own is None or modules.built_in is None:",
        BUILD,
        "modules count as missing although a list of them could not be read",
    ),
)
