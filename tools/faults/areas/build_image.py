"""Builds as a whole: what is refused, what is left behind, what their record says, and what the audit says of them."""

from fault import Fault

IMAGE = "tests/build/test_image.py"
STATEMENT = "tests/signing/test_statement.py"
LINES = "tests/facts/test_kernel_command_line.py"

FAULTS = (
    Fault(
        "build/place.py",
        "    others = statement.added(out, made)",
        "    others: list[str] = []",
        "tests/cli/test_build.py::test_what_was_put_beside_an_earlier_build_is_not_lost",
        "a folder with other things is replaced by a build",
    ),
    Fault(
        "build/image.py", "limit=min(inputs.boot_size or limit, limit),", "limit=None,", IMAGE, "signed before it fits"
    ),
    Fault(
        "build/image.py",
        "    refuse_undeclared(key, order.keys.declared)\n",
        "",
        "tests/cli/test_build.py::test_only_keys_that_the_policy_names_sign",
        "that the policy does not name the key is told after all was made",
    ),
    Fault(
        "build/statement.py",
        "path.stat().st_size == file.size and digest(path) == file.sha256",
        "path.stat().st_size == file.size",
        "tests/build/test_statement.py",
        "a file that was changed in place is told as it was signed",
    ),
    Fault(
        "build/statement.py",
        "if payload != regular.content(folder / built.FILE, built.SIZE_LIMIT):",
        "if False:",
        "tests/build/test_statement.py",
        "a record that was changed is believed",
    ),
    Fault(
        "signing/statement.py",
        "if len(held) < max(threshold, 1):",
        "if len(held) < 1:",
        STATEMENT,
        "one key says what two must",
    ),
    Fault(
        "signing/statement.py",
        "held = {name for name, made in envelope.signatures if name in known and _holds(known[name], made, envelope)}",
        "held = [name for name, made in envelope.signatures if name in known and _holds(known[name], made, envelope)]",
        STATEMENT,
        "one signature twice counts as two",
    ),
    Fault("signing/statement.py", "if envelope.type != kind:", "if False:", STATEMENT, "a statement of another kind"),
    Fault("formats/dsse.py", "if to_json(envelope) != content:", "if False:", STATEMENT, "another spelling"),
    Fault(
        "facts/kernel_command_line.py",
        "built_in = loader.environment_places == () and bool(loader.variables)",
        "built_in = bool(loader.variables)",
        LINES,
        "a command line is whole although a stored environment may change it",
    ),
    Fault(
        "facts/kernel_command_line.py",
        "return bool(loaders) and all(map(_leaves_arguments, loaders))",
        "return all(map(_leaves_arguments, loaders))",
        LINES,
        "a command line is whole although no boot loader is known",
    ),
    Fault(
        "facts/kernel_command_line.py",
        'return part.part.kind == "device-tree" and parent is not None and parent.part.kind == "fit"',
        'return part.part.kind == "device-tree"',
        LINES,
        "any device tree gives the whole command line",
    ),
)  # fmt: skip
