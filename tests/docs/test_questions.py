"""Each question of docs/ledger.md has the same answer in Python, on the command line and in SQL."""

import ast
import inspect
import json
import re
import sqlite3
import sys
from contextlib import closing
from types import ModuleType

import anyio
import pytest
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.cli.output import to_json
from highroad.ledger.inquiry.answers import SpendingBy
from highroad.sync import Runtime

SECTION = re.compile(r"^(?=##+ )", re.MULTILINE)
SQL = re.compile(r"```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def sql_of(page_of):
    """The query under a heading."""
    parts = {
        part.partition("\n")[0].strip("# "): part
        for part in SECTION.split(page_of("docs/ledger.md").text)
    }
    return lambda heading: SQL.search(parts[heading])[1]


@pytest.fixture
def written(page_of, monkeypatch, capsys):
    """The ledger that the page writes, in the folder of the test."""
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.setattr(sys, "path", [*sys.path])

    async def run():
        for block in page_of("docs/ledger.md").blocks:
            if block.language == "toml":
                await anyio.Path("highroad.toml").write_text(block.text, "utf-8")
            if block.language == "python":
                code = compile(block.text, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                running = eval(code, vars(module))  # noqa: S307 - our own page
                if inspect.isawaitable(running):
                    await running

    anyio.run(run)
    capsys.readouterr()


def in_sql(query):
    with closing(sqlite3.connect(".highroad/ledger.db")) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute(query)]


def in_a_command(*words, group="audit"):
    done = CliRunner().invoke(app, [group, *words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def in_python(ask):
    with Runtime.open() as runtime:
        return json.loads(to_json(ask(runtime.audit)))


def like(answers, rows):
    """Answers cut to the columns of SQL, and told as SQL tells them."""
    return [
        {
            name: int(answer[name]) if isinstance(answer[name], bool) else answer[name]
            for name in rows[0]
        }
        for answer in answers
    ]


@pytest.mark.parametrize(
    ("heading", "words", "ask"),
    [
        ("What a user did", ["acts", "--user", "alice"], lambda a: a.acts(user="alice")),
        ("What an approver did", ["acts", "--approver", "bob"], lambda a: a.acts(approver="bob")),
        ("What a tool did", ["acts", "--tool", "refund"], lambda a: a.acts(tool="refund")),
        ("What was denied, by rule", ["denials"], lambda a: a.denials()),
        ("What nobody knows", ["unknowns"], lambda a: a.unknowns()),
        ("What it cost", ["costs"], lambda a: a.costs(by=SpendingBy.TOOL)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_question_has_one_answer(written, sql_of, heading, words, ask):
    rows = in_sql(sql_of(heading))
    assert rows
    assert like(in_python(ask), rows) == rows
    assert like(in_a_command(*words), rows) == rows


def test_the_trail_of_a_run_has_one_answer(written, sql_of):
    rows = in_sql(sql_of("The trail of a run"))
    (run_id,) = in_sql("SELECT run_id FROM tool_call WHERE tool = 'refund' LIMIT 1")[0].values()
    assert len(rows) == 3
    assert like(in_python(lambda audit: audit.trail(run_id))["steps"], rows) == rows
    assert like(in_a_command("trail", run_id)["steps"], rows) == rows


def test_what_agents_did_has_one_answer(written, sql_of):
    rows = in_sql(sql_of("What agents did"))
    assert [(row["agent"], row["steps"]) for row in rows] == [("clerk", 1)]
    assert like(in_python(lambda audit: audit.runs()), rows) == rows
    assert like(in_a_command("agents", group="runs"), rows) == rows
    shown = in_a_command("show", rows[0]["id"], group="runs")
    assert shown == in_python(lambda audit: audit.trail(rows[0]["id"]))
    assert (shown["agent"], len(shown["requests"])) == ("clerk", 1)


def test_a_policy_version_has_one_answer(written, sql_of):
    rows = in_sql(sql_of("What a policy version did"))
    version = rows[0]["word"]
    assert len(rows) > 5
    assert like(in_python(lambda audit: audit.acts(policy=version)), rows) == rows
    assert like(in_a_command("acts", "--policy", version), rows) == rows


def test_what_an_approver_saw_has_one_answer(written, sql_of):
    (row,) = in_sql(sql_of("What an approver saw"))
    found = in_python(lambda audit: audit.sight(row["id"]))
    assert found == in_a_command("sight", row["id"])
    assert found["definition"] == json.loads(row["definition"])
    assert found["definition_digest"] == row["definition_digest"]
    assert found["approval"]["digest"] == found["words"][0]["saw"] == row["digest"]
    seen = [list(each.values()) for each in found["approval"]["obligations"]]
    assert seen == json.loads(row["obligations"])


def test_what_changed_between_two_versions_has_one_answer(written, sql_of):
    (row,) = in_sql(sql_of("What changed between two versions of a tool"))
    with Runtime.open() as runtime:
        (field,) = runtime.audit.changes("refund").fields
    (told,) = in_a_command("tool", "refund")["change"]["fields"]
    assert row["path"] == "$" + field.pointer.replace("/", ".")
    assert (row["before"], row["after"]) == (field.before, field.after)
    assert (told["before"], told["after"]) == (field.before, field.after)


def test_every_question_of_the_page_names_its_command(page_of):
    """In Python and on the command line, above its SQL."""
    text = page_of("docs/ledger.md").text
    _, _, rest = text.partition("\n## Questions that auditors ask\n")
    for part in SECTION.split(rest.partition("\n### Other questions\n")[0])[1:]:
        assert "runtime.audit." in part, part
        assert "highroad audit" in part or "highroad runs" in part, part
