"""Errors of AWS's library that pydantic-ai hands on: mostly, that it finds nothing to sign with."""

from typing import Final

from botocore import exceptions as aws  # type: ignore[import-untyped]  # it has no types
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]  # likewise

from highroad.adapters.models.provider.failures import NO_REPLY, REFUSED, Reading, Readings
from highroad.domain.failure_kind import FailureKind

_NO_CREDENTIALS: Final = Reading(
    kind=FailureKind.DENIED,
    words="finds no credentials of AWS that it can use; set AWS_BEARER_TOKEN_BEDROCK, or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
)
_NO_TLS: Final = Reading(
    kind=FailureKind.DENIED,
    words="is sent a key of Bedrock over https alone; give its address with https, or sign with "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
)

AWS_ERROR: Final[type[Exception]] = aws.BotoCoreError
"""What all errors but those of a reply derive from."""
FAILURES: Final[Readings] = (
    *(
        (type_, _NO_CREDENTIALS)
        for type_ in (
            aws.CredentialRetrievalError,
            aws.InvalidConfigError,
            aws.NoAuthTokenError,
            aws.NoCredentialsError,
            aws.PartialCredentialsError,
            aws.SSOError,
            aws.TokenRetrievalError,
        )
    ),
    (aws.InvalidEndpointConfigurationError, _NO_TLS),
    (aws.ParamValidationError, REFUSED),
    (ResponseParserError, NO_REPLY),
    (aws.BotoCoreError, NO_REPLY),
)
"""What they mean; the first that fits counts."""
