"""Why something happened: a stable code for programs and a sentence for people.

A sentence is a template filled from `facts`; the window translates the template before filling it,
so numbers and names never pass through a translator.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

Fact = str | float | int

#: The context under which a language has sentences that come finished from below the window:
#: errors, notes, details. Templates of reasons are looked up before they are filled.
FINISHED = "Sentences"


class Reason(StrEnum):
    """Every reason code of the program."""

    # A play counted
    PLAYED_SHARE = "played_share"
    PLAYED_CAP = "played_cap"
    POSITION_REACHED = "position_reached"
    PLAYED_ON_AFTER_JUMP = "played_on_after_jump"
    REACHED_END = "reached_end"
    BY_HAND = "by_hand"
    WATCHED_ON_SERVER = "watched_on_server"
    # A play did not count (yet)
    PLAYING = "playing"
    TOO_SHORT = "too_short"
    STOPPED_EARLY = "stopped_early"
    PLAYED_TOO_LITTLE = "played_too_little"
    SKIPPED_PAST = "skipped_past"
    LENGTH_UNKNOWN = "length_unknown"
    PODCASTS_OFF = "podcasts_off"
    KIND_NEVER_COUNTS = "kind_never_counts"
    REST_OF_COUNTED = "rest_of_counted"
    LOST_SIGHT = "lost_sight"
    PRIVATE = "private"
    FILTERED = "filtered"
    BLOCKED_BY_RULE = "blocked_by_rule"
    NO_ACCOUNT = "no_account"
    # A play that counted did not go to an account
    SCROBBLES_OFF = "scrobbles_off"
    KIND_OFF = "kind_off"
    LIBRARY_OFF = "library_off"
    LIBRARY_UNKNOWN = "library_unknown"
    OWN_THRESHOLD = "own_threshold"
    # A delivery
    ALREADY_THERE = "already_there"
    NOT_FOUND = "not_found"
    IGNORED = "ignored"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    INVALID = "invalid"
    SERVICE_DOWN = "service_down"
    UNREACHABLE = "unreachable"
    UNANSWERED = "unanswered"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    LINK_AGAIN = "link_again"
    APP_KEY_REFUSED = "app_key_refused"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_LIMIT = "account_limit"
    VIP_NEEDED = "vip_needed"
    WRONG_ADDRESS = "wrong_address"
    PLAIN_HTTP = "plain_http"
    NOT_TAKEN = "not_taken"
    INTERRUPTED = "interrupted"
    RUNAWAY = "runaway"
    DISCARDED = "discarded"
    UNDONE = "undone"
    HANDED_OVER = "handed_over"
    HAND_OFF_DUE = "hand_off_due"
    NOTHING_CONFIRMED = "nothing_confirmed"
    LINK_ENDS = "link_ends"
    WATCHED_ONCE = "watched_once"
    MAP_NEEDED = "map_needed"
    UNMAPPED = "unmapped"
    KEPT_DROPPED = "kept_dropped"
    NOT_LISTED = "not_listed"
    KEPT_LISTED = "kept_listed"
    KEPT_HISTORY = "kept_history"
    # An undo
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    REMOVED_LATER = "removed_later"
    CANNOT_UNDO = "cannot_undo"
    CANNOT_UNDO_ALONE = "cannot_undo_alone"
    MAYBE_THERE = "maybe_there"
    BEING_SENT = "being_sent"
    NOT_SHOWN = "not_shown"
    UNDO_FAILED = "undo_failed"
    # A line of a source that cannot be used
    LINE_QUOTE_OPEN = "line_quote_open"
    LINE_NAMELESS = "line_nameless"
    LINE_UNDATED = "line_undated"
    LINE_UNRATED = "line_unrated"
    LINE_BROKEN = "line_broken"
    LINE_CUT_OFF = "line_cut_off"
    LINE_TOO_LONG = "line_too_long"
    LINE_REST_LOST = "line_rest_lost"
    LINE_UNUSABLE = "line_unusable"
    # An imported line
    NO_IDS = "no_ids"
    NOT_ON_SERVER = "not_on_server"
    EPISODE_MISSING = "episode_missing"
    IDS_DISAGREE = "ids_disagree"
    SERVER_LACKS_KIND = "server_lacks_kind"
    CATALOGUE_UNKNOWN = "catalogue_unknown"
    PLAY_KNOWN = "play_known"
    PLAY_DATED_OTHERWISE = "play_dated_otherwise"
    PLAY_DATED_LATER = "play_dated_later"
    RATED_OTHERWISE = "rated_otherwise"
    RATED_SOME_TIME = "rated_some_time"
    LOVED_OTHERWISE = "loved_otherwise"
    CHANGED_AT_SOURCE = "changed_at_source"
    WATCHED_SINCE = "watched_since"
    ANIME_MAP_MISSING = "anime_map_missing"
    ANIME_UNPLACED = "anime_unplaced"
    ANIME_ABSOLUTE = "anime_absolute"
    ANIME_PART = "anime_part"
    # A line of an export
    REMOVED_THERE = "removed_there"
    KEEPS_ONE_PLAY = "keeps_one_play"
    KEPT_TO_ITSELF = "kept_to_itself"
    DATE_UNKNOWN = "date_unknown"
    TIME_UNKNOWN = "time_unknown"
    SENT_UNDATED = "sent_undated"
    SENT_AT_NOON = "sent_at_noon"
    SENT_BEFORE = "sent_before"
    ON_ITS_WAY = "on_its_way"
    PARKED_BEFORE = "parked_before"
    GIVEN_UP_BEFORE = "given_up_before"
    CHANGED_HERE = "changed_here"
    TAKEN_BACK = "taken_back"
    SAYS_SO = "says_so"
    # A sync
    SYNC_ASKS = "sync_asks"
    GONE_AT_SOURCE = "gone_at_source"
    # The live source
    CONNECTING = "connecting"
    NO_WEBSOCKET = "no_websocket"
    SERVER_EVENTS = "server_events"
    NO_LIVE_EVENTS = "no_live_events"
    API_KEY_ONLY = "api_key_only"
    SERVER_DOWN = "server_down"
    CERTIFICATE = "certificate"
    SIGN_IN_AGAIN = "sign_in_again"
    NOT_REVENGE = "not_revenge"
    SERVER_SCROBBLES = "server_scrobbles"


#: One sentence per code. `{service}` and the numbers come from the facts.
SENTENCES: dict[Reason, str] = {
    Reason.PLAYED_SHARE: "Played {played} of {duration}: it counts from {threshold}.",
    Reason.PLAYED_CAP: "Played {played}: a track counts from {threshold}.",
    Reason.POSITION_REACHED: "Reached {percent} % while playing: it counts from {needed} %.",
    Reason.PLAYED_ON_AFTER_JUMP: "Jumped past {needed} % and played on for {played}: it counts.",
    Reason.REACHED_END: "Played to its end: it counts although its length is unknown.",
    Reason.WATCHED_ON_SERVER: "Your server reports it as watched.",
    Reason.BY_HAND: "You counted this play yourself.",
    Reason.PLAYING: "Still playing.",
    Reason.TOO_SHORT: "Only {duration} long: {kind} counts from {threshold}.",
    Reason.STOPPED_EARLY: "Stopped at {percent} %: it counts from {needed} %.",
    Reason.PLAYED_TOO_LITTLE: "Played {played}: it counts from {threshold}.",
    Reason.SKIPPED_PAST: (
        "Jumped to {percent} % and played on for {played}: it counts after {threshold}."
    ),
    Reason.LENGTH_UNKNOWN: "Its length is unknown: it counts only when played to its end.",
    Reason.PODCASTS_OFF: "Podcasts are switched off in the settings.",
    Reason.KIND_NEVER_COUNTS: "This kind of item never counts by itself.",
    Reason.REST_OF_COUNTED: "The rest of a play that already counted.",
    Reason.LOST_SIGHT: "The server stopped reporting this play at {percent} %.",
    Reason.PRIVATE: "Scrobbling was paused.",
    Reason.FILTERED: "Left out by your filters.",
    Reason.BLOCKED_BY_RULE: "Left out by your rule \u201c{rule}\u201d.",
    Reason.NO_ACCOUNT: "It counted, but no linked account takes it.",
    Reason.SCROBBLES_OFF: "{service} is switched off for scrobbles.",
    Reason.KIND_OFF: "{service} is set not to get this kind of item.",
    Reason.LIBRARY_OFF: "{service} is set not to get this library.",
    Reason.LIBRARY_UNKNOWN: (
        "{service} is set to get some libraries only, and your server did not say which one this "
        "is from."
    ),
    Reason.OWN_THRESHOLD: "Stopped at {percent} %: {service} counts from {needed} %.",
    Reason.ALREADY_THERE: "{service} already had this play.",
    Reason.NOT_FOUND: "{service} does not know this item.",
    Reason.IGNORED: "{service} ignored this play.",
    Reason.TOO_OLD: "{service} refuses plays this old.",
    Reason.TOO_NEW: "{service} says this play is in the future. Check this computer's clock.",
    Reason.INVALID: "{service} did not accept this play.",
    Reason.SERVICE_DOWN: "{service} has trouble. The play will be sent when it is back.",
    Reason.UNREACHABLE: "{service} cannot be reached. The play will be sent when it is back.",
    Reason.UNANSWERED: "{service} gave no answer. The Companion makes sure the play arrives once.",
    Reason.RATE_LIMITED: "{service} asked to wait a moment.",
    Reason.QUOTA: "{service} takes no more plays today.",
    Reason.LINK_AGAIN: "{service} signed you out. Link again to send waiting plays.",
    Reason.APP_KEY_REFUSED: "{service} refused the app key. Plays are kept until it is mended.",
    Reason.ACCOUNT_LOCKED: "{service} has locked this account. Write to its support.",
    Reason.ACCOUNT_LIMIT: "This account has reached a limit at {service}.",
    Reason.VIP_NEEDED: "{service} asks for a paid plan for this.",
    Reason.WRONG_ADDRESS: "No {service} server answers at this address.",
    Reason.PLAIN_HTTP: (
        "{service} is set to an address without encryption, which this account may not use."
    ),
    Reason.NOT_TAKEN: "{service} does not take this kind of item.",
    Reason.RUNAWAY: (
        "More plays came than anybody can have played, so {service} gets none of them. "
        "Look at the outbox, then test the account to send them."
    ),
    Reason.INTERRUPTED: "The Companion was ended while sending; it makes sure of one play.",
    Reason.DISCARDED: "You discarded this play.",
    Reason.UNDONE: "You undid this play.",
    Reason.WITHDRAWN: "{service} was not told of it.",
    Reason.REMOVED: "{service} removed it.",
    Reason.REMOVED_LATER: "{service} removes it after the full hour.",
    Reason.CANNOT_UNDO: ("{service} does not let programs remove plays. Remove it on its website."),
    Reason.CANNOT_UNDO_ALONE: "{service} cannot remove this play alone.",
    Reason.MAYBE_THERE: (
        "It may have arrived at {service}, which does not let programs remove plays. Look there."
    ),
    Reason.BEING_SENT: "It is being sent to {service} this moment. Undo it again in a minute.",
    Reason.NOT_SHOWN: "{service} does not show this play, so nothing was removed there.",
    Reason.UNDO_FAILED: "{service} could not be asked to remove it.",
    Reason.HANDED_OVER: "You imported this play at {service} from a file.",
    Reason.NOTHING_CONFIRMED: (
        "Plays have been going to {service} for a day and none was confirmed. Test the account."
    ),
    Reason.LINK_ENDS: (
        "{service} ends this link soon and does not renew it. Link again to go on without a gap; "
        "days left: {count}."
    ),
    Reason.WATCHED_ONCE: (
        "{service} is set to keep one play of each item, and it has one of this already."
    ),
    Reason.HAND_OFF_DUE: "Plays wait for you to import them at {service} from a file: {count}.",
    Reason.MAP_NEEDED: (
        "{service} needs the anime map. Download it in the settings; plays wait until then."
    ),
    Reason.UNMAPPED: "It could not be told which entry of {service} this is.",
    Reason.KEPT_LISTED: (
        "{service} has this on another of its lists already, so it was left as it is."
    ),
    Reason.KEPT_HISTORY: (
        "{service} would remove its history and rating as well, so it was left as it is."
    ),
    Reason.KEPT_DROPPED: "You dropped this at {service}, so it was left as it is.",
    Reason.NOT_LISTED: (
        "It is on none of your lists at {service}, so it cannot be rated there. Try again once it "
        "is."
    ),
    Reason.LINE_QUOTE_OPEN: "A quotation mark is opened and never closed.",
    Reason.LINE_NAMELESS: "Its title, artist or author is missing.",
    Reason.LINE_UNDATED: "Its date is missing or cannot be read.",
    Reason.LINE_UNRATED: "Its rating cannot be read.",
    Reason.LINE_BROKEN: "It is not written as the other lines of such a file.",
    Reason.LINE_CUT_OFF: "It breaks off before its end.",
    Reason.LINE_TOO_LONG: "It is longer than any line of such a file is.",
    Reason.LINE_REST_LOST: "The file is damaged from here on. Nothing behind this could be read.",
    Reason.LINE_UNUSABLE: "The Companion cannot make anything of what the source says here.",
    Reason.NO_IDS: "The source gives no id for it. You can choose the item yourself.",
    Reason.NOT_ON_SERVER: "Your server does not have it. It is kept here until it does.",
    Reason.EPISODE_MISSING: "Your server has the show, but not this episode.",
    Reason.IDS_DISAGREE: "Its ids belong to different items of your server. Choose the right one.",
    Reason.SERVER_LACKS_KIND: "Your server keeps no items of this kind. It is kept here.",
    Reason.CATALOGUE_UNKNOWN: (
        "What your server has is not known yet. It is looked for again when it is."
    ),
    Reason.PLAY_KNOWN: "This play is known from {source} already.",
    Reason.PLAY_DATED_OTHERWISE: (
        "The same play has another date at {source}; the earlier one counts."
    ),
    Reason.PLAY_DATED_LATER: (
        "The same play has another date at {source}; the later one counts, as one of them is "
        "your server's."
    ),
    Reason.RATED_OTHERWISE: "It is rated otherwise at {source}; the later rating counts.",
    Reason.RATED_SOME_TIME: (
        "It is rated otherwise at {source}, and no date tells which rating is later. Choose one."
    ),
    Reason.LOVED_OTHERWISE: "It is the opposite at {source}; the later word counts.",
    Reason.CHANGED_AT_SOURCE: "It was changed at its source since the last import.",
    Reason.WATCHED_SINCE: "You have watched it since, so it leaves the watchlist.",
    Reason.ANIME_MAP_MISSING: (
        "Which item this is cannot be told without the anime map. Download it in the settings and "
        "import again."
    ),
    Reason.ANIME_UNPLACED: "The anime map does not say which item of your server this is.",
    Reason.ANIME_ABSOLUTE: (
        "The anime map counts this series through all its seasons, so its place at your server is "
        "not known."
    ),
    Reason.ANIME_PART: (
        "It is a part of a season or of a show, which your server does not tell apart."
    ),
    Reason.REMOVED_THERE: "It was removed at {service}, so it is not put back.",
    Reason.KEEPS_ONE_PLAY: "{service} keeps one play of each item.",
    Reason.KEPT_TO_ITSELF: "Only a service that does not allow sending it on knows this.",
    Reason.DATE_UNKNOWN: "Nobody knows its date, and {service} takes no play without one.",
    Reason.TIME_UNKNOWN: "Only the day is known, and {service} wants the minute.",
    Reason.SENT_UNDATED: "Nobody knows its date; {service} gets it without one.",
    Reason.SENT_AT_NOON: "Only the day is known; {service} gets it dated at noon.",
    Reason.SENT_BEFORE: "It was sent to {service} before.",
    Reason.ON_ITS_WAY: "It waits in the outbox already.",
    Reason.PARKED_BEFORE: "{service} refused it before. It is parked in the outbox.",
    Reason.GIVEN_UP_BEFORE: "It was taken back or given up before.",
    Reason.CHANGED_HERE: "{service} says otherwise; the later word is sent.",
    Reason.TAKEN_BACK: "It was taken back elsewhere, so it is removed at {service}.",
    Reason.SAYS_SO: "{service} says so already, as far as is known.",
    Reason.GONE_AT_SOURCE: "It was removed at its source.",
    Reason.SYNC_ASKS: (
        "{service} changed more than a person usually does, so nothing was taken over. Look at "
        "Imports and decide."
    ),
    Reason.CONNECTING: "Connecting to your server.",
    Reason.NO_WEBSOCKET: (
        "Your server has no WebSocket. The Companion listens to its server events and checks "
        "progress every minute."
    ),
    Reason.SERVER_EVENTS: (
        "Your server has no WebSocket. The Companion listens to its server events."
    ),
    Reason.NO_LIVE_EVENTS: (
        "Your server does not announce playback. The Companion checks progress every minute "
        "instead; short plays can be missed."
    ),
    Reason.API_KEY_ONLY: (
        "With an API key the server allows no live connection. The Companion checks progress "
        "every minute instead; short plays can be missed."
    ),
    Reason.SERVER_DOWN: "Your server is not answering. The Companion keeps trying.",
    Reason.CERTIFICATE: (
        "Your server's certificate cannot be trusted, so nothing is sent there. The Companion "
        "keeps trying."
    ),
    Reason.SIGN_IN_AGAIN: "Your server signed you out. Sign in again to go on.",
    Reason.SERVER_SCROBBLES: (
        "Your server now sends plays by itself, and so does the Companion: {services}. Plays may "
        "arrive twice. Choose in the settings who sends them."
    ),
    Reason.NOT_REVENGE: "Something answers at this address, but it is not a Revenge server.",
}


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(
    code: str,
    facts: Mapping[str, Fact] | None = None,
    translate: Callable[[str], str] | None = None,
) -> str:
    """The sentence for `code`, filled from `facts`.

    `translate` turns the English template into the user's language. An unknown code comes back as
    it is, so that a newer database still reads.
    """
    try:
        template = SENTENCES[Reason(code)]
    except ValueError:
        return code
    if translate is not None:
        template = translate(template)
    return template.format_map(_Known({key: _shown(value) for key, value in (facts or {}).items()}))


def _shown(value: Fact) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def minutes(seconds: float) -> str:
    """Seconds as people read a length: "1:40", "1:02:03"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"
