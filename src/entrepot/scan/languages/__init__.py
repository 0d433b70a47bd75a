"""What tells of the packages of programming languages: one module for each ecosystem.

Read is what an installation leaves behind. Lock files are not read: in an image they tell what was meant to be
installed, for development too, and not what is there.
"""
