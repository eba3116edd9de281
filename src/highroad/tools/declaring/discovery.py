"""Finding the tools that modules declare, for the setting `tools`."""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from highroad.domain.error import HighroadError, SettingsError
from highroad.tools.declaring.members import declared_in

DEPS: Final = "DEPS"
"""Name under which a module of tools says how to make what their bodies ask for."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the modules of the setting `tools` have."""

    tools: tuple[Callable[..., Any], ...]
    deps: Mapping[type, Callable[..., Any]]
    """Of their `DEPS`: how to make what bodies ask for as `ToolContext[Type]`."""


def discover(modules: Iterable[str], root: Path) -> Declared:
    """Import modules, which are looked for from `root` first.

    Raises:
        SettingsError: One cannot be imported.
    """
    tools: list[Callable[..., Any]] = []
    deps: dict[type, Callable[..., Any]] = {}
    for name in modules:
        module = imported(name, root, setting="tools")
        tools += declared_in(module)
        deps |= getattr(module, DEPS, {})
    return Declared(tuple(tools), deps)


def imported(name: str, root: Path, *, setting: str) -> ModuleType:
    """A module that a setting names, which is looked for from `root` first.

    Raises:
        SettingsError: It cannot be imported.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingsError(
            f"{setting}: module {name!r} cannot be imported ({error}); it is looked for from {root}"
        ) from error
    except HighroadError:
        raise
    except Exception as error:  # a module is a user's code, and may raise anything
        raise SettingsError(
            f"{setting}: module {name!r} raises {type(error).__name__} when it is imported; "
            f"`python -c 'import {name}'` in {root} shows where"
        ) from error
