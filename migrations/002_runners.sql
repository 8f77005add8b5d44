-- Commands that run, by the log entry that proposed them, and the process that looks after each: it
-- is told apart from a later one with its number as in `leases`.
CREATE TABLE runners (
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    pid     INTEGER NOT NULL,
    started TEXT NOT NULL,
    PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;
