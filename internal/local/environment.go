package local

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// basics are the variables that processes get from the server's environment
// when they are set there.
var basics = []string{"LANG", "TZ", "JAVA_HOME", "DOTNET_ROOT"}

// managers are the folders of version managers: their programs on the PATH look
// for them below HOME, which the processes of an environment have to themselves.
var managers = map[string]string{
	"ASDF_DATA_DIR": ".asdf",
	"GOENV_ROOT":    ".goenv",
	"JENV_ROOT":     ".jenv",
	"MISE_DATA_DIR": ".local/share/mise",
	"NODENV_ROOT":   ".nodenv",
	"PYENV_ROOT":    ".pyenv",
	"RBENV_ROOT":    ".rbenv",
	"VOLTA_HOME":    ".volta",
}

// programs are the folders of an artifact whose programs go before all others.
var programs = []string{".aloft/bin", ".aloft/venv/bin", "node_modules/.bin", "vendor/bin"}

// variables returns the environment of a process. Of the same name a later one
// wins: the basics, the manifest, Terraform; then, unless they are set already,
// the names that frameworks read; at last what Aloft itself tells. A port of 0
// is for processes without a route.
func (l *Target) variables(x launch, port int) map[string]string {
	env := l.base(x)
	maps.Copy(env, x.app().Variables)
	maps.Copy(env, x.slot.Variables)
	for name, value := range frameworkNames(x.app().Runtime.Value, port, env["DATABASE_URL"]) {
		if _, ok := env[name]; !ok {
			env[name] = value
		}
	}
	env["ALOFT_PROJECT"] = x.Project
	env["ALOFT_ENVIRONMENT"] = x.Environment
	env["ALOFT_REVISION"] = x.release.Revision
	env["ALOFT_URL"] = l.url(l.host(x.place))
	delete(env, "PORT")
	if port != 0 {
		env["PORT"] = strconv.Itoa(port)
	}
	return env
}

func (l *Target) base(x launch) map[string]string {
	env := map[string]string{"LANG": "C.UTF-8", "PATH": l.path(x)}
	for _, name := range basics {
		if value := l.options.Environ(name); value != "" {
			env[name] = value
		}
	}
	home := l.options.Environ("HOME")
	for name, folder := range managers {
		value := l.options.Environ(name)
		if value == "" && home != "" {
			if path := filepath.Join(home, folder); isFolder(path) {
				value = path
			}
		}
		if value != "" {
			env[name] = value
		}
	}
	private := l.privateDir(x.EnvironmentKey)
	env["HOME"], env["TMPDIR"] = filepath.Join(private, "home"), filepath.Join(private, "tmp")
	return env
}

func (l *Target) path(x launch) string {
	var folders []string
	for _, folder := range programs {
		if path := filepath.Join(x.release.Artifact.Dir, folder); isFolder(path) {
			folders = append(folders, path)
		}
	}
	return strings.Join(append(folders, l.options.Environ("PATH")), string(os.PathListSeparator))
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// pairs writes variables as NAME=value, in order of their names.
func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
