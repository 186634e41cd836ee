"""AniList as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="anilist",
    name="AniList",
    kinds=(Kind.EPISODE, Kind.MOVIE),
    link=(LinkMethod.PIN,),
    live=False,
    batch_size=1,
    # The entry is read first and only set where it is behind.
    resend_is_safe=True,
    default_api_url="https://graphql.anilist.co",
    default_auth_url="https://anilist.co",
    client_id_env="ANILIST_CLIENT_ID",
    help_url="https://anilist.co/settings/developer",
    anime_id="anilist",
    # Two requests each, 25 a minute.
    play_s=4.8,
    change_s=4.8,
    imports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.LISTS),
    exports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT),
    refs=("anilist", "mal"),
    rated=(SubjectKind.MOVIE, SubjectKind.SHOW, SubjectKind.SEASON),
    one_play=True,
    dates_entries=True,
    import_note=(
        "AniList keeps how far you are, so only the first and the last episode of an entry have a "
        "day. The anime map tells which items of your server they are: download it first."
    ),
)
