"""Random passwords, purely but for their randomness (Secrets Manager API reference, "GetRandomPassword")."""

import secrets
import string
from dataclasses import dataclass

from entrepot.errors import SecretInputInvalid

_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
LENGTH, LONGEST = 32, 4096


@dataclass(frozen=True, slots=True)
class PasswordDraft:
    """What a password has: the kinds of characters that are left out stand in `without`."""

    length: int = LENGTH
    excluded: str = ""
    without: frozenset[str] = frozenset()
    space: bool = False
    each_kind: bool = True


KINDS = {
    "Lowercase": string.ascii_lowercase,
    "Uppercase": string.ascii_uppercase,
    "Numbers": string.digits,
    "Punctuation": _PUNCTUATION,
}


def random(draft: PasswordDraft) -> str:
    """A password: SecretInputInvalid where there can be none."""
    wanted = [letters for kind, letters in KINDS.items() if kind not in draft.without]
    wanted += [" "] if draft.space else []
    kinds = [kept for letters in wanted if (kept := "".join(each for each in letters if each not in draft.excluded))]
    if not kinds:
        raise SecretInputInvalid(reason="There are no characters left to make a password of.")
    if draft.each_kind and draft.length < len(kinds):
        raise SecretInputInvalid(reason=f"A password with each of {len(kinds)} kinds of characters has at least these.")
    letters = [secrets.choice(kind) for kind in kinds] if draft.each_kind else []
    every = "".join(kinds)
    letters += [secrets.choice(every) for _ in range(draft.length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
