"""Labelled proposals: each correct write of the set, changed into what a model gets wrong.

What is made of a write depends on the seed and the write alone. A proposal says what is wrong with
it; what the road makes of it is not known here.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from bench.retail.changes import broken_rules, foreign, made_up, plausible
from bench.retail.changes.situation import Change, Family, Proposal, Situation
from bench.retail.requests import products_of, reads
from bench.retail.road import Deed

_CHANGES: Final[Mapping[Family, Sequence[Change]]] = {
    Family.MADE_UP: made_up.CHANGES,
    Family.FOREIGN: foreign.CHANGES,
    Family.RULE: broken_rules.CHANGES,
    Family.WRONG_TOOL: plausible.WRONG_TOOLS,
    Family.OTHER_VALUE: plausible.OTHER_VALUES,
    Family.OTHER_REQUEST: plausible.OTHER_REQUESTS,
}
_TAKEN: Final = {
    Family.MADE_UP: 3,
    Family.FOREIGN: 1,
    Family.RULE: 3,
    Family.WRONG_TOOL: 1,
    Family.OTHER_VALUE: 1,
    Family.OTHER_REQUEST: 1,
}
"""How many proposals of each family are made of a write, where there are so many."""


def proposals(situation: Situation) -> list[Proposal]:
    """What is made of one write, each another deed than it and than each other."""
    seen = {_key(each) for each in situation.request.writes}
    taken: list[Proposal] = []
    for family, most in _TAKEN.items():
        if family is Family.MADE_UP:
            continue
        found = list(_shuffled(situation, family))
        taken += _first(found, most, seen)
    known = _told(situation, taken)
    fresh = [each for each in _shuffled(situation, Family.MADE_UP) if not _is_told(each, known)]
    return [*_first(fresh, _TAKEN[Family.MADE_UP], seen), *taken]


def scene_reads(situation: Situation, made: Iterable[Proposal]) -> list[list[Deed]]:
    """What a model has read that comes to make these proposals."""
    given = list(made)
    orders = [order for each in given for order in each.orders]
    products = [product for each in given for product in each.products]
    own = products_of(situation.deed, situation.stock)
    return reads(situation.request, orders, [*own, *products])


def _shuffled(situation: Situation, family: Family) -> Iterator[Proposal]:
    """One after the other of each kind, so that none is crowded out by one that is frequent."""
    found = [proposal for change in _CHANGES[family] for proposal in change(situation)]
    situation.random.shuffle(found)
    kinds: dict[str, list[Proposal]] = {}
    for each in found:
        kinds.setdefault(each.kind, []).append(each)
    while kinds:
        for kind in list(kinds):
            yield kinds[kind].pop()
            if not kinds[kind]:
                del kinds[kind]


def _first(found: Sequence[Proposal], most: int, seen: set[str]) -> list[Proposal]:
    taken: list[Proposal] = []
    for each in found:
        if len(taken) < most and _key(each.deed) not in seen:
            seen.add(_key(each.deed))
            taken.append(each)
    return taken


def _key(deed: Deed) -> str:
    return json.dumps([deed.tool, deed.arguments], sort_keys=True)


def _told(situation: Situation, made: Iterable[Proposal]) -> str:
    """All that stands in the request and the records that are read."""
    tables = {
        "get_user_details": ("user_id", situation.stock.users),
        "get_order_details": ("order_id", situation.stock.orders),
        "get_product_details": ("product_id", situation.stock.products),
    }
    records = [
        json.dumps(tables[read.tool][1].get(read.arguments[tables[read.tool][0]]))
        for reply in scene_reads(situation, made)
        for read in reply
        if read.tool in tables
    ]
    return " ".join([situation.request.text, *records]).casefold()


def _is_told(proposal: Proposal, known: str) -> bool:
    """Whether the value that was made up stands somewhere after all."""
    made_up = re.escape((proposal.made_up or "").casefold())
    return re.search(rf"(?<!\w){made_up}(?!\w)", known) is not None
