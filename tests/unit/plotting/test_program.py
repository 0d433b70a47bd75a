"""The program that draws: pictures of every kind and size, whatever their labels say, within its limits."""

import resource
import subprocess
import sys
import warnings
from pathlib import Path

import msgspec
import pytest

from entrepot.plotting import figure
from entrepot.plotting.document import Axis, Level, Line, Moment, Picture, encode

NOON = 1_767_268_800
VIEWS = ("timeSeries", "bar", "pie", "singleValue", "gauge")
LINES = (
    Line("one", (NOON, NOON + 600, NOON + 1200), (1.0, 5.0, 3.0)),
    Line("two", (NOON, NOON + 1800), (1e3, -2e3), side="right"),
    Line("nothing", (), ()),
)
PICTURE = Picture(600, 400, "timeSeries", NOON, NOON + 3600, LINES, title="Pulls")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fonts")


def run(text: bytes, cache: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-m", "entrepot.plotting"]
    return subprocess.run(command, input=text, capture_output=True, check=False, env={"MPLCONFIGDIR": str(cache)})


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(SIGNATURE)
    assert png.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def drawn(picture: Picture) -> bytes:
    """As the program draws, without its process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what has no room, or no glyph
        png = figure.drawn(encode(picture))
    assert size(png) == (picture.width, picture.height)
    return png


def test_the_program_writes_the_picture(cache: Path):
    done = run(encode(PICTURE), cache)
    assert (done.returncode, size(done.stdout)) == (0, (600, 400))


def test_each_view_is_another_picture():
    found = {drawn(msgspec.structs.replace(PICTURE, view=view, sparkline=True)) for view in VIEWS}
    assert len(found) == len(VIEWS)


def test_what_is_asked_for_is_seen():
    plain = drawn(PICTURE)
    left = tuple(msgspec.structs.replace(line, side="left") for line in LINES)
    for change in (
        {"title": "Other"},
        {"theme": "dark"},
        {"legend": "right"},
        {"legend": "hidden"},
        {"lines": left, "stacked": True},
        {"left": Axis("count", -10, 10)},
        {"levels": (Level(4, 6, "band", "#00ff00"), Level(2, fill="below", side="right"))},
        {"moments": (Moment(NOON + 600, NOON + 900, "deploy"), Moment(NOON + 1200, fill="after"))},
        {"offset": 19_800},
    ):
        assert drawn(msgspec.structs.replace(PICTURE, **change)) != plain, change


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2000, 2000), (1, 2000), (40, 30)])
def test_a_picture_has_the_size_that_was_asked_for(width: int, height: int):
    drawn(msgspec.structs.replace(PICTURE, width=width, height=height))


@pytest.mark.parametrize("label", ["$x", "$\\frac{1}{0}$", "_hidden", "\\", "a\nb", "日本", "\x00", "a" * 5000, ""])
def test_labels_are_text_whatever_they_say(label: str):
    lines = (Line(label, (NOON,), (1.0,)),)
    levels, moments = (Level(1, label=label),), (Moment(NOON, label=label),)
    left = Axis(label)
    drawn(msgspec.structs.replace(PICTURE, title=label, lines=lines, levels=levels, moments=moments, left=left))


def test_many_points_and_lines_are_drawn():
    moments = tuple(range(NOON, NOON + 3600, 3))
    lines = tuple(Line(f"line {number}", moments, tuple(map(float, moments))) for number in range(100))
    drawn(msgspec.structs.replace(PICTURE, lines=lines))


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff" * 100, b'{"width": 1}'])
def test_what_describes_no_picture_is_refused(text: bytes):
    with pytest.raises(msgspec.DecodeError):
        figure.drawn(text)


def test_a_picture_that_takes_too_much_memory_is_not_drawn(cache: Path):
    def limit() -> None:  # less than the program allows itself: it keeps the lower limit
        resource.setrlimit(resource.RLIMIT_AS, (400 * 1024 * 1024,) * 2)

    moments = tuple(range(2_000_000))
    text = encode(msgspec.structs.replace(PICTURE, lines=(Line("x", moments, tuple(map(float, moments))),)))
    command = [sys.executable, "-I", "-m", "entrepot.plotting"]
    environment = {"MPLCONFIGDIR": str(cache), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, input=text, capture_output=True, check=False, env=environment, preexec_fn=limit)
    assert (done.returncode != 0, done.stdout) == (True, b"")
