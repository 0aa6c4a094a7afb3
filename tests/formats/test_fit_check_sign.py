"""U-Boot's own fit_check_sign, built from Debian's source, as the witness of what a loader boots.

Debian's makes its own list of nodes: the fix of 2026 is among its patches.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from program import find_program, run_program
from real.roots import PROJECT, NoPackagesError
from signed_fit import ATTACKS, MISSING, SCHEMES, Signing, Workshop

from firmward.formats import device_tree, fit_check, fit_keys

BUILDERS = [name for name in ("make", "gcc", "flex", "bison") if find_program(name) is None]
KEPT = PROJECT / "build" / "cache" / "programs" / "fit_check_sign"
MINUTES = 20

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(60 * MINUTES),
    pytest.mark.skipif(bool(MISSING or BUILDERS), reason=f"{MISSING + BUILDERS} missing"),
    pytest.mark.skipif(not Path("/usr/include/openssl/evp.h").exists(), reason="libssl-dev is missing"),
]
PLACES = {"inside": (), "outside": ("-E",), "at a place": ("-E", "-p", "0x8000")}
CARELESS = (
    Signing(roles='"kernel"'),
    Signing(roles=""),
    Signing(roles="", each_image=True),
    Signing(hashes='hash-1 { algo = "crc32"; };'),
    Signing(hashes='hash-1 { algo = "crc32"; }; hash-2 { algo = "sha512"; };'),
)


@pytest.fixture(scope="module")
def witness() -> Path:
    if not KEPT.exists():
        sources = pytest.importorskip("real.sources")
        try:
            source = sources.unpacked_source("u-boot")
        except NoPackagesError as reason:
            pytest.skip(f"Debian's archive is out of reach: {reason}")
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for target in ("tools-only_defconfig", "tools-only"):
                command = ["make", "-s", "-C", str(source), f"O={folder}", target]
                done = run_program(command, seconds=60 * MINUTES)
                assert done.returncode == 0, done.stderr[-2000:]
            shutil.copy(Path(folder) / "tools" / "fit_check_sign", KEPT)
    return KEPT


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.at(tmp_path_factory.mktemp("fit"))


def boots(witness: Path, path: Path, control: bytes) -> bool:
    keys = path.with_name("keys.dtb")
    keys.write_bytes(control)
    return run_program([str(witness), "-f", str(path), "-k", str(keys)]).returncode == 0


def accepted(path: Path, control: bytes) -> bool:
    keys = fit_keys.of_control_tree(device_tree.parse(control))
    data = path.read_bytes()
    found = fit_check.check(lambda offset, size: data[offset : offset + size], len(data), keys).default
    return found is not None and found.accepted_anew is True


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "ecdsa"])
def test_what_holds_boots(scheme: str, place: str, workshop: Workshop, witness: Path) -> None:
    path, control = workshop.made(SCHEMES[scheme], *PLACES[place])
    assert accepted(path, control)
    assert boots(witness, path, control)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("scheme", ["rsa2048", "rsa2048 with pss"])
def test_what_an_attacker_did_boots_where_we_say_so(scheme: str, attack, workshop: Workshop, witness: Path) -> None:
    path, control = workshop.made(SCHEMES[scheme])
    attack(workshop, path)
    assert boots(witness, path, control) is accepted(path, control)


@pytest.mark.parametrize("signing", CARELESS, ids=range(len(CARELESS)))
def test_what_a_careless_maker_made_boots_where_we_say_so(signing: Signing, workshop: Workshop, witness: Path) -> None:
    path, control = workshop.made(signing)
    assert boots(witness, path, control) is accepted(path, control)
