"""A contract for import-linter: which library may be imported where."""

import sys
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class LibrariesContract(Contract):
    """Refuses every import of a library outside the rooms that are listed for it.

    Configuration options:
        - libraries: lines of the form `library: room, room`; a room stands for all below it.
        - standard_library_only: rooms that import no library at all, whatever is listed.
    """

    type_name = "libraries"

    libraries = fields.SetField(subfield=fields.StringField())
    standard_library_only = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001  the linter's signature
        """Compare every direct import of a library with the list."""
        allowed = dict(_parsed(_strings(self.libraries)))
        bare = _strings(self.standard_library_only)
        broken = [
            (importer, library, _lines(graph, importer, library))
            for library in sorted(graph.modules)
            if graph.is_module_squashed(library) and library not in sys.stdlib_module_names
            for importer in sorted(graph.find_modules_that_directly_import(library))
            if _is_in(importer, bare) or not _is_in(importer, allowed.get(library, frozenset()))
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per import in the wrong place."""
        for importer, library, lines in check.metadata["broken"]:
            output.print_error(f"{importer} (l.{lines}) may not import {library}", bold=False)
        output.new_line()


def _strings(option: Any) -> frozenset[str]:  # noqa: ANN401  declared as a Field, holds what it parsed
    return frozenset(option)


def _parsed(lines: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for line in lines:
        library, _, rooms = line.partition(":")
        yield library.strip(), frozenset(room.strip() for room in rooms.split(","))


def _is_in(module: str, rooms: AbstractSet[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details = graph.get_import_details(importer=importer, imported=imported)
    return ", ".join(str(detail["line_number"]) for detail in details)
