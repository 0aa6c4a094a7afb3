"""Trees, policies and what else all is made of."""

from fault import Fault

FAULTS = (
    Fault(
        "model/policy.py",
        "return today > self.expires",
        "return today >= self.expires",
        "tests/model/test_policy.py",
        "an accepted risk ends a day early",
    ),
    Fault(
        "model/policy.py",
        "_refuse_secrets(table, name)",
        "pass",
        "tests/model/test_policy.py",
        "secrets let into a policy",
    ),
    Fault(
        "model/tree.py",
        'if entry.target.startswith("/"):',
        'if entry.target.startswith("//"):',
        "tests/model/test_tree.py",
        "absolute links taken as relative",
    ),
    Fault(
        "model/tree.py",
        "if links > LINK_LIMIT or entry.target is None:",
        "if entry.target is None:",
        "tests/model/test_tree.py -x --timeout=20",
        "link loops followed for ever",
    ),
    Fault(
        "model/tree.py",
        "if any(step in",
        "if False and any(step in",
        "tests/model/test_tree.py",
        "names such as .. kept",
    ),
    Fault(
        "model/folder.py",
        'descriptor = os.open(".", _FOLDER, dir_fd=folder)',
        "descriptor = os.dup(folder)",
        "tests/model/test_folder.py",
        "processes that were forked from one another share how far a folder was read",
    ),
)
