package image

import (
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// programs are the folders of an app whose programs go before all others, as
// they do where the artifact runs without an image.
var programs = []string{".aloft/bin", ".aloft/venv/bin", "node_modules/.bin", "vendor/bin"}

// Command returns how a command of an app is written for its image: packages of
// Python are found by the base's interpreter, and scripts of package.json are run
// by npm, which every base of Node.js has, whatever package manager installed them.
func Command(c aloft.Command) aloft.Command {
	c.Args = slices.Clone(c.Args)
	for i, word := range c.Args {
		c.Args[i] = venvPython.ReplaceAllString(word, python3)
	}
	if len(c.Args) > 2 && (c.Args[0] == "pnpm" || c.Args[0] == "yarn") && c.Args[1] == "run" {
		c.Args[0] = "npm"
	}
	return c
}

// entrypoint returns the arguments of the app's process. A program of the
// artifact is named by its whole path, since not everything that starts images
// looks from the working directory.
func (t *tree) entrypoint() ([]string, error) {
	if t.app.Start.Empty() {
		return nil, t.noStart()
	}
	args := Command(t.app.Start).Args
	if strings.Contains(args[0], "/") && !path.IsAbs(args[0]) {
		args[0] = path.Join(t.workingDir(), args[0])
	}
	return args, nil
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

// started returns the files of the artifact that the start command names.
func (t *tree) started() []*file {
	words := t.app.Start.Args
	if text, ok := t.app.Start.Shell(); ok {
		words = strings.Fields(text)
	}
	var list []*file
	for _, word := range words {
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
