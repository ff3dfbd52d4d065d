package postgres_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
)

// take listens on a port of 127.0.0.1 until release.
func take(t *testing.T, port int) (release func()) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	return func() { listener.Close() }
}

// install writes programs that say they are a PostgreSQL, and returns their folder.
func install(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAvailable(t *testing.T) {
	folder := func(t *testing.T, versions ...string) (root string) {
		root = t.TempDir()
		for _, version := range versions {
			install(t, filepath.Join(root, version, "bin"), version)
		}
		return root
	}
	tests := []struct {
		name    string
		path    []string // versions on the PATH
		folders []string // versions in the usual folders
		used    string   // major version that has data
		want    string   // version
		hint    string
	}{
		{name: "the newest of the usual folders is used", folders: []string{"9.6.1", "15.4", "17.2", "13.20"}, want: "17.2"},
		{name: "the PATH goes first", path: []string{"14.9"}, folders: []string{"17.2"}, want: "14.9"},
		{name: "an old one on the PATH is passed over", path: []string{"12.1"}, folders: []string{"13.3"}, want: "13.3"},
		{name: "a beta counts", folders: []string{"19beta2"}, want: "19beta2"},
		{name: "none is unavailable", hint: "apt-get install postgresql"},
		{name: "only old ones are unavailable", folders: []string{"12.9"}, hint: "apt-get install postgresql"},
		{name: "data bind to their version", path: []string{"17.2"}, folders: []string{"15.4"}, used: "15", want: "15.4"},
		{name: "data without their version are unavailable", folders: []string{"17.2"}, used: "15", hint: "postgresql-15"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.used != "" {
				data := filepath.Join(dir, test.used, "data")
				if err := os.MkdirAll(data, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(test.used), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := []string{"relative", filepath.Join(dir, "missing")}
			for _, version := range test.path {
				path = append(path, filepath.Join(folder(t, version), version, "bin"))
			}
			s := postgres.New(postgres.Options{
				Dir: dir, Path: strings.Join(path, ":"),
				Folders: []string{filepath.Join(folder(t, test.folders...), "*", "bin")},
			})
			version, binDir, err := s.Available()
			if test.want == "" {
				wantCode(t, err, aloft.CodeUnavailable)
				if hint := aloft.ErrorHint(err); !strings.Contains(hint, test.hint) {
					t.Errorf("hint %q", hint)
				}
				return
			}
			refused := strings.Contains(aloft.ErrorHint(err), "ordinary user") // root without user namespaces
			if err != nil && !refused || version != test.want || filepath.Base(filepath.Dir(binDir)) != test.want {
				t.Errorf("%s in %s, %v", version, binDir, err)
			}
		})
	}
}

func TestIdentifier(t *testing.T) {
	long := strings.Repeat("p", aloft.MaxProjectName)
	keys := []struct{ project, environment, name string }{
		{"shop", "alice", "main"}, {"shop-a", "b", "main"}, {"shop", "a-b", "main"}, {"shop", "a", "b-main"},
		{long, "e", "main"}, {long, strings.Repeat("e", 20), strings.Repeat("d", 29) + "1"},
		{long, strings.Repeat("e", 20), strings.Repeat("d", 29) + "2"},
	}
	seen := map[string]bool{}
	for _, key := range keys {
		id := postgres.Identifier(aloft.EnvironmentKey{Project: key.project, Environment: key.environment}, key.name)
		if len(id) > 63 || seen[id] || strings.Contains(id, "-") {
			t.Errorf("%+v: %s", key, id)
		}
		seen[id] = true
	}
	if got := postgres.Identifier(alice, "main"); !strings.HasPrefix(got, "shop_alice_main_") || len(got) != 22 {
		t.Error(got)
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, seed := range []string{
		"postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", "postgres (PostgreSQL) 19devel", "postgres (PostgreSQL) 9.6.24",
		"postgres (PostgreSQL) ", "(PostgreSQL) 99999", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		version, major := postgres.ParseVersion(text)
		if (version == "") != (major == 0) && !strings.HasPrefix(version, "0") {
			t.Errorf("%q, %d", version, major)
		}
		if version != "" && !strings.HasPrefix(strings.TrimLeft(version, "0"), strings.TrimLeft(strconv.Itoa(major), "0")) {
			t.Errorf("%q, %d", version, major)
		}
	})
}

func FuzzParseLockFile(f *testing.F) {
	for _, seed := range []string{"4711\n/data\n1700000000\n5432\n\n127.0.0.1\n", "1\n", "-4711", "99999999999999999999", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if pid := postgres.ParseLockFile(text); pid <= 1 {
			t.Errorf("process %d must never be signalled", pid)
		}
	})
}
