"""Journals: what a process has read out, in a file of its own, until a database has taken it up.

    DATA/journals/<name>            frames: length (4 bytes) | crc32 of the payload (4 bytes) | payload

A journal is flocked by its writer; anyone may fold it, and remove one that nobody writes any more. A full disk never
fails a read: records are dropped and counted.
"""

from entrepot.journal.folding import Batch, batches, forgettable
from entrepot.journal.writing import Journal

__all__ = ["Batch", "Journal", "batches", "forgettable"]
