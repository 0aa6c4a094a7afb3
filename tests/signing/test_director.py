"""A director's repository for one device, as any client of TUF reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater
from update_made import MANIFEST, NAME, PATH, DirectorMade, manifest
from update_server import serving

from firmward.signing import director
from firmward.signing.director import Lasting
from firmward.update.manifest import encoded

THEN = datetime.now(UTC).replace(microsecond=0)


def read(made: DirectorMade, cache: Path) -> dict[str, object] | None:
    """By the reference client, with the root that is in the image."""
    cache.mkdir(exist_ok=True)
    with serving(made.folder) as server:
        place = f"{server.url}/director/{NAME}/metadata"
        target = Updater(str(cache), place, bootstrap=made.root).get_targetinfo(PATH)
    return None if target is None else target.custom


def test_the_reference_client_reads_the_order_and_the_next_one(tmp_path: Path) -> None:
    made = DirectorMade(tmp_path / "repository", now=THEN)
    expected = {"device": NAME, "slot": "inactive", "version": "1.4.1", "rollback_index": 2}
    made.orders()
    assert read(made, tmp_path / "cache") == {"firmward": expected}
    made.orders(manifest(version="1.4.2", rollback_index=3), slot="b")
    changed = {**expected, "version": "1.4.2", "rollback_index": 3, "slot": "b"}
    assert read(made, tmp_path / "cache") == {"firmward": changed}
    made.orders(None)
    assert read(made, tmp_path / "cache") is None


def test_an_order_lasts_a_day_and_its_time_stands_in_it(tmp_path: Path) -> None:
    made = DirectorMade(tmp_path, now=THEN)
    made.orders()
    place = tmp_path / "director" / NAME / "metadata"
    for name in ("timestamp", "1.snapshot", "1.targets"):
        assert Metadata.from_file(str(place / f"{name}.json")).signed.expires == THEN + timedelta(days=1)
    said = Metadata.from_file(str(place / "timestamp.json")).signed.unrecognized_fields
    assert said == {"x-firmward-signed": THEN.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert sorted(path.name for path in place.iterdir()) == [
        "1.root.json",
        "1.snapshot.json",
        "1.targets.json",
        "timestamp.json",
    ]


def test_all_keys_of_a_role_have_to_sign() -> None:
    signers = {role: [CryptoSigner.generate_ed25519()] for role in ("targets", "snapshot", "timestamp")}
    owners = [CryptoSigner.generate_ed25519() for _ in range(2)]
    content = director.root({**signers, "root": owners}, THEN, Lasting(root=timedelta(days=9)))
    root = Metadata[Root].from_bytes(content)
    root.verify_delegate("root", root)
    assert (root.signed.roles["root"].threshold, root.signed.expires) == (2, THEN + timedelta(days=9))
    root.signatures.popitem()
    with pytest.raises(UnsignedMetadataError):
        root.verify_delegate("root", root)


def test_an_order_names_the_bytes_of_a_manifest() -> None:
    ordered = director.order(PATH, MANIFEST, NAME, "a")
    ordered.verify_length_and_hashes(encoded(MANIFEST))
    assert ordered.custom is not None
    assert ordered.custom["firmward"]["slot"] == "a"
