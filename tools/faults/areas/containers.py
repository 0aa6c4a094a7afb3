"""Containers, wrappers, and what is encrypted: checksums, ends, and what is said of a part that cannot be read."""

from fault import Fault

CONTAINER = "tests/image/container/test_{}.py"
WRAPPERS = "tests/image/wrapper/test_wrappers.py"

FAULTS = (
    Fault(
        "image/container/uimage.py",
        "if zlib.crc32(head[:4] + bytes(4) + head[8:]) != checksum:",
        "if False:",
        CONTAINER.format("uimage"),
        "the checksum of the header not held",
    ),
    Fault(
        "image/container/uimage.py",
        "if checksum != header.data_crc:",
        "if False:",
        CONTAINER.format("uimage"),
        "the checksum of the data not held",
    ),
    Fault(
        "image/container/uimage.py",
        "offset += size + -size % 4",
        "offset += size",
        CONTAINER.format("uimage"),
        "the padding between images not left out",
    ),
    Fault(
        "image/container/trx.py",
        "if crc32(_checked(source, header), budget) ^ 0xFFFFFFFF != header.checksum:",
        "if False:",
        CONTAINER.format("trx"),
        "the checksum not held",
    ),
    Fault("image/container/trx.py", "or offsets[-1] >= size", "", CONTAINER.format("trx"), "partitions behind the end"),
    Fault(
        "image/container/seama.py",
        "and md5([window], budget) != entity.digest",
        "and False",
        CONTAINER.format("seama"),
        "the digest of an entity not held",
    ),
    Fault(
        "image/container/chk.py",
        "if checksum(_timed(data, budget)) != header.checksum:",
        "if False:",
        CONTAINER.format("chk"),
        "the checksum of the data not held",
    ),
    Fault(
        "image/container/chk.py",
        "return Header(size, kernel, root, whole) if held else None",
        "return Header(size, kernel, root, whole)",
        CONTAINER.format("chk"),
        "the checksum of the header not held",
    ),
    Fault(
        "image/container/ubnt.py",
        "if window.size == PART_SIZE + part.size and crc32([window], budget) != told:",
        "if False:",
        CONTAINER.format("ubnt"),
        "the checksum of a part not held",
    ),
    Fault(
        "image/container/swu.py",
        "elif image is not None and image.sha256 is not None and _sha256(content, budget) != image.sha256:",
        "elif False:",
        CONTAINER.format("swu"),
        "an image that is not the described one not told",
    ),
    Fault(
        "image/container/mender.py",
        "digest.update(",
        "str(",
        CONTAINER.format("mender"),
        "digests of payloads not computed",
    ),
    Fault(
        "image/container/fit.py",
        "if cipher is not None:",
        "if False:",
        CONTAINER.format("fit"),
        "an encrypted image of a FIT taken for a plain one",
    ),
    Fault(
        "image/wrapper/lzop.py",
        "if value != (zlib.adler32(data) if flag == ADLER_CONTENT else zlib.crc32(data)):",
        "if False:",
        WRAPPERS,
        "the checksum of lzop's blocks not held",
    ),
    Fault(
        "image/wrapper/lzip.py",
        "if said != [self._checksum, self._made, self._taken - len(self.unused_data)]:",
        "if False:",
        WRAPPERS,
        "the checksum and lengths of lzip's members not held",
    ),
)
