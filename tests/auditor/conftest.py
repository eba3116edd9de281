"""What the tests of the auditor stand on: a writer of ledgers that knows the page and no code."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def _import(name):
    """Tests are found by path, so what they share is made importable by name here."""
    spec = spec_from_file_location(name, HERE / f"{name}.py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_import("proof_author")
_import("proof_stories")
_import("proof_audits")
_import("proof_vectors")
_import("proof_chance")
_import("second_auditor")


@pytest.fixture
def vectors(repository):
    return repository / "tests" / "data" / "proof" / "vectors.json"
