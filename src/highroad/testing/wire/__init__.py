"""A server on this machine that plays a provider of models, on the wire.

    async with ProviderServer(lambda asked: Play(reply=reply)) as server:
        model = OpenAI(base_url=server.url)

It speaks OpenAI's chat completions and responses, Anthropic's messages, Google's content, Bedrock's
Converse, and what Mistral, Groq and Ollama made of chat completions, whole and streamed, and fails
as it is told. What speaks to it is the real thing, up to the socket.
"""

from highroad.testing.wire.play import Asked, Play, Refusal, obliging
from highroad.testing.wire.server import ProviderServer

__all__ = ["Asked", "Play", "ProviderServer", "Refusal", "obliging"]
