"""What a model is asked, and what it replies, in words of no provider."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from highroad.domain.confidence import StatedFields
from highroad.domain.error import HighroadError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.json_value import JsonSchema
from highroad.domain.part import File, Image
from highroad.domain.value import value

# -- what is said --------------------------------------------------------------------------------


@value
class UserMessage:
    """What a person, or the program in their name, says to the model."""

    text: str


@value
class Prompt(UserMessage):
    """What the program itself says in the user's place: no user has said it."""


@value
class ModelCall:
    """A call as a model wrote it: nothing of it was checked."""

    id: str
    """The provider's; it may be empty, doubled or anything else."""
    tool: str
    """As the model called it."""
    arguments: str
    """Raw; JSON where the model did as it was told."""


@value
class ModelMessage:
    """What a model said: text, calls, or both."""

    text: str = ""
    calls: tuple[ModelCall, ...] = ()
    native: bytes = b""
    """What the provider wants back unchanged with the next request, such as signed thoughts;
    meaningful to the adapter that made it alone. Whoever is handed another's leaves it out."""


@value
class ToolMessage:
    """The one result of a call (P5)."""

    id: str
    """The provider's, of the call."""
    tool: str
    """As the model called it."""
    content: str
    """JSON."""
    is_error: bool = False
    call_id: str = ""
    """Ours, under which the whole result stays on record; no provider sees it."""
    parts: tuple[Image | File, ...] = field(default=(), repr=False)
    """What goes along with it, in the order in which `content` numbers it: `"part": 1` is the
    first."""


Message: TypeAlias = UserMessage | ModelMessage | ToolMessage

# -- a request -----------------------------------------------------------------------------------


@value
class OfferedTool:
    """A tool as a model is told of it."""

    name: str
    """Legal with every provider: letters, digits, `_` and `-`, at most 64."""
    description: str
    input_schema: JsonSchema
    is_strict: bool = False
    """The schema keeps to what the provider's strict mode can hold the model to."""
    stated: StatedFields | None = None
    """Of the schema's members, those that are no arguments: there the model says how sure it is."""

    @property
    def own_schema(self) -> JsonSchema:
        """The schema of the tool's own arguments."""
        if self.stated is None:
            return self.input_schema
        names = {self.stated.reasoning, self.stated.confidence}
        own = dict(self.input_schema)
        members, required = own.get("properties"), own.pop("required", None)
        if isinstance(members, dict):
            own["properties"] = {name: each for name, each in members.items() if name not in names}
        if isinstance(required, list):
            left = [name for name in required if name not in names]
            own |= {"required": left} if left or self.is_strict else {}
        return own


ToolChoice: TypeAlias = Literal["auto", "required", "none"] | OfferedTool
"""Whether the model may call, must, must not, or must call that tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How a model is to reply. What a provider does not know is left out of its request."""

    temperature: float | None = 0.0
    """`None` leaves it to the provider: some models refuse any."""
    max_tokens: int = 1_024
    """Of one reply."""
    seed: int | None = None
    timeout_s: float = 60.0
    """Of one request, up to the end of its reply."""


@value
class ModelRequest:
    """One question to a model.

    Instructions, tools and the messages so far come in an order that does not change from one
    request of a run to the next, so that a provider's cache hits.
    """

    instructions: str = ""
    messages: Sequence[Message] = ()
    tools: Sequence[OfferedTool] = ()
    choice: ToolChoice = "auto"
    output: JsonSchema | None = None
    """The form of the text, where it is to be JSON of a schema."""
    settings: ModelSettings = field(default_factory=ModelSettings)
    is_streamed: bool = False
    """Whether `TextDelta` and `CallReady` are wanted on the way."""


# -- a reply -------------------------------------------------------------------------------------


class Finish(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    CALLS = "calls"
    """It wants results."""
    LENGTH = "length"
    """It was cut off: the last call may be torn."""
    FILTERED = "filtered"
    """The provider would not let it go on."""
    OTHER = "other"


@value
class TokenUsage:
    """Tokens of one request. Cached ones are part of `input`."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    """Of `input`, those that the provider had kept."""
    cache_write: int = 0
    """Of `input`, those that the provider was paid to keep."""
    ungoverned: int = 0
    """Calls of tools that the provider ran itself."""

    @property
    def total(self) -> int:
        """In and out."""
        return self.input + self.output


@value
class TextDelta:
    """More of the text."""

    text: str


@value
class CallReady:
    """The arguments of a call are complete, while the reply is not."""

    position: int
    """Among the calls of the reply, from 0."""
    call: ModelCall


@value
class ModelReply:
    """A whole reply."""

    message: ModelMessage
    usage: TokenUsage
    model: str
    """The very version that replied, as the provider names it."""
    finish: Finish = Finish.STOP
    is_estimated: bool = False
    """The provider did not count: `usage` is our own count."""


ReplyPart: TypeAlias = TextDelta | CallReady | ModelReply


class ModelError(HighroadError):
    """A model did not reply. The message says what happened and what to do; no prompt is in it.

    Args:
        message: Free of what was asked and replied.
        kind: Why; `may_pass` says whether asking again may help.
        retry_after_s: When the provider says that the next request may come.
        is_counted: Whether the provider may have counted, and charges for, what was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: FailureKind,
        retry_after_s: float | None = None,
        is_counted: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.is_counted = is_counted
