"""What a program that reads hostile bytes may still ask of the kernel: to read and write what is open, and memory.

A filter of seccomp(2) refuses the rest with EPERM: no file is opened, no socket, no program started, and no signal sent
but to itself, for good.
"""

import ctypes
import os
import platform
import signal
import struct

_PARENT_DEATH_SIGNAL, _NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 1, 38, 22, 2  # of prctl(2)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # of BPF: ld [k], jeq #k, ret #k
_NUMBER_AT, _MACHINE_AT, _FIRST_AT = 0, 4, 16  # in seccomp_data: of a call, and the low half of its first argument
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_INSTRUCTION = struct.Struct("=HBBI")
# AUDIT_ARCH, and the numbers of: read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
# rt_sigreturn pread64 readv writev sched_yield mremap madvise nanosleep getpid exit fcntl ftruncate gettimeofday
# getrusage times sigaltstack gettid futex restart_syscall clock_gettime clock_nanosleep exit_group newfstatat getrandom
# memfd_create rseq; and of tgkill, which abort(3) needs
# fmt: off
_MACHINES = {
    "x86_64": (0xC000003E, (
        0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 24, 25, 28, 35, 39, 60, 72, 77, 96, 98, 100, 131, 186,
        202, 219, 228, 230, 231, 262, 318, 319, 334,
    ), 234),
    "aarch64": (0xC00000B7, (
        63, 64, 57, 80, 73, 62, 222, 226, 215, 214, 134, 135, 139, 67, 65, 66, 124, 216, 233, 101, 172, 93, 25, 46, 169,
        165, 153, 132, 178, 98, 128, 113, 115, 94, 79, 278, 279, 293,
    ), 131),
}
# fmt: on


class _Program(ctypes.Structure):
    """sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine() -> bool:
    """Give up everything that reading a stream does not need; False where the machine's calls have no table here.

    OSError when the kernel refuses: then nobody is confined.
    """
    machine = _MACHINES.get(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    _ask(libc, _NO_NEW_PRIVILEGES, 1)
    if machine is None:
        return False
    code = _filter(*machine)
    program = _Program(len(code) // _INSTRUCTION.size, code)
    _ask(libc, _SECCOMP, _FILTER, ctypes.addressof(program))
    return True


def end_with(parent: int) -> None:
    """End as soon as the parent does, whose id is given; at once where it has."""
    _ask(ctypes.CDLL(None, use_errno=True), _PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _ask(libc: ctypes.CDLL, what: int, *values: int) -> None:
    arguments = [ctypes.c_ulong(each) for each in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(ctypes.c_int(what), *arguments) != 0:
        fault = ctypes.get_errno()
        raise OSError(fault, os.strerror(fault))


def _filter(machine: int, allowed: tuple[int, ...], kill: int) -> bytes:
    """The filter's instructions: another machine's calls are refused, then each number is compared in turn; `kill` has
    a process as its first argument, which must be this one.
    """
    checks = [
        _INSTRUCTION.pack(_EQUAL, len(allowed) - place + 3, 0, number) for place, number in enumerate(allowed)
    ]  # past the remaining checks, those of `kill` and the refusal
    return b"".join(
        [
            _INSTRUCTION.pack(_LOAD, 0, 0, _MACHINE_AT),
            _INSTRUCTION.pack(_EQUAL, 1, 0, machine),
            _INSTRUCTION.pack(_RETURN, 0, 0, _REFUSE),
            _INSTRUCTION.pack(_LOAD, 0, 0, _NUMBER_AT),
            *checks,
            _INSTRUCTION.pack(_EQUAL, 0, 2, kill),
            _INSTRUCTION.pack(_LOAD, 0, 0, _FIRST_AT),
            _INSTRUCTION.pack(_EQUAL, 1, 0, os.getpid()),
            _INSTRUCTION.pack(_RETURN, 0, 0, _REFUSE),
            _INSTRUCTION.pack(_RETURN, 0, 0, _ALLOW),
        ]
    )
