"""What lint can find: stable codes, grouped by what they look at, each with its weight."""

from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """A model or a provider cannot use the tool as it stands."""
    WARNING = "warning"
    """A model will err, or somebody will be harmed, sooner or later."""
    ADVICE = "advice"
    """It works, and would work better."""

    @property
    def weight(self) -> int:
        """Larger is worse."""
        return _WEIGHTS[self]


_WEIGHTS: Final = {Severity.ADVICE: 1, Severity.WARNING: 2, Severity.ERROR: 3}


class LintCode(StrEnum):
    """A kind of finding. What stands before the dot is its group."""

    NAME_FORM = "name.form"
    NAME_VAGUE = "name.vague"
    NAME_TWO_JOBS = "name.two_jobs"

    DESCRIPTION_MISSING = "description.missing"
    DESCRIPTION_THIN = "description.thin"
    DESCRIPTION_WHEN = "description.when"
    DESCRIPTION_WHEN_NOT = "description.when_not"
    DESCRIPTION_EXAMPLE = "description.example"
    DESCRIPTION_ORDERS = "description.orders"
    DESCRIPTION_HIDDEN = "description.hidden"
    DESCRIPTION_ENCODED = "description.encoded"
    DESCRIPTION_IMITATES = "description.imitates"

    ARGUMENT_UNDESCRIBED = "argument.undescribed"
    ARGUMENT_VAGUE = "argument.vague"
    ARGUMENT_CHOOSES_JOB = "argument.chooses_job"
    ARGUMENT_STRUCTURED_TEXT = "argument.structured_text"
    ARGUMENT_ENUM = "argument.enum"
    ARGUMENT_PATTERN = "argument.pattern"
    ARGUMENT_STATED_BOUNDS = "argument.stated_bounds"
    ARGUMENT_BOUNDS = "argument.bounds"
    ARGUMENT_LENGTH = "argument.length"
    ARGUMENT_ITEMS = "argument.items"
    ARGUMENT_DEFAULT = "argument.default"

    SCHEMA_INVALID = "schema.invalid"
    SCHEMA_NOT_OBJECT = "schema.not_object"
    SCHEMA_REQUIRED = "schema.required"
    SCHEMA_UNTYPED = "schema.untyped"
    SCHEMA_OPEN = "schema.open"
    SCHEMA_RESULT = "schema.result"

    CONTRACT_TIER = "contract.tier"
    CONTRACT_EFFECT = "contract.effect"
    CONTRACT_HINTS = "contract.hints"
    CONTRACT_CONTRADICTS = "contract.contradicts"
    CONTRACT_UNDERIVED = "contract.underived"
    CONTRACT_GUESSED = "contract.guessed"
    CONTRACT_UNREAD = "contract.unread"
    CONTRACT_SECRET = "contract.secret"  # noqa: S105 - the name of a code, not a credential
    CONTRACT_ERRORS = "contract.errors"
    CONTRACT_TIMEOUT = "contract.timeout"
    CONTRACT_RATE = "contract.rate"
    CONTRACT_PERMISSIONS = "contract.permissions"
    CONTRACT_WAIVES = "contract.waives"
    CONTRACT_COMPENSATION = "contract.compensation"
    CONTRACT_UNDECLARED = "contract.undeclared"

    SET_TOO_MANY = "set.too_many"
    SET_DUPLICATE = "set.duplicate"
    SET_AMBIGUOUS = "set.ambiguous"
    SET_NEAR_NAMES = "set.near_names"
    SET_LOOKALIKE = "set.lookalike"
    SET_SHADOWS = "set.shadows"
    SET_DEPRECATED = "set.deprecated"

    @property
    def group(self) -> str:
        """What it looks at."""
        return self.partition(".")[0]

    @property
    def severity(self) -> Severity:
        """How much each finding of this code weighs."""
        if self in _ERRORS:
            return Severity.ERROR
        return Severity.ADVICE if self in _ADVICE else Severity.WARNING


_ERRORS: Final = frozenset(
    {
        LintCode.DESCRIPTION_MISSING,
        LintCode.DESCRIPTION_HIDDEN,
        LintCode.SCHEMA_INVALID,
        LintCode.SCHEMA_NOT_OBJECT,
        LintCode.SCHEMA_REQUIRED,
        LintCode.SET_DUPLICATE,
    }
)
_ADVICE: Final = frozenset(
    {
        LintCode.DESCRIPTION_WHEN,
        LintCode.DESCRIPTION_WHEN_NOT,
        LintCode.DESCRIPTION_EXAMPLE,
        LintCode.ARGUMENT_BOUNDS,
        LintCode.ARGUMENT_LENGTH,
        LintCode.ARGUMENT_DEFAULT,
        LintCode.SCHEMA_OPEN,
        LintCode.SCHEMA_RESULT,
        LintCode.CONTRACT_UNDERIVED,
        LintCode.CONTRACT_GUESSED,
        LintCode.CONTRACT_UNREAD,
        LintCode.CONTRACT_ERRORS,
        LintCode.CONTRACT_TIMEOUT,
        LintCode.CONTRACT_RATE,
        LintCode.CONTRACT_PERMISSIONS,
        LintCode.CONTRACT_COMPENSATION,
        LintCode.CONTRACT_UNDECLARED,
        LintCode.SET_NEAR_NAMES,
    }
)
