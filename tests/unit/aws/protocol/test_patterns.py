"""The models' patterns, as Python reads them: ASCII letters unless the model names Unicode's classes."""

import pytest

from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES
from entrepot.aws.protocol.validate import pattern

IAM = models.load("iam", "2010-05-08").shapes


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_pattern_of_every_model_can_be_read(route):
    for shape in models.load(route.name, route.version).shapes.values():
        if "pattern" in shape:
            pattern(shape["pattern"])


@pytest.mark.parametrize(("text", "fits"), [("alice", True), ("a+=,.@-_1", True), ("ü", False), ("a b", False)])
def test_names_are_of_ascii_letters(text: str, *, fits: bool):
    assert (pattern(IAM["userNameType"]["pattern"]).fullmatch(text) is not None) is fits


@pytest.mark.parametrize(
    ("text", "fits"), [("Größe 中_x/1", True), ("a\u2003b", True), ("a\tb", False), ("a*b", False), ("a\n", False)]
)
def test_tags_are_of_letters_numbers_and_separators_of_any_script(text: str, *, fits: bool):
    assert (pattern(IAM["tagKeyType"]["pattern"]).fullmatch(text) is not None) is fits
