package run_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/store"
)

// house is a reconciler with the real store, and fakes for what it drives.
type house struct {
	t          *testing.T
	ctx        context.Context
	store      *store.Store
	sealer     *aloft.Sealer
	dir        string
	repository *fakeRepository
	terraform  *fakeTerraform
	target     *fakeTarget
	builder    fakeBuilder
	reconciler *run.Reconciler
	clock      *clock
	providers  []string // of the Terraform
	backend    string   // that it names
	settings   string   // of that
	elsewhere  bool     // another machine than this one runs the apps
	where      string   // the local target is
	kept       int      // runs whose files are kept; 0 = as ever
	woken      []string // environments that the reconciler has woken
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

func newHouse(t *testing.T) *house {
	t.Helper()
	key := make([]byte, aloft.SealKeySize)
	rand.Read(key)
	sealer, err := aloft.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	records, err := store.Open(t.Context(), store.Options{DSN: filepath.Join(dir, "aloft.db"), Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	h := &house{
		t: t, ctx: t.Context(), store: records, sealer: sealer, dir: dir,
		repository: &fakeRepository{branches: map[string]string{}, held: map[string]string{}, files: map[string]string{
			"go.mod": "module shop\n", "main.go": "package main\nfunc main() {}\n", "terraform/main.tf": "",
		}},
		terraform: &fakeTerraform{states: records, outputs: aloft.Outputs{Apps: map[string]aloft.AppOutput{
			"web": {Hosting: "local", Name: "web", URL: "http://alice.shop.localhost"},
		}}},
		clock:     &clock{now: time.Now()},
		providers: []string{"aloft-dev/aloft"},
	}
	h.target = &fakeTarget{store: records}
	h.builder.dir = filepath.Join(dir, "artifacts")
	if _, err := records.CreateProject(h.ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	h.open()
	return h
}

// open makes the reconciler, as a start of the server does.
func (h *house) open() {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Join(h.dir, "runs"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.reconciler = run.NewReconciler(run.ReconcilerOptions{
		Store: &waking{h.store, &h.woken}, Logs: run.NewLogs(filepath.Join(h.dir, "runs")), Now: h.clock.Now, RunsKept: h.kept,
		Pipeline: &run.Pipeline{
			Dir:        h.dir,
			Repository: func(string) run.Repository { return h.repository },
			Inspect: func(string, string) (aloft.ConfigurationSummary, error) {
				return aloft.ConfigurationSummary{Outputs: []string{"apps"}, Providers: h.providers, Local: !h.elsewhere, Backend: h.backend, Settings: h.settings}, nil
			},
			Terraform: func(context.Context, string, io.Writer) (run.Terraform, error) { return h.terraform, nil },
			Session: func(context.Context, aloft.Run, aloft.ConfigurationSummary) (run.Session, error) {
				return run.Session{Close: func() {}}, nil
			},
			Sealer: h.sealer, Builder: &h.builder, Local: h.target, Releases: h.store, States: h.store, Where: h.place,
		},
	})
}

// waking is a store that notes who is woken.
type waking struct {
	*store.Store
	woken *[]string
}

func (w *waking) Wake(ctx context.Context, key aloft.EnvironmentKey) error {
	*w.woken = append(*w.woken, key.String())
	return w.Store.Wake(ctx, key)
}

// push accepts a push of a commit to env-alice without following it.
func (h *house) push(commit string, options ...string) aloft.Run {
	h.t.Helper()
	return h.request(aloft.Run{Operation: aloft.OperationUp, Revision: commit}, options...)
}

func (h *house) request(r aloft.Run, options ...string) aloft.Run {
	h.t.Helper()
	parsed, err := run.ParseOptions(options)
	if err != nil {
		h.t.Fatal(err)
	}
	r.EnvironmentKey, r.Trigger, r.Options = alice, aloft.TriggerPush, parsed
	accepted, err := h.reconciler.Accept(h.ctx, r)
	if err != nil {
		h.t.Fatal(err)
	}
	return accepted
}

func (h *house) reconcile() {
	h.t.Helper()
	if err := h.reconciler.Reconcile(h.ctx, alice); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) run(id int64) aloft.Run {
	h.t.Helper()
	r, err := h.store.Run(h.ctx, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) environment() aloft.Environment {
	h.t.Helper()
	e, err := h.store.Environment(h.ctx, alice)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *house) log(id int64) string {
	h.t.Helper()
	var b bytes.Buffer
	if err := h.reconciler.Log(h.ctx, id, false, &b); err != nil {
		h.t.Fatal(err)
	}
	return b.String()
}

// wantRun checks the status of a run and says its log when it differs.
func (h *house) wantRun(id int64, status aloft.RunStatus) {
	h.t.Helper()
	if r := h.run(id); r.Status != status {
		h.t.Fatalf("run %d is %s (%s), want %s; its log:\n%s", id, r.Status, r.Error, status, h.log(id))
	}
}

func (h *house) wantEnvironment(status aloft.EnvironmentStatus, revision string) {
	h.t.Helper()
	if e := h.environment(); e.Status != status || e.Revision != revision {
		h.t.Fatalf("the environment is %s at %q (%s), want %s at %q", e.Status, e.Revision, e.Reason, status, revision)
	}
}

// fakeRepository has the same files in every commit.
type fakeRepository struct {
	asked    func() // called when it is asked for a branch; may be nil
	mu       sync.Mutex
	branches map[string]string
	held     map[string]string
	files    map[string]string
	fail     error  // of MoveBranch
	moved    func() // called by Checkout; nil = nothing is done
	identity string
	gone     bool   // there is no repository
	lacks    string // a commit that it does not have
	absent   aloft.Absent
}

var errNoRepository = aloft.Errorf(aloft.CodeNotFound, "there is no repository")

func (f *fakeRepository) Identity(context.Context) (string, error) {
	if f.gone {
		return "", errNoRepository
	}
	return f.identity, nil
}

func (f *fakeRepository) Identify(_ context.Context, identity string) error {
	f.identity = identity
	return nil
}

func (f *fakeRepository) Create(context.Context) error {
	if f.gone {
		f.gone, f.branches, f.identity = false, map[string]string{}, "made"
	}
	return nil
}

func (f *fakeRepository) Checkout(_ context.Context, _, dir string) (aloft.Absent, error) {
	if f.gone {
		return aloft.Absent{}, errNoRepository
	}
	if f.moved != nil {
		f.moved()
		f.moved = nil
	}
	for name, text := range f.files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return aloft.Absent{}, err
		}
	}
	return f.absent, nil
}

func (f *fakeRepository) Tree(_ context.Context, revision, path string, _ ...string) (string, error) {
	return revision + ":" + path, nil
}

func (f *fakeRepository) Commit(_ context.Context, revision string) (aloft.Commit, error) {
	if f.gone || revision == f.lacks {
		return aloft.Commit{}, aloft.Errorf(aloft.CodeNotFound, "there is no commit %s", revision)
	}
	return aloft.Commit{ID: revision, Author: "Alice <alice@example.com>", Subject: "commit " + revision}, nil
}

// Descends orders commits by their names: c2 descends from c1, nothing from b1.
func (f *fakeRepository) Descends(_ context.Context, ancestor, revision string) (bool, error) {
	return ancestor[0] == revision[0] && ancestor <= revision, nil
}

func (f *fakeRepository) Lacking(ctx context.Context, revision, _ string, _ int) ([]aloft.Commit, error) {
	commit, err := f.Commit(ctx, revision)
	return []aloft.Commit{commit}, err
}

func (f *fakeRepository) Branch(_ context.Context, branch string) (string, error) {
	if f.asked != nil {
		f.asked()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return "", errNoRepository
	}
	return f.branches[branch], nil
}

func (f *fakeRepository) Branches(_ context.Context, prefix string) (map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, errNoRepository
	}
	found := map[string]string{}
	for name, revision := range f.branches {
		if strings.HasPrefix(name, prefix) {
			found[name] = revision
		}
	}
	return found, nil
}

func (f *fakeRepository) MoveBranch(_ context.Context, branch, revision string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return errNoRepository
	}
	if f.fail != nil {
		return f.fail
	}
	f.branches[branch] = revision
	return nil
}

func (f *fakeRepository) DeleteBranch(_ context.Context, branch string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return errNoRepository
	}
	delete(f.branches, branch)
	return nil
}

func (f *fakeRepository) UpdateRef(ctx context.Context, update aloft.RefUpdate) error {
	return f.MoveBranch(ctx, strings.TrimPrefix(update.Ref, "refs/heads/"), update.New)
}

func (f *fakeRepository) Hold(_ context.Context, name, revision string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return errNoRepository
	}
	f.held[name] = revision
	return nil
}

func (f *fakeRepository) Held(_ context.Context, name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return "", errNoRepository
	}
	return f.held[name], nil
}

func (f *fakeRepository) Holds(_ context.Context, folder string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, errNoRepository
	}
	var names []string
	for name := range f.held {
		if strings.HasPrefix(name, folder+"/") {
			names = append(names, name)
		}
	}
	return names, nil
}

func (f *fakeRepository) Unhold(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return errNoRepository
	}
	delete(f.held, name)
	return nil
}

// fakeTerraform counts what is asked of it. before, when set, runs at the start
// of every apply.
type fakeTerraform struct {
	states    aloft.StateStore
	calls     []string
	outputs   aloft.Outputs
	planned   aloft.Plan
	key       string
	before    func(context.Context) error
	failing   error      // of Plan and Destroy
	stuck     error      // of Destroy
	reached   aloft.Plan // by Destroy
	resources int        // in each state that it writes

	left     []aloft.Interrupted // what Recover was asked to take up
	recovery aloft.Recovery
	adopt    []string // of the newest apply
	folder   string   // of the newest apply
	lock     string   // file of the newest plan
	restored bool     // that file was
}

func (f *fakeTerraform) Init(context.Context, aloft.Configuration) (bool, error) { return false, nil }

func (f *fakeTerraform) Plan(_ context.Context, c aloft.Configuration, _ bool) (aloft.Plan, error) {
	f.calls = append(f.calls, "plan")
	lock, _ := os.ReadFile(filepath.Join(c.Dir, ".terraform.lock.hcl"))
	f.lock, f.restored = string(lock), c.Restored
	return f.planned, f.failing
}

func (f *fakeTerraform) Recover(_ context.Context, c aloft.Configuration, left aloft.Interrupted) (aloft.Recovery, error) {
	f.calls = append(f.calls, "recover "+c.Vars["revision"])
	f.left = append(f.left, left)
	return f.recovery, nil
}

func (f *fakeTerraform) Apply(ctx context.Context, c aloft.Configuration) (aloft.Plan, aloft.Outputs, error) {
	f.calls, f.adopt, f.folder = append(f.calls, "apply "+c.Vars["revision"]), c.Adopt, c.Dir
	newest, _, err := f.states.State(ctx, c.Key, 0)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return aloft.Plan{}, aloft.Outputs{}, err
	}
	id, _ := strconv.ParseInt(filepath.Base(filepath.Dir(c.Journal)), 10, 64) // of the run
	if _, err := f.states.PutState(ctx, aloft.StateVersion{EnvironmentKey: c.Key, RunID: id, Serial: newest.Serial + 1, Resources: f.resources}, []byte("sealed"), ""); err != nil {
		return aloft.Plan{}, aloft.Outputs{}, err
	}
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return aloft.Plan{}, aloft.Outputs{}, err
		}
	}
	return aloft.Plan{}, f.outputs, nil
}

func (f *fakeTerraform) Destroy(_ context.Context, c aloft.Configuration) (aloft.Plan, error) {
	f.calls = append(f.calls, "destroy "+c.Vars["revision"])
	return f.reached, errors.Join(f.failing, f.stuck)
}

func (f *fakeTerraform) Key(aloft.Configuration, aloft.ConfigurationSummary) (string, error) {
	return "key" + f.key, nil
}

func (f *fakeTerraform) Show(w io.Writer, _ aloft.Plan) { _, _ = io.WriteString(w, "the plan\n") }

// fakeBuilder makes an empty folder for each of its inputs.
type fakeBuilder struct {
	dir   string
	built []string
	last  run.BuildRequest
}

func (f *fakeBuilder) Build(_ context.Context, r run.BuildRequest) (aloft.Artifact, bool, error) {
	f.built = append(f.built, r.Inputs)
	f.last = r
	dir := filepath.Join(f.dir, r.Project, r.Inputs)
	return aloft.Artifact{ID: r.Inputs, App: r.App.Name, Dir: dir}, false, os.MkdirAll(dir, 0o700)
}

// fakeTarget records releases and says what it is told to.
type fakeTarget struct {
	store   *store.Store
	deploys []string
	fail    error
	sick    error // of Verify
	removed bool
	secret  string
	healed  []string
	broken  []string
	left    []string
	holding []string // data that there is
	astray  string   // what is wrong with what holds it
	made    []string // what Terraform has made there
}

func (f *fakeTarget) Release(context.Context, run.DeployRequest) error { return nil }

func (f *fakeTarget) Deploy(ctx context.Context, r run.DeployRequest) (aloft.Release, bool, error) {
	f.deploys = append(f.deploys, r.Revision)
	_, _ = fmt.Fprintln(r.Log, "deploying with "+f.secret)
	release := aloft.Release{
		EnvironmentKey: r.Key, App: r.App.Name, RunID: r.RunID, Revision: r.Revision,
		Artifact: r.Artifact, Spec: r.App, Status: aloft.ReleaseActive,
	}
	if f.fail != nil {
		return release, false, f.fail
	}
	release, err := f.store.AddRelease(ctx, release)
	return release, false, err
}

func (f *fakeTarget) Verify(context.Context, run.DeployRequest) error { return f.sick }

func (f *fakeTarget) VerifyTime(run.DeployRequest) time.Duration { return time.Nanosecond }

func (f *fakeTarget) Releases(ctx context.Context, r run.DeployRequest) ([]aloft.Release, error) {
	all, err := f.store.Releases(ctx, r.Key)
	return slices.DeleteFunc(all, func(release aloft.Release) bool { return release.App != r.App.Name }), err
}

func (f *fakeTarget) Restore(ctx context.Context, r run.DeployRequest, release aloft.Release) error {
	r.App, r.Artifact, r.Revision = release.Spec, release.Artifact, release.Revision
	_, _, err := f.Deploy(ctx, r)
	return err
}

func (f *fakeTarget) Withdraw(ctx context.Context, r run.DeployRequest, as aloft.ReleaseStatus, reason string) error {
	f.deploys = append(f.deploys, "")
	return f.store.WithdrawRelease(ctx, r.Key, r.App.Name, as, reason)
}

func (f *fakeTarget) Reconcile(context.Context, aloft.EnvironmentKey) (healed, broken []string, err error) {
	healed, broken = f.healed, f.broken
	f.healed = nil
	return healed, broken, nil
}

func (f *fakeTarget) Made(context.Context, aloft.EnvironmentKey) ([]string, error) {
	return slices.Clone(f.made), nil
}

func (f *fakeTarget) Holding(context.Context, aloft.EnvironmentKey) ([]string, error) {
	return slices.Clone(f.holding), nil
}

func (f *fakeTarget) Astray(context.Context, aloft.EnvironmentKey) (string, error) {
	return f.astray, nil
}

func (f *fakeTarget) Settle(context.Context, aloft.EnvironmentKey) error {
	f.astray = ""
	return nil
}

func (f *fakeTarget) Remove(context.Context, aloft.EnvironmentKey) error {
	f.removed = true
	return nil
}

func (f *fakeTarget) Remains(context.Context, aloft.EnvironmentKey) ([]string, error) {
	return slices.Clone(f.left), nil
}
