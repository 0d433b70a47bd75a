"""Jobs that sign objects in S3, which are not done here (AWS Signer API reference, "StartSigningJob")."""

from typing import NoReturn

from entrepot.core.access import Caller
from entrepot.core.signing import places
from entrepot.core.signing.places import ProfileName
from entrepot.db.database import Reader
from entrepot.errors import SigningInputInvalid


def start(tx: Reader, caller: Caller, name: ProfileName) -> NoReturn:
    """SigningProfileNotFound, else SigningInputInvalid: the platforms here sign what SignPayload is given."""
    profile = places.require(tx, caller, "StartSigningJob", name)
    raise SigningInputInvalid(
        reason=f"The platform {profile.platform} signs no objects of S3. Use SignPayload, or push the image."
    )
