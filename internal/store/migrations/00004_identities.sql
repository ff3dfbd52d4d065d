-- +goose Up
-- What tells that a repository is the one that the records are about ('' = it was
-- not looked at yet), and in what an environment's disk, records and state disagree.
ALTER TABLE projects ADD COLUMN repository TEXT NOT NULL DEFAULT '';
ALTER TABLE environments ADD COLUMN disagreement TEXT NOT NULL DEFAULT '';
