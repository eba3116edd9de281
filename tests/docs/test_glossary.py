"""One entry for each noun that the code uses, and no entry for one that it does not."""

import ast
import re

import pytest

TERM = re.compile(r"^\*\*([^*]+)\*\*: ", re.MULTILINE)
CORE = """
    amendment, approval, attempt, budget, call, claim, delegate, desk, doorway, effect
    class, ending, entry, evidence, explanation, fence, flight, hold, inbox, intent,
    keyring, label, leg, obligation, origin, outcome, payload, pin, policy, preview,
    principal, probe, problem, projection, proof, proposal, rate, reservation, rider, run,
    slot, store, tier, trail, vault, verdict
"""
OF_A_LANGUAGE = {
    *("Code", "Column", "Effect", "Ids", "Line", "Row", "Source", "Status", "Table"),
    *("File", "Image", "Json", "Text"),
}
"""Classes whose noun is the field's own, or stands under another entry."""
WORDS_OF_VERDICTS = {"Conclude", "Deny", "Permit", "Proceed", "Refuse", "Then", "Written", "Clock"}


@pytest.fixture
def terms(page_of):
    return TERM.findall(page_of("GLOSSARY.md").text)


@pytest.fixture(scope="session")
def source(repository):
    return {
        file: file.read_text("utf-8") for file in (repository / "src" / "highroad").rglob("*.py")
    }


def test_every_noun_has_one_entry(terms):
    assert len(terms) == len(set(terms))


def test_every_noun_of_the_glossary_stands_in_the_source(terms, source):
    text = re.sub(r"[_\s]+", " ", "\n".join(source.values())).lower()
    unused = [term for term in terms if not re.search(rf"\b{term.lower()}(s|d|ed|es)?\b", text)]
    assert not unused


def test_the_core_nouns_have_an_entry(terms):
    assert set(terms) >= set(" ".join(CORE.split()).split(", "))


def test_every_value_of_the_domain_whose_name_is_a_noun_has_an_entry(terms, source):
    words = {word for term in terms for word in term.split()}
    missing = {
        node.name
        for file, text in source.items()
        if file.parent.name in {"domain", "ports"}
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and re.fullmatch(r"[A-Z][a-z]+", node.name)
        if not {node.name.lower(), node.name.lower().removesuffix("s")} & words
    }
    endings = {"Completed", "Refused", "Failed", "Expired", "Cancelled", "Held"}
    assert missing <= OF_A_LANGUAGE | WORDS_OF_VERDICTS | endings
