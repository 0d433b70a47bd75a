"""Reads, as records of the journal: what is counted and audited without a write to the database."""

import msgspec

from entrepot.core.access import Caller
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey


class Read(msgspec.Struct, frozen=True, array_like=True):
    """One read by one caller. `at` is in microseconds; `digest` is that of the manifest or blob."""

    at: int
    operation: str
    registry_kind: str
    account: str
    region: str
    repository_id: str
    repository_name: str
    digest: str
    reference: str
    principal_kind: str
    principal_id: str
    principal_arn: str
    principal_account: str
    credential_id: str
    source_ip: str
    user_agent: str
    request_id: str
    door: str


_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)  # digests and tags are kinds of str
_DECODER = msgspec.msgpack.Decoder(Read)


def encode(
    caller: Caller, operation: str, key: RepositoryKey, repository_id: str, digest: str, reference: str
) -> bytes:
    """The journal's record of this read."""
    principal = caller.principal
    registry = key.registry
    return _ENCODER.encode(
        Read(
            micros(caller.at),
            operation,
            registry.kind,
            registry.account,
            registry.region,
            repository_id,
            key.name,
            digest,
            reference,
            principal.kind,
            principal.id,
            principal.arn,
            principal.account,
            principal.credential_id,
            caller.source_ip,
            caller.user_agent,
            caller.request_id,
            caller.door,
        )
    )


def decode(record: bytes) -> Read:
    """A record that `encode` made; msgspec.DecodeError for anything else."""
    return _DECODER.decode(record)
