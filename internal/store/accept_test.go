package store_test

import (
	"fmt"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestAcceptRunSupersedes(t *testing.T) {
	t.Parallel()
	type old struct {
		operation aloft.Operation
		path      []aloft.RunStatus
	}
	queued := old{aloft.OperationUp, nil}
	waiting := old{aloft.OperationUp, []aloft.RunStatus{aloft.RunRunning, aloft.RunWaiting}}
	running := old{aloft.OperationUp, []aloft.RunStatus{aloft.RunRunning}}
	plan := old{aloft.OperationPlan, nil}
	waitingPlan := old{aloft.OperationPlan, []aloft.RunStatus{aloft.RunRunning, aloft.RunWaiting}}
	done := old{aloft.OperationUp, []aloft.RunStatus{aloft.RunRunning, aloft.RunSucceeded}}
	tests := map[string]struct {
		old      old
		run      aloft.Run
		replaced bool
		code     aloft.Code
	}{
		"an up takes the place of a queued run":          {queued, aloft.Run{Operation: aloft.OperationUp}, true, ""},
		"an up takes the place of a waiting run":         {waiting, aloft.Run{Operation: aloft.OperationUp}, true, ""},
		"an up leaves a running run alone":               {running, aloft.Run{Operation: aloft.OperationUp}, false, ""},
		"an up leaves a finished run alone":              {done, aloft.Run{Operation: aloft.OperationUp}, false, ""},
		"a destroy takes the place of a queued run":      {queued, aloft.Run{Operation: aloft.OperationDestroy}, true, ""},
		"a rollback takes the place of a waiting run":    {waiting, aloft.Run{Operation: aloft.OperationRollback}, true, ""},
		"a repair that was asked for takes the place":    {queued, aloft.Run{Operation: aloft.OperationRepair, Trigger: aloft.TriggerAPI}, true, ""},
		"a plan leaves a queued run alone":               {queued, aloft.Run{Operation: aloft.OperationPlan}, false, ""},
		"a plan leaves a queued plan alone":              {plan, aloft.Run{Operation: aloft.OperationPlan}, false, ""},
		"an up leaves a queued plan alone":               {plan, aloft.Run{Operation: aloft.OperationUp}, false, ""},
		"an up leaves a waiting plan alone":              {waitingPlan, aloft.Run{Operation: aloft.OperationUp}, false, ""},
		"drift does not take the place of a queued run":  {queued, aloft.Run{Operation: aloft.OperationRepair, Trigger: aloft.TriggerDrift}, false, aloft.CodeConflict},
		"expiry does not take the place of a waiting":    {waiting, aloft.Run{Operation: aloft.OperationDestroy, Trigger: aloft.TriggerExpiry}, false, aloft.CodeConflict},
		"drift may follow a running run":                 {running, aloft.Run{Operation: aloft.OperationRepair, Trigger: aloft.TriggerDrift}, false, ""},
		"drift may be accepted beside a plan":            {plan, aloft.Run{Operation: aloft.OperationUp, Trigger: aloft.TriggerDrift}, false, ""},
		"a push's run of another environment is nothing": {queued, aloft.Run{EnvironmentKey: aloft.EnvironmentKey{Project: "shop", Environment: "bob"}, Operation: aloft.OperationUp}, false, ""},
	}
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		made := 0
		for name, test := range tests {
			made++
			key := aloft.EnvironmentKey{Project: "shop", Environment: fmt.Sprint("e", made)}
			t.Run(name, func(t *testing.T) {
				finish(t, s, accept(t, s, aloft.Run{EnvironmentKey: key}).ID, aloft.RunRunning, aloft.RunSucceeded)
				before := accept(t, s, aloft.Run{EnvironmentKey: key, Operation: test.old.operation})
				finish(t, s, before.ID, test.old.path...)
				if test.run.Project == "" {
					test.run.EnvironmentKey = key
				}
				accepted, superseded, err := s.AcceptRun(t.Context(), test.run)
				if test.code != "" {
					wantCode(t, err, test.code, fmt.Sprint("run ", before.ID))
				} else if err != nil {
					t.Fatal(err)
				}
				now, err := s.Run(t.Context(), before.ID)
				if err != nil {
					t.Fatal(err)
				}
				if replaced := now.Status == aloft.RunSuperseded; replaced != test.replaced {
					t.Errorf("the run before is %s", now.Status)
				}
				if test.replaced != (len(superseded) == 1 && superseded[0].ID == before.ID) {
					t.Errorf("run %d superseded %v", accepted.ID, superseded)
				}
				if test.replaced && now.FinishedAt.IsZero() {
					t.Error("a superseded run has no end")
				}
				if told := fmt.Sprint("superseded by run ", accepted.ID); test.replaced && now.Error != told {
					t.Errorf("it tells %q, not %q", now.Error, told)
				}
			})
		}
	})
}

func TestAcceptRunCreatesEnvironment(t *testing.T) {
	t.Parallel()
	none := []aloft.EnvironmentStatus(nil)
	ready := []aloft.EnvironmentStatus{aloft.EnvironmentCreating, aloft.EnvironmentReady}
	failed := []aloft.EnvironmentStatus{aloft.EnvironmentCreating, aloft.EnvironmentFailed}
	gone := []aloft.EnvironmentStatus{aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed}
	tests := map[string]struct {
		path      []aloft.EnvironmentStatus
		operation aloft.Operation
		want      aloft.EnvironmentStatus // "" = not there
		code      aloft.Code
	}{
		"up of none creates it":                 {none, aloft.OperationUp, aloft.EnvironmentCreating, ""},
		"up of a destroyed one creates it":      {gone, aloft.OperationUp, aloft.EnvironmentCreating, ""},
		"up of a ready one leaves it":           {ready, aloft.OperationUp, aloft.EnvironmentReady, ""},
		"up of a failed one leaves it":          {failed, aloft.OperationUp, aloft.EnvironmentFailed, ""},
		"plan of none creates nothing":          {none, aloft.OperationPlan, "", ""},
		"plan of a destroyed one leaves it":     {gone, aloft.OperationPlan, aloft.EnvironmentDestroyed, ""},
		"destroy of a ready one leaves it":      {ready, aloft.OperationDestroy, aloft.EnvironmentReady, ""},
		"destroy of none finds nothing":         {none, aloft.OperationDestroy, "", aloft.CodeNotFound},
		"rollback of a destroyed finds nothing": {gone, aloft.OperationRollback, aloft.EnvironmentDestroyed, aloft.CodeNotFound},
		"repair of none finds nothing":          {none, aloft.OperationRepair, "", aloft.CodeNotFound},
	}
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		made := 0
		for name, test := range tests {
			made++
			key := aloft.EnvironmentKey{Project: "shop", Environment: fmt.Sprint("e", made)}
			t.Run(name, func(t *testing.T) {
				if test.path != nil {
					finish(t, s, accept(t, s, aloft.Run{EnvironmentKey: key}).ID, aloft.RunRunning, aloft.RunSucceeded)
					_, err := s.UpdateEnvironment(t.Context(), key, func(e *aloft.Environment) error {
						e.Owner = "earlier"
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					becomeOf(t, s, key, test.path...)
				}
				_, _, err := s.AcceptRun(t.Context(), aloft.Run{EnvironmentKey: key, Operation: test.operation})
				if aloft.ErrorCode(err) != test.code {
					t.Fatalf("error %v, want %q", err, test.code)
				}
				environment, err := s.Environment(t.Context(), key)
				if test.want == "" {
					wantCode(t, err, aloft.CodeNotFound)
				} else if err != nil || environment.Status != test.want {
					t.Errorf("the environment is %s (%v), want %s", environment.Status, err, test.want)
				}
				if test.want == aloft.EnvironmentCreating && environment.Owner != "" {
					t.Error("a new environment has the owner of one that is gone")
				}
			})
		}
	})
}

func TestAcceptRunRefuses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		_, _, err := s.AcceptRun(t.Context(), aloft.Run{EnvironmentKey: aloft.EnvironmentKey{Project: "none", Environment: "alice"}})
		wantCode(t, err, aloft.CodeNotFound, "project none does not exist")
		_, _, err = s.AcceptRun(t.Context(), aloft.Run{EnvironmentKey: aloft.EnvironmentKey{Project: "shop", Environment: "../x"}})
		wantCode(t, err, aloft.CodeInvalid)
	})
}
