"""What hosts are driven with is beside the tests: hosts run it in environments of their own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
