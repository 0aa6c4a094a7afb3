"""Every case of Project Wycheproof for the signatures that we know. FIRMWARD_WYCHEPROOF names a checkout of it."""

import json
import os
from pathlib import Path

import pytest

from firmward.trust import installed, libcrypto, public_key
from firmward.trust.public_key import ECDSA_P256, ED25519, RSA_PSS

FOLDER = os.environ.get("FIRMWARD_WYCHEPROOF")
FILES = {
    "ed25519_test.json": (ED25519, public_key.is_ed25519),
    "ecdsa_secp256r1_sha256_test.json": (ECDSA_P256, public_key.is_p256),
    "rsa_pss_2048_sha256_mgf1_0_test.json": (RSA_PSS, public_key.is_rsa),
    "rsa_pss_2048_sha256_mgf1_32_test.json": (RSA_PSS, public_key.is_rsa),
    "rsa_pss_3072_sha256_mgf1_32_test.json": (RSA_PSS, public_key.is_rsa),
    "rsa_pss_4096_sha256_mgf1_32_test.json": (RSA_PSS, public_key.is_rsa),
}
OF_ANY_LENGTH = "s_len changed to"
"""TUF's scheme names no length of the salt, and its signers use several."""
ELSEWISE = {"rsa_pss_2048_sha256_mgf1sha1_20_test.json": RSA_PSS, "ecdsa_secp256r1_sha256_p1363_test.json": ECDSA_P256}
"""Sound signatures of schemes that are not ours: none may hold."""

pytestmark = pytest.mark.skipif(FOLDER is None, reason="FIRMWARD_WYCHEPROOF names no checkout")


def groups(name: str) -> list[dict[str, object]]:
    document = json.loads((Path(FOLDER or "") / "testvectors_v1" / name).read_bytes())
    listed: list[dict[str, object]] = document["testGroups"]
    return listed


@pytest.mark.parametrize("name", FILES)
def test_each_case_is_judged_as_it_should_be(name: str) -> None:
    scheme, fits = FILES[name]
    judged = 0
    for group in groups(name):
        key = bytes.fromhex(str(group["publicKeyDer"]))
        assert fits(key)
        for case in group["tests"]:  # type: ignore[attr-defined]
            made, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            by_ctypes = libcrypto.holds(key, scheme, made, message)
            assert by_ctypes == installed.holds(key, scheme, made, message), case
            if case["result"] != "acceptable" and not case["comment"].startswith(OF_ANY_LENGTH):
                assert by_ctypes == (case["result"] == "valid"), case
            judged += 1
    assert judged > 90


@pytest.mark.parametrize("name", ELSEWISE)
def test_no_signature_of_another_scheme_holds(name: str) -> None:
    for group in groups(name):
        key = bytes.fromhex(str(group["publicKeyDer"]))
        for case in group["tests"]:  # type: ignore[attr-defined]
            made, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            assert not libcrypto.holds(key, ELSEWISE[name], made, message), case
