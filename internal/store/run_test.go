package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRunKeepsEveryField(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		accepted := accept(t, s, aloft.Run{
			Operation: aloft.OperationUp, Trigger: aloft.TriggerPush, Actor: "alice", Revision: "abc", Title: "A title",
			Options: aloft.RunOptions{Detach: true, SkipBuild: true, TTL: time.Hour}, Release: 7,
		})
		got, err := s.Run(t.Context(), accepted.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, accepted)
		if got.ID != 1 || got.Status != aloft.RunQueued || got.CreatedAt.IsZero() {
			t.Errorf("not filled in: %+v", got)
		}
		at := time.Date(2026, 11, 24, 1, 2, 3, 4_000_000, time.UTC)
		want := got
		want.Status, want.Error, want.ErrorCode, want.Hint = aloft.RunFailed, "broken", aloft.CodeFailed, "mend it"
		want.PlanDigest, want.Approved, want.Approver, want.StartedAt, want.FinishedAt = "d1", "d2", "bob", at, at.Add(time.Second)
		updated, err := s.UpdateRun(t.Context(), got.ID, func(r *aloft.Run) error {
			*r = want
			r.ID = 99 // does not count
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, updated, want)
		got, err = s.Run(t.Context(), got.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, want)
	})
}

func TestRunStatusTable(t *testing.T) {
	t.Parallel()
	paths := map[aloft.RunStatus][]aloft.RunStatus{
		aloft.RunQueued:     {},
		aloft.RunRunning:    {aloft.RunRunning},
		aloft.RunWaiting:    {aloft.RunRunning, aloft.RunWaiting},
		aloft.RunSucceeded:  {aloft.RunRunning, aloft.RunSucceeded},
		aloft.RunFailed:     {aloft.RunFailed},
		aloft.RunCanceled:   {aloft.RunCanceled},
		aloft.RunSuperseded: {aloft.RunSuperseded},
	}
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		for from := range paths {
			for to := range paths {
				run := accept(t, s, aloft.Run{Operation: aloft.OperationPlan})
				finish(t, s, run.ID, paths[from]...)
				_, err := s.UpdateRun(t.Context(), run.ID, func(r *aloft.Run) error {
					r.Status, r.Error = to, "moved"
					return nil
				})
				got, readErr := s.Run(t.Context(), run.ID)
				if readErr != nil {
					t.Fatal(readErr)
				}
				if from.CanBecome(to) {
					if err != nil || got.Status != to || got.Error != "moved" {
						t.Errorf("%s to %s: %v, is %s %q", from, to, err, got.Status, got.Error)
					}
					continue
				}
				wantCode(t, err, aloft.CodeConflict, string(from), string(to))
				if got.Status != from || got.Error != "" {
					t.Errorf("%s to %s was refused and saved %s %q", from, to, got.Status, got.Error)
				}
			}
		}
	})
}

func TestRuns(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		bob := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
		accept(t, s, aloft.Run{})
		accept(t, s, aloft.Run{EnvironmentKey: bob})
		accept(t, s, aloft.Run{})
		finish(t, s, 3, aloft.RunRunning)
		for name, test := range map[string]struct {
			filter aloft.RunFilter
			want   []int64
		}{
			"newest first":        {aloft.RunFilter{}, []int64{3, 2, 1}},
			"at most":             {aloft.RunFilter{Limit: 2}, []int64{3, 2}},
			"of an environment":   {aloft.RunFilter{Project: "shop", Environment: "alice"}, []int64{3, 1}},
			"of other projects":   {aloft.RunFilter{Project: "blog"}, []int64{}},
			"with a status":       {aloft.RunFilter{Statuses: []aloft.RunStatus{aloft.RunSuperseded}}, []int64{1}},
			"with one of several": {aloft.RunFilter{Project: "shop", Statuses: []aloft.RunStatus{aloft.RunRunning, aloft.RunQueued}}, []int64{3, 2}},
		} {
			t.Run(name, func(t *testing.T) {
				runs, err := s.Runs(ctx, test.filter)
				if err != nil {
					t.Fatal(err)
				}
				got := []int64{}
				for _, run := range runs {
					got = append(got, run.ID)
				}
				same(t, got, test.want)
			})
		}
		_, err := s.Run(ctx, 99)
		wantCode(t, err, aloft.CodeNotFound, "run 99 does not exist")
		_, err = s.UpdateRun(ctx, 99, func(*aloft.Run) error { return nil })
		wantCode(t, err, aloft.CodeNotFound, "run 99 does not exist")
	})
}

func TestSteps(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		run := accept(t, s, aloft.Run{})
		at := time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)
		steps := []aloft.Step{
			{RunID: run.ID, Name: "read", Status: aloft.StepRunning, StartedAt: at},
			{RunID: run.ID, Name: "build", Status: aloft.StepFailed, Reason: "exit status 1", StartedAt: at, FinishedAt: at.Add(time.Minute)},
			{RunID: run.ID, Name: "read", Status: aloft.StepSucceeded, StartedAt: at.Add(time.Hour), FinishedAt: at.Add(2 * time.Hour)},
		}
		for _, step := range steps {
			if err := s.PutStep(ctx, step); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Steps(ctx, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, []aloft.Step{steps[2], steps[1]})
		wantCode(t, s.PutStep(ctx, aloft.Step{RunID: 99, Name: "read"}), aloft.CodeNotFound, "run 99")
		_, err = s.Steps(ctx, 99)
		wantCode(t, err, aloft.CodeNotFound, "run 99")
	})
}
