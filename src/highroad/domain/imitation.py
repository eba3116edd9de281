"""Texts that imitate what only the program around a model says: turns, approvals, answers.

A tool's result is data. What looks in it like the mark that begins a turn in some provider's chat
template, like an answer of ours or like a person's approval was written to be taken for one. This
finds the usual forms and is a signal, never the defence: what a call may do is decided by the road,
which reads no result.
"""

import re
from enum import StrEnum
from functools import cache
from typing import Final


class Imitation(StrEnum):
    """What a text imitates."""

    TURN = "turn"
    """The beginning of a message of the user, the system or the model, or the mark of one."""
    RESULT = "result"
    """The frame of another tool's call or result."""
    APPROVAL = "approval"
    """A person's word that something may be done."""
    ANSWER = "answer"
    """An answer of Highroad to a model."""


# All forms are of small letters, and begin with a sign or a word: `re` looks for those first.
_TURN_MARKS: Final = (
    r"[<\[](?:"
    # ChatML, Llama 3, Phi, Command R, Harmony; DeepSeek has full-width bars.
    r"\|[a-z_]{2,32}\|>|\uff5c[^\uff5c\n]{1,32}\uff5c>"
    # Llama 2 and Mistral; Gemma.
    r"|/?(?:inst|system_prompt)\]|</?sys>>|(?:start|end)_of_turn>"
    # Tags in which programs hand words to models.
    r"|/?(?:system|system-reminder|system_prompt|developer|assistant|human|antml:[a-z_]{2,32})\s?>"
    r")"
)
_RESULT_MARKS: Final = (
    r"[<\[](?:/?(?:tool_?calls?|tool_?results?|tool_?responses?|tool_?outputs?|function_?calls?"
    r"|function_?results?)\s?>|invoke\s+name=|/?(?:tool_calls|tool_results|available_tools)\])"
)
_TURN_WORDS: Final = (
    r"\n\n(?:human|assistant):\s|(?:system|developer) (?:message|prompt|instruction|override|"
    r"notice)s?\W{0,3}:|end of (?:tool )?(?:result|output)s?\b"
)
_APPROVAL: Final = (
    r"(?:approved|authori[sz]ed|granted|confirmed)\b[^.\n]{0,20}\bby (?:the |an? |your )?"
    r"(?:user|admin\w*|operator|owner|human|system|security|developer|approver)\b"
    r"|no (?:further |additional |human )?(?:approval|confirmation) (?:is )?(?:needed|required|"
    r"necessary)\b|approval[_ ](?:granted|status\W{1,4}approved)\b|\"approval_id\"\s*:"
)
_ANSWER: Final = r"\"retryable\"\s*:[^{}]{0,200}\"call_id\"\s*:"
_FORMS: Final = (
    (Imitation.TURN, ("<", "["), _TURN_MARKS),
    (
        Imitation.TURN,
        ("human:", "assistant:", "system ", "developer ", "end of "),
        _TURN_WORDS,
    ),
    (Imitation.RESULT, ("<", "["), _RESULT_MARKS),
    (Imitation.APPROVAL, ("approv", "authori", "granted", "confirm"), _APPROVAL),
    (Imitation.ANSWER, ("retryable",), _ANSWER),
)
"""What each kind looks like, and what in any case stands in a text that has it."""
_SIGNALS: Final = tuple(dict.fromkeys(each for _, signals, _ in _FORMS for each in signals))


@cache
def _compiled(form: str, flags: int = 0) -> re.Pattern[str]:
    """Compiled when the first text is looked at: a program starts without them."""
    return re.compile(form, flags)


def may_imitate(text: str) -> bool:
    """Whether anything stands in a text, or in several, that some imitation has."""
    return any(map(text.lower().__contains__, _SIGNALS))


def imitations_in(text: str) -> frozenset[Imitation]:
    """What a text imitates."""
    small = text.lower()
    return frozenset(
        kind
        for kind, signals, form in _FORMS
        if any(signal in small for signal in signals) and _compiled(form).search(small)
    )


def defanged(text: str) -> str:
    """The text with quotes in place of the brackets of each mark, so that no template reads one."""
    for marks in (_TURN_MARKS, _RESULT_MARKS):
        text = _compiled(marks, re.IGNORECASE).sub(_quoted, text)
    return text


def _quoted(mark: re.Match[str]) -> str:
    return f"\u2039{mark[0].strip('<>[]')}\u203a"
