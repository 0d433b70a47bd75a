"""A confined program reads and writes what is open, uses memory, and nothing else."""

import json
import platform
import subprocess
import sys

import pytest

TRIES = """
import ctypes, json, os, signal, socket, sys, threading
from entrepot.inventory.confinement import confine
def killed(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(TGKILL), ctypes.c_long(pid), ctypes.c_long(pid), ctypes.c_long(0)):
        raise OSError(ctypes.get_errno(), "tgkill")
killed(os.getppid())
assert confine()
def refused(what, *given):
    try:
        what(*given)
    except (PermissionError, RuntimeError) as fault:
        return "refused"
    return "done"
told = {
    "open": refused(open, "/etc/hostname"),
    "socket": refused(socket.socket),
    "fork": refused(os.fork),
    "exec": refused(os.execv, "/bin/true", ["true"]),
    "unlink": refused(os.unlink, "/tmp/none"),
    "thread": refused(threading.Thread(target=print).start),
    "memory file": refused(os.memfd_create, "x"),
    "memory": refused(bytes, 10_000_000),
    "a signal to itself": refused(signal.raise_signal, signal.SIGCHLD),
    "a signal to another": refused(killed, os.getppid()),
    "input": refused(sys.stdin.buffer.read),
}
print(json.dumps(told))
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no table of this machine's calls")
def test_a_confined_program_opens_nothing_starts_nothing_and_signals_nobody():
    tries = TRIES.replace("TGKILL", "234" if platform.machine() == "x86_64" else "131")
    done = subprocess.run([sys.executable, "-I", "-c", tries], input=b"x", capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert {name for name, what in told.items() if what == "done"} == {
        "memory file",
        "memory",
        "a signal to itself",
        "input",
    }
