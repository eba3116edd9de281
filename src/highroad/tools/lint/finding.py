"""One thing that lint has to say."""

from dataclasses import dataclass

from highroad.tools.lint.codes import LintCode, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a tool, and what to do about it."""

    code: LintCode
    severity: Severity
    tool: str
    """Its name; empty where the finding is of the set of tools."""
    pointer: str
    """The argument, as a JSON pointer in which `*` is every item; empty for the whole tool."""
    message: str
    """What is the matter, in a sentence."""
    fix: str
    """What to do, in a sentence."""


def found(code: LintCode, tool: str, message: str, fix: str, *, pointer: str = "") -> Finding:
    """A finding, as heavy as its code says."""
    return Finding(
        code=code,
        severity=code.severity,
        tool=tool,
        pointer=pointer,
        message=message,
        fix=fix,
    )
