"""Journals: what a process has read out, in files of its own, until a database has taken it up.

    DATA/journal/<process>.<serial>            frames (frames.py), appended, the next file at 64 MiB
    DATA/journal/<process>.<serial>.new        one that is not locked yet
    DATA/journal/<process>.<serial>.done       empty: one that is folded; it goes an hour later, with its offset

A journal is flocked by its writer; anyone may fold it, and retire one that nobody writes any more. A full disk never
fails a read: records are dropped and counted.
"""

from entrepot.journal.folding import Batch, batches, drop, gone, retire, retired, sizes
from entrepot.journal.writing import Journal

__all__ = ["Batch", "Journal", "batches", "drop", "gone", "retire", "retired", "sizes"]
