"""The sum at the end of every line that still is a record."""


def mend(data: bytearray) -> None:
    mend_lines(data, 1, 0)


def mend_lines(data: bytearray, mark: int, total: int) -> None:
    """Behind `mark` characters the bytes of a line stand as digits; with the last one their sum is to be `total`."""
    at = 0
    for line in bytes(data).splitlines(keepends=True):
        digits = line.rstrip(b"\r\n")
        try:
            raw = bytes.fromhex(digits[mark:-2].decode("ascii"))
        except ValueError:
            raw = b""
        end = at + len(digits)
        if raw and len(digits) == mark + 2 * len(raw) + 2:
            data[end - 2 : end] = b"%02X" % (total - sum(raw) & 0xFF)
        at += len(line)
