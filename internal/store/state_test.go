package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

func putState(t *testing.T, s *store.Store, serial int64, lockID string) (aloft.StateVersion, error) {
	t.Helper()
	return s.PutState(t.Context(), aloft.StateVersion{
		EnvironmentKey: key, Serial: serial, Lineage: "l1", Resources: 3, SizeBytes: 100, RunID: 5,
	}, fmt.Appendf([]byte{0, 0xff}, "%d", serial), lockID)
}

func TestStateVersions(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		_, _, err := s.State(ctx, key, 0)
		wantCode(t, err, aloft.CodeNotFound, "shop/alice")
		const more = 7
		var last aloft.StateVersion
		for i := range int64(aloft.StateVersionsKept + more) {
			if last, err = putState(t, s, i+1, ""); err != nil {
				t.Fatal(err)
			}
		}
		versions, err := s.StateVersions(ctx, key)
		if err != nil || len(versions) != aloft.StateVersionsKept {
			t.Fatalf("%d versions are kept, %v", len(versions), err)
		}
		same(t, versions[0], last)
		if oldest := versions[len(versions)-1].Version; oldest != more+1 {
			t.Errorf("the oldest version is %d", oldest)
		}
		newest, sealed, err := s.State(ctx, key, 0)
		if err != nil {
			t.Fatal(err)
		}
		same(t, newest, last)
		same(t, sealed, fmt.Appendf([]byte{0, 0xff}, "%d", last.Serial))
		tenth, sealed, err := s.State(ctx, key, 10)
		if err != nil || tenth.Serial != 10 {
			t.Fatal(tenth, err)
		}
		same(t, sealed, []byte("\x00\xff10"))
		_, _, err = s.State(ctx, key, more)
		wantCode(t, err, aloft.CodeNotFound, "version 7")

		if err := s.DiscardState(ctx, key); err != nil {
			t.Fatal(err)
		}
		if versions, err := s.StateVersions(ctx, key); err != nil || len(versions) != 0 {
			t.Errorf("left: %v, %v", versions, err)
		}
		if again, err := putState(t, s, 1, ""); err != nil || again.Version != last.Version+1 {
			t.Errorf("version %d after %d, %v", again.Version, last.Version, err)
		}
	})
}

func TestStateLock(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		run := aloft.Lock{
			ID: "one", Operation: "OperationTypeApply", Info: "i", Who: "run 5", Version: "1.12", Path: "p", RunID: 5,
			Created: time.Date(2026, 11, 24, 1, 2, 3, 456789, time.UTC),
		}
		_, err := s.StateLock(ctx, key)
		wantCode(t, err, aloft.CodeNotFound)
		_, err = s.UnlockState(ctx, key, "", 0)
		wantCode(t, err, aloft.CodeNotFound)
		_, err = s.LockState(ctx, key, aloft.Lock{})
		wantCode(t, err, aloft.CodeInvalid)
		for range 2 { // a client that lost the answer asks again
			if _, err := s.LockState(ctx, key, run); err != nil {
				t.Fatal(err)
			}
		}
		held, err := s.LockState(ctx, key, aloft.Lock{ID: "two", Who: "bob"})
		wantCode(t, err, aloft.CodeConflict, "run 5")
		same(t, held, run)
		got, err := s.StateLock(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, run)

		for _, lockID := range []string{"", "two"} {
			_, err = putState(t, s, 1, lockID)
			wantCode(t, err, aloft.CodeConflict, "run 5")
		}
		if v, err := putState(t, s, 1, "one"); err != nil || v.Version != 3 {
			t.Errorf("the holder put %d, %v", v.Version, err)
		}
		_, err = s.UnlockState(ctx, key, "two", 5)
		wantCode(t, err, aloft.CodeConflict)
		if released, err := s.UnlockState(ctx, key, "one", 5); err != nil || released != run {
			t.Error(released, err)
		}
		if _, err := s.LockState(ctx, key, aloft.Lock{ID: "two", Who: "bob@laptop"}); err != nil {
			t.Error(err)
		}
		_, err = putState(t, s, 2, "one")
		wantCode(t, err, aloft.CodeConflict, "bob@laptop")
		if _, err := s.UnlockState(ctx, key, "", 0); err != nil {
			t.Error(err)
		}
	})
}

func TestUnlockRun(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		for i, name := range []string{"c", "a", "b", "person"} {
			lock := aloft.Lock{ID: name, RunID: int64(min(i+1, 2))}
			if name == "person" {
				lock.RunID = 0
			}
			if _, err := s.LockState(ctx, aloft.EnvironmentKey{Project: "shop", Environment: name}, lock); err != nil {
				t.Fatal(err)
			}
		}
		for runID, want := range map[int64][]aloft.EnvironmentKey{
			2: {{Project: "shop", Environment: "a"}, {Project: "shop", Environment: "b"}},
			0: {},
			9: {},
		} {
			got, err := s.UnlockRun(ctx, runID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		for _, name := range []string{"c", "person"} {
			if _, err := s.StateLock(ctx, aloft.EnvironmentKey{Project: "shop", Environment: name}); err != nil {
				t.Errorf("the lock of %s was released: %v", name, err)
			}
		}
	})
}

func TestStateLockWithManyWriters(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		const writers, rounds = 20, 5
		var serial int64       // of the newest state
		var holders sync.Mutex // held by whoever has the lock: TryLock proves that nobody else had
		var wg sync.WaitGroup
		released := make(chan struct{}, 1)
		for i := range writers {
			wg.Go(func() {
				for round := 0; round < rounds; {
					id := fmt.Sprintf("writer %d", i)
					_, err := s.LockState(t.Context(), key, aloft.Lock{ID: id, Who: id})
					if aloft.ErrorCode(err) == aloft.CodeConflict {
						<-released
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if !holders.TryLock() {
						t.Error("two writers have the lock")
						return
					}
					serial++
					if _, err := putState(t, s, serial, id); err != nil {
						t.Error(err)
					}
					holders.Unlock()
					if _, err := s.UnlockState(t.Context(), key, id, 0); err != nil {
						t.Error(err)
					}
					round++
					select {
					case released <- struct{}{}:
					default:
					}
				}
				select {
				case released <- struct{}{}:
				default:
				}
			})
		}
		wg.Wait()
		newest, _, err := s.State(t.Context(), key, 0)
		if err != nil || newest.Version != writers*rounds {
			t.Errorf("the newest version is %d, want %d, %v", newest.Version, writers*rounds, err)
		}
	})
}
