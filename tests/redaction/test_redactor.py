"""Values are redacted leaf by leaf, and stay what they are otherwise."""

import hashlib
import hmac

import pytest

from highroad.domain.redaction import RedactionMode, RedactionRule, SensitiveKind
from highroad.redaction.detector import Detector
from highroad.redaction.pseudonyms import Pseudonyms, revealed
from highroad.redaction.redactor import Redactor

REDACTOR = Redactor(Detector())
MASK = RedactionRule(mode=RedactionMode.MASK)
PSEUDONYM = RedactionRule(mode=RedactionMode.PSEUDONYM)
CUSTOMER = {
    "id": "C-1",
    "email": "jane@example.com",
    "notes": ["Call +49 30 901820 or write to Jane@example.com.", "nothing"],
    "card": 4111111111111111,
    "age": 42,
    "total": 19.99,
    "active": True,
    "manager": None,
}


def pseudonyms_of(run, values=None):
    def digest(content):
        return hmac.new(run.encode(), content, hashlib.sha256).hexdigest()

    return Pseudonyms(digest, values)


@pytest.fixture
def pseudonyms():
    return pseudonyms_of("run 1")


def test_every_leaf_is_redacted_and_keeps_its_type():
    """Objects, lists, numbers, truth and null are what they were."""
    redacted = REDACTOR.redacted(CUSTOMER, MASK)
    assert redacted.json == CUSTOMER | {
        "email": "hidden@redacted.example",
        "notes": ["Call [phone] or write to [email].", "nothing"],
        "card": 0,
    }
    assert redacted.counts == {
        SensitiveKind.EMAIL: 2,
        SensitiveKind.PHONE: 1,
        SensitiveKind.CARD: 1,
    }


def test_a_number_is_redacted_however_it_is_written():
    """With a fraction of nothing, it is the same number."""
    given = {"card": 4111111111111111.0, "negative": -4111111111111111, "total": 41111111.5}
    assert REDACTOR.redacted(given, MASK).json == {"card": 0.0, "negative": 0, "total": 41111111.5}


def test_what_is_given_is_not_changed():
    """Others hold the same value, and may see it."""
    given = {"email": ["jane@example.com"]}
    REDACTOR.redacted(given, MASK)
    assert given == {"email": ["jane@example.com"]}


def test_what_holds_nothing_is_handed_back_itself():
    """Nothing is copied in vain."""
    given = {"a": [1, {"b": "nothing"}], "c": "nothing"}
    assert REDACTOR.redacted(given, MASK).json is given


def test_keys_are_redacted_too_and_none_is_lost():
    """Members whose keys become the same are told apart."""
    given = {"a@example.com": 1, "b@example.com": 2, "[email]": 3}
    redacted = REDACTOR.redacted(given, MASK).json
    assert sorted(redacted.values()) == [1, 2, 3]
    assert not any("example.com" in key for key in redacted)


def test_each_kind_has_its_own_mode():
    """And the others that of the rule."""
    rule = RedactionRule(
        mode=RedactionMode.MASK,
        kinds={SensitiveKind.PHONE: RedactionMode.KEEP, SensitiveKind.EMAIL: RedactionMode.DROP},
    )
    text = "+49 30 901820, jane@example.com, 4111 1111 1111 1111"
    assert REDACTOR.text(text, rule) == "+49 30 901820, , [card]"


def test_what_is_kept_is_not_counted():
    """Counts are of what was put out of sight."""
    rule = RedactionRule(kinds={SensitiveKind.CARD: RedactionMode.MASK})
    assert REDACTOR.redacted("jane@example.com", rule).counts == {}


def test_the_same_value_has_the_same_pseudonym_however_it_is_written(pseudonyms):
    """So that a model can tell that two records are of one person."""
    text = "jane@example.com, Jane@Example.com, +49 30 901820, +49 (30) 90 18 20"
    first, second, third, fourth = REDACTOR.text(text, PSEUDONYM, pseudonyms).split(", ")
    assert first == second
    assert third == fourth
    assert first != third


def test_a_pseudonym_has_the_form_of_its_kind(pseudonyms):
    """A field for an address still holds one."""
    made = REDACTOR.text("jane@example.com", PSEUDONYM, pseudonyms)
    assert [detection.kind for detection in Detector().find(made)] == [SensitiveKind.EMAIL]


def test_a_pseudonym_is_turned_back_wherever_it_stands():
    """Within its run, in keys as well."""
    values = {}
    made = REDACTOR.text("jane@example.com", PSEUDONYM, pseudonyms_of("run 1", values))
    given = {made: [f"Write to {made}.", 1]}
    assert revealed(given, values) == {"jane@example.com": ["Write to jane@example.com.", 1]}


def test_runs_have_other_pseudonyms_for_the_same_value(pseudonyms):
    """None is found again in another run, and none is turned back there."""
    values = {}
    made = REDACTOR.text("jane@example.com", PSEUDONYM, pseudonyms)
    others = pseudonyms_of("run 2", values)
    assert REDACTOR.text("jane@example.com", PSEUDONYM, others) != made
    assert revealed(made, values) == made


def test_redacting_again_changes_nothing(pseudonyms):
    """A result that repeats a pseudonym has no pseudonym for it."""
    for rule in (MASK, PSEUDONYM):
        once = REDACTOR.redacted(CUSTOMER, rule, pseudonyms).json
        again = REDACTOR.redacted(once, rule, pseudonyms)
        assert again.json == once
        assert again.counts == {}


def test_without_the_run_what_should_have_a_pseudonym_is_masked():
    """Never kept."""
    assert REDACTOR.text("jane@example.com", PSEUDONYM) == "hidden@redacted.example"
