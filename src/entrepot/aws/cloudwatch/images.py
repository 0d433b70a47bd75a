"""Pictures of metrics."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.protocol.wire import AS_IT_IS
from entrepot.core.metrics import plots
from entrepot.errors import WidgetInvalid

Output = Mapping[str, Any]
_FORMATS = frozenset({"png", "image/png"})


async def get_metric_widget_image(call: Call) -> Output:
    """GetMetricWidgetImage: inside the answer, or as the answer where the format is image/png."""
    wanted = call.input.get("OutputFormat", "png")
    if wanted not in _FORMATS:
        raise WidgetInvalid(reason="The parameter OutputFormat must be png or image/png")
    described = await call.core.metrics.read(plots.picture, call.caller, call.input["MetricWidget"])
    png = await call.core.plotter.draw(plots.encoded(described))
    return {AS_IT_IS: (wanted, png)} if wanted == "image/png" else {"MetricWidgetImage": png}
