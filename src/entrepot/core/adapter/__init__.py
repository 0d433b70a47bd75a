"""Scans for another registry, Harbor, of images that are there: asked for, pulled, matched, told (docs/harbor.md)."""
