package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/aloft-dev/aloft"
)

// records reads the server's own records, past the server: what it says of
// itself is what is to be checked.
type records struct{ db *sql.DB }

func recordsDSN(path string, more url.Values) string {
	more.Add("_pragma", "busy_timeout(5000)")
	return (&url.URL{Scheme: "file", Path: path, RawQuery: more.Encode()}).String()
}

func openRecords(path string) (records, error) {
	db, err := sql.Open("sqlite", recordsDSN(path, url.Values{"_pragma": {"query_only(ON)"}}))
	return records{db}, err
}

func (r records) close() error { return r.db.Close() }

// lines returns the rows of a query, each as one text.
func (r records) lines(query string, args ...any) ([]string, error) {
	rows, err := r.db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// runs returns the runs of an environment after the run with that ID, the
// oldest first.
func (r records) runs(key aloft.EnvironmentKey, after int64) ([]aloft.Run, error) {
	rows, err := r.db.Query(`SELECT id, operation, status, triggered_by, revision, error, finished_at > 0 FROM runs
		WHERE project = $1 AND environment = $2 AND id > $3 ORDER BY id`, key.Project, key.Environment, after)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var runs []aloft.Run
	for rows.Next() {
		run := aloft.Run{EnvironmentKey: key}
		var finished bool
		if err := rows.Scan(&run.ID, &run.Operation, &run.Status, &run.Trigger, &run.Revision, &run.Error, &finished); err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, rows.Err()
}

// newest returns the ID of the newest run of all environments, 0 when there is none.
func (r records) newest() (int64, error) {
	var id int64
	err := r.db.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM runs`).Scan(&id)
	return id, err
}

// environment returns an environment's record; ok is false when there is none.
func (r records) environment(key aloft.EnvironmentKey) (e aloft.Environment, ok bool, err error) {
	err = r.db.QueryRow(`SELECT status, reason, revision FROM environments WHERE project = $1 AND environment = $2`,
		key.Project, key.Environment).Scan(&e.Status, &e.Reason, &e.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	e.EnvironmentKey = key
	return e, err == nil, err
}

// locks returns the locks of states.
func (r records) locks() ([]string, error) {
	return r.lines(`SELECT project || '/' || environment || ' by run ' || run_id FROM state_locks`)
}

// rowsOf returns what the records keep for an environment that is gone.
func (r records) rowsOf(key aloft.EnvironmentKey) ([]string, error) {
	var left []string
	for _, table := range []string{"states", "state_locks", "releases", "local_groups", "slots", "databases"} {
		lines, err := r.lines(fmt.Sprintf(`SELECT '%s' FROM %[1]s WHERE project = $1 AND environment = $2 LIMIT 1`, table), key.Project, key.Environment)
		if err != nil {
			return nil, err
		}
		left = append(left, lines...)
	}
	return left, nil
}
