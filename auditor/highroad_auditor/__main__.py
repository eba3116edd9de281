"""`python -m highroad_auditor`."""

import sys

from highroad_auditor.command import main

if __name__ == "__main__":
    sys.exit(main())
