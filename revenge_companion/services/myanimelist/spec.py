"""MyAnimeList as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="myanimelist",
    name="MyAnimeList",
    kinds=(Kind.EPISODE, Kind.MOVIE),
    link=(LinkMethod.BROWSER,),
    live=False,
    batch_size=1,
    # The entry is read first and only set where it is behind.
    resend_is_safe=True,
    default_api_url="https://api.myanimelist.net/v2",
    default_auth_url="https://myanimelist.net",
    client_id_env="MAL_CLIENT_ID",
    help_url="https://myanimelist.net/apiconfig",
    anime_id="mal",
    # Two requests each, one a second.
    play_s=2.0,
    change_s=2.0,
    imports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    exports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT),
    refs=("anilist", "mal"),
    rated=(SubjectKind.MOVIE, SubjectKind.SHOW, SubjectKind.SEASON),
    one_play=True,
    dates_entries=True,
    import_note=(
        "MyAnimeList keeps how far you are, so only the first and the last episode of an entry "
        "have a day. The anime map tells which items of your server they are: download it first."
    ),
    # A month after its last renewal, which is made in its last week.
    ends_unused=True,
)
