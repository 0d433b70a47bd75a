"""A program of its own that reads one layer, which may be hostile, and writes its inventory: without files, network or
other programs, and within limits of memory and time.
"""
