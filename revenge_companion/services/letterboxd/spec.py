"""Letterboxd as data."""

from revenge_companion.core.library import Facet
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="letterboxd",
    name="Letterboxd",
    kinds=(Kind.MOVIE,),
    link=(LinkMethod.LOCAL,),
    live=False,
    batch_size=1000,
    # The same film on the same day updates its diary entry.
    resend_is_safe=True,
    default_api_url="",
    help_url="https://letterboxd.com/about/importing-data/",
    hand_off=True,
    exports=(Facet.HISTORY,),
    upload_url="https://letterboxd.com/import/",
    upload_note=(
        "Letterboxd shows what it matched. Look it through before you confirm, as an import "
        "cannot be undone."
    ),
)
