"""Versions in the order of their ecosystem: each scheme makes keys, which compare as its versions do, and hash alike.

Keys of one scheme only compare among themselves. Nothing of them is written down that outlives a release: the version
is what is stored, the key is what is kept in memory beside it.
"""
