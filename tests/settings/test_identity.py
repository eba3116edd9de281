"""Issuers of tokens, as `highroad.toml` gives them."""

import pytest

from highroad.domain.error import SettingsError
from highroad.domain.identity_rules import IdentityRules, IssuerRule
from highroad.settings import load

ISSUER = """
[identity.issuers.{name}]
issuer = "https://{name}.example"
audience = ["road"]
keys = "{name}.json"
"""


@pytest.fixture
def loaded(tmp_path):
    def load_text(text):
        (tmp_path / "highroad.toml").write_text(text, "utf-8")
        return load(tmp_path, {})

    return load_text


def test_an_issuer_is_read_with_its_file_of_keys_beside_the_settings(loaded, tmp_path):
    text = ISSUER.format(name="first") + 'organizations = ["shop"]\nroles = {admins = "owner"}\n'
    assert loaded(text).identity == IdentityRules(
        issuers={
            "first": IssuerRule(
                name="first",
                issuer="https://first.example",
                audience=("road",),
                keys=f"file://{tmp_path.as_posix()}/first.json",
                organizations=frozenset({"shop"}),
                roles={"admins": "owner"},
            )
        }
    )


def test_two_issuers_that_may_speak_of_one_principal_are_refused(loaded):
    first, second = ISSUER.format(name="first"), ISSUER.format(name="second")
    with pytest.raises(SettingsError, match=r"toml:7: .*first speaks for the same organization"):
        loaded(first + second)
    assert set(loaded(first + second + 'prefix = "2:"\n').identity.issuers) == {"first", "second"}


def test_one_issuer_is_not_given_twice(loaded):
    twice = ISSUER.format(name="second").replace("https://second", "https://first")
    with pytest.raises(SettingsError, match=r"toml:7: .*first is the same issuer"):
        loaded(ISSUER.format(name="first") + twice)
