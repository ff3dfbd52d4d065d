-- +goose Up
-- States that are in no history: deleted ones, and writes that were refused.

CREATE TABLE states_aside (
    project     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    serial      BIGINT NOT NULL,
    lineage     TEXT   NOT NULL,
    resources   BIGINT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    run_id      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    reason      TEXT   NOT NULL,
    aside_at    BIGINT NOT NULL,
    sealed      BYTEA  NOT NULL,
    PRIMARY KEY (project, environment, version)
);
CREATE INDEX states_aside_by_time ON states_aside (aside_at);
