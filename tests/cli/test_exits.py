"""Exit codes are stable, and every ending and error has one."""

import logging
from io import StringIO

import pytest
from rich.console import Console

from highroad.cli.exits import ExitCode, of_error, of_outcome
from highroad.cli.logs import told
from highroad.cli.misuse import Misuse
from highroad.cli.output import Output
from highroad.domain.error import (
    BrokenPromise,
    CallError,
    DecisionRefused,
    DeclarationError,
    LedgerError,
    LedgerOwned,
    NotPermitted,
    NotRecorded,
    SettingsError,
    VaultError,
)
from highroad.domain.outcome import (
    Cancelled,
    Completed,
    Expired,
    Failed,
    Held,
    HoldReason,
    Proof,
    Refused,
    Status,
    Unknown,
)

ERROR = CallError(code="x", message="x")
OUTCOMES = [
    (Completed(call_id="c", value=1), 0),
    (Refused(call_id="c", error=ERROR), 3),
    (Held(call_id="c", reason=HoldReason.APPROVAL), 4),
    (Failed(call_id="c", error=ERROR, proof=Proof.NOT_STARTED), 5),
    (Unknown(call_id="c", error=ERROR), 6),
    (Expired(call_id="c", error=ERROR), 8),
    (Cancelled(call_id="c", error=ERROR, proof=Proof.NOT_STARTED), 8),
]
ERRORS = [
    (BrokenPromise("x"), 1),
    (Misuse("x"), 2),
    (SettingsError("x"), 2),
    (DeclarationError("x"), 2),
    (NotRecorded("x"), 2),
    (NotPermitted("x"), 3),
    (DecisionRefused("x"), 3),
    (LedgerError("x"), 7),
    (LedgerOwned(1), 7),
    (VaultError("x"), 7),
]


@pytest.mark.parametrize(("outcome", "code"), OUTCOMES, ids=lambda each: type(each).__name__)
def test_each_outcome_has_its_code(outcome, code):
    assert of_outcome(outcome) == code


def test_no_ending_was_forgotten():
    assert {outcome.status for outcome, _ in OUTCOMES} == {*Status, "held"}


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda each: type(each).__name__)
def test_each_error_has_its_code(error, code):
    assert of_error(error) == code


def test_the_codes_are_those_that_help_states():
    assert [int(code) for code in ExitCode] == list(range(11))


def test_warnings_are_told_beside_the_result_but_not_twice():
    printed = StringIO()
    output = Output(errors=Console(file=printed))

    with told(output):
        logging.getLogger("highroad.runtime").warning("call %s was in flight", "call_1")
        logging.getLogger("highroad.road").warning("call call_2 refused: denied")

        logging.getLogger("highroad.road").error("internal error in call_3")

    assert printed.getvalue().splitlines() == [
        "call call_1 was in flight",
        "internal error in call_3",
    ]
