package detect

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Bounds of a search: nobody keeps an app deeper, and no tree of an app's size
// has more folders.
const (
	maxLevels  = 5
	maxFolders = 20_000
	maxApps    = 50
)

// Default reports whether the files alone tell an app of Apps: the manifest then
// need not say more than its path, and for the only app at the root not even that.
func Default(source fs.FS, app aloft.App) bool {
	found, err := App(newTree(source), app.Path)
	same := func(a, b aloft.Command) bool { return slices.Equal(a.Args, b.Args) }
	return err == nil && slices.EqualFunc(found.Build, app.Build, same) && same(found.Start, app.Start) && found.Static.Value == app.Static.Value
}

// candidate is what may be an app.
type candidate struct {
	app    aloft.App
	folder *folder // its path
	home   *folder // where its own source stands
	err    error   // why it cannot be started
	member bool    // of a build that has several
}

// within reports whether a folder stands inside of the candidate's own source.
func (c *candidate) within(dir string) bool {
	own := c.root().dir
	return own == "." && dir != "." || strings.HasPrefix(dir, own+"/")
}

// root returns the folder of all of the candidate's source: for Go that of its
// module, whose packages stand beside the main package.
func (c *candidate) root() *folder {
	if c.app.Runtime.Value == "go" {
		return c.folder
	}
	return c.home
}

// search is one look through a tree.
type search struct {
	root    *folder
	compose composition
	lenient bool
	visited int
	claimed map[string]bool   // folders that are settled
	modules map[string]module // what the parts of the tree depend on
	found   []*candidate
	stuck   []*candidate // recognised, but nothing tells how to start them
	broken  error        // the first that somebody has to look at
	parts   parts        // what is no app since an app's Dockerfile copies it
}

func newSearch(root *folder) *search {
	return &search{root: root, compose: readCompose(root), claimed: map[string]bool{}, modules: map[string]module{}, parts: parts{}}
}

// walk looks at a folder and those below; aside, in folders that are skipped, only
// at what a compose file builds.
func (s *search) walk(f *folder, level int, aside bool) {
	if s.visited++; s.visited > maxFolders || len(s.found) >= maxApps {
		return
	}
	if f.has("pyvenv.cfg") {
		return
	}
	if !s.claimed[f.dir] && (level == 0 || s.marked(f)) && (!aside || s.compose.builds(f.dir)) {
		s.look(f)
	}
	if level == maxLevels {
		return
	}
	for _, e := range f.entries {
		skipped := aside || s.skips(f.path(e.Name()))
		if !e.IsDir() || skipped && !s.compose.leadsTo(f.path(e.Name())) {
			continue
		}
		if sub := f.sub(e.Name()); sub != nil {
			s.walk(sub, level+1, skipped)
		}
	}
}

// skips reports whether no app is looked for in a folder, by its name. In one named
// apps there are apps, of documents too.
func (s *search) skips(dir string) bool {
	above, name := path.Split(dir)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || slices.Contains([]string{
		"node_modules", "vendor", "terraform", "testdata", "build", "dist", "out", "target", "bin", "obj", "venv", "virtualenv",
		"site-packages", "bower_components", "jspm_packages", "Pods", "coverage", "log", "logs", "tmp", "cdk.out",
	}, name) {
		return true
	}
	return !s.lenient && (strings.HasSuffix(name, "-e2e") || name == "e2e" || path.Base(above) != "apps" && slices.Contains([]string{
		"test", "tests", "spec", "specs", "fixtures", "cypress", "benchmark", "benchmarks", "bench", "doc", "docs", "example", "examples",
		"sample", "samples", "demo", "demos", "template", "templates", "script", "scripts", "tool", "tools", "xtask", "hack", "ci", "docker",
		"deploy", "deployment", "ops", "infra", "infrastructure", "k8s", "kubernetes", "helm", "charts", "migrations",
	}, name))
}

// marked reports whether a folder below the root has something that an app has.
func (s *search) marked(f *folder) bool {
	if f.first("go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "composer.json",
		"Gemfile", "requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "uv.lock", "manage.py", "package.json", "index.html",
		"Procfile", "Dockerfile", "host.json", "function_app.py") != "" || hugoFile(f) != "" || foundDotnet(f) {
		return true
	}
	return s.lenient && (foundPython(f) || foundPHP(f) || foundRuby(f))
}

// look finds the apps of one folder.
func (s *search) look(f *folder) {
	app, err := f.app("")
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound && !errors.As(err, new(noStart)) {
		s.fault(err)
		return
	}
	members := s.members(f)
	if len(members) > 1 || err != nil && len(members) == 1 {
		for _, c := range members {
			c.member = true
			if c.home == members[0].home && len(members) == 1 || !s.skips(c.home.dir) {
				s.accept(c)
			}
		}
		return
	}
	if app.Runtime.Value == "" {
		return
	}
	c := &candidate{app: app, folder: f, home: f}
	if f.home != nil {
		c.home = f.home
	}
	c.app.Function = c.function()
	if lacking := (noStart{}); errors.As(err, &lacking) && lacking.sure && c.app.Function.Value == "" {
		s.fault(err)
	} else if err != nil && c.app.Function.Value == "" {
		c.err, s.claimed[f.dir] = err, true
		s.stuck = append(s.stuck, c)
		return
	}
	if s.counts(c) {
		s.accept(c)
	}
}

func (s *search) accept(c *candidate) {
	s.claimed[c.home.dir] = true
	s.found = append(s.found, c)
}

func (s *search) fault(err error) {
	if s.broken == nil {
		s.broken = unwrapStart(err)
	}
}

// apps names the candidates and completes them.
func (s *search) apps() []aloft.App {
	slices.SortStableFunc(s.found, func(a, b *candidate) int { return strings.Compare(a.home.dir, b.home.dir) })
	names := nameApps(s.found, s.compose)
	var apps []aloft.App
	for i, c := range s.found {
		c.app.Name = names[i]
		s.leaveOut(c)
		s.propose(c)
		s.compose.apply(c, len(s.found) == 1)
		if c.home.dir != "." {
			readCompose(c.home).apply(c, true)
		}
		apps = append(apps, c.app)
	}
	return apps
}

// leaveOut keeps other apps out of the site that a root of bare pages is.
func (s *search) leaveOut(c *candidate) {
	if c.app.Static.Value != site || c.app.Framework.Value != "" || c.app.Runtime.Value != "static" {
		return
	}
	copies := &c.app.Build[len(c.app.Build)-1]
	copies.Args = slices.DeleteFunc(slices.Clone(copies.Args), func(name string) bool {
		return slices.ContainsFunc(s.found, func(o *candidate) bool {
			first, _, _ := strings.Cut(o.home.dir, "/")
			return o != c && first == name
		})
	})
}

// maxName is the length that every target can hold.
const maxName = 20

// nameApps returns a name for each candidate: that of its folder, with the folders
// above where several are equal. The root has that of the only service that is built there.
func nameApps(list []*candidate, compose composition) []string {
	if len(list) == 1 && list[0].folder.dir == "." {
		return []string{"web"}
	}
	names := make([]string, len(list))
	taken := map[string]bool{}
	for i, c := range list {
		if name := shortName(compose.only(c.home.dir), maxName); name != "" && c.home.dir == "." && !taken[name] {
			names[i], taken[name] = name, true
		}
	}
	for depth := 1; depth <= maxLevels+1; depth++ {
		count := map[string]int{}
		for i, c := range list {
			if names[i] == "" {
				count[nameOf(c, depth)]++
			}
		}
		for i, c := range list {
			if name := nameOf(c, depth); names[i] == "" && count[name] == 1 && !taken[name] {
				names[i], taken[name] = name, true
			}
		}
	}
	for i, c := range list {
		for n := 1; names[i] == ""; n++ {
			number := ""
			if n > 1 {
				number = "-" + strconv.Itoa(n)
			}
			if name := shortName(nameOf(c, 1), maxName-len(number)) + number; !taken[name] {
				names[i], taken[name] = name, true
			}
		}
	}
	return names
}

// nameOf writes the last folders of a path as a name.
func nameOf(c *candidate, depth int) string {
	if c.home.dir == "." {
		return map[bool]string{true: "web", false: "root"}[depth == 1]
	}
	parts := strings.Split(c.home.dir, "/")
	if last := len(parts) - 1; last > 0 && slices.Contains([]string{"src", "source", "code", "project"}, parts[last]) {
		parts = parts[:last]
	}
	if name := shortName(strings.Join(parts[max(0, len(parts)-depth):], "-"), maxName); name != "" {
		return name
	}
	return "app"
}

// shortName writes a text as a name. Of a long one it keeps the last words, which
// tell the most.
func shortName(text string, limit int) string {
	name := aloft.NearestName(text, len(text))
	for len(name) > limit {
		_, rest, ok := strings.Cut(name, "-")
		if !ok {
			name = strings.TrimSuffix(name, "service")
			return name[:min(limit, len(name))]
		}
		name = rest
	}
	return name
}

// nothing reports what was looked for, and what was seen or left out.
func (s *search) nothing(leftOut []string) error {
	if len(leftOut) > 0 {
		return aloft.Errorf(aloft.CodeNotFound, "cannot find an app in this tree: %s", strings.Join(leftOut, " ")).
			WithHint("%s", manifestLines("path: <folder of the app>", "build: <command>", "start: <command that listens on $PORT>"))
	}
	var marks []string
	for _, r := range runtimes() {
		marks = append(marks, r.marks)
	}
	seen := strings.Join(outline(s.root, 40), ", ")
	if seen == "" {
		seen = "nothing"
	}
	return aloft.Errorf(aloft.CodeNotFound, "cannot find an app in this tree: looked in every folder for %s; there is %s", strings.Join(marks, ", "), seen).
		WithHint("%s", manifestLines("path: <folder of the app>", "build: <command>", "start: <command that listens on $PORT>"))
}

// outline lists a tree, two levels deep, at most limit names.
func outline(root *folder, limit int) []string {
	var names []string
	for _, e := range root.entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !e.IsDir() {
			names = append(names, e.Name())
			continue
		}
		names = append(names, e.Name()+"/")
		if sub := root.sub(e.Name()); sub != nil {
			for _, name := range sub.listing(8) {
				names = append(names, e.Name()+"/"+name)
			}
		}
		if len(names) > limit {
			return append(names[:limit], "…")
		}
	}
	return names
}
