"""Compares what was given with the settings that there are."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from highroad.settings.catalogue import SETTINGS
from highroad.settings.document import Document
from highroad.settings.lines import KeyPath
from highroad.settings.setting import EACH_NAME, EACH_TABLE, Absent, Setting

_Tree: TypeAlias = "dict[str, Setting | _Tree]"


def _grow_tree() -> _Tree:
    tree: _Tree = {}
    for setting in SETTINGS:
        *parents, leaf = setting.path
        branch = tree
        for key in parents:
            inner = branch.setdefault(key, {})
            assert isinstance(inner, dict)  # noqa: S101 - no setting's name begins another's
            branch = inner
        branch[leaf] = setting
    return tree


_TREE: Final = _grow_tree()


def find_problems(document: Document) -> list[str]:
    """Everything that is wrong, each with its place, its setting and what is allowed."""
    return [
        f"{document.place(path)}: {_name(path)}: {reason}"
        for path, reason in _compare(document.table, _TREE, ())
    ]


def _compare(given: Any, known: "Setting | _Tree", path: KeyPath) -> Iterator[tuple[KeyPath, str]]:  # noqa: ANN401 - whatever TOML may hold
    if isinstance(known, Setting):
        if not known.kind.accepts(given):
            yield path, f"it must be {known.kind.allowed}"
    elif EACH_TABLE in known:
        if not isinstance(given, list):
            yield path, f"it must be an array of tables: [[{_name(path)}]]"
            return
        for index, table in enumerate(given):
            yield from _compare(table, known[EACH_TABLE], (*path, index))
    elif not isinstance(given, dict):
        yield path, f"it must be a table: [{_name(path)}]"
    elif EACH_NAME in known:
        for name, table in given.items():
            yield from _compare(table, known[EACH_NAME], (*path, name))
    else:
        yield from _compare_table(given, known, path)


def _compare_table(
    given: dict[str, Any], known: _Tree, path: KeyPath
) -> Iterator[tuple[KeyPath, str]]:
    for name, value in given.items():
        inner = known.get(name)
        if inner is None:
            yield (*path, name), f"there is no such setting; {_suggest(name, known)}"
        else:
            yield from _compare(value, inner, (*path, name))
    for name, setting in known.items():
        is_missing = isinstance(setting, Setting) and setting.default is Absent.REQUIRED
        if is_missing and name not in given:
            yield (*path, name), "it is missing here"


def _suggest(name: str, known: _Tree) -> str:
    near = get_close_matches(name, known, n=2)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(sorted(known))}"


def _name(path: KeyPath) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str))
