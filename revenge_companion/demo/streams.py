"""The embedded server's live streams: the WebSocket of the protocol, and server-sent events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from revenge_companion.core.clock import Clock
from revenge_companion.demo.accounts import Accounts
from revenge_companion.demo.hub import EventHub, Subscriber, channel_of

#: Seconds between the keepalive comments of today's server.
_KEEPALIVE_S = 30.0
#: What a user may subscribe to; "server" is for administrators.
_CHANNELS = frozenset({"playback", "library", "rating", "watchlist", "history"})
#: What today's server knows for `?categories=`.
_CATEGORIES = frozenset({"content", "requests", "library", "user", "auth", "playback", "system"})


class Streams:
    """Serves `/api/v1/ws` and `/api/v1/events`."""

    def __init__(self, hub: EventHub, accounts: Accounts, clock: Clock, *, websocket: bool) -> None:
        self._hub = hub
        self._accounts = accounts
        self._clock = clock
        self._websocket = websocket
        #: HTTP status every new stream is answered with, None for none.
        self.failing: int | None = None
        #: How many streams were accepted so far.
        self.accepted = 0

    def routes(self) -> list[BaseRoute]:
        return [
            WebSocketRoute("/api/v1/ws", self._serve),
            Route("/api/v1/events", self._events, methods=["GET"]),
        ]

    async def _serve(self, socket: WebSocket) -> None:
        refused = self._refusal(socket)
        if refused is not None:
            await socket.send_denial_response(refused)
            return
        await socket.accept()
        self.accepted += 1
        subscriber = Subscriber()
        self._hub.subscribers.add(subscriber)
        sending = asyncio.create_task(self._send(socket, subscriber))
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                text = message.get("text")
                self._answer(subscriber, text if text is not None else "")
        finally:
            self._hub.subscribers.discard(subscriber)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    def _refusal(self, socket: WebSocket) -> Response | None:
        if not self._websocket:
            return PlainTextResponse("404 page not found\n", status_code=404)
        if self.failing is not None:
            return PlainTextResponse("failing on request\n", status_code=self.failing)
        if not self._accounts.allows(socket, stream=True):
            body = {"code": 401, "message": "Authentication required"}
            return JSONResponse(body, status_code=401)
        return None

    async def _send(self, socket: WebSocket, subscriber: Subscriber) -> None:
        # A client that went away ends the receiving side too.
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.send_text(await subscriber.outgoing.get())

    def _answer(self, subscriber: Subscriber, text: str) -> None:
        """Queue the answer to one message; nothing is awaited, so a replay has no gaps."""
        try:
            message = json.loads(text)
        except ValueError:
            return self._say(subscriber, "error", _trouble("INVALID_JSON", "not JSON"))
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            return self._say(subscriber, "error", _trouble("INVALID_MESSAGE", "no type"))
        data = message.get("data")
        data = data if isinstance(data, dict) else {}
        match message["type"]:
            case "ping":
                self._say(subscriber, "pong", {})
            case "subscribe":
                self._subscribe(subscriber, data)
            case "unsubscribe":
                subscriber.channels -= _names(data.get("channels"))
            case "ack":
                ids = data.get("ids")
                if isinstance(ids, list):
                    self._hub.acknowledged += [str(event_id) for event_id in ids]
            case unknown:
                self._say(subscriber, "error", _trouble("UNKNOWN_TYPE", unknown[:80]))
        return None

    def _subscribe(self, subscriber: Subscriber, data: dict[str, Any]) -> None:
        wanted = _names(data.get("channels"))
        for refused in sorted(wanted - _CHANNELS):
            self._say(subscriber, "error", _trouble("UNAUTHORIZED", refused[:80]))
        subscriber.channels |= wanted & _CHANNELS
        since = data.get("since")
        missed = self._hub.after(since) if isinstance(since, str) else None
        told = {"channels": sorted(subscriber.channels), "replay": missed is not None}
        self._say(subscriber, "subscribed", told)
        for envelope in missed or ():
            if channel_of(envelope["type"]) in subscriber.channels:
                subscriber.outgoing.put_nowait(json.dumps(envelope))

    def _say(self, subscriber: Subscriber, message_type: str, data: dict[str, Any]) -> None:
        subscriber.outgoing.put_nowait(json.dumps({"type": message_type, "data": data}))

    async def _events(self, request: Request) -> Response:
        if self.failing is not None:
            return PlainTextResponse("failing on request\n", status_code=self.failing)
        if not self._accounts.allows(request, stream=True):
            return PlainTextResponse("Unauthorized\n", status_code=401)
        named = request.query_params.get("categories", "")
        channels = set(named.split(",")) & _CATEGORIES if named else set(_CATEGORIES)
        self.accepted += 1
        subscriber = Subscriber(channels=channels, sse=True)
        # Before the headers leave: whoever has them misses nothing from then on.
        self._hub.subscribers.add(subscriber)
        return StreamingResponse(
            self._frames(subscriber),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache"},
        )

    async def _frames(self, subscriber: Subscriber) -> AsyncIterator[str]:
        keeping = asyncio.create_task(self._keep_alive(subscriber))
        try:
            while True:
                yield await subscriber.outgoing.get()
        finally:
            self._hub.subscribers.discard(subscriber)
            keeping.cancel()

    async def _keep_alive(self, subscriber: Subscriber) -> None:
        while True:
            await self._clock.sleep(_KEEPALIVE_S)
            subscriber.outgoing.put_nowait(": keepalive\n\n")


def _trouble(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}


def _names(value: Any) -> set[str]:
    return {name for name in value if isinstance(name, str)} if isinstance(value, list) else set()
