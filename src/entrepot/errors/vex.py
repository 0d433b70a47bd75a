"""Exceptions from findings, and the documents that state them."""

from entrepot.errors.scanning import ScanRefused


class VexMalformed(ScanRefused):
    """A VEX document that is none, or says what cannot be used (`reason`)."""

    text = "The VEX document cannot be used: {reason}"
