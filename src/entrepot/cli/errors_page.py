"""Writes docs/errors.md from the error tree and the doors' tables (`make docs`)."""

import inspect
import sys

from entrepot.aws.protocol import errors as aws
from entrepot.errors import Fact
from entrepot.oci import errors as oci

_HEAD = """# Errors

This page is made from the error tree (`src/entrepot/errors`) and the tables of the two doors by `make docs`.

What is wrong is one fact with one text, whichever way the request came in. The OCI door tells it by a status and a code
of the Distribution specification; the AWS door by a code of the operation's service model and a status. IAM and STS
name some of the common codes differently; these stand behind a slash.

Values stand in braces in the texts.
"""


def page() -> str:
    """The page's text."""
    facts = sorted(aws.TABLE, key=lambda fact: fact.__name__)
    return _HEAD + "".join(_entry(fact) for fact in facts)


def _entry(fact: type[Fact]) -> str:
    status, code = oci.TABLE[fact]
    aws_code, aws_status = aws.TABLE[fact]
    query = aws.QUERY_CODES.get(aws_code)
    shown = f"`{aws_code}`" + (f" / `{query}`" if query else "")
    text = fact.text.replace("{{", "{").replace("}}", "}").replace("\n", " ")
    doc = " ".join((inspect.getdoc(fact) or "").split())
    return f"\n## {fact.__name__}\n{doc}\n\n> {text}\n\nOCI: {status} `{code}` · AWS: {aws_status} {shown}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
