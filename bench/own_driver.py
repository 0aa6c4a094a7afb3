"""What firmward says of each file named on standard input, one JSON line each, as cve_bin_tool_driver.py does it."""

import json
import sys
from pathlib import Path

from firmward.facts import product_row
from firmward.facts.binary_content import BinaryContent
from firmward.facts.product_search import ProductSearch
from firmward.formats import elf_dynamic
from firmward.image.words import FastWordSearch


def run() -> None:
    search = ProductSearch(product_row.rows())
    within = FastWordSearch().prepare(sorted(search.words))
    for line in sys.stdin:
        path, _, name = line.rstrip("\n").partition("\t")
        content = BinaryContent(Path(path).read_bytes(), within, within)
        elf = elf_dynamic.parse(len(content.data), content.read)
        found = () if elf is None else search.products(name, elf, content)
        print(json.dumps([path, [[one.vendor, one.name, one.version] for one in found]]))


run()
