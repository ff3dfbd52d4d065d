package detect

import (
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// propose adds what the pipeline does not ask for: function, native, port,
// health, Dockerfile, and a version or add-ons that only more files tell.
func (s *search) propose(c *candidate) {
	settings := readConfiguration(c.home)
	for _, at := range []*folder{c.home, c.folder} {
		if c.app.Dockerfile.Value == "" && at.has("Dockerfile") {
			_, line := at.baseImage()
			c.app.Dockerfile = aloft.Setting{Value: at.path("Dockerfile"), Source: at.at("Dockerfile", line, "")}
		}
	}
	c.app.Function = c.function()
	c.app.Native = c.native(settings)
	c.app.HealthHint = c.healthHint(settings)
	if c.app.Static.Value == "" && c.app.Function.Value == "" {
		c.app.Port = c.port(settings)
	}
	if c.app.Version.Value == "" {
		c.app.Version = s.version(c)
	}
	s.needs(c, settings)
}

var nativeProfile = regexp.MustCompile(`<profile>\s*<id>\s*native\s*</id>`)

// native tells whether a Java framework makes a native executable: always, or with
// a profile or a task.
func (c *candidate) native(settings configuration) aloft.Setting {
	if c.app.Runtime.Value != "java" {
		return aloft.Setting{}
	}
	always := func(value string, from aloft.Source) aloft.Setting {
		if value != "true" && value != "native" && value != "native-image" {
			return aloft.Setting{}
		}
		return aloft.Setting{Value: "always", Source: from}
	}
	keys := []string{"quarkus.native.enabled", "quarkus.package.type", "quarkus.package.jar.type"}
	for _, f := range []*folder{c.home, c.folder} {
		root, err := f.readXML("pom.xml")
		for _, key := range append(keys, "packaging") {
			if e := root.get("properties", key); err == nil && e != nil {
				if s := always(e.text, f.at("pom.xml", e.line, "")); s.Value != "" {
					return s
				}
			}
			if text, line := property(f.text("gradle.properties"), key); text != "" {
				if s := always(text, f.at("gradle.properties", line, "")); s.Value != "" {
					return s
				}
			}
		}
	}
	if set := settings.get(keys...); set.Value != "" {
		if s := always(set.Value, set.Source); s.Value != "" {
			return s
		}
	}
	for _, f := range []*folder{c.home, c.folder} {
		text := withoutMarkup(f.text("pom.xml"))
		if match := nativeProfile.FindString(text); match != "" {
			return aloft.Setting{Value: "profile", Source: f.at("pom.xml", lineOf(text, match), "profile native")}
		}
		for _, name := range []string{"pom.xml", "build.gradle", "build.gradle.kts"} {
			text := withoutMarkup(f.text(name))
			for _, plugin := range []string{"native-maven-plugin", "org.graalvm.buildtools.native"} {
				if line := lineOf(text, plugin); line > 0 {
					return aloft.Setting{Value: "profile", Source: f.at(name, line, plugin)}
				}
			}
		}
	}
	return aloft.Setting{}
}

// needs adds the add-ons of everything that the app is made of, and of its
// settings.
func (s *search) needs(c *candidate, settings configuration) {
	list := append(append([]dependency{}, c.folder.dependencies...), s.closure(c.home.dir)...)
	if c.app.Static.Value != "" && c.app.Runtime.Value != "php" {
		return
	}
	list = append(list, c.moreDependencies()...)
	language := c.app.Runtime.Value
	if language == "docker" || language == "procfile" {
		language = ""
	}
	for _, d := range list {
		c.app.AddOns = addOn(c.app.AddOns, kindOf(language, d.name), aloft.Source{File: d.file, Line: d.line, Reason: d.name})
	}
	for _, need := range c.settingsNeeds(settings) {
		c.app.AddOns = addOn(c.app.AddOns, need.Kind, need.Source)
	}
}

// kindOf returns the add-on behind a dependency; with no language, of any.
func kindOf(language, name string) string {
	tables := []struct {
		language string
		kind     func(string) string
	}{
		{"java", javaAddOn}, {"node", nodeAddOn}, {"python", pythonAddOn}, {"python", morePythonAddOn}, {"dotnet", dotnetAddOn}, {"go", goAddOn},
		{"rust", rustAddOn}, {"php", phpAddOn}, {"ruby", rubyAddOn}, {"ruby", moreRubyAddOn},
	}
	for _, table := range tables {
		if language == table.language || language == "" {
			if kind := table.kind(name); kind != "" {
				return kind
			}
		}
	}
	return ""
}

// moreDependencies returns those in files that only some layouts have.
func (c *candidate) moreDependencies() []dependency {
	f := c.home
	var list []dependency
	switch c.app.Runtime.Value {
	case "python":
		p := &pythonApp{folder: f}
		if !f.has("requirements.txt") {
			for _, name := range []string{"requirements/production.txt", "requirements/prod.txt", "requirements/base.txt", "requirements/common.txt"} {
				if found, err := p.requirements(name, map[string]bool{}); err == nil {
					list = append(list, found...)
				}
			}
		}
	case "dotnet":
		for _, at := range append([]*folder{f}, f.parents()...) {
			for _, name := range []string{"Directory.Build.props", "Directory.Packages.props"} {
				root, err := at.readXML(name)
				if err != nil || root == nil {
					continue
				}
				list = append(list, dotnetProject{name, root}.packages(at.path(name))...)
				for _, group := range root.all("ItemGroup") {
					for _, e := range group.all("GlobalPackageReference") {
						list = append(list, dependency{e.attrs["Include"], at.path(name), e.line})
					}
				}
			}
		}
	case "docker", "procfile":
		list = append(list, f.anyDependencies()...)
	}
	return list
}

// anyDependencies reads the package files of an app whose language does not lead.
func (f *folder) anyDependencies() []dependency {
	var list []dependency
	for _, r := range runtimes() {
		if r.name != "docker" && r.name != "procfile" && r.found(f) {
			again := copyOf(f)
			if _, err := r.detect(again); err == nil || again.dependencies != nil {
				list = append(list, again.dependencies...)
			}
		}
	}
	return list
}

// version looks where As does not: in further files of each language, and last in
// the Dockerfile.
func (s *search) version(c *candidate) aloft.Setting {
	f := c.home
	places := append([]*folder{f}, f.parents()...)
	switch c.app.Runtime.Value {
	case "node":
		for _, at := range places {
			line, number := firstLine(at.text(".nvmrc"))
			if version := longTerm(line); version != "" {
				return at.version(version, ".nvmrc", number)
			}
		}
		for _, at := range places {
			pkg, err := at.readJSON("package.json")
			if engine := pkg.get("engines", "node"); err == nil && engine != nil {
				if v := at.version(engine.string(), "package.json", engine.at()); v.Value != "" {
					return v
				}
			}
		}
	case "dotnet":
		if v := f.versionFile(nil, "dotnet", "dotnet-core"); v.Value != "" {
			return v
		}
		for _, at := range places {
			if root, err := at.readXML("Directory.Build.props"); err == nil && root != nil {
				if v := dotnetVersion(at, dotnetProject{"Directory.Build.props", root}); v.Value != "" {
					return v
				}
			}
			if root, _, err := parseJSON([]byte(at.text("global.json"))); err == nil {
				if v := at.version(root.get("sdk", "version").string(), "global.json", root.get("sdk", "version").at()); v.Value != "" {
					return v
				}
			}
		}
	case "java":
		for _, at := range places {
			if v := at.gradleVersion(); v.Value != "" {
				return v
			}
		}
	case "python", "ruby", "rust":
		if v := f.versionIn(moreVersions(c.app.Runtime.Value)); v.Value != "" {
			return v
		}
	}
	return c.imageVersion()
}

// longTerm returns the version behind Node's name of a release line.
func longTerm(name string) string {
	return map[string]string{"lts/hydrogen": "18", "lts/iron": "20", "lts/jod": "22", "lts/krypton": "24"}[strings.ToLower(name)]
}

// gradleVersion reads what convention plugins and catalogs are given.
func (f *folder) gradleVersion() aloft.Setting {
	for _, name := range []string{"build.gradle.kts", "build.gradle"} {
		java := scanGradle(f.text(name), nil).java
		if v := f.version(java.text, name, java.number); v.Value != "" {
			return v
		}
	}
	catalog, err := f.readTOML("gradle/libs.versions.toml")
	for _, key := range []string{"java", "jdk", "jvm", "javaVersion", "java-version", "jvmTarget", "jvm-target"} {
		if v := catalog.get("versions", key); err == nil && v.string() != "" {
			return f.version(v.string(), "gradle/libs.versions.toml", v.at())
		}
	}
	for _, key := range []string{"javaVersion", "java.version", "jdkVersion", "jvmTarget"} {
		if text, line := property(f.text("gradle.properties"), key); text != "" {
			return f.version(text, "gradle.properties", line)
		}
	}
	return aloft.Setting{}
}

// versionRule is a file and where it tells a version.
type versionRule struct {
	file string
	rule *regexp.Regexp
}

func moreVersions(language string) []versionRule {
	switch language {
	case "python":
		return []versionRule{
			{"setup.cfg", regexp.MustCompile(`(?m)^python_requires\s*=\s*(\S.*)$`)},
			{"setup.py", regexp.MustCompile(`python_requires\s*=\s*["']([^"']+)["']`)},
			{"uv.lock", regexp.MustCompile(`(?m)^requires-python\s*=\s*"([^"]+)"`)},
			{"poetry.lock", regexp.MustCompile(`(?m)^python-versions\s*=\s*"([^"]+)"\s*\ncontent-hash`)},
			{"Pipfile.lock", regexp.MustCompile(`"python_version":\s*"([^"]+)"`)},
			{"environment.yml", regexp.MustCompile(`(?m)^\s*-\s*python\s*=+\s*([\d.]+)`)},
		}
	case "ruby":
		return []versionRule{{"Gemfile.lock", regexp.MustCompile(`(?m)^RUBY VERSION\s*\n\s*ruby ([\d.]+)`)}}
	case "rust":
		return []versionRule{{"Cargo.toml", regexp.MustCompile(`(?m)^rust-version\s*=\s*"([^"]+)"`)}, {"../Cargo.toml", regexp.MustCompile(`(?m)^rust-version\s*=\s*"([^"]+)"`)}, {"../../Cargo.toml", regexp.MustCompile(`(?m)^rust-version\s*=\s*"([^"]+)"`)}}
	}
	return nil
}

func (f *folder) versionIn(rules []versionRule) aloft.Setting {
	for _, r := range rules {
		if text, from := f.scan(r.rule, r.file); text != "" {
			if v := f.version(text, r.file, from.Line); v.Value != "" {
				return v
			}
		}
	}
	return aloft.Setting{}
}

var imageTag = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)`)

// imageVersion reads the version from the images that a Dockerfile begins with.
func (c *candidate) imageVersion() aloft.Setting {
	names := map[string]string{
		"node": " node ", "python": " python ", "go": " golang ", "php": " php ", "ruby": " ruby ", "rust": " rust ", "dotnet": " sdk aspnet runtime ",
		"java": " eclipse-temurin openjdk amazoncorretto ibm-semeru-runtimes zulu-openjdk jdk ",
	}[c.app.Runtime.Value]
	for _, in := range c.home.instructions() {
		image := fromImage(in.text)
		name, _, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
		if in.name != "FROM" || name == "" || !strings.Contains(names, " "+name+" ") {
			continue
		}
		if match := imageTag.FindStringSubmatch(tagOf(image)); match != nil {
			return c.home.version(match[1], "Dockerfile", in.line)
		}
	}
	return aloft.Setting{}
}
