package image

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// programs are the folders of an app whose programs go before all others, as
// they do where the artifact runs without an image.
var programs = []string{".aloft/bin", ".aloft/venv/bin", "node_modules/.bin", "vendor/bin"}

// Arguments returns a command of an app as its image takes it, such as a release
// command; none for none. Packages of Python are found by the base's interpreter.
// Scripts of package.json are run by npm, which every base of Node.js has, whatever
// package manager installed them. A program of the artifact is named by its whole
// path, since not everything that starts images looks from the working directory.
func Arguments(app aloft.App, c aloft.Command) []string {
	if c.Empty() {
		return nil
	}
	args := slices.Clone(c.Args)
	for i, word := range args {
		args[i] = venvPython.ReplaceAllString(word, python3)
	}
	if len(args) > 2 && (args[0] == "pnpm" || args[0] == "yarn") && args[1] == "run" {
		args[0] = "npm"
	}
	if strings.Contains(args[0], "/") && !path.IsAbs(args[0]) {
		args[0] = path.Join(place, filepath.ToSlash(app.Path), args[0])
	}
	return args
}

// entrypoint returns the arguments of the app's process.
func (t *tree) entrypoint() ([]string, error) {
	if t.app.Start.Empty() {
		return nil, t.noStart()
	}
	return Arguments(t.app, t.app.Start), nil
}

func (t *tree) workingDir() string { return path.Join(place, t.inApp("")) }

func (t *tree) noStart() error {
	if static := t.app.Static; static.Value != "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: it is the folder %s%s, which no process serves", t.app.Name, static.Value, static.Source).
			WithHint("choose a hosting for static sites, or set apps.%s.start in aloft.yaml to a server", t.app.Name)
	}
	return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: it has no start command", t.app.Name).
		WithHint("set apps.%s.start in aloft.yaml to a command that listens on $PORT", t.app.Name)
}

// startWords are the words of the start command.
func (t *tree) startWords() []string {
	if text, ok := t.app.Start.Shell(); ok {
		return strings.Fields(text)
	}
	return t.app.Start.Args
}

// started returns the files of the artifact that the start command names.
func (t *tree) started() []*file {
	var list []*file
	for _, word := range t.startWords() {
		name := strings.Trim(word, `"';`)
		if name == "" || path.IsAbs(name) {
			continue
		}
		if f, ok := t.find(t.inApp(name)); ok && f.mode.IsRegular() {
			list = append(list, f)
		}
	}
	return list
}
