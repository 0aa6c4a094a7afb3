"""Installing: what a power cut, a bad line or a bad disk may do, and what must come of it."""

from fault import Fault

CUTS = "tests/update/test_power_cuts.py"

FAULTS = (
    Fault(
        "update/landing.py",
        "            self._region.sync()\n            self._keep(",
        "            self._keep(",
        CUTS,
        "the journal tells of what was not synced",
    ),
    Fault(
        "update/region.py",
        "        self.write(offset, data)\n        self.sync()\n",
        "        self.write(offset, data)\n",
        CUTS,
        "the boot header, zero or not, is not synced",
    ),
    Fault(
        "trust/store.py", "            self._files.sync(draft)\n", "", CUTS, "a record has its name before it is there"
    ),
    Fault(
        "trust/store.py",
        "            self._files.rename(draft, name)\n            self._files.settle()\n",
        "            self._files.rename(draft, name)\n",
        CUTS,
        "the name of a record is not settled",
    ),
    Fault(
        "update/install.py",
        "    work.begin()\n",
        "    work.begin()\n    onto.loader.activate(slot)\n",
        CUTS,
        "the loader is told before anything is there",
    ),
    Fault(
        "update/install.py",
        '        self._regions["boot"].put(0, self._head)\n        slots.keep(',
        "        self._onto.loader.activate(self._slot)\n"
        '        self._regions["boot"].put(0, self._head)\n        slots.keep(',
        CUTS,
        "the loader is told before the boot header is there",
    ),
    Fault(
        "update/landing.py",
        "if self._digest.hexdigest() != self.journal.prefix or",
        "if",
        CUTS,
        "the journal is believed, whatever the disk has",
    ),
    Fault(
        "update/install.py",
        "        landing.resume()\n",
        "        landing.anew(0)\n",
        CUTS,
        "the journal is not replayed",
    ),
    Fault(
        "update/install.py",
        "self._onto.loader.activate(self._slot)",
        "self._onto.loader.activate(self._running)",
        CUTS,
        "the wrong slot is activated",
    ),
    Fault(
        "update/install.py",
        "        self._onto.loader.activate(self._slot)\n",
        "        self._onto.loader.activate(self._slot)\n        self._onto.loader.mark_good(self._slot)\n",
        CUTS,
        "a slot is marked good before it ever started",
    ),
    Fault(
        "update/region.py",
        "            offset += taken\n            data = data[taken:]\n",
        '            data = b""\n',
        CUTS,
        "a short write is ignored",
    ),
    Fault(
        "update/install.py",
        "boot.put(0, bytes(min(self._grain.block, boot.size)))",
        "boot.size",
        CUTS,
        "the old boot header stays while its slot is written over",
    ),
    Fault(
        "update/install.py",
        "        self._onto.loader.disable(self._slot)\n",
        "",
        CUTS,
        "the loader is not told that a slot is written over",
    ),
    Fault(
        "update/landing.py",
        'min(grain.block, payload.size) if payload.partition == "boot" else 0',
        "0",
        CUTS,
        "the boot header is not held back",
    ),
    Fault(
        "update/install.py",
        "Region(onto.disk, partition_of(one.partition, slot))",
        "Region(onto.disk, partition_of(one.partition, running))",
        CUTS,
        "the running slot is written over",
    ),
    Fault(
        "update/install.py",
        "        return RUNNING\n",
        "        pass\n",
        CUTS,
        "what runs is installed over what it came from",
    ),
    Fault(
        "update/install.py",
        "        if state.next == slot:\n            return WAITING\n",
        "",
        CUTS,
        "what waits for a restart is taken for one that fell back",
    ),
    Fault(
        "update/install.py",
        "        fallen.remember(onto.store, offer.digest)\n",
        "        pass\n",
        CUTS,
        "a version that fell back is started for ever",
    ),
    Fault(
        "update/landing.py",
        "length = len(self._waiting) // self._grain.block * self._grain.block",
        "length = len(self._waiting)",
        "tests/update/test_install.py",
        "the journal tells of half a block",
    ),
    Fault(
        "update/hash_tree.py",
        "        self._region.write(level.end, block)\n",
        "        self._region.write(level.start, block)\n",
        "tests/update/test_hash_tree.py",
        "the blocks of the tree are written over each other",
    ),
)
