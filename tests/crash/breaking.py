"""Rules broken on purpose: other words in their source, in one process alone."""

import sys
from pathlib import Path

from highroad.pipeline import drive


def break_rules(edits):
    """Break a rule on purpose: put other words into its source, in this process alone."""
    for name, words, others in edits:
        module = sys.modules[name]
        path = Path(module.__file__)
        source = path.read_text("utf-8") if not hasattr(module, "broken") else module.broken
        if words not in source:
            raise LookupError(f"{name} has no {words!r} any more")
        module.broken = source.replace(words, others)
        before = dict(vars(module))
        exec(compile(module.broken, str(path), "exec"), vars(module))  # noqa: S102 - the source of ours, changed
        _hand_out(module, before)


def _hand_out(module, before):
    """Who has imported a name of the module gets what stands there now."""
    now = vars(module)
    for other in [each for key, each in sys.modules.items() if key.startswith("highroad")]:
        for name, value in list(vars(other).items()):
            if name in before and before[name] is value and callable(value) and other is not module:
                setattr(other, name, now[name])
    drive.ROAD = tuple(
        stage._replace(decide=getattr(sys.modules[stage.decide.__module__], stage.name))
        for stage in drive.ROAD
    )
