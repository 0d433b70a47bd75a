"""Exceptions from findings, and the documents that state them."""

from entrepot.errors.scanning import ScanRefused


class VexMalformed(ScanRefused):
    """A VEX document that is none, or says what cannot be used (`reason`)."""

    text = "The VEX document cannot be used: {reason}"


class VexUnsigned(ScanRefused):
    """A VEX document that no key has signed that its repository believes (`keys`: how many there are)."""

    text = "The VEX document is not believed: none of the repository's {keys} keys has signed it"
