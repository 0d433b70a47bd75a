"""Files to seek in that have no name and lie on no disk: a program that reads hostile bytes may open no others."""

import os
from typing import BinaryIO


def spool() -> BinaryIO:
    """An empty file of memory (memfd_create(2)), gone when it is closed."""
    return os.fdopen(os.memfd_create("spool"), "w+b")
