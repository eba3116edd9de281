"""Telling a cancellation from outside from one that an author's code brought on itself."""

import asyncio


def is_called_off() -> bool:
    """Whether a cancellation is the caller's, and not one that author's code brought on itself."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
