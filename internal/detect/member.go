package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// module is a part of the tree that others may depend on.
type module struct {
	dependencies []dependency
	refs         []string // keys of modules that it is made of
}

// maxNested is how deep modules of modules are read.
const maxNested = 4

// closure returns what a module and those that it is made of depend on.
func (s *search) closure(key string) []dependency {
	list, _ := s.follow(key)
	return list
}

// reaches reports whether a module is made of another one.
func (s *search) reaches(key, other string) bool {
	_, seen := s.follow(key)
	return key != other && seen[other]
}

func (s *search) follow(key string) (list []dependency, seen map[string]bool) {
	seen = map[string]bool{key: true}
	for next := []string{key}; len(next) > 0; {
		m := s.modules[next[0]]
		next = next[1:]
		list = append(list, m.dependencies...)
		for _, ref := range m.refs {
			if _, ok := s.modules[ref]; ok && !seen[ref] {
				seen[ref] = true
				next = append(next, ref)
			}
		}
	}
	return list, seen
}

// members returns the startable parts of the build that a folder is the root of,
// and settles the folders of all its parts. A Procfile makes one app of them.
func (s *search) members(f *folder) []*candidate {
	s.readPackage(f)
	s.readCrate(f)
	s.readProject(f)
	if f.procfile.has("web") {
		return nil
	}
	switch {
	case f.has("pom.xml"):
		return s.mavenMembers(f)
	case f.first("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts") != "":
		return s.gradleMembers(f)
	case foundDotnet(f):
		return s.dotnetMembers(f)
	case f.has("go.mod"):
		return goMembers(f)
	}
	return nil
}

// copyOf returns the folder again, for a further app that is built in it.
func copyOf(f *folder) *folder {
	again := *f
	again.home, again.dependencies = nil, nil
	return &again
}

func (s *search) mavenMembers(f *folder) []*candidate {
	root, err := f.readPOM("", nil)
	if err != nil || root == nil {
		return nil
	}
	from := f.at("pom.xml", 0, "")
	tools, args := javaTools(f, "mvn", "mvnw", from)
	var members []*candidate
	for _, p := range root.nested(maxNested, map[string]bool{}) {
		s.claimed[p.folder.dir] = s.claimed[p.folder.dir] || p != root
		own := module{dependencies: p.dependencies()}
		for _, d := range own.dependencies {
			own.refs = append(own.refs, "maven:"+artifact(d.name))
		}
		s.modules[p.folder.dir], s.modules["maven:"+p.root.get("artifactId").string()] = own, own
		_, _, starts := p.start()
		if p.root.get("packaging").string() == "pom" {
			continue
		}
		c := &candidate{folder: copyOf(f), home: p.folder}
		c.app = aloft.App{
			Path: f.dir, Runtime: aloft.Setting{Value: "java", Source: from}, Version: p.javaVersion(),
			Package: aloft.Setting{Value: "maven", Source: from}, Toolchains: tools,
			Build: []aloft.Command{run(from, slices.Concat(args, []string{"-B", "-DskipTests", "package"})...)},
		}
		p.build(c.folder, args, &c.app)
		if main, from := p.springMain(); !starts && main != "" {
			c.app.Start, starts = startJar(p.jar(""), path.Join(p.module, "target"), from), true
		}
		if c.app.Function = c.function(); starts || c.app.Function.Value != "" {
			members = append(members, c)
		}
	}
	return members
}

var springMain = regexp.MustCompile(`(?m)^(@SpringBootApplication)\b`)

// springMain finds the main class of a module that has Spring's plugin from the
// poms above it, or from a profile that is active by what is there.
func (p *pom) springMain() (string, aloft.Source) {
	for at := p; at != nil; at = at.parent {
		builds := []*element{at.root.get("build")}
		for _, profile := range at.root.get("profiles").all("profile") {
			if profile.get("activation") != nil {
				builds = append(builds, profile.get("build"))
			}
		}
		for _, build := range builds {
			for _, e := range build.get("plugins").all("plugin") {
				if e.get("artifactId").string() == "spring-boot-maven-plugin" {
					return p.folder.scan(springMain, p.folder.mainSources()...)
				}
			}
		}
	}
	return "", aloft.Source{}
}

// nested returns a pom and all modules below it, but for those that were seen.
func (p *pom) nested(levels int, seen map[string]bool) []*pom {
	list := []*pom{p}
	seen[p.folder.dir] = true
	for _, e := range p.root.get("modules").all("module") {
		name := path.Clean(e.text)
		at := p.folder.sub(name)
		if levels == 0 || at == nil || seen[at.dir] || strings.HasPrefix(name, "..") {
			continue
		}
		seen[at.dir] = true
		if below, err := at.readPOM(path.Join(p.module, name), p); err == nil && below != nil {
			list = append(list, below.nested(levels-1, seen)...)
		}
	}
	return list
}

var gradleRef = regexp.MustCompile(`\bproject\s*\(\s*(?:path\s*[:=]\s*)?["']:?([\w:.-]+)["']|\bprojects\.([\w.]+)`)

func (s *search) gradleMembers(f *folder) []*candidate {
	projects, err := gradleProjects(f)
	if err != nil {
		return nil
	}
	file := f.first("build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle")
	from := f.at(file, 0, "")
	tools, args := javaTools(f, "gradle", "gradlew", from)
	var members []*candidate
	for _, p := range projects {
		s.claimed[p.folder.dir] = s.claimed[p.folder.dir] || p.place != ""
		s.modules[p.folder.dir] = p.module(f, projects)
		c := &candidate{folder: copyOf(f), home: p.folder}
		c.app = aloft.App{
			Path: f.dir, Runtime: aloft.Setting{Value: "java", Source: from}, Version: javaVersion(f),
			Package: aloft.Setting{Value: "gradle", Source: from}, Toolchains: tools,
		}
		if _, ok := p.how(); ok {
			if p.build(c.folder, args, &c.app) == nil {
				members = append(members, c)
			}
			continue
		}
		c.folder.dependencies = s.modules[p.folder.dir].dependencies
		if _, from := p.folder.scan(springMain, p.folder.mainSources()...); from.File != "" {
			task := strings.TrimPrefix(strings.ReplaceAll(p.place, "/", ":")+":bootJar", ":")
			if p.place != "" {
				task = ":" + task
			}
			told := p.folder.at(p.file, 0, "")
			c.app.Build = []aloft.Command{run(told, append(slices.Clone(args), task)...)}
			c.app.Start = startJar("", path.Join(p.place, "build/libs"), from)
			c.app.Framework = aloft.Setting{Value: "spring-boot", Source: from}
			c.app.Health = javaHealth(c.folder.dependencies)
			members = append(members, c)
			continue
		}
		if c.app.Function = c.function(); c.app.Function.Value != "" {
			c.app.Framework = p.framework()
			members = append(members, c)
		}
	}
	return members
}

// module returns what a project depends on.
func (p gradleProject) module(f *folder, projects []gradleProject) module {
	var m module
	for _, d := range p.script.dependencies {
		m.dependencies = append(m.dependencies, dependency{d.text, p.folder.path(p.file), d.number})
	}
	if root := projects[0]; root.place == "" && p.place != "" {
		for _, d := range root.script.below {
			m.dependencies = append(m.dependencies, dependency{d.text, root.folder.path(root.file), d.number})
		}
	}
	for _, line := range strings.Split(withoutComments(p.folder.text(p.file)), "\n") {
		if gradleHidden.MatchString(strings.TrimSpace(line)) {
			continue
		}
		for _, match := range gradleRef.FindAllStringSubmatch(line, -1) {
			place := strings.ReplaceAll(match[1], ":", "/")
			for _, other := range projects {
				accessor := strings.ToLower(strings.NewReplacer("/", ".", "-", "", "_", "").Replace(other.place))
				if other.place != "" && (other.place == place || accessor == strings.ToLower(match[2])) {
					m.refs = append(m.refs, other.folder.dir)
				}
			}
		}
	}
	return m
}

// goMembers returns the main packages of a module, but for its tools.
func goMembers(f *folder) []*candidate {
	mod, err := readGoMod(f)
	mains := f.mains
	if err != nil || len(mains) < 2 {
		return nil
	}
	servers := slices.DeleteFunc(slices.Clone(mains), func(main string) bool { return !serves(f.sub(main)) })
	own := "./cmd/" + path.Base(majorless(mod.Module.Mod.Path))
	var members []*candidate
	for _, main := range mains {
		background := slices.ContainsFunc([]string{"worker", "consumer", "scheduler", "cron", "job"}, func(word string) bool { return strings.Contains(path.Base(main), word) })
		if (len(servers) > 0 || slices.Contains(mains, own)) && main != own && !background && !slices.Contains(servers, main) {
			continue
		}
		c := &candidate{folder: copyOf(f), home: f.sub(main)}
		c.app = goApp(c.folder, f, mod)
		c.app.Path, c.app.Runtime.Value = f.dir, "go"
		buildMain(c.folder, f, main, &c.app)
		members = append(members, c)
	}
	return members
}

var goServes = regexp.MustCompile(`"net/http"|"net"|google\.golang\.org/grpc"|gin-gonic/gin"|labstack/echo|gofiber/fiber|go-chi/chi|"PORT"|Listen\w*\(`)

func serves(f *folder) bool {
	return f != nil && slices.ContainsFunc(f.glob("*.go"), func(name string) bool {
		return !strings.HasSuffix(name, "_test.go") && goServes.MatchString(f.text(name))
	})
}

// readPackage remembers a package.json for those that depend on it by name.
func (s *search) readPackage(f *folder) {
	pkg, err := f.readJSON("package.json")
	if err != nil || pkg == nil {
		return
	}
	n := &nodeApp{folder: f, pkg: pkg}
	own := module{dependencies: n.packages("dependencies", "optionalDependencies")}
	for _, d := range own.dependencies {
		own.refs = append(own.refs, "npm:"+d.name)
	}
	if _, ok := s.modules[f.dir]; !ok {
		s.modules[f.dir] = own
	}
	if name := pkg.get("name").string(); name != "" {
		s.modules["npm:"+name] = own
	}
}

// readProject remembers a pyproject.toml for those that depend on it by name, as
// the members of a workspace do.
func (s *search) readProject(f *folder) {
	if !f.has("pyproject.toml") {
		return
	}
	p, err := readPython(f)
	if err != nil {
		return
	}
	own := module{dependencies: p.dependencies}
	for _, d := range p.dependencies {
		own.refs = append(own.refs, "python:"+d.name)
	}
	s.modules[f.dir] = own
	for _, name := range []string{p.project.get("project", "name").string(), p.project.get("tool", "poetry", "name").string()} {
		if name != "" {
			s.modules["python:"+normalName(name)] = own
		}
	}
}

// readCrate remembers a Cargo.toml for those that depend on its folder.
func (s *search) readCrate(f *folder) {
	cargo, err := f.readTOML("Cargo.toml")
	if err != nil || cargo == nil {
		return
	}
	c := crate{folder: f, cargo: cargo}
	root := cargo
	for _, at := range f.parents() {
		if above, err := at.readTOML("Cargo.toml"); err == nil && above.get("workspace") != nil {
			root = above
		}
	}
	own := module{dependencies: c.dependencies(root)}
	table := cargo.get("dependencies")
	for _, name := range table.names() {
		if place := table.get(name, "path").string(); place != "" {
			own.refs = append(own.refs, path.Join(f.dir, place))
		} else if table.get(name, "workspace") != nil {
			own.refs = append(own.refs, path.Join(root.get("workspace", "dependencies", name, "path").string()))
		}
	}
	s.modules[f.dir] = own
}
