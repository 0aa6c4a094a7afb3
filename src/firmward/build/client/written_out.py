"""A module as the device gets it: it does the same, and leaves out what costs time there before anything is done.

An interpreter on a small processor takes longer to load `dataclasses` and `typing` than to verify what a repository
says (docs/adr/017-client-on-the-device.md has the figures). So, before it is compiled:

- `@dataclass(frozen=True, slots=True)` is written out as a class of model/record.py.
- Annotations go, docstrings go, and so do type variables, what is only for a type checker, and the imports that nobody
  uses any more.
- Abstract collections come from `_collections_abc`, where the interpreter has them already.
- Formatted literals become calls of `format`: how the Python that builds writes them down, from 3.12 on, the device's
  may not read (PEP 701).

What this does not know how to write out is refused, so that no module behaves differently unnoticed.
"""

import ast
from collections.abc import Iterable, Iterator

RECORD = "firmward.model.record"
DECORATION = "dataclass(frozen=True, slots=True)"
FOR_CHECKERS = ("final", "overload")
GENERICS = ("Generic", "Protocol")
EMPTY = "_EMPTY"
"""Stands for a value that a factory makes."""


class NotWrittenOutError(Exception):
    """A form that this module does not know. It is firmward's own source that is at fault."""


def written_out(source: str, name: str) -> ast.Module:
    """Raises NotWrittenOutError."""
    tree = ast.parse(source, name)
    _Writer(name).visit(tree)
    _drop_unused_imports(tree)
    for node in ast.walk(tree):
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
    return ast.fix_missing_locations(tree)


class _Writer(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name
        self._needs_empty = False

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        if self._needs_empty:
            node.body.insert(_behind_imports(node.body), ast.parse(f"{EMPTY} = object()").body[0])
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        fields = list(self._fields(node)) if self._is_record(node) else None
        node.decorator_list = [one for one in node.decorator_list if not _is_for_checkers(one)]
        node.bases = [one for one in node.bases if _called(one) not in GENERICS]
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        if fields is not None:
            self._write_out(node, fields)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        arguments = node.args
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if one is not None:
                one.annotation = None
        node.decorator_list = [one for one in node.decorator_list if not _is_for_checkers(one)]
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign | None:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign(targets=[node.target], value=node.value)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        if isinstance(node.value, ast.Call) and _called(node.value) == "TypeVar":
            return None
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if _called(node.test) == "TYPE_CHECKING":
            return node.orelse
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """The text below a name tells people what it means."""
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[1] if _called(node) == "cast" and len(node.args) == 2 else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return self.generic_visit(_formatted(node))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.module == "collections.abc":
            node.module = "_collections_abc"
        if node.module == "dataclasses":
            unknown = {one.name for one in node.names} - {"dataclass", "field", "replace"}
            if unknown:
                raise self._refused(node, f"dataclasses.{min(unknown)}")
            node.module = RECORD
            node.names = [one for one in node.names if one.name == "replace"] + [ast.alias("Record")]
        return node

    # ------------------------------------------------------------------ records

    def _is_record(self, node: ast.ClassDef) -> bool:
        named = [one for one in node.decorator_list if _called(one) == "dataclass"]
        if not named:
            return False
        if [ast.unparse(one) for one in named] != [DECORATION]:
            raise self._refused(node, f"@{ast.unparse(named[0])}")
        if any(_called(base) not in GENERICS for base in node.bases):
            raise self._refused(node, f"a record that is a {ast.unparse(node.bases[0])}")
        return True

    def _fields(self, node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
        """Name, default and the factory of one."""
        for one in node.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                if "ClassVar" in ast.unparse(one.annotation):
                    raise self._refused(one, "a ClassVar")
                if isinstance(one.value, ast.Call) and _called(one.value) == "field":
                    yield one.target.id, *self._field(one.value)
                else:
                    yield one.target.id, one.value, None

    def _field(self, call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
        said = {one.arg: one.value for one in call.keywords}
        if call.args or set(said) - {"default", "default_factory", "metadata"}:
            raise self._refused(call, ast.unparse(call))
        return said.get("default"), said.get("default_factory")

    def _write_out(self, node: ast.ClassDef, fields: list[tuple[str, ast.expr | None, ast.expr | None]]) -> None:
        names = [name for name, _, _ in fields]
        node.decorator_list = [one for one in node.decorator_list if _called(one) != "dataclass"]
        node.bases = [ast.Name("Record", ast.Load())]
        kept = [one for one in node.body if not _assigns(one, names)]
        made = {one.name for one in kept if isinstance(one, ast.FunctionDef)}
        if "__init__" in made:
            raise self._refused(node, "a record with an own __init__")
        if "__eq__" in made and "__hash__" not in made:
            raise self._refused(node, "a record with an own __eq__ and no __hash__")
        self._needs_empty |= any(factory is not None for _, _, factory in fields)
        words = f"__slots__ = __match_args__ = {tuple(names)!r}"
        node.body = [*ast.parse(words).body, _init(fields, calls_post="__post_init__" in made), *kept]

    def _refused(self, node: ast.AST, what: str) -> NotWrittenOutError:
        return NotWrittenOutError(f"{self._name}:{getattr(node, 'lineno', 0)}: {what} cannot be written out")


def _init(fields: list[tuple[str, ast.expr | None, ast.expr | None]], *, calls_post: bool) -> ast.stmt:
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg("self"), *(ast.arg(name) for name, _, _ in fields)],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[
            default or ast.Name(EMPTY, ast.Load()) for _, default, factory in fields if default or factory is not None
        ],
    )
    lines = ["pass"]
    for name, _, factory in fields:
        value = name if factory is None else f"({ast.unparse(factory)})() if {name} is {EMPTY} else {name}"
        lines.append(f"object.__setattr__(self, {name!r}, {value})")
    if calls_post:
        lines.append("self.__post_init__()")
    body = ast.parse("\n".join(lines[1:] or lines)).body
    return ast.FunctionDef(name="__init__", args=arguments, body=body, decorator_list=[])


def _called(node: ast.expr) -> str:
    """The last name of what is named, called or subscripted."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _formatted(node: ast.JoinedStr) -> ast.Call:
    text = ""
    values = []
    for one in node.values:
        if isinstance(one, ast.FormattedValue):
            place, value = _place_of(one)
            text += place
            values.append(value)
        elif isinstance(one, ast.Constant):
            text += str(one.value).replace("{", "{{").replace("}", "}}")
    return _format_of(text, values)


def _place_of(node: ast.FormattedValue) -> tuple[str, ast.expr]:
    """The place in a text for a value, and the value."""
    conversion = f"!{chr(node.conversion)}" if node.conversion > 0 else ""
    form = node.format_spec
    words = form.values if isinstance(form, ast.JoinedStr) else []
    fixed = "".join(str(one.value) for one in words if isinstance(one, ast.Constant))
    if form is None:
        return f"{{{conversion}}}", node.value
    if all(isinstance(one, ast.Constant) for one in words):
        return f"{{{conversion}:{fixed}}}", node.value
    value = _format_of(f"{{{conversion}}}", [node.value]) if conversion else node.value
    return "{}", ast.Call(ast.Name("format", ast.Load()), [value, form], [])


def _format_of(text: str, values: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Constant(text), "format", ast.Load()), values, [])


def _is_for_checkers(node: ast.expr) -> bool:
    return _called(node) in FOR_CHECKERS


def _assigns(node: ast.stmt, names: Iterable[str]) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(one, ast.Name) and one.id in names for one in targets)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]


def _behind_imports(body: list[ast.stmt]) -> int:
    places = [place for place, one in enumerate(body, 1) if isinstance(one, ast.Import | ast.ImportFrom)]
    return max(places, default=0)


def _drop_unused_imports(tree: ast.Module) -> None:
    """No module of ours imports another for what that does, and none gives on what it imported."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    _ImportDropper(used).visit(tree)


class _ImportDropper(ast.NodeTransformer):
    def __init__(self, used: set[str]) -> None:
        self._used = used

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        node.names = [one for one in node.names if (one.asname or one.name.partition(".")[0]) in self._used]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        node.names = [one for one in node.names if (one.asname or one.name) in self._used]
        return node if node.names else None
