package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/git"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/postgres"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/store"
	"github.com/aloft-dev/aloft/internal/supervise"
	"github.com/aloft-dev/aloft/internal/terraform"
	"github.com/aloft-dev/aloft/internal/web"
)

// The types below fit rooms, which do not know each other, to the contracts of
// the rooms that use them.

// repository is one project of the embedded remote.
type repository struct {
	remote  *git.Remote
	project string
}

// RepositoryOf is a project of a remote as the run room wants it.
func RepositoryOf(remote *git.Remote, project string) run.Repository {
	return repository{remote, project}
}

func (r repository) Checkout(ctx context.Context, revision, dir string) (aloft.Absent, error) {
	return r.remote.Checkout(ctx, r.project, revision, dir)
}
func (r repository) Tree(ctx context.Context, revision, path string, without ...string) (string, error) {
	return r.remote.TreeWithout(ctx, r.project, revision, path, without...)
}
func (r repository) Commit(ctx context.Context, revision string) (aloft.Commit, error) {
	return r.remote.Commit(ctx, r.project, revision)
}
func (r repository) Descends(ctx context.Context, ancestor, revision string) (bool, error) {
	return r.remote.Descends(ctx, r.project, ancestor, revision)
}

func (r repository) Lacking(ctx context.Context, revision, other string, limit int) ([]aloft.Commit, error) {
	return r.remote.Lacking(ctx, r.project, revision, other, limit)
}
func (r repository) Branch(ctx context.Context, branch string) (string, error) {
	return r.remote.Branch(ctx, r.project, branch)
}
func (r repository) Branches(ctx context.Context, prefix string) (map[string]string, error) {
	return r.remote.Branches(ctx, r.project, prefix)
}
func (r repository) MoveBranch(ctx context.Context, branch, revision string) error {
	return r.remote.MoveBranch(ctx, r.project, branch, revision)
}
func (r repository) DeleteBranch(ctx context.Context, branch string) error {
	return r.remote.DeleteBranch(ctx, r.project, branch)
}
func (r repository) UpdateRef(ctx context.Context, update aloft.RefUpdate) error {
	return r.remote.UpdateRef(ctx, r.project, update)
}
func (r repository) Hold(ctx context.Context, name, revision string) error {
	return r.remote.Hold(ctx, r.project, name, revision)
}
func (r repository) Identity(ctx context.Context) (string, error) {
	return r.remote.Identity(ctx, r.project)
}
func (r repository) Identify(ctx context.Context, identity string) error {
	return r.remote.Identify(ctx, r.project, identity)
}
func (r repository) Create(ctx context.Context) error {
	return r.remote.CreateRepository(ctx, r.project)
}

func (r repository) Held(ctx context.Context, name string) (string, error) {
	return r.remote.Held(ctx, r.project, name)
}

func (r repository) Holds(ctx context.Context, folder string) ([]string, error) {
	return r.remote.Holds(ctx, r.project, folder)
}
func (r repository) Unhold(ctx context.Context, name string) error {
	return r.remote.Unhold(ctx, r.project, name)
}

// Engines finds each kind of engine once.
type Engines struct {
	mu    sync.Mutex
	found map[string]*terraform.Engine
}

// Find returns the engine of a kind, "" for any, getting it first if need be.
func (e *Engines) Find(ctx context.Context, kind string, progress io.Writer) (*terraform.Engine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if engine, ok := e.found[kind]; ok {
		return engine, nil
	}
	engine, err := terraform.Find(ctx, terraform.FindOptions{
		CacheDir: aloft.CacheDir(""), Kind: kind, Path: os.Getenv("PATH"), Install: true, Progress: progress,
	})
	if err != nil {
		return nil, err
	}
	if e.found == nil {
		e.found = map[string]*terraform.Engine{}
	}
	e.found[kind] = engine
	return engine, nil
}

// Open is Find, for the run room.
func (e *Engines) Open(ctx context.Context, kind string, progress io.Writer) (run.Terraform, error) {
	engine, err := e.Find(ctx, kind, progress)
	return driver{engine}, err
}

// driver is an engine as the run room wants it.
type driver struct{ *terraform.Engine }

func (d driver) Plan(ctx context.Context, c aloft.Configuration, destroy bool) (aloft.Plan, error) {
	return d.Engine.Plan(ctx, c, terraform.PlanOptions{Destroy: destroy})
}
func (d driver) Key(c aloft.Configuration, summary aloft.ConfigurationSummary) (string, error) {
	return terraform.Digest(c.Dir, summary, c.Vars, c.VarFile, d.Engine)
}
func (driver) Show(w io.Writer, plan aloft.Plan) { terraform.WritePlan(w, plan) }

// builder is the build room as the run room wants it.
type builder struct{ *build.Builder }

func (b builder) Build(ctx context.Context, r run.BuildRequest) (aloft.Artifact, bool, error) {
	result, err := b.Builder.Build(ctx, build.Request{
		Project: r.Project, App: r.App, Source: r.Source, Foreign: r.Foreign, Inputs: r.Inputs, Log: r.Log, Timing: r.Timing,
	})
	return result.Artifact, result.Skipped, err
}

// target is the local target: apps and databases together.
type target struct {
	apps      *local.Target
	databases *postgres.Server
}

func deployRequest(r run.DeployRequest) local.Request {
	return local.Request{Key: r.Key, RunID: r.RunID, Revision: r.Revision, App: r.App, Artifact: r.Artifact, Log: r.Log, Timing: r.Timing}
}

func (t target) Release(ctx context.Context, r run.DeployRequest) error {
	return t.apps.Release(ctx, deployRequest(r))
}
func (t target) Deploy(ctx context.Context, r run.DeployRequest) (aloft.Release, bool, error) {
	return t.apps.Deploy(ctx, deployRequest(r))
}
func (t target) Verify(ctx context.Context, r run.DeployRequest) error {
	return t.apps.Verify(ctx, r.Key, r.App.Name)
}

// VerifyTime is for a process that has just been started again.
func (t target) VerifyTime(run.DeployRequest) time.Duration { return local.VerifyTime }

func (t target) Releases(ctx context.Context, r run.DeployRequest) ([]aloft.Release, error) {
	return t.apps.Releases(ctx, r.Key, r.App.Name)
}

func (t target) Restore(ctx context.Context, r run.DeployRequest, release aloft.Release) error {
	r.App, r.Artifact, r.Revision = release.Spec, release.Artifact, release.Revision
	_, _, err := t.apps.Deploy(ctx, deployRequest(r))
	return err
}

func (t target) Withdraw(ctx context.Context, r run.DeployRequest, as aloft.ReleaseStatus, reason string) error {
	return t.apps.Withdraw(ctx, r.Key, r.App.Name, as, reason)
}

// Reconcile heals apps. A missing database is Terraform's to make again, and so
// is what does not heal.
func (t target) Reconcile(ctx context.Context, key aloft.EnvironmentKey) (healed, broken []string, err error) {
	what, err := t.databases.Astray(ctx, key)
	if err == nil && what == "" { // else there is nothing to ask, and apps are served all the same
		broken, err = t.databases.Reconcile(ctx, key)
	}
	if err != nil {
		return nil, nil, err
	}
	differences, err := t.apps.Reconcile(ctx, key)
	for _, difference := range differences {
		if difference.Healed {
			healed = append(healed, difference.String())
		} else {
			broken = append(broken, difference.String())
		}
	}
	return healed, broken, err
}

func (t target) Made(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	apps, err := t.apps.Made(ctx, key)
	if err != nil {
		return nil, err
	}
	databases, err := t.databases.Made(ctx, key)
	return append(apps, databases...), err
}

func (t target) Holding(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	return t.databases.Holding(ctx, key)
}

func (t target) Astray(ctx context.Context, key aloft.EnvironmentKey) (string, error) {
	return t.databases.Astray(ctx, key)
}

func (t target) Settle(ctx context.Context, key aloft.EnvironmentKey) error {
	return t.databases.Settle(ctx, key)
}

func (t target) Remove(ctx context.Context, key aloft.EnvironmentKey) error {
	if err := t.apps.RemoveAll(ctx, key); err != nil {
		return err
	}
	return t.databases.DeleteAll(ctx, key)
}

func (t target) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	left, err := t.apps.Remains(ctx, key)
	if err != nil {
		return nil, err
	}
	databases, err := t.databases.Remains(ctx, key)
	return append(left, databases...), err
}

// runs is the run room as the API wants it.
type runs struct {
	*run.Reconciler
	server *Server
}

func (r runs) CreateProject(ctx context.Context, name string) (aloft.Project, error) {
	project, err := r.server.store.CreateProject(ctx, name)
	if err != nil {
		return project, err
	}
	return project, r.server.remote.CreateRepository(ctx, name)
}

func (r runs) DeleteProject(ctx context.Context, name string) error {
	unknown, err := r.unknownApplies(ctx, name)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		return aloft.Errorf(aloft.CodeConflict, "project %s has environments that the records do not know, but its repository holds what was applied to them: %s", name, strings.Join(unknown, ", ")).
			WithHint("bring back the newest records (see docs/backup.md); or give each up: aloft up %[1]s makes it known, then aloft destroy %[1]s --force", unknown[0])
	}
	if err := r.server.store.DeleteProject(ctx, name); err != nil {
		return err
	}
	return errors.Join(r.server.remote.DeleteRepository(ctx, name), r.server.builder.DeleteProject(name))
}

// unknownApplies names the environments of a project that its repository tells of and
// the records do not: those are older.
func (r runs) unknownApplies(ctx context.Context, project string) ([]string, error) {
	held, err := r.server.remote.Holds(ctx, project, "environments")
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil, nil
	}
	var unknown []string
	for _, name := range held {
		environment := path.Base(path.Dir(name)) // environments/NAME/last
		_, known := r.server.store.Environment(ctx, aloft.EnvironmentKey{Project: project, Environment: environment})
		if aloft.ErrorCode(known) == aloft.CodeNotFound && !slices.Contains(unknown, environment) {
			unknown = append(unknown, environment)
		}
	}
	return unknown, err
}

// appLogs, processes and events are what the API shows of other rooms.
type appLogs struct{ *supervise.Supervisor }

func (l appLogs) Logs(ctx context.Context, key aloft.EnvironmentKey, app string, lines int, follow bool, w io.Writer) error {
	return l.Supervisor.Logs(ctx, key, app, supervise.LogOptions{Lines: lines, Follow: follow}, w)
}

type processes struct{ *supervise.Supervisor }

func (p processes) Processes(key aloft.EnvironmentKey) []api.Process {
	list := []api.Process{}
	for _, s := range p.Supervisor.Processes(key) {
		process := api.Process{
			App: s.App, Process: s.Process, Instance: s.Instance, PID: s.PID, State: string(s.State),
			StartedAt: s.StartedAt, Restarts: s.Restarts, MemoryBytes: s.RSS, LastExit: s.LastExit.String(),
		}
		list = append(list, process)
	}
	return list
}

// pageProcesses is processes as the pages want it.
func pageProcesses(supervisor *supervise.Supervisor) func(aloft.EnvironmentKey) []web.Process {
	return func(key aloft.EnvironmentKey) []web.Process {
		list := processes{supervisor}.Processes(key)
		shown := make([]web.Process, len(list))
		for i, process := range list {
			shown[i] = web.Process(process)
		}
		return shown
	}
}

type events struct{ *store.Store }

func (e events) Subscribe(ctx context.Context) <-chan api.Event {
	in, out := e.Store.Subscribe(ctx), make(chan api.Event)
	go func() {
		defer close(out)
		for event := range in {
			select {
			case out <- api.Event{Key: event.Key, RunID: event.RunID}:
			case <-ctx.Done():
			}
		}
	}()
	return out
}

// authorizeGit lets the server's token push and fetch.
func (s *Server) authorizeGit(r *http.Request, _ string) (string, error) {
	scope, ok := s.tokens.Authenticate(api.Token(r))
	if !ok || !scope.Admin {
		return "", aloft.Errorf(aloft.CodeForbidden, "the token is missing or not valid").
			WithHint("aloft login; a token that is lost is replaced on the server's machine: aloft token reset --data DIR")
	}
	user, _, _ := r.BasicAuth()
	return user, nil
}

// authorizeState lets a run use the state of its own environment, and the
// server's token every state.
func (s *Server) authorizeState(r *http.Request, key aloft.EnvironmentKey) (int64, error) {
	scope, ok := s.tokens.Authenticate(api.Token(r))
	if !ok || !scope.Admin && scope.Key != key {
		return 0, aloft.Errorf(aloft.CodeForbidden, "the token may not use the state of %s", key)
	}
	return scope.RunID, nil
}

// tellState puts what the engines do not show into the log of the run that it is
// about, and into the server's.
func (s *Server) tellState(key aloft.EnvironmentKey, runID int64, text string) {
	s.logger.Warn("about a state", "project", key.Project, "environment", key.Environment, "run", runID, "what", text)
	if runID != 0 {
		s.logs.Tell(runID, text)
	}
}

// createProject records a project before its first push. One that has lost its
// repository gets no other by being pushed to.
func (s *Server) createProject(ctx context.Context, name string) error {
	_, err := s.store.CreateProject(ctx, name)
	if aloft.ErrorCode(err) != aloft.CodeConflict {
		return err
	}
	if lost := s.lostRepository(ctx, name); lost != nil {
		return lost
	}
	return err
}

// lostRepository is why a project that is recorded has no repository; nil = it has had
// none yet, or is not known.
func (s *Server) lostRepository(ctx context.Context, name string) error {
	project, err := s.store.Project(ctx, name)
	if aloft.ErrorCode(err) == aloft.CodeNotFound || err == nil && project.Repository == "" {
		return nil
	}
	if err != nil {
		return err
	}
	environments, err := s.store.Environments(ctx, aloft.EnvironmentFilter{Project: name})
	if err != nil {
		return err
	}
	lost := aloft.Errorf(aloft.CodeUnavailable, "the repository of %s is gone from this server", name)
	if len(environments) == 0 {
		return lost.WithHint("bring it back (see docs/backup.md); or, since it has no environments: aloft project delete %s, then push again", name)
	}
	return lost.WithHint("nothing is destroyed; `aloft env list` tells what the choices are")
}

// secrets are the passwords of an environment's databases.
func (s *Server) secrets(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	databases, err := s.store.Databases(ctx, key)
	values := make([]string, 0, len(databases))
	for _, database := range databases {
		values = append(values, database.Password)
	}
	return values, err
}

// size measures what an environment takes on disk: its own files, its logs, and
// the artifacts that run in it, which others may share.
func (s *Server) size(ctx context.Context, key aloft.EnvironmentKey) (int64, error) {
	folders := []string{
		filepath.Join(s.path("environments"), key.Project, key.Environment),
		filepath.Join(s.path("processes"), key.Project, key.Environment),
	}
	releases, err := s.store.Releases(ctx, key)
	if err != nil {
		return 0, err
	}
	for _, release := range releases {
		if release.Status == aloft.ReleaseActive {
			folders = append(folders, release.Artifact.Dir)
		}
	}
	var total int64
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil // what vanishes while it is measured counts nothing
			}
			if info, err := entry.Info(); err == nil {
				total += info.Size()
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("cannot measure %s: %w", key, err)
		}
	}
	return total, nil
}

// tagOf marks the processes of the server with this data folder.
func tagOf(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:6])
}

// ownHost reports whether a request is for the server itself and not for an app.
func ownHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return !strings.HasSuffix(strings.TrimSuffix(strings.ToLower(name), "."), ".localhost")
}
