"""Trakt as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="trakt",
    name="Trakt",
    kinds=(Kind.MOVIE, Kind.EPISODE),
    link=(LinkMethod.DEVICE,),
    live=True,
    # No maximum is documented; their own web client sends 100.
    batch_size=100,
    # Their history keeps every play it is sent, so an unanswered one is read back first.
    resend_is_safe=False,
    default_api_url="https://api.trakt.tv",
    default_auth_url="https://auth.trakt.tv",
    client_id_env="TRAKT_CLIENT_ID",
    help_url="https://app.trakt.tv/settings/apps/api",
    # A hundred to a request, one a second.
    play_s=0.01,
    change_s=0.01,
    imports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.COLLECTION, Facet.LISTS),
    exports=(Facet.HISTORY, Facet.RATINGS, Facet.WATCHLIST, Facet.COLLECTION),
    verbs=(Verb.RATE, Verb.UNRATE, Verb.WANT, Verb.UNWANT, Verb.COLLECT),
    refs=("trakt",),
    rated=(SubjectKind.MOVIE, SubjectKind.SHOW, SubjectKind.SEASON, SubjectKind.EPISODE),
    sync_every_s=3600.0,
    import_note=(
        "Trakt is read at its own pace, 100,000 plays in about five minutes, and its times are "
        "exact to the minute. What comes from it is never sent on to other services by itself."
    ),
    # Their API Use Policy of 2026-09-16.
    keeps_to_itself=(
        "Trakt does not allow apps to keep another service in step with what it holds, so what "
        "comes from Trakt is never sent on by itself."
    ),
    link_note=(
        "A free Trakt account has room for one app: linking the Companion may end the link of "
        "another."
    ),
)
