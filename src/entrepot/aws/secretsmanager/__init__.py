"""AWS Secrets Manager: secrets of the deployment's own; one function an operation. Not served are rotation by functions
and replication to other regions.
"""

from collections.abc import Mapping

from entrepot.aws.protocol.call import Operation
from entrepot.aws.secretsmanager import policies, secrets, values

OPERATIONS: Mapping[str, Operation] = {
    "BatchGetSecretValue": values.batch_get_secret_value,
    "CreateSecret": secrets.create_secret,
    "DeleteResourcePolicy": policies.delete_resource_policy,
    "DeleteSecret": secrets.delete_secret,
    "DescribeSecret": secrets.describe_secret,
    "GetRandomPassword": values.get_random_password,
    "GetResourcePolicy": policies.get_resource_policy,
    "GetSecretValue": values.get_secret_value,
    "ListSecretVersionIds": values.list_secret_version_ids,
    "ListSecrets": secrets.list_secrets,
    "PutResourcePolicy": policies.put_resource_policy,
    "PutSecretValue": values.put_secret_value,
    "RestoreSecret": secrets.restore_secret,
    "TagResource": policies.tag_resource,
    "UntagResource": policies.untag_resource,
    "UpdateSecret": secrets.update_secret,
    "UpdateSecretVersionStage": values.update_secret_version_stage,
    "ValidateResourcePolicy": policies.validate_resource_policy,
}
