"""A picture's description -> a PNG, by matplotlib without a display. Labels are plain text: nothing in them is read as
mathematics.
"""

import io
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from entrepot.plotting import graphs, values
from entrepot.plotting.document import Picture, decode

DOTS: Final = 100  # an inch
_VIEWS: Final = {
    "timeSeries": graphs.draw,
    "bar": values.bars,
    "pie": values.pie,
    "singleValue": values.numbers,
    "gauge": values.gauge,
}
_THEMES: Final = {"light": ("#ffffff", "#16191f"), "dark": ("#0f1b2a", "#d5dbdb")}


def drawn(text: bytes) -> bytes:
    """The PNG of a description; msgspec.ValidationError for anything else."""
    picture = decode(text)
    with mpl.rc_context(_settings(picture)):
        figure = Figure(figsize=(picture.width / DOTS, picture.height / DOTS), dpi=DOTS, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        if picture.title:
            figure.suptitle(picture.title[:200], fontsize=11, x=0.01, horizontalalignment="left")
        _VIEWS[picture.view](figure, picture)
        png = io.BytesIO()
        try:
            canvas.print_png(png)
        except (ValueError, RuntimeError):  # no room for what stands around the graph: it is left out
            figure.set_layout_engine("none")
            png = io.BytesIO()
            canvas.print_png(png)
        return png.getvalue()


def _settings(picture: Picture) -> Any:
    back, front = _THEMES[picture.theme]
    return {
        "text.parse_math": False,
        "text.usetex": False,
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "figure.facecolor": back,
        "axes.facecolor": back,
        "savefig.facecolor": back,
        "text.color": front,
        "axes.labelcolor": front,
        "axes.edgecolor": front,
        "xtick.color": front,
        "ytick.color": front,
        "axes.spines.top": False,
        "legend.frameon": False,
        "path.simplify": True,
    }
