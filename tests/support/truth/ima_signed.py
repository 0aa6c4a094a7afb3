"""Signatures of single files, as evmctl(1) writes them into security.ima, with a key made for these tests alone."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from firmward.model.memory import Content, Node
from firmward.model.tree import Kind

PRIMES = (
    int(
        "e8d32ec2f245003edba39903d6c6bc19186c225ed3a8bd9ed3285f7f3dd175b0bbf6922f787dbbd515266452de2611ab"
        "7464f5679e1fcda85755b7fcdb10bef6ff60837c5721b351cd7d32b6bd8b32b66b659b5388c09cc44d71af581331693f"
        "929c33b62e8235f5ce65dc311eff33c579ba4a445ae39f23b876814b6a4de1a7",
        16,
    ),
    int(
        "d0163e4ba2920d6d090b759d59e40e40e55f9f88e5ea0b98438701444973329156a4df23e1212c29a09d7e505d1ef76e"
        "dc78e843147df4e9c20fb9579cbb294b68068c714a510b49d44e53cbcc3b7ed2353f488ce892b86184de923f6426746e"
        "79278737079a6aa94cf6909c6a2f716481ca99d424676196bd36c7fdd134f731",
        16,
    ),
)

PUBLIC_EXPONENT = 65537

CERTIFICATE = bytes.fromhex(
    "30820304308201eca003020102020101300d06092a864886f70d01010b050030253123302106035504030c1a4578616d"
    "706c65204d616b65722066696c65207369676e696e67301e170d3235303130313030303030305a170d34353031303130"
    "30303030305a30253123302106035504030c1a4578616d706c65204d616b65722066696c65207369676e696e67308201"
    "22300d06092a864886f70d01010105000382010f003082010a0282010100bd3fd0cc58a54428b424957e4c9636a874f8"
    "cb8e0a0b2a8542dad130f9d859577eed5a6b361694dd106f19ac54a8a4916ec1511563bfd753284d7a3a709b7be4ca4b"
    "ee3ce34797f6dded8110eb17b65ff38be621aadadbc16937032bc65fa7e5c63c2de59a5acdabcb93c5f5ef7b75d1894c"
    "cd5a01e7b74c969533b384a611a560f3f729eeb5297140d0210e4388007f51869d372e3d86e8989ce63263c38f81b6c3"
    "1adb6c049cfbb2cee028c3a9bf27070d99f2ec2260afb25ee36c4d88de687c676b9bc042fe05b91ad77d982f554fb49d"
    "1f5afba09cdfb6dca1694aad11d1349035d91cfce3caf4a07824c8cdcd7f08a1a2e9f24df67bf8248316aa8c51f70203"
    "010001a33f303d300c0603551d130101ff04023000301d0603551d0e04160414a1fa6f51e11eeeb7a9547c42b73ccd01"
    "383d3622300e0603551d0f0101ff040403020780300d06092a864886f70d01010b05000382010100a59ea8479b4054ad"
    "24a338ac57e545c60a2a4145f229a91517541bca11ecf2a678e4f83d7d7f6acb6b3a50b4a608fed8a7d123856f7eb5ba"
    "08c8c107268343c03e55793419a868e49bbda8fb6cafcaed2f5f7ff5e4070e2f7afe684d5a6bd335e8dc6a7f23e99b04"
    "bfbd99bb88098f450360ad3a1039622e5dfc250a774775d877d8b1cd949c5ffebe4c0ac7f24adcc51dc7de032dcd7263"
    "23a198655b34d6277dae0889da153fdbb7a610d1e5f6e28bce0a9a6ea7d4d7d899f00d4971b68a89bb5ba74bc1cac6e3"
    "251079e5b12dc8d3548faef818939df6cb8860663bdb7d67ef58e59bd2a0130b46c1f43350876b13091927a1290e6d4f"
    "d985b2e39eb5e118"
)

KEY_ID = bytes.fromhex("383d3622")

POLICY = """\
# Loaded by systemd at boot; programs, libraries, modules and what root reads must be signed
dont_appraise fsmagic=0x9fa0
dont_appraise fsmagic=0x62656572
dont_appraise fsmagic=0x1021994
dont_appraise fsmagic=0x858458f6
appraise func=POLICY_CHECK appraise_type=imasig
appraise func=MODULE_CHECK appraise_type=imasig
appraise func=BPRM_CHECK appraise_type=imasig
appraise func=MMAP_CHECK mask=MAY_EXEC appraise_type=imasig
appraise func=FILE_CHECK mask=MAY_READ uid=0 appraise_type=imasig
"""

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def data(content: Content) -> bytes:
    plain = content.content if isinstance(content, Node) else content
    return plain if isinstance(plain, bytes) else plain.encode()


def signature(content: bytes) -> bytes:
    """Version 2 of the format: type 3, version 2, SHA-256 is algorithm 4, key id, length, PKCS #1 v1.5."""
    digest = SHA256_INFO + hashlib.sha256(content).digest()
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
    signed = _power(int.from_bytes(padded, "big")).to_bytes(256, "big")
    return b"\x03\x02\x04" + KEY_ID + len(signed).to_bytes(2, "big") + signed


def _power(number: int) -> int:
    """By the private exponent, of each prime alone (RFC 8017, section 5.1.2): four times as fast as of their product,
    and systems have many files."""
    first, second = PRIMES
    of_first, of_second = (pow(number, pow(PUBLIC_EXPONENT, -1, prime - 1), prime) for prime in PRIMES)
    return of_second + second * ((of_first - of_second) * pow(second, -1, first) % first)


def digest(content: bytes) -> bytes:
    """The attribute of a file that is known by its hash alone: type 4, algorithm 4."""
    return b"\x04\x04" + hashlib.sha256(content).digest()


def digest_of(content: bytes) -> tuple[tuple[str, bytes], ...]:
    return (("security.ima", digest(content)),)


def labelled(files: Mapping[str, Content], label: Callable[[bytes], bytes]) -> dict[str, Content]:
    result: dict[str, Content] = {}
    for path, content in files.items():
        node = content if isinstance(content, Node) else Node(content)
        if node.kind is Kind.FILE and node.target is None:
            others = tuple(one for one in node.xattrs if one[0] != "security.ima")
            node = replace(node, xattrs=(*others, ("security.ima", label(data(node)))))
        result[path] = node
    return result


def signed(files: Mapping[str, Content]) -> dict[str, Content]:
    """The same files, all regular ones with a signature."""
    return labelled(files, signature)


def hashed(files: Mapping[str, Content]) -> dict[str, Content]:
    """The same files, all regular ones with their hash."""
    return labelled(files, digest)
