"""AWS IAM: the operations on identities and their policies, one function each."""

from collections.abc import Mapping

from entrepot.aws.iam import access_keys, users
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CreateAccessKey": access_keys.create_access_key,
    "CreateUser": users.create_user,
    "DeleteAccessKey": access_keys.delete_access_key,
    "DeleteUser": users.delete_user,
    "GetAccessKeyLastUsed": access_keys.get_access_key_last_used,
    "GetUser": users.get_user,
    "ListAccessKeys": access_keys.list_access_keys,
    "ListUsers": users.list_users,
    "UpdateAccessKey": access_keys.update_access_key,
    "UpdateUser": users.update_user,
}
