"""How the ledger is sealed, kept and proved."""

from typing import Final

from highroad.settings.kinds import ABOVE_ZERO, ANCHORS, POSITIVE, TEXT
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting(
        "keys.file",
        TEXT,
        Absent.NONE,
        "Master keys, where the environment has none. In profile `dev` the default is "
        "`.highroad/keys`, which is made on first use.",
    ),
    Setting(
        "retention.payload_days",
        POSITIVE,
        28,
        "Days that arguments, results and messages of calls that ended are kept; entries stay.",
    ),
    Setting(
        "proof.entries",
        POSITIVE,
        1_000,
        "A head of the ledger is signed when so many entries are unsigned.",
    ),
    Setting(
        "proof.seconds",
        ABOVE_ZERO,
        60.0,
        "And so many seconds after the one before, where anything is unsigned.",
    ),
    Setting(
        "proof.anchors",
        ANCHORS,
        (),
        "Places outside the ledger to which signed heads are written. Relative paths, as in "
        "`file:heads.jsonl` and `sqlite:///heads.db`, start at the folder of `highroad.toml`.",
    ),
)
