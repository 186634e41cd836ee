"""Simkl as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="simkl",
    name="Simkl",
    kinds=(Kind.MOVIE, Kind.EPISODE),
    link=(LinkMethod.DEVICE,),
    live=True,
    # No maximum is documented; 50 to 100 is what clients that work send.
    batch_size=100,
    # The same watch again is a no-op.
    resend_is_safe=True,
    # A free account has 500 requests a day, for all of its apps together; a quarter of them is
    # kept for fresh plays and live notices. The day begins at midnight in New York.
    per_day=375,
    day_counts_requests=True,
    day_starts_utc_h=5,
    # A hundred to a request, one in 1.05 s.
    play_s=0.0105,
    change_s=0.0105,
    imports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    exports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT),
    refs=("simkl", "mal", "anilist"),
    rated=(SubjectKind.MOVIE, SubjectKind.SHOW),
    one_play=True,
    # Dated 1970, which means "long ago" there; and the same again changes nothing.
    undated=True,
    # One request, where nothing changed; a free account has 500 a day.
    sync_every_s=3600.0,
    import_note=(
        "Simkl keeps the latest date of each film and episode only. An import takes about four of "
        "the 500 requests a free account has a day."
    ),
    default_api_url="https://api.simkl.com",
    client_id_env="SIMKL_CLIENT_ID",
    help_url="https://simkl.com/settings/developer/",
)
