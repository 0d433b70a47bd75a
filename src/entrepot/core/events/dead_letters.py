"""What is given up goes to the target's dead-letter queue (docs: "Using dead-letter queues"), with why as attributes of
the message; what no queue takes is kept, until somebody sends it again or throws it away.
"""

from dataclasses import dataclass

from entrepot.core.events.aws_services import AwsServices, Message
from entrepot.core.events.outcomes import Failure
from entrepot.db.database import Row
from entrepot.outbound import Sender


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that was given up after so many attempts that failed."""

    row: Row
    failure: Failure
    exhausted: str
    attempts: int


async def send(
    services: AwsServices, sender: Sender, queue_arn: str, letter: Letter, target_arn: str
) -> Failure | None:
    """Put a letter into its queue; None when it is there."""
    attributes = {
        "RULE_ARN": letter.row.target.partition(" ")[0],
        "TARGET_ARN": target_arn,
        "ERROR_CODE": letter.failure.code,
        "ERROR_MESSAGE": letter.failure.message,
        "EXHAUSTED_RETRY_CONDITION": letter.exhausted,
        "RETRY_ATTEMPTS": str(max(letter.attempts - 1, 0)),
    }
    message = Message(queue_arn, letter.row.body, letter.row.event_id, {}, {}, attributes)
    return await services.send(sender, message)
