"""The corpora of attacks, as `scripts/attack_figures.py` reads them."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "attack_figures.py"


def load():
    spec = spec_from_file_location("attack_figures", SCRIPT)
    module = module_from_spec(spec)
    sys.modules["attack_figures"] = module  # where dataclasses look for the names of a module
    spec.loader.exec_module(module)
    return module


FIGURES = load()


@pytest.fixture(scope="session")
def entries():
    """Reads the entries of a corpus by the name of its file."""
    return FIGURES.entries


@pytest.fixture(scope="session")
def suites():
    """The suites by the name of their attacks."""
    return {suite.attacks: suite for suite in FIGURES.SUITES}


def pytest_generate_tests(metafunc):
    """A test that takes a `suite` runs once for each."""
    if "suite" in metafunc.fixturenames:
        metafunc.parametrize("suite", FIGURES.SUITES, ids=lambda suite: suite.name)
