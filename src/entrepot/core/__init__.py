"""What the system does: use cases by noun, each a plain function over one unit of work.

A use case takes the open transaction and the caller first, authorises before it looks anything up, and does no file or
network I/O. Bytes move in core/transfers.py, hot reads are answered by core/reads.py; both are asynchronous.
"""
