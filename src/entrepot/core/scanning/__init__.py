"""Scanning of images: how a registry is scanned, what is to be scanned, who does it, what was found."""
