"""The stand-alone auditor of a Highroad ledger: the standard library, `cryptography`, nothing else.

It is written from `docs/proof.md` and shares no code with Highroad. `Audit` is the engine, fed
entry by entry; `highroad_auditor.export` feeds it an export, `highroad_auditor.command` is the
command line.
"""

from highroad_auditor.audit import Audit
from highroad_auditor.keys import PublicKey
from highroad_auditor.log import Log
from highroad_auditor.report import Aspect, Code, Problem, Report, Verdict

__all__ = ["Aspect", "Audit", "Code", "Log", "Problem", "PublicKey", "Report", "Verdict"]
