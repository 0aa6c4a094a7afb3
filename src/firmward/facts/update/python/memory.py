"""What a Python script has fetched and keeps: in names, in files, in what its functions give back."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager

from firmward.facts.update.python.values import Definition, Values, names

FETCHED = "$fetched"
"""Stands in a command for what is in memory."""

OPENS = frozenset(
    (
        *("urllib.request.urlopen", "urllib.urlopen", "urllib2.urlopen", "requests.get", "requests.Session.get"),
        *("requests.session.get", "httpx.get", "httpx.Client.get", "urllib.request.build_opener.open"),
    )
)
RESPONSES = frozenset(
    f"{module}.{kind}.getresponse"
    for module in ("http.client", "httplib")
    for kind in ("HTTPConnection", "HTTPSConnection")
)
REQUESTS = frozenset(("requests.request", "requests.Session.request", "httpx.request", "urllib3.PoolManager.request"))
"""Their first argument says what is asked."""
FILES = frozenset(("open", "io.open", "os.fdopen"))
WRITES = re.compile(r"[rbt]*[wax+][wax+bt]*")


class Memory:
    """`saved` are the files that something fetched is written to, anywhere in the script."""

    def __init__(self, values: Values, before: "Memory | None" = None) -> None:
        self.saved: dict[str, None] = {} if before is None else before.saved
        self._values = values
        self._fetched: set[str] = set()
        self._handles: dict[str, str] = {}
        self._gives: set[str] = set() if before is None else before._gives
        self._given: set[tuple[str, str]] = set() if before is None else before._given

    def is_fetched(self, value: ast.expr) -> bool:
        for node in ast.walk(value):
            if isinstance(node, ast.Name | ast.Attribute) and self._values.dotted(node) in self._fetched:
                return True
            if isinstance(node, ast.Call):
                name = self._values.name(node.func)
                if name in OPENS or name in RESPONSES or name in self._gives or (name in REQUESTS and self.asks(node)):
                    return True
        return False

    def asks(self, call: ast.Call) -> bool:
        """Whether a request of any kind is one to fetch."""
        return bool(call.args) and self._values.text(call.args[0]).upper() == "GET"

    def source(self, value: ast.expr) -> str:
        """A file's name, that of the file something is read from, or that it was fetched."""
        text = self._values.text(value)
        return FETCHED if text.startswith(("$", "None")) and self.is_fetched(value) else text

    def handle(self, handle: ast.expr) -> str:
        """The file behind a handle to write to; empty for what is none."""
        opened = self.opened(handle)
        return self._handles.get(self._values.dotted(handle), "") if opened is None else opened

    def opened(self, value: ast.expr) -> str | None:
        """The file in `open(file, "wb")`, `Path(file).open("wb")` and `os.open(file, os.O_WRONLY)`."""
        match value:
            case ast.Call(func=func, args=[path, mode, *_]) if self._values.name(func) in FILES:
                return self._values.text(path) if WRITES.fullmatch(self._values.text(mode)) else None
            case ast.Call(func=func, args=[path, mode, *_]) if self._values.name(func) == "os.open":
                return self._values.text(path) if "O_RDONLY" not in ast.unparse(mode) else None
            case ast.Call(func=ast.Attribute(value=path, attr="open"), args=[mode]):
                return self._values.text(path) if WRITES.fullmatch(self._values.text(mode)) else None
        return None

    def keep(self, target: ast.expr, value: ast.expr) -> None:
        """A name holds this from now on."""
        if self.is_fetched(value):
            self._fetched.update(names(target))
        opened = self.opened(value)
        if opened is not None:
            self._handles[self._values.dotted(target)] = opened

    def give(self, function: str, name: str, value: ast.expr) -> None:
        """A function is called with this."""
        if self.is_fetched(value):
            self._given.add((function, name))

    def give_back(self, function: str, value: ast.expr) -> None:
        if function and self.is_fetched(value):
            self._gives |= {function, f"self.{function}"}

    @contextmanager
    def inside(self, function: Definition) -> Iterator[None]:
        """A function's own names, which hold nothing outside of it; those of an object stay."""
        fetched, handles = set(self._fetched), dict(self._handles)
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            self._fetched.discard(argument.arg)
            if (function.name, argument.arg) in self._given:
                self._fetched.add(argument.arg)
        try:
            yield
        finally:
            self._fetched = fetched | {name for name in self._fetched if "." in name}
            self._handles = handles
