package store_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// written is a version as an engine writes it.
func written(serial int64, lineage string, resources int) aloft.StateVersion {
	return aloft.StateVersion{EnvironmentKey: key, Serial: serial, Lineage: lineage, Resources: resources, SizeBytes: 1}
}

func mustPut(t *testing.T, s *store.Store, v aloft.StateVersion, lockID string) aloft.StateVersion {
	t.Helper()
	kept, err := s.PutState(t.Context(), v, []byte{byte(v.Serial)}, lockID)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestAStateThatDoesNotFollowIsKeptAside(t *testing.T) {
	t.Parallel()
	held := aloft.Lock{ID: "mine", Who: "bob@laptop"}
	for rule, test := range map[string]struct {
		newest, write aloft.StateVersion
		lock          aloft.Lock
		lockID        string
		words         []string // of the refusal; none = it is taken
	}{
		"the same serial":                      {written(4, "a", 1), written(4, "a", 2), held, "mine", []string{"not newer", "kept aside as version 2"}},
		"a lower serial":                       {written(4, "a", 1), written(3, "a", 2), held, "mine", []string{"not newer"}},
		"the next serial":                      {written(4, "a", 1), written(5, "a", 2), held, "mine", nil},
		"another's lock":                       {written(4, "a", 1), written(5, "a", 2), held, "other", []string{"locked by bob@laptop"}},
		"a lock, and none is named":            {written(4, "a", 1), written(5, "a", 2), held, "", []string{"locked by bob@laptop"}},
		"a lock that was opened":               {written(4, "a", 1), written(5, "a", 2), aloft.Lock{}, "mine", []string{"not held any more"}},
		"no lock, by hand":                     {written(4, "a", 1), written(5, "a", 2), aloft.Lock{}, "", nil},
		"no lock, by hand, and not newer":      {written(4, "a", 1), written(4, "a", 2), aloft.Lock{}, "", []string{"not newer"}},
		"another lineage":                      {written(4, "a", 1), written(5, "b", 2), held, "mine", []string{"another lineage"}},
		"another lineage over what is unknown": {written(4, "a", aloft.UnknownResources), written(5, "b", 2), held, "mine", []string{"another lineage"}},
		"another lineage over no resources":    {written(4, "a", 0), written(1, "b", 2), held, "mine", nil},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, dsn string) {
				s := shop(t, dsn)
				ctx := t.Context()
				mustPut(t, s, test.newest, "")
				if test.lock.ID != "" {
					if _, err := s.LockState(ctx, key, test.lock); err != nil {
						t.Fatal(err)
					}
				}
				v, err := s.PutState(ctx, test.write, []byte("sent"), test.lockID)
				newest, _, readErr := s.State(ctx, key, 0)
				if readErr != nil {
					t.Fatal(readErr)
				}
				if test.words == nil {
					if err != nil || newest.Version != 2 {
						t.Errorf("the newest is %+v, %v", newest, err)
					}
					return
				}
				wantCode(t, err, aloft.CodeConflict, test.words...)
				if newest.Version != 1 {
					t.Errorf("the newest is %+v", newest)
				}
				aside, err := s.StatesAside(ctx, key)
				if err != nil || len(aside) != 1 || aside[0] != v || v.Aside == "" {
					t.Errorf("aside is %+v, want %+v, %v", aside, v, err)
				}
				_, sealed, err := s.State(ctx, key, v.Version)
				if err != nil {
					t.Fatal(err)
				}
				same(t, sealed, []byte("sent"))
			})
		})
	}
}

func TestAStateNeedsItsProject(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		_, err := s.PutState(t.Context(), written(1, "a", 1), nil, "")
		wantCode(t, err, aloft.CodeNotFound, "project shop")
		_, err = s.LockState(t.Context(), key, aloft.Lock{ID: "a"})
		wantCode(t, err, aloft.CodeNotFound, "project shop")
	})
}

func TestADeletedStateIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		now := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
		s := openWith(t, store.Options{DSN: dsn, Sealer: sealer(t), Clock: func() time.Time { return now }})
		ctx := t.Context()
		if _, err := s.CreateProject(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, written(1, "a", 2), "")
		wantCode(t, s.DeleteState(ctx, key), aloft.CodeConflict, "holds 2 resources")
		mustPut(t, s, written(2, "a", 0), "")
		if err := s.DeleteState(ctx, key); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.State(ctx, key, 0)
		wantCode(t, err, aloft.CodeNotFound)
		aside, err := s.StatesAside(ctx, key)
		if err != nil || len(aside) != 2 || aside[0].Version != 2 || aside[1].Aside != aloft.StateDeleted || !aside[1].AsideAt.Equal(now) {
			t.Fatalf("%+v, %v", aside, err)
		}
		old, sealed, err := s.State(ctx, key, 1)
		if err != nil || old.Resources != 2 {
			t.Fatal(old, err)
		}
		old.Aside, old.AsideAt = "", time.Time{}
		if restored, err := s.RestoreState(ctx, old, sealed, ""); err != nil || restored.Version != 3 {
			t.Fatal(restored, err)
		}
		now = now.Add(aloft.DeletedStatesKept + time.Second)
		if err := s.PruneStates(ctx); err != nil {
			t.Fatal(err)
		}
		if aside, err := s.StatesAside(ctx, key); err != nil || len(aside) != 0 {
			t.Errorf("%+v, %v", aside, err)
		}
		if versions, err := s.StateVersions(ctx, key); err != nil || len(versions) != 1 {
			t.Errorf("%+v, %v", versions, err)
		}
	})
}

func TestRefusedStatesAreBounded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		mustPut(t, s, written(9, "a", 1), "")
		for range aloft.RefusedStatesKept + 3 {
			_, err := s.PutState(t.Context(), written(9, "a", 1), []byte("sent"), "")
			wantCode(t, err, aloft.CodeConflict)
		}
		if aside, err := s.StatesAside(t.Context(), key); err != nil || len(aside) != aloft.RefusedStatesKept {
			t.Errorf("%d are kept, %v", len(aside), err)
		}
	})
}

func TestTheLockOfALivingRunIsItsOwn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		run := accept(t, s, aloft.Run{})
		become := func(status aloft.RunStatus) {
			if _, err := s.UpdateRun(ctx, run.ID, func(r *aloft.Run) error { r.Status = status; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		become(aloft.RunRunning)
		lock := func() {
			if _, err := s.LockState(ctx, key, aloft.Lock{ID: "x", RunID: run.ID}); err != nil {
				t.Fatal(err)
			}
		}
		lock()
		for _, id := range []string{"", "x", "y"} {
			for _, by := range []int64{0, run.ID + 1} {
				_, err := s.UnlockState(ctx, key, id, by)
				wantCode(t, err, aloft.CodeConflict, "run 1")
			}
		}
		if _, err := s.UnlockState(ctx, key, "x", run.ID); err != nil {
			t.Error(err)
		}
		lock()
		become(aloft.RunFailed)
		if released, err := s.UnlockState(ctx, key, "", 0); err != nil || released.RunID != run.ID {
			t.Error(released, err)
		}
	})
}
