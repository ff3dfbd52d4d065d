package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
)

// TestNothingBlocksADestroy does, as an app or as whoever helps it, what keeps
// PostgreSQL from dropping a database or a role.
func TestNothingBlocksADestroy(t *testing.T) {
	t.Parallel()
	o := options(t)
	s := start(t, o)
	first := put(t, s, alice, "main")
	query(t, superuser(t, o, first), "ALTER SYSTEM SET max_prepared_transactions = 5")
	query(t, superuser(t, o, first), "ALTER SYSTEM SET wal_level = logical")
	stop(t, s)
	s = start(t, o)
	bob := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
	other := put(t, s, bob, "main") // must outlive all of this

	tests := []struct {
		name string
		do   func(t *testing.T, app, admin *pgx.Conn, d aloft.Database)
	}{
		{"a template", func(t *testing.T, app, _ *pgx.Conn, d aloft.Database) {
			query(t, app, "ALTER DATABASE "+d.Database+" IS_TEMPLATE true")
		}},
		{"no connections", func(t *testing.T, _, admin *pgx.Conn, d aloft.Database) {
			query(t, admin, "ALTER DATABASE "+d.Database+" ALLOW_CONNECTIONS false")
		}},
		{"a connection limit of none", func(t *testing.T, app, _ *pgx.Conn, d aloft.Database) {
			query(t, app, "ALTER DATABASE "+d.Database+" CONNECTION LIMIT 0")
		}},
		{"settings that break every session", func(t *testing.T, app, _ *pgx.Conn, d aloft.Database) {
			query(t, app, "ALTER DATABASE "+d.Database+" SET local_preload_libraries = 'nothing'")
			query(t, app, "ALTER ROLE "+d.Username+" SET default_transaction_read_only = on")
			query(t, app, "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'broken'")
		}},
		{"prepared transactions, of a template without connections", func(t *testing.T, app, admin *pgx.Conn, d aloft.Database) {
			query(t, app, "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'it''s'")
			query(t, app, "BEGIN; ALTER ROLE "+d.Username+" SET search_path = public; PREPARE TRANSACTION 'role'")
			query(t, app, "ALTER DATABASE "+d.Database+" IS_TEMPLATE true")
			query(t, admin, "ALTER DATABASE "+d.Database+" ALLOW_CONNECTIONS false")
		}},
		{"a transaction that has locked its role and its database", func(t *testing.T, app, _ *pgx.Conn, d aloft.Database) {
			query(t, app, "BEGIN; ALTER ROLE "+d.Username+" PASSWORD 'x'; ALTER DATABASE "+d.Database+" IS_TEMPLATE true")
		}},
		{"a subscription", func(t *testing.T, _, admin *pgx.Conn, d aloft.Database) {
			query(t, connect(t, strings.Replace(admin.Config().ConnString(), "/postgres?", "/"+d.Database+"?", 1)),
				"CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 port=1 dbname=none' PUBLICATION p WITH (connect = false)")
		}},
		{"a replication slot", func(t *testing.T, app, admin *pgx.Conn, d aloft.Database) {
			query(t, admin, "ALTER ROLE "+d.Username+" REPLICATION")
			query(t, app, "SELECT pg_create_logical_replication_slot('slot', 'pgoutput')")
		}},
		{"an event trigger that refuses every statement", func(t *testing.T, app, admin *pgx.Conn, d aloft.Database) {
			inside := connect(t, strings.Replace(admin.Config().ConnString(), "/postgres?", "/"+d.Database+"?", 1))
			query(t, inside, "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$")
			query(t, inside, "CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 port=1 dbname=none' PUBLICATION p WITH (connect = false)")
			query(t, inside, "CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no()")
		}},
		{"objects and rights in the database of another", func(t *testing.T, _, admin *pgx.Conn, d aloft.Database) {
			friend := connect(t, other.URL)
			query(t, friend, "GRANT CONNECT, CREATE ON DATABASE "+other.Database+" TO "+d.Username)
			query(t, friend, "CREATE TABLE shared (); GRANT SELECT ON shared TO "+d.Username)
			guest := connect(t, strings.Replace(d.URL, "/"+d.Database+"?", "/"+other.Database+"?", 1))
			query(t, guest, "CREATE SCHEMA guest; CREATE TABLE guest.t (); SELECT lo_create(0)")
			query(t, guest, "BEGIN; CREATE TABLE guest.u (); PREPARE TRANSACTION 'guest'")
			query(t, friend, "ALTER DATABASE "+other.Database+" SET local_preload_libraries = 'nothing'")
			query(t, admin, "GRANT "+d.Username+" TO "+other.Username)
		}},
		{"other databases that it owns", func(t *testing.T, _, admin *pgx.Conn, d aloft.Database) {
			query(t, admin, "CREATE DATABASE more OWNER "+d.Username+" IS_TEMPLATE true")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := put(t, s, alice, "main")
			test.do(t, connect(t, d.URL), superuser(t, o, d), d)
			if err := s.DeleteAll(t.Context(), alice); err != nil {
				t.Fatal(err)
			}
			var left int
			err := superuser(t, o, d).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_database WHERE datname IN ($1, 'more'))
				+ (SELECT count(*) FROM pg_roles WHERE rolname = $1)`, d.Database).Scan(&left)
			if err != nil || left > 0 {
				t.Errorf("%d left, %v", left, err)
			}
			if _, err := s.Database(t.Context(), bob, "main"); err != nil {
				t.Errorf("the database of another: %v", err)
			}
		})
	}
}
