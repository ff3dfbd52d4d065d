package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

func TestReleases(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		add := func(r aloft.Release) aloft.Release {
			t.Helper()
			r.EnvironmentKey = key
			added, err := s.AddRelease(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			return added
		}
		first := add(aloft.Release{App: "web", RunID: 1, Status: aloft.ReleaseActive})
		failed := add(aloft.Release{App: "web", RunID: 2, Status: aloft.ReleaseFailed, Reason: "exit status 3"})
		api := add(aloft.Release{App: "api", RunID: 3, Status: aloft.ReleaseActive})
		third := add(aloft.Release{
			App: "web", RunID: 4, Status: aloft.ReleaseActive, Revision: "abc", SlotKey: "digest",
			Artifact: aloft.Artifact{ID: "a1", App: "web", Dir: "/artifacts/a1"},
			Spec:     aloft.App{Name: "web", Path: ".", Start: aloft.Command{Args: []string{"./web"}}, HealthTime: time.Minute},
		})
		if first.Number != 1 || failed.Number != 2 || third.Number != 3 || api.Number != 1 {
			t.Errorf("numbers are %d %d %d, %d", first.Number, failed.Number, third.Number, api.Number)
		}
		releases, err := s.Releases(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		first.Status = aloft.ReleaseRetired
		same(t, releases, []aloft.Release{third, api, failed, first})
		for range 2 {
			if err := s.WithdrawRelease(ctx, key, "web", aloft.ReleaseFailed, "the run failed"); err != nil {
				t.Fatal(err)
			}
		}
		if releases, err = s.Releases(ctx, key); err != nil {
			t.Fatal(err)
		}
		third.Status, third.Reason = aloft.ReleaseFailed, "the run failed"
		same(t, releases, []aloft.Release{third, api, failed, first})
		if err := s.DeleteReleases(ctx, key); err != nil {
			t.Fatal(err)
		}
		if releases, err = s.Releases(ctx, key); err != nil || len(releases) != 0 {
			t.Errorf("left: %v, %v", releases, err)
		}
	})
}

func TestGroup(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		has := func(want bool) {
			t.Helper()
			creation, err := s.GroupCreation(t.Context(), key)
			if want && (err != nil || creation != "c2") || !want && aloft.ErrorCode(err) != aloft.CodeNotFound {
				t.Errorf("creation of the group: %q, %v", creation, err)
			}
		}
		has(false)
		for _, creation := range []string{"c1", "c2"} {
			if err := s.PutGroup(t.Context(), key, creation); err != nil {
				t.Fatal(err)
			}
		}
		has(true)
		for range 2 {
			if err := s.DeleteGroup(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			has(false)
		}
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		web := aloft.Slot{
			EnvironmentKey: key, App: "web", Command: "./web", Variables: map[string]string{"KEY": "value"},
			Instances: 2, HealthPath: "/healthz", MemoryLimit: 64 << 20, URL: "http://alice.shop.localhost", Creation: "c2",
		}
		api := aloft.Slot{EnvironmentKey: key, App: "api", Instances: 1}
		for _, slot := range []aloft.Slot{{EnvironmentKey: key, App: "web", Instances: 1, Creation: "c1"}, web, api} {
			if err := s.PutSlot(ctx, slot); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Slot(ctx, key, "web")
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, web)
		slots, err := s.Slots(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		same(t, slots, []aloft.Slot{api, web})
		for range 2 {
			if err := s.DeleteSlot(ctx, key, "web"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = s.Slot(ctx, key, "web")
		wantCode(t, err, aloft.CodeNotFound, "web", "shop/alice")
	})
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx := t.Context()
		main := aloft.Database{
			EnvironmentKey: key, Name: "main", Database: "shop_alice", Username: "shop_alice", Password: "secret",
			Host: "127.0.0.1", Port: 5432, URL: "postgres://shop_alice:secret@127.0.0.1:5432/shop_alice", Creation: "c2", Cluster: "7",
		}
		for _, d := range []aloft.Database{{EnvironmentKey: key, Name: "main", Creation: "c1"}, main} {
			if err := s.PutDatabase(ctx, d); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Database(ctx, key, "main")
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, main)
		all, err := s.Databases(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		same(t, all, []aloft.Database{main})
		other := main
		other.Environment = "bob"
		if err := errors.Join(s.PutDatabase(ctx, other), s.ForgetClusters(ctx)); err != nil {
			t.Fatal(err)
		}
		main.Cluster, other.Cluster = aloft.AnyCluster, aloft.AnyCluster
		if all, err = s.AllDatabases(ctx); err != nil {
			t.Fatal(err)
		}
		same(t, all, []aloft.Database{main, other})
		for range 2 {
			if err := s.DeleteDatabase(ctx, key, "main"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = s.Database(ctx, key, "main")
		wantCode(t, err, aloft.CodeNotFound, "main", "shop/alice")
	})
}

// TestArtifactsMoveWithTheDataFolder: a data folder may be copied elsewhere, also
// one of a version that recorded where it was.
func TestArtifactsMoveWithTheDataFolder(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		here, there := filepath.Join(t.TempDir(), "here"), filepath.Join(t.TempDir(), "artifacts", "there")
		within := filepath.Join("artifacts", "shop", "0a1b", "web")
		places := func(data string) (dirs []string) {
			s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t), Data: data})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			releases, err := s.Releases(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			for _, release := range releases {
				dirs = append(dirs, release.Artifact.Dir)
			}
			return dirs
		}
		for _, data := range []string{here, ""} { // "" records it as versions before did
			s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t), Data: data})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.AddRelease(t.Context(), aloft.Release{
				EnvironmentKey: key, App: "web", Artifact: aloft.Artifact{ID: "0a1b", App: "web", Dir: filepath.Join(here, within)},
			})
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
		}
		for _, data := range []string{here, there} {
			want := filepath.Join(data, within)
			same(t, places(data), []string{want, want})
		}
	})
}
