"""Hardening as a command: what is chosen, applied, told, written, and put back."""

from fault import Fault

OUTCOME = "tests/harden/test_outcome.py"
UNDO = "tests/harden/test_undo.py"
DIFF = "tests/harden/test_diff.py"
COMMAND = "tests/cli/test_harden.py"

FAULTS = (
    Fault(
        "harden/outcome.py",
        "        if lost is not None and lost not in (before.blind.get(one.check), before.doubts.get(one.check)):",
        "        if False:",
        OUTCOME,
        "a check that can look no more has cured its findings",
    ),
    Fault(
        "harden/outcome.py",
        "not in (before.blind.get(one.check), before.doubts.get(one.check))",
        "not in (before.blind.get(one.check),)",
        OUTCOME,
        "a check that sees as little as before keeps what was cured",
    ),
    Fault(
        "harden/draft.py",
        "self._root = sole_owner(below) or (0, 0)",
        "self._root = (0, 0)",
        "tests/harden/test_draft.py",
        "what is added to a user's folder is root's, as nothing else there",
    ),
    Fault(
        "harden/outcome.py",
        "        elif ranks.pop(0) > one.severity.rank:",
        "        elif False:",
        OUTCOME,
        "a finding that grew worse is not told",
    ),
    Fault(
        "harden/outcome.py",
        "if one.remedy is not None and one.elsewhere is None",
        "if one.remedy is not None",
        OUTCOME,
        "a cure for the boot partition changes the root",
    ),
    Fault(
        "harden/apply.py",
        "        return 0, -max(lines)",
        "        return 0, max(lines)",
        "tests/harden/test_apply.py",
        "lines are removed from the front, and the next number means another",
    ),
    Fault(
        "harden/apply.py",
        "(2 if any(isinstance(one, (Remove, RemoveRecord)) for one in cure.remedy.changes) else 1)",
        "1",
        "tests/harden/test_apply.py",
        "a file is removed before another cure has changed it",
    ),
    Fault(
        "harden/guarded.py",
        "            if missing:\n",
        "            if not missing:\n",
        "tests/harden/test_guarded.py",
        "a cure that ends nothing is refused for one that ends a declared service",
    ),
    Fault(
        "harden/draft.py",
        "                self._razed.add(place.path)\n",
        "                pass\n",
        "tests/harden/test_draft.py",
        "what lay in a removed folder is back when it is made again",
    ),
    Fault(
        "harden/draft.py",
        "        self._cached = 0\n",
        "        pass\n",
        "tests/harden/test_draft.py",
        "a cache that counts what it has let go of keeps nothing any more",
    ),
    Fault(
        "harden/undo.py",
        "    if digest.hexdigest() != one.before.sha256:",
        "    if False:",
        UNDO,
        "something else is put back than was there",
    ),
    Fault(
        "harden/undo.py",
        "    if not _is(tree, one.path, one.after):",
        "    if False:",
        UNDO,
        "what somebody changed meanwhile is lost",
    ),
    Fault(
        "harden/undo.py",
        "        for path, hidden in staged:\n",
        "        for path, hidden in []:\n",
        UNDO,
        "hidden files are left in a root whose disk was full",
    ),
    Fault(
        "harden/manifest.py",
        'any(step in ("", ".", "..") for step in steps)',
        "False",
        "tests/harden/test_manifest.py",
        "a manifest leads out of the root",
    ),
    Fault(
        "harden/diff.py",
        '        if not line.endswith(b"\\n"):\n',
        "        if False:\n",
        DIFF,
        "a last line without an end runs into the next",
    ),
    Fault(
        "harden/diff.py",
        "    if all(32 <= sign < 127 and sign not in SPECIAL for sign in name):",
        "    if True:",
        DIFF,
        "a file's name writes lines of the patch",
    ),
    Fault(
        "harden/contradiction.py",
        '(to.startswith("*.") and host.endswith(to[1:]))',
        '(to.startswith("*.") and host.endswith(to[2:]))',
        "tests/harden/test_contradiction.py",
        "evil-u.example is taken for a name below u.example",
    ),
    Fault(
        "cli/harden.py",
        "    return EXIT_FAULTY if done.is_faulty else 0",
        "    return 0",
        f"{COMMAND} -k worse",
        "what is worse than before is a success",
    ),
    Fault(
        "cli/harden.py",
        "        if one is not None and one.is_dir() and place.is_relative_to(one.resolve()):",
        "        if False:",
        f"{COMMAND} -k place_where",
        "a root holds its own hardened copy",
    ),
    Fault(
        "cli/harden_work.py",
        '                if judged.outcome == "accepted":',
        "                if False:",
        f"{COMMAND} -k accepted_risk",
        "what a maker has accepted is changed",
    ),
    Fault(
        "cli/harden_write.py",
        '            raise InputError(\n                f"/{_shown(entry.path)} {why}',
        '            _ = InputError(\n                f"/{_shown(entry.path)} {why}',
        f"{COMMAND} -k copy_of_roots -m proof",
        "a copy loses its owners without a word",
    ),
    Fault(
        "image/new_folder.py",
        "os.fchmod(descriptor, mode & ~_umask())",
        "os.fchmod(descriptor, 0o777 & ~_umask())",
        f"{COMMAND} -k kept_from_others",
        "everybody reads the secrets that were removed",
    ),
)
