"""What a record is called where several shapes may stand."""

import re


def kind(record: type) -> str:
    """`SetOption` as `set-option`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", record.__name__).lower()
