"""Bytes of blobs, by location. The store knows nothing of repositories, permissions or what is referenced."""
