"""The update client in the camera: what it costs there, behind its verified root.

QEMU counts instructions (`-icount shift=0`: one takes a nanosecond of the guest's time), so that the figures are the
same however busy this machine is: milliseconds of a processor that does a thousand million instructions a second.
"""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import attacked
import pytest
import signed_camera
import update_repository
from attacked import Kept
from locked_board import MISSING
from real.roots import NoPackagesError

from firmward.build import image
from firmward.build.client.put_in import put_in
from firmward.build.client.trusted_root import trusted_root
from firmward.lab import boot as lab
from firmward.lab.serial_log import SerialLog

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"),
    pytest.mark.timeout(1500),
    pytest.mark.proof,
]
REPOSITORY = "usr/share/repository"
MEMORY_LIMIT = 20 << 10
"""KiB."""
CPU_LIMIT = 100.0
"""Milliseconds behind the start of the interpreter."""
SIGNATURE_LIMIT = 5.0
SECONDS = 1200.0
"""For the guest, whose processor is played; on a busy machine."""
PROBE = f"""
import sys
from time import process_time
begun = process_time()
sys.path.append("/usr/lib")
from firmward.trust.client import Client
from firmward.trust.store import Store
from firmward.trust.trusted import Moment
from pathlib import Path
kind, place = sys.argv[1:]
if kind == "web":
    from firmward.trust.web import Web as Place
else:
    from firmward.trust.folder import Folder
    Place = lambda path: Folder(Path(path))
imported = process_time()
store = Store(Path("/run/trusted"))
store.keep("root", open("/usr/share/firmward/root.json", "rb").read())
client = Client(store, Place(place + "/metadata"), Place(place + "/targets"), Moment(1764547200))
target = client.target("{update_repository.TARGET}")
content = client.read(target, 1 << 16, bytes).value
ended = process_time()
memory = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
taken = [one * 1000 for one in (begun, imported - begun, ended - imported)]
print("PROBE", kind, len(content), *taken, memory)
"""
SIGNATURE = """
import sys
sys.path.append("/usr/lib")
from time import process_time
from firmward.trust import libcrypto
scheme, der, made = KEYS[int(sys.argv[1])]
begun = process_time()
libcrypto.is_there()
print(f"SIGNATURE {scheme} loading True {(process_time() - begun) * 1000:.2f}")
for turn in ("first", "again"):
    begun = process_time()
    holds = libcrypto.holds(der, scheme, made, b"words")
    print(f"SIGNATURE {scheme} {turn} {holds} {(process_time() - begun) * 1000:.2f}")
"""
SCRIPT = f"""#!/bin/sh
[ "$1" = start ] || exit 0
(
    mkdir -p /run/trusted
    busybox httpd -p 127.0.0.1:8099 -h /{REPOSITORY}
    for turn in cold warm; do
        python3 -ISB /usr/share/probe.py folder /{REPOSITORY}
        python3 -ISB /usr/share/probe.py web http://127.0.0.1:8099
    done
    python3 -ISB /usr/share/signature.py 0
    python3 -ISB /usr/share/signature.py 1
    python3 -ISB /usr/share/signature.py 2
    echo PROBE-END
) >/dev/console 2>&1
"""


@dataclass(frozen=True)
class Cost:
    """CPU in milliseconds, memory in KiB."""

    size: int
    start: float
    imports: float
    work: float
    memory: int

    @property
    def after_start(self) -> float:
        return self.imports + self.work


@dataclass(frozen=True)
class Figures:
    """`costs` by kind, cold and then warm; `signatures` by scheme, each in a process of its own: loading the library
    that hashes and verifies, the first, and another one."""

    costs: dict[str, list[Cost]]
    signatures: dict[str, list[float]]
    said: str


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    folder = tmp_path_factory.mktemp("guest")
    try:
        yield _read(_run(folder))
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    finally:
        shutil.rmtree(folder)


def _run(folder: Path) -> str:
    root = attacked.unpacked(folder / "root")
    trusted = update_repository.publish(root / REPOSITORY)
    (root / "usr/share/probe.py").write_text(PROBE)
    (root / "usr/share/signature.py").write_text(f"KEYS = {_signed()!r}\n{SIGNATURE}")
    script = root / "etc/init.d/S99probe"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    text = signed_camera.with_words(rootfs=f'"{root}"')
    order = signed_camera.order(signed_camera.store(folder / "keys"), text)
    found = trusted_root(order.policy, folder, trusted)
    assert found is not None
    inputs, _ = put_in(order.inputs, order.policy, found, order.epoch)
    image.build(replace(order, inputs=inputs), folder / "build", signed_camera.quiet)
    return _started(Kept.of(folder / "build", folder / "kept"))


def _started(kept: Kept) -> str:
    said = b""
    counted = ("-icount", "shift=0")
    with (
        lab.written_to(kept.device) as media,
        lab.started(kept.device, media, SerialLog(), attached=counted) as machine,
    ):
        until = time.monotonic() + SECONDS
        while b"PROBE-END" not in said and time.monotonic() < until:
            said += machine.hear(0.2).serial
    return said.decode("utf-8", "replace").replace("\r", "")


def _signed() -> list[tuple[str, bytes, bytes]]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from firmward.trust.public_key import ECDSA_P256, ED25519, RSA_PSS

    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    curve = ed25519.Ed25519PrivateKey.generate()
    prime = ec.generate_private_key(ec.SECP256R1())
    modular = rsa.generate_private_key(65537, 3072)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return [
        (ED25519, curve.public_key().public_bytes(*form), curve.sign(b"words")),
        (ECDSA_P256, prime.public_key().public_bytes(*form), prime.sign(b"words", ec.ECDSA(hashes.SHA256()))),
        (RSA_PSS, modular.public_key().public_bytes(*form), modular.sign(b"words", pss, hashes.SHA256())),
    ]


def _read(said: str) -> Figures:
    costs: dict[str, list[Cost]] = {}
    for kind, size, start, imports, work, memory in re.findall(
        r"^PROBE (\w+) (\d+) (\S+) (\S+) (\S+) (\d+)$", said, re.M
    ):
        cost = Cost(int(size), float(start), float(imports), float(work), int(memory))
        costs.setdefault(kind, []).append(cost)
    signatures: dict[str, list[float]] = {}
    for scheme, taken in re.findall(r"^SIGNATURE (\S+) \w+ True (\S+)$", said, re.M):
        signatures.setdefault(scheme, []).append(float(taken))
    return Figures(costs, signatures, said)


def test_it_learns_of_an_update_from_a_folder_within_its_bounds(figures: Figures) -> None:
    assert "folder" in figures.costs, figures.said[-3000:]
    warm = figures.costs["folder"][1]
    assert warm.size == len(update_repository.CONTENT)
    assert warm.after_start < CPU_LIMIT, warm
    assert warm.memory < MEMORY_LIMIT, warm


def test_it_learns_of_an_update_over_http_within_the_same_bounds(figures: Figures) -> None:
    assert "web" in figures.costs, figures.said[-3000:]
    warm = figures.costs["web"][1]
    assert warm.size == len(update_repository.CONTENT)
    assert warm.after_start < CPU_LIMIT, warm
    assert warm.memory < MEMORY_LIMIT, warm


def test_a_signature_takes_less_than_its_bound(figures: Figures) -> None:
    """The first one too, once the library is there: that is loaded to hash, whether anything is verified or not."""
    assert len(figures.signatures) == 3, figures.said[-3000:]
    for _loading, *taken in figures.signatures.values():
        assert len(taken) == 2
        assert max(taken) < SIGNATURE_LIMIT, figures.signatures
