"""What a model is asked besides the messages, in the words of pydantic-ai."""

from typing import Any, Final, cast

from pydantic_ai.messages import InstructionPart
from pydantic_ai.models import Model as ProviderClient
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.native_tools import NATIVE_TOOL_TYPES
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings as ProviderSettings
from pydantic_ai.tools import ToolDefinition

from highroad.adapters.models.provider.messages import legal
from highroad.domain.error import SettingsError
from highroad.domain.model import ModelRequest, OfferedTool, ToolChoice

_CACHED_WHEN_TOLD: Final = frozenset({"anthropic", "bedrock"})
"""Providers that keep instructions, tools and messages when they are asked to; others do so by
themselves."""
_KEEPS_REPLIES: Final = frozenset({"openai", "openai-chat"})
"""Providers that keep what they are asked and reply, unless they are told not to."""


def parameters(
    request: ModelRequest, client: ProviderClient, hosted: tuple[str, ...]
) -> ModelRequestParameters:
    """Instructions, tools and the form of the output."""
    form = request.output
    return ModelRequestParameters(
        function_tools=[_tool(tool) for tool in request.tools],
        native_tools=[NATIVE_TOOL_TYPES[kind]() for kind in hosted],
        output_mode="text" if form is None else _output_mode(client),
        output_object=None
        if form is None
        else OutputObjectDefinition(json_schema=dict(form), name="output"),
        instruction_parts=[InstructionPart(content=request.instructions)]
        if request.instructions
        else None,
    )


def settings(request: ModelRequest, client: ProviderClient, provider: str) -> ProviderSettings:
    """How the model is to reply; what the provider does not know is left out."""
    asked = request.settings
    found: dict[str, Any] = {
        "max_tokens": asked.max_tokens,
        "request_timeout": asked.timeout_s,
        # The instructions are ours, to the byte.
        "framing_announcement": "never",
    }
    if asked.temperature is not None and takes_temperature(client):
        found["temperature"] = asked.temperature
    if asked.seed is not None and "seed" not in client.unsupported_settings:
        found["seed"] = asked.seed
    if request.tools:
        found["tool_choice"] = _choice(request.choice)
    if provider in _CACHED_WHEN_TOLD:
        found["cache"] = True
    if provider in _KEEPS_REPLIES:
        found["openai_store"] = False  # P7: nobody keeps a copy that nobody can erase
    return cast(ProviderSettings, found)


def takes_temperature(client: ProviderClient) -> bool:
    """Whether a temperature is no error to the model, as its profile says."""
    profile: dict[str, Any] = dict(client.profile)
    if profile.get("anthropic_disallows_sampling_settings"):
        return False
    if not profile.get("openai_supports_reasoning"):
        return True
    efforts = profile.get("openai_reasoning_efforts")
    may_rest = (
        profile.get("openai_supports_reasoning_effort_none")
        if efforts is None
        else "none" in efforts
    )
    return bool(may_rest) and not profile.get("thinking_enabled_by_default")


def check_hosted(hosted: tuple[str, ...], client: ProviderClient) -> None:
    """Make sure that the provider has these tools of its own.

    Raises:
        SettingsError: It does not.
    """
    has = {tool.kind for tool in client.profile.get("supported_native_tools", ())}
    for kind in hosted:
        if kind not in has:
            raise SettingsError(
                f"{client.model_name} has no hosted tool {kind!r}; "
                f"it has {', '.join(sorted(has)) or 'none'}"
            )


def _tool(tool: OfferedTool) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name,
        description=tool.description,
        parameters_json_schema=dict(tool.input_schema),
        strict=tool.is_strict,
    )


def _choice(choice: ToolChoice) -> str | list[str]:
    return [legal(choice.name)] if isinstance(choice, OfferedTool) else choice


def _output_mode(client: ProviderClient) -> Any:  # noqa: ANN401 - a word of the library
    return "native" if client.profile.get("supports_json_schema_output") else "prompted"
