package detect

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// pom is a pom.xml.
type pom struct {
	folder *folder
	module string // from the app's folder
	root   *element
	parent *pom // the pom of the folder that lists it, nil for the app's own
}

func (f *folder) readPOM(module string, parent *pom) (*pom, error) {
	root, err := f.readXML("pom.xml")
	if err != nil || root == nil {
		return nil, err
	}
	return &pom{folder: f, module: module, root: root, parent: parent}, nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// expand replaces the ${properties} of a text that the pom itself defines; "" when
// one is defined elsewhere.
func (p *pom) expand(text string) string {
	for range 5 {
		match := placeholder.FindStringSubmatch(text)
		if match == nil {
			return text
		}
		value := ""
		switch name := match[1]; name {
		case "project.artifactId", "artifactId":
			value = p.root.get("artifactId").string()
		case "project.version", "version":
			value = p.version()
		default:
			value = p.property(name).string()
		}
		if value == "" {
			return ""
		}
		text = strings.ReplaceAll(text, match[0], value)
	}
	return ""
}

func (p *pom) property(name string) *element {
	for ; p != nil; p = p.parent {
		if e := p.root.get("properties", name); e != nil {
			return e
		}
	}
	return nil
}

func (p *pom) version() string {
	if v := p.root.get("version").string(); v != "" {
		return v
	}
	return p.root.get("parent", "version").string()
}

// plugins returns the plugins of the pom's own build, by artifact.
func (p *pom) plugins() map[string]*element {
	plugins := map[string]*element{}
	for _, e := range p.root.get("build", "plugins").all("plugin") {
		plugins[e.get("artifactId").string()] = e
	}
	return plugins
}

// jar returns the path of the archive that `package` makes, or "" when its name
// is not told by the pom.
func (p *pom) jar(suffix string) string {
	name := ""
	for at := p; at != nil && name == ""; at = at.parent {
		name = at.root.get("build", "finalName").string()
	}
	name = cmp.Or(name, "${project.artifactId}-${project.version}")
	if name = p.expand(name); name == "" || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") {
		return ""
	}
	ending := ".jar"
	if p.root.get("packaging").string() == "war" {
		ending = ".war"
	}
	return path.Join(p.module, "target", name+suffix+ending)
}

// dependencies returns what is there at run time, as group:artifact.
func (p *pom) dependencies() []dependency {
	var list []dependency
	for ; p != nil; p = p.parent {
		for _, e := range p.root.get("dependencies").all("dependency") {
			if scope := e.get("scope").string(); scope == "test" || scope == "provided" {
				continue
			}
			list = append(list, dependency{e.get("groupId").string() + ":" + e.get("artifactId").string(), p.folder.path("pom.xml"), e.line})
		}
	}
	return list
}

// framework tells Spring Boot, Quarkus and Micronaut apart.
func (p *pom) framework() aloft.Setting {
	for at := p; at != nil; at = at.parent {
		managed := at.root.get("dependencyManagement", "dependencies").all("dependency")
		for _, e := range append(append(at.root.all("parent"), at.root.get("dependencies").all("dependency")...), managed...) {
			group := at.expand(e.get("groupId").string())
			for _, rule := range [][2]string{{"org.springframework.boot", "spring-boot"}, {"io.quarkus", "quarkus"}, {"io.micronaut", "micronaut"}} {
				if group == rule[0] || strings.HasPrefix(group, rule[0]+".") {
					return aloft.Setting{Value: rule[1], Source: at.folder.at("pom.xml", e.line, "")}
				}
			}
		}
	}
	return aloft.Setting{}
}

// start returns the archive that can be started, and what says so.
func (p *pom) start() (jar string, from aloft.Source, ok bool) {
	plugins := p.plugins()
	source := func(e *element) aloft.Source { return p.folder.at("pom.xml", e.at(), "") }
	framework := p.framework()
	switch {
	case plugins["quarkus-maven-plugin"] != nil:
		if kind := p.property("quarkus.package.jar.type"); kind.string() == "uber-jar" {
			return p.jar("-runner"), source(kind), true
		}
		return path.Join(p.module, "target/quarkus-app/quarkus-run.jar"), source(plugins["quarkus-maven-plugin"]), true
	case plugins["spring-boot-maven-plugin"] != nil:
		classifier := plugins["spring-boot-maven-plugin"].find("classifier").string()
		if classifier != "" {
			classifier = "-" + classifier
		}
		return p.jar(classifier), source(plugins["spring-boot-maven-plugin"]), true
	case framework.Value == "micronaut" && (plugins["micronaut-maven-plugin"] != nil || plugins["maven-shade-plugin"] != nil):
		return p.jar(""), framework.Source, true
	case plugins["maven-assembly-plugin"].find("mainClass") != nil:
		suffix := "-jar-with-dependencies"
		if plugins["maven-assembly-plugin"].find("appendAssemblyId").string() == "false" {
			suffix = ""
		}
		return p.jar(suffix), source(plugins["maven-assembly-plugin"]), true
	}
	for _, name := range []string{"maven-shade-plugin", "maven-jar-plugin"} {
		if main := plugins[name].find("mainClass"); main != nil {
			return p.jar(""), source(main), true
		}
	}
	return "", aloft.Source{}, false
}

func detectMaven(f *folder) (aloft.App, error) {
	root, err := f.readPOM("", nil)
	if err != nil {
		return aloft.App{}, err
	}
	from := f.at("pom.xml", 0, "")
	app := aloft.App{
		Runtime: aloft.Setting{Source: from}, Version: root.javaVersion(),
		Framework: root.framework(), Package: aloft.Setting{Value: "maven", Source: from},
	}
	f.dependencies = root.dependencies()
	tools, args := javaTools(f, "mvn", "mvnw", from)
	app.Toolchains = tools
	app.Build = []aloft.Command{run(from, append(args, "-B", "-DskipTests", "package")...)}
	runnable, modules, err := root.runnable()
	if err != nil {
		return app, err
	}
	if len(runnable) != 1 {
		return app, root.ambiguous(runnable, modules)
	}
	runnable[0].build(f, args, &app)
	return app, nil
}

// build makes and starts the archive of one module of a project.
func (p *pom) build(f *folder, args []string, app *aloft.App) {
	f.home, f.dependencies = p.folder, p.dependencies()
	app.Framework, app.AddOns, app.Health = p.framework(), addOns(f.dependencies, javaAddOn), javaHealth(f.dependencies)
	if p.module != "" {
		app.Build = []aloft.Command{run(app.Package.Source, slices.Concat(args, []string{"-B", "-DskipTests", "-pl", p.module, "-am", "package"})...)}
	}
	jar, told, ok := p.start()
	if !ok {
		return
	}
	app.Start = startJar(jar, path.Join(p.module, "target"), told)
}

// startJar starts an archive; where its name is not known, the only one there.
func startJar(jar, folder string, from aloft.Source) aloft.Command {
	if jar == "" {
		return shell("exec java -jar "+aloft.ShellWord(folder)+"/*.jar", from)
	}
	return run(from, "java", "-jar", jar)
}

// runnable returns the poms of the project whose archive can be started, and
// the names of all modules.
func (p *pom) runnable() ([]*pom, []string, error) {
	if _, _, ok := p.start(); ok && p.root.get("packaging").string() != "pom" {
		return []*pom{p}, nil, nil
	}
	var found []*pom
	var names []string
	seen := map[string]bool{}
	for _, e := range p.root.get("modules").all("module") {
		name := path.Clean(e.text)
		if seen[name] {
			continue
		}
		seen[name] = true
		names = append(names, name)
		at := p.folder.sub(name)
		if at == nil || strings.HasPrefix(name, "..") {
			continue
		}
		module, err := at.readPOM(name, p)
		if err != nil {
			return nil, nil, err
		}
		if module == nil {
			continue
		}
		if _, _, ok := module.start(); ok && module.root.get("packaging").string() != "pom" {
			found = append(found, module)
		}
	}
	return found, names, nil
}

func (p *pom) ambiguous(runnable []*pom, modules []string) error {
	file := p.folder.path("pom.xml")
	if len(runnable) > 1 {
		var names []string
		for _, r := range runnable {
			names = append(names, r.module)
		}
		first := runnable[0]
		jar, _, _ := first.start()
		return missingStart(manifestLines("build: mvn -B -DskipTests -pl "+first.module+" -am package", "start: java -jar "+jar),
			"cannot choose the module of %s to start: there are %s", file, strings.Join(names, ", "))
	}
	if len(modules) > 0 {
		return missingStart(manifestLines("start: java -jar <module>/target/<name>.jar"),
			"cannot tell which module of %s can be started: none of %s makes an executable archive", file, strings.Join(modules, ", "))
	}
	return missingStart("give the manifest of the archive a main class: <mainClass> in maven-jar-plugin or maven-shade-plugin, or use the plugin of your framework",
		"cannot tell how to start %s: it makes no executable archive", file)
}

func (p *pom) javaVersion() aloft.Setting {
	if v := javaVersion(p.folder); v.Value != "" {
		return v
	}
	for _, name := range []string{"java.version", "maven.compiler.release", "jdk.version", "release.version", "maven.compiler.target", "maven.compiler.source"} {
		for at := p; at != nil; at = at.parent {
			e := at.root.get("properties", name)
			if e == nil {
				continue
			}
			if v := at.folder.version(at.expand(e.text), "pom.xml", e.line); v.Value != "" {
				return v
			}
			break
		}
	}
	release := p.plugins()["maven-compiler-plugin"].find("release")
	return p.folder.version(p.expand(release.string()), "pom.xml", release.at())
}
