"""The database's shape up to version 13, one function per version, as users have it: never edited.

`store.migrations` runs them, and holds what came after.
"""

import sqlite3


def m001_first(connection: sqlite3.Connection) -> None:
    """Accounts, the ledger of plays, scrobbles and their deliveries."""
    for statement in _FIRST:
        connection.execute(statement)


_FIRST = (
    """CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE cursor (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE profile (
        id INTEGER PRIMARY KEY, server_url TEXT NOT NULL, username TEXT NOT NULL,
        UNIQUE (server_url, username))""",
    """CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        service TEXT NOT NULL, remote_id TEXT NOT NULL, api_url TEXT NOT NULL,
        label TEXT NOT NULL, remote_name TEXT NOT NULL, profile_url TEXT NOT NULL,
        auth_url TEXT NOT NULL, client_id TEXT NOT NULL, switches TEXT NOT NULL,
        state TEXT NOT NULL, state_detail TEXT NOT NULL,
        held_until_us INTEGER, removed_us INTEGER,
        UNIQUE (service, remote_id, api_url))""",
    """CREATE TABLE tally (
        account_id INTEGER PRIMARY KEY REFERENCES account (id),
        pending INTEGER NOT NULL DEFAULT 0, sending INTEGER NOT NULL DEFAULT 0,
        unsure INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 0,
        undone INTEGER NOT NULL DEFAULT 0, last_delivery_us INTEGER)""",
    """CREATE TABLE play (
        id INTEGER PRIMARY KEY, play_key TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL, label TEXT NOT NULL, search TEXT NOT NULL, item TEXT NOT NULL,
        device_name TEXT NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER,
        counted_us INTEGER, played_s REAL NOT NULL, position_s REAL NOT NULL, duration_s REAL,
        reason_code TEXT NOT NULL, facts TEXT NOT NULL, snapshot TEXT NOT NULL)""",
    """CREATE INDEX play_snapshot ON play (ended_us) WHERE snapshot <> ''""",
    """CREATE TABLE scrobble (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, rule TEXT NOT NULL, play_key TEXT,
        second INTEGER NOT NULL, started_us INTEGER NOT NULL, counted_us INTEGER NOT NULL,
        payload TEXT NOT NULL,
        UNIQUE (second, key, rule))""",
    """CREATE INDEX scrobble_play ON scrobble (play_key) WHERE play_key IS NOT NULL""",
    # A key holds the second of the play's start (core.scrobble), so "unique by second and key" says
    # the same as "unique by key"; but keys are hashes and land all over an index, which made a bulk
    # add to a million rows cost three times as much, while seconds come in order.
    # An account that changes its threshold sees a play under two rules and still gets it once:
    # hence the key here beside the scrobble.
    """CREATE TABLE delivery (
        id INTEGER PRIMARY KEY,
        scrobble_id INTEGER NOT NULL REFERENCES scrobble (id),
        account_id INTEGER NOT NULL REFERENCES account (id),
        second INTEGER NOT NULL, key TEXT NOT NULL,
        state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        dated_us INTEGER NOT NULL, due_us INTEGER, queued_us INTEGER NOT NULL,
        settled_us INTEGER, reason_code TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '', remote_id TEXT,
        UNIQUE (account_id, second, key))""",
    # A row without a due time may go at once, in the order of its dates.
    """CREATE INDEX delivery_due ON delivery (account_id, due_us, dated_us)
        WHERE state IN ('pending', 'unsure', 'held')""",
    """CREATE INDEX delivery_open ON delivery (account_id, state) WHERE state <> 'delivered'""",
    """CREATE TRIGGER account_tally AFTER INSERT ON account BEGIN
        INSERT INTO tally (account_id) VALUES (NEW.id); END""",
    # Rows that are added or claimed are counted by the outbox, once per batch; every other move of
    # a row is counted here.
    """CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON delivery
        WHEN NEW.state <> OLD.state AND NEW.state <> 'sending' BEGIN
        UPDATE tally SET
            pending = pending + (NEW.state = 'pending') - (OLD.state = 'pending'),
            sending = sending - (OLD.state = 'sending'),
            unsure = unsure + (NEW.state = 'unsure') - (OLD.state = 'unsure'),
            delivered = delivered + (NEW.state = 'delivered') - (OLD.state = 'delivered'),
            held = held + (NEW.state = 'held') - (OLD.state = 'held'),
            parked = parked + (NEW.state = 'parked') - (OLD.state = 'parked'),
            undone = undone + (NEW.state = 'undone') - (OLD.state = 'undone'),
            last_delivery_us = CASE WHEN NEW.state = 'delivered'
                THEN NEW.settled_us ELSE last_delivery_us END
        WHERE account_id = NEW.account_id; END""",
)


def m002_rules(connection: sqlite3.Connection) -> None:
    """The user's rules, in their order; what a rule says is JSON, so that it may grow."""
    connection.execute(
        "CREATE TABLE rule (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
        "body TEXT NOT NULL)"
    )


def m003_library(connection: sqlite3.Connection) -> None:
    """The library: things, their identities, and what each source says of them; imports."""
    for statement in _LIBRARY:
        connection.execute(statement)


_LIBRARY = (
    # A thing as one source describes it: `subject` is core.library.Subject as JSON, `digest` its
    # hash. Items that are the same thing share `thing`, the lowest id among them. `chosen` is the
    # user's word that it is the server's item `media_id`, `never` that it is none.
    """CREATE TABLE library_item (
        id INTEGER PRIMARY KEY, thing INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE,
        kind TEXT NOT NULL, label TEXT NOT NULL, search TEXT NOT NULL, subject TEXT NOT NULL,
        duration_s REAL, media_id TEXT NOT NULL DEFAULT '', chosen INTEGER NOT NULL DEFAULT 0,
        never INTEGER NOT NULL DEFAULT 0)""",
    """CREATE INDEX library_item_thing ON library_item (thing)""",
    """CREATE INDEX library_item_said ON library_item (digest) WHERE chosen = 1 OR never = 1""",
    """CREATE INDEX library_item_media ON library_item (media_id) WHERE media_id <> ''""",
    # Identities as hashes of 32 bits: 700,000 keys fit into memory. Whoever finds a shared one
    # compares the subjects, so that the few that are shared by chance do no harm.
    """CREATE TABLE library_key (
        key INTEGER NOT NULL,
        item_id INTEGER NOT NULL REFERENCES library_item (id) ON DELETE CASCADE,
        PRIMARY KEY (key, item_id)) WITHOUT ROWID""",
    """CREATE INDEX library_key_item ON library_key (item_id)""",
    # One line of one source (core.library.Entry). In the merged view it stands for `shown` plays
    # (or is there once); with 0 another one stands for it, `same_as`, or it is no longer true.
    # `preferred` is the user's word in a conflict (core.merging.Line).
    """CREATE TABLE library_entry (
        id INTEGER PRIMARY KEY,
        item_id INTEGER NOT NULL REFERENCES library_item (id),
        source TEXT NOT NULL, facet TEXT NOT NULL, line TEXT NOT NULL,
        at_us INTEGER, precision TEXT NOT NULL, plays INTEGER NOT NULL DEFAULT 1,
        rating INTEGER, steps INTEGER NOT NULL DEFAULT 10, loved INTEGER NOT NULL DEFAULT 1,
        list_name TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
        removed INTEGER NOT NULL DEFAULT 0, preferred INTEGER NOT NULL DEFAULT 0,
        run_id INTEGER, shown INTEGER NOT NULL DEFAULT 1, same_as INTEGER,
        UNIQUE (source, facet, line))""",
    """CREATE INDEX library_entry_item ON library_entry (item_id, facet)""",
    """CREATE INDEX library_entry_run ON library_entry (run_id) WHERE run_id IS NOT NULL""",
    # With what counting needs, so that ten years are counted without touching the lines.
    """CREATE INDEX library_entry_shown ON library_entry (facet, at_us, id, item_id, shown)
        WHERE shown > 0""",
    # Counted plays that are not in the library yet, and things whose merged view is out of date.
    """CREATE TABLE library_due (play_id INTEGER PRIMARY KEY)""",
    # `parted` ones may have become two.
    """CREATE TABLE library_stale (
        thing INTEGER PRIMARY KEY, parted INTEGER NOT NULL DEFAULT 1)""",
    """INSERT INTO library_due SELECT id FROM play WHERE counted_us IS NOT NULL""",
    """CREATE TRIGGER library_play_new AFTER INSERT ON play WHEN NEW.counted_us IS NOT NULL
        BEGIN INSERT OR IGNORE INTO library_due VALUES (NEW.id); END""",
    """CREATE TRIGGER library_play_counted AFTER UPDATE OF counted_us ON play
        WHEN NEW.counted_us IS NOT OLD.counted_us
        BEGIN INSERT OR IGNORE INTO library_due VALUES (NEW.id); END""",
    # What is forgotten leaves the library in the same moment, title and all.
    """CREATE TRIGGER library_play_gone AFTER DELETE ON play WHEN OLD.counted_us IS NOT NULL
        BEGIN
        DELETE FROM library_due WHERE play_id = OLD.id;
        DELETE FROM library_entry WHERE source = 'companion' AND facet = 'history'
            AND (line = OLD.play_key
                OR (line > OLD.play_key || '#' AND line < OLD.play_key || '$'));
        END""",
    # An item goes with its last line, unless an undo would bring one back.
    """CREATE TRIGGER library_entry_gone AFTER DELETE ON library_entry BEGIN
        INSERT INTO library_stale (thing) SELECT thing FROM library_item WHERE id = OLD.item_id
            ON CONFLICT (thing) DO UPDATE SET parted = 1;
        DELETE FROM library_item WHERE id = OLD.item_id
            AND NOT EXISTS (SELECT 1 FROM library_entry WHERE item_id = OLD.item_id)
            AND NOT EXISTS (SELECT 1 FROM import_entry WHERE before_item = OLD.item_id);
        END""",
    # `options` holds the file's name and the like; `cursors` where each facet goes on; `marks` what
    # the source said before the walk. `written_id` is the last line that was written or
    # undone, `turn` the run's place among those that wrote, `marked_id` the last line that was
    # marked at the server.
    """CREATE TABLE import_run (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, source_name TEXT NOT NULL,
        facets TEXT NOT NULL, options TEXT NOT NULL, state TEXT NOT NULL,
        started_us INTEGER NOT NULL, ended_us INTEGER, cursors TEXT NOT NULL,
        marks TEXT NOT NULL, total INTEGER, processed INTEGER NOT NULL DEFAULT 0,
        matched INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
        marked INTEGER NOT NULL DEFAULT 0, trouble TEXT NOT NULL DEFAULT '',
        stage TEXT NOT NULL, written_id INTEGER NOT NULL DEFAULT 0,
        written INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0,
        marked_id INTEGER NOT NULL DEFAULT 0)""",
    # What the lines of a run are about, each once. `keys` are the hashes as JSON.
    """CREATE TABLE import_item (
        id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES import_run (id),
        digest BLOB NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, search TEXT NOT NULL,
        subject TEXT NOT NULL, duration_s REAL, keys TEXT NOT NULL,
        media_id TEXT NOT NULL DEFAULT '', reason_code TEXT NOT NULL DEFAULT '',
        chosen INTEGER NOT NULL DEFAULT 0, never INTEGER NOT NULL DEFAULT 0,
        UNIQUE (run_id, digest))""",
    """CREATE INDEX import_item_digest ON import_item (digest)""",
    # A line as it was read; `ours` is what a conflict is with. Written, it may have `replaced` what
    # `before` says with its item, `before_item`; else the library's line with this run's number
    # is one that it brought.
    """CREATE TABLE import_entry (
        id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, item_id INTEGER NOT NULL,
        facet TEXT NOT NULL, line TEXT NOT NULL,
        at_us INTEGER, precision TEXT NOT NULL, plays INTEGER NOT NULL, rating INTEGER,
        steps INTEGER NOT NULL, loved INTEGER NOT NULL, list_name TEXT NOT NULL,
        note TEXT NOT NULL, removed INTEGER NOT NULL, verdict TEXT NOT NULL,
        choice TEXT NOT NULL DEFAULT 'default', reason_code TEXT NOT NULL DEFAULT '',
        facts TEXT NOT NULL DEFAULT '', ours TEXT NOT NULL DEFAULT '',
        replaced INTEGER NOT NULL DEFAULT 0, before TEXT NOT NULL DEFAULT '',
        before_item INTEGER,
        UNIQUE (run_id, facet, line))""",
    """CREATE INDEX import_entry_verdict ON import_entry (run_id, verdict, id)""",
    """CREATE INDEX import_entry_item ON import_entry (item_id)""",
    """CREATE INDEX import_entry_replaced ON import_entry (run_id) WHERE replaced = 1""",
    """CREATE INDEX import_entry_before ON import_entry (before_item)
        WHERE before_item IS NOT NULL""",
    # What a source said of a facet when it was last read to its end.
    """CREATE TABLE import_seen (
        source TEXT NOT NULL, facet TEXT NOT NULL, mark TEXT NOT NULL, read_us INTEGER NOT NULL,
        PRIMARY KEY (source, facet)) WITHOUT ROWID""",
)


def m004_server_index(connection: sqlite3.Connection) -> None:
    """What each server has, and by which external ids it is found."""
    for statement in _SERVER_INDEX:
        connection.execute(statement)


_SERVER_INDEX = (
    # `generation` counts walks; `films_us` and `shows_us` say when one last came to its end.
    """CREATE TABLE server_index (
        id INTEGER PRIMARY KEY, profile TEXT NOT NULL UNIQUE,
        generation INTEGER NOT NULL DEFAULT 0, films_us INTEGER, shows_us INTEGER)""",
    # `titles` is every name without case, a line each. Of a show: how many episodes the server
    # says it has, how many it said when they were last read, and when that was.
    """CREATE TABLE server_item (
        index_id INTEGER NOT NULL REFERENCES server_index (id), media_id TEXT NOT NULL,
        kind TEXT NOT NULL, title TEXT NOT NULL, titles TEXT NOT NULL, year INTEGER,
        tmdb INTEGER, imdb TEXT, tvdb INTEGER, duration_s REAL,
        series_id TEXT NOT NULL DEFAULT '', season INTEGER, episode INTEGER,
        episodes INTEGER, episodes_read INTEGER, read_us INTEGER, generation INTEGER NOT NULL,
        PRIMARY KEY (index_id, media_id)) WITHOUT ROWID""",
    """CREATE INDEX server_item_place ON server_item (index_id, series_id, season, episode)
        WHERE series_id <> ''""",
    """CREATE INDEX server_item_kind ON server_item (index_id, kind, media_id)
        WHERE series_id = ''""",
    # Two copies of one film share their keys.
    """CREATE TABLE server_key (
        index_id INTEGER NOT NULL, key TEXT NOT NULL, media_id TEXT NOT NULL,
        PRIMARY KEY (index_id, key, media_id)) WITHOUT ROWID""",
    """CREATE INDEX server_key_item ON server_key (index_id, media_id)""",
)


def m005_server_marks(connection: sqlite3.Connection) -> None:
    """What this program marked as watched at each server."""
    for statement in _SERVER_MARKS:
        connection.execute(statement)


_SERVER_MARKS = (
    # `row_id` is the import's line; `progress_s` and `duration_s` are what the server had before,
    # NULL for nothing; `until_us` is the server's time up to which its word is our writing.
    """CREATE TABLE server_mark (
        id INTEGER PRIMARY KEY, profile TEXT NOT NULL, row_id INTEGER,
        media_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
        progress_s INTEGER, duration_s INTEGER, position_s REAL,
        planned_us INTEGER NOT NULL, until_us INTEGER)""",
    """CREATE INDEX server_mark_item ON server_mark (profile, media_id)""",
    """CREATE INDEX server_mark_row ON server_mark (row_id) WHERE row_id IS NOT NULL""",
    """CREATE INDEX server_mark_open ON server_mark (profile)
        WHERE state IN ('open', 'undoing')""",
)


def m006_left_out(connection: sqlite3.Connection) -> None:
    """Finds the lines that the user left out of an import, which are few or none."""
    connection.execute(
        "CREATE INDEX import_entry_left_out ON import_entry (run_id) WHERE choice = 'skip'"
    )


def m007_server_pushes(connection: sqlite3.Connection) -> None:
    """What of the library each server has been sent, since it can take it."""
    connection.execute(
        "CREATE TABLE server_push (profile TEXT NOT NULL, facet TEXT NOT NULL, "
        "media_id TEXT NOT NULL, value TEXT NOT NULL, "
        "PRIMARY KEY (profile, facet, media_id)) WITHOUT ROWID"
    )


def m008_delivery_states(connection: sqlite3.Connection) -> None:
    """Delivered rows are found by their state, too: the few among a million that wait."""
    connection.execute("DROP INDEX delivery_open")
    connection.execute("CREATE INDEX delivery_state ON delivery (account_id, state)")


def m009_export_marks(connection: sqlite3.Connection) -> None:
    """Which lines of the library were exported where: what was said, and its delivery's key."""
    connection.execute(
        "CREATE TABLE export_mark (account_id INTEGER NOT NULL, facet TEXT NOT NULL, "
        "source TEXT NOT NULL, line TEXT NOT NULL, value TEXT NOT NULL, second INTEGER NOT NULL, "
        "key TEXT NOT NULL, PRIMARY KEY (account_id, facet, source, line)) WITHOUT ROWID"
    )


def m010_parts(connection: sqlite3.Connection) -> None:
    """Of a file with several episodes, those that counted are in the library, as they count."""
    connection.execute(
        "CREATE TRIGGER library_part_counted AFTER INSERT ON scrobble "
        "WHEN NEW.play_key IS NOT NULL BEGIN "
        "INSERT OR IGNORE INTO library_due SELECT id FROM play WHERE play_key = NEW.play_key; END"
    )
    connection.execute(
        "INSERT OR IGNORE INTO library_due SELECT id FROM play "
        "WHERE counted_us IS NOT NULL AND instr(item, '\"episode_number_end\"') > 0"
    )


def m011_later_marks(connection: sqlite3.Connection) -> None:
    """What is to be marked at the server is noted down, so that it may also be matched later."""
    for statement in _LATER_MARKS:
        connection.execute(statement)


#: Of each film and episode of a run that was to be marked, one line: the first.
_TO_MARK = (
    "INSERT OR IGNORE INTO import_to_mark (row_id, run_id) "
    "SELECT min(e.id), e.run_id FROM import_run r JOIN import_entry e ON e.run_id = r.id "
    "JOIN import_item i ON i.id = e.item_id WHERE e.facet = 'history' AND e.removed = 0 "
    "AND e.choice <> 'skip' AND i.media_id <> '' AND i.kind IN ('movie', 'episode') "
    "AND json_extract(r.options, '$.mark_watched') AND {which} "
    "GROUP BY e.run_id, i.media_id HAVING {first}"
)
_LATER_MARKS = (
    # `to_mark` says whether what is to be marked of a run was noted down.
    """ALTER TABLE import_run ADD COLUMN to_mark INTEGER NOT NULL DEFAULT 0""",
    # Lines that are to be marked as watched at the server, one of each film and episode.
    """CREATE TABLE import_to_mark (row_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL)""",
    """CREATE INDEX import_to_mark_run ON import_to_mark (run_id, row_id)""",
    # A run that was stopped while it marked goes on behind the last line it had marked.
    _TO_MARK.format(
        which="r.stage = 'writing' AND r.marked_id > 0", first="min(e.id) > max(r.marked_id)"
    ),
    # Of a finished one nobody knows what the server had as watched already and what was matched too
    # late to be marked, but where the user said himself what a line is.
    _TO_MARK.format(
        which="r.state = 'done' AND i.chosen",
        first="NOT EXISTS (SELECT 1 FROM server_mark m JOIN import_entry o ON o.id = m.row_id "
        "WHERE m.media_id = i.media_id AND o.run_id = e.run_id)",
    ),
    """UPDATE import_run SET to_mark = 1 WHERE state = 'done' OR marked_id > 0""",
    """ALTER TABLE import_run DROP COLUMN marked_id""",
)


def m012_sought_plays(connection: sqlite3.Connection) -> None:
    """What plays are looked for by, in their order: a million rows are walked in a moment."""
    connection.execute(
        "CREATE INDEX play_sought ON play (id, kind, started_us, counted_us, search)"
    )


def m013_moments(connection: sqlite3.Connection) -> None:
    """What happened during a play, as its checkpoint has it: one text, written and erased once."""
    connection.execute(
        "ALTER TABLE play ADD COLUMN moments TEXT GENERATED ALWAYS AS (CASE "
        "WHEN json_valid(snapshot) THEN json_extract(snapshot, '$.moments') END) VIRTUAL"
    )
