"""What is told of many tools: in order, as much as was asked for, and scored all the same."""

import pytest

from highroad.tools.lint.codes import LintCode, Severity
from highroad.tools.lint.report import lint

BAD = {"name": "get", "parameters": {"type": "object", "required": ["x"]}}


@pytest.fixture
def report(subjects):
    return lint(subjects({**BAD, "name": "send_mail"}, BAD))


def test_findings_come_by_tool_the_heaviest_first(report):
    tools = [each.tool for each in report.findings]
    assert tools == sorted(tools, key=["", "send_mail", "get"].index)
    for tool in ("send_mail", "get"):
        weights = [each.severity.weight for each in report.findings if each.tool == tool]
        assert weights == sorted(weights, reverse=True)


def test_a_code_or_a_whole_group_can_be_left_out_or_told_alone(report):
    only = report.only(["schema", LintCode.NAME_VAGUE])
    without = report.only([], ["schema"])

    assert {each.code.group for each in only.findings} == {"schema", "name"}
    assert "schema" not in {each.code.group for each in without.findings}
    assert report.only(["schema"], ["schema"]).findings == ()


def test_leaving_a_code_out_gives_no_point_back(report):
    assert report.only([], [code.group for code in LintCode]).scores == report.scores


def test_a_report_knows_its_heaviest_finding(report):
    assert report.has(Severity.ERROR)
    advice = report.only([LintCode.SCHEMA_OPEN])
    assert advice.has(Severity.ADVICE)
    assert not advice.has(Severity.WARNING)
