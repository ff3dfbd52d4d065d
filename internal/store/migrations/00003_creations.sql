-- +goose Up
-- Which creation of a local resource it is; 'first' is of those made before
-- creations had identities.

ALTER TABLE local_groups ADD COLUMN creation TEXT NOT NULL DEFAULT 'first';
ALTER TABLE slots ADD COLUMN creation TEXT NOT NULL DEFAULT 'first';
ALTER TABLE databases ADD COLUMN creation TEXT NOT NULL DEFAULT 'first';
