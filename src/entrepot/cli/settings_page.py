"""Writes docs/settings.md from the record of settings (`make docs`)."""

import sys

from entrepot.settings import Documented, documentation

_HEAD = """# Settings

This page is made from `src/entrepot/settings/record.py` by `make docs`.

Each setting is a flag of `entrepot serve` (`--gc-grace-seconds 60`), a variable of the environment
(`ENTREPOT_GC_GRACE_SECONDS=60`) and a key of the configuration file (`gc_grace_seconds = 60`). The flag wins over the
variable, the variable over the file, the file over the default. Secrets are no flags: others could see them in the list
of processes. In the environment a list is comma-separated, and a flag is `true` or `false`. The file is the one named
by `--config` or `ENTREPOT_CONFIG`, else `DATA/entrepot.toml`. All faults are reported together, before anything is
touched.

Servers over the same data must agree on those marked *agree*; a second one that does not is refused.
"""


def page() -> str:
    """The page's text."""
    return _HEAD + "".join(_entry(setting) for setting in documentation())


def _entry(setting: Documented) -> str:
    facts = [f"`{setting.variable}`"]
    if setting.default:
        facts.append(f"default `{setting.default}`")
    if setting.unit:
        facts.append(setting.unit)
    if setting.secret:
        facts.append("secret")
    if setting.agree:
        facts.append("*agree*")
    return f"\n## {setting.name}\n{' · '.join(facts)}\n\n{setting.doc}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
