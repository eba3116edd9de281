"""What is at stake, what may go wrong, and what protects whoever answers for it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from highroad.domain.tool import ArgumentRole, Tier
from highroad.tools.lint.codes import LintCode
from highroad.tools.lint.finding import Finding, found
from highroad.tools.lint.subject import Form, Subject
from highroad.tools.lint.vocabulary import MILD, is_secret
from highroad.tools.words import CHANGING, READING, verb_of, words_of

_ERRORS: Final = re.compile(
    r"\b(?:error|errors|fails?|failed|failure|refuse[sd]|reject(?:s|ed)?|raises?|throws?|exceptions?"
    r"|not found|invalid|unknown|no match(?:es)?|does not exist|doesn't exist|cannot be|must exist"
    r"|empty (?:list|result)|null if|none if|returns (?:null|none))\b",
    re.IGNORECASE,
)


def tier(subject: Subject) -> Iterator[Finding]:
    """A declared tool that does not say what is at stake."""
    if subject.said is None or subject.said.tier is not None:
        return
    guess = _guess(subject)
    yield found(
        LintCode.CONTRACT_TIER,
        subject.name,
        "It does not say what is at stake, and so counts as irreversible: a person is asked.",
        f'Say tier="{guess}" if that is true, or what is; where the code is not yours, run '
        "`highroad tools review`.",
    )


def effect(subject: Subject) -> Iterator[Finding]:
    """A declared tool with effects that does not say what may be done when nobody knows."""
    if subject.said is not None and subject.said.effect is None:
        yield found(
            LintCode.CONTRACT_EFFECT,
            subject.name,
            "It does not say what may be done when nobody knows whether it happened, and so counts "
            "as unprotected: it is never repeated.",
            'Say effect="repeatable", "idempotent", "checkable" or, if it is so, "unprotected".',
        )


def hints(subject: Subject) -> Iterator[Finding]:
    """A tool of an MCP server that does not say whether it changes anything.

    Without a hint a client has to take it for one that destroys: `readOnlyHint` is false and
    `destructiveHint` true unless told otherwise (MCP 2025-11-25, ToolAnnotations).
    """
    if subject.form is not Form.MCP or isinstance(subject.annotations.get("readOnlyHint"), bool):
        return
    reads = verb_of(subject.name) in READING
    hint = '{"readOnlyHint": true}' if reads else '{"readOnlyHint": false, "destructiveHint": …}'
    yield found(
        LintCode.CONTRACT_HINTS,
        subject.name,
        "It does not say whether it changes anything, so clients take it for one that destroys.",
        f'Add "annotations": {hint}.',
    )


def contradicts(subject: Subject) -> Iterator[Finding]:
    """A tool that says it only reads, under a name that changes something."""
    verb = verb_of(subject.name)
    reads = subject.annotations.get("readOnlyHint") is True
    if subject.said is not None:
        reads = subject.said.tier is Tier.READ
    if reads and verb in CHANGING - MILD:
        yield found(
            LintCode.CONTRACT_CONTRADICTS,
            subject.name,
            f"It says that it only reads, and is called {verb}: whoever trusts it asks nobody.",
            "Say what it changes, or give it a name that reads.",
        )


def underived(subject: Subject) -> Iterator[Finding]:
    """An argument of which neither its author, nor its type, nor its name says what it decides.

    Of a tool of which nothing could be read at all, the set is told once (`contract.unread`).
    """
    said = subject.said
    unsaid = said.underived if said and not said.is_unread else frozenset()
    for argument in subject.top:
        if argument.name in unsaid:
            yield found(
                LintCode.CONTRACT_UNDERIVED,
                subject.name,
                f"Nothing says what {argument.pointer} decides, so it counts as control.",
                f"Mark {argument.pointer} with Control() if it steers, with Content() if it is "
                f"only said or stored; where the code is not yours, say it in "
                f"contracts.{subject.name}.arguments of highroad.toml.",
                pointer=argument.pointer,
            )


def secret(subject: Subject) -> Iterator[Finding]:
    """A credential among the arguments, which so stands in prompts and transcripts."""
    for argument in subject.arguments:
        if argument.is_item or not is_secret(argument.name) or not argument.is_only("string"):
            continue
        if subject.said and subject.said.contract.argument(argument.name).role is (
            ArgumentRole.SECRET
        ):
            continue
        yield found(
            LintCode.CONTRACT_SECRET,
            subject.name,
            f"A credential goes into {argument.pointer}: a model has to know it to call the tool.",
            f"Mark {argument.pointer} with Secret()."
            if subject.said
            else f"Let the server find {argument.pointer} in its own configuration.",
            pointer=argument.pointer,
        )


def errors(subject: Subject) -> Iterator[Finding]:
    """No word on what may go wrong."""
    if subject.errors or _ERRORS.search(subject.description):
        return
    named = next((each for each in subject.top if each.is_required), None)
    words = words_of(named.name) if named else ()
    yield found(
        LintCode.CONTRACT_ERRORS,
        subject.name,
        "It does not say what may go wrong, so a model cannot tell what to do then.",
        _declare_errors(words) if subject.form is Form.DECLARED else _describe_errors(words),
    )


def timeout(subject: Subject) -> Iterator[Finding]:
    """A declared tool that waits as long as any other."""
    if subject.said is not None and subject.said.timeout_s is None:
        yield found(
            LintCode.CONTRACT_TIMEOUT,
            subject.name,
            "It sets no timeout of its own, so an attempt may take as long as limits.attempt_s.",
            "Say timeout_s=…, a little more than its slowest honest answer.",
        )


def rate(subject: Subject) -> Iterator[Finding]:
    """A declared tool that may be called as fast as a loop can."""
    if subject.said is not None and subject.said.per_minute is None:
        yield found(
            LintCode.CONTRACT_RATE,
            subject.name,
            "It sets no rate, so one principal may call it as often as a loop can.",
            "Say per_minute=…, more than an honest user needs.",
        )


def permissions(subject: Subject) -> Iterator[Finding]:
    """A declared tool that asks nobody for a permission."""
    if subject.said is not None and not subject.said.permissions:
        yield found(
            LintCode.CONTRACT_PERMISSIONS,
            subject.name,
            "It asks for no permission, so only names can keep it from anybody.",
            f'Say permissions={{"{_permission(subject)}"}}.',
        )


def waives(subject: Subject) -> Iterator[Finding]:
    """A standard permission that a type requires, and that nobody has to hold."""
    for name in sorted(subject.said.waived) if subject.said is not None else ():
        yield found(
            LintCode.CONTRACT_WAIVES,
            subject.name,
            f"It waives {name}, which a type of its arguments requires: a role that was kept "
            "from that can call it all the same.",
            "Leave waives out, unless the body never does what the type stands for.",
        )


def compensation(subject: Subject) -> Iterator[Finding]:
    """A compensation whose arguments code makes, which nobody sees who accepts the tool."""
    said = subject.said
    if said is not None and said.compensation is not None and said.compensation.is_code:
        yield found(
            LintCode.CONTRACT_COMPENSATION,
            subject.name,
            f"Code makes the arguments of its compensation {said.compensation.tool}, and is not "
            "part of the definition that people accept.",
            'Say them as JSON pointers if they can be, such as arguments={"id": "/result/id"}.',
        )


def _declare_errors(missed: Sequence[str]) -> str:
    code = "_".join((*missed, "not_found")) if missed else "…"
    return f'Declare errors={{"{code}": "…"}}: of each code when it comes, and what to do then.'


def _describe_errors(missed: Sequence[str]) -> str:
    cause = f"the {' '.join(missed)} is not found" if missed else "…"
    return f'Say it in the description, for example: "Fails when {cause}; then …".'


def _guess(subject: Subject) -> Tier:
    return Tier.READ if verb_of(subject.name) in READING else Tier.REVERSIBLE


def _permission(subject: Subject) -> str:
    words = words_of(subject.name)
    noun = words[-1] if words else "things"
    return f"{noun}:{'read' if verb_of(subject.name) in READING else 'write'}"


RULES: Final = (
    tier,
    effect,
    hints,
    contradicts,
    underived,
    secret,
    errors,
    timeout,
    rate,
    permissions,
    waives,
    compensation,
)
