package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/authority"
)

// authorities holds the authority of each script.
var (
	authorities      = map[*testscript.TestScript]*authority.Signer{}
	authoritiesMutex sync.Mutex
)

// commandCertificate: certificate NAME HOST... writes NAME.pem and NAME.key into
// $WORK, signed by the script's own authority, ca.pem.
func commandCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: certificate NAME HOST...")
	}
	work := ts.Getenv("WORK")
	began := time.Now().Add(-time.Minute)
	authoritiesMutex.Lock()
	defer authoritiesMutex.Unlock()
	if authorities[ts] == nil {
		made, err := authority.Issue(began, nil)
		ts.Check(err)
		ts.Check(made.Write(filepath.Join(work, "ca")))
		authorities[ts] = &made
	}
	leaf, err := authority.Issue(began, authorities[ts], args[1:]...)
	ts.Check(err)
	ts.Check(leaf.Write(filepath.Join(work, args[0])))
}

func TestTrusted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".gone"} {
		if _, err := trusted(path); aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Errorf("%s is an authority: %v", path, err)
		}
	}
}
