"""The program: a layer's blob on standard input becomes its inventory on standard output (MessagePack), within limits.

The exit status says why there is none: TOO_MUCH of something, or MALFORMED; standard error has the sentence.
"""

import codecs
import errno
import resource
import sys
import time

import msgspec

from entrepot.errors.scanning import BudgetExceeded, LayerMalformed
from entrepot.inventory import MALFORMED, TOO_MUCH
from entrepot.inventory.confinement import confine
from entrepot.scan.budgets import Budgets
from entrepot.scan.dispatch import Dispatch
from entrepot.scan.languages import readers as languages
from entrepot.scan.layer import read_layer
from entrepot.scan.programs import reader as programs
from entrepot.scan.system import readers as system

MEMORY_BYTES = 1024 * 1024 * 1024
FILE_BYTES = 512 * 1024 * 1024  # of each file of memory
CPU_SECONDS = 150
_CODECS = ("ascii", "latin-1", "utf-8", "utf-8-sig")  # loaded by their first use, else


def main() -> int:
    """Read the layer; 0 when its inventory has been written."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in _CODECS:
        codecs.lookup(name)
    confine()
    dispatch = Dispatch((*languages.READERS, *programs.READERS), system.READERS)
    try:
        layer = read_layer(sys.stdin.buffer, dispatch, Budgets(), time.monotonic)
    except (BudgetExceeded, MemoryError) as fault:
        sys.stderr.write(str(fault) or f"The layer needs more memory than {MEMORY_BYTES} bytes")
        return TOO_MUCH
    except OSError as fault:
        if fault.errno != errno.EFBIG:
            raise
        sys.stderr.write(f"The layer has a file that needs more than {FILE_BYTES} bytes to be read")
        return TOO_MUCH
    except LayerMalformed as fault:
        sys.stderr.write(str(fault))
        return MALFORMED
    sys.stdout.buffer.write(msgspec.msgpack.encode(layer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
