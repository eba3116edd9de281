"""The stand-alone auditor of a Highroad ledger: the standard library, `cryptography`, nothing else.

It is written from `docs/proof.md` and shares no code with Highroad. `Audit` is the engine, fed
entry by entry; `highroad_auditor.export` feeds it an export, `highroad_auditor.command` is the
command line.
"""

from highroad_auditor.audit import Audit
from highroad_auditor.keys import PublicKey
from highroad_auditor.log import Log
from highroad_auditor.problem import Aspect, Code, Problem, Verdict
from highroad_auditor.report import AnnouncedKey, Listing, LogReport, Report, Tail

__all__ = [
    "AnnouncedKey",
    "Aspect",
    "Audit",
    "Code",
    "Listing",
    "Log",
    "LogReport",
    "Problem",
    "PublicKey",
    "Report",
    "Tail",
    "Verdict",
]
