"""The models' patterns, as Python reads them: ASCII letters unless the model names Unicode's classes."""

import itertools
import re

import pytest

from entrepot.aws.protocol import models, validate
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


@pytest.mark.parametrize(("text", "fits"), [("a/b-c", True), ("été €5 ‑", True), ("a\tb", False), ("a\u2028", False)])
def test_classes_of_which_nothing_shorter_is_known_are_those_of_unicode(text: str, *, fits: bool):
    shapes = models.load("cloudwatch", "2010-08-01").shapes
    assert (pattern(shapes["DefinitionPath"]["pattern"]).fullmatch(text) is not None) is fits


@pytest.mark.parametrize(("text", "fits"), [("a\U0001f40b", True), ("\uffff", False), ("\x1f", False)])
def test_a_range_between_pairs_of_surrogates_is_one_of_letters(text: str, *, fits: bool):
    shapes = models.load("cloudtrail", "2013-11-01").shapes
    assert (pattern(shapes["PartitionKeyName"]["pattern"]).fullmatch(text) is not None) is fits


@pytest.mark.parametrize("ambiguous", validate._LINEAR)
def test_a_pattern_that_hostile_input_holds_up_is_said_otherwise_and_means_the_same(ambiguous: str):
    theirs, ours = re.compile(ambiguous, re.ASCII), validate.pattern(ambiguous)
    for length in range(6):
        for letters in itertools.product("\t :a\x01", repeat=length):
            text = "".join(letters)
            assert bool(theirs.fullmatch(text)) == bool(ours.fullmatch(text)), text
    assert ours.fullmatch(" " * 512 + "\x01") is None  # theirs would not come back
