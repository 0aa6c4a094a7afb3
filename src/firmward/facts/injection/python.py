"""Python scripts: CGI programs, and services of Flask, bottle, Django and http.server.

Rules, from the language's reference and the frameworks' manuals. Assignments are followed in order, twice; functions of
the same file are followed into with what they are given. What Python 3 cannot parse is told as not read.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

from firmward.facts.injection.record import Flow, Reading, Sink, Text

SOURCES = re.compile(
    r"(?:flask\.)?request\.(?:args|form|values|json|data|headers|cookies|files|query|forms|params|GET|POST|body|"
    r"get_json|get_data|query_string|path|url|full_path|COOKIES|META)\b.*"
    r"|self\.(?:path|headers|rfile)\b.*|self\.(?:get_argument|get_query_argument|get_body_argument)"
    r"|cgi\.(?:FieldStorage|parse|parse_qs)|environ\[(?:QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+)\]"
    r"|sys\.stdin\.(?:read|readline|buffer\.read)"
)
ENVIRONMENT = re.compile(r"QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+|wsgi\.input")
CLEAN_CALLS = re.compile(
    r"(?:.*\.)?(?:int|float|bool|len|quote|shlex\.quote|pipes\.quote|isdigit|isalnum|isalpha|isnumeric|startswith|"
    r"endswith|hexdigest|secure_filename|ip_address|ip_network|IPv4Address|UUID|b64encode|index|find|count|"
    r"match|fullmatch|search|type|isinstance|hash|abs|round|ord|hex)"
)
PASSING_CALLS = re.compile(
    r"(?:.*\.)?(?:str|bytes|unicode|format|strip|lstrip|rstrip|lower|upper|replace|decode|encode|join|split|get|getvalue|"
    r"getfirst|getlist|pop|read|readline|unquote|unquote_plus|parse_qs|parse_qsl|urlparse|urlsplit|loads|dict|list|"
    r"partition|rpartition|splitlines|title|b64decode|repr|items|values|expanduser|abspath|normpath|to_dict)"
)
SHELL_CALLS = {"os.system", "os.popen", "commands.getoutput", "commands.getstatusoutput", "subprocess.getoutput",
               "subprocess.getstatusoutput", "popen2.popen3", "asyncio.create_subprocess_shell"}  # fmt: skip
PROCESS_CALLS = re.compile(r"(?:subprocess\.)?(?:Popen|call|check_call|check_output|run)")
CODE_CALLS = {"eval", "exec", "compile", "execfile", "__import__", "importlib.import_module"}
OBJECT_CALLS = {"pickle.loads", "cPickle.loads", "pickle.load", "marshal.loads", "yaml.load", "yaml.unsafe_load",
                "jsonpickle.decode", "dill.loads"}  # fmt: skip
TEMPLATE_CALLS = {"render_template_string", "flask.render_template_string", "jinja2.Template"}
SQL = re.compile(
    r"\b(?:select\b.{1,2000}?\bfrom|insert\s+into|update\b.{1,2000}?\bset|delete\s+from)\b", re.IGNORECASE | re.DOTALL
)
DEPTH_LIMIT = 40
ROUTES = re.compile(r"(?:.*\.)?(?:route|get|post|put|delete|api_route|websocket)")


def read(script: Text) -> Reading:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(script.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        return Reading((), (f"{script.path}: it is no Python 3 ({type(fault).__name__})",))
    walk = _Walk(script.path, tree)
    try:
        walk.module()
    except RecursionError:
        return Reading(tuple(walk.flows.values()), (f"{script.path} is nested too deep to be followed",))
    return Reading(tuple(walk.flows.values()))


Scope = dict[str, str | None]


class _Walk:
    def __init__(self, path: str, tree: ast.Module) -> None:
        self.flows: dict[Sink, Flow] = {}
        self._path = path
        self._tree = tree
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._given: dict[str, Scope] = {}
        self._returns: dict[str, str] = {}

    def module(self) -> None:
        """Three times: what a function is given, or gives back, may be known only further down."""
        for _ in range(3):
            outer: Scope = {}
            self._body(self._tree.body, outer)
            for node in ast.walk(self._tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    scope = {**outer, **_routed(node), **self._given.get(node.name, {})}
                    self._body(node.body, scope, node.name)

    # statements

    def _body(self, body: Iterable[ast.stmt], scope: Scope, function: str = "") -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            self._statement(node, scope, function)

    def _statement(self, node: ast.stmt, scope: Scope, function: str) -> None:
        if isinstance(node, ast.If):
            self._if(node.test, node.body, node.orelse, scope, function)
            return
        if not self._assigned(node, scope):
            values = [self._value(child, scope) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
            if isinstance(node, ast.Return) and function and values and values[0]:
                self._returns[function] = values[0]
        for block in _blocks(node):
            self._body(block, scope, function)

    def _assigned(self, node: ast.stmt, scope: Scope) -> bool:
        match node:
            case ast.Assign(targets=targets, value=value):
                source = self._value(value, scope)
                for target in targets:
                    _set(target, source, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _set(target, self._value(value, scope), scope)
            case ast.AugAssign(target=target, value=value):
                _set(target, self._value(value, scope) or self._value(target, scope), scope)
            case ast.For(target=target, iter=each):
                _set(target, self._value(each, scope), scope)
            case ast.With(items=items):
                for item in items:
                    source = self._value(item.context_expr, scope)
                    if item.optional_vars is not None:
                        _set(item.optional_vars, source, scope)
            case _:
                return False
        return True

    def _if(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], scope: Scope, function: str) -> None:
        """After a test of a value's form it is known where the test holds; elsewhere if the branch ends."""
        self._value(test, scope)
        known = dict.fromkeys(_checked(test))
        negated = isinstance(test, ast.UnaryOp) or any(isinstance(one, ast.NotIn | ast.NotEq) for one in ast.walk(test))
        then = {**scope, **({} if negated else known)}
        self._body(body, then, function)
        otherwise = {**scope, **(known if negated else {})}
        self._body(orelse, otherwise, function)
        ends = bool(body) and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break | ast.Expr)
        if ends and not isinstance(body[-1], ast.Expr):
            scope.update(otherwise)
        else:
            for name in then.keys() | otherwise.keys():
                scope[name] = then.get(name) or otherwise.get(name)

    # expressions

    def _value(self, node: ast.AST, scope: Scope, depth: int = 0) -> str | None:
        if depth > DEPTH_LIMIT:
            return None
        match node:
            case ast.Call():
                return self._call(node, scope, depth)
            case ast.Name(id=name):
                return scope.get(name)
            case ast.Attribute() | ast.Subscript():
                return self._access(node, scope, depth)
            case ast.Compare() | ast.Lambda():
                for child in ast.iter_child_nodes(node):
                    self._value(child, scope, depth + 1)
                return None
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, scope, depth + 1)
                return self._value(body, scope, depth + 1) or self._value(orelse, scope, depth + 1)
            case ast.ListComp(elt=elt, generators=generators) | ast.GeneratorExp(elt=elt, generators=generators):
                inner = dict(scope)
                for one in generators:
                    _set(one.target, self._value(one.iter, inner, depth + 1), inner)
                return self._value(elt, inner, depth + 1)
        found = [self._value(child, scope, depth + 1) for child in ast.iter_child_nodes(node)]
        return next(filter(None, found), None)

    def _access(self, node: ast.Attribute | ast.Subscript, scope: Scope, depth: int) -> str | None:
        name = _name(node)
        if SOURCES.fullmatch(name) and _root(node) not in self._functions:
            return name.partition("(")[0][:60]
        if isinstance(node, ast.Subscript):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if name.endswith("environ") and isinstance(key, str) and ENVIRONMENT.fullmatch(key):
                return key
            self._value(node.slice, scope, depth + 1)
        return self._value(node.value, scope, depth + 1)

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> str | None:
        name = _name(node.func)
        given = [self._value(argument, scope, depth + 1) for argument in node.args]
        named = {one.arg: self._value(one.value, scope, depth + 1) for one in node.keywords}
        self._judge(name, node, given, named)
        if SOURCES.fullmatch(name):
            return name
        if name.endswith(("getenv", "environ.get")) and ENVIRONMENT.fullmatch(_constant(node.args[:1])):
            return _constant(node.args[:1])
        if name in self._functions:
            return self._own(name, given, named)
        if CLEAN_CALLS.fullmatch(name) or name in ("re.sub",):
            return None
        base = self._value(node.func.value, scope, depth + 1) if isinstance(node.func, ast.Attribute) else None
        if PASSING_CALLS.fullmatch(name):
            return base or next(filter(None, (*given, *named.values())), None)
        return None

    def _own(self, name: str, given: list[str | None], named: dict[str | None, str | None]) -> str | None:
        parameters = [argument.arg for argument in self._functions[name].args.args]
        kept = self._given.setdefault(name, {})
        pairs = [*zip(parameters, given, strict=False), *((key, value) for key, value in named.items() if key)]
        for parameter, source in pairs:
            if source:
                kept[parameter] = source
        return self._returns.get(name)

    def _judge(self, name: str, node: ast.Call, given: list[str | None], named: dict[str | None, str | None]) -> None:
        first = given[0] if given else None
        if name in SHELL_CALLS:
            self._tell(Sink.COMMAND, first, name, node)
        elif PROCESS_CALLS.fullmatch(name):
            is_shell = any(one.arg == "shell" and _is_true(one.value) for one in node.keywords)
            sources = [first or named.get("args")] if is_shell else list(_shell_words(node, given))
            self._tell(Sink.COMMAND, next(filter(None, sources), None), name, node)
        elif name in CODE_CALLS or name in TEMPLATE_CALLS:
            self._tell(Sink.CODE, first, name, node)
        elif name in OBJECT_CALLS and "Safe" not in ast.dump(node):
            self._tell(Sink.OBJECT, first, name, node)
        elif name.endswith((".execute", ".executemany", ".executescript")) and first and _is_sql(node, self._tree):
            self._tell(Sink.SQL, first, name, node)

    def _tell(self, sink: Sink, source: str | None, by: str, node: ast.Call) -> None:
        if source:
            self.flows.setdefault(sink, Flow(self._path, node.lineno, sink, source, by))


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for _, held in ast.iter_fields(node):
        for one in held if isinstance(held, list) else ():
            if isinstance(one, ast.ExceptHandler | ast.match_case):
                yield one.body
        if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
            yield held


def _routed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Scope:
    """The arguments of a function that a framework calls with pieces of the address."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ROUTES.fullmatch(_name(decorator.func)):
            pattern = _constant(decorator.args[:1])
            pieces = re.findall(r"<(?:(string|path|any\([^)]*\)):)?(\w+)>", pattern)
            return {name: f"the address's {name}" for _, name in pieces}
    return {}


def _set(target: ast.expr, source: str | None, scope: Scope) -> None:
    match target:
        case ast.Name(id=name):
            scope[name] = source
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                _set(element, source, scope)
        case ast.Subscript(value=ast.Name(id=name)) if source:
            scope[name] = source


def _name(node: ast.AST) -> str:
    """`a.b.c` of such an expression, subscripts left out; nothing for what is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_name(value)}.{attr}".lstrip(".")
        case ast.Subscript(value=value):
            return _name(value)
        case ast.Call(func=func):
            return _name(func)
        case ast.Constant(value=str()):
            return "''"
    return ""


def _root(node: ast.AST) -> str:
    return _name(node).partition(".")[0]


def _constant(nodes: list[ast.expr]) -> str:
    first = nodes[0] if nodes else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _shell_words(node: ast.Call, given: list[str | None]) -> Iterator[str]:
    """`["sh", "-c", value]` is a shell all the same."""
    words = node.args[0] if node.args else None
    if isinstance(words, ast.List) and len(words.elts) > 2 and given[0]:
        first, second = _constant(words.elts[:1]), _constant(words.elts[1:2])
        if first.rpartition("/")[2] in ("sh", "bash", "ash") and second == "-c" and _constant(words.elts[2:3]) == "":
            yield given[0]


def _checked(test: ast.expr) -> Iterator[str]:
    """The variables that a condition looks at by a call of a known check, or compares with something."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and CLEAN_CALLS.fullmatch(_name(node.func)):
            yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            yield node.left.id


def _is_sql(node: ast.Call, tree: ast.Module) -> bool:
    """The first argument is put together there, or is a variable: then whatever the module asks is looked at."""
    first = node.args[0] if node.args else None
    if first is None or isinstance(first, ast.Constant):
        return False
    texts = (one.value for one in ast.walk(first if not isinstance(first, ast.Name) else tree)
             if isinstance(one, ast.Constant) and isinstance(one.value, str))  # fmt: skip
    return any(SQL.search(text) for text in texts)
