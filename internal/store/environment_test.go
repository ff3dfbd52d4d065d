package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

func TestProjects(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		_, err := s.CreateProject(ctx, "shop")
		wantCode(t, err, aloft.CodeConflict, "shop")
		_, err = s.CreateProject(ctx, "No Good")
		wantCode(t, err, aloft.CodeInvalid)
		_, err = s.Project(ctx, "none")
		wantCode(t, err, aloft.CodeNotFound, "project none does not exist")
		if _, err := s.CreateProject(ctx, "blog"); err != nil {
			t.Fatal(err)
		}
		projects, err := s.Projects(ctx)
		if err != nil || len(projects) != 2 || projects[0].Name != "blog" || projects[1].Name != "shop" {
			t.Fatalf("projects: %v, %v", projects, err)
		}
		if projects[0].CreatedAt.IsZero() {
			t.Error("a project has no time of creation")
		}
	})
}

func TestDeleteProject(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		wantCode(t, s.DeleteProject(ctx, "none"), aloft.CodeNotFound)
		run := accept(t, s, aloft.Run{})
		wantCode(t, s.DeleteProject(ctx, "shop"), aloft.CodeConflict, "alice")
		become(t, s, aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed)
		wantCode(t, s.DeleteProject(ctx, "shop"), aloft.CodeConflict, "queued")
		if err := s.PutStep(ctx, aloft.Step{RunID: run.ID, Name: "read", Status: aloft.StepRunning}); err != nil {
			t.Fatal(err)
		}
		finish(t, s, run.ID, aloft.RunCanceled)
		if err := s.DeleteProject(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		_, err := s.Run(ctx, run.ID)
		wantCode(t, err, aloft.CodeNotFound)
		if _, err := s.CreateProject(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		if again := accept(t, s, aloft.Run{}); again.ID <= run.ID {
			t.Errorf("run id %d is used again after %d", again.ID, run.ID)
		}
	})
}

// become moves the environment through statuses.
func become(t *testing.T, s *store.Store, statuses ...aloft.EnvironmentStatus) {
	t.Helper()
	becomeOf(t, s, key, statuses...)
}

func becomeOf(t *testing.T, s *store.Store, key aloft.EnvironmentKey, statuses ...aloft.EnvironmentStatus) {
	t.Helper()
	for _, status := range statuses {
		_, err := s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
			e.Status = status
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t *testing.T, s *store.Store, id int64, statuses ...aloft.RunStatus) {
	t.Helper()
	for _, status := range statuses {
		_, err := s.UpdateRun(t.Context(), id, func(r *aloft.Run) error {
			r.Status = status
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnvironmentKeepsEveryField(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		accept(t, s, aloft.Run{})
		want := aloft.Environment{
			EnvironmentKey: key, Status: aloft.EnvironmentReady, Reason: "because\x00 \xff of \U0001F680", Revision: "abc", Owner: "Alice <a@b>",
			URLs: map[string]string{"web": "http://alice.shop.localhost"}, Protected: true, TTL: 72*time.Hour + 1,
			ExpiresAt: time.Date(2026, 12, 1, 2, 3, 4, 5_000_000, time.UTC), SizeBytes: 1 << 40, ProvisionKey: "digest",
		}
		updated, err := s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
			want.CreatedAt = e.CreatedAt
			*e = want
			e.Blocked = true                                                              // does not count
			e.EnvironmentKey = aloft.EnvironmentKey{Project: "other", Environment: "bob"} // does not count
			e.ExpiresAt = e.ExpiresAt.Add(time.Microsecond).Local()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Environment(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		want.Reason = "because\uFFFD \uFFFD of \U0001F680"
		updated.Reason = want.Reason
		want.UpdatedAt = got.UpdatedAt
		same(t, got, want)
		same(t, updated, want)
	})
}

func TestEnvironmentStatusTable(t *testing.T) {
	t.Parallel()
	paths := map[aloft.EnvironmentStatus][]aloft.EnvironmentStatus{
		aloft.EnvironmentCreating:   {},
		aloft.EnvironmentReady:      {aloft.EnvironmentReady},
		aloft.EnvironmentUpdating:   {aloft.EnvironmentReady, aloft.EnvironmentUpdating},
		aloft.EnvironmentDegraded:   {aloft.EnvironmentReady, aloft.EnvironmentDegraded},
		aloft.EnvironmentFailed:     {aloft.EnvironmentFailed},
		aloft.EnvironmentSleeping:   {aloft.EnvironmentReady, aloft.EnvironmentSleeping},
		aloft.EnvironmentDestroying: {aloft.EnvironmentDestroying},
		aloft.EnvironmentDestroyed:  {aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed},
	}
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		made := 0
		for from := range paths {
			for to := range paths {
				made++
				key := aloft.EnvironmentKey{Project: "shop", Environment: fmt.Sprint("e", made)}
				accept(t, s, aloft.Run{EnvironmentKey: key})
				becomeOf(t, s, key, paths[from]...)
				_, err := s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
					e.Status, e.Reason = to, "moved"
					return nil
				})
				got, readErr := s.Environment(t.Context(), key)
				if readErr != nil {
					t.Fatal(readErr)
				}
				if from.CanBecome(to) {
					if err != nil || got.Status != to || got.Reason != "moved" {
						t.Errorf("%s to %s: %v, is %s %q", from, to, err, got.Status, got.Reason)
					}
					continue
				}
				wantCode(t, err, aloft.CodeConflict, string(from), string(to))
				if got.Status != from || got.Reason != "" {
					t.Errorf("%s to %s was refused and saved %s %q", from, to, got.Status, got.Reason)
				}
			}
		}
	})
}

func TestUpdateEnvironment(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		now := time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)
		s := openWith(t, store.Options{DSN: dsn, Sealer: sealer(t), Clock: func() time.Time { return now }})
		if _, err := s.CreateProject(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		_, err := s.UpdateEnvironment(t.Context(), key, func(*aloft.Environment) error { return nil })
		wantCode(t, err, aloft.CodeNotFound, "environment shop/alice does not exist")
		accept(t, s, aloft.Run{})

		stop := errors.New("no")
		_, err = s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
			e.Owner = "nobody"
			return stop
		})
		if !errors.Is(err, stop) {
			t.Errorf("the change's error is lost: %v", err)
		}
		now = now.Add(time.Hour)
		unchanged, err := s.UpdateEnvironment(t.Context(), key, func(*aloft.Environment) error { return nil })
		if err != nil || unchanged.Owner != "" || !unchanged.UpdatedAt.Equal(now.Add(-time.Hour)) {
			t.Errorf("what was not changed was saved: %+v, %v", unchanged, err)
		}
		changed, err := s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
			e.Owner = "Alice"
			return nil
		})
		if err != nil || !changed.UpdatedAt.Equal(now) || !changed.CreatedAt.Equal(now.Add(-time.Hour)) {
			t.Errorf("times are wrong: %+v, %v", changed, err)
		}
	})
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		if _, err := s.CreateProject(ctx, "blog"); err != nil {
			t.Fatal(err)
		}
		accept(t, s, aloft.Run{})
		accept(t, s, aloft.Run{EnvironmentKey: aloft.EnvironmentKey{Project: "shop", Environment: "bob"}})
		accept(t, s, aloft.Run{EnvironmentKey: aloft.EnvironmentKey{Project: "blog", Environment: "zoe"}})
		become(t, s, aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed)
		for name, test := range map[string]struct {
			filter aloft.EnvironmentFilter
			want   []string
		}{
			"all that exist":                {aloft.EnvironmentFilter{}, []string{"blog/zoe", "shop/bob"}},
			"of a project":                  {aloft.EnvironmentFilter{Project: "shop"}, []string{"shop/bob"}},
			"of a project, also those gone": {aloft.EnvironmentFilter{Project: "shop", Destroyed: true}, []string{"shop/alice", "shop/bob"}},
			"of no project":                 {aloft.EnvironmentFilter{Project: "none"}, []string{}},
		} {
			t.Run(name, func(t *testing.T) {
				environments, err := s.Environments(ctx, test.filter)
				if err != nil || environments == nil {
					t.Fatal(environments, err)
				}
				got := []string{}
				for _, e := range environments {
					got = append(got, e.EnvironmentKey.String())
				}
				same(t, got, test.want)
			})
		}
	})
}
