"""What `[redaction]` in highroad.toml comes to."""

from pathlib import Path

import pytest

from highroad.domain.error import SettingsError
from highroad.domain.redaction import InArguments, RedactionMode, SensitiveKind
from highroad.settings import load


def rules(text):
    Path("highroad.toml").write_text(text)
    return load(Path.cwd(), {}).redaction


def test_nothing_is_redacted_unless_something_is_set():
    """In either profile."""
    assert rules("").are_off


def test_a_kind_has_its_own_mode_and_the_others_that_of_all():
    """A tool's mode holds for every kind of its results."""
    found = rules(
        '[redaction]\nmode = "mask"\narguments = "off"\n[redaction.kinds]\nip = "keep"\n'
        '[redaction.tools.whois]\nmode = "drop"\n'
    )
    assert found.of("any").of(SensitiveKind.EMAIL) is RedactionMode.MASK
    assert found.of("any").of(SensitiveKind.IP) is RedactionMode.KEEP
    assert found.of("whois").of(SensitiveKind.IP) is RedactionMode.DROP
    assert found.arguments is InArguments.OFF


@pytest.mark.parametrize("text", ['kinds.shoe_size = "mask"', 'mode = "hide"'])
def test_what_there_is_not_is_an_error(text):
    """Or a misspelt kind would stay in sight."""
    with pytest.raises(SettingsError):
        rules(f"[redaction]\n{text}\n")
