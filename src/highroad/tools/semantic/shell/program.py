"""A program that a command line may name, and how it may be called."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Final

from highroad.tools.semantic.rule import Semantic

# What a program could take for an option, for a list of options in a file, or for a command
# (`vim +…`, `cc @file`), wherever it stands.
_LEADS: Final = ("-", "+", "@")
_NAME: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_.+/-]*")
_FLAG: Final = re.compile(r"[-+@][^\s=]*")
_MOST_OPERANDS: Final = 8


@dataclass(frozen=True, slots=True)
class Program:
    """A program, or a subcommand of one, and all that may stand behind its name.

    Flags and options are taken as they are written here, and in no other form: neither abbreviated
    nor joined (`-la` is a flag of its own). The value of an option stands behind it, or behind `=`
    where the option begins with `--`.
    """

    name: str
    """As it is called; it is looked up on the path of whoever runs it, unless it is one."""
    _: KW_ONLY
    subcommands: Collection["str | Program"] = ()
    """One of them follows the name at once. One that is given by its name takes the flags, options
    and operands of the program; one with rules of its own is a `Program`."""
    flags: AbstractSet[str] = frozenset()
    """Options without a value."""
    options: Mapping[str, Semantic] = field(default_factory=dict)
    """Options with a value, and what the value must be."""
    operands: Semantic | None = None
    """What each word must be that is no option; `None` is that there are none."""
    most_operands: int = _MOST_OPERANDS
    runs_programs: bool = False
    """That it may run other programs, by its nature or by these options, is meant."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a rule that could never fit, or would fit by accident."""
        if isinstance(self.subcommands, str):
            raise TypeError('subcommands are several, for example subcommands={"status"}')
        names = [self.name, *(each for each in self.subcommands if isinstance(each, str))]
        if not all(_NAME.fullmatch(each) for each in names):
            raise ValueError("programs and subcommands are named by a word, such as git and status")
        if not all(_FLAG.fullmatch(each) for each in (*self.flags, *self.options)):
            raise ValueError(
                f"flags and options of {self.name} are words that begin with -, without a value:"
                f" what takes one belongs into options, with a type for the value"
            )
        if set(self.flags) & set(self.options):
            raise ValueError(f"an option of {self.name} either takes a value or does not")

    def objection(self, words: Sequence[str], within: str = "") -> str | None:
        """The form that would have been right for the words behind the name.

        Args:
            words: They.
            within: The names in front of this one.
        """
        if self.subcommands:
            rules = self._subcommand(words[0]) if words else None
            called = f"{within}{self.name} "
            return self.usage(within) if rules is None else rules.objection(words[1:], called)
        left = self._operands(words)
        if left is None or len(left) > (0 if self.operands is None else self.most_operands):
            return self.usage(within)
        forms = [] if self.operands is None else [self.operands.objection(each) for each in left]
        found = next((form for form in forms if form is not None), None)
        return found and f"{self.usage(within)}, an OPERAND being {found}"

    def usage(self, within: str = "") -> str:
        """How it may be called, each subcommand by itself."""
        called = f"{within}{self.name}"
        if self.subcommands:
            return "; ".join(each.usage(f"{called} ") for each in self._rules())
        parts = [f"[{flag}]" for flag in sorted(self.flags)]
        parts += [f"[{option} VALUE]" for option in sorted(self.options)]
        parts += ["[OPERAND ...]"] if self.operands is not None else []
        return " ".join([called, *parts])

    def words(self) -> Iterator[str]:
        """Every flag, option and subcommand, however deep."""
        yield from self.flags
        yield from self.options
        for each in self._rules():
            yield each.name
            yield from each.words()

    def _rules(self) -> Iterator["Program"]:
        """Of each subcommand."""
        for each in self.subcommands:
            yield each if isinstance(each, Program) else replace(self, name=each, subcommands=())

    def _subcommand(self, name: str) -> "Program | None":
        return next((each for each in self._rules() if each.name == name), None)

    def _operands(self, words: Sequence[str]) -> list[str] | None:
        """The words that are neither flags, options nor values; `None` if an option is wrong."""
        operands: list[str] = []
        waiting = list(reversed(words))
        while waiting:
            word = waiting.pop()
            if not word.startswith(_LEADS):
                operands.append(word)
            elif word not in self.flags and not self._is_option(word, waiting):
                return None
        return operands

    def _is_option(self, word: str, waiting: list[str]) -> bool:
        """Whether it is an option with a fitting value, which is taken from the waiting words."""
        name, is_joined, value = word.partition("=")
        if is_joined:
            rule = self.options.get(name) if name.startswith("--") else None
            return rule is not None and rule.objection(value) is None
        rule = self.options.get(word)
        if rule is None or not waiting or waiting[-1].startswith(_LEADS):
            return False
        return rule.objection(waiting.pop()) is None
