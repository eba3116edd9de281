"""Words that say what a tool does to the world. General words of English, and no tool's name."""

from typing import Final

from highroad.tools.words import CHANGING, READING, VERBS, word_set

READS: Final = READING - {"download", "export", "track", "monitor"} | {"display"}
"""Verbs after which nothing is different. What is exported or downloaded lands somewhere."""
NOUNS: Final = word_set(
    """block book charge commit copy drop exchange follow import invite issue lock merge mount move
    order patch place post purchase refund release reply reserve return run schedule set share
    start stop transfer trigger type"""
)
"""Changing words that are things as well: `get_order`, `search_order_history`."""
CHANGES: Final = (
    CHANGING
    | word_set(
        """alter attach bind broadcast call cast click configure connect control convey crop destroy
    detach dial dispatch donate draft draw drag email emit enqueue enroll evict fill format forward
    generate give go hand handle hover import init initialize input interact join like load log
    manage manipulate migrate navigate notify operate overwrite play press print promote provision
    purge rebase rebuild record redirect refresh rewrite remember replace request retry retweet
    scale seed select sign simulate stage store swap switch sync tag tap terminate toggle trade
    trash truncate tweet unlike unmount unset wipe withdraw wire"""
    )
    - READS
)
"""Words of which any in a name says that something is different afterwards."""
THINGS: Final = word_set("control draft email format log record request tag tweet")
"""Changing words that are things more often than not: `git_log`, `read_email`."""
PLAIN: Final = CHANGES - NOUNS - THINGS - {"call", "handle", "like", "load", "print"}
"""Those that are hardly ever things."""
HARMLESS: Final = word_set("copy draft format log record set tag type")
"""Things of which one more, or one less, is of no weight: `add_tag`."""
GENTLE: Final = word_set("add checkout create open resize select stage star switch")
"""Changes that leave in place what was there."""
SETTLING: Final = word_set(
    """clear close delete disable enable erase overwrite put remove replace reset set stage star
    write"""
)
"""Changes after which a second one like it finds nothing left to do."""
RUNNING: Final = word_set(
    """bash cmd command commands eval evaluate exec execute powershell script scripts shell sudo
    terminal"""
)
"""Words of what runs whatever it is handed."""
RUN_ARGUMENTS: Final = word_set("cmd code command commands javascript program script shell")
"""Arguments that are run."""
STATEMENTS: Final = word_set("cypher graphql mutation sql statement")
"""Languages in which what asks and what changes look alike."""
WRITTEN_ARGUMENTS: Final = frozenset(
    {"output_file", "output_path", "overwrite", "save_as", "save_to"}
)
"""Arguments that say where something is put."""
CHOOSING_ARGUMENTS: Final = word_set("action command method mode operation")
"""Arguments that choose what is done."""
KNOWN: Final = VERBS | CHANGES | READS
