"""The vulnerability database: what is known of packages, whoever told it, as one file for each generation.

No accounts and no permissions here: what is known is the same for everybody.
"""
