"""The filter of system calls that a program in bubblewrap lives under, as the kernel reads it.

A program of classic BPF (`linux/filter.h`, `linux/seccomp.h`), written here since the libraries
that write one are stale. It names what is forbidden: what loads code into the kernel, what looks
into other processes or makes namespaces, where memory is hidden from limits, sockets, and further
processes where the program may have one only.
"""

import errno
import platform
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final

_INSTRUCTION: Final = Struct("=HBBI")
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000
_NUMBER_AT: Final = 0
_MACHINE_AT: Final = 4
_FIRST_ARGUMENT_AT: Final = 16
_SECOND_ARGUMENT_AT: Final = 24
_THIRD_ARGUMENT_AT: Final = 32
_AND: Final = 0x54

_CLONE_THREAD: Final = 0x00010000
_CLONE_NEW: Final = 0x7E020000
"""Every flag that makes a namespace (`linux/sched.h`)."""
_SOCK_STREAM: Final = 1
_KIND: Final = 0xF
"""What of a socket's second argument is its kind; the rest are flags."""
_TCP: Final = 6
_TIOCSTI: Final = 0x5412
_TIOCLINUX: Final = 0x541C
_UNKNOWN: Final = 463
"""From here on nobody has looked at what calls do; `mseal`, of Linux 6.10, is the last before it.

Above stand those of the x32 form of x86-64 as well, which have a bit of their own.
"""

_SINCE_424: Final = """
    pidfd_send_signal=424 io_uring_setup=425 io_uring_enter=426 io_uring_register=427
    open_tree=428 move_mount=429 fsopen=430 fsconfig=431 fsmount=432 fspick=433 pidfd_open=434
    pidfd_getfd=438 process_madvise=440 mount_setattr=442 quotactl_fd=443 memfd_secret=447
    process_mrelease=448 set_mempolicy_home_node=450 statmount=457 listmount=458
"""
"""From here on all machines number alike."""
_X86_64: Final = """
    shmget=29 shmat=30 shmctl=31 msgget=68 semget=64 ptrace=101 syslog=103 mknod=133
    uselib=134 personality=135 ustat=136 sysfs=139 vhangup=153 modify_ldt=154 pivot_root=155
    sysctl=156 adjtimex=159 chroot=161 acct=163 settimeofday=164 mount=165 umount2=166
    swapon=167 swapoff=168 reboot=169 sethostname=170 setdomainname=171 iopl=172 ioperm=173
    create_module=174 init_module=175 delete_module=176 quotactl=179 nfsservctl=180
    lookup_dcookie=212 clock_settime=227 mbind=237 set_mempolicy=238 get_mempolicy=239
    mq_open=240 kexec_load=246 add_key=248 request_key=249 keyctl=250 migrate_pages=256
    mknodat=259 unshare=272 move_pages=279 perf_event_open=298 fanotify_init=300
    name_to_handle_at=303 open_by_handle_at=304 clock_adjtime=305 setns=308
    process_vm_readv=310 process_vm_writev=311 kcmp=312 finit_module=313 memfd_create=319
    kexec_file_load=320 bpf=321 userfaultfd=323
"""
_ARM_64: Final = """
    lookup_dcookie=18 mknodat=33 umount2=39 mount=40 pivot_root=41 nfsservctl=42 chroot=51
    vhangup=58 quotactl=60 acct=89 personality=92 unshare=97 kexec_load=104 init_module=105
    delete_module=106 clock_settime=112 syslog=116 ptrace=117 reboot=142 sethostname=161
    setdomainname=162 settimeofday=170 adjtimex=171 mq_open=180 msgget=186 semget=190
    shmget=194 shmctl=195 shmat=196 add_key=217 request_key=218 keyctl=219 swapon=224
    swapoff=225 mbind=235 get_mempolicy=236 set_mempolicy=237 migrate_pages=238 move_pages=239
    perf_event_open=241 fanotify_init=262 name_to_handle_at=264 open_by_handle_at=265
    clock_adjtime=266 setns=268 process_vm_readv=270 process_vm_writev=271 kcmp=272
    finit_module=273 memfd_create=279 bpf=280 userfaultfd=282 kexec_file_load=294
"""


class Machine:
    """What a filter has to know of a processor.

    Args:
        audit: Its number in `linux/audit.h`.
        forbidden: Calls that no program may make, by name, as in `linux/unistd.h`.
        forking: Those that make a process and nothing else.
        clone: Makes a process or a thread, by its flags.
        socket: Opens a way out.
        ioctl: Two of its requests write into the terminal of others.
    """

    __slots__ = ("audit", "clone", "forbidden", "forking", "ioctl", "socket")

    def __init__(  # noqa: PLR0913 - numbers, each by name
        self,
        *,
        audit: int,
        forbidden: str,
        forking: Sequence[int],
        clone: int,
        socket: int,
        ioctl: int,
    ) -> None:
        self.audit: int = audit
        self.forbidden: dict[str, int] = dict(_numbers(forbidden + _SINCE_424))
        self.forking: tuple[int, ...] = tuple(forking)
        self.clone: int = clone
        self.socket: int = socket
        self.ioctl: int = ioctl


def _numbers(table: str) -> Iterator[tuple[str, int]]:
    for each in table.split():
        name, _, number = each.partition("=")
        yield name, int(number)


MACHINES: Final = {
    "x86_64": Machine(
        audit=0xC000003E, forbidden=_X86_64, forking=(57, 58), clone=56, socket=41, ioctl=16
    ),
    "aarch64": Machine(
        audit=0xC00000B7, forbidden=_ARM_64, forking=(), clone=220, socket=198, ioctl=29
    ),
}
"""The processors for which there is a filter, as the kernel calls them."""
_CLONE3: Final = 435


def machine() -> Machine | None:
    """This machine's processor; `None` where no filter is written for it."""
    return MACHINES.get(platform.machine())


def filter_for(machine: Machine, *, may_fork: bool, families: Sequence[int] = ()) -> bytes:
    """The filter, for `bwrap --seccomp`.

    Args:
        machine: Of this computer.
        may_fork: Whether there may be further processes.
        families: Of streams that may be opened as sockets; any other socket is refused.

    A refused call fails as if it were not permitted, and one that makes a process as the kernel's
    own limit has it fail (EAGAIN). `clone3` hides its flags from filters, and is told to be
    unknown: the C library then takes `clone`. So is told of every call that came to kernels later
    than those that are known here.
    """
    code = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_JUMP_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, 0, 1, _UNKNOWN),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    ]
    for number in machine.forbidden.values():
        code += _refused(number, errno.EPERM)
    code += _streams(machine.socket, families)
    code += _refused(_CLONE3, errno.ENOSYS)
    code += [
        (_JUMP_EQUAL, 0, 5, machine.ioctl),
        (_LOAD, 0, 0, _SECOND_ARGUMENT_AT),
        (_JUMP_EQUAL, 1, 0, _TIOCSTI),
        (_JUMP_EQUAL, 0, 1, _TIOCLINUX),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    if not may_fork:
        for number in machine.forking:
            code += _refused(number, errno.EAGAIN)
    code += [
        (_JUMP_EQUAL, 0, 6, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_ANY_BIT, 0, 1, _CLONE_NEW),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_JUMP_ANY_BIT, 1, 0, 0xFFFFFFFF if may_fork else _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE | errno.EAGAIN),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(_INSTRUCTION.pack(*each) for each in code)


def _refused(number: int, code: int) -> list[tuple[int, int, int, int]]:
    return [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE | code)]


def _streams(number: int, families: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Sockets: streams of these families, with no protocol but TCP."""
    if not families:
        return _refused(number, errno.EPERM)
    accepting = [
        (_LOAD, 0, 0, _SECOND_ARGUMENT_AT),
        (_AND, 0, 0, _KIND),
        (_JUMP_EQUAL, 0, 4, _SOCK_STREAM),
        (_LOAD, 0, 0, _THIRD_ARGUMENT_AT),
        (_JUMP_EQUAL, 1, 0, 0),
        (_JUMP_EQUAL, 0, 1, _TCP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
    ]
    last = len(families) - 1
    choosing = [
        # One that fits goes on to what is accepted; the last that does not, to the refusal.
        (_JUMP_EQUAL, last - at, 0 if at < last else len(accepting) - 1, family)
        for at, family in enumerate(families)
    ]
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT_AT), *choosing, *accepting]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]
