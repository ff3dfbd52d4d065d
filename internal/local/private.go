package local

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// confinement is what the processes of an app may reach: they read the artifact,
// and write the private folder of their environment and nothing else.
func (l *Target) confinement(x launch) *aloft.Confinement {
	read := []string{x.artifactRoot()}
	env := l.base(x)
	for name := range managers {
		read = append(read, env[name])
	}
	return &aloft.Confinement{Read: read, Write: []string{l.privateDir(x.EnvironmentKey)}}
}

// artifactRoot is the folder of the whole artifact, of which the app's is a part:
// apps of a repository use each other's files.
func (x launch) artifactRoot() string {
	dir := filepath.Clean(x.release.Artifact.Dir)
	if path := filepath.Clean(filepath.FromSlash(x.app().Path)); path != "." {
		dir = strings.TrimSuffix(dir, string(filepath.Separator)+path)
	}
	return dir
}

// privateDir is the folder that the processes of an environment may write to.
func (l *Target) privateDir(key aloft.EnvironmentKey) string {
	return filepath.Join(l.options.Dir, key.Project, key.Environment, "private")
}

func (l *Target) makePrivateDir(key aloft.EnvironmentKey) error {
	for _, name := range []string{"home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(l.privateDir(key), name), 0o700); err != nil {
			return fmt.Errorf("cannot make the private folder of %s: %w", key, err)
		}
	}
	return nil
}

// elsewhere lists, by runtime or framework, the names that tell it not to write
// into the artifact. {tmp} is TMPDIR, {artifact} a folder in it for each
// artifact, {process} one name for each process.
var elsewhere = map[string]map[string]string{
	"python":  {"PYTHONPYCACHEPREFIX": "{tmp}/pycache"},
	"rails":   {"PIDFILE": "{tmp}/{process}.pid", "RAILS_LOG_TO_STDOUT": "1", "BOOTSNAP_READONLY": "1"},
	"laravel": {"LARAVEL_STORAGE_PATH": "{tmp}/storage", "VIEW_COMPILED_PATH": "{artifact}/views"},
	"symfony": {"APP_CACHE_DIR": "{artifact}/cache", "APP_LOG_DIR": "{tmp}/log"},
}

// expected are the folders that a framework wants to find where it is told to write.
var expected = map[string][]string{
	"laravel": {"storage/app/public", "storage/framework/cache/data", "storage/framework/sessions", "storage/logs"},
}

// writeElsewhere completes the variables of a process so that it writes to its
// private folder what it would write into the artifact or to /tmp. It returns the
// arguments of the process: Java is told by an option, since the variable for it
// makes every start print a line.
func writeElsewhere(x launch, p part, port int, env map[string]string) []string {
	artifact := filepath.Join(env["TMPDIR"], filepath.Base(x.release.Artifact.ID))
	values := strings.NewReplacer("{tmp}", env["TMPDIR"], "{artifact}", artifact,
		"{process}", fmt.Sprintf("%s-%s-%d-%d", x.App, p.process, p.instance, port))
	for _, name := range []string{x.app().Runtime.Value, x.app().Framework.Value} {
		for variable, value := range elsewhere[name] {
			if env[variable] == "" {
				env[variable] = values.Replace(value)
			}
		}
		for _, folder := range expected[name] {
			_ = os.MkdirAll(filepath.Join(env["TMPDIR"], folder), 0o700) // what it lacks, the app will say
		}
	}
	args := p.command.Args
	if x.app().Runtime.Value != "java" || len(args) == 0 {
		return args
	}
	option := "-Djava.io.tmpdir=" + env["TMPDIR"]
	if filepath.Base(args[0]) == "java" {
		return slices.Insert(slices.Clone(args), 1, option)
	}
	env["JAVA_TOOL_OPTIONS"] = strings.TrimSpace(env["JAVA_TOOL_OPTIONS"] + " " + option)
	return args
}

// refusals are how programs say that they may not write somewhere.
var refusals = regexp.MustCompile(`(?i)permission denied|operation not permitted|EACCES|EPERM|EROFS|read-?only|AccessDenied|unable to open database file`)

// confinedHint tells what processes may write, when the last lines of one that
// failed say that it could not; "" when they do not.
func (x launch) confinedHint(lines []string) string {
	if x.docker() || !slices.ContainsFunc(lines, refusals.MatchString) {
		return ""
	}
	return "processes may write to $HOME and $TMPDIR only, and read their artifact, the system and the toolchains; " +
		"an artifact is shared by environments and stays as it was built. Let the app keep its files below $HOME"
}
