"""The tool lists of public MCP servers get advice that their authors could follow today."""

import pytest

from highroad.tools.lint.codes import LintCode, Severity
from highroad.tools.lint.listing import read_list
from highroad.tools.lint.report import lint

SERVERS = ("everything", "fetch", "filesystem", "git", "memory", "playwright", "time")


@pytest.fixture
def told(recorded):
    """Code, tool and fix of everything that is found in a server's tools."""
    return lambda server: {
        (each.code, each.tool): each.fix for each in lint(recorded(server)).findings
    }


@pytest.mark.parametrize("server", SERVERS)
def test_a_recorded_list_is_read_whole_and_nothing_in_it_is_an_error(server, recorded):
    subjects = recorded(server)
    findings = lint(subjects).findings

    assert subjects
    assert all(each.description for each in subjects)
    assert Severity.ERROR not in {each.severity for each in findings}
    assert all(each.fix.endswith((".", '"', "…")) for each in findings)


def test_an_order_to_the_model_is_found_in_the_fetch_server(told):
    assert (LintCode.DESCRIPTION_ORDERS, "fetch") in told("fetch")


def test_a_deprecated_tool_that_is_still_offered_is_found_with_its_successor(told):
    fix = told("filesystem")[LintCode.SET_DEPRECATED, "read_file"]
    assert "`read_text_file`" in fix


@pytest.mark.parametrize(
    ("server", "names"),
    [
        ("filesystem", {"list_directory", "list_directory_with_sizes"}),
        ("memory", set()),
        ("playwright", set()),
    ],
)
def test_tools_that_read_alike_are_found_and_no_more(server, names, told):
    alike = {tool for code, tool in told(server) if code is LintCode.SET_AMBIGUOUS}
    assert alike == names


def test_arguments_without_a_word_are_found_in_the_git_server(recorded):
    findings = lint(recorded("git")).findings
    silent = {each.pointer for each in findings if each.code is LintCode.ARGUMENT_UNDESCRIBED}
    assert {"/repo_path", "/files", "/max_count"} <= silent


def test_a_bound_that_only_the_words_know_is_told_as_a_keyword(told):
    fix = told("playwright")[LintCode.ARGUMENT_STATED_BOUNDS, "browser_wait_for"]
    assert '"maximum": 30' in fix


def test_a_tool_of_four_jobs_and_too_many_tools_are_found(told):
    found = told("playwright")
    assert "`browser_tabs_close`" in found[LintCode.ARGUMENT_CHOOSES_JOB, "browser_tabs"]
    assert (LintCode.SET_TOO_MANY, "") in found


def test_a_form_that_only_the_words_know_is_told_as_a_keyword(told):
    fix = told("time")[LintCode.ARGUMENT_PATTERN, "convert_time"]
    assert "pattern" in fix
    assert "/time" in fix


@pytest.mark.parametrize(("name", "count"), [("tau_retail", 16), ("injecagent", 330)])
def test_lists_of_benchmarks_are_read_whole_and_advised(name, count, repository):
    listing = read_list((repository / "tests/data" / name / "tools.json").read_bytes())
    report = lint(listing.subjects)

    assert (len(listing.subjects), len(report.scores)) == (count, count)
    assert not listing.left_out
    assert Severity.ERROR not in {each.severity for each in report.findings}
    is_told_of_too_many = LintCode.SET_TOO_MANY in {each.code for each in report.findings}
    assert is_told_of_too_many is (count > 20)
    assert all(each.points < 9 for each in report.scores)
