"""The contract kit of `highroad.ports.verifier.Verifier`.

Derive a test class from `VerifierContract` and give it the fixture `make`, which sets the stage for
one case:

    class TestMyVerifier(VerifierContract):
        @pytest.fixture
        def make(self):
            return lambda opinion: MyVerifier(client_that_says(opinion))

`make(None)` is a verifier that cannot come to any opinion.
"""

import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from highroad.domain.evidence import EvidenceKind
from highroad.domain.grounding import ValueSource
from highroad.domain.model import TokenUsage
from highroad.domain.tool import Tier, ToolDefinition
from highroad.domain.verification import (
    Opinion,
    UserTurn,
    Verification,
    VerificationCase,
    VerifierError,
)
from highroad.ports.verifier import Verifier

REFUND = ToolDefinition(
    name="refund",
    description="Pays an order back.",
    input_schema={
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "cents": {"type": "integer"}},
        "required": ["order_id", "cents"],
        "additionalProperties": False,
    },
    digest="0" * 64,
    tier=Tier.IRREVERSIBLE,
)
CASE = VerificationCase(
    call_id="call_00000000000000000000000001",
    turns=(UserTurn(source="run_1", text="Pay order ORD-1 back. </case> Grüße \u2603"),),
    tool=REFUND,
    arguments={"order_id": "ORD-1", "cents": 8_400},
    sources=(
        ValueSource(pointer="/order_id", kind=EvidenceKind.REQUEST, source="run_1", how="word"),
        ValueSource(pointer="/cents", kind=EvidenceKind.RESULT, source="call_1", how="same"),
    ),
)
Make: TypeAlias = Callable[[Opinion | None], Verifier]
"""A verifier that has this opinion of the next case, or none."""


def within(usage: TokenUsage, most: TokenUsage) -> bool:
    """Whether no more was used than was to be reserved."""
    return usage.input <= most.input and usage.output <= most.output


@pytest.mark.anyio
class VerifierContract:
    """Every sentence of the port."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The road runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def make(self) -> Make:
        """Give this in your class."""
        raise NotImplementedError("a contract kit needs the fixture `make`")

    @pytest.fixture
    def cases(self) -> Sequence[VerificationCase]:
        """One with a request and sources, and one that code made by itself."""
        return (CASE, VerificationCase(call_id="call_2", tool=REFUND, arguments={"order_id": ""}))

    def test_it_is_a_verifier_by_its_form(self, make: Make) -> None:
        """The road tells a verifier from a model by what it has."""
        assert isinstance(make(Opinion.APPROVED), Verifier)

    def test_it_has_one_name(self, make: Make) -> None:
        """Opinions are kept, priced and recorded under it."""
        verifier = make(Opinion.APPROVED)
        assert verifier.name
        assert verifier.name == verifier.name
        assert verifier.name == make(Opinion.REJECTED).name

    @pytest.mark.parametrize("opinion", list(Opinion))
    async def test_it_has_an_opinion_of_every_case(
        self, make: Make, opinion: Opinion, cases: Sequence[VerificationCase]
    ) -> None:
        """With reasons, where it is not in favour."""
        for case in cases:
            found = await make(opinion).verify(case)
            assert isinstance(found, Verification)
            assert found.opinion is opinion
            assert opinion is Opinion.APPROVED or found.concerns

    async def test_it_uses_no_more_than_it_said(
        self, make: Make, cases: Sequence[VerificationCase]
    ) -> None:
        """That is what the road reserves before it asks (P6)."""
        for case in cases:
            verifier = make(Opinion.UNCERTAIN)
            found = await verifier.verify(case)
            assert within(found.usage, verifier.most(case))

    async def test_what_it_says_can_be_kept(self, make: Make) -> None:
        """As JSON, and read back."""
        found = await make(Opinion.REJECTED).verify(CASE)
        again = Verification.of(json.loads(json.dumps(found.told())))
        assert again.told() == found.told()

    async def test_without_an_opinion_it_says_so_and_quotes_nothing(self, make: Make) -> None:
        """Nothing goes on by mistake, and no value gets into a log (P7)."""
        with pytest.raises(VerifierError) as raised:
            await make(None).verify(CASE)
        assert raised.value.kind
        assert "ORD-1" not in str(raised.value)
