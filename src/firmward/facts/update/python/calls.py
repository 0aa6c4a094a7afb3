"""The calls of Python's library and of common packages that fetch, write, unpack or run, as commands."""

import ast
import re
from collections.abc import Iterator, Sequence

from firmward.facts.process import applet
from firmward.facts.update.python.memory import FETCHED, OPENS, REQUESTS, Memory
from firmward.facts.update.python.values import Values
from firmward.facts.update.steps import WRAPPERS, Step, steps
from firmward.model.location import Location

IN_MEMORY = "(memory)"
"""Where a fetch puts what no file holds."""

RETRIEVES = frozenset(("urllib.request.urlretrieve", "urllib.urlretrieve", "wget.download"))
CONNECTIONS = {
    f"{module}.{name}.request": scheme
    for module in ("http.client", "httplib")
    for name, scheme in (("HTTPConnection", "http"), ("HTTPSConnection", "https"))
}
FTP = {"ftplib.FTP.retrbinary": "ftp", "ftplib.FTP_TLS.retrbinary": "ftps"}
UNCHECKED = re.compile(r"_create_unverified_context|CERT_NONE")
ARCHIVES = {"tarfile.open": "tar", "tarfile.TarFile": "tar", "tarfile.TarFile.open": "tar", "zipfile.ZipFile": "unzip"}
COPIES = {
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"), "cp"),
    **dict.fromkeys(("shutil.move", "os.rename", "os.replace"), "mv"),
}
CHECKED = frozenset(("subprocess.check_call", "subprocess.check_output"))
"""They raise where a program fails."""
RUNS = frozenset(
    (
        *("subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.getoutput", "os.system", "os.popen"),
        *("subprocess.getstatusoutput", "commands.getoutput", "commands.getstatusoutput", *CHECKED),
        *("asyncio.create_subprocess_shell", "pexpect.run", "pexpect.spawn"),
    )
)
LISTED = frozenset(("os.execv", "os.execvp", "os.spawnv", "os.spawnvp"))
"""Their last argument is the list of words."""
SPREAD = {"os.execl": 1, "os.execlp": 1, "asyncio.create_subprocess_exec": 0, "asyncio.subprocess.exec": 0}
"""Their words are arguments of their own, from this one on."""
SHELLS = frozenset(("sh", "bash", "ash", "dash"))
EXECUTES = re.compile(r"S_IX|S_IRWX")


class Calls:
    """Gives the steps of one call after the other."""

    def __init__(self, path: str, values: Values, memory: Memory) -> None:
        self._path = path
        self._values = values
        self._memory = memory

    def of(self, name: str, call: ast.Call) -> Iterator[Step]:
        """The steps of a call that runs no program."""
        yield from self._fetch(name, call)
        yield from self._install(name, call)
        yield from self._write(name, call)
        if name.startswith("hashlib."):
            yield self.step(call, "sha256sum")

    def step(self, call: ast.Call, *argv: str, counts: bool = False) -> Step:
        return Step(argv, Location(self._path, call.lineno), counts=counts)

    # what is fetched

    def _fetch(self, name: str, call: ast.Call) -> Iterator[Step]:
        words = tuple(self._values.text(one) for one in call.args)
        insecure = ("-k",) if self._is_unchecked(call) else ()
        if name in RETRIEVES:
            file = words[1] if len(words) > 1 else self._values.keyword(call, "filename") or "$()"
            yield self.step(call, "curl", *insecure, "-o", file, *words[:1])
        elif name in OPENS:
            yield self._in_memory(call, *insecure, *(words[:1] or (self._values.keyword(call, "url"),)))
        elif name in REQUESTS and self._memory.asks(call):
            yield self._in_memory(call, *insecure, *words[1:2])
        elif name in CONNECTIONS and words[:1] == ("GET",):
            host = self._values.made_with(call.func)
            yield self._in_memory(call, *insecure, f"{CONNECTIONS[name]}://{host}{(*words, '/')[1]}")
        elif name in FTP and words:
            host = self._values.made_with(call.func)
            yield self._in_memory(call, f"{FTP[name]}://{host}/{words[0].removeprefix('RETR ')}")
            for one in call.args[1:]:
                if isinstance(one, ast.Attribute) and one.attr == "write":
                    yield from self._written(call, self._memory.handle(one.value), FETCHED)

    def _is_unchecked(self, call: ast.Call) -> bool:
        for one in call.keywords:
            if one.arg == "verify" and isinstance(one.value, ast.Constant) and one.value.value is False:
                return True
            if one.arg in ("context", "cert_reqs") and UNCHECKED.search(self._values.written_as(one.value)):
                return True
        return False

    def _in_memory(self, call: ast.Call, *words: str) -> Step:
        at = Location(self._path, call.lineno)
        return Step(("curl", *words), at, written=tuple(self._memory.saved) or (IN_MEMORY,))

    # what is installed

    def _install(self, name: str, call: ast.Call) -> Iterator[Step]:
        given = call.args
        if name.endswith((".extractall", ".extract")) and isinstance(call.func, ast.Attribute):
            yield from self._extract(name, call, call.func.value)
        elif name == "shutil.unpack_archive" and given:
            yield self.step(call, "tar", "-xf", self._memory.source(given[0]), "-C", self._folder(call, 1))
        elif name in COPIES and len(given) > 1:
            yield self.step(call, COPIES[name], *(self._memory.source(one) for one in given[:2]))
        elif name == "os.chmod" and len(given) > 1:
            yield self.step(call, "chmod", self._mode(given[1]), self._memory.source(given[0]))
        elif name in ("exec", "eval") and given and self._memory.is_fetched(given[0]):
            yield Step(("curl", FETCHED), Location(self._path, call.lineno), pipe=(("python3",),))

    def _mode(self, mode: ast.expr) -> str:
        if isinstance(mode, ast.Constant) and isinstance(mode.value, int):
            return f"{mode.value:o}"
        return "+x" if EXECUTES.search(ast.unparse(mode)) else "$mode"

    def _extract(self, name: str, call: ast.Call, archive: ast.expr) -> Iterator[Step]:
        made = self._values.maker(archive)
        program = ARCHIVES.get(name.rpartition(".")[0])
        if program is None:
            return
        texts = (self._memory.source(one) for one in self._archived(made))
        source = next((text for text in texts if text != "None"), "$()")
        folder = self._folder(call, 1 if name.endswith("extract") else 0)
        options = ("-xf", source, "-C", folder) if program == "tar" else (source, "-d", folder)
        yield self.step(call, program, *options)

    def _archived(self, made: ast.Call | None) -> Sequence[ast.expr]:
        """What may say which archive is opened."""
        if made is None:
            return ()
        named = (one.value for one in made.keywords if one.arg in ("name", "file", "fileobj"))
        return (*made.args[:1], *named)

    def _folder(self, call: ast.Call, place: int) -> str:
        """Where something is unpacked: the folder that is given, or the one that the script is in."""
        if len(call.args) > place:
            return self._values.text(call.args[place])
        return self._values.keyword(call, "path") or self._values.keyword(call, "extract_dir") or self._values.folder

    def _write(self, name: str, call: ast.Call) -> Iterator[Step]:
        """What writes a file: a handle's `write`, `copyfileobj`, `write_bytes`."""
        last, given = name.rpartition(".")[2], call.args
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name == "shutil.copyfileobj" and len(given) > 1:
            yield from self._written(call, self._memory.handle(given[1]), self._memory.source(given[0]))
        elif name == "os.chdir" and given:
            self._values.folder = self._values.text(given[0])
        elif owner is not None and given and last in ("write", "writelines"):
            yield from self._written(call, self._memory.handle(owner), self._memory.source(given[0]))
        elif owner is not None and given and last in ("write_bytes", "write_text"):
            yield from self._written(call, self._values.text(owner), self._memory.source(given[0]))

    def _written(self, call: ast.Call, path: str, source: str) -> Iterator[Step]:
        if path and source == FETCHED:
            self._memory.saved.setdefault(path)
        if path:
            yield self.step(call, "cp", source, path)

    # what is run

    def programs(self, name: str, call: ast.Call) -> tuple[Step, ...]:
        """The commands of a call that runs programs."""
        given = call.args[SPREAD.get(name, 0) :] or [one.value for one in call.keywords if one.arg == "args"]
        if not given:
            return ()
        first = self._values.bound(given[-1] if name in LISTED else given[0])
        listed = given if name in SPREAD else first.elts if isinstance(first, ast.List | ast.Tuple) else None
        if listed is None:
            return () if name in LISTED else steps(self._memory.source(first), self._path, call.lineno)
        words = [self._memory.source(one) for one in listed]
        while len(words) > 1 and words[0].rpartition("/")[2] in WRAPPERS:
            words = words[1:]
        if len(words) > 2 and words[0].rpartition("/")[2] in SHELLS and words[1] == "-c":
            return steps(words[2], self._path, call.lineno)
        return (self.step(call, *applet(words)),) if words else ()

    def raises(self, name: str, call: ast.Call) -> bool:
        """Whether a program that fails stops the script."""
        return name in CHECKED or self._values.keyword(call, "check") == "True"
