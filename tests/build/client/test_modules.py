"""The client as it lies on the device: complete, of the standard library alone, and quick to load."""

import subprocess
import sys
from pathlib import Path

import pytest
import update_repository

import firmward
from firmward.build.client import byte_code, modules

DEVICE = ("model", "formats", "trust", "update")
SLOW = {"dataclasses", "typing", "inspect", "http.client", "ssl", "socket", "subprocess", "tempfile", "argparse"}
"""What the client needs at times or never, and must not load to begin with."""
LOADED = """
import sys
sys.path.append(sys.argv[1])
for name in sys.argv[2:]:
    __import__(name)
print(*sys.modules)
"""
ASKED = """
import sys
sys.path.append(sys.argv[1])
from pathlib import Path
from firmward.trust.client import Client
from firmward.trust.folder import Folder
from firmward.trust.store import Store
from firmward.trust.trusted import Moment
repository, store = map(Path, sys.argv[2:4])
client = Client(Store(store), Folder(repository / "metadata"), Folder(repository / "targets"), Moment(1764547200))
target = client.target(sys.argv[4])
print(client.read(target, 1 << 16, bytes).value == client.read(target, 1 << 16, bytes).value, target.length)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the device has it in."""
    folder = tmp_path_factory.mktemp("lib")
    for path, text in modules.sources().items():
        (folder / "firmward" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "firmward" / path).write_text(text, encoding="utf-8")
    return folder


def run(program: str, *arguments: object) -> str:
    command = [sys.executable, "-I", "-S", "-B", "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names() -> list[str]:
    return [f"firmward.{path[:-3].replace('/', '.')}".removesuffix(".__init__") for path in modules.sources()]


def test_all_of_trust_and_update_is_there_and_nothing_that_only_the_host_needs() -> None:
    found = modules.sources()
    source = Path(firmward.__file__).parent
    wanted = {str(path.relative_to(source)) for name in modules.ROOTS for path in (source / name).rglob("*.py")}
    assert wanted <= set(found)
    assert {path.split("/")[0] for path in found} == {"__init__.py", *DEVICE}
    assert list(found) == sorted(found)


def test_it_loads_without_anything_else_and_without_what_is_slow(place: Path) -> None:
    loaded = set(run(LOADED, place, *names()).split())
    assert set(names()) <= loaded
    assert not loaded & SLOW


def test_it_does_what_it_does_here(place: Path, tmp_path: Path) -> None:
    root = update_repository.publish(tmp_path / "repository")
    (tmp_path / "store").mkdir()
    (tmp_path / "store/root.json").write_bytes(root.read_bytes())
    said = run(ASKED, place, tmp_path / "repository", tmp_path / "store", update_repository.TARGET)
    assert said == f"True {len(update_repository.CONTENT)}\n"
    (tmp_path / "repository/metadata/timestamp.json").write_bytes(b"{}")
    with pytest.raises(AssertionError, match="TrustError"):
        run(ASKED, place, tmp_path / "repository", tmp_path / "store", update_repository.TARGET)


def test_byte_code_is_the_same_each_time_and_stands_for_its_source(tmp_path: Path) -> None:
    sources = {"__init__.py": "", "one.py": "WORDS = 'a b', 'c'\n\ndef told():\n    return WORDS\n"}
    made = byte_code.compiled(sources, "usr/lib/sample")
    assert made == byte_code.compiled(sources, "usr/lib/sample")
    assert b"/usr/lib/sample/one.py" in made[byte_code.cached("one.py")]
    assert str(tmp_path.parent).encode() not in b"".join(made.values())
    for path, content in {**made, "one.py": b"WORDS = told = None\n", "__init__.py": b""}.items():
        (tmp_path / "sample" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sample" / path).write_bytes(content)
    said = run("import sys; sys.path.append(sys.argv[1]); from sample.one import told; print(told())", tmp_path)
    assert said == "('a b', 'c')\n", "the source is looked at"
