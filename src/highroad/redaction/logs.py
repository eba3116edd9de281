"""Logs without secrets: a filter on our own loggers, and one for whoever wants it on a handler."""

import logging
from typing import Final

from highroad.redaction.known_secrets import KNOWN, KnownSecrets

LOGGERS: Final = (
    "highroad",
    "highroad.agents",
    "highroad.approvals",
    "highroad.cache",
    "highroad.dead_letters",
    "highroad.dependencies",
    "highroad.frameworks.langgraph",
    "highroad.frameworks.pydantic_ai",
    "highroad.gateway",
    "highroad.identity",
    "highroad.inbox",
    "highroad.ledger",
    "highroad.limits",
    "highroad.memory",
    "highroad.recovery",
    "highroad.road",
    "highroad.runtime",
    "highroad.secrets",
    "highroad.upstreams",
)
"""Every logger of ours: a filter of a logger does not hear what is logged to those below it."""
_FORMATTER: Final = logging.Formatter()
_OWN: Final = frozenset(vars(logging.makeLogRecord({})))
"""What every record has; what a caller gave as `extra` stands beside."""


class SecretFilter(logging.Filter):
    """Puts known secrets out of sight in what is logged: message, traceback and extras.

    Our own loggers have one. To have it in all that a program logs, give it to the handlers:
    `handler.addFilter(SecretFilter())`.

    Args:
        known: Which secrets; those of this process unless given.
    """

    def __init__(self, known: KnownSecrets = KNOWN) -> None:
        super().__init__()
        self._known = known

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide them; every record goes on."""
        if self._known.is_empty:
            return True
        message = record.getMessage()
        hidden = self._known.hidden(message)
        if hidden is not message:
            record.msg, record.args = hidden, ()
        self._hide_traceback(record)
        for name, said in vars(record).items():
            if name not in _OWN and isinstance(said, str):
                setattr(record, name, self._known.hidden(said))
        return True

    def _hide_traceback(self, record: logging.LogRecord) -> None:
        """Written here, so that no formatter writes it again from the exception."""
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            hidden = self._known.hidden(record.exc_text)
            if hidden is not record.exc_text:
                record.exc_text, record.exc_info = hidden, None
        if record.stack_info:
            record.stack_info = self._known.hidden(record.stack_info)


_FILTER: Final = SecretFilter()


def guard_logs() -> None:
    """Put the filter on our own loggers; once is enough."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
