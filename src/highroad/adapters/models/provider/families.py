"""The providers that are known, and how a model of each is reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model as ProviderClient

from highroad.adapters.models.provider.failures import Readings
from highroad.domain.error import SettingsError
from highroad.domain.model_rules import ModelServer

Secrets: TypeAlias = Callable[[str], str | None]
"""What an environment variable holds; `None` where there is none of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What it takes to speak to a provider."""

    name: str
    """Of the provider."""
    key: str | None
    url: str | None
    secrets: Secrets


def _no_failures() -> Readings:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A provider: what it needs, and how its models are made."""

    make: Callable[[str, Reach], ProviderClient]
    shape: str
    """One of `highroad.tools.shapes.SHAPES`."""
    extra: str
    """Of ours, which installs its library."""
    key: str | None = None
    """The variable with its key."""
    is_key_needed: bool = True
    url: str | None = None
    """Where it is reached, unless told; `None` leaves it to its library."""
    leaves_streams: bool = False
    """Its library does not close a stream that nobody reads on (`connections`)."""
    failures: Callable[[], Readings] = _no_failures
    """Errors of its own library that pydantic-ai hands on; asked once that is there."""


# Each function imports what its own provider needs, and nothing of the others.


def _openai(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.openai import OpenAIResponsesModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415 - an extra

    return OpenAIResponsesModel(
        model, provider=OpenAIProvider(api_key=reach.key, base_url=reach.url)
    )


def _openai_chat(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415 - an extra

    provider = OpenAIProvider(api_key=reach.key, base_url=reach.url)
    return OpenAIChatModel(model, provider=provider, profile=_says_its_end())


def _compatible(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.openai_compatible import (  # noqa: PLC0415 - an extra
        OpenAICompatibleProvider,
    )

    provider = OpenAICompatibleProvider(
        reach.name, base_url=reach.url or "", api_key=reach.key or _NO_KEY
    )
    return OpenAIChatModel(model, provider=provider, profile=_as_servers_have_it())


def _ollama(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.ollama import OllamaModel  # noqa: PLC0415 - an extra
    from pydantic_ai.profiles import merge_profile  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.ollama import OllamaProvider  # noqa: PLC0415 - an extra

    provider = OllamaProvider(base_url=reach.url, api_key=reach.key or _NO_KEY)
    known = OllamaModel(model, provider=provider).profile
    profile = merge_profile(known, _as_servers_have_it())
    return OllamaModel(model, provider=provider, profile=profile)


def _anthropic(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415 - an extra

    provider = AnthropicProvider(api_key=reach.key or "", base_url=reach.url)
    return AnthropicModel(model, provider=provider)


def _google(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415 - an extra

    return GoogleModel(model, provider=GoogleProvider(api_key=reach.key or "", base_url=reach.url))


def _bedrock(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.bedrock import BedrockConverseModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.bedrock import BedrockProvider  # noqa: PLC0415 - an extra

    from highroad.adapters.models.provider.aws import AWS_ERROR  # noqa: PLC0415 - an extra

    region = reach.secrets("AWS_REGION") or reach.secrets("AWS_DEFAULT_REGION")
    try:
        # With neither, AWS finds credentials its own way: a role, a profile, a file.
        provider = (
            BedrockProvider(api_key=reach.key, base_url=reach.url, region_name=region)
            if reach.key
            else BedrockProvider(
                aws_access_key_id=reach.secrets("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=reach.secrets("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=reach.secrets("AWS_SESSION_TOKEN"),
                base_url=reach.url,
                region_name=region,
            )
        )
    except AWS_ERROR as error:  # such as a profile that is not there
        raise UserError(str(error)) from None
    return BedrockConverseModel(model, provider=provider)


def _failures_of_bedrock() -> Readings:
    from highroad.adapters.models.provider.aws import FAILURES  # noqa: PLC0415 - an extra

    return FAILURES


def _mistral(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.mistral import MistralModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.mistral import MistralProvider  # noqa: PLC0415 - an extra

    return MistralModel(model, provider=MistralProvider(api_key=reach.key, base_url=reach.url))


def _groq(model: str, reach: Reach) -> ProviderClient:
    from pydantic_ai.models.groq import GroqModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.groq import GroqProvider  # noqa: PLC0415 - an extra

    return GroqModel(model, provider=GroqProvider(api_key=reach.key or "", base_url=reach.url))


def _says_its_end() -> Any:  # noqa: ANN401 - a profile of the library, which is an extra
    """A stream that ends without saying why was cut off: a torn reply must not pass for a whole."""
    from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415 - an extra

    return OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)


def _as_servers_have_it() -> Any:  # noqa: ANN401 - a profile of the library, which is an extra
    """They know `max_tokens`; some take OpenAI's newer word, and write on without end (P6).

    Source: issues 7125 of ollama and 1907 of llama-cpp-python.
    """
    from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415 - an extra

    return OpenAIModelProfile(
        openai_chat_streaming_requires_finish_reason=True,
        openai_chat_supports_max_completion_tokens=False,
    )


_NO_KEY: Final = "none"
"""For servers that ask for no key; their client insists on one."""

COMPATIBLE: Final = Family(make=_compatible, shape="openai", extra="models", is_key_needed=False)
"""Any server that speaks OpenAI's chat completions."""

FAMILIES: Final[Mapping[str, Family]] = {
    "openai": Family(
        make=_openai,
        shape="openai-responses-strict",
        extra="models",
        key="OPENAI_API_KEY",
        url="https://api.openai.com/v1",
    ),
    "openai-chat": Family(
        make=_openai_chat,
        shape="openai-strict",
        extra="models",
        key="OPENAI_API_KEY",
        url="https://api.openai.com/v1",
    ),
    "anthropic": Family(
        make=_anthropic,
        shape="anthropic-strict",
        extra="models",
        key="ANTHROPIC_API_KEY",
        url="https://api.anthropic.com",
    ),
    "google": Family(
        make=_google,
        shape="gemini",
        extra="google",
        key="GEMINI_API_KEY",
        leaves_streams=True,
    ),
    "bedrock": Family(
        make=_bedrock,
        shape="anthropic",
        extra="bedrock",
        key="AWS_BEARER_TOKEN_BEDROCK",
        is_key_needed=False,
        failures=_failures_of_bedrock,
    ),
    "mistral": Family(make=_mistral, shape="openai", extra="mistral", key="MISTRAL_API_KEY"),
    "groq": Family(make=_groq, shape="openai", extra="groq", key="GROQ_API_KEY"),
    "ollama": Family(
        make=_ollama,
        shape="openai",
        extra="models",
        key="OLLAMA_API_KEY",
        is_key_needed=False,
        url="http://localhost:11434/v1",
    ),
}
"""Providers by the beginning of a model's name."""


def reached(
    provider: str, model: str, *, secrets: Secrets, server: ModelServer | None = None
) -> tuple[Family, ProviderClient]:
    """A model of a provider; nothing is asked yet.

    Args:
        provider: One of `FAMILIES`, or any name where `server` is given.
        model: As the provider calls it.
        secrets: Reads keys.
        server: Where it is reached, in place of the provider's own address.

    Raises:
        SettingsError: Its key, its library or its region is missing.
    """
    family = FAMILIES.get(provider, COMPATIBLE)
    reach = Reach(
        name=provider,
        key=_key(provider, family, secrets, server),
        url=server.url if server else family.url,
        secrets=secrets,
    )
    try:
        client = family.make(model, reach)
    except ImportError:
        raise SettingsError(
            f"models of {provider} need a library of theirs: pip install 'highroad[{family.extra}]'"
        ) from None
    except UserError as error:  # such as a region of AWS, which nobody named
        raise SettingsError(f"{provider} cannot be reached so: {error}") from None
    _retry_never(client)
    return family, client


def _key(provider: str, family: Family, secrets: Secrets, server: ModelServer | None) -> str | None:
    told = server.key if server else None
    variable = told or family.key
    key = secrets(variable) if variable else None
    if not key and (told or family.is_key_needed):
        raise SettingsError(f"{provider} asks for a key: set {variable} in the environment")
    return key or None


def _retry_never(client: ProviderClient) -> None:
    """Leave retries to the road: a library's own would be paid for, and stand in no ledger.

    Those of Google and Mistral try again only where they are told to.
    """
    sdk: Any = client.provider.client if client.provider else None
    if hasattr(sdk, "max_retries"):  # of OpenAI, Anthropic and Groq
        sdk.max_retries = 0
    elif hasattr(sdk, "meta"):  # of AWS: what decides about it listens to an event
        service = sdk.meta.service_model.service_id.hyphenize()
        sdk.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
