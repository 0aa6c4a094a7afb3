"""Bills of materials that are made to be slow."""

import json
import time

from firmward.vulns.sbom.reading import read_bill

MANY = 3_000


def test_a_ref_that_all_claim_and_that_needs_itself_is_read_soon() -> None:
    components = [{"type": "library", "name": f"c{number}", "version": "1", "bom-ref": "c"} for number in range(MANY)]
    dependencies = [{"ref": "c", "dependsOn": ["c"]} for _ in range(MANY)]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components, "dependencies": dependencies}
    started = time.process_time()
    found = read_bill(json.dumps(document).encode(), "bill")
    assert time.process_time() - started < 3
    assert len(found.components) == MANY
    assert sum(bool(one.depends) for one in found.components) == 1
