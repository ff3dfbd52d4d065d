-- +goose Up
-- Which PostgreSQL server's data a database was made in ('' = nobody has looked yet).

ALTER TABLE databases ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
