package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// harm is what a broken invariant means.
type harm string

const (
	lost      harm = "state lost"
	destroyed harm = "destroyed, and nobody deleted it"
	twin      harm = "made twice"
	blocked   harm = "blocked"
	stuck     harm = "lock stuck"
	orphan    harm = "orphan"
	wrong     harm = "wrong"
)

// invariant is what holds in every world that has come to rest.
type invariant struct {
	text  string
	harm  harm
	check func(context.Context, *bench) (broken []string, err error)
}

// invariants are looked at in this order; while runs are on their way the rest
// is not looked at.
var invariants = []invariant{
	{"every run has ended, with a reason if it failed", wrong, runsHaveEnded},
	{"no state is locked", stuck, noLocks},
	{"an environment is as its runs say", wrong, eachEnvironment(statusFits)},
	{"a URL serves the commit that runs", wrong, eachEnvironment(urlServes)},
	{"a branch points at what runs", wrong, eachEnvironment(branchFits)},
	{"what is destroyed was deleted by somebody", destroyed, eachEnvironment(somebodyAsked)},
	{"a database keeps its data", destroyed, eachEnvironment(dataStays)},
	{"nothing is made twice", twin, eachEnvironment(nothingTwice)},
	{"nothing disagrees", blocked, eachEnvironment(nothingDisagrees)},
	{"what a state holds exists", lost, eachEnvironment(stateIsTrue)},
	{"what exists is in a state", orphan, eachEnvironment(stateIsComplete)},
	{"nothing is left of what was destroyed", orphan, eachEnvironment(nothingLeft)},
	{"nothing is kept for a run that has ended", orphan, nothingKept},
	{"no process runs but those of the apps", orphan, processesFit},
	{"no database exists but those of the environments", orphan, databasesFit},
}

// violation is an invariant that does not hold.
type violation struct {
	invariant
	what string
}

func (v violation) String() string { return fmt.Sprintf("%s: %s (%s)", v.harm, v.what, v.text) }

// look checks all invariants.
func (b *bench) look(ctx context.Context) []violation {
	var found []violation
	for i, one := range invariants {
		broken, err := one.check(ctx, b)
		if err != nil {
			broken = append(broken, err.Error())
		}
		for _, what := range broken {
			found = append(found, violation{one, what})
		}
		if i == 0 && len(found) > 0 {
			return found
		}
	}
	return found
}

func runsHaveEnded(_ context.Context, b *bench) ([]string, error) {
	return b.records.lines(`SELECT 'run ' || id || ' of ' || environment || ' (' || operation || ') is ' || status || ' without a reason'
		FROM runs WHERE status IN ('queued', 'running', 'waiting') OR status = 'failed' AND error = '' OR finished_at = 0 AND status <> 'superseded'`)
}

func noLocks(_ context.Context, b *bench) ([]string, error) { return b.records.locks() }

// resting is an environment in which nothing is under way.
type resting struct {
	*bench
	key      aloft.EnvironmentKey
	project  *project
	record   aloft.Environment
	recorded bool
	expected expectation
}

// eachEnvironment turns a check of one environment into one of all.
func eachEnvironment(check func(context.Context, resting) ([]string, error)) func(context.Context, *bench) ([]string, error) {
	return func(ctx context.Context, b *bench) ([]string, error) {
		var broken []string
		var failed error
		for _, name := range environments {
			e := resting{bench: b, key: keyOf(name), project: b.projects[name]}
			runs, err := b.records.runs(e.key, 0)
			if err == nil {
				e.expected = expect(runs)
				e.record, e.recorded, err = b.records.environment(e.key)
			}
			var found []string
			if err == nil {
				found, err = check(ctx, e)
			}
			for _, what := range found {
				broken = append(broken, name+": "+what)
			}
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			}
		}
		return broken, failed
	}
}

func statusFits(_ context.Context, e resting) ([]string, error) {
	if problem := e.expected.fits(e.record, e.recorded); problem != "" {
		return []string{problem}, nil
	}
	return nil, nil
}

func urlServes(ctx context.Context, e resting) ([]string, error) {
	status, body, err := e.get(ctx, "/")
	if err != nil {
		return nil, err
	}
	if e.record.Revision == "" {
		if status == http.StatusOK {
			return []string{"something answers: " + body}, nil
		}
		return nil, nil
	}
	known, ok := e.project.commits[e.record.Revision]
	if !ok || known.broken != "" {
		return []string{fmt.Sprintf("%q runs, which is no good commit", e.record.Revision)}, nil
	}
	if want := fmt.Sprint(known.version); status != http.StatusOK || body != want {
		return []string{fmt.Sprintf("the URL answers %d %.60q, and version %s runs", status, body, want)}, nil
	}
	if status, body, err = e.get(ctx, "/database"); err == nil && status != http.StatusOK {
		return []string{fmt.Sprintf("the app does not reach its database: %.100s", body)}, nil
	}
	return nil, err
}

// get asks for a page of the environment's app.
func (e resting) get(ctx context.Context, path string) (status int, body string, err error) {
	return e.call(ctx, http.MethodGet, path)
}

// call calls the environment's app.
func (e resting) call(ctx context.Context, method, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, e.server.url()+path, nil)
	if err != nil {
		return 0, "", err
	}
	_, port, _ := strings.Cut(e.server.address, ":")
	request.Host = e.key.Environment + "." + e.key.Project + ".localhost:" + port
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(data), err
}

func branchFits(ctx context.Context, e resting) ([]string, error) {
	branch, err := e.branch(ctx)
	switch {
	case err != nil:
		return nil, err
	case e.expected.rolledBack && branch != "":
		return nil, nil
	case branch != e.record.Revision:
		return []string{fmt.Sprintf("the branch is at %.8q, %.8q runs", branch, e.record.Revision)}, nil
	}
	return nil, nil
}

func (e resting) branch(ctx context.Context) (string, error) {
	refs, err := e.bench.refs(ctx)
	return refs["refs/heads/"+e.key.Branch()], err
}

func nothingLeft(ctx context.Context, e resting) ([]string, error) {
	if e.expected.exists {
		return nil, nil
	}
	left, err := e.records.rowsOf(e.key)
	if err != nil {
		return nil, err
	}
	for i := range left {
		left[i] = "a row of " + left[i]
	}
	if _, err := os.Stat(e.server.data("environments", e.key.Project, e.key.Environment)); !errors.Is(err, fs.ErrNotExist) {
		left = append(left, "its files")
	}
	refs, err := e.refs(ctx)
	for name := range refs {
		if strings.HasPrefix(name, "refs/aloft/environments/"+e.key.Environment+"/") || name == "refs/heads/"+e.key.Branch() {
			left = append(left, name)
		}
	}
	return left, err
}

func nothingKept(ctx context.Context, b *bench) ([]string, error) {
	refs, err := b.refs(ctx)
	if err != nil {
		return nil, err
	}
	var kept []string
	for name := range refs {
		if strings.HasPrefix(name, "refs/aloft/runs/") {
			kept = append(kept, name)
		}
	}
	sources, sourcesErr := filepath.Glob(b.server.data("runs", "*", "source"))
	sockets, err := filepath.Glob(filepath.Join(b.temp(), "aloft-*"))
	return slices.Concat(kept, sources, sockets), errors.Join(sourcesErr, err)
}

func processesFit(ctx context.Context, b *bench) ([]string, error) {
	wanted := map[string]bool{} // tags, which their children have as well
	for _, name := range environments {
		details, err := b.server.client.Environment(ctx, keyOf(name))
		if aloft.ErrorCode(err) == aloft.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(details.Processes) > 1 {
			return []string{fmt.Sprintf("%s has %d processes", name, len(details.Processes))}, nil
		}
		for _, p := range details.Processes {
			wanted[look(p.PID).tag] = details.Revision != ""
		}
	}
	found, err := b.server.processes()
	var broken []string
	for _, p := range found {
		if !wanted[p.tag] {
			broken = append(broken, "process "+p.String())
		}
	}
	return broken, err
}

func databasesFit(ctx context.Context, b *bench) ([]string, error) {
	wanted, err := b.records.lines(`SELECT database_name FROM databases`)
	if err != nil {
		return nil, err
	}
	found, err := b.server.databases(ctx)
	var broken []string
	for _, name := range found {
		if !slices.Contains(wanted, name) {
			broken = append(broken, "database "+name)
		}
	}
	// A record comes before its database, so that there is none without: where the
	// first run of an environment failed, the record may be all there is.
	made, recordsErr := b.records.lines(`SELECT d.database_name FROM databases d
		JOIN environments e ON e.project = d.project AND e.environment = d.environment WHERE e.revision <> ''`)
	err = errors.Join(err, recordsErr)
	for _, name := range made {
		if !slices.Contains(found, name) {
			broken = append(broken, "database "+name+" is recorded and missing")
		}
	}
	return broken, err
}
