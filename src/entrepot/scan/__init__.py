"""What an image holds and what is known about it: inventories of packages, versions in order, advisories, matches.

Pure: no network, no database, no clock; bytes come in as streams, and nothing is ever unpacked to a file system.
"""
