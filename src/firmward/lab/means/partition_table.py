"""A partition table that an attacker writes over a disk's own: all its places, and lies beside them."""

from collections.abc import Sequence
from uuid import UUID

from firmward.build.built import Partition
from firmward.build.partition_table import partition_table
from firmward.lab.target import Target

DISK = UUID("5eed0000-0000-4000-8000-000000000002")
