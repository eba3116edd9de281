"""The test file that docs/testing.md tells is one, and passes."""

import subprocess
import sys
from pathlib import Path


def test_the_tests_of_the_page_pass_where_highroad_is_installed(page_of):
    page = page_of("docs/testing.md")
    code = "\n\n".join(block.text for block in page.blocks if block.language == "python")
    Path("test_page.py").write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
    assert "test_page.py" not in done.stdout, "a warning or an error names the file"
