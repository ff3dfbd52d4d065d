package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
)

var bob = aloft.EnvironmentKey{Project: "shop", Environment: "bob"}

// TestLostDataIsNotMadeAnew takes the server's data away while it is stopped, and puts
// those of another in their place: nothing is made before they are back, or somebody
// says that they are lost for good.
func TestLostDataIsNotMadeAnew(t *testing.T) {
	for name, test := range map[string]struct {
		other bool // others' data are in their place
		says  string
	}{
		"gone":    {false, "postgresql/ of the data folder is gone"},
		"another": {true, "is another than the one"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			s := start(t, o)
			put(t, s, alice, "main")
			wantAstray(t, s, alice, "")
			stop(t, s)
			kept := o.Dir + ".kept"
			if err := os.Rename(o.Dir, kept); err != nil {
				t.Fatal(err)
			}
			if test.other {
				other := o
				other.Store = newMemory()
				made := start(t, other)
				put(t, made, alice, "main")
				stop(t, made)
			}
			s = start(t, o)
			wantAstray(t, s, alice, test.says)
			wantAstray(t, s, bob, "")
			for _, key := range []aloft.EnvironmentKey{alice, bob} {
				_, err := s.PutDatabase(t.Context(), key, "main", aloft.Claim{})
				if aloft.ErrorCode(err) != aloft.CodeConflict || !strings.Contains(err.Error(), test.says) {
					t.Errorf("a database of %s is made: %v", key, err)
				}
			}
			if _, err := os.Stat(o.Dir); !test.other && err == nil {
				t.Error("a folder is made where the lost one belongs")
			}
			stop(t, s)
			lost := o.Dir + ".lost"
			if err := os.Rename(o.Dir, lost); test.other && err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(kept, o.Dir); err != nil {
				t.Fatal(err)
			}
			s = start(t, o)
			wantAstray(t, s, alice, "")
			if _, err := s.Database(t.Context(), alice, "main"); err != nil {
				t.Errorf("after it is back: %v", err)
			}
		})
	}
}

// TestLostDataAreMadeAnewByAPersonsWord: of that environment only.
func TestLostDataAreMadeAnewByAPersonsWord(t *testing.T) {
	o := options(t)
	s := start(t, o)
	put(t, s, alice, "main")
	put(t, s, bob, "main")
	stop(t, s)
	if err := os.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	s = start(t, o)
	if err := s.Settle(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	wantAstray(t, s, alice, "")
	differences, err := s.Reconcile(t.Context(), alice)
	if err != nil || len(differences) != 1 || !strings.Contains(differences[0], "is missing") {
		t.Errorf("what is to be made anew: %q, %v", differences, err)
	}
	put(t, s, alice, "main")
	wantAstray(t, s, alice, "")
	wantAstray(t, s, bob, "is another than the one")
	if differences, err := s.Reconcile(t.Context(), alice); err != nil || len(differences) > 0 {
		t.Errorf("afterwards: %q, %v", differences, err)
	}
}

// TestRecordsOfEarlierVersionsTakeUpTheDataThatAreThere.
func TestRecordsOfEarlierVersionsTakeUpTheDataThatAreThere(t *testing.T) {
	o := options(t)
	records := o.Store.(*memory)
	s := start(t, o)
	d := put(t, s, alice, "main")
	made := d.Cluster
	d.Cluster = ""
	if err := records.PutDatabase(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	wantAstray(t, s, alice, "")
	if _, err := s.Reconcile(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if d, err := records.Database(t.Context(), alice, "main"); err != nil || d.Cluster != made || made == "" {
		t.Errorf("it is noted as made in %q, want %q: %v", d.Cluster, made, err)
	}
}

// TestDataLostUnderTheServerAreNotMadeAnew: not even by the server's own keeper.
func TestDataLostUnderTheServerAreNotMadeAnew(t *testing.T) {
	o := options(t)
	s := start(t, o)
	put(t, s, alice, "main")
	_, pid := lockFile(t, o)
	if err := os.RemoveAll(filepath.Dir(glob(t, o, "*/data"))); err != nil {
		t.Fatal(err)
	}
	kill(t, pid)
	wantAstray(t, s, alice, "is gone")
	if _, err := s.PutDatabase(t.Context(), alice, "main", aloft.Claim{}); aloft.ErrorCode(err) != aloft.CodeConflict {
		t.Errorf("it is made anew: %v", err)
	}
	if found, _ := filepath.Glob(filepath.Join(o.Dir, "*", "data")); len(found) > 0 {
		t.Errorf("there is %s", found)
	}
}

func wantAstray(t *testing.T, s *postgres.Server, key aloft.EnvironmentKey, says string) {
	t.Helper()
	what, err := s.Astray(t.Context(), key)
	if err != nil || says == "" && what != "" || !strings.Contains(what, says) {
		t.Fatalf("%s: astray is %q, want %q: %v", key, what, says, err)
	}
}
