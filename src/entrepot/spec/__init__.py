"""The field's values, pure and immutable: digests, references, names, media types, manifests, page tokens."""
