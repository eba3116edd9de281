"""Memories in this process keep the contract too."""

import pytest

from highroad.domain.memory import MemoriesError
from highroad.testing.contracts.memory import HERE, MemoriesContract
from highroad.testing.transient_memories import TransientMemories


class TestTransientMemories(MemoriesContract):
    @pytest.fixture
    def open_memories(self):
        return TransientMemories


async def test_memories_that_were_told_to_fail_do():
    memories = TransientMemories()
    memories.is_down = True
    with pytest.raises(MemoriesError):
        await memories.count(HERE)
