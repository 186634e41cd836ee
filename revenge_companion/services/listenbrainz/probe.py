"""What answers at an address: ListenBrainz, or which of the servers that resemble it."""

from urllib.parse import urlsplit

from revenge_companion.core.errors import CompanionError
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import first_text, object_of
from revenge_companion.services.base import ProbeResult
from revenge_companion.services.listenbrainz import payload

#: A token no account has; every kind of server answers it in its own way.
NO_TOKEN = "00000000-0000-0000-0000-000000000000"
#: Where servers keep this interface when the bare address of their site was typed.
_PLACES = ("", "/apis/listenbrainz", "/api/listenbrainz")
#: Seconds for one question: the user is looking on.
_ASK_S = 10.0


async def probe(http: Http, address: str) -> ProbeResult:
    """What the server at `address` is, asked with a token nobody has.

    Tried as typed and then where Maloja, Koito and multi-scrobbler keep the interface. Every
    trouble comes back as the result's sentence.
    """
    typed = payload.root(address)
    places = _PLACES if not urlsplit(typed).path else ("",)
    page_at = ""
    try:
        for place in places:
            root = typed + place
            answer = await _get(http, payload.validate_url(root))
            found = await _recognised(http, root, answer)
            if found is not None:
                return found
            if object_of(answer) is None and answer.status == 200:
                page_at = answer.host
            if answer.status >= 500:
                return ProbeResult(trouble=f"{answer.host} has trouble (HTTP {answer.status}).")
    except CompanionError as error:
        return ProbeResult(trouble=str(error))
    host = urlsplit(typed).netloc
    if page_at:
        return ProbeResult(trouble=f"A web page answers at {page_at} instead of ListenBrainz.")
    return ProbeResult(trouble=f"No server like ListenBrainz answers at {host}.")


async def _recognised(http: Http, root: str, answer: Answer) -> ProbeResult | None:
    data = object_of(answer)
    if answer.status == 405 and payload.submit_url(root) == root:
        # Its complete address takes listens and nothing else.
        return ProbeResult("multi-scrobbler", root)
    if answer.status == 200 and data is not None and data.get("valid") is True:
        return ProbeResult("multi-scrobbler", root)
    if answer.status == 200 and data is not None and data.get("valid") is False:
        return ProbeResult("ListenBrainz", root, batches=True, loves=True)
    if answer.status == 401 and payload.submit_url(root) != root:
        # Both refuse the token this way; they differ in what they say to a reading.
        reading = await _get(http, f"{root}/1/user/nobody/listens")
        words = first_text((object_of(reading) or {}).get("error")).lower()
        kind = "Maloja" if reading.status == 200 and "invalid method" in words else "Koito"
        return ProbeResult(kind, root)
    return None


async def _get(http: Http, url: str) -> Answer:
    return await http.request(
        "GET", url, headers={"Authorization": f"Token {NO_TOKEN}"}, timeout_s=_ASK_S
    )
