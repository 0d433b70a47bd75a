"""Keys by which deployments know each other: Ed25519 (RFC 8032), public ones as one line (the body of their PEM)."""

from entrepot.seal.export_signatures import is_public_pem, new_key, public_pem, sign, verifies

__all__ = ["is_public", "new_key", "public_line", "sign", "signed_by"]


def public_line(private: bytes) -> str:
    """The public half of a key: 60 characters."""
    return "".join(public_pem(private).splitlines()[1:-1])


def is_public(line: str) -> bool:
    """Whether a text is the public half of such a key."""
    return line.isascii() and "\n" not in line and is_public_pem(_pem(line))


def signed_by(line: str, text: bytes, signature: bytes) -> bool:
    """Whether the private half of a key signed exactly this text."""
    return verifies(_pem(line), text, signature)


def _pem(line: str) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{line}\n-----END PUBLIC KEY-----\n"
