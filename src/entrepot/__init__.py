"""Entrepot: an Elastic Container Registry that you own."""

__version__ = "0.1.0"
