"""Texts with what is in them: prose in four languages, JSON, logs, code, tables, and lookalikes.

The same seed makes the same corpus. Nothing here knows how the recognizers work.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha1, sha256
from random import Random
from typing import Final

from bench.redaction import numbers
from bench.redaction.numbers import Maker, digits


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, the name of the field in which it stands, and what is in it.

    Args:
        text: The text.
        name: Empty where it stands in no field.
        labels: Start, end and kind of each piece; empty of a lookalike.
        about: What was made, for a table by number.
    """

    text: str
    name: str
    labels: tuple[tuple[int, int, str], ...]
    about: str


@dataclass(frozen=True, slots=True)
class Sort:
    """Something that is put into texts.

    Args:
        about: What it is called in tables.
        kind: Of its label.
        make: Makes one.
        called: Words for it in prose, in English, German, French, Spanish.
        field: The name of its field in records.
    """

    about: str
    kind: str
    make: Maker
    called: tuple[str, str, str, str]
    field: str


def _everywhere(word: str) -> tuple[str, str, str, str]:
    return (word, word, word, word)


SORTS: Final = (
    Sort("email", "email", numbers.email, ("e-mail", "E-Mail", "e-mail", "correo"), "email"),
    Sort("phone", "phone", numbers.phone, ("phone", "Telefon", "téléphone", "teléfono"), "phone"),
    Sort(
        "phone-local",
        "phone",
        numbers.phone_at_home,
        ("phone", "Telefon", "téléphone", "teléfono"),
        "phone_number",
    ),
    Sort("iban", "iban", numbers.iban, _everywhere("IBAN"), "iban"),
    Sort("card", "card", numbers.card, ("card", "Karte", "carte", "tarjeta"), "card_number"),
    Sort("us-ssn", "national_id", numbers.ssn, _everywhere("SSN"), "ssn"),
    Sort("uk-nino", "national_id", numbers.nino, _everywhere("National Insurance number"), "nino"),
    Sort("de-steuer-id", "national_id", numbers.steuer_id, _everywhere("Steuer-ID"), "steuer_id"),
    Sort("fr-nir", "national_id", numbers.nir, _everywhere("numéro de sécurité sociale"), "nir"),
    Sort("es-dni", "national_id", numbers.dni, _everywhere("DNI"), "dni"),
    Sort(
        "it-codice-fiscale",
        "national_id",
        numbers.codice_fiscale,
        _everywhere("codice fiscale"),
        "codice_fiscale",
    ),
    Sort("nl-bsn", "national_id", numbers.bsn, _everywhere("BSN"), "bsn"),
    Sort("pl-pesel", "national_id", numbers.pesel, _everywhere("PESEL"), "pesel"),
    Sort(
        "se-personnummer",
        "national_id",
        numbers.personnummer,
        _everywhere("personnummer"),
        "personnummer",
    ),
    Sort("br-cpf", "national_id", numbers.cpf, _everywhere("CPF"), "cpf"),
    Sort("in-aadhaar", "national_id", numbers.aadhaar, _everywhere("Aadhaar"), "aadhaar"),
    Sort("ipv4", "ip", numbers.ipv4, ("address", "Adresse", "adresse", "dirección"), "ip"),
    Sort("ipv6", "ip", numbers.ipv6, ("address", "Adresse", "adresse", "dirección"), "client_ip"),
    Sort("key", "key", numbers.key, ("key", "Schlüssel", "clé", "clave"), "key"),
    Sort(
        "key-drawn",
        "key",
        numbers.drawn_key,
        ("API key", "Passwort", "mot de passe", "contraseña"),
        "api_key",
    ),
)

_PROSE: Final = (
    ("Please note my {word}: {it}. Thank you for the quick reply on Friday.", 0),
    ("The customer's {word} is {it}, and the parcel of order 48213 came late.", 0),
    ("Hello, as agreed on 12 May 2026 I send you {word} {it} for the 3 invoices.", 0),
    ("Bitte notieren Sie {word} {it}, die Lieferung kam am 12.05.2026 an.", 1),
    ("Die Kundin hat {word} {it} angegeben; der Betrag von 1.249,00 EUR ist offen.", 1),
    ("Voici {word} {it} pour la commande 48213 du 12/05/2026.", 2),
    ("Le client a donné {word} {it}, montant 1 249,00 EUR.", 2),
    ("El cliente dejó {word} {it} para el pedido 48213 del 12/05/2026.", 3),
)
_BARE: Final = (
    "It says {it} on the form.",
    "{it}",
    "See also {it} (checked twice).",
    "Er schrieb {it}.",
)
_LOGS: Final = (
    "2026-05-12T10:15:30.123Z INFO request_id=7f3a9c21 {field}={it} status=200 took=13ms",
    "[12/May/2026:10:15:30 +0000] WARN worker-3 rejected {field} {it} after 3 attempts",
)
_CODE: Final = (
    '{field} = "{it}"  # line 128',
    "client.update(id=4711, {field}='{it}')",
)
_TABLE: Final = "id,name,{field},total\n1001,Row One,{it},19.99\n1002,Row Two,,5.00"


def corpus(seed: int, of_each: int) -> list[Labelled]:
    """So many texts of each sort in each shape, and as many lookalikes of each sort."""
    chance = Random(seed)  # noqa: S311 - texts, no keys
    made = [each for sort in SORTS for each in _of_sort(chance, sort, of_each)]
    made += [each for _ in range(of_each) for each in _lookalikes(chance)]
    chance.shuffle(made)
    return made


def _of_sort(chance: Random, sort: Sort, count: int) -> Iterator[Labelled]:
    for _ in range(count):
        template, language = chance.choice(_PROSE)
        yield _put(template, chance, sort, language)
        yield _put(chance.choice(_LOGS), chance, sort)
        yield _put(chance.choice(_CODE), chance, sort)
        yield _put(_TABLE, chance, sort)
        if sort.about not in {"phone-local", "key-drawn"}:  # without a word these are anything
            yield _put(chance.choice(_BARE), chance, sort)
        it = sort.make(chance)
        yield Labelled(it, sort.field, ((0, len(it), sort.kind),), sort.about)


def _put(template: str, chance: Random, sort: Sort, language: int = 0) -> Labelled:
    it = sort.make(chance)
    before, _, after = template.partition("{it}")
    words = {"{word}": sort.called[language], "{field}": sort.field}
    for mark, word in words.items():
        before, after = before.replace(mark, word), after.replace(mark, word)
    start = len(before)
    return Labelled(before + it + after, "", ((start, start + len(it), sort.kind),), sort.about)


def _lookalikes(chance: Random) -> Iterator[Labelled]:
    for about, it in _others(chance):
        frame = chance.choice(
            ["{}", "The value {} was stored.", "ref={} ok", "Die Nummer {} ist neu.", "({})"]
        )
        yield Labelled(frame.format(it), chance.choice(["", "id", "value", "note"]), (), about)


def _others(chance: Random) -> Sequence[tuple[str, str]]:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(  # noqa: UP017 - reads plainer
        seconds=chance.randrange(10**8)
    )
    some = str(chance.random()).encode()
    return (
        ("order number", f"ORD-{digits(chance, 6)}"),
        ("order number", f"#{digits(chance, chance.randint(5, 10))}"),
        ("long number", digits(chance, chance.randint(6, 18))),
        ("grouped number", f"{digits(chance, 4)}-{digits(chance, 4)}-{digits(chance, 4)}"),
        ("version", ".".join(str(chance.randint(0, 40)) for _ in range(3))),
        ("version", f"v{'.'.join(str(chance.randint(0, 40)) for _ in range(4))}"),
        ("uuid", str(uuid.UUID(int=chance.getrandbits(128), version=4))),
        ("moment", moment.isoformat()),
        ("moment", moment.strftime("%Y-%m-%d %H:%M:%S")),
        ("moment", moment.strftime("%d.%m.%Y %H:%M")),
        ("unix time", str(int(moment.timestamp() * chance.choice([1, 1000])))),
        ("hash", sha256(some).hexdigest()),
        ("hash", sha1(some).hexdigest()),  # noqa: S324 - as git has them
        ("price", f"{chance.randint(1, 999)},{digits(chance, 3)}.{digits(chance, 2)} EUR"),
        ("price", f"€{chance.randint(1, 9)}.{digits(chance, 3)}.{digits(chance, 3)},00"),
        ("isbn", _isbn(chance)),
        ("ean", _ean(chance)),
        ("tracking number", f"1Z{digits(chance, 3)}W{digits(chance, 3)}{digits(chance, 8)}"),
        ("coordinates", f"{chance.uniform(-90, 90):.6f}, {chance.uniform(-180, 180):.6f}"),
        ("mac address", ":".join(f"{chance.randrange(256):02x}" for _ in range(6))),
        ("time", moment.strftime("%H:%M:%S")),
        ("handle", f"@user_{digits(chance, 4)}"),
        ("path", f"/srv/app/releases/{digits(chance, 14)}/lib/module_name_of_some_length.py"),
        ("identifier", "ThisIsARatherLongNameOfAClassInJava"),
    )


def _isbn(chance: Random) -> str:
    body = f"978{digits(chance, 9)}"
    number = body + _ean_digit(body)
    return chance.choice(
        [number, f"{number[:3]}-{number[3]}-{number[4:6]}-{number[6:12]}-{number[12]}"]
    )


def _ean(chance: Random) -> str:
    body = f"40{digits(chance, 10)}"
    return body + _ean_digit(body)


def _ean_digit(body: str) -> str:
    total = sum(int(sign) * (3 if at % 2 else 1) for at, sign in enumerate(body))
    return str((10 - total % 10) % 10)
