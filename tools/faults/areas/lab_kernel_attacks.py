"""What attackers make of a maker's FIT, and their programs: an attack that falls short proves nothing."""

from fault import Fault

TREE = "tests/lab/means/test_fit_tree.py"
FAULTS = (
    Fault(
        "formats/fit_regions.py",
        "levels > 0 or counts",
        "levels > 0",
        TREE,
        "a signature that U-Boot refuses is said to hold: the end of a node behind what is listed is left out",
    ),
    Fault(
        "lab/attack/fit_hashed_nodes.py",
        "children=(fit_tree.without_content(signed), BEHIND))",
        "children=(fit_tree.without_content(signed),))",
        TREE,
        "an attack on a list that no boot loader fell for",
    ),
    Fault(
        "formats/fdt_writer.py",
        "self.block = bytearray(before)",
        "self.block = bytearray()",
        TREE,
        "a FIT that is refused for how it was written again",
    ),
    Fault(
        "lab/means/fit_tree.py",
        'with_properties(one, value=checksum(one.text("algo") or "", content)) if',
        "one if",
        TREE,
        "a checksum that was not mended stops what a signature should",
    ),
    Fault(
        "lab/means/fit_tree.py",
        "cut = self.changed(lambda images: _with_children(images, booted), IMAGES)",
        "cut = self.changed(lambda images: _with_children(images, {*booted} - {'initramfs'}), IMAGES)",
        TREE,
        "what is left of a FIT lacks what it boots",
    ),
    Fault(
        "lab/means/fit_tree.py",
        "**{SKIPPED_HASH: (1)",
        "**{SKIPPED_HASH: (0)",
        TREE,
        "a checksum that is looked at all the same",
    ),
    Fault(
        "lab/attack/fit_hashed_nodes.py",
        "behind + path.removeprefix(before)",
        "path",
        TREE,
        "an attack that no boot loader ever fell for: the list is the maker's still",
    ),
    Fault(
        "lab/attack/fit_mix_and_match.py",
        "children=signed)",
        "children=tree.configuration.children)",
        TREE,
        "a configuration that keeps its own signature is no borrower",
    ),
    Fault(
        "lab/attack/fit_two_of_a_name.py",
        "pair = (fit_tree.with_content(signed, content), fit_tree.without_content(signed))",
        "pair = (signed, fit_tree.with_content(signed, content))",
        TREE,
        "the attacker's image comes second, and nobody boots it",
    ),
    Fault(
        "lab/attack/fit_extra_loadable.py",
        "loadables=strings(HIS)",
        "load_only=strings(HIS)",
        TREE,
        "one image more that nothing loads",
    ),
    Fault(
        "lab/attack/fit_foreign_key.py",
        "    private = generate(Algorithm(scheme))\n",
        "    private = generate(Algorithm.RSA4096)\n",
        TREE,
        "a key whose signature does not fit its place",
    ),
    Fault(
        "lab/attack/fit_byte_flip.py",
        "found = places[-1]",
        "found = places[0]",
        "tests/lab/attack/test_fit_byte_flip.py",
        "a byte that the kernel never shows",
    ),
    Fault(
        "lab/means/fit.py",
        "sectors = -(-size // twin.SECTOR)",
        "sectors = size // twin.SECTOR",
        "tests/lab/means/test_fit.py",
        "the twin does not read the last sector of what lies there",
    ),
    Fault(
        "lab/means/bare_program.py",
        "0x93C1F021,",
        "0x93C1E021,",
        "tests/lab/means/test_bare_program.py",
        "a program that prints something else than the product",
    ),
    Fault(
        "lab/means/loader_memory.py",
        "BRANCH | (len(words) - number) & OFFSET",
        "BRANCH | len(words) & OFFSET",
        "tests/lab/means/test_loader_memory.py",
        "returns that lead beside the program",
    ),
    Fault(
        "lab/means/loader_memory.py",
        "int(end - size) & -PAGE",
        "int(end - size)",
        "tests/lab/means/test_loader_memory.py",
        "a boot loader that lies a few bytes beside its copy",
    ),
)
