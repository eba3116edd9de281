"""Try the attacks in tests/data/attacks on the semantic types, and ordinary values too; print it.

Fails unless every attack is refused and every ordinary value passes.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from highroad.tools.semantic import (
    Email,
    Html,
    Iban,
    JsonBlob,
    Phone,
    Program,
    PublicUrl,
    ReadOnlySql,
    SafePath,
    Semantic,
    ShellCommand,
    ShellWord,
    SqlWrite,
)

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


DOCS = SafePath("/srv/docs")
LOG = Program(
    "log",
    flags={"--oneline", "--stat"},
    options={"-n": ShellWord(pattern="[0-9]{1,3}"), "--author": ShellWord()},
    operands=ShellWord(slashes=True),
    most_operands=2,
)
PROGRAMS = (
    Program("cat", operands=DOCS, most_operands=3),
    Program(
        "find",
        options={"-name": ShellWord(), "-type": ShellWord(pattern="[fd]")},
        operands=DOCS,
    ),
    Program("git", subcommands=[Program("status", flags={"--short", "--branch"}), LOG]),
    Program("grep", flags={"-i", "-n", "-F"}, operands=ShellWord(slashes=True), most_operands=3),
    Program("head", options={"-n": ShellWord(pattern="[0-9]{1,4}")}, operands=DOCS),
    Program("ls", flags={"-l", "-la"}, operands=DOCS, most_operands=2),
    Program(
        "sort", flags={"-n", "-r", "-u"}, options={"-k": ShellWord(pattern="[1-9]")}, operands=DOCS
    ),
    Program("tar", flags={"-t"}, options={"-f": ShellWord(pattern="[^:]+")}),
    Program("wc", flags={"-l", "-w"}, operands=DOCS),
)

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
    Suite("Iban", Iban, "ibans.txt", "ordinary_ibans.txt"),
    Suite(
        "Iban(countries=…)",
        lambda: Iban(countries=["DE", "FR"]),
        "iban_countries.txt",
        "ordinary_iban_countries.txt",
    ),
    Suite("Phone", Phone, "phones.txt", "ordinary_phones.txt"),
    Suite(
        "Phone(countries=…)",
        lambda: Phone(countries=["+49", "+41", "+1212"]),
        "phone_countries.txt",
        "ordinary_phone_countries.txt",
    ),
    Suite("Html", Html, "html_injection.txt", "ordinary_html.txt"),
    Suite(
        "JsonBlob",
        lambda: JsonBlob(max_bytes=2_000, max_depth=8),
        "json_blobs.txt",
        "ordinary_json.txt",
    ),
    Suite(
        "ReadOnlySql sqlite",
        lambda: ReadOnlySql("sqlite"),
        "sql_sqlite.txt",
        "ordinary_sql_sqlite.txt",
    ),
    Suite(
        "ReadOnlySql postgres",
        lambda: ReadOnlySql("postgres"),
        "sql_postgres.txt",
        "ordinary_sql_postgres.txt",
    ),
    Suite(
        "ReadOnlySql mysql",
        lambda: ReadOnlySql("mysql"),
        "sql_mysql.txt",
        "ordinary_sql_mysql.txt",
    ),
    Suite(
        "ReadOnlySql duckdb",
        lambda: ReadOnlySql("duckdb"),
        "sql_duckdb.txt",
        "ordinary_sql_duckdb.txt",
    ),
    Suite(
        "SqlWrite",
        lambda: SqlWrite("sqlite", tables={"orders": ["note", "state", "total"]}),
        "sql_write.txt",
        "ordinary_sql_write.txt",
    ),
    Suite("ShellWord", ShellWord, "shell_words.txt", "ordinary_shell_words.txt"),
    Suite(
        "ShellCommand",
        lambda: ShellCommand(allow=PROGRAMS),
        "shell_commands.txt",
        "ordinary_shell_commands.txt",
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
