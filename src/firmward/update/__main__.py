"""`python3 -m firmward.update`."""

import sys

from firmward.update.main import main

sys.exit(main())
