"""Updates in the lab: when the power is cut, what is seen, and what of it is wrong."""

from fault import Fault

MOMENTS = "tests/lab/updating/test_moments.py"
SLOTS = "tests/lab/updating/test_slots.py"
SEEN = "tests/lab/updating/test_seen.py"
ROUNDS = "tests/lab/updating/test_rounds.py"
REPORT = "tests/lab/updating/test_report.py"
STATE = "tests/lab/test_state_partition.py"
SERVER = "tests/lab/means/test_update_server.py"
STICK = "tests/lab/means/test_update_stick.py"
OFFERED = "tests/lab/updating/test_offered.py"
TREE = "tests/formats/test_verity_tree.py"

FAULTS = (
    Fault(
        "lab/updating/moments.py",
        "random.Random(seed)",
        "random.Random()",
        MOMENTS,
        "a cut that showed something cannot be made again",
    ),
    Fault(
        "lab/updating/moments.py",
        "among = [one for one in Stretch if one in seen]",
        "among = [one for one in Stretch if one in seen or seen]",
        MOMENTS,
        "cuts wait for a stretch that never comes",
    ),
    Fault(
        "lab/updating/slots.py",
        "return is_its and found.differs is None",
        "return is_its",
        SLOTS,
        "a root with one wrong bit counts as whole",
    ),
    Fault(
        "lab/updating/slots.py",
        "is_its = shape.data_size == content.size and found.root_hash == content.root_hash",
        "is_its = shape.data_size == content.size",
        SLOTS,
        "any hash tree will do",
    ),
    Fault(
        "lab/updating/slots.py",
        "return not content.root_hash or self._has_tree",
        "return content.root_hash or self._has_tree",
        SLOTS,
        "the hash tree, which the device makes, is not looked at",
    ),
    Fault(
        "lab/updating/slots.py",
        "if all(self._lies(part, slot) for part in one.contents)",
        "if any(self._lies(part, slot) for part in one.contents)",
        SLOTS,
        "half a version counts as one",
    ),
    Fault(
        "lab/updating/seen.py",
        "if self._is_on_trial and self.ran[-1].healthy and not self.again:",
        "if self._is_on_trial and not self.again:",
        SEEN,
        "a new version counts before it is healthy",
    ),
    Fault(
        "lab/updating/seen.py",
        "line.taken > self._back_taken + AGAIN or self._is_on_trial",
        "line.taken > self._back_taken + AGAIN",
        SEEN,
        "a device that tries a broken version for ever counts as one that came back",
    ),
    Fault(
        "lab/updating/seen.py",
        "or (self._is_on_trial and self._asked.spare <= 0)",
        "",
        SEEN,
        "a good version is cut until the boot loader gives it up",
    ),
    Fault(
        "lab/updating/seen.py",
        "is_quiet and not self._takes and not",
        "is_quiet and not",
        SEEN,
        "a device that takes its time counts as one that refuses",
    ),
    Fault(
        "lab/updating/seen.py",
        "        if not self.ran or self.ran[-1].slot != slot:\n            self._chosen(at, slot)\n",
        "",
        SEEN,
        "a start that was not seen is lost, with what came of it",
    ),
    Fault(
        "lab/updating/seen.py",
        "self.ran[-1].version == self._asked.new and not self.ran[-1].refused",
        "self.ran[-1].version == self._asked.new",
        SEEN,
        "what the boot loader refused counts as tried",
    ),
    Fault(
        "lab/updating/rounds.py",
        "            self._moments.pop(0)\n",
        "            self._moments.pop()\n",
        ROUNDS,
        "the first moment is cut again and again, and the others never",
    ),
    Fault(
        "lab/updating/rounds.py",
        "tried, spare = True, spare - 1",
        "tried = True",
        ROUNDS,
        "a good version is cut until the boot loader gives it up, round after round",
    ),
    Fault(
        "lab/updating/rounds.py",
        "while went_well and (number == 0",
        "while (number == 0",
        ROUNDS,
        "after a round that went wrong the rest is cut all the same, and nobody looks at that one",
    ),
    Fault(
        "lab/updating/report.py",
        'yield "neither slot holds a whole version"',
        "pass",
        REPORT,
        "a device with nothing to start is no problem",
    ),
    Fault(
        "lab/updating/report.py",
        "before.get(runs) not in (None, start.slots.get(runs))",
        "before.get(runs) not in (None, before.get(runs))",
        REPORT,
        "who writes what he runs from is not found out",
    ),
    Fault(
        "lab/updating/report.py",
        "if not last.good:",
        "if False:",
        REPORT,
        "a version that the boot loader gives up after three starts is called updated",
    ),
    Fault(
        "lab/updating/report.py",
        "if self.cuts < self.setting.cuts:",
        "if False:",
        REPORT,
        "fewer cuts than were asked for prove as much",
    ),
    Fault(
        "lab/updating/report.py",
        "if start.again:",
        "if False:",
        REPORT,
        "a version that is tried for ever is no problem",
    ),
    Fault(
        "lab/updating/report.py",
        "return not self.interrupted and not any",
        "return not any",
        REPORT,
        "an interrupted run counts as a proof",
    ),
    Fault(
        "lab/updating/words.py",
        "each = (whole - calm * len(rough))",
        "each = (whole - calm)",
        REPORT,
        "each round's own update is told as what cuts cost",
    ),
    Fault(
        "lab/updating/words.py",
        "start.moment is not None and start.during is stretch",
        "start.moment is not None and start.moment.stretch is stretch",
        REPORT,
        "a cut is told where it was drawn for, and came elsewhere",
    ),
    Fault(
        "lab/state_partition.py",
        "if state.seq == earlier.seq or left == TRIES:",
        "if state.seq == earlier.seq:",
        STATE,
        "a request that is applied is told as a start of the old slot",
    ),
    Fault(
        "lab/state_partition.py",
        "return state.seq > earlier.seq + 1 or (state.last",
        "return (state.last",
        STATE,
        "a start behind a request is not seen where its tries are the same again",
    ),
    Fault(
        "lab/means/tcp.py",
        "            self.taken_in_all += done\n",
        "            self.taken_in_all = done\n",
        SERVER,
        "only what came last is counted of what the device took",
    ),
    Fault(
        "lab/means/update_stick.py",
        "_copied(image, place, [path.absolute() for path in sorted(repository.iterdir())])",
        "_copied(image, place, [path.absolute() for path in sorted(repository.iterdir())][:1])",
        STICK,
        "a stick has metadata and nothing that it names",
    ),
    Fault(
        "lab/updating/offered.py",
        "if found.version == device.said.version:",
        "if False:",
        OFFERED,
        "an update to what runs already is waited for",
    ),
    Fault(
        "lab/updating/offered.py",
        "if server != update_server.URL:",
        "if False:",
        OFFERED,
        "a device that asks somebody else is waited for",
    ),
    Fault(
        "lab/updating/offered.py",
        "if update.window is not None:",
        "if False:",
        OFFERED,
        "a device that waits for the night is waited for",
    ),
    Fault(
        "lab/updating/offered.py",
        "if one.kind == FULL or one.base in bases",
        "if one.base in bases or one.kind",
        OFFERED,
        "a delta counts as the update's size for who cannot take it",
    ),
    Fault(
        "formats/verity_tree.py",
        "digest[8] & 0x3F | 0x80",
        "digest[8]",
        TREE,
        "device and build write different superblocks",
    ),
)
