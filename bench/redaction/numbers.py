"""Numbers as their issuers make them, each with its check digits by its own specification.

Written from the specifications and not from the recognizers, which it does not import: where both
misread a rule, they would have to misread it alike.
"""

import string
from collections.abc import Callable
from random import Random
from typing import Final

Maker = Callable[[Random], str]

_UPPER: Final = string.ascii_uppercase
_ALNUM: Final = string.ascii_letters + string.digits


def digits(chance: Random, count: int) -> str:
    """So many decimal digits."""
    return "".join(chance.choices(string.digits, k=count))


def iban(chance: Random) -> str:
    """An account of one of eight countries, compact or in groups of four (ISO 13616)."""
    country, form = chance.choice(
        [
            ("DE", "n" * 18),
            ("GB", "aaaa" + "n" * 14),
            ("FR", "n" * 10 + "c" * 11 + "nn"),
            ("NL", "aaaa" + "n" * 10),
            ("ES", "n" * 20),
            ("IT", "a" + "n" * 10 + "c" * 12),
            ("PL", "n" * 24),
            ("MT", "aaaa" + "nnnnn" + "c" * 18),
        ]
    )
    signs = {"n": string.digits, "a": _UPPER, "c": string.digits + _UPPER}
    account = "".join(chance.choice(signs[each]) for each in form)
    as_number = "".join(str(_UPPER.index(s) + 10) if s in _UPPER else s for s in account + country)
    whole = f"{country}{98 - int(as_number + '00') % 97:02d}{account}"
    grouped = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return chance.choice([whole, grouped])


def card(chance: Random) -> str:
    """A payment card, by prefix and length of its issuer, with Luhn's digit (ISO/IEC 7812)."""
    prefix, length, groups = chance.choice(
        [
            ("4", 16, (4, 4, 4, 4)),
            (str(chance.randint(51, 55)), 16, (4, 4, 4, 4)),
            (str(chance.randint(2221, 2720)), 16, (4, 4, 4, 4)),
            ("37", 15, (4, 6, 5)),
            ("6011", 16, (4, 4, 4, 4)),
            ("3530", 16, (4, 4, 4, 4)),
        ]
    )
    body = prefix + digits(chance, length - len(prefix) - 1)
    return _grouped(chance, body + _luhn_digit(body), groups, ("", " ", "-"))


def _luhn_digit(body: str) -> str:
    total = 0
    for at, sign in enumerate(reversed(body)):
        total += sum(divmod(int(sign) * 2, 10)) if at % 2 == 0 else int(sign)
    return str((10 - total % 10) % 10)


def _grouped(
    chance: Random, number: str, groups: tuple[int, ...], separators: tuple[str, ...]
) -> str:
    parts, at = [], 0
    for size in groups:
        parts.append(number[at : at + size])
        at += size
    return chance.choice(separators).join(parts)


def ssn(chance: Random) -> str:
    """US: three groups, none of zeros; areas 666 and from 900 on are not issued."""
    area = chance.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03d}-{chance.randint(1, 99):02d}-{chance.randint(1, 9999):04d}"


def nino(chance: Random) -> str:
    """UK: two letters, six digits, one of A to D."""
    prefix = chance.choice(["AB", "CE", "JG", "PW", "SR", "YZ", "HL", "LX"])
    number = digits(chance, 6)
    plain = f"{prefix}{number}{chance.choice('ABCD')}"
    spaced = f"{prefix} {number[:2]} {number[2:4]} {number[4:]} {plain[-1]}"
    return chance.choice([plain, spaced])


def steuer_id(chance: Random) -> str:
    """Germany: ten digits of which one comes twice, and one by ISO 7064 MOD 11,10."""
    kept = chance.sample(range(10), 9)
    body = [*kept, chance.choice(kept)]
    while body[0] == 0 or body[-1] == body[-2]:
        chance.shuffle(body)
    product = 10
    for digit in body:
        total = (digit + product) % 10
        product = (2 * (10 if total == 0 else total)) % 11
    return "".join(map(str, body)) + str((11 - product) % 10)


def nir(chance: Random) -> str:
    """France: sex, year, month, department, commune, order, and 97 less the remainder."""
    body = (
        f"{chance.randint(1, 2)}{chance.randint(0, 99):02d}{chance.randint(1, 12):02d}"
        f"{chance.randint(1, 95):02d}{chance.randint(1, 990):03d}{chance.randint(1, 999):03d}"
    )
    key = f"{97 - int(body) % 97:02d}"
    spaced = " ".join((body[0], body[1:3], body[3:5], body[5:7], body[7:10], body[10:], key))
    return chance.choice([body + key, spaced])


def dni(chance: Random) -> str:
    """Spain: eight digits, or X, Y, Z and seven, with the letter of the remainder by 23."""
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if chance.choice([True, False]):
        number = digits(chance, 8)
        return number + letters[int(number) % 23]
    first, number = chance.randrange(3), digits(chance, 7)
    return "XYZ"[first] + number + letters[int(f"{first}{number}") % 23]


_ODD_VALUES: Final = dict(
    zip(
        string.digits + _UPPER,
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10),
            *(22, 25, 24, 23),
        ),
        strict=True,
    )
)


def codice_fiscale(chance: Random) -> str:
    """Italy: six consonants, year, month letter, day, town, and a letter of the sum by 26."""
    names = "".join(chance.choices("BCDFGLMNPRSTVZ", k=6))
    day = chance.randint(1, 31) + chance.choice([0, 40])
    month = chance.choice("ABCDEHLMPRST")
    town = chance.choice("ABCDEFGHIL") + digits(chance, 3)
    body = f"{names}{digits(chance, 2)}{month}{day:02d}{town}"
    total = 0
    for place, sign in enumerate(body, start=1):
        even = int(sign) if sign.isdigit() else _UPPER.index(sign)
        total += _ODD_VALUES[sign] if place % 2 else even
    return body + _UPPER[total % 26]


def bsn(chance: Random) -> str:
    """Netherlands: the eleven test."""
    while True:
        body = digits(chance, 8)
        total = sum(int(sign) * weight for sign, weight in zip(body, range(9, 1, -1), strict=True))
        if body[0] != "0" and len(check := str(total % 11)) == 1:
            return body + check


def pesel(chance: Random) -> str:
    """Poland: birth date with the century in its month, serial, weighted digit."""
    year, month, day = chance.randint(1940, 2015), chance.randint(1, 12), chance.randint(1, 28)
    body = f"{year % 100:02d}{month + 20 * (year // 2000):02d}{day:02d}{digits(chance, 4)}"
    total = sum(int(s) * w for s, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return body + str((10 - total % 10) % 10)


def personnummer(chance: Random) -> str:
    """Sweden: birth date, a dash, three digits, Luhn's over the nine."""
    body = f"{chance.randint(40, 99):02d}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    serial = digits(chance, 3)
    century = chance.choice(["", "19"])
    return f"{century}{body}-{serial}{_luhn_digit(body + serial)}"


def cpf(chance: Random) -> str:
    """Brazil: nine digits, and two by their remainders by 11."""
    body = digits(chance, 9)
    for length in (9, 10):
        total = sum(int(body[at]) * (length + 1 - at) for at in range(length))
        body += str(total * 10 % 11 % 10)
    return f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"


_SIDES: Final = 5
"""Of the figure that the dihedral group turns."""


def aadhaar(chance: Random) -> str:
    """India: eleven digits and Verhoeff's, in groups of four."""
    body = chance.choice("23456789") + digits(chance, 10)
    number = body + _verhoeff_digit(body)
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def _verhoeff_digit(body: str) -> str:
    """By the dihedral group of ten, computed rather than looked up."""

    def times(left: int, right: int) -> int:
        is_turned, rotated = divmod(left, _SIDES)
        will_turn, further = divmod(right, _SIDES)
        rotated += -further if is_turned else further
        return rotated % _SIDES + _SIDES * (is_turned ^ will_turn)

    swap = {0: 1, 1: 5, 2: 7, 3: 6, 4: 2, 5: 8, 6: 3, 7: 0, 8: 9, 9: 4}
    carry = 0
    for place, sign in enumerate(reversed(body), start=1):
        digit = int(sign)
        for _ in range(place % 8):
            digit = swap[digit]
        carry = times(carry, digit)
    return str(next(each for each in range(10) if times(carry, each) == 0))


def email(chance: Random) -> str:
    """An address, as people have them."""
    first = chance.choice(["anna", "j.smith", "mehmet.kaya", "o'neil", "lea_b", "x1", "m+shop"])
    host = chance.choice(["example.com", "mail.example.org", "example.co.uk", "exämple.net"])
    return f"{first}{chance.choice(['', '42', '.1987'])}@{host}"


def phone(chance: Random) -> str:
    """A number of one of six countries, with its country (ITU-T E.123) or as written at home."""
    line = digits(chance, 7)
    area = f"{chance.randint(2, 9)}{chance.randint(0, 8)}{chance.randint(1, 9)}"
    return chance.choice(
        [
            f"+1 {area} {chance.randint(200, 999)} {line[:4]}",
            f"({area}) {chance.randint(200, 999)}-{line[:4]}",
            f"{area}-{chance.randint(200, 999)}-{line[:4]}",
            f"+49 30 {line}",
            f"+49 (0)171 {line}",
            f"+44 20 7{line[:3]} {line[3:]}",
            f"+33 1 {line[:2]} {line[2:4]} {line[4:6]} 0{line[6]}",
            f"01 {line[:2]} {line[2:4]} {line[4:6]} 1{line[6]}",
            f"+91 98{line[:3]} {line[3:]}9",
            f"+34 6{line[:2]} {line[2:5]} {line[4:7]}",
        ]
    )


def phone_at_home(chance: Random) -> str:
    """A number that only a word tells for one."""
    line = digits(chance, 7)
    return chance.choice([f"030 {line}", f"0171/{line}", f"020 7946 0{line[:3]}", f"91 {line}"])


def ipv4(chance: Random) -> str:
    """An address of a machine (RFC 791)."""
    first = chance.choice([10, 172, 192, 203, 8, 93])
    return f"{first}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


def ipv6(chance: Random) -> str:
    """An address in full, or shortened (RFC 5952)."""
    groups = [f"{chance.randint(1, 65535):x}" for _ in range(7)]
    return chance.choice(
        ["2001:" + ":".join(groups), f"2001:db8::{groups[0]}", f"fe80::{groups[1]}:{groups[2]}"]
    )


def key(chance: Random) -> str:
    """A key of one of nine issuers, by their documentation."""

    def drawn(count: int, signs: str = _ALNUM) -> str:
        return "".join(chance.choices(signs, k=count))

    return chance.choice(
        [
            "AKIA" + drawn(16, _UPPER + "234567"),
            "ghp_" + drawn(36),
            "github_pat_" + drawn(22) + "_" + drawn(59),
            "xoxb-" + digits(chance, 12) + "-" + digits(chance, 12) + "-" + drawn(24),
            "sk_live_" + drawn(24),
            "sk-ant-api03-" + drawn(93) + "AA",
            "sk-proj-" + drawn(48),
            "AIza" + drawn(35),
            "eyJ" + drawn(33) + ".eyJ" + drawn(60) + "." + drawn(43, _ALNUM + "-_"),
        ]
    )


def drawn_key(chance: Random) -> str:
    """A key of nobody who could be told by it."""
    return "".join(chance.choices(_ALNUM, k=chance.choice([24, 32, 40])))
