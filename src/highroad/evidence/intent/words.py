"""Verbs and things that mean nearly the same, in a small table of our own.

A class is a row; its first word is its name. The table only decides which requests call for which
tools: a word that is missing in it makes a person be asked, and never lets a call through.
"""

from typing import Final

from highroad.evidence.intent.stems import stem

_DEEDS: Final = """
    send e-mail email mail message notify text post forward reply respond tell inform publish say
        write contact announce ping dm let-know send-back answer alert warn
    pay transfer wire remit refund reimburse repay deposit payment settle-up
    delete remove erase cancel drop discard clear wipe terminate unsubscribe kick uninstall revoke
        withdraw cancellation close void annul scrap get-rid take-out take-off call-off
    create add make schedule book set-up setup plan arrange register reserve reservation booking
        organize organise open append insert new put start save upload place write draft generate
        issue file note log record subscribe upsert invoice bill
    update change set modify edit adjust correct fix rename replace move reschedule postpone amend
        alter switch shift push swap exchange convert turn increase raise lower reduce extend
        upgrade downgrade put enter upsert point
    share grant invite give permit allow authorize authorise invitation let-in
    buy order purchase shop checkout
    book reserve reservation booking schedule
    return exchange swap replace send-back
    unlock open
    lock close shut
    enable activate turn-on switch-on start
    disable deactivate turn-off switch-off stop suspend pause
    run execute launch invoke
    download fetch save export
    upload import
    transfer escalate hand-over connect
    approve accept confirm
    reject decline refuse deny
    call phone ring dial
    remind reminder
    move relocate copy rename
    assign delegate
    merge join
    print play
    deploy ship release roll-out launch
    rollback roll-back revert undo restore
    scale resize increase raise double triple halve reduce lower grow shrink
    renew prolong extend
"""
_THINGS: Final = """
    money fund cash payment transaction transfer amount bill invoice rent salary dollar euro pound
        fee debt price deposit refund standing-order
    email e-mail mail message inbox dm note text letter
    event meeting appointment calendar call
    file document doc attachment folder report sheet
    person user member contact participant people guest friend colleague attendee employee customer
    account profile login user-info
    password passphrase passcode passwd credential pin
    order purchase item product
    address street city
    hotel room stay accommodation
    restaurant table
    flight ticket trip
    car taxi cab ride rental
    door lock gate
    post tweet status update
    reminder task todo alarm
    channel group room
    link url webpage website page site article blog
    photo picture image
    repository repo project
"""
_NOUNS: Final = """
    alert answer bill book booking call cancellation change check close copy deposit double draft
    email e-mail exchange export file fix import increase invitation invoice issue launch list lock
    log look mail message move new note open order payment phone place plan play point post print
    purchase raise record refund release reminder reply report reservation return ring rollback run
    scale schedule set share ship shop start status stop switch text transaction transfer turn
    update view void
"""
_AS_NOUN: Final = frozenset(map(stem, _NOUNS.split()))
"""Stems that are as often a thing as a deed: they are a deed where a verb stands."""


def _rows(table: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in table.strip("\n").splitlines():
        is_further = line.startswith(" " * 8)
        if is_further:
            rows[-1] += line.split()
        elif line.strip():
            rows.append(line.split())
    return rows


def _classes(table: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for number, row in enumerate(_rows(table)):
        for word in row:
            key = " ".join(stem(part) for part in word.split("-")) if word != "e-mail" else "e-mail"
            found.setdefault(key, set()).add(f"{row[0]}.{number}")
    return {key: frozenset(names) for key, names in found.items()}


DEEDS: Final = _classes(_DEEDS)
"""The classes of each verb, by its stem; of a verb of two words by both."""
THINGS: Final = _classes(_THINGS)
"""The classes of each thing."""


def deeds_of(stemmed: str) -> frozenset[str]:
    """The classes of a verb; one of its own where the table has none."""
    return DEEDS.get(stemmed) or frozenset({stemmed})


def things_of(stemmed: str) -> frozenset[str]:
    """The classes of a thing, and the word itself."""
    return THINGS.get(stemmed, frozenset()) | {stemmed}


def is_often_noun(stemmed: str) -> bool:
    """Whether a word of the table may as well be a thing."""
    return stemmed in _AS_NOUN
