package api

import (
	"cmp"
	"context"
	"time"

	"github.com/aloft-dev/aloft"
)

// EnvironmentDetails is an environment with what runs in it and what happened last.
type EnvironmentDetails struct {
	aloft.Environment
	Releases  []aloft.Release `json:"releases" nullable:"false"`  // newest first
	Processes []Process       `json:"processes" nullable:"false"` // on this machine
	Runs      []aloft.Run     `json:"runs" nullable:"false"`      // the last ten, newest first
}

const lastRuns = 10

// EnvironmentPath is the part of a path that names an environment.
type EnvironmentPath struct {
	Project     string `path:"project"`
	Environment string `path:"environment"`
}

func (in EnvironmentPath) key() aloft.EnvironmentKey {
	return aloft.EnvironmentKey{Project: in.Project, Environment: in.Environment}
}

// Holdings is what the local target holds of an environment, whatever Terraform knows of it.
type Holdings struct {
	Apps      []string `json:"apps" nullable:"false" doc:"Names of the apps"`
	Databases []string `json:"databases" nullable:"false" doc:"Names of the databases, on the PostgreSQL server"`
}

func (s *Server) getHoldings(ctx context.Context, in *EnvironmentPath) (*answer[Holdings], error) {
	apps, databases, err := s.Runs.Holdings(ctx, in.key())
	return answerWith(Holdings{orEmpty(apps), orEmpty(databases)}, err)
}

type environmentsInput struct {
	Project   string `query:"project" doc:"Only of this project"`
	Destroyed bool   `query:"destroyed" doc:"Also those that no longer exist"`
}

func (s *Server) listEnvironments(ctx context.Context, in *environmentsInput) (*list[aloft.Environment], error) {
	return listOf(s.Store.Environments(ctx, aloft.EnvironmentFilter(*in)))
}

func (s *Server) listUnrecorded(ctx context.Context, _ *nothing) (*list[aloft.EnvironmentKey], error) {
	return listOf(s.Runs.Unrecorded(ctx))
}

func (s *Server) getEnvironment(ctx context.Context, in *EnvironmentPath) (*answer[EnvironmentDetails], error) {
	environment, err := s.Store.Environment(ctx, in.key())
	if err != nil {
		return nil, err
	}
	releases, err := s.Store.Releases(ctx, in.key())
	if err != nil {
		return nil, err
	}
	runs, err := s.Store.Runs(ctx, aloft.RunFilter{Project: in.Project, Environment: in.Environment, Limit: lastRuns})
	if err != nil {
		return nil, err
	}
	return answerWith(EnvironmentDetails{environment, orEmpty(releases), orEmpty(s.Processes.Processes(in.key())), orEmpty(runs)}, nil)
}

type ttlInput struct {
	EnvironmentPath
	Body struct {
		TTL string `json:"ttl" doc:"How long from now on, such as 72h, or never" example:"72h"`
	}
}

const minTTL = time.Minute

func (s *Server) setTTL(ctx context.Context, in *ttlInput) (*answer[aloft.Environment], error) {
	ttl, err := parseTTL(in.Body.TTL)
	if err != nil {
		return nil, err
	}
	return answerWith(s.Store.UpdateEnvironment(ctx, in.key(), func(e *aloft.Environment) error {
		if e.Status == aloft.EnvironmentDestroyed {
			return destroyed(e.EnvironmentKey)
		}
		e.TTL, e.ExpiresAt = ttl, time.Time{}
		if ttl > 0 {
			e.ExpiresAt = s.Now().Add(ttl)
		}
		return nil
	}))
}

// parseTTL reads a time to live; "never" is 0.
func parseTTL(text string) (time.Duration, error) {
	if text == "never" {
		return 0, nil
	}
	ttl, err := time.ParseDuration(text)
	if err != nil || ttl < minTTL {
		return 0, aloft.Errorf(aloft.CodeInvalid, "%q is not a time to live: it is a duration of at least %s, or never", text, minTTL).
			WithHint("for three days write 72h")
	}
	return ttl, nil
}

func destroyed(key aloft.EnvironmentKey) error {
	return aloft.Errorf(aloft.CodeConflict, "environment %s is destroyed", key).
		WithHint("make it again with: git push aloft HEAD:%s", key.Branch())
}

// living returns an environment that is not destroyed.
func (s *Server) living(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	environment, err := s.Store.Environment(ctx, key)
	if err == nil && environment.Status == aloft.EnvironmentDestroyed {
		return environment, destroyed(key)
	}
	return environment, err
}

func (s *Server) accept(ctx context.Context, run aloft.Run) (*answer[aloft.Run], error) {
	run.Trigger, run.Actor = aloft.TriggerAPI, actor(ctx)
	return answerWith(s.Runs.Accept(ctx, run))
}

type destroyInput struct {
	EnvironmentPath
	Force bool `query:"force" doc:"Remove also what Terraform refuses to destroy or cannot find"`
}

func (s *Server) acceptEnvironment(ctx context.Context, in *EnvironmentPath) (*answer[aloft.Environment], error) {
	if _, err := s.living(ctx, in.key()); err != nil {
		return nil, err
	}
	return answerWith(s.Runs.Settle(ctx, in.key()))
}

func (s *Server) destroyEnvironment(ctx context.Context, in *destroyInput) (*answer[aloft.Run], error) {
	if _, err := s.living(ctx, in.key()); err != nil {
		return nil, err
	}
	return s.accept(ctx, aloft.Run{EnvironmentKey: in.key(), Operation: aloft.OperationDestroy, Options: aloft.RunOptions{Force: in.Force}})
}

// retry repeats the last run that was to change something.
func (s *Server) retry(ctx context.Context, in *EnvironmentPath) (*answer[aloft.Run], error) {
	environment, err := s.Store.Environment(ctx, in.key())
	if err != nil {
		return nil, err
	}
	runs, err := s.Store.Runs(ctx, aloft.RunFilter{Project: in.Project, Environment: in.Environment})
	if err != nil {
		return nil, err
	}
	last, err := repeatable(runs, environment)
	if err != nil {
		return nil, err
	}
	return s.accept(ctx, aloft.Run{
		EnvironmentKey: in.key(), Operation: last.Operation, Title: last.Title, Release: last.Release,
		Revision: last.Revision, Options: aloft.RunOptions{SkipBuild: last.Options.SkipBuild},
	})
}

func repeatable(runs []aloft.Run, environment aloft.Environment) (aloft.Run, error) {
	for _, run := range runs {
		switch {
		case run.Operation == aloft.OperationPlan, run.Status == aloft.RunSuperseded:
		case !run.Status.Finished():
			return run, aloft.Errorf(aloft.CodeConflict, "run %d of %s is still %s", run.ID, run.EnvironmentKey, run.Status).
				WithHint("follow it with: aloft run attach %d", run.ID)
		case run.Operation == aloft.OperationDestroy && run.Status == aloft.RunSucceeded:
			return run, destroyed(run.EnvironmentKey)
		case run.Operation == aloft.OperationDestroy:
			return run, nil
		default:
			run.Revision = cmp.Or(run.Revision, environment.Revision)
			return run, nil
		}
	}
	return aloft.Run{}, aloft.Errorf(aloft.CodeConflict, "environment %s has no run to repeat", environment.EnvironmentKey).
		WithHint("push it with: git push aloft HEAD:%s", environment.Branch())
}
