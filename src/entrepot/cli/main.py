"""`entrepot`: the table of commands. A refusal is printed without a traceback and ends with status 1."""

import sys

from cyclopts import App

from entrepot import __version__
from entrepot.errors import Fact

app = App(
    name="entrepot",
    help="An Elastic Container Registry that you own.",
    version=__version__,
    result_action="return_value",
)
app.command("entrepot.cli.serve:serve", help="Serve registries until SIGTERM or SIGINT.")
_NOUNS = {
    "account": ("Accounts and their root keys.", ("create", "list_")),
    "account policy": ("Service control policies: what an account may do at most.", ("put", "list_", "delete")),
    "key": ("Root keys.", ("rotate",)),
    "public-alias": ("Names of public registries.", ("add", "list_", "remove")),
    "trail": ("Trails of CloudTrail.", ("list_", "verify")),
    "token": ("Registry tokens.", ("create", "issue")),
    "events": ("Events that have not arrived at their targets.", ("list_", "show_", "redrive", "purge")),
    "cache": ("Images of upstream registries.", ("refresh",)),
    "image": ("Images.", ("copy",)),
    "replication": ("Images on their way to other registries.", ("status", "repair")),
    "replication options": ("What AWS has no name for of replication.", ("set_", "show_")),
    "peer": (
        "Other deployments, and registries, that images go to.",
        ("key", "add", "add_registry", "list_", "check", "grant", "revoke", "remove"),
    ),
    "in-use": ("Which images run.", ("report",)),
    "vulndb": ("What is known of vulnerable packages.", ("import_", "update", "status", "export", "key")),
    "vulnerability": ("Findings that need not count.", ()),
    "vulnerability exception": ("Risks that somebody answers for until a day.", ("add", "list_", "remove")),
    "vulnerability vex": ("Documents that say what is not affected.", ("import_", "trust", "distrust", "show_")),
    "encryption": ("What is encrypted, and by which keys.", ("status",)),
    "repository": ("Repositories.", ()),
    "repository admission": ("Which images a repository hands out.", ("set_", "show_")),
    "repository protection": ("Repositories of which nothing is deleted.", ("set_", "show_")),
    "signing": ("What verifies signatures that are made here.", ("root", "key")),
    "trash": ("What was deleted and may be restored.", ("set_", "list_", "restore", "purge")),
    "quota": ("What an account may have.", ("list_", "set_", "reset", "usage")),
    "quota bytes": ("How many bytes repositories may hold.", ("set_", "remove")),
    "db": ("The metadata database.", ("upgrade",)),
}
_groups = {"": app}
for noun, (text, verbs) in _NOUNS.items():
    within, _, name = noun.rpartition(" ")
    module = noun.replace(" ", "_").replace("-", "_")
    group = _groups[noun] = App(name=name, help=text)
    for verb in verbs:
        group.command(f"entrepot.cli.{module}:{verb}", name=verb.rstrip("_").replace("_", "-"))
    _groups[within].command(group)
app.command(
    "entrepot.cli.kubelet_credential_provider:provide",
    name="kubelet-credential-provider",
    help="Answer kubelet with a registry password for the image that a pod wants.",
)
app.command("entrepot.cli.scan:scan", help="Scan an image, wherever it is: its packages and what is known of them.")
app.command("entrepot.cli.gc:gc", help="Collect what no image references, beside a running server or without one.")
app.command("entrepot.cli.fsck:fsck", help="Prove that every manifest is resolvable, down to the bytes.")


def main() -> None:
    """Run the command line of this process; what it refuses is one line on stderr and status 1."""
    try:
        status = app()
    except Fact as fact:
        sys.stderr.write(f"entrepot: {fact}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as fault:
        sys.stderr.write(f"entrepot: {fault}\n")
        sys.exit(1)
    sys.exit(status or 0)
