"""What answers at an address: Last.fm, or which of the servers that resemble it."""

from urllib.parse import urlsplit

from revenge_companion.core.errors import CompanionError
from revenge_companion.net.http import Answer, Http
from revenge_companion.services.answers import mapping, object_of
from revenge_companion.services.base import LinkMethod, ProbeResult
from revenge_companion.services.lastfm import payload, wire

#: Where servers keep this interface when the bare address of their site was typed.
_PLACES = ("/2.0", "/apis/audioscrobbler/2.0", "/api/lastfm")
#: A key nobody registered: Last.fm refuses it, the others look at none.
_KEYS = wire.Keys(wire.NO_KEY, "")


async def probe(http: Http, address: str) -> ProbeResult:
    """What the server at `address` is, asked without account and key.

    Tried as typed and then where Maloja and multi-scrobbler keep the interface. Every trouble
    comes back as the result's sentence.
    """
    typed = address.strip().rstrip("/")
    roots = [typed] if urlsplit(typed).path else [typed + place for place in _PLACES]
    page_at = ""
    try:
        for root in roots:
            answer = await wire.call(http, root, _KEYS, "auth.getToken", {})
            found = await _recognised(http, root, answer)
            if found is not None:
                return found
            if object_of(answer) is None and answer.status == 200:
                page_at = answer.host
            if object_of(answer) is None and answer.status >= 500:
                return ProbeResult(trouble=f"{answer.host} has trouble (HTTP {answer.status}).")
    except CompanionError as error:
        return ProbeResult(trouble=str(error))
    if page_at:
        return ProbeResult(trouble=f"A web page answers at {page_at} instead of Last.fm.")
    return ProbeResult(trouble=f"No server like Last.fm answers at {urlsplit(typed).netloc}.")


async def _recognised(http: Http, root: str, answer: Answer) -> ProbeResult | None:
    data = object_of(answer) or {}
    code, _ = wire.error_of(answer)
    if code in (10, 26):
        return ProbeResult("Last.fm", root, batches=True, loves=True)
    if isinstance(data.get("token"), str):
        second = await _session(http, root)
        if wire.error_of(second)[0] == 3:
            return ProbeResult("ListenBrainz proxy", root, batches=True)
        return ProbeResult("Libre.fm / GNU FM", root, batches=True, loves=True)
    if code is None:
        return None
    second = await _session(http, root)
    session = mapping((object_of(second) or {}).get("session"))
    if isinstance(session.get("key"), str):
        # It lets everybody in, and words its other refusals without a number.
        return ProbeResult("multi-scrobbler", root, link=LinkMethod.PASSWORD)
    if wire.error_of(second)[0] not in (None, 3):
        return ProbeResult("Maloja", root, link=LinkMethod.PASSWORD)
    return None


async def _session(http: Http, root: str) -> Answer:
    """The answer to a login that belongs to nobody."""
    fields = {"username": "nobody", "password": "nobody"}
    fields["authToken"] = payload.old_password_token("nobody", "nobody")
    return await wire.call(http, root, _KEYS, "auth.getMobileSession", fields)
