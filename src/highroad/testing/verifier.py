"""A verifier that says what it was told to."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from highroad.domain.json_value import JsonObject
from highroad.domain.model import TokenUsage
from highroad.domain.verification import (
    Correction,
    Opinion,
    Verification,
    VerificationCase,
    VerifierError,
)

Saying: TypeAlias = Verification | VerifierError | Callable[[VerificationCase], "Saying"]
"""An opinion, that there is none, or what makes one of these from the case."""


class ScriptedVerifier:
    """Has opinions by a script (`highroad.ports.verifier.Verifier`), and notes what it was shown.

    Args:
        *script: One for each case, in order; the last one stands for all further ones. Without any
            it approves.
        name: As it is recorded; by default nobody is paid for it.
        usage: What each opinion takes.
    """

    def __init__(
        self,
        *script: Saying,
        name: str = "scripted:verifier",
        usage: TokenUsage | None = None,
    ) -> None:
        self._script: tuple[Saying, ...] = script or (approves(),)
        self._name = name
        self._usage = usage or TokenUsage()
        self._cases: list[VerificationCase] = []

    @property
    def name(self) -> str:
        """As it is recorded."""
        return self._name

    @property
    def cases(self) -> Sequence[VerificationCase]:
        """What it was shown, in order."""
        return tuple(self._cases)

    def most(self, case: VerificationCase) -> TokenUsage:
        """What each opinion takes."""
        del case
        return self._usage

    async def verify(self, case: VerificationCase) -> Verification:
        """Say what is next.

        Raises:
            VerifierError: The script says so.
        """
        self._cases.append(case)
        saying = self._script[min(len(self._cases), len(self._script)) - 1]
        while callable(saying):
            saying = saying(case)
        if isinstance(saying, VerifierError):
            raise saying
        return Verification(
            opinion=saying.opinion,
            concerns=saying.concerns,
            correction=saying.correction,
            usage=self._usage,
        )


def approves(*concerns: str) -> Verification:
    """Nothing of weight is against the call."""
    return Verification(opinion=Opinion.APPROVED, concerns=concerns)


def rejects(
    *concerns: str, tool: str | None = None, arguments: JsonObject | None = None
) -> Verification:
    """The call is not what was asked for.

    Args:
        *concerns: Why.
        tool: Of the call that it would have made.
        arguments: Of that call.
    """
    correction = None if tool is None else Correction(tool=tool, arguments=arguments or {})
    return Verification(opinion=Opinion.REJECTED, concerns=concerns, correction=correction)


def doubts(*concerns: str) -> Verification:
    """Nobody can tell."""
    return Verification(opinion=Opinion.UNCERTAIN, concerns=concerns)
