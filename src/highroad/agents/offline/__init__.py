"""The offline model `offline:`: tools are chosen and arguments filled by rules, with no network.

`reading` takes a request apart (`numbers`, `dates`, `phrases`), `filling` gives each argument
(`slot`) the best of what `forms`, `amounts`, `lists`, `texts` and `facts` propose, `choice` says
which tool is meant and how sure that is, `step` decides what comes next, and `model` is the port.
"""

from highroad.agents.offline.choice import Routed
from highroad.agents.offline.model import Offline

__all__ = ["Offline", "Routed"]
