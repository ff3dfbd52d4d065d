package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// counts reports whether what was detected in a folder is an app, and not a part
// of another one, a library, or a tool. What a part needs, the whole needs.
func (s *search) counts(c *candidate) bool {
	f, outer := c.folder, s.outer(c.folder.dir)
	switch c.app.Runtime.Value {
	case "static":
		if c.app.Framework.Value == "" && f.dir != "." && (len(outer) > 0 || !f.has("index.html") || partFolder(f.dir) || s.copiedElsewhere(f.dir)) {
			return false
		}
	case "docker":
		image, _ := f.baseImage()
		if imageKind(image) != "" || isOperation(image) || s.compose.buildsElsewhere(f.path("Dockerfile")) || !s.compose.builds(f.dir) && (len(outer) > 0 || s.compose.aside(f.dir)) {
			return false
		}
	case "node":
		if !s.lenient && !s.servesNode(c) {
			return false
		}
	case "dotnet":
		if c.dotnet().orchestrates() {
			return false
		}
	}
	if s.compose.builds(f.dir) {
		return true
	}
	taker := slices.IndexFunc(outer, func(o *candidate) bool { return o.takesIn(f) })
	if taker >= 0 {
		m := s.modules[outer[taker].home.dir]
		m.refs = append(m.refs, f.dir)
		s.modules[outer[taker].home.dir] = m
		if c := outer[taker]; c.app.Runtime.Value == "docker" && c.root().instructions().copies(strings.TrimPrefix(f.dir, c.root().dir+"/"), true) {
			s.parts[c] = append(s.parts[c], f.dir)
		}
	}
	return taker < 0
}

// copiedElsewhere reports whether a folder is named by a Dockerfile that a compose
// file builds in another folder than its own.
func (s *search) copiedElsewhere(dir string) bool {
	return slices.ContainsFunc(s.compose, func(service composeService) bool { return s.copiedFor(service, dir) })
}

func (s *search) copiedFor(service composeService, dir string) bool {
	rel, below := strings.CutPrefix(dir, service.context+"/")
	return service.dockerfile != "" && (below || service.context == ".") && s.root.dockerfile(service.dockerfile).copies(rel, false)
}

// outer returns the apps in whose folder another folder stands.
func (s *search) outer(dir string) []*candidate {
	return slices.DeleteFunc(slices.Clone(s.found), func(o *candidate) bool { return !o.within(dir) })
}

var (
	watches  = regexp.MustCompile(`^(?:npx )?(?:tsc|rollup|tsup|webpack|esbuild|microbundle|storybook|start-storybook|babel|lerna|expo|electron\S*|react-native)\b`)
	delegate = regexp.MustCompile(`\b(?:concurrently|npm-run-all|run-p|turbo|nx|lerna|wsrun|docker[- ]compose|workspaces?|--prefix|--filter|-r|foreach)\b|\bcd\s`)
	viteRoot = regexp.MustCompile(`\broot\s*:\s*`)
)

// servesNode reports whether a package answers requests: libraries have a "main"
// that can be started as well.
func (s *search) servesNode(c *candidate) bool {
	n := &nodeApp{folder: c.folder, pkg: c.packageJSON()}
	n.dependencies, n.development = n.packages("dependencies"), n.packages("devDependencies")
	if depends(n.all(), "expo", "react-native", "electron") || n.pkg.get("engines", "vscode") != nil {
		return false
	}
	if c.app.Framework.Value == "vite" && c.app.Static.Value != "" {
		rooted, _ := n.inConfig(viteRoot, "vite.config")
		return n.has("index.html") || rooted != ""
	}
	start := ""
	for _, name := range []string{"start", "start:prod", "start:production", "prod"} {
		if text, _ := n.script(name); start == "" {
			start = text
		}
	}
	return c.folder.dir == "." || c.app.Static.Value != "" || c.app.Framework.Value != "" || c.app.Function.Value != "" ||
		n.has("Dockerfile") || n.has("Procfile") || start != "" && !watches.MatchString(start)
}

func (c *candidate) packageJSON() *value {
	pkg, err := c.folder.readJSON("package.json")
	if err != nil {
		return nil
	}
	return pkg
}

// dotnet returns the project of a .NET app; its zero value for others.
func (c *candidate) dotnet() dotnetProject {
	for _, name := range projectFiles(c.home) {
		if root, err := c.home.readXML(name); err == nil && root != nil && (len(projectFiles(c.home)) == 1 || strings.Contains(c.app.Start.String()+c.app.Static.Value, strings.TrimSuffix(name, path.Ext(name)))) {
			return dotnetProject{name, root}
		}
	}
	return dotnetProject{root: &element{}}
}

// partFolder reports whether a path leads through a folder in which a server keeps
// what it hands out.
func partFolder(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(part string) bool {
		return slices.Contains([]string{"wwwroot", "public", "static", "resources", "assets", "ClientApp", "templates", "Views", "webapp", "priv"}, part)
	})
}

// takesIn reports whether what stands in a folder of the app is a part of it.
func (c *candidate) takesIn(f *folder) bool {
	rel := strings.TrimPrefix(f.dir, c.root().dir+"/")
	if partFolder(rel) {
		return true
	}
	switch c.app.Runtime.Value {
	case "java", "dotnet":
		if strings.HasPrefix(rel, "src/") {
			return true
		}
	case "go":
		if len(f.glob("*.go")) > 0 && !f.has("go.mod") {
			return true
		}
	case "procfile":
		if c.folder.procfile.mentions(rel) {
			return true
		}
	case "docker":
		if c.root().instructions().copies(rel, true) {
			return true
		}
	}
	named := regexp.MustCompile(`(?m)(?:^|[\s"'=(/>:\[,])(?:\./)?` + regexp.QuoteMeta(rel) + `(?:[/\s"'<);&,\]]|$)`)
	return slices.ContainsFunc(c.buildTexts(), named.MatchString)
}

// buildTexts returns what tells how an app is built.
func (c *candidate) buildTexts() []string {
	texts := []string{c.root().text("pom.xml"), c.root().text("build.gradle"), c.root().text("build.gradle.kts")}
	for _, name := range projectFiles(c.root()) {
		texts = append(texts, strings.ReplaceAll(c.root().text(name), `\`, "/"))
	}
	scripts := c.packageJSON().get("scripts")
	for _, name := range scripts.names() {
		if strings.Contains(name, "build") || strings.Contains(name, "install") || name == "prestart" {
			texts = append(texts, scripts.get(name).string())
		}
	}
	if c.app.Runtime.Value == "go" {
		for _, name := range c.root().glob("*.go") {
			for line := range strings.Lines(c.root().text(name)) {
				if strings.HasPrefix(line, "//go:embed ") {
					texts = append(texts, line)
				}
			}
		}
	}
	return texts
}

// sift takes out what turns out to be no app beside the others.
func (s *search) sift() {
	all := slices.Clone(s.found)
	s.found = slices.DeleteFunc(s.found, func(c *candidate) bool {
		inside := slices.ContainsFunc(all, func(o *candidate) bool { return o != c && c.within(o.home.dir) })
		switch c.app.Runtime.Value {
		case "node":
			return inside && c.delegates() || slices.ContainsFunc(all, func(o *candidate) bool { return o != c && c.buildsInto(o) })
		case "rust":
			return slices.ContainsFunc(all, func(o *candidate) bool {
				library := c.home.has("src/lib.rs") && s.reaches(o.home.dir, c.home.dir)
				return o != c && (library || c.rustTool() && o.app.Runtime.Value == "rust" && o.app.Framework.Value != "")
			})
		case "static":
			return len(all) > 1 && c.app.Framework.Value == "" && !c.home.has("index.html")
		case "dotnet":
			if len(all) == 1 || c.member {
				return false
			}
			return !c.dotnet().serves() && !c.home.has("Dockerfile") || slices.ContainsFunc(all, func(o *candidate) bool {
				return o != c && o.app.Runtime.Value == "dotnet" && slices.Contains(s.modules[o.home.dir].refs, c.home.dir)
			})
		}
		return false
	})
}

// rustTool reports whether a crate is for people at a terminal.
func (c *candidate) rustTool() bool {
	return c.app.Framework.Value == "" && depends(c.folder.dependencies, "clap", "argh", "pico-args", "structopt") &&
		len(c.app.AddOns) == 0 && !c.home.has("Dockerfile")
}

var outputAbove = regexp.MustCompile(`\b(?:outDir|outputPath|output-path|out-dir|BUILD_PATH)\b["'\s:=]+(?:[\w.]+\([^"'()]*)?["']?((?:\.\./)+[\w./-]+)`)

// buildsInto reports whether a site is written into the folder of another app,
// which hands it out.
func (c *candidate) buildsInto(o *candidate) bool {
	if c.app.Static.Value == "" || o.app.Static.Value != "" {
		return false
	}
	texts := []string{c.home.text("angular.json")}
	for _, ending := range []string{".js", ".mjs", ".ts", ".mts"} {
		texts = append(texts, c.home.text("vite.config"+ending), c.home.text("vue.config"+ending))
	}
	scripts := c.packageJSON().get("scripts")
	for _, name := range scripts.names() {
		texts = append(texts, scripts.get(name).string())
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		match := outputAbove.FindStringSubmatch(text)
		return match != nil && o.within(path.Join(c.home.dir, match[1]))
	})
}

// delegates reports whether a package.json only starts what stands below it.
func (c *candidate) delegates() bool {
	n := &nodeApp{folder: c.folder, pkg: c.packageJSON()}
	if text, _ := n.script("start"); delegate.MatchString(text) {
		return true
	}
	workspace := n.pkg.get("workspaces") != nil || n.first("pnpm-workspace.yaml", "turbo.json", "nx.json", "lerna.json") != ""
	own := n.first("index.html", "server.js", "index.js", "app.js", "server.ts", "index.ts") != "" ||
		n.hasDir("src") || n.hasDir("app") || n.hasDir("pages") || n.hasDir("server")
	return !own && (workspace || c.app.Framework.Value == "")
}
