"""The locked U-Boot: what is mended in its source."""

from fault import Fault

TESTS = "tests/build/uboot/test_patches.py"
RECIPE = "tests/build/uboot/test_recipe.py"

FAULTS = (
    Fault(
        "build/uboot/patches.py",
        '"--fuzz=0"',
        '"--fuzz=3"',
        TESTS,
        "a patch goes into a source that it was not made for, near where it belongs",
    ),
    Fault(
        "build/uboot/patches.py",
        "    shutil.copytree(source, into, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))\n",
        "    into.symlink_to(source)\n",
        TESTS,
        "the source in the cache is changed, and the next build cannot patch it",
    ),
    Fault(
        "build/uboot/recipe.py",
        "    parts += patches().values()\n",
        "",
        RECIPE,
        "a boot loader without the newest patch is taken from the cache",
    ),
    Fault(
        "build/uboot/recipe.py",
        "    patched(found.folder, source)\n",
        "    shutil.copytree(found.folder, source, symlinks=True)\n",
        f"{RECIPE} -k patched",
        "a boot loader is built without what was mended",
    ),
)
