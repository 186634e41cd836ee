"""Goodreads as data."""

from revenge_companion.core.library import Facet
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="goodreads",
    name="Goodreads",
    # Revenge has no books but audiobooks, and those never count by themselves: what waits here was
    # scrobbled by hand.
    kinds=(Kind.AUDIOBOOK,),
    link=(LinkMethod.LOCAL,),
    live=False,
    batch_size=1000,
    resend_is_safe=True,
    default_api_url="",
    help_url="https://www.goodreads.com/review/import",
    hand_off=True,
    exports=(Facet.HISTORY,),
    upload_url="https://www.goodreads.com/review/import",
    upload_note=(
        "Try one book first: Goodreads does not say whether an import overwrites dates and "
        "ratings you have there."
    ),
)
