"""What a tool is for, as far as its name, tier and permissions tell.

Every answer is a guess from words. The lists hold general words of English and no name of any tool;
a tool in another language has the closed defaults, and lint says what was not derived.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Final

from highroad.domain.permission import StandardPermission
from highroad.domain.tool import Tier, ToolDefinition
from highroad.domain.value import value
from highroad.tools.derivation.boundary import leaves_boundary
from highroad.tools.derivation.sentence import verb_and_thing
from highroad.tools.words import VERBS, word_set, words_of

_MONEY: Final = word_set(
    """bank buy charge crypto deposit donate donation fund funds iban invest invoice money pay
    payment payments payout payroll purchase refund reimburse remit salary sell tip trade
    transaction transactions wallet wire withdraw withdrawal"""
)
_RIGHTS: Final = word_set(
    """2fa acl admin administrator credential credentials factor firewall grant lock mfa password
    passwords permission permissions privilege privileges revoke role roles sudo unlock"""
)
_SAYING: Final = word_set(
    """add announce answer append comment compose create draft email leave log mail message notify
    open post publish remark remind reply save schedule send share sms store submit tell text
    update write"""
)
_TELLING: Final = word_set(
    """alert announce answer broadcast comment email fax forward invite mail message notify ping
    post publish reply respond send share sms tell text tweet warn"""
)
"""Verbs of tools that hand on what they are given to somebody who reads it."""
_MAKING: Final = word_set(
    """analyse analyze calculate classify compute convert crawl decode decrypt download eval
    evaluate execute extract generate interpret ocr parse render run scan scrape summarise summarize
    transcribe transform translate"""
)
"""Verbs of tools whose result is made of what they were handed, or of what they go and fetch."""
_SENT: Final = word_set(
    """article articles attachment attachments bill bills calendar call calls chat chats comment
    comments deposit deposits document documents email emails event events feed feedback file files
    forum inbox invitation invitations invite invites invoice invoices issue issues lead leads
    letter letters mail mails meeting meetings message messages news notification notifications
    page pages payment payments post posts quote quotes rating ratings reply replies review reviews
    sms submission submissions survey thread threads ticket tickets transaction transactions
    transfer transfers tweet tweets upload uploads voicemail web webpage website"""
)
"""What others send: who sends one chooses what stands in it."""
_OWN: Final = word_set(
    "addressbook colleague colleagues contact contacts directory employee employees me my profile "
    "settings staff"
)
"""Where the user or the organization keeps the addresses of those whom they know."""
_ROSTERS: Final = word_set(
    """account accounts channel channels colleague colleagues contact contacts customer customers
    directory employee employees group groups member members participant participants people person
    profile staff team teams user users workspace"""
)
"""Lists of those who take part, into which somebody was let."""
_CHANGING_IN_PLACE: Final = word_set(
    """amend archive cancel change clear close delete discard drop edit erase modify move postpone
    purge remove rename replace reschedule reset revoke set terminate update withdraw"""
)
"""Verbs of what is done to a record that is there already."""
_LETTING_IN: Final = word_set("add admit assign enroll grant invite join share")
SYSTEM_COMMANDS: Final = StandardPermission.SYSTEM_COMMANDS
FINANCIAL: Final = StandardPermission.FINANCIAL_OPERATIONS
_NOT_ABOUT: Final = word_set(
    """a all an and any as at by details first for from full if in info into it its last latest list
    many most my new of on one or recent several some than that the their this to up which with
    your"""
)


@value(eq=False, slots=False)
class Purpose:
    """What a tool is for.

    Args:
        definition: As it was declared.
    """

    definition: ToolDefinition

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return words_of(self.definition.name)

    @cached_property
    def verb(self) -> str | None:
        """The verb of its name: its first, or the one behind the name of a server."""
        known = VERBS | _SAYING | _MAKING | _CHANGING_IN_PLACE
        return next((word for word in self.words[:3] if word in known), None)

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """What its name says that it acts on."""
        words = self.words
        start = 0 if self.verb is None else words.index(self.verb) + 1
        return tuple(word for word in words[start:] if word not in _NOT_ABOUT)

    @cached_property
    def sentence(self) -> tuple[str, ...]:
        """What its first sentence says that it does: a verb, and the thing."""
        return verb_and_thing(self.definition.description)

    @cached_property
    def brings(self) -> tuple[str, ...]:
        """Words for what its result is, by its name.

        Those of its first sentence count where they say that others send it: that is stricter.
        """
        thing = self.sentence[1:]
        return (*self.objects, *thing) if is_sent(thing) else self.objects

    @cached_property
    def is_financial(self) -> bool:
        """Whether it may move money."""
        definition = self.definition
        if not definition.has_effects:
            return False
        return FINANCIAL in definition.permissions or not _MONEY.isdisjoint(self.words)

    @cached_property
    def is_privileged(self) -> bool:
        """Whether it may change who can do what."""
        definition = self.definition
        if definition.tier is Tier.PRIVILEGED or SYSTEM_COMMANDS in definition.permissions:
            return True
        return definition.has_effects and not _RIGHTS.isdisjoint(self.words)

    @cached_property
    def lets_in(self) -> bool:
        """Whether it lets somebody in somewhere."""
        acted_on = {*self.objects, *self.sentence[1:]}
        return (
            self.definition.has_effects
            and self.verb in _LETTING_IN
            and not _ROSTERS.isdisjoint({*acted_on, *self.words})
        )

    @cached_property
    def changes_in_place(self) -> bool:
        """Whether it changes a record that is there, or takes it away."""
        return self.definition.has_effects and self.verb in _CHANGING_IN_PLACE

    @cached_property
    def says_something(self) -> bool:
        """Whether it says or stores what it is given, and runs none of it."""
        definition = self.definition
        is_saying = self.verb in _SAYING and _MAKING.isdisjoint(self.words)
        return (
            definition.has_effects and is_saying and SYSTEM_COMMANDS not in definition.permissions
        )

    @cached_property
    def has_a_deed(self) -> bool:
        """Whether it has effects that follow from what it is, and runs nothing of what it is given.

        What stands in a text beside its other arguments then changes nothing of what it does.
        """
        definition = self.definition
        is_known = self.verb is not None or bool(self.sentence)
        is_running = SYSTEM_COMMANDS in definition.permissions or self.makes_its_result
        return definition.has_effects and is_known and not is_running

    @cached_property
    def tells_somebody(self) -> bool:
        """Whether somebody reads what it is given, by its verb or that of its first sentence."""
        return self.definition.has_effects and not _TELLING.isdisjoint(
            {self.verb, *self.words[:1], *self.sentence[:1]}
        )

    @cached_property
    def makes_its_result(self) -> bool:
        """Whether its result follows from what it is handed, and is worth no more than that."""
        return self.definition.transform is True or not _MAKING.isdisjoint(self.words[:3])

    @cached_property
    def leaves_boundary(self) -> bool:
        """Whether its results come from outside of this program."""
        return leaves_boundary(self.definition)

    @cached_property
    def is_unread(self) -> bool:
        """Whether no word of its name is in any list, nor the verb of its first sentence."""
        known = (_MONEY, _RIGHTS, _SENT, _OWN, _ROSTERS)
        return (
            self.verb is None
            and not self.sentence
            and all(words.isdisjoint(self.words) for words in known)
        )


def is_sent(words: Iterable[str]) -> bool:
    """Whether something of this name is chosen by whoever sends it."""
    return not _SENT.isdisjoint(words)


def is_own_directory(words: Iterable[str]) -> bool:
    """Whether something of this name is where one keeps whom one knows."""
    return not _OWN.isdisjoint(words)


def is_roster(words: Iterable[str]) -> bool:
    """Whether something of this name lists those who take part."""
    return not _ROSTERS.isdisjoint(words)
