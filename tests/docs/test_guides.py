"""A guide of docs/guides is followed as a new user would follow it, from an empty folder.

What stands behind the language of a fenced block says what the reader does with it:

- a name (```` ```python agent.py ````): they write that file; one of `examples/guides` that the
  page has a link to, they take;
- `sh`: they type it into their terminal, and `sh second terminal` into another one;
- `text`: it is printed where they typed last, or with `text first terminal` in that one, while the
  program may still be running. Ids, digests, times and durations are others each time, but an id
  that the page shows twice is the same twice, and one that the reader types is theirs. A line
  `...` stands for any lines.

A page is followed in the environment of its host, offline. `pip install` is not run: what it names
has to be in that environment's lock. Highroad itself comes from a clone beside that folder.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import tomllib
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = "first terminal", "second terminal"
EXAMPLE = re.compile(r"\]\((?:\.\./)+(examples/guides/[^)#]+\.\w+)\)")
EXITS = re.compile(r"# exits (\d)")
IDS = r"(?:call|run|apr|usr|req|letter|lease)_[0-9a-z]{8,}"
CHANGING = re.compile(
    rf"(?P<id>{IDS})"
    r"|(?P<digest>\b[0-9a-f]{12,64}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<took>\b\d+(?:\.\d+)? ?(?:µs|ms|s)\b)"
)
OFFLINE = """\
import socket


def _refuse(self, address, *rest):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
        raise ConnectionRefusedError(f"a guide runs offline, and reached for {address[0]}")
    return _connect(self, address, *rest)


LOOPBACK = ("127.0.0.1", "::1", "localhost")
_connect, socket.socket.connect = socket.socket.connect, _refuse
"""


class LieError(AssertionError):
    """A page says what is not so."""


class Terminal:
    """Where the reader types; what is printed there goes to a file as it comes."""

    def __init__(self, folder, printed, variables, patience_s):
        self._folder = folder
        self._printed = printed
        self._variables = variables
        self._patience_s = patience_s
        self._running = None
        self._told = 0
        self._exits = 0
        self._is_shown = False
        """Whether the page shows what the last lines print."""
        printed.touch()

    def type(self, lines, *, where):
        """Run lines of a block, once those before them are through."""
        self.finish(where)
        self.take()
        self._is_shown = False
        with self._printed.open("ab") as printed:
            self._running = subprocess.Popen(
                ["sh", "-e", "-c", lines],
                cwd=self._folder,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        told = EXITS.search(lines.splitlines()[-1])
        self._exits = int(told[1]) if told else 0

    def read(self):
        """What was printed since the last text of the page."""
        return self._printed.read_text("utf-8")[self._told :]

    def rest(self):
        """Let what runs go on for a moment; gives whether it runs still."""
        if self._running is None:
            return False
        with suppress(subprocess.TimeoutExpired):
            self._running.wait(0.02)
        return self._running.poll() is None

    def take(self):
        """The reader has read so far."""
        self._told = len(self._printed.read_text("utf-8"))
        self._is_shown = True

    def finish(self, where):
        """Wait until what runs has ended, as the page says it does."""
        if self._running is None:
            return
        try:
            code = self._running.wait(self._patience_s)
        except subprocess.TimeoutExpired:
            self.leave()
            raise LieError(f"{where}: it does not end; so far:\n{self.read()}") from None
        self._running = None
        if code != self._exits:
            raise LieError(f"{where}: exits {code}, not {self._exits}:\n{self.read()}")
        if self._is_shown and self.read().strip():
            raise LieError(f"{where}: more was printed than the page shows:\n{self.read()}")

    def leave(self):
        """Close the terminal, and end what still runs in it."""
        if self._running is not None and self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()


class Reader:
    """Follows a page from top to bottom."""

    def __init__(self, page, folder, environment, *, patience_s=30):
        self._page = page
        self._folder = folder
        self._environment = environment
        self._patience_s = patience_s
        self._typed_in = None
        """The terminal that was typed into last."""
        self._theirs = {}
        """The reader's own ids, by those that the page shows."""
        variables = self._variables()
        self._terminals = {
            name: Terminal(folder / "work", folder / f"{name}.txt", variables, patience_s)
            for name in (FIRST, SECOND)
        }

    def follow(self):
        """Do all that the page says.

        Raises:
            LieError: Something does not come as it says.
        """
        try:
            for link in EXAMPLE.findall(self._page.text):
                shutil.copy(ROOT / link, self._folder / "work")
            for block in self._page.blocks:
                self._do(block)
            for terminal in self._terminals.values():
                terminal.finish(f"{self._page.name}, at its end")
        finally:
            for terminal in self._terminals.values():
                terminal.leave()

    def _variables(self):
        """A new user's: nothing of ours, no keys, and nothing outside this machine."""
        for name in ("work", "home", "offline"):
            (self._folder / name).mkdir()
        (self._folder / "offline" / "sitecustomize.py").write_text(OFFLINE, "utf-8")
        return {
            "PATH": f"{self._environment.programs}:/usr/bin:/bin",
            "HOME": str(self._folder / "home"),
            "TMPDIR": str(self._folder),
            "LANG": "C.UTF-8",
            "USER": os.environ.get("USER", "reader"),
            "LOGNAME": os.environ.get("LOGNAME", "reader"),
            "COLUMNS": "100",
            "PYTHONPATH": str(self._folder / "offline"),
            "PYTHONUNBUFFERED": "1",
        }

    def _do(self, block):
        where = f"{self._page.name}:{block.line}"
        if block.language == "sh":
            self._type(block, where)
        elif block.language == "text":
            self._compare(block, where)
        elif block.info:
            self._write(block, where)

    def _write(self, block, where):
        path = self._folder / "work" / block.info
        if not path.resolve().is_relative_to((self._folder / "work").resolve()):
            raise LieError(f"{where}: {block.info!r} is neither a file here nor a terminal")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    def _type(self, block, where):
        lines = []
        for line in block.text.splitlines():
            if re.match(r"(python -m )?pip install ", line):
                self._look_up(line, where)
            else:
                lines.append(CHANGING.sub(lambda shown: self._theirs.get(shown[0], shown[0]), line))
        if lines:
            self._typed_in = self._terminals[block.info or FIRST]
            self._typed_in.type("\n".join(lines), where=where)

    def _look_up(self, line, where):
        """What `pip install` would bring is what the environment has."""
        words = shlex.split(line, comments=True)
        for word in words[words.index("install") + 1 :]:
            wanted = Requirement(word.removeprefix("../"))
            if (wanted.name == "highroad") != word.startswith("../"):
                raise LieError(f"{where}: highroad is not on an index, and all else is: {word}")
            extras = extras_of(ROOT / "pyproject.toml") if wanted.name == "highroad" else {""}
            if wanted.name != "highroad" and not self._is_locked(wanted.name):
                raise LieError(f"{where}: {wanted.name} is not in {self._environment.locked.name}")
            if not wanted.extras <= extras:
                raise LieError(f"{where}: {word} names an extra that there is not")

    def _is_locked(self, name):
        return re.search(
            rf"^{re.escape(name)}==", self._environment.locked.read_text("utf-8"), re.MULTILINE
        )

    def _compare(self, block, where):
        """Wait until the terminal has printed what the page shows."""
        terminal = self._terminals[block.info] if block.info else self._typed_in
        if terminal is None:
            raise LieError(f"{where}: nothing was typed that could print this")
        until = time.monotonic() + self._patience_s
        is_over = False
        while not is_over:
            is_over = not terminal.rest() or time.monotonic() > until
            printed = terminal.read()
            theirs = agreed(block.text, printed, self._theirs)
            if theirs is not None:
                self._theirs = theirs
                terminal.take()
                return
        raise LieError(f"{where}: the page shows\n{block.text}\nand there was\n{printed}")


def extras_of(project):
    return set(tomllib.loads(project.read_text("utf-8"))["project"]["optional-dependencies"])


def agreed(shown, printed, theirs):
    """The reader's own ids for those of the page, if what it shows was printed; else `None`."""
    names = {}
    pattern = "".join(line_of(line, names) for line in shown.splitlines())
    found = re.fullmatch(pattern, f"{printed.rstrip()}\n" if printed.strip() else "")
    if found is None:
        return None
    known = dict(theirs)
    for group, shown_id in names.items():
        if not group.startswith("id"):
            continue
        if known.setdefault(shown_id, found[group]) != found[group]:
            return None
    return known if len({*known.values()}) == len(known) else None


def line_of(line, names):
    """One line of a page as a pattern; columns may be wider where their contents are."""
    if line.strip() == "...":
        return r"(?:[^\n]*\n)*?"
    pattern, end = "", 0
    for each in CHANGING.finditer(line):
        kind = each.lastgroup
        group = f"{kind}_{len(names)}"
        names[group] = each[0]
        pattern += literally(line[end : each.start()])
        pattern += f"(?P<{group}>{SHAPES[kind]})"
        end = each.end()
    return pattern + literally(line[end:].rstrip()) + r" *\n"


SHAPES = {
    "id": IDS,
    "digest": r"[0-9a-f]{12,64}",
    "time": r"\d{4}-\d\d-\d\d[ T][0-9:.Z+-]+",
    "took": r"\d+(?:\.\d+)? ?(?:µs|ms|s)",
}


def literally(text):
    return re.sub(r"(?:\\ ){2,}", r" +", re.escape(text))


# -- the guides ---------------------------------------------------------------------------------


def pytest_generate_tests(metafunc):
    if "guide" in metafunc.fixturenames:
        names = sorted(path.stem for path in (ROOT / "docs" / "guides").glob("*.md"))
        metafunc.parametrize("guide", names)


def test_a_guide_does_what_it_says(guide, page_of, host, tmp_path):
    Reader(page_of(f"docs/guides/{guide}.md"), tmp_path, host(guide)).follow()


# -- the reader itself --------------------------------------------------------------------------

WAITS = """
The agent waits:

```python agent.py
from pathlib import Path
from time import sleep

print("waits for apr_00000000aa since 2026-11-22 18:04:07Z", flush=True)
while not Path("apr_00000000aa").exists():
    sleep(0.01)
print("goes on   after 12 ms")
```

```sh
pip install "../highroad[langgraph]"
python agent.py
```

```text
waits for apr_zzzzzzzz01 since 2026-01-01 10:00:00Z
```

```sh second terminal
touch apr_zzzzzzzz01
ls
true  # prints nothing
```

```text
...
apr_zzzzzzzz01
```

```text first terminal
goes on      after 1.5 s
```

```sh
false  # exits 1
```
"""


@pytest.fixture
def follow(blocks_of, tmp_path, host):
    """Follows a page that is handed in."""

    def follow(text, **options):
        page = SimpleNamespace(name="page", text=text, blocks=blocks_of(text))
        Reader(page, tmp_path, host("langgraph"), **options).follow()

    return follow


def test_a_page_that_tells_the_truth_is_followed_in_two_terminals(follow):
    follow(WAITS)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("waits for apr_zzzzzzzz01 since", "waited for apr_zzzzzzzz01 since"),
        ("since 2026-01-01 10:00:00Z", "since yesterday"),
        ("...\napr_zzzzzzzz01", "apr_zzzzzzzz01"),
        ("...\napr_zzzzzzzz01", "...\napr_zzzzzzzz02"),
        ("goes on      after 1.5 s", "goes on      after 1.5 s\nand on"),
        ("true  # prints nothing\n", "echo more\n"),
        ("highroad[langgraph]", "highroad[longgraph]"),
        ("highroad[langgraph]", "nothing-like-it"),
        ("# exits 1", ""),
        ("python agent.py\n", "python agents.py\n"),
        ("ls\n", "ls; false\n"),
    ],
)
def test_a_page_that_lies_is_caught(true, lie, follow):
    assert true in WAITS
    with pytest.raises(LieError):
        follow(WAITS.replace(true, lie, 1), patience_s=0.5)


def test_a_guide_that_reaches_out_is_caught(follow):
    with pytest.raises(LieError, match="runs offline"):
        follow(
            "```sh\npython -c \"import socket; socket.create_connection(('192.0.2.1', 80))\"\n```"
        )
