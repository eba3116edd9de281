"""Words and command lines that mean the same with a shell and without one."""

from highroad.tools.semantic.shell.command import ShellCommand
from highroad.tools.semantic.shell.program import Program
from highroad.tools.semantic.shell.word import ShellWord

__all__ = ["Program", "ShellCommand", "ShellWord"]
