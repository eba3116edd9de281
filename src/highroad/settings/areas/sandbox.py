"""What runs programs that strangers wrote, and within which limits."""

from typing import Final

from highroad.domain.egress import EgressRule
from highroad.domain.sandbox import (
    AMOUNTS,
    DOCKER_SOCKET,
    MODAL_RUNTIMES,
    NAMES,
    RUNTIMES,
    DockerRules,
    E2bRules,
    ModalRules,
    ProgramLimits,
    SandboxRules,
    Strength,
)
from highroad.domain.tool import Tier
from highroad.settings.document import Document
from highroad.settings.kinds import (
    ABOVE_ZERO,
    EGRESS,
    IMAGE,
    MODAL_IMAGE,
    POSITIVE,
    TEXT,
    VARIABLES,
    Kind,
    one_of,
    some_of,
)
from highroad.settings.setting import Absent, Setting

_DEFAULT_SANDBOX: Final = SandboxRules()


def _at_least(tier: Tier) -> Setting:
    """The least strength of a sandbox, by tier."""
    return Setting(
        f"sandbox.{tier}",
        one_of(each.word for each in Strength),
        _DEFAULT_SANDBOX.least[tier].word,
        f"The least that stands between a program and this machine, for tools of tier `{tier}`.",
    )


def _takes_up(name: str, doc: str, kind: Kind = POSITIVE) -> Setting:
    """A setting of how much a program may take up."""
    return Setting(f"sandbox.{name}", kind, getattr(_DEFAULT_SANDBOX.limits, name), doc)


SETTINGS: Final = (
    Setting(
        "sandbox.order",
        some_of(NAMES),
        _DEFAULT_SANDBOX.order,
        "Sandboxes that may be used. The first that is there, runs the language and is strong "
        "enough runs a program.",
    ),
    *map(_at_least, Tier),
    _takes_up("cpu_s", "Seconds of processor time of a program at most."),
    _takes_up("memory_mb", "MiB of memory of each of its processes at most."),
    _takes_up("file_mb", "MiB of files that it writes at most."),
    _takes_up("processes", "Processes of a program at once; its threads count as well."),
    _takes_up("output_bytes", "Bytes of its result and its prints at most."),
    _takes_up("wall_s", "Seconds from its start to its end at most.", ABOVE_ZERO),
    _takes_up("network_mb", "MiB that it sends and receives at most, where it may."),
    Setting(
        "sandbox.egress",
        EGRESS,
        (),
        "What programs may reach whose tool asks for it; without a line there is no network.",
    ),
    Setting(
        "sandbox.variables",
        VARIABLES,
        (),
        'Variables of the environment that bodies in worker processes (`isolation = "process"`) '
        "find beside the usual ones. One that holds a known secret is left out all the same.",
    ),
    Setting(
        "sandbox.docker.image",
        IMAGE,
        Absent.NONE,
        "The image of containers for `docker`, by its digest; without it there are none. It has "
        "`/bin/sh` and `timeout`, and whatever runs the programs: `python3`, `node`.",
    ),
    Setting(
        "sandbox.docker.runtime",
        one_of(RUNTIMES),
        "runc",
        "What runs containers: `runc` (namespaces), `runsc` (gVisor: kernel), `kata` (machine). "
        "The engine must know it by that name.",
    ),
    Setting(
        "sandbox.docker.socket",
        TEXT,
        DOCKER_SOCKET,
        "The unix socket of the engine.",
    ),
    Setting(
        "sandbox.e2b.template",
        TEXT,
        Absent.NONE,
        "What machines of E2B are made from, for `e2b`; without it there are none. The key stands "
        "in the variable `E2B_API_KEY`.",
    ),
    Setting("sandbox.e2b.domain", TEXT, "e2b.app", "Where E2B is; your own, if you run it."),
    Setting(
        "sandbox.modal.image",
        MODAL_IMAGE,
        Absent.NONE,
        "The image of machines of Modal for `modal`, by its id; without it there are none. It has "
        "`/bin/sh`, `/bin/sleep`, and whatever runs the programs: `python3`, `node`. The token "
        "stands in the variables `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET`.",
    ),
    Setting(
        "sandbox.modal.runtime",
        one_of(MODAL_RUNTIMES),
        "gvisor",
        "What runs them: `gvisor` (kernel) or `vm` (machine). Modal must offer it to you.",
    ),
    Setting("sandbox.modal.app", TEXT, "highroad", "The app at Modal whose machines they are."),
)


def read(document: Document) -> SandboxRules:
    """What was said; a sandbox that needs an image or a template is there with one alone."""
    table = document.get(("sandbox",), {})
    usual = SandboxRules()
    least = {tier: Strength.named(table[tier]) for tier in Tier if tier in table}
    limits = {name: table[name] for name in AMOUNTS if name in table}
    docker, e2b, modal = (table.get(name, {}) for name in ("docker", "e2b", "modal"))
    egress = tuple(map(EgressRule.read, table.get("egress", ())))
    return SandboxRules(
        order=tuple(table.get("order", usual.order)),
        least={**usual.least, **least},
        limits=ProgramLimits(**limits, egress=egress),
        variables=tuple(table.get("variables", usual.variables)),
        docker=DockerRules(**docker) if "image" in docker else None,
        e2b=E2bRules(**e2b) if "template" in e2b else None,
        modal=ModalRules(**modal) if "image" in modal else None,
    )
