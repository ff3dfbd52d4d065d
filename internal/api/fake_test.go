package api_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

var (
	alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}
	bob   = aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
	gone  = aloft.EnvironmentKey{Project: "shop", Environment: "gone"}
	start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
)

// house is a server on records in memory, and the tokens it knows.
type house struct {
	server    *api.Server
	tokens    *api.Tokens
	store     *store
	runs      *runs
	apps      *apps
	events    chan api.Event
	generator *generator
	backups   backups
	logged    *bytes.Buffer
	url       string

	mu  sync.Mutex
	now time.Time
}

const adminToken = "the-admin-token"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{
		tokens: api.NewTokens(api.DigestOf(adminToken)), store: newStore(), events: make(chan api.Event, 8), generator: &generator{},
		logged: &bytes.Buffer{}, now: start,
	}
	h.runs = &runs{store: h.store, more: make(chan string)}
	h.apps = &apps{slots: map[string]aloft.Slot{}, more: make(chan string)}
	h.server = api.New(api.Options{
		Store: h.store, Runs: h.runs, History: history{}, Apps: h.apps, Databases: databases{},
		Logs: appLogs{}, Processes: processes{}, Backups: &h.backups, Events: eventsOf(h.events), Generator: h.generator,
		Authenticate: h.tokens.Authenticate, SessionKey: []byte("a key of the test"), Hosts: []string{"aloft.example"},
		Version: api.Version{Version: "1.2.3"}, Logger: slog.New(slog.NewTextHandler(h.logged, nil)), Now: h.clock,
	})
	web := httptest.NewServer(h.server)
	t.Cleanup(web.Close)
	h.url = web.URL
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) client() *api.Client {
	return api.NewClient(api.ClientOptions{URL: h.url, Token: adminToken, Actor: "Ann Example"})
}

type store struct {
	mu           sync.Mutex
	environments map[aloft.EnvironmentKey]aloft.Environment
	runs         []aloft.Run // newest first
	releases     []aloft.Release
	broken       error
}

func newStore() *store {
	s := &store{environments: map[aloft.EnvironmentKey]aloft.Environment{
		alice: {EnvironmentKey: alice, Status: aloft.EnvironmentReady, Revision: "c0ffee", Owner: "Ann", CreatedAt: start, UpdatedAt: start},
		bob:   {EnvironmentKey: bob, Status: aloft.EnvironmentReady, CreatedAt: start, UpdatedAt: start},
		gone:  {EnvironmentKey: gone, Status: aloft.EnvironmentDestroyed, CreatedAt: start, UpdatedAt: start},
	}}
	s.runs = []aloft.Run{
		{ID: 2, EnvironmentKey: alice, Operation: aloft.OperationPlan, Status: aloft.RunSucceeded, Revision: "later", CreatedAt: start},
		{ID: 1, EnvironmentKey: alice, Operation: aloft.OperationUp, Status: aloft.RunFailed, Revision: "c0ffee", Title: "First", CreatedAt: start},
	}
	for number := int64(3); number > 0; number-- {
		status := aloft.ReleaseRetired
		if number == 3 {
			status = aloft.ReleaseActive
		}
		s.releases = append(s.releases, aloft.Release{EnvironmentKey: alice, App: "web", Number: number, Revision: fmt.Sprint("commit ", number), Status: status, CreatedAt: start})
	}
	return s
}

func missing(noun string, name any) error {
	return aloft.Errorf(aloft.CodeNotFound, "there is no %s %v", noun, name).WithHint("look at the list")
}

func (s *store) Project(_ context.Context, name string) (aloft.Project, error) {
	if name != "shop" {
		return aloft.Project{}, missing("project", name)
	}
	return aloft.Project{Name: name, CreatedAt: start}, s.broken
}

func (s *store) Projects(context.Context) ([]aloft.Project, error) {
	return []aloft.Project{{Name: "shop", CreatedAt: start}}, s.broken
}

func (s *store) Environment(_ context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.environments[key]
	if !ok {
		return e, missing("environment", key)
	}
	return e, nil
}

func (s *store) Environments(_ context.Context, f aloft.EnvironmentFilter) ([]aloft.Environment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []aloft.Environment
	for _, key := range []aloft.EnvironmentKey{alice, bob, gone} {
		e := s.environments[key]
		if (f.Project == "" || f.Project == key.Project) && (f.Destroyed || e.Status != aloft.EnvironmentDestroyed) {
			list = append(list, e)
		}
	}
	return list, nil
}

func (s *store) UpdateEnvironment(_ context.Context, key aloft.EnvironmentKey, change func(*aloft.Environment) error) (aloft.Environment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.environments[key]
	if !ok {
		return e, missing("environment", key)
	}
	if err := change(&e); err != nil {
		return e, err
	}
	s.environments[key] = e
	return e, nil
}

func (s *store) Run(_ context.Context, id int64) (aloft.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		if r.ID == id {
			return r, nil
		}
	}
	return aloft.Run{}, missing("run", id)
}

func (s *store) Runs(_ context.Context, f aloft.RunFilter) ([]aloft.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []aloft.Run
	for _, r := range s.runs {
		if (f.Project == "" || f.Project == r.Project) && (f.Environment == "" || f.Environment == r.Environment) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, r.Status)) && (f.Limit == 0 || len(list) < f.Limit) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (s *store) Steps(_ context.Context, id int64) ([]aloft.Step, error) {
	return []aloft.Step{{RunID: id, Name: "checkout", Status: aloft.StepSucceeded, StartedAt: start, FinishedAt: start.Add(time.Second)}}, nil
}

func (s *store) Releases(_ context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) {
	var list []aloft.Release
	for _, r := range s.releases {
		if r.EnvironmentKey == key {
			list = append(list, r)
		}
	}
	return list, nil
}

// runs notes what was asked of it.
type runs struct {
	store *store
	asked []string
	more  chan string // what a followed log goes on with; closed = the run has ended
}

func (r *runs) ask(format string, args ...any) {
	r.asked = append(r.asked, fmt.Sprintf(format, args...))
}

func (r *runs) Settle(_ context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	return aloft.Environment{EnvironmentKey: key, Status: aloft.EnvironmentReady}, nil
}

func (r *runs) Accept(_ context.Context, run aloft.Run) (aloft.Run, error) {
	r.ask("accept %s %s revision=%q release=%d by %s/%s", run.Operation, run.EnvironmentKey, run.Revision, run.Release, run.Trigger, run.Actor)
	run.ID, run.Status, run.CreatedAt = 7, aloft.RunQueued, start
	return run, nil
}

func (r *runs) Cancel(_ context.Context, id int64, actor string) error {
	r.ask("cancel %d by %s", id, actor)
	return nil
}

func (r *runs) Approve(_ context.Context, id int64, digest, actor string) error {
	r.ask("approve %d %s by %s", id, digest, actor)
	return nil
}

func (r *runs) Log(ctx context.Context, id int64, follow bool, w io.Writer) error {
	if _, err := fmt.Fprintf(w, "=====> run %d\n", id); err != nil || !follow {
		return err
	}
	return copyPieces(ctx, r.more, w)
}

func copyPieces(ctx context.Context, pieces <-chan string, w io.Writer) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case piece, open := <-pieces:
			if !open {
				return nil
			}
			if piece == "break" {
				return fmt.Errorf("the secret reason")
			}
			if _, err := io.WriteString(w, piece); err != nil {
				return err
			}
		}
	}
}

func (r *runs) Plan(context.Context, int64) (aloft.Plan, error) {
	return aloft.Plan{Digest: "d1", Changes: []aloft.Change{{Address: "aloft_app.web", Type: "aloft_app", Action: aloft.ActionCreate}}}, nil
}

func (r *runs) Trace(_ context.Context, id int64) (aloft.Trace, error) {
	return aloft.Trace{RunID: id, Status: aloft.RunSucceeded, BeganAt: start, Duration: time.Second, Spans: []aloft.Span{
		{Name: "build", Status: aloft.StepSucceeded, Duration: time.Second, Parts: []aloft.Span{{Name: "web", Status: aloft.StepSucceeded, Duration: time.Second}}},
	}}, nil
}

func (r *runs) CreateProject(_ context.Context, name string) (aloft.Project, error) {
	if name == "shop" {
		return aloft.Project{}, aloft.Errorf(aloft.CodeConflict, "project shop exists")
	}
	return aloft.Project{Name: name, CreatedAt: start}, nil
}

func (r *runs) Holdings(_ context.Context, key aloft.EnvironmentKey) (apps, databases []string, err error) {
	_, err = r.store.Environment(context.Background(), key)
	return []string{"web"}, nil, err
}

func (r *runs) Unrecorded(context.Context) ([]aloft.EnvironmentKey, error) {
	return []aloft.EnvironmentKey{gone}, nil
}

func (r *runs) DeleteProject(_ context.Context, name string) error {
	r.ask("delete project %s", name)
	return nil
}

type history struct{}

func (history) Versions(_ context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return []aloft.StateVersion{{EnvironmentKey: key, Version: 2, Serial: 9, CreatedAt: start}}, nil
}

func (history) Aside(_ context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return []aloft.StateVersion{{EnvironmentKey: key, Version: 1, CreatedAt: start, Aside: "not newer", AsideAt: start}}, nil
}

func (history) Lock(context.Context, aloft.EnvironmentKey) (aloft.Lock, error) {
	return aloft.Lock{ID: "l-1", Who: "run 7", Created: start, RunID: 7}, nil
}

func (history) Read(_ context.Context, _ aloft.EnvironmentKey, version int64) ([]byte, error) {
	return fmt.Appendf(nil, `{"version":4,"serial":%d}`, version), nil
}

func (history) Restore(_ context.Context, key aloft.EnvironmentKey, version int64) (aloft.StateVersion, error) {
	return aloft.StateVersion{EnvironmentKey: key, Version: version + 1, CreatedAt: start}, nil
}

type apps struct {
	slots   map[string]aloft.Slot
	deleted []string // creations
	more    chan string
	fail    error
}

func (*apps) url(key aloft.EnvironmentKey) string {
	return "http://" + key.Environment + "." + key.Project + ".localhost:8090"
}

func (a *apps) PutGroup(_ context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error) {
	return aloft.Group{URL: a.url(key), Creation: claim.Creation + claim.Over}, nil
}
func (a *apps) Group(_ context.Context, key aloft.EnvironmentKey) (aloft.Group, error) {
	return aloft.Group{URL: a.url(key)}, nil
}
func (a *apps) DeleteGroup(_ context.Context, _ aloft.EnvironmentKey, creation string) error {
	a.deleted = append(a.deleted, creation)
	return nil
}

func (a *apps) PutSlot(_ context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error) {
	slot.Creation = claim.Creation + claim.Over
	slot.URL = a.url(slot.EnvironmentKey)
	a.slots[slot.App] = slot
	return slot, nil
}

func (a *apps) Slot(_ context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	slot, ok := a.slots[app]
	if !ok {
		return slot, missing("app", app)
	}
	return slot, nil
}

func (a *apps) DeleteSlot(_ context.Context, _ aloft.EnvironmentKey, app, creation string) error {
	a.deleted = append(a.deleted, creation)
	delete(a.slots, app)
	return nil
}

func (a *apps) Run(ctx context.Context, _ aloft.EnvironmentKey, app string, args []string, w io.Writer) (int, error) {
	if a.fail != nil {
		return 0, a.fail
	}
	fmt.Fprintf(w, "%s runs %q\n", app, args)
	if args[0] == "slow" {
		if err := copyPieces(ctx, a.more, w); err != nil {
			return 0, err
		}
	}
	return 3, nil
}

type databases struct{}

func (databases) PutDatabase(_ context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error) {
	return aloft.Database{EnvironmentKey: key, Name: name, Password: "database-password", Creation: claim.Creation + claim.Over}, nil
}

func (d databases) Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	return d.PutDatabase(ctx, key, name, aloft.Claim{})
}

func (databases) DeleteDatabase(context.Context, aloft.EnvironmentKey, string, string) error {
	return nil
}

// backups breaks off after a while, where it has an error.
type backups struct{ broken error }

func (b *backups) Backup(_ context.Context, w io.Writer) error {
	text := "a backup"
	if b.broken != nil {
		text = strings.Repeat("half a backup ", 100_000)
	}
	_, err := io.WriteString(w, text)
	return cmp.Or(b.broken, err)
}

type appLogs struct{}

func (appLogs) Logs(_ context.Context, key aloft.EnvironmentKey, app string, lines int, follow bool, w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s %q lines=%d follow=%v\n", key, app, lines, follow)
	return err
}

type processes struct{}

func (processes) Processes(aloft.EnvironmentKey) []api.Process {
	return []api.Process{{App: "web", Process: "web", Instance: 1, PID: 42, State: "running", StartedAt: start}}
}

type eventsOf chan api.Event

func (e eventsOf) Subscribe(context.Context) <-chan api.Event { return e }

// generator writes down what it is asked for.
type generator struct {
	mu      sync.Mutex
	asked   []api.GenerateRequest
	notices []string
	fail    error
	busy    chan struct{} // where it is there, generating waits for it
}

func (g *generator) Generate(_ context.Context, r api.GenerateRequest) (api.Archive, error) {
	g.mu.Lock()
	g.asked = append(g.asked, r)
	g.mu.Unlock()
	if g.busy != nil {
		<-g.busy
	}
	return api.Archive{Data: []byte("archive of " + r.Name), Notices: g.notices}, g.fail
}

func (g *generator) Choose(_ context.Context, query url.Values) (api.Choosing, error) {
	g.mu.Lock()
	g.asked = append(g.asked, api.GenerateRequest{Query: query})
	g.mu.Unlock()
	if g.busy != nil {
		<-g.busy
	}
	return api.Choosing{Choices: api.Choices{Name: query.Get("name")}, Fields: []api.ChoiceField{}}, g.fail
}
