"""Hardcover as data."""

from revenge_companion.core.library import Facet
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="hardcover",
    name="Hardcover",
    # Revenge has no books but audiobooks, and those never count by themselves: what is delivered
    # here was scrobbled by hand.
    kinds=(Kind.AUDIOBOOK,),
    link=(LinkMethod.TOKEN,),
    live=False,
    # A book takes several requests that build on each other.
    batch_size=1,
    # Every delivery looks at what is there before it writes, so a repeated one adds nothing.
    resend_is_safe=True,
    # About three requests each, one a second.
    play_s=3.0,
    change_s=3.0,
    imports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    exports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    dates_entries=True,
    import_note=(
        "Hardcover knows the day a book was finished, not the hour. Reviews come with the ratings; "
        "private notes are not read."
    ),
    default_api_url="https://api.hardcover.app",
    # The page with the scopes filled in that a delivery needs.
    help_url=(
        "https://hardcover.app/account/api/keys/new"
        "?scope=read%3Acatalog+read%3Ame%3Acontent+read%3Alibrary+write%3Alibrary"
    ),
)
