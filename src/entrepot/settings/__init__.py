"""Every setting of the server: one frozen, typed record, parsed once. Only `app` and `cli` see it."""

from entrepot.settings.documented import Documented
from entrepot.settings.record import Settings, documentation
from entrepot.settings.sources import beside, is_weak, load, unknown_variables

__all__ = ["Documented", "Settings", "beside", "documentation", "is_weak", "load", "unknown_variables"]
