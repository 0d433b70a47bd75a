"""Which version each label is on, purely (Secrets Manager user guide, "What's in a secret": AWSCURRENT, AWSPREVIOUS and
labels of one's own). A label is on one version at a time.
"""

from collections import Counter
from collections.abc import Iterable

from entrepot.db.secret_records import Stages
from entrepot.errors import SecretInputInvalid, SecretQuotaExceeded

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
MOST = 20  # labels of one version


def put(before: Stages, version_id: str, labels: Iterable[str]) -> dict[str, str]:
    """The labels after a new version has come with some; the first version is the current one whatever they say.
    SecretQuotaExceeded.
    """
    after = dict(before)
    wanted = list(labels) if CURRENT in before else [CURRENT, *labels]
    for label in wanted:
        if label != CURRENT:
            after[label] = version_id
    return _checked(_current(after, version_id) if CURRENT in wanted else after)


def move(before: Stages, label: str, from_id: str, to_id: str) -> dict[str, str]:
    """The labels after one has gone from a version to another, either of which may be '': SecretInputInvalid,
    SecretQuotaExceeded.
    """
    on = before.get(label, "")
    _check_move(label, on, from_id, to_id)
    after = dict(before)
    if not to_id:
        after.pop(label, None)
    elif label == CURRENT:
        after = _current(after, to_id)
    else:
        after[label] = to_id
    return _checked(after)


def _check_move(label: str, on: str, from_id: str, to_id: str) -> None:
    if not from_id and not to_id:
        raise SecretInputInvalid(reason="You must provide MoveToVersionId or RemoveFromVersionId.")
    if from_id and from_id != on:
        raise SecretInputInvalid(reason=f"Staging label {label} isn't attached to version {from_id}.")
    if to_id and on not in {"", to_id} and not from_id:
        raise SecretInputInvalid(
            reason=f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to "
            f"version {on}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if label == CURRENT and not to_id:
        raise SecretInputInvalid(
            reason="You can only move staging label AWSCURRENT to a different secret version. It can't be completely "
            "removed."
        )


def _current(stages: dict[str, str], version_id: str) -> dict[str, str]:
    """The labels with another current version: the one before is the previous one."""
    before = stages.get(CURRENT)
    if before == version_id:
        return stages
    if before is not None:
        stages[PREVIOUS] = before
    elif stages.get(PREVIOUS) == version_id:
        del stages[PREVIOUS]
    return {**stages, CURRENT: version_id}


def _checked(stages: dict[str, str]) -> dict[str, str]:
    if any(count > MOST for count in Counter(stages.values()).values()):
        raise SecretQuotaExceeded(reason=f"A version may have {MOST} staging labels at most.")
    return stages
