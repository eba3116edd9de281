"""Writing into `highroad.toml` what somebody decided, and leaving all else as it was written."""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final, TypeAlias

from highroad.domain.error import SettingsError

Keys: TypeAlias = Mapping[str, "str | Keys | None"]
"""What is to stand in a table: texts, tables in it, and `None` for what is to go."""

_TABLE: Final = "contracts"
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def write_contracts(file: Path, said: Mapping[str, Keys]) -> None:
    """Write keys of `[contracts.<tool>]`, in one replacement of the file, which need not be there.

    Comments, order and everything else stay. The file is read anew, so what somebody wrote into it
    meanwhile stays too.

    Args:
        file: The settings.
        said: What its table is to have, by name of the tool.

    Raises:
        SettingsError: The file cannot be read or written, is no TOML, or has its contracts in a
            form that nothing can be added to; it is as it was.
    """
    try:
        before = file.read_bytes().decode("utf-8") if file.exists() else ""
        after = with_contracts(before, said)
        _replace(file.resolve(), after)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: it cannot be written: {error}") from None
    except _UnwritableError:
        raise SettingsError(
            f"{file}: its contracts stand in a form that nothing can be added to; write each as "
            "a table of its own, [contracts.<tool>]"
        ) from None


def with_contracts(text: str, said: Mapping[str, Keys]) -> str:
    """The text of a settings file with these keys of `[contracts.<tool>]`."""
    if not said:
        return text
    mark = _BOM if text.startswith(_BOM) else ""
    is_windows = "\r\n" in text
    plain = text.removeprefix(_BOM).replace("\r\n", "\n")
    for tool, keys in said.items():
        plain = _written(plain, {_TABLE: {tool: keys}})
    return mark + (plain.replace("\n", "\r\n") if is_windows else plain)


class _UnwritableError(Exception):
    """What would come of it is not what was to be written."""


def _written(text: str, keys: Keys) -> str:
    """The text with these keys: new tables have headers, or stand in line where those cannot be.

    They cannot in an inline table, nor below dotted keys (`arguments.amount.role = "control"`).
    """
    import tomlkit  # noqa: PLC0415 - only who writes settings needs it

    before = tomllib.loads(text)
    for is_inline in (False, True):
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            document = tomlkit.parse(text)
            _fill(document, keys, is_inline=is_inline)
            after = tomlkit.dumps(document)
            if tomllib.loads(after) == _filled(before, keys):
                return after
    raise _UnwritableError


def _fill(table: Any, keys: Keys, *, is_inline: bool) -> None:  # noqa: ANN401 - of whichever kind
    import tomlkit  # noqa: PLC0415 - as above

    for key, said in keys.items():
        if said is None:
            table.pop(key, None)
        elif isinstance(said, str):
            table[key] = said
        else:
            if key not in table:
                # A super table has a header only where it has more than tables in it.
                table[key] = (
                    tomlkit.inline_table() if is_inline else tomlkit.table(is_super_table=True)
                )
            _fill(table[key], said, is_inline=is_inline)


def _filled(table: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    said = {
        key: each if isinstance(each, str) else _filled(table.get(key, {}), each)
        for key, each in keys.items()
        if each is not None
    }
    return {**{key: each for key, each in table.items() if key not in keys}, **said}


def _replace(file: Path, text: str) -> None:
    """Put the text in the place of the file: whoever reads it finds the old one or the new."""
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    with NamedTemporaryFile("wb", dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        try:
            new.write(text.encode("utf-8"))
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).chmod(mode)
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
