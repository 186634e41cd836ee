"""Last.fm as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="lastfm",
    name="Last.fm",
    # It has no type for podcasts; they only get here when the user turned them on.
    kinds=(Kind.TRACK, Kind.PODCAST),
    link=(LinkMethod.BROWSER_TOKEN, LinkMethod.PASSWORD),
    live=True,
    batch_size=50,
    resend_is_safe=True,
    default_api_url="https://ws.audioscrobbler.com/2.0",
    default_auth_url="https://www.last.fm/api/auth",
    custom_server=True,
    loves=True,
    client_id_env="LASTFM_API_KEY",
    client_secret_env="LASTFM_API_SECRET",
    help_url="https://www.last.fm/api/account/create",
    # Older scrobbles are not stored, although the answer may say they were: 14 days.
    max_age_s=14 * 86_400.0,
    # Since June 2026 a day holds somewhere from 600 to 800 scrobbles; a backlog leaves the rest of
    # that to fresh plays. When their day begins is unknown.
    per_day=600,
    # Fifty plays or one love to a request, five requests a second.
    play_s=0.004,
    change_s=0.2,
    imports=(Facet.HISTORY, Facet.LOVED),
    exports=(Facet.HISTORY, Facet.LOVED),
    verbs=(Verb.LOVE, Verb.UNLOVE),
    rated=(SubjectKind.TRACK,),
    # Pages of 200 at five requests a second.
    import_note="Last.fm shows 200 plays at a time: 100,000 plays take about two minutes.",
)
