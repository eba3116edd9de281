"""Try the attacks in tests/data/attacks on the semantic types, and ordinary values too; print it.

Fails unless every attack is refused and every ordinary value passes.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from highroad.tools.semantic import Email, Html, JsonBlob, PublicUrl, SafePath, Semantic

ATTACKS = Path(__file__).resolve().parent.parent / "tests" / "data" / "attacks"


@dataclass(frozen=True, slots=True)
class Suite:
    """A type, set up so that each attack is refused for what it is, and what is tried on it."""

    name: str
    make: Callable[[], Semantic]
    attacks: str
    ordinary: str

    def passed(self) -> tuple[int, list[str]]:
        """How many attacks were tried, and those that passed."""
        return self._tried(self.attacks, is_refused=False)

    def refused(self) -> tuple[int, list[str]]:
        """How many ordinary values were tried, and those that were refused."""
        return self._tried(self.ordinary, is_refused=True)

    def _tried(self, file: str, *, is_refused: bool) -> tuple[int, list[str]]:
        kind = self.make()
        tried = list(entries(file))
        wrong = [text for text in tried if (kind.objection(text) is not None) is is_refused]
        return len(tried), wrong


SUITES = (
    Suite("SafePath", lambda: SafePath("/srv/docs"), "path_traversal.txt", "ordinary_paths.txt"),
    Suite(
        "PublicUrl",
        lambda: PublicUrl(schemes={"http", "https"}, ports=range(1, 65_536)),
        "ssrf_urls.txt",
        "ordinary_urls.txt",
    ),
    Suite(
        "PublicUrl(allow=…)",
        lambda: PublicUrl(allow=["example.com", "*.example.org"]),
        "ssrf_allow_list.txt",
        "ordinary_allow_list.txt",
    ),
    Suite("Email", Email, "email_smuggling.txt", "ordinary_emails.txt"),
    Suite(
        "Email(domains=…)",
        lambda: Email(domains=["example.com", "example.org"]),
        "email_domains.txt",
        "ordinary_email_domains.txt",
    ),
    Suite("Html", Html, "html_injection.txt", "ordinary_html.txt"),
    Suite(
        "JsonBlob",
        lambda: JsonBlob(max_bytes=2_000, max_depth=8),
        "json_blobs.txt",
        "ordinary_json.txt",
    ),
)


def entries(file: str) -> Iterator[str]:
    """The entries of a corpus; each says at its top how they are written."""
    for line in (ATTACKS / file).read_text("utf-8").split("\n"):
        if line.startswith('"'):
            yield json.loads(line)
        elif line and not line.startswith("#"):
            yield line


def main() -> int:
    """Print a row for each suite, and whatever went wrong."""
    print(f"{'type':20} {'attacks':>8} {'passed':>7} {'ordinary':>9} {'refused':>8}")
    wrong: list[str] = []
    for suite in SUITES:
        attacks, passed = suite.passed()
        ordinary, refused = suite.refused()
        print(f"{suite.name:20} {attacks:8} {len(passed):7} {ordinary:9} {len(refused):8}")
        wrong += [f"{suite.name} lets pass: {json.dumps(text)}" for text in passed]
        wrong += [f"{suite.name} refuses: {json.dumps(text)}" for text in refused]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
