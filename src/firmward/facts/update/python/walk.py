"""One walk over a Python script's syntax, statement by statement (reading.py has the rules)."""

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from firmward.facts.update.python.calls import LISTED, RUNS, SPREAD, Calls
from firmward.facts.update.python.memory import Memory
from firmward.facts.update.python.values import Definition, Values, names
from firmward.facts.update.steps import STEP_LIMIT, Step

SIGNERS = frozenset(
    (
        *("cryptography", "nacl", "ecdsa", "Crypto", "Cryptodome", "rsa", "gnupg", "ed25519", "pysodium", "OpenSSL"),
        *("M2Crypto", "pgpy", "securesystemslib", "tuf", "gpg", "oqs", "sigstore", "minisign", "pure25519"),
    )
)
"""Packages that verify signatures."""
RETURNING = frozenset(("gnupg", "pgpy", "gpg", "M2Crypto", "Crypto.Signature.PKCS1_v1_5"))
"""Those that give back whether one matches, and raise nothing."""
VERIFY = re.compile(r"(?i)(?:\w{0,40}_)?verif(?:y|ies)(?:_\w{1,40})?|check_?(?:sig|auth)\w{0,40}")
NO_SIGNATURE = re.compile(
    r"(?i).*verify_(?:locations|paths|mode|depth|callback)|set_verify|load_verify.*|.*(?:hash|md5|sha\d|sum|crc).*"
)
VERSIONED = re.compile(r"(?i)ver(?:sion)?(?:\b|_)|_ver|version|serial|build_?(?:id|no|num)|rollback|release")
OWN_VERSION = re.compile(r"(?:sys\.version|hexversion|platform\.python|python_version)")
"""Python's, which an update does not change."""
ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
LEAVES = re.compile(r"(?:sys\.exit|os\._exit|exit|quit|os\.abort)\b")


class Walk:
    """`found` and `compares` fill as it goes. What the walk `before` learned of functions holds from the start."""

    def __init__(self, path: str, tree: ast.Module, before: "Walk | None" = None) -> None:
        self.found: list[Step] = []
        self.compares = False
        self.values: Values = Values(tree, None if before is None else before.values)
        self.memory: Memory = Memory(self.values, None if before is None else before.memory)
        self._tree = tree
        self._calls = Calls(path, self.values, self.memory)
        self._versions: set[str] = set()
        self._function = ""
        self._is_swallowed = False

    def module(self) -> None:
        self._body(self._tree.body)

    # statements

    def _body(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if len(self.found) < STEP_LIMIT:
                self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(statement)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assignment(statement)
            case ast.Expr(value=value):
                self._expression(value, bare=True)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                self._with(items, body)
            case ast.For(target=target, iter=source) | ast.AsyncFor(target=target, iter=source):
                self._expression(source)
                self._keep(target, source)
                self._body((*statement.body, *statement.orelse))
            case ast.Try():
                self._try(statement)
            case ast.Return(value=ast.expr() as value):
                self._expression(value)
                self.memory.give_back(self._function, value)
            case _:
                self._parts(statement)

    def _parts(self, node: ast.AST) -> None:
        """What other statements are made of: expressions, and the blocks below them."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.stmt):
                self._statement(child)
            else:
                self._parts(child)

    def _define(self, function: Definition) -> None:
        kept, self._function = self._function, function.name
        with self.values.inside(function), self.memory.inside(function):
            self._body(function.body)
        self._function = kept

    def _assignment(self, statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        if statement.value is None:
            return
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        self._expression(statement.value, bare=not self.values.is_used(targets))
        for target in targets:
            if not isinstance(statement, ast.AugAssign):
                self.values.assign(target, statement.value)
            self._keep(target, statement.value)

    def _with(self, items: Sequence[ast.withitem], body: Sequence[ast.stmt]) -> None:
        for item in items:
            self._expression(item.context_expr)
            if item.optional_vars is not None:
                self.values.assign(item.optional_vars, item.context_expr)
                self._keep(item.optional_vars, item.context_expr)
        self._body(body)

    def _try(self, statement: ast.Try) -> None:
        """What stands last in it, and is caught and passed over, stops nothing."""
        passes = not statement.orelse and any(_passes(handler) for handler in statement.handlers)
        for number, inner in enumerate(statement.body):
            is_last = number + 1 == len(statement.body)
            with self._swallowing(self._is_swallowed or (passes and is_last)):
                self._statement(inner)
        for handler in statement.handlers:
            self._body(handler.body)
        self._body((*statement.orelse, *statement.finalbody))

    @contextmanager
    def _swallowing(self, is_swallowed: bool) -> Iterator[None]:
        kept, self._is_swallowed = self._is_swallowed, is_swallowed
        try:
            yield
        finally:
            self._is_swallowed = kept

    def _keep(self, target: ast.expr, value: ast.expr) -> None:
        self.memory.keep(target, value)
        text = f"{ast.unparse(target)} {ast.unparse(value)}"
        if VERSIONED.search(text) and not OWN_VERSION.search(text):
            self._versions.update(names(target))

    # expressions

    def _expression(self, expression: ast.expr, bare: bool = False) -> None:
        """Every call in it, the inner ones first; `bare` says that nothing looks at what it gives."""
        for child in ast.iter_child_nodes(expression):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.keyword | ast.comprehension):
                self._parts(child)
        if isinstance(expression, ast.Compare):
            self._compare(expression)
        elif isinstance(expression, ast.Call):
            self._call(expression, bare)

    def _compare(self, compare: ast.Compare) -> None:
        """Whether two versions are put in order: by their names, or by names that were filled from one."""
        if any(isinstance(operator, ORDERS) for operator in compare.ops):
            text = ast.unparse(compare)
            is_known = VERSIONED.search(text) is not None or any(name in self._versions for name in names(compare))
            self.compares |= is_known and not OWN_VERSION.search(text)

    def _call(self, call: ast.Call, bare: bool) -> None:
        name = self.values.name(call.func)
        last = name.rpartition(".")[2]
        function = self.values.functions.get(last) if name in (last, f"self.{last}") else None
        if function is not None:
            self._hand(function, call)
        elif name in RUNS or name in LISTED or name in SPREAD:
            counts = not self._is_swallowed if self._calls.raises(name, call) else not bare
            steps = self._calls.programs(name, call)
            self.found += (replace(step, counts=step.counts or counts) for step in steps)
            self.compares |= any("--compare-versions" in step.words for step in steps)
        elif VERIFY.fullmatch(last) and not NO_SIGNATURE.fullmatch(name):
            self.found.append(self._verified(name, call, bare))
        else:
            self.found += self._calls.of(name, call)

    def _hand(self, function: Definition, call: ast.Call) -> None:
        """A function of the script is called: what it is given."""
        parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        parameters = parameters[1:] if parameters[:1] == ["self"] else parameters
        given = [*zip(parameters, call.args, strict=False), *((one.arg or "", one.value) for one in call.keywords)]
        for name, value in given:
            self.values.give(function.name, name, value)
            self.memory.give(function.name, name, value)

    def _verified(self, name: str, call: ast.Call, bare: bool) -> Step:
        """A signature that is verified, or something of which only the name says so."""
        if name.startswith("hmac."):  # a key that every device has is no signature
            return self._calls.step(call, "sha256sum")
        signers = self.values.modules & SIGNERS
        if not signers:
            return self._calls.step(call, f"{name}()")
        counts = not bare if signers <= RETURNING else not self._is_swallowed
        return self._calls.step(call, "openssl", "dgst", "-verify", counts=counts)


def _passes(handler: ast.ExceptHandler) -> bool:
    """Whether what is caught is passed over: nothing is left, raised or remembered."""
    return all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and not LEAVES.match(ast.unparse(one)))
        for one in handler.body
    )
