"""What an audit record says of an operation by its name alone: its source, and whether it only reads."""

_SOURCES = {"cloudwatch": "monitoring.amazonaws.com"}
_READING = ("Get", "List", "Describe", "BatchGet", "BatchCheck", "Lookup", "Test", "Simulate", "Search", "Decode")
# so AWS says
_READING_TOO = frozenset(
    {
        *("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "AssumeRoot"),
        *("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "ReEncrypt"),
        *("Sign", "Verify", "ValidateResourcePolicy"),
    }
)
# of these services, what only reads never writes to the outbox
_PURELY_READ = frozenset(
    {"ecr", "ecr-public", "cloudwatch", "cloudtrail", "events", "inspector2", "kms", "secretsmanager", "signer"}
)


def source(service: str) -> str:
    """`eventSource`, by the service model's name."""
    return _SOURCES.get(service) or f"{service}.amazonaws.com"


def event_source(service: str) -> str:
    """`source` of an EventBridge event that tells of a call, by the service model's name."""
    return f"aws.{source(service).partition('.')[0]}"


def read_only(operation: str) -> bool:
    """`readOnly`."""
    return operation.startswith(_READING) or operation in _READING_TOO


def may_be_in_outbox(service: str, operation: str) -> bool:
    """Whether the outbox may tell of such a call too."""
    return service not in _PURELY_READ or not read_only(operation)
