"""The material of keys: made, sealed by the master key, opened where it is used and nowhere else."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime

from entrepot.core.keys.remote import RemoteKeys
from entrepot.db.key_records import Key, Material
from entrepot.errors import CiphertextInvalid, GrantTokenInvalid
from entrepot.seal import Seal, SealBroken, ciphertexts, key_pairs
from entrepot.seal.ciphertexts import CiphertextBroken, Named

SYMMETRIC = "SYMMETRIC_DEFAULT"
SPECS = (SYMMETRIC, *key_pairs.ALGORITHMS)
_ID_BYTES = 32
_GRANT_TOKEN = b"kms-grant-token"
_LONGEST_TOKEN = 8192


class Vault:
    """What a key's material does, under the deployment's master key; `remotes` are keys that are not here."""

    remotes: RemoteKeys

    def __init__(self, seal: Seal, remotes: RemoteKeys | None = None) -> None:
        self._seal = seal
        self.remotes = remotes or RemoteKeys()

    def fresh(self, key_id: str, spec: str, at: datetime, ordinal: int = 0, made_by: str = "CREATION") -> Material:
        """New material for a key, sealed. Takes a tenth of a second, or several, for RSA."""
        named = secrets.token_hex(_ID_BYTES)
        if spec == SYMMETRIC:
            private, public = secrets.token_bytes(ciphertexts.MATERIAL_BYTES), b""
        else:
            pair = key_pairs.new_pair(spec)
            private, public = pair.private, pair.public
        sealed = self._seal.seal(private, _context(key_id, named))
        return Material(key_id, named, ordinal, made_by, at, sealed, public)

    def conceal(self, key: Key, material: Material, text: bytes, context: Mapping[str, str]) -> bytes:
        """A text as a blob that names key and material."""
        whose = Named(bytes.fromhex(key.id.replace("-", "")), bytes.fromhex(material.id))
        return ciphertexts.encrypt(self._open(material), whose, text, context)

    def reveal(self, material: Material, blob: bytes, context: Mapping[str, str]) -> bytes:
        """The text of a blob: CiphertextInvalid."""
        try:
            return ciphertexts.decrypt(self._open(material), blob, context)
        except CiphertextBroken:
            raise CiphertextInvalid from None

    def sign(self, material: Material, algorithm: str, message: bytes, *, digest: bool) -> bytes:
        """The signature of a message or its digest."""
        return key_pairs.sign(self._open(material), algorithm, message, digest=digest)

    def grant_token(self, grant_id: str) -> str:
        """A text that stands for a grant; otherwise each time."""
        return base64.urlsafe_b64encode(self._seal.seal(grant_id.encode(), _GRANT_TOKEN)).decode()

    def grant_of(self, token: str) -> str:
        """The id of the grant that a token stands for: GrantTokenInvalid."""
        if len(token) > _LONGEST_TOKEN:
            raise GrantTokenInvalid
        try:
            sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
            return self._seal.open(sealed, _GRANT_TOKEN).decode()
        except (SealBroken, UnicodeError, binascii.Error):
            raise GrantTokenInvalid from None

    def seal(self, text: bytes, context: bytes) -> bytes:
        """What the master key seals beside material."""
        return self._seal.seal(text, context)

    def unseal(self, sealed: bytes, context: bytes) -> bytes:
        """The text of what `seal` made: SealBroken."""
        return self._seal.open(sealed, context)

    def _open(self, material: Material) -> bytes:
        return self._seal.open(material.sealed, _context(material.key_id, material.id))


def _context(key_id: str, material_id: str) -> bytes:
    return f"key-material/{key_id}/{material_id}".encode()
