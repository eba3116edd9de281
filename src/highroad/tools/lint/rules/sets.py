"""The tools together: how many there are, and whether a model can tell them apart."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from highroad.tools.lint.codes import LintCode
from highroad.tools.lint.finding import Finding, found
from highroad.tools.lint.likeness import Alike, alike, nearest
from highroad.tools.lint.subject import Subject
from highroad.tools.lint.wording import job_in
from highroad.tools.scrutiny.likeness import is_lookalike
from highroad.tools.words import VERBS, words_of

MOST: Final = 20
"""Tools to offer at once, after OpenAI's guide to function calling ("fewer than 20")."""
_AMBIGUOUS: Final = 0.75
"""Likeness from which two descriptions are told."""
_NEIGHBOUR: Final = 0.2
"""Likeness from which a tool is worth naming as what another is not for."""
_LONGEST: Final = 10_000
_TOLD: Final = 3
_DEPRECATED: Final = re.compile(r"\b(?:deprecated|obsolete|no longer supported)\b", re.IGNORECASE)
_INSTEAD: Final = re.compile(r"\buse\s+[`'\"]?([\w.-]+)[`'\"]?\s+instead", re.IGNORECASE)
_WHEN_NOT: Final = re.compile(
    r"\b(?:not for|not to be used|(?:do not|don't|never|cannot|can't) (?:be )?(?:use|used|call|"
    r"perform)|instead|rather than|only (?:use|if|when|for|works?|call)|unless|does not|doesn't|"
    r"will not|won't|not supported|except|avoid)\b",
    re.IGNORECASE,
)


def too_many(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """More tools than a model chooses well among."""
    if len(subjects) > MOST:
        yield found(
            LintCode.SET_TOO_MANY,
            "",
            f"{len(subjects)} tools are offered at once: models choose worse among more than "
            f"{MOST}, and pay for reading each definition at every step.",
            "Offer each agent those that its job needs, or let it search for tools.",
        )


def duplicate(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Two tools of one name: only one of them can be called."""
    seen: set[str] = set()
    for subject in subjects:
        if subject.name in seen:
            yield found(
                LintCode.SET_DUPLICATE,
                subject.name,
                "Another tool of this list has the same name.",
                "Give one of them another name.",
            )
        seen.add(subject.name)


def near_names(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Names that differ by a plural or a hyphen."""
    by_form: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in dict.fromkeys(subject.name for subject in subjects):
        by_form[tuple(word.removesuffix("s") for word in words_of(name))].append(name)
    for names in by_form.values():
        for first, second in pairwise(names):
            yield found(
                LintCode.SET_NEAR_NAMES,
                second,
                f"Its name differs from `{first}` by a letter or two: models mix them up.",
                "Say in the name how they differ.",
            )


def lookalike(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Names that pass for one another, of tools from two places."""
    for at, subject in enumerate(subjects):
        for other in subjects[:at]:
            if other.source != subject.source and is_lookalike(subject.name, other.name):
                yield found(
                    LintCode.SET_LOOKALIKE,
                    subject.name,
                    f"Its name passes for `{other.name}`, which comes from somewhere else: a call "
                    f"that is meant for one goes to the other.",
                    "Leave one of them out, or give one a prefix that says where it comes from.",
                )
                break


def shadows(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """A description that speaks of a tool from somewhere else."""
    for subject in subjects:
        other = next(
            (
                each
                for each in subjects
                if each.source != subject.source
                and not each.name.isalpha()
                and _mentions(subject, each.name)
            ),
            None,
        )
        if other is not None:
            yield found(
                LintCode.SET_SHADOWS,
                subject.name,
                f"Its description speaks of `{other.name}`, which comes from somewhere else: a "
                f"server that steers calls of others' tools does so in such words.",
                "See what it says of that tool; leave it out if it is no business of this server.",
            )


def told_apart(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Descriptions that read alike, and those that do not say what they are not for."""
    pairs = alike([f"{each.name} {each.description[:_LONGEST]}" for each in subjects], _NEIGHBOUR)
    neighbours = nearest(pairs)
    for at, subject in enumerate(subjects):
        pair = neighbours.get(at)
        other = subjects[pair.second if pair.first == at else pair.first] if pair else None
        if pair and other and pair.likeness >= _AMBIGUOUS and not _are_told_apart(subject, other):
            yield _ambiguous(subject, other, pair)
        if other and subject.description and not _says_when_not(subject, other):
            yield _when_not(subject, other)


def deprecated(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """A tool that nobody should use, offered all the same."""
    for subject in subjects:
        if subject.deprecated is None and not _DEPRECATED.search(subject.description[:_LONGEST]):
            continue
        instead = _INSTEAD.search(subject.description[:_LONGEST])
        other = subject.deprecated or (f"`{instead[1]}`" if instead else "")
        yield found(
            LintCode.SET_DEPRECATED,
            subject.name,
            "It is deprecated, and still offered: models use it, and pay for reading it.",
            f"Leave it out of what models are offered{f'; they have {other}' if other else ''}.",
        )


def undeclared(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """A foreign list has no place for what protects whoever answers for its tools."""
    foreign = [subject for subject in subjects if subject.said is None]
    if foreign:
        yield found(
            LintCode.CONTRACT_UNDECLARED,
            "",
            f"{len(foreign)} tool{'s' if len(foreign) > 1 else ''} of a list that has no place for "
            f"tier, effect class, timeout, rate and permissions: none of them is declared.",
            "Declare them with Highroad's @tool, and the road holds every call to it; of an MCP "
            "server, review them: `highroad tools review -- COMMAND`.",
        )


def guesses(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """What of the contracts of one source is less strict by names alone."""
    by_source: defaultdict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        said = subject.said.guessed if subject.said else ()
        by_source[subject.source] += [f"{subject.name}{part}" for part in said]
    for source, parts in by_source.items():
        if parts:
            more = f" and {len(parts) - _TOLD} more" if len(parts) > _TOLD else ""
            yield found(
                LintCode.CONTRACT_GUESSED,
                "",
                f"Of {source or 'this program'}, {', '.join(parts[:_TOLD])}{more} count as more "
                f"than untrusted, or as content, by their names alone.",
                "See `highroad tools contract NAME`, and declare labels and roles where a guess is "
                "wrong or much rests on it.",
            )


def unread(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Tools of which no word is known, so that nothing of their contracts can be derived."""
    names = [each.name for each in subjects if each.said is not None and each.said.is_unread]
    if not names:
        return
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    yield found(
        LintCode.CONTRACT_UNREAD,
        "",
        f"Nothing is derived of {', '.join(names[:_TOLD])}{more}: what is known are English words, "
        "and none of theirs is. Every argument is control and every result untrusted, and a "
        "request calls for them only where it has the words of their names.",
        "Declare roles, labels and intent, in code or in contracts.NAME of highroad.toml; intent "
        "in the language that your users write.",
    )


def _are_told_apart(one: Subject, other: Subject) -> bool:
    """Whether they do different things, or one says of the other when it is the right one."""
    verbs = [_first_verb(each.name) for each in (one, other)]
    does_other = None not in verbs and verbs[0] != verbs[1]
    return does_other or _mentions(one, other.name) or _mentions(other, one.name)


def _first_verb(name: str) -> str | None:
    return next((word for word in words_of(name) if word in VERBS), None)


def _mentions(subject: Subject, name: str) -> bool:
    # Most descriptions do not have it at all, and an expression for each name costs more than that.
    return name in subject.description and (
        re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", subject.description) is not None
    )


def _ambiguous(subject: Subject, other: Subject, pair: Alike) -> Finding:
    shared = ", ".join(f'"{word}"' for word in pair.shared)
    return found(
        LintCode.SET_AMBIGUOUS,
        subject.name,
        f"It reads like `{other.name}` (likeness {pair.likeness:.2f}): both speak of {shared}.",
        f"Say when `{other.name}` is the right one, by its name.",
    )


def _says_when_not(subject: Subject, other: Subject) -> bool:
    is_said = _WHEN_NOT.search(subject.description[:_LONGEST]) is not None
    return is_said or _mentions(subject, other.name)


def _when_not(subject: Subject, other: Subject) -> Finding:
    job = job_in(other.description)
    words = f"To {job}, use {other.name} instead." if job else f"Use {other.name} instead if …"
    return found(
        LintCode.DESCRIPTION_WHEN_NOT,
        subject.name,
        f"It does not say when not to use it; `{other.name}` is near.",
        f'Say so, for example: "{words}"',
    )


RULES: Final = (
    too_many,
    duplicate,
    near_names,
    lookalike,
    shadows,
    told_apart,
    deprecated,
    undeclared,
    guesses,
    unread,
)
