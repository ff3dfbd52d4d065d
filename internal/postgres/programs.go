package postgres

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// oldestMajor is the first PostgreSQL with DROP DATABASE … WITH (FORCE).
const oldestMajor = 13

// usualFolders are where packages put the programs without linking them into
// the PATH.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // Red Hat, PGDG
	"/usr/libexec/postgresql*",                           // Alpine
	"/usr/local/pgsql/bin",                               // built from source
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/opt/homebrew/bin",                                  // Homebrew, when the PATH is a bare one
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/Library/PostgreSQL/*/bin",                          // EDB installer
}

// programs is an installed PostgreSQL.
type programs struct {
	dir     string // folder of initdb and postgres
	version string // "15.14"
	major   int
}

func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }
func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }

// find chooses the PostgreSQL to use: the one on the PATH, else the newest in
// the usual folders. Once there are databases, it is always the major version
// that made them, because no other can read them.
func (s *Server) find() (programs, error) {
	all := s.installed()
	wanted := s.usedMajor()
	for _, p := range all {
		if p.major == wanted || wanted == 0 {
			return p, nil
		}
	}
	if wanted != 0 {
		return programs{}, aloft.Errorf(aloft.CodeUnavailable,
			"the databases in %s are of PostgreSQL %d, which is no longer installed", s.majorDir(wanted), wanted).
			WithHint("install it again (apt-get install postgresql-%d, brew install postgresql@%d), or remove that folder and lose its data", wanted, wanted)
	}
	return programs{}, aloft.Errorf(aloft.CodeUnavailable,
		"PostgreSQL %d or newer is not installed: its programs initdb and postgres are neither on the PATH nor in the usual folders", oldestMajor).
		WithHint("install it: apt-get install postgresql, or brew install postgresql")
}

// installed returns every usable PostgreSQL, in order of preference.
func (s *Server) installed() []programs {
	var folders []string
	for _, pattern := range s.options.Folders {
		matches, _ := filepath.Glob(pattern)
		folders = append(folders, matches...)
	}
	others := probe(folders)
	slices.SortStableFunc(others, func(a, b programs) int { return cmp.Compare(b.major, a.major) })
	return append(probe(filepath.SplitList(s.options.Path)), others...)
}

// probe returns those folders that hold a PostgreSQL that is new enough.
func probe(folders []string) (all []programs) {
	for _, dir := range folders {
		p := programs{dir: dir}
		if !filepath.IsAbs(dir) || !executable(p.initdb()) || !executable(p.postgres()) {
			continue
		}
		out, err := p.ask().Output()
		if p.version, p.major = ParseVersion(string(out)); err == nil && p.major >= oldestMajor {
			all = append(all, p)
		}
	}
	return all
}

// ask returns a command that prints the version.
func (p programs) ask() *exec.Cmd {
	cmd := exec.Command(p.postgres(), "--version")
	cmd.Env = childEnvironment()
	return cmd
}

// permitted tells whether the programs may run here, as the server will.
func (p programs) permitted() error {
	cmd := p.ask()
	if err := confine(cmd); err != nil {
		return err
	}
	if err := cmd.Run(); err != nil && isRefused(err) {
		return refusal(err)
	}
	return nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var versionRule = regexp.MustCompile(`\(PostgreSQL\) (([0-9]{1,4})[0-9a-z.]*)`)

// ParseVersion reads what "postgres --version" prints. A major of 0 means that
// this is not PostgreSQL's answer.
func ParseVersion(text string) (version string, major int) {
	match := versionRule.FindStringSubmatch(text)
	if match == nil {
		return "", 0
	}
	major, _ = strconv.Atoi(match[2])
	return strings.TrimRight(match[1], "."), major
}

// majorDir holds the data of one major version.
func (s *Server) majorDir(major int) string {
	return filepath.Join(s.options.Dir, strconv.Itoa(major))
}

// used reports whether there ever was a database.
func (s *Server) used() bool { return s.usedMajor() != 0 }

// usedMajor returns the newest major version with data, or 0.
func (s *Server) usedMajor() int {
	entries, _ := os.ReadDir(s.options.Dir)
	newest := 0
	for _, entry := range entries {
		major, err := strconv.Atoi(entry.Name())
		if err == nil && (cluster{dir: s.majorDir(major)}).initialised() {
			newest = max(newest, major)
		}
	}
	return newest
}
