-- +goose Up
-- One dialect for SQLite and PostgreSQL. Times are Unix milliseconds, 0 = none;
-- durations are nanoseconds; lists and maps are JSON in TEXT; BYTEA is sealed
-- (SQLite keeps a blob as it is in a column of any type).

CREATE TABLE counters (
    project     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    value       BIGINT NOT NULL,
    PRIMARY KEY (project, environment, name)
);

CREATE TABLE settings (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE projects (
    name       TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE environments (
    project       TEXT    NOT NULL REFERENCES projects (name),
    environment   TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    revision      TEXT    NOT NULL,
    owner         TEXT    NOT NULL,
    urls          TEXT    NOT NULL,
    protected     BOOLEAN NOT NULL,
    ttl           BIGINT  NOT NULL,
    expires_at    BIGINT  NOT NULL,
    size_bytes    BIGINT  NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL,
    provision_key TEXT    NOT NULL,
    PRIMARY KEY (project, environment)
);

CREATE TABLE runs (
    id             BIGINT NOT NULL PRIMARY KEY,
    project        TEXT   NOT NULL REFERENCES projects (name),
    environment    TEXT   NOT NULL,
    operation      TEXT   NOT NULL,
    status         TEXT   NOT NULL,
    triggered_by   TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    revision       TEXT   NOT NULL,
    title          TEXT   NOT NULL,
    options        TEXT   NOT NULL,
    release_number BIGINT NOT NULL,
    error          TEXT   NOT NULL,
    error_code     TEXT   NOT NULL,
    hint           TEXT   NOT NULL,
    plan_digest    TEXT   NOT NULL,
    approved       TEXT   NOT NULL,
    approver       TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    finished_at    BIGINT NOT NULL
);
CREATE INDEX runs_by_environment ON runs (project, environment, id);
CREATE INDEX runs_by_status ON runs (status, id);

CREATE TABLE steps (
    run_id      BIGINT NOT NULL REFERENCES runs (id),
    name        TEXT   NOT NULL,
    position    BIGINT NOT NULL,
    status      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, name)
);

CREATE TABLE releases (
    project     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    run_id      BIGINT NOT NULL,
    revision    TEXT   NOT NULL,
    artifact    TEXT   NOT NULL,
    spec        TEXT   NOT NULL,
    slot_key    TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (project, environment, app, number)
);

CREATE TABLE local_groups (
    project     TEXT NOT NULL,
    environment TEXT NOT NULL,
    PRIMARY KEY (project, environment)
);

CREATE TABLE slots (
    project      TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    app          TEXT   NOT NULL,
    command      TEXT   NOT NULL,
    variables    BYTEA  NOT NULL,
    instances    BIGINT NOT NULL,
    health_path  TEXT   NOT NULL,
    memory_limit BIGINT NOT NULL,
    url          TEXT   NOT NULL,
    PRIMARY KEY (project, environment, app)
);

CREATE TABLE databases (
    project       TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    database_name TEXT   NOT NULL,
    username      TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    port          BIGINT NOT NULL,
    secret        BYTEA  NOT NULL,
    PRIMARY KEY (project, environment, name)
);

CREATE TABLE states (
    project     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    serial      BIGINT NOT NULL,
    lineage     TEXT   NOT NULL,
    resources   BIGINT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    run_id      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    sealed      BYTEA  NOT NULL,
    PRIMARY KEY (project, environment, version)
);

CREATE TABLE state_locks (
    project     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    operation   TEXT   NOT NULL,
    info        TEXT   NOT NULL,
    who         TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    created     TEXT   NOT NULL,
    path        TEXT   NOT NULL,
    run_id      BIGINT NOT NULL,
    PRIMARY KEY (project, environment)
);
CREATE INDEX state_locks_by_run ON state_locks (run_id);
