"""Words of names: what is a verb, what changes something, what says nothing.

The lists are our own reading of public tool lists. They are short on purpose: a word that is a verb
only now and then would make lint cry wolf.
"""

import re
from functools import lru_cache
from typing import Final


def word_set(text: str) -> frozenset[str]:
    """The words of a text, which is easier to read and to add to than a list of them."""
    return frozenset(text.split())


REPAIRS: Final = {
    "bool": "boolean",
    "boolean[]": "array",
    "char": "string",
    "dict": "object",
    "double": "number",
    "float": "number",
    "hashmap": "object",
    "HashMap": "object",
    "int": "integer",
    "list": "array",
    "long": "integer",
    "map": "object",
    "str": "string",
    "String": "string",
    "tuple": "array",
}
"""Types of other languages that stand in schemas in the wild, and what JSON Schema calls them."""

READING: Final = word_set(
    """analyze browse calculate check compare compute convert count describe diff download estimate
    examine export fetch find get inspect list load lookup measure monitor parse peek predict
    preview query read retrieve scan search show status summarize track translate validate verify
    view"""
)
CHANGING: Final = word_set(
    """accept activate add append apply approve archive assign ban block book buy cancel charge
    clear close commit confirm copy create deactivate delete deny deploy disable discard drop edit
    enable erase execute exchange follow grant import increment insert install invite invoke issue
    kill launch lock merge modify mount move order overwrite patch pay place post publish purchase
    push put redeem refund register reject remove rename reply reserve reset resize restart restore
    resume return revoke rotate run save schedule send set share ship sell shutdown start stop
    submit subscribe terminate transfer trigger type unassign unban unblock undo unfollow uninstall
    unlock unmount unpublish unregister unshare unsubscribe update upload upsert withdraw write
    """
)
VERBS: Final = READING | CHANGING | {"click", "drag", "generate", "open", "play", "press", "select"}

MILD: Final = word_set("add copy execute import order place return run set start trigger type")
"""Verbs that change something only now and then, so that they prove nothing by themselves."""

WITHOUT_OBJECT: Final = word_set(
    """action call create delete do execute function get handle helper list manage manager perform
    post process put query read remove run search send set task tool update util utils work
    write"""
)
"""Names that do not say what they act on."""

IDIOMS: Final = frozenset(
    {("drag", "drop"), ("find", "replace"), ("search", "replace"), ("copy", "paste")}
)
"""Two verbs that are one job."""

SAYS_NOTHING: Final = word_set(
    """arg args argument arguments bar config data extra extras foo info input inputs item items
    kwargs misc obj object opt options opts other param parameter parameters params payload stuff
    temp thing things tmp val vals value values var"""
)
"""Names of arguments that could stand for anything."""

LONG_TEXT: Final = word_set(
    """body code comment content contents description expression html message markdown note notes
    prompt query script snippet sql summary text thought"""
)
"""Names of arguments that hold as much as somebody likes to write."""

AMOUNTS: Final = word_set(
    """amount batch cents count days depth dollars duration first hours last length limit max
    maximum minutes n number page pages price quantity retries seconds size steps timeout top
    total units"""
)
"""Names of numbers for which it matters how large they may be."""

_SECRETS: Final = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|credentials?|api_?key|private_?key|secret_?key"
    r"|(?:access|auth|bearer|refresh|api|bot|session|oauth)_?token|cvv|cvc)(?:$|_)"
)
_TOKEN: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=4_096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in any of the usual spellings, in lower case."""
    return tuple(word.lower() for word in _TOKEN.findall(name))


def verb_of(name: str) -> str | None:
    """The verb that a name begins with, or that follows the name of a server before it."""
    for word in words_of(name)[:2]:
        if word in VERBS:
            return word
    return None


def is_secret(name: str) -> bool:
    """Whether an argument of this name holds what opens a door."""
    return _SECRETS.search("_".join(words_of(name))) is not None
