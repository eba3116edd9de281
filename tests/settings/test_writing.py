"""What `highroad tools review` writes into settings, and all that it leaves alone."""

import tempfile
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.error import SettingsError
from highroad.settings.writing import with_contracts, write_contracts

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
SAID = {"git_log": {"source": "stdio:git", "tier": "read"}}

ORDINARY = """\
# Ours.
tools = ["shop.tools"]   # the shop

[contracts.refund]  # by law
tier = "privileged" # never less
flows = [
  "a.b -> refund: ask", # why
]

[policy]
allow = ["get_*"]

[contracts.refund.arguments.cents]
integrity = "user"
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing here\n",
        'profile = "dev"',
        ORDINARY,
        '[contracts]\n\n[contracts.a]\ntier = "read"\n\n[policy]\nallow = []\n',
        '[contracts.git_log.arguments.path]\nrole = "control"\n',
        '[contracts]\ngit_log = { tier = "privileged" } # short\n',
        'contracts.git_log.tier = "privileged"\n[policy]\nallow = []\n',
        '[[principals]]\nid = "a"\n\n[[principals]]\nid = "b"\n',
        '[contracts."git_log"]\r\ntier = "privileged"\r\n# end\r\n',
        '\N{ZERO WIDTH NO-BREAK SPACE}[policy]\nallow = ["x"]\n',
    ],
)
def test_what_is_written_stands_there_and_all_else_stays(text):
    after = with_contracts(text, SAID)
    known = tomllib.loads(text.removeprefix(BOM))
    found = tomllib.loads(after.removeprefix(BOM))
    said = found["contracts"]["git_log"]
    assert {key: said[key] for key in ("source", "tier")} == SAID["git_log"]
    assert {**known, "contracts": 0} == {**found, "contracts": 0}
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert all(each in after for each in comments)
    assert with_contracts(after, SAID) == after
    assert after.startswith(BOM) == text.startswith(BOM)
    assert after.count("\r\n") in ({after.count("\n")} if "\r\n" in text else {0})


def test_where_nothing_is_said_nothing_is_written():
    mixed = "profile = 'dev'\r\n# ours\n"
    assert with_contracts(mixed, {}) == mixed


def test_a_table_that_is_new_is_written_as_a_person_would():
    arguments = {"git_log": {"arguments": {"path": {"role": "content"}}}}
    assert with_contracts("", SAID) == (
        '[contracts.git_log]\nsource = "stdio:git"\ntier = "read"\n'
    )
    assert with_contracts("", arguments) == (
        '[contracts.git_log.arguments.path]\nrole = "content"\n'
    )


def test_lines_that_were_there_are_there_still_and_in_order():
    lines = with_contracts(ORDINARY, SAID).splitlines()
    at = [lines.index(line) for line in ORDINARY.splitlines() if line]
    assert at == sorted(at)


names = st.text(min_size=1, max_size=8)


@given(tool=names, value=names, others=st.dictionaries(names, names, max_size=3))
def test_any_name_and_any_text_comes_back_as_it_was(tool, value, others):
    text = with_contracts("", {name: {"source": each} for name, each in others.items()})
    after = tomllib.loads(with_contracts(text, {tool: {"source": value}}))["contracts"]
    assert after == {
        **{name: {"source": each} for name, each in others.items()},
        tool: {"source": value},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORDINARY,
        '[contracts.git_log]\ntier = "read" # ours\n\n[policy]\nallow = []\n',
        "[contracts.git_log.arguments.old]\nrole = 'control'\n[contracts.git_log.labels.a]\n",
        '[contracts]\ngit_log = { tier = "read", arguments = { old = { role = "control" } } }\n',
        '# ours\n[contracts.git_log]\narguments.old.role = "control"\n\n[policy]\nallow = []\n',
        '[contracts]\ngit_log.arguments.old.role = "control"\ngit_log.labels.a = {}\n',
        'contracts.git_log.arguments.old.role = "control"\nprofile = "dev" # here\n',
        '[contracts.git_log.arguments]\nold.role = "control"\nold.integrity = "user"\n',
    ],
)
def test_tables_in_a_table_are_written_and_what_is_gone_is_taken_out(text):
    said = {"git_log": {"tier": "read", "arguments": {"path": {"role": "content"}, "old": None}}}
    after = with_contracts(text, said)
    table = tomllib.loads(after)["contracts"]["git_log"]
    assert table["arguments"] == {"path": {"role": "content"}}
    before = tomllib.loads(text).get("contracts", {}).get("git_log", {})
    assert table.get("labels") == before.get("labels")
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert all(each in after for each in comments)
    assert with_contracts(after, said) == after


def test_what_stands_in_dotted_keys_stays_and_other_tools_get_tables_with_headers():
    dotted = '[contracts.git_log]\narguments.old.role = "control" # ours\n'
    arguments = {"arguments": {"path": {"role": "content"}}}
    after = with_contracts(dotted, {"git_log": arguments, "git_show": arguments})
    assert after.startswith(dotted)
    assert "\n[contracts.git_show.arguments.path]\n" in after
    assert tomllib.loads(after)["contracts"] == {
        "git_log": {"arguments": {"old": {"role": "control"}, "path": {"role": "content"}}},
        "git_show": arguments,
    }


def test_a_file_that_is_not_there_is_made(tmp_path):
    write_contracts(tmp_path / "highroad.toml", SAID)
    assert (tmp_path / "highroad.toml").stat().st_mode & 0o777 == 0o644
    assert tomllib.loads((tmp_path / "highroad.toml").read_text("utf-8"))["contracts"] == SAID


def test_a_link_stays_one_and_the_mode_of_the_file_too(tmp_path, monkeypatch):
    # Elsewhere may be another file system, from which nothing is moved in one step.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    real, link = tmp_path / "real.toml", tmp_path / "highroad.toml"
    real.write_text("# ours\n")
    real.chmod(0o640)
    link.symlink_to(real)
    write_contracts(link, SAID)
    assert link.is_symlink()
    assert real.read_text("utf-8").startswith("# ours\n")
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["highroad.toml", "real.toml"]


@pytest.mark.parametrize(
    "text", ["contracts = 3\n", "contracts = [\n", "[contracts]\ngit_log = 3\n"]
)
def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, text):
    file = tmp_path / "highroad.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"highroad\.toml: it"):
        write_contracts(file, SAID)
    assert file.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [(b"\xff", SAID), (b"# ours\n", {"git_log": {"source": "\ud800"}})],
    ids=["what is read", "what is written"],
)
def test_what_is_no_text_is_refused_and_leaves_the_file_alone(tmp_path, bytes_, said):
    file = tmp_path / "highroad.toml"
    file.write_bytes(bytes_)
    with pytest.raises(SettingsError, match=r"highroad\.toml: it"):
        write_contracts(file, said)
    assert file.read_bytes() == bytes_
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path):
    (tmp_path / "highroad.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_contracts(tmp_path / "highroad.toml", SAID)
