"""The update client in a root: what it is made of, for which Python, and whom it trusts."""

from fault import Fault

WRITTEN = "tests/build/client/test_written_out.py"
MODULES = "tests/build/client/test_modules.py"
PUT_IN = "tests/build/client/test_put_in.py"
INTERPRETER = "tests/build/client/test_interpreter.py"
OVER = "tests/build/client/test_over.py"
TRUSTED = "tests/build/client/test_trusted_root.py"

FAULTS = (
    Fault(
        "model/record.py",
        "or other.__class__ is not self.__class__",
        "",
        WRITTEN,
        "records of two kinds with the same values are equal",
    ),
    Fault(
        "model/record.py",
        '        raise AttributeError(f"cannot assign to field {name!r}")',
        "        object.__setattr__(self, name, value)",
        WRITTEN,
        "a verified record can be changed on the device",
    ),
    Fault(
        "model/record.py",
        "for name in record.__match_args__ if name not in changes}",
        "for name in record.__match_args__[:1] if name not in changes}",
        WRITTEN,
        "a copy with changes loses the other fields",
    ),
    Fault(
        "build/client/written_out.py",
        '        lines.append("self.__post_init__()")',
        "        pass",
        WRITTEN,
        "what a record checks when it is made is not checked on the device",
    ),
    Fault(
        "build/client/written_out.py",
        'f"({ast.unparse(factory)})() if {name} is {EMPTY} else {name}"',
        "name",
        WRITTEN,
        "a field of a factory holds the sign for it",
    ),
    Fault(
        "build/client/written_out.py",
        "if [ast.unparse(one) for one in named] != [DECORATION]:",
        "if False:",
        WRITTEN,
        "a dataclass of another kind is written out as if it were one of ours",
    ),
    Fault(
        "build/client/written_out.py",
        "if any(_called(base) not in GENERICS for base in node.bases):",
        "if False:",
        WRITTEN,
        "a record loses what it inherits",
    ),
    Fault(
        "build/client/written_out.py",
        "    _drop_unused_imports(tree)\n",
        "",
        WRITTEN,
        "the device loads what only a type checker wants",
    ),
    Fault(
        "build/client/written_out.py",
        '.replace("{", "{{").replace("}", "}}")',
        "",
        WRITTEN,
        "braces in a text are taken for a place of a value",
    ),
    Fault(
        "build/client/modules.py",
        "            waiting += (known for name in _imported(tree) if (known := _path(name)) is not None)\n",
        "",
        MODULES,
        "what the client imports is not on the device",
    ),
    Fault(
        "build/client/modules.py",
        "            waiting += _packages(path)\n",
        "",
        MODULES,
        "the packages that the modules lie in are not there",
    ),
    Fault(
        "build/client/byte_code.py",
        "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH",
        "mode = py_compile.PycInvalidationMode.TIMESTAMP",
        MODULES,
        "byte code holds the time of the build, and is compiled again on the device",
    ),
    Fault(
        "build/client/byte_code.py",
        "sys.version_info[:2] == interpreter.version",
        "True",
        PUT_IN,
        "byte code of another Python is shipped",
    ),
    Fault(
        "build/client/interpreter.py",
        "return self.version >= LEAST",
        "return True",
        INTERPRETER,
        "a Python that cannot run the client is taken",
    ),
    Fault(
        "build/client/interpreter.py",
        "for version in found if _has_library(tree, version)",
        "for version in found",
        INTERPRETER,
        "a Python that cannot start is taken",
    ),
    Fault(
        "build/client/over.py",
        "and not one.path.startswith(gone)]",
        "]",
        OVER,
        "modules of an earlier client stay beside the new one",
    ),
    Fault(
        "build/client/over.py",
        '            return f"{found.path}/{name}".lstrip("/")',
        "            return path",
        OVER,
        "files are put where a link lies, which is gone then",
    ),
    Fault(
        "build/client/put_in.py",
        "root = replace(inputs.root, tree=tree, source=None)",
        "root = replace(inputs.root, tree=tree)",
        "tests/cli/test_build.py::test_a_build_says_in_one_line_what_became_of_the_update_client_and_seals_it",
        "the root is sealed as it was, without its client",
    ),
    Fault(
        "build/client/put_in.py",
        "if found is None or not found.is_enough:",
        "if found is None:",
        PUT_IN,
        "a root whose Python is too old gets a client that does not start",
    ),
    Fault(
        "build/client/trusted_root.py",
        'signed.get("_type") != "root" or ',
        "",
        TRUSTED,
        "a device is given metadata of another role to trust",
    ),
    Fault(
        "build/client/trusted_root.py",
        "keys = policy.update.keys if policy.update is not None and is_asked_for(policy) else ()",
        "keys = policy.update.keys if policy.update is not None else ()",
        TRUSTED,
        "the key of another updater is taken for a TUF root",
    ),
    Fault(
        "build/tar_stream.py",
        " or not os.path.lexists(folder)",
        "",
        OVER,
        "a root in a folder cannot get a client",
    ),
)
