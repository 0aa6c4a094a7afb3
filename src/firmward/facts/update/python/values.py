"""What names hold in a Python script: texts as far as they are known, modules, and what made an object."""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from firmward.facts.update.steps import VALUE_LIMIT

PARTS_LIMIT = 10
NAME_LIMIT = 200
"""Parts and characters of a dotted name."""

SAME = frozenset(("str", "os.fspath", "os.path.abspath", "os.path.realpath", "pathlib.Path", "shlex.quote", "bytes"))
"""What gives back the text that it is given."""

KEEPS = frozenset(("encode", "decode", "strip", "rstrip", "read", "as_posix", "resolve", "absolute", "expanduser"))
"""Methods that give back the text of what they belong to."""

OPENS = frozenset(("open", "io.open"))


Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Values:
    """`folder` is where the script is; what an earlier walk learned of the outermost names holds from the start."""

    def __init__(self, tree: ast.Module, before: "Values | None" = None) -> None:
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Definition)}
        self.folder = ""
        self._aliases = dict(_aliases(tree))
        self.modules = frozenset(name.partition(".")[0] for name in self._aliases.values())
        self._used = {
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        self._texts: dict[str, str] = {} if before is None else dict(before._texts)
        self._bound: dict[str, ast.expr] = {} if before is None else dict(before._bound)
        self._kinds: dict[str, str] = {} if before is None else dict(before._kinds)
        self._given: dict[str, str] = {} if before is None else before._given
        self._set: dict[str, str] = {}

    # names

    def dotted(self, node: ast.expr) -> str:
        """`a.b` as it stands; empty for what is no plain name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < PARTS_LIMIT:
            parts.append(node.attr)
            node = node.value
        return ".".join((node.id, *reversed(parts))) if isinstance(node, ast.Name) else ""

    def name(self, node: ast.expr) -> str:
        """The dotted name of what is called, with its module, or with what made the object that it belongs to."""
        parts: list[str] = []
        while len(parts) < PARTS_LIMIT:
            known = self._kinds.get(self.dotted(node))
            match node:
                case ast.Attribute(value=value, attr=attr) if known is None:
                    parts.append(attr)
                    node = value
                case ast.Call(func=func):
                    node = func
                case ast.Name(id=name):
                    parts.append(known or self._aliases.get(name, name))
                    break
                case _:
                    parts.append(known or "")
                    break
        return ".".join(reversed(parts)).removeprefix("six.moves.")[:NAME_LIMIT]

    def is_used(self, targets: Sequence[ast.expr]) -> bool:
        """Whether anything in the script looks at what these are given."""
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return len(names) < len(targets) or any(name in self._used for name in names)

    # what names hold

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        name = self.dotted(target)
        if not name:
            return
        self._texts[name] = self.text(value)
        self._bound[name] = value
        self._kinds.pop(name, None)
        if isinstance(value, ast.Call):
            self._kinds[name] = self.name(value.func)
        owner = name.rpartition(".")[0]
        if owner:
            self._set[owner] = f"{self._set.get(owner, '')} {ast.unparse(value)}"[:VALUE_LIMIT]

    def give(self, function: str, name: str, value: ast.expr) -> None:
        """A function is called with this; what calls differ in is not known."""
        key, text = f"{function} {name}", self.text(value)
        self._given[key] = text if self._given.get(key, text) == text else f"${name}"

    @contextmanager
    def inside(self, function: Definition) -> Iterator[None]:
        """A function's own names, which hold nothing outside of it."""
        kept = self._texts, self._bound, self._kinds
        self._texts, self._bound, self._kinds = dict(self._texts), dict(self._bound), dict(self._kinds)
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            name = argument.arg
            self._texts[name] = self._given.get(f"{function.name} {name}", f"${name}")
            self._bound.pop(name, None)
            self._kinds.pop(name, None)
        try:
            yield
        finally:
            self._texts = kept[0] | _of_objects(self._texts)
            self._bound = kept[1] | _of_objects(self._bound)
            self._kinds = kept[2] | _of_objects(self._kinds)

    def bound(self, node: ast.expr) -> ast.expr:
        """The expression behind a name."""
        return self._bound.get(self.dotted(node), node)

    def maker(self, node: ast.expr) -> ast.Call | None:
        """The call that made an object."""
        found = self.bound(node)
        return found if isinstance(found, ast.Call) else None

    def made_with(self, method: ast.expr) -> str:
        """The first argument of what made the object that a method belongs to."""
        made = self.maker(method.value) if isinstance(method, ast.Attribute) else None
        return self.text(made.args[0]) if made is not None and made.args else "$"

    def written_as(self, node: ast.expr) -> str:
        """What stands behind a name, and what is set in it, as it is written."""
        return f"{ast.unparse(self.bound(node))} {self._set.get(self.dotted(node), '')}"

    # texts

    def keyword(self, call: ast.Call, name: str) -> str:
        """A named argument; empty where it is not given."""
        return next((self.text(one.value) for one in call.keywords if one.arg == name), "")

    def text(self, node: ast.expr) -> str:
        return self._text(node)[:VALUE_LIMIT]

    def _text(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            case ast.Name() | ast.Attribute():
                return self._of_name(node)
            case ast.JoinedStr(values=parts):
                return "".join(self.text(part) for part in parts)
            case ast.FormattedValue(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.text(value)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._joined(left, operator, right)
            case ast.Call():
                return self._of_call(node)
        return "$()"

    def _joined(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> str:
        match operator:
            case ast.Add():
                return self.text(left) + self.text(right)
            case ast.Div():
                return f"{self.text(left)}/{self.text(right)}"
            case ast.Mod():
                return self._filled(self.text(left), "%s", right.elts if isinstance(right, ast.Tuple) else [right])
        return "$()"

    def _of_name(self, node: ast.Name | ast.Attribute) -> str:
        name = self.dotted(node)
        if self._aliases.get(name.partition(".")[0]) == "sys" and name.endswith(".executable"):
            return "python3"
        last = name.rpartition(".")[2] or (node.attr if isinstance(node, ast.Attribute) else "")
        return self._texts.get(name, f"${last}")

    def _of_call(self, call: ast.Call) -> str:
        name = self.name(call.func)
        if name in ("os.path.join", "posixpath.join") or (name == "pathlib.Path" and len(call.args) > 1):
            return "/".join(self.text(one) for one in call.args)
        if (name in SAME or name in OPENS) and call.args:
            return self.text(call.args[0])
        if isinstance(call.func, ast.Attribute):
            if call.func.attr == "format":
                return self._filled(self.text(call.func.value), "{}", call.args)
            if call.func.attr == "joinpath":
                return "/".join(self.text(one) for one in (call.func.value, *call.args))
            if call.func.attr in KEEPS:
                return self.text(call.func.value)
        return "$()"

    def _filled(self, text: str, mark: str, values: Sequence[ast.expr]) -> str:
        for value in values[:20]:
            text = text.replace(mark, self.text(value), 1)
        return text


def names(target: ast.expr) -> Iterator[str]:
    """The names in an expression, dotted ones as a whole too."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


T = TypeVar("T")


def _of_objects(known: dict[str, T]) -> dict[str, T]:
    """What functions leave in objects, `self.url`."""
    return {name: value for name, value in known.items() if "." in name}


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """By the name that the script uses, the module or what is taken from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield (one.asname, one.name) if one.asname else (one.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield one.asname or one.name, f"{node.module or ''}.{one.name}".lstrip(".")
