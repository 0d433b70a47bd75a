"""What is acted upon, and what its owner says of it: repository policy, registry policy, tags.

A resource is drawn up before anyone knows whether it exists: of one that does not, only its registry says something.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from entrepot.core.stored_policies import compiled
from entrepot.db.records import Registry, Repository
from entrepot.policy.compiled import Policy
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICES = {"private": "ecr", "public": "ecr-public"}
OWN = "entrepot"  # the service of what AWS has no operation for
Tags = Sequence[tuple[str, str]]
# what a registry policy of scope V1 is asked about; one of V2 is asked about everything
V1_ACTIONS = frozenset({"ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"})
PolicyScope = Literal["V1", "V2"]


def no_tags() -> Tags:
    """The tags of what has none."""
    return ()


class Resource(msgspec.Struct, frozen=True):
    """The account that owns it, its ARN (`*` for a registry as a whole), whose actions apply.

    `told_as` is how a denial names it, where the ARN itself would say whether it exists (a user's path). `policies` are
    the resource policies that have a say in every action, `wider` those that have one in `V1_ACTIONS`; `tags` reads
    its tags, when a policy asks. What `must_name` whoever may do something is a key: without its policy's word nobody
    may, its own account's root neither.
    """

    account: str
    arn: str
    service: str
    told_as: str = ""
    policies: tuple[Policy, ...] = ()
    wider: tuple[Policy, ...] = ()
    tags: Callable[[], Tags] = no_tags
    must_name: bool = False

    def policies_on(self, action: str) -> tuple[Policy, ...]:
        """The resource policies that have a say in an action."""
        return self.wider if action in V1_ACTIONS else self.policies


def of_repository(
    key: RepositoryKey, repository: Repository | None, registry: Registry, tags: Callable[[str], Tags]
) -> Resource:
    """The repository, which need not exist; `tags` reads those of the repository of an id."""
    own, wide = _registry_policies(registry)
    if repository is None:
        return Resource(key.registry.account, key.arn, SERVICES[key.registry.kind], policies=own, wider=wide)
    repository_id = repository.id
    if repository.policy is not None:
        policy = compiled(f"the repository policy of {key.name}", repository.policy)
        own, wide = (policy, *own), (policy, *wide)
    return Resource(
        key.registry.account,
        key.arn,
        SERVICES[key.registry.kind],
        policies=own,
        wider=wide,
        tags=lambda: tags(repository_id),
    )


def own(resource: Resource) -> Resource:
    """The same, for what is done to it by an operation that AWS does not have."""
    return msgspec.structs.replace(resource, service=OWN)


def of_registry(registry: Registry) -> Resource:
    """A registry as a whole, for actions without resource-level permissions."""
    own, wide = _registry_policies(registry)
    return Resource(registry.key.account, "*", SERVICES[registry.key.kind], policies=own, wider=wide)


def of_own_registry(key: RegistryKey) -> Resource:
    """A registry as a whole, for what its registry policy has no say in: its own management."""
    return Resource(key.account, "*", SERVICES[key.kind])


def _registry_policies(registry: Registry) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
    """Those that have a say in everything, and in `V1_ACTIONS`."""
    if registry.policy is None:
        return (), ()
    policy = compiled("the registry policy", registry.policy)
    return ((policy,) if registry.policy_scope == "V2" else ()), (policy,)
