"""What users prefer: a few short settings of their own, which a model is always shown."""

import re
from collections.abc import Mapping
from typing import Final

import orjson

from highroad.agents.memory.spaces import id_of, space_of_preferences
from highroad.agents.memory.wording import worded
from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.domain.memory import SealedMemory
from highroad.ledger.keyring import Keyring
from highroad.ports.clock import Clock
from highroad.ports.memory import Memories

MOST_PREFERENCES: Final = 32
MOST_CHARACTERS: Final = 200
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Preferences:
    """Keeps what users have set themselves; no tool sets any, so each is a user's own word.

    Args:
        memories: Where they are kept.
        keyring: For names and seals.
        clock: Says when something was set.
    """

    def __init__(self, memories: Memories, keyring: Keyring, clock: Clock) -> None:
        self._memories = memories
        self._keyring = keyring
        self._clock = clock

    async def set(self, name: str, text: str, *, principal: Principal) -> None:
        """Set one, in place of what it was.

        Raises:
            HighroadError: The name is none, or there are too many.
            ToolError: The text is too long, or nothing.
            MemoriesError: It could not be kept.
        """
        if _NAME.fullmatch(name) is None:
            raise HighroadError(
                "the name of a preference has 1 to 40 of a to z, 0 to 9 and _, a letter first"
            )
        space, memory_id = self._place(name, principal)
        is_new = await self._memories.get(space, memory_id) is None
        if is_new and await self._memories.count(space) >= MOST_PREFERENCES:
            raise HighroadError(f"a user has {MOST_PREFERENCES} preferences at most: unset one")
        content = orjson.dumps([name, worded(text, most=MOST_CHARACTERS)])
        key = self._keyring.organization(principal.organization)
        await self._memories.put(
            SealedMemory(
                id=memory_id,
                space=space,
                sealed=key.seal_memory(space, memory_id, content),
                created_ms=self._clock.now_ms(),
            )
        )

    async def unset(self, name: str, *, principal: Principal) -> bool:
        """Forget one; whether it was set.

        Raises:
            MemoriesError: The memories cannot be reached.
        """
        return await self._memories.forget(*self._place(name, principal))

    async def of(self, principal: Principal) -> Mapping[str, str]:
        """All of a user's, in the order of names.

        Raises:
            MemoriesError: The memories cannot be reached.
        """
        key = self._keyring.organization(principal.organization)
        space = space_of_preferences(key, key.opaque(principal.id))
        page = await self._memories.page(space, limit=MOST_PREFERENCES)
        return dict(sorted(orjson.loads(key.open_memory(space, it.id, it.sealed)) for it in page))

    def _place(self, name: str, principal: Principal) -> tuple[str, str]:
        key = self._keyring.organization(principal.organization)
        space = space_of_preferences(key, key.opaque(principal.id))
        return space, id_of(key, space, name)


def shown(preferences: Mapping[str, str]) -> str:
    """What a model is told of preferences, behind an agent's instructions; nothing without any.

    Read them once when a run begins, and show the same in all of its requests: what comes first
    in a request must not change, or no provider's cache hits.
    """
    if not preferences:
        return ""
    told = "\n".join(
        f"- {name}: {orjson.dumps(preferences[name]).decode()}" for name in sorted(preferences)
    )
    return f"The user prefers (set by themselves; no rule of yours is changed by it):\n{told}"
