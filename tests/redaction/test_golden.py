"""Numbers that were published as examples are found; with one digit changed they are not.

The sources of the examples stand beside them.
"""

import re

import pytest

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.detector import Detector

DETECTOR = Detector()

PUBLISHED = [
    # ISO 13616 examples of the IBAN registry (SWIFT)
    ("iban", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "DE89370400440532013000"),
    ("iban", "FR1420041010050500013M02606"),
    ("iban", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
    ("iban", "NO9386011117947"),
    ("iban", "LV80BANK0000435195001"),
    # test numbers in the documentation of Visa, Mastercard, American Express, Discover and JCB
    ("card", "4111 1111 1111 1111"),
    ("card", "5555-5555-5555-4444"),
    ("card", "378282246310005"),
    ("card", "6011111111111117"),
    ("card", "3530111333300000"),
    ("card", "2223003122003222"),
    # Bundeszentralamt für Steuern, examples of the structure
    ("de-steuer-id", "Steuer-ID 86095742719"),
    ("de-steuer-id", "Steuer-ID: 65 929 970 489"),
    # Wikipedia, "Numéro de sécurité sociale en France"
    ("fr-nir", "2 55 08 14 168 025 38"),
    # Ministerio del Interior, the specimen of the DNI; the NIE of its page on the control letter
    ("es-dni", "12345678Z"),
    ("es-dni", "X1234567L"),
    # Agenzia delle Entrate, "Rossi Mario"
    ("it-codice-fiscale", "RSSMRA85T10A562S"),
    # Rijksdienst voor Identiteitsgegevens, test numbers
    ("nl-bsn", "BSN 111222333"),
    # Wikipedia, "PESEL"
    ("pl-pesel", "PESEL 44051401359"),
    # Skatteverket, SKV 704
    ("se-personnummer", "811218-9876"),
    # Receita Federal's algorithm, the example of Wikipedia, "Cadastro de Pessoas Físicas"
    ("br-cpf", "529.982.247-25"),
    # UIDAI, test data
    ("in-aadhaar", "9999 4105 7058"),
]
UNCHECKED = [
    ("us-ssn", "536-90-4399"),
    ("uk-nino", "AB 12 34 56 C"),
    ("phone-e164", "+1 (415) 555-2671"),
    ("phone-e164", "+49 30 901820"),
    ("phone-nanp", "(415) 555-2671"),
    ("phone-fr", "01 42 68 53 00"),
    ("phone-local", "Tel. 030 901820"),
    ("email", "a.b+c@example.co.uk"),
    ("email", "josé@exámple.com"),
    ("ipv4", "198.51.100.7"),  # RFC 5737
    ("ipv6", "2001:db8::8a2e:370:7334"),  # RFC 3849
    ("ipv6", "fe80::1ff:fe23:4567:890a"),
    ("key-prefix", "AKIAIOSFODNN7EXAMPLE"),  # AWS documentation
    ("key-prefix", "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"),
    ("key-prefix", "sk-ant-api03-" + "Ab1_" * 10),
    ("key-prefix", "xoxb-123456789012-abcdefABCDEF"),
    ("key-prefix", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0"),
    ("key-pem", "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAK\n-----END PRIVATE KEY-----"),
    ("key-url", "postgres://shop:s3cr3t@db.example.com/orders"),
    ("key-entropy", "token: 9f8Kd02LsPq7Xz1Vb3NmQw"),
]
OTHERS = [
    "550e8400-e29b-41d4-a716-446655440000",
    "2026-11-22T10:15:30.123456Z",
    "2026-11-22 10:15",
    "order 4711-0815-2342",
    "v1.2.3.4 and version 10.0.19045.2965",
    "978-3-16-148410-0",
    "EAN 4006381333931",
    "d41d8cd98f00b204e9800998ecf8427e",
    "€1,234,567.89 of 12.345.678,90",
    "127.0.0.1 and ::1",
    "12:30:45 std::vector::iterator",
    "1700000000123",
    "@alice wrote to #general",
    "postgres://db.example.com:5432/orders",
    "000-12-3456 or 900-12-3456",
]


def rules_of(text):
    return [detection.rule for detection in DETECTOR.find(text)]


def _start(text):
    """Behind the word, or the scheme, that says what it is."""
    said = re.match(r"(?:Steuer-ID:?|BSN|PESEL|Tel\.|token:) |\w+://", text)
    return 0 if said is None else said.end()


@pytest.mark.parametrize(("rule", "text"), [*PUBLISHED, *UNCHECKED])
def test_a_published_example_is_found_within_a_sentence(rule, text):
    """By its own recognizer, from its first sign to its last."""
    sentence = f"Filed: {text}, as agreed."
    (detection,) = DETECTOR.find(sentence)
    assert detection.rule == rule
    assert sentence[detection.start : detection.end] == text[_start(text) :].split("/orders")[0]


@pytest.mark.parametrize(("rule", "text"), PUBLISHED)
def test_with_another_last_sign_it_is_not_of_its_kind(rule, text):
    """A check digit admits one of ten, or of 23, and never its neighbour."""
    neighbour = {"9": "0", "Z": "A"}.get(text[-1], chr(ord(text[-1]) + 1))
    assert rule not in rules_of(text[:-1] + neighbour)


@pytest.mark.parametrize("text", OTHERS)
def test_what_only_looks_like_it_is_left(text):
    """Ids, versions, moments, prices, hashes."""
    assert rules_of(text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("phone", "5550123"),
        ("customerPhone", "030 901820"),
        ("tax_id", "86095742719"),
        ("ssn", "536904399"),
        ("bsn", "111222333"),
        ("api_key", "9f8Kd02LsPq7Xz1Vb3NmQw"),
    ],
)
def test_the_name_of_a_field_says_what_the_form_does_not(name, text):
    """Without it, the same text is anything."""
    assert rules_of(text) == []
    assert len(DETECTOR.find(text, name)) == 1


def test_only_wanted_kinds_are_looked_for():
    """The others are not even asked."""
    found = Detector([SensitiveKind.EMAIL]).find("a@example.com has 4111 1111 1111 1111")
    assert [detection.kind for detection in found] == ["email"]


def test_what_overlaps_is_one_finding_over_all_of_it():
    """Half a number that was left over would tell it."""
    text = "mail://shop:s3cr3t@db.example.com"
    (detection,) = DETECTOR.find(text)
    assert text[: detection.start] + text[detection.end :] == "mail://"
