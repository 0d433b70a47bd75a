"""Vectors of CVSS: published examples, scores from elsewhere, all there are at once, and what is refused."""

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping

import pytest

from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.cvss import version2, version3, version4
from entrepot.scan.cvss.vectors import BaseScore, parse, rating

# the guide to 2.0 (3.3), the examples of 3.0 and 3.1, and those of 4.0
PUBLISHED = [
    ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, "High"),  # CVE-2002-0392
    ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, "High"),  # CVE-2003-0818
    ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2, "Medium"),  # CVE-2003-0062
    ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "Medium"),  # CVE-2013-0375
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "Medium"),
    ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, "Low"),  # CVE-2014-3566
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, "Low"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, "Critical"),  # CVE-2012-1516
    ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, "Medium"),  # CVE-2009-0783
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8, "High"),  # CVE-2012-0384
    ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8, "High"),  # CVE-2015-1098
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "High"),  # CVE-2014-0160
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "Critical"),  # CVE-2014-6271
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8, "Medium"),  # CVE-2008-1447
    ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8, "Medium"),  # CVE-2014-2005
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 5.8, "Medium"),  # CVE-2010-0467
    ("CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3, "Critical"),  # CVE-2013-6014
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6, "Critical"),  # CVE-2012-5376
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3, "High"),  # CVE-2022-41741
    ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7, "High"),  # CVE-2020-3549
    ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3, "High"),  # CVE-2023-3089
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.6, "Medium"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1, "Medium"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 6.9, "Medium"),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 5.9, "Medium"),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 9.4, "Critical"),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N/S:P/V:D", 8.3, "High"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:A", 8.7, "High"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A", 10.0, "Critical"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A", 9.3, "Critical"),
    ("CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:H/SI:N/SA:H", 6.4, "Medium"),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/R:I", 9.3, "Critical"),
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/R:I", 8.7, "High"),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 8.6, "High"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 7.1, "High"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:L", 8.7, "High"),
    ("CVSS:4.0/AV:P/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 5.4, "Medium"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/S:P/AU:Y/V:C/RE:L", 9.4, "Critical"),
]
# worked out by another program; what is not of the base stands in some, and its score is that of the base
ELSEWHERE = [
    ("AV:L/AC:M/Au:N/C:N/I:P/A:P", 3.3),
    ("AV:A/AC:H/Au:S/C:N/I:P/A:P/RL:TF/RC:C", 2.9),
    ("AV:N/AC:H/Au:S/C:C/I:C/A:C", 7.1),
    ("AV:N/AC:L/Au:M/C:C/I:P/A:C/CR:L/AR:ND", 8.0),
    ("AV:N/AC:L/Au:N/C:C/I:P/A:P", 9.0),
    ("AV:A/AC:M/Au:N/C:N/I:C/A:N/CDP:L/CR:ND/AR:L", 5.7),
    ("CVSS:3.0/AV:P/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:H", 4.8),
    ("CVSS:3.0/AV:P/AC:L/PR:H/UI:N/S:U/C:N/I:L/A:H/IR:L/MS:C/MA:N", 4.6),
    ("CVSS:3.0/AV:N/AC:L/PR:H/UI:R/S:C/C:L/I:H/A:N", 6.9),
    ("CVSS:3.0/AV:A/AC:H/PR:L/UI:R/S:U/C:H/I:H/A:H/E:P/CR:L/MUI:N", 6.8),
    ("CVSS:3.0/AV:N/AC:H/PR:H/UI:N/S:U/C:N/I:L/A:N/E:H", 2.2),
    ("CVSS:3.1/AV:P/AC:L/PR:L/UI:R/S:C/C:N/I:N/A:H/RL:O/MPR:N/MUI:X/MC:N", 4.9),
    ("CVSS:3.1/AV:L/AC:L/PR:H/UI:R/S:C/C:H/I:H/A:L/RC:C/AR:X", 7.7),
    ("CVSS:3.1/AV:P/AC:L/PR:H/UI:N/S:U/C:N/I:H/A:N", 3.9),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:H/E:P/RC:C/IR:H/MS:U", 9.1),
    ("CVSS:3.1/AV:A/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0),
    ("CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:N/VC:N/VI:L/VA:L/SC:N/SI:H/SA:L", 4.3),
    ("CVSS:4.0/AV:A/AC:H/AT:P/PR:L/UI:P/VC:L/VI:L/VA:L/SC:H/SI:H/SA:H/CR:M/V:X", 2.4),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:N/UI:N/VC:H/VI:N/VA:H/SC:N/SI:L/SA:N/MAV:X/AU:X/RE:H/U:Clear", 4.4),
    ("CVSS:4.0/AV:L/AC:H/AT:P/PR:L/UI:P/VC:L/VI:H/VA:N/SC:L/SI:H/SA:L", 5.8),
    ("CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:P/VC:L/VI:H/VA:L/SC:N/SI:L/SA:N/MUI:P/AU:N/R:A/RE:X", 7.0),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:N/UI:P/VC:H/VI:H/VA:L/SC:H/SI:H/SA:H/MAV:A/MVC:H/MSI:S/R:A", 9.0),
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 1.0),
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
]
REFUSED = [
    ("", "'' is no metric of version 2.0"),
    ("()", "'' is no metric of version 2.0"),
    ("high", "'high' is no metric of version 2.0"),
    ("CVSS:3.1", "AV is missing"),
    ("CVSS:3.2/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "its version is unknown"),
    ("cvss:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "'cvss:3.1' is no metric of version 2.0"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L", "A is missing"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N/", "'' is no metric of version 3.1"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N/A:N", "A is told twice"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:C", "A cannot be 'C'"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N:N", "A cannot be 'N:N'"),
    ("CVSS:3.1/AV:N/AC:L/Au:N/C:L/I:L/A:N", "'Au:N' is no metric of version 3.1"),
    ("CVSS:3.1/AV:X/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "AV cannot be 'X'"),
    ("CVSS:4.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "S cannot be 'C'"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:S/SA:H", "SI cannot be 'S'"),
    ("(AV:N/AC:L/Au:N/C:N/I:N/A:C", "'(AV:N' is no metric of version 2.0"),
    ("AV:N/AC:L/Au:N/C:N/I:N/A:C)", "A cannot be 'C)'"),
    ("AV:N/AC:L/Au:N/C:N/I:N/A:C/E", "'E' is no metric of version 2.0"),
    (" AV:N/AC:L/Au:N/C:N/I:N/A:C", "' AV:N' is no metric of version 2.0"),
]


@pytest.mark.parametrize(("vector", "score", "word"), PUBLISHED)
def test_a_published_example_has_its_published_score(vector, score, word):
    told = parse(vector)
    assert (told.score, told.rating, told.vector) == (score, word, vector)


@pytest.mark.parametrize(("vector", "score"), ELSEWHERE)
def test_a_vector_has_the_score_that_others_give_it(vector, score):
    assert parse(vector).score == score


def test_the_version_is_that_of_the_prefix_and_two_has_none():
    assert [parse(vector).version for vector, *_ in PUBLISHED[2:5]] == ["2.0", "3.0", "3.1"]
    assert parse(PUBLISHED[-1][0]).version == "4.0"


def test_parentheses_around_version_2_change_nothing_else():
    assert parse("(AV:L/AC:H/Au:N/C:C/I:C/A:C)") == BaseScore("2.0", 6.2, "Medium", "(AV:L/AC:H/Au:N/C:C/I:C/A:C)")


@pytest.mark.parametrize(
    ("version", "scores", "words"),
    [
        ("2.0", [0.0, 3.9, 4.0, 6.9, 7.0, 10.0], ["Low", "Low", "Medium", "Medium", "High", "High"]),
        ("3.1", [0.0, 0.1, 3.9, 4.0, 6.9, 7.0], ["None", "Low", "Low", "Medium", "Medium", "High"]),
        ("4.0", [0.0, 0.1, 8.9, 9.0, 10.0], ["None", "Low", "High", "Critical", "Critical"]),
    ],
)
def test_words_change_where_the_scales_say(version, scores, words):
    assert [rating(score, version) for score in scores] == words


# checksums of the scores in order, which another program gave alike
@pytest.mark.parametrize(
    ("base", "tenths", "every", "checksum"),
    [
        (version2.BASE, version2.tenths, 1, 2625198582),
        (version3.BASE, version3.tenths_30, 1, 755294181),
        (version3.BASE, version3.tenths_31, 1, 755294181),
        (version4.BASE, version4.tenths, 11, 405805883),
    ],
)
def test_all_vectors_together_have_the_scores_that_others_give_them(
    base: Mapping[str, frozenset[str]], tenths: Callable[[Mapping[str, str]], int], every: int, checksum: int
):
    assert zlib.crc32(bytes(map(tenths, itertools.islice(_all(base), 0, None, every)))) == checksum


def _all(base: Mapping[str, frozenset[str]]) -> Iterator[Mapping[str, str]]:
    for values in itertools.product(*map(sorted, base.values())):
        yield dict(zip(base, values, strict=True))


@pytest.mark.parametrize(("vector", "reason"), REFUSED)
def test_what_is_no_vector_is_refused_by_what_is_wrong(vector, reason):
    with pytest.raises(CvssInvalid) as refused:
        parse(vector)
    assert refused.value.reason == reason


def test_a_refusal_shows_little_of_a_long_vector():
    for vector in ("A" * 1_000_000, "CVSS:3.1/" + "A" * 400, "CVSS:3.1/AV:" + "N" * 400):
        with pytest.raises(CvssInvalid) as refused:
            parse(vector)
        assert len(str(refused.value)) < 250
