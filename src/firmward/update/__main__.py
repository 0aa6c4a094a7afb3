"""`python3 -m firmward.update`."""

import sys

from firmward.update.main import main

if __name__ == "__main__":
    sys.exit(main())
