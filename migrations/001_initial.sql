-- The whole store. Times are milliseconds since 1970, UTC. Words in CHECKs are those of
-- src/entries; `schemes` is written from there at each opening, so that an entry of a scheme that
-- does not exist cannot be stored. Runs, loops and texts are known by their ids in memory too, so no
-- id of theirs is given twice: AUTOINCREMENT.

-- "rum2": whose file this is, see src/store/mod.rs.
PRAGMA application_id = 1920298290;

CREATE TABLE schemes (
    name       TEXT PRIMARY KEY,
    category   TEXT NOT NULL CHECK (category IN ('data', 'logging', 'unknown', 'prompt', 'audit')),
    scope      TEXT NOT NULL CHECK (scope IN ('run', 'project', 'global')),
    writers    TEXT NOT NULL CHECK (json_valid(writers)),
    shown      INTEGER NOT NULL CHECK (shown IN (0, 1))
) STRICT;

-- A workspace folder.
CREATE TABLE projects (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    root       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Aliases that a client added; those of the configuration are not kept here.
CREATE TABLE models (
    alias          TEXT PRIMARY KEY,
    actual         TEXT NOT NULL,
    context_length INTEGER CHECK (context_length > 0),
    created_at     INTEGER NOT NULL
) STRICT;

-- The characters a token that a provider's reports show, by a model's full name.
CREATE TABLE calibrations (
    actual  TEXT PRIMARY KEY,
    divisor REAL NOT NULL CHECK (divisor > 0)
) STRICT, WITHOUT ROWID;

-- `summary` is the newest `<update>` with a final status. `changes` numbers every change to one of
-- the run's views, `removals` counts the views that went, `retractions` those of them that were rows of
-- its history: with them a follower reads only what is new.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id    INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    parent_id     INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    alias         TEXT NOT NULL UNIQUE,
    model         TEXT NOT NULL,
    status        INTEGER NOT NULL DEFAULT 100
                  CHECK (status IN (100, 102, 200, 202, 204, 413, 422, 499, 500)),
    outcome       TEXT,
    summary       TEXT NOT NULL DEFAULT '',
    temperature   REAL CHECK (temperature BETWEEN 0 AND 2),
    persona       TEXT,
    context_limit INTEGER CHECK (context_limit >= 1024),
    next_turn     INTEGER NOT NULL DEFAULT 1 CHECK (next_turn >= 1),
    next_loop     INTEGER NOT NULL DEFAULT 1 CHECK (next_loop >= 1),
    changes       INTEGER NOT NULL DEFAULT 0,
    removals      INTEGER NOT NULL DEFAULT 0,
    retractions   INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    finished_at   INTEGER
) STRICT;
CREATE INDEX runs_of_project ON runs (project_id, id);
CREATE INDEX runs_of_parent ON runs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX runs_by_status ON runs (status);
CREATE INDEX runs_by_end ON runs (finished_at) WHERE finished_at IS NOT NULL;

-- A run's queue of prompts. `phase` is where the loop stands: 4 define, 5 discover, 8 deploy. A
-- queued prompt that `joins` is taken up by the loop that is active when its next turn begins.
CREATE TABLE loops (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL CHECK (sequence >= 1),
    mode       TEXT NOT NULL CHECK (mode IN ('ask', 'act')),
    model      TEXT NOT NULL,
    prompt     TEXT NOT NULL,
    config     TEXT NOT NULL CHECK (json_valid(config)),
    joins      INTEGER NOT NULL DEFAULT 0 CHECK (joins IN (0, 1)),
    phase      INTEGER NOT NULL DEFAULT 4 CHECK (phase IN (4, 5, 8)),
    status     INTEGER NOT NULL DEFAULT 100
               CHECK (status IN (100, 102, 200, 202, 204, 413, 422, 499, 500)),
    outcome    TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (run_id, sequence)
) STRICT;
CREATE UNIQUE INDEX one_active_loop ON loops (run_id) WHERE status IN (102, 202);
CREATE INDEX queued_loops ON loops (run_id, sequence) WHERE status = 100;

-- Token figures are NULL where the provider said nothing; `counted_tokens`, which a run's cap is
-- held against, is an estimate then.
CREATE TABLE turns (
    id                INTEGER PRIMARY KEY,
    run_id            INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    loop_id           INTEGER NOT NULL REFERENCES loops (id) ON DELETE CASCADE,
    sequence          INTEGER NOT NULL CHECK (sequence >= 1),
    answered          INTEGER NOT NULL DEFAULT 0 CHECK (answered IN (0, 1)),
    context_tokens    INTEGER,
    prompt_tokens     INTEGER,
    cached_tokens     INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens  INTEGER,
    total_tokens      INTEGER,
    cost              REAL,
    counted_tokens    INTEGER NOT NULL DEFAULT 0 CHECK (counted_tokens >= 0),
    created_at        INTEGER NOT NULL,
    UNIQUE (run_id, sequence)
) STRICT;
CREATE INDEX turns_of_loop ON turns (loop_id);

-- Texts kept once however often they occur, compressed: whole ones by their hash, or what stands
-- between the first `head` and the last `tail` bytes that a text shares with `base_id`, packed beside
-- what stands there in that one.
CREATE TABLE contents (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB UNIQUE,
    base_id INTEGER REFERENCES contents (id),
    head    INTEGER NOT NULL DEFAULT 0,
    tail    INTEGER NOT NULL DEFAULT 0,
    zstd    BLOB NOT NULL,
    CHECK ((hash IS NULL) = (base_id IS NOT NULL))
) STRICT;
CREATE INDEX contents_by_base ON contents (base_id) WHERE base_id IS NOT NULL;

-- What an entry says. Runs share a row after a fork until one of them writes; `chars` counts the
-- body's characters. Audit entries keep their body in `contents`.
CREATE TABLE entries (
    id         INTEGER PRIMARY KEY,
    path       TEXT NOT NULL CHECK (length(path) BETWEEN 1 AND 2048),
    scheme     TEXT NOT NULL REFERENCES schemes (name),
    body       TEXT NOT NULL DEFAULT '',
    content_id INTEGER REFERENCES contents (id),
    chars      INTEGER NOT NULL CHECK (chars >= 0),
    attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)),
    created_at INTEGER NOT NULL,
    CHECK (content_id IS NULL OR body = ''),
    -- A path without `://` is a file's.
    CHECK (scheme = iif(instr(path, '://') = 0, 'file', substr(path, 1, instr(path, '://') - 1)))
) STRICT;
CREATE INDEX entries_by_content ON entries (content_id) WHERE content_id IS NOT NULL;

-- How a run sees an entry. No row: the run does not know it. `changed` is the run's change that
-- touched the view last, `settled` the one in which it ceased to be proposed: the order of history.
CREATE TABLE views (
    id         INTEGER PRIMARY KEY,
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path       TEXT NOT NULL,
    entry_id   INTEGER NOT NULL REFERENCES entries (id),
    loop_id    INTEGER REFERENCES loops (id) ON DELETE SET NULL,
    turn       INTEGER CHECK (turn >= 1),
    state      TEXT NOT NULL
               CHECK (state IN ('proposed', 'streaming', 'resolved', 'failed', 'cancelled')),
    outcome    TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('visible', 'summarized', 'archived')),
    changed    INTEGER NOT NULL,
    settled    INTEGER CHECK ((settled IS NULL) = (state = 'proposed')),
    UNIQUE (run_id, path)
) STRICT;
CREATE INDEX views_of_entry ON views (entry_id);
CREATE INDEX views_by_change ON views (run_id, changed);
CREATE INDEX views_in_packet ON views (run_id, visibility);
-- Spelled with OR: only so does SQLite see that `state = 'proposed'` can use it.
CREATE INDEX views_open ON views (run_id, state, path)
    WHERE state = 'proposed' OR state = 'streaming';
CREATE INDEX views_of_loop ON views (loop_id) WHERE loop_id IS NOT NULL;

-- What a proposed entry would do. `effect` says it but for the texts: `base` is the one it was made
-- against (NULL: there was no file), `after` the one that results. `hunks` says what of it is decided;
-- `accepted` is the run's acceptance that was the last for it, while something of it is accepted.
CREATE TABLE proposals (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path     TEXT NOT NULL,
    action   TEXT NOT NULL,
    effect   TEXT NOT NULL CHECK (json_valid(effect)),
    base_id  INTEGER REFERENCES contents (id),
    after_id INTEGER REFERENCES contents (id),
    hunks    TEXT NOT NULL CHECK (json_valid(hunks)),
    offered  INTEGER NOT NULL DEFAULT 0 CHECK (offered IN (0, 1)),
    accepted INTEGER,
    PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX proposals_by_base ON proposals (base_id) WHERE base_id IS NOT NULL;
CREATE INDEX proposals_by_after ON proposals (after_id) WHERE after_id IS NOT NULL;
CREATE INDEX proposals_by_acceptance ON proposals (run_id, accepted) WHERE accepted IS NOT NULL;

-- A `pattern` is a glob, or a path as it stands, which may be no glob at all.
CREATE TABLE constraints (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    pattern    TEXT NOT NULL,
    is_path    INTEGER NOT NULL CHECK (is_path IN (0, 1)),
    visibility TEXT NOT NULL CHECK (visibility IN ('active', 'readonly', 'ignore')),
    PRIMARY KEY (project_id, pattern)
) STRICT, WITHOUT ROWID;

-- Which process drives a run. A lease runs out a while after its last heartbeat (`EXPIRES_MS` in
-- src/store/leases.rs), or when its process is gone.
CREATE TABLE leases (
    run_id       INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    pid          INTEGER NOT NULL,
    started      TEXT NOT NULL,
    heartbeat_at INTEGER NOT NULL
) STRICT;
