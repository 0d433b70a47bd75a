"""Repository keys, as ECR's operations name them."""

from entrepot.aws.protocol.call import Call
from entrepot.spec.repository import RepositoryKey


def repository(call: Call) -> RepositoryKey:
    """The repository that a call names; the model has checked the name's form."""
    return RepositoryKey(call.registry, call.input["repositoryName"])
