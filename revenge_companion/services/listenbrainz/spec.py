"""ListenBrainz as data."""

from revenge_companion.core.changes import Verb
from revenge_companion.core.library import Facet, SubjectKind
from revenge_companion.core.media import Kind
from revenge_companion.services.base import LinkMethod, ServiceSpec

SPEC = ServiceSpec(
    key="listenbrainz",
    name="ListenBrainz",
    # It has no type for podcasts; they only get here when the user turned them on.
    kinds=(Kind.TRACK, Kind.PODCAST),
    link=(LinkMethod.TOKEN,),
    live=True,
    batch_size=1000,
    resend_is_safe=True,
    default_api_url="https://api.listenbrainz.org",
    custom_server=True,
    loves=True,
    help_url="https://listenbrainz.org/settings/",
    # A thousand listens or one feedback to a request, thirty requests in 10 s.
    play_s=0.00034,
    change_s=0.34,
    imports=(Facet.HISTORY, Facet.LOVED),
    exports=(Facet.HISTORY, Facet.LOVED),
    verbs=(Verb.LOVE, Verb.HATE, Verb.UNLOVE),
    rated=(SubjectKind.TRACK,),
    import_note="Listens that you deleted at ListenBrainz within the last hour may still be read.",
)
