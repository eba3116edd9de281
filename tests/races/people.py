"""Who takes part in a race, what they may do, and the rules that they live under.

What stands here is said a second time, in a way of its own, by the settings: the oracle goes by
these functions and never asks highroad who may decide.
"""

import os

from highroad import Principal
from highroad.settings import load

ALICE = Principal("alice", roles={"manager"}, authenticated=True)
"""Who makes the call; as good a manager as any, but never of her own calls."""
MANAGERS = tuple(
    Principal(f"manager-{number}", roles={"manager"}, authenticated=True) for number in range(48)
)
DIRECTORS = tuple(
    Principal(f"director-{number}", roles={"director"}, authenticated=True) for number in range(6)
)
"""They may decide once nobody has answered for an hour."""
CLERKS = tuple(
    Principal(f"clerk-{number}", roles={"clerk"}, authenticated=True) for number in range(5)
)
"""They may decide about nothing."""
PRETENDERS = tuple(Principal(f"pretender-{number}", roles={"manager"}) for number in range(4))
"""They say that they are managers, and nobody has looked."""
PEOPLE = (ALICE, *MANAGERS, *DIRECTORS, *CLERKS, *PRETENDERS)
ESCALATES_MS = 3_600_000
LASTS_S, USED_WITHIN_MS = 86_400, 7_200_000

RULES = """
[approvals]
four_eyes = true
use_within_s = 7200
escalate_after_s = 3600
escalate_to = ["director"]

[approvals.entitled.manager]
tools = ["wire"]
"""
HOUSES = {
    "plain": RULES,
    "edited elsewhere": RULES + '\n[policy.ask.bury]\nlevel = "args.deep"\n',
    "strict": RULES + "\n[policy.ask.wire]\n"
    'level = \'args.cents > 1000 ? "quorum:3" : "quorum"\'\n',
}
"""What is configured, by a name; a process is opened under one of them."""
ASK = 'args.cents > 1000 ? "quorum" : "human"'
"""The tool's own rule."""
STRICT_ASK = 'args.cents > 1000 ? "quorum:3" : "quorum"'


def rule_of(house):
    """The rule that asks, in a house."""
    return STRICT_ASK if house == "strict" else ASK


def wanted(house, cents):
    """How many people must agree."""
    return (2 if cents > 1000 else 1) + (house == "strict")


def is_entitled(person, *, asked_ms, at_ms):
    """Whether what somebody says about a call of Alice's counts, at a time."""
    if person is ALICE or not person.authenticated:
        return False
    if "director" in person.roles:
        return at_ms >= asked_ms + ESCALATES_MS
    return "manager" in person.roles


def houses(folder):
    """The settings of each house."""
    found = {}
    for name, text in HOUSES.items():
        home = folder / "houses" / name.replace(" ", "-")
        home.mkdir(parents=True, exist_ok=True)
        own = home / f"{os.getpid()}.toml"
        own.write_text(text, "utf-8")
        own.replace(home / "highroad.toml")  # whole, for whoever reads it at this moment
        found[name] = load(home, {})
    return found
