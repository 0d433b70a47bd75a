"""One layer, whose blob is standard input: its inventory on standard output (MessagePack), within limits.

The status says why there is none: TOO_MUCH of something, or MALFORMED; standard error has the sentence.
"""

import codecs
import errno
import os
import resource
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
_DISPATCH = Dispatch((*languages.READERS, *programs.READERS), system.READERS)
for _name in _CODECS:
    codecs.lookup(_name)


def read() -> int:
    """Give up for good what reading does not need, and read the layer; 0 when its inventory has been written."""
    blob, told, said = (
        os.fdopen(0, "rb", closefd=False),
        os.fdopen(1, "wb", closefd=False),
        os.fdopen(2, "w", closefd=False, errors="replace"),
    )
    _limit()
    confine()
    with told, said:
        try:
            told.write(msgspec.msgpack.encode(read_layer(blob, _DISPATCH, Budgets(), time.monotonic)))
        except (BudgetExceeded, MemoryError) as fault:
            said.write(str(fault) or f"The layer needs more memory than {MEMORY_BYTES} bytes")
            return TOO_MUCH
        except OSError as fault:
            if fault.errno != errno.EFBIG:
                raise
            said.write(f"The layer has a file that needs more than {FILE_BYTES} bytes to be read")
            return TOO_MUCH
        except LayerMalformed as fault:
            said.write(str(fault))
            return MALFORMED
    return 0


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
