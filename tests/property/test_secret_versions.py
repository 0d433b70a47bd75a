"""Labels of versions against a model that says only what AWS documents, whatever is asked in whatever order."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from entrepot.core.secrets import stages
from entrepot.core.secrets.stages import CURRENT, PREVIOUS
from entrepot.errors import SecretInputInvalid, SecretQuotaExceeded

LABELS = st.sampled_from([CURRENT, PREVIOUS, "AWSPENDING", "own", "other"])
VERSIONS = st.integers(0, 9)


class Labels(RuleBasedStateMachine):
    """Versions by number; `on` is where the labels are, `current` what they have said of the current one."""

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[str, str] = {}
        self.made = 0

    @rule(labels=st.sets(LABELS, min_size=1))
    def put(self, labels: set[str]) -> None:
        version, before = f"v{self.made}", dict(self.on)
        self.made += 1
        self.on = stages.put(before, version, sorted(labels))
        wanted = labels if CURRENT in before else labels | {CURRENT}
        for label in wanted - {PREVIOUS}:
            assert self.on[label] == version
        if CURRENT in wanted and CURRENT in before:
            assert self.on[PREVIOUS] == before[CURRENT]
        for label in before.keys() - wanted - {PREVIOUS}:
            assert self.on[label] == before[label]

    @rule(label=LABELS, start=VERSIONS, end=VERSIONS, gives=st.booleans(), takes=st.booleans())
    def move(self, label: str, start: int, end: int, gives: bool, takes: bool) -> None:
        from_id, to_id, before = f"v{start}" if gives else "", f"v{end}" if takes else "", dict(self.on)
        held = before.get(label, "")
        allowed = (from_id or to_id) and from_id in {"", held} and (to_id or label != CURRENT)
        allowed = allowed and (bool(from_id) or not to_id or held in {"", to_id})
        try:
            after = stages.move(before, label, from_id, to_id)
        except SecretInputInvalid:
            assert not allowed
            return
        assert allowed
        assert after.get(label, "") == to_id
        if label == CURRENT and held not in {"", to_id}:
            assert after[PREVIOUS] == held
        self.on = after

    @invariant()
    def what_has_versions_has_a_current_one(self) -> None:
        assert self.made == 0 or CURRENT in self.on


def test_a_version_has_twenty_labels_at_most() -> None:
    many = [f"label{number}" for number in range(19)]
    full = stages.put({}, "v", many)
    assert len(full) == 20
    assert stages.move(full, "elsewhere", "", "w")["elsewhere"] == "w"
    with pytest.raises(SecretQuotaExceeded):
        stages.move(full, "one-more", "", "v")


TestLabels = Labels.TestCase
