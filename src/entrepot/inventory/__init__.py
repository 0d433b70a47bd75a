"""A program of its own that reads layers, which may be hostile, and writes their inventories: each in a process without
files, network or other programs, and within limits of memory and time.
"""

import struct
from typing import Final

MALFORMED: Final = 3  # exit statuses
TOO_MUCH: Final = 4
STATUS: Final = struct.Struct("=i")  # an exit status as it is told; negative: the signal that ended the process
