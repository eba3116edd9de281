"""What the whole runtime is put together from."""

from typing import Final

from highroad.settings.kinds import LEDGER, MEMORY_OR_REDIS, TEXTS, TRUTH, one_of
from highroad.settings.profile import Profile
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        "profile",
        one_of(Profile),
        Profile.DEV,
        "Where this runs. `production` denies by default, makes up no key and refuses `--as`.",
    ),
    Setting(
        "ledger",
        LEDGER,
        "sqlite:///.highroad/ledger.db",
        "Where the ledger is. A relative path starts at the folder of `highroad.toml`.",
    ),
    Setting(
        "counters",
        MEMORY_OR_REDIS,
        "memory:",
        "Where budgets, rates, places and breakers are counted: in this process, or in a Redis for "
        "all processes that name it.",
    ),
    Setting(
        "cache",
        MEMORY_OR_REDIS,
        "memory:",
        "Where results of reads are kept that declare `cache_s`: in this process, or in Redis for "
        "all of them.",
    ),
    Setting(
        "tools",
        TEXTS,
        (),
        "Modules whose tools the command line serves, such as `shop.tools`.",
    ),
    Setting(
        "agents",
        TEXTS,
        (),
        "Modules whose agents the command line runs and resumes, such as `shop.agents`.",
    ),
    Setting(
        "runs.dry_run",
        TRUTH,
        default=False,
        doc="Make a dry run of every call with effects, by whatever door it comes: it says what "
        "would happen, and nothing does.",
    ),
)
