package detect

import (
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// gradleProject is a project of a Gradle build.
type gradleProject struct {
	folder *folder
	place  string // from the app's folder, "" = the root
	file   string
	name   string // "" when no file tells
	script gradleScript
}

func detectGradle(f *folder) (aloft.App, error) {
	name := f.first("build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle")
	from := f.at(name, 0, "")
	app := aloft.App{Runtime: aloft.Setting{Source: from}, Version: javaVersion(f), Package: aloft.Setting{Value: "gradle", Source: from}}
	tools, args := javaTools(f, "gradle", "gradlew", from)
	app.Toolchains = tools
	projects, err := gradleProjects(f)
	if err != nil {
		return app, err
	}
	p, err := chooseGradle(f, name, projects)
	if err != nil {
		return app, err
	}
	return app, p.build(f, args, &app)
}

// build makes and starts the program of one project of a build.
func (p gradleProject) build(f *folder, args []string, app *aloft.App) error {
	app.Framework = p.framework()
	if app.Version.Value == "" {
		app.Version = p.folder.version(p.script.java.text, p.file, p.script.java.number)
	}
	var dependencies []dependency
	for _, d := range p.script.dependencies {
		dependencies = append(dependencies, dependency{d.text, p.folder.path(p.file), d.number})
	}
	f.home, f.dependencies = p.folder, dependencies
	app.AddOns, app.Health = addOns(dependencies, javaAddOn), javaHealth(dependencies)
	how, _ := p.how()
	told := p.folder.at(p.file, how.line, "")
	task := how.task
	if p.place != "" {
		task = ":" + strings.ReplaceAll(p.place, "/", ":") + ":" + task
	}
	app.Build = []aloft.Command{run(told, append(slices.Clone(args), task)...)}
	return p.start(how, told, app)
}

// gradleProjects returns the root and the projects that its settings include.
func gradleProjects(f *folder) ([]gradleProject, error) {
	settings := f.first("settings.gradle.kts", "settings.gradle")
	data, err := f.read(settings)
	if settings == "" || err != nil {
		data = nil
	}
	root := scanGradle(string(data), nil)
	catalog, err := gradleCatalog(f)
	if err != nil {
		return nil, err
	}
	places := append([]string{""}, root.includes...)
	var projects []gradleProject
	seen := map[string]bool{}
	for _, place := range places {
		if seen[place] {
			continue
		}
		seen[place] = true
		at := f
		if place != "" {
			if at = f.sub(place); at == nil {
				continue
			}
		}
		file := at.first("build.gradle.kts", "build.gradle")
		if file == "" {
			continue
		}
		text, err := at.read(file)
		if err != nil {
			return nil, err
		}
		p := gradleProject{folder: at, place: place, file: file, name: path.Base(place), script: scanGradle(string(text), catalog)}
		if place == "" {
			p.name = root.name
		}
		if p.script.version == "" {
			p.script.version, _ = property(f.text("gradle.properties"), "version")
		}
		projects = append(projects, p)
	}
	return projects, nil
}

// gradleHow is the way in which a project is built and started.
type gradleHow struct {
	task string
	line int
	kind string // jar, quarkus, install
	add  string // after the version, in the name of the archive
}

// how reads it from the plugins.
func (p gradleProject) how() (gradleHow, bool) {
	plugins := p.script.plugins
	shadow := 0
	for _, id := range []string{"com.gradleup.shadow", "com.github.johnrengelman.shadow", "io.github.goooler.shadow"} {
		shadow = max(shadow, plugins[id])
	}
	micronaut := max(plugins["io.micronaut.application"], plugins["io.micronaut.minimal.application"])
	switch {
	case plugins["org.springframework.boot"] > 0:
		return gradleHow{"bootJar", plugins["org.springframework.boot"], "jar", ""}, true
	case plugins["io.quarkus"] > 0:
		return gradleHow{"quarkusBuild", plugins["io.quarkus"], "quarkus", ""}, true
	case plugins["io.ktor.plugin"] > 0:
		return gradleHow{"buildFatJar", plugins["io.ktor.plugin"], "jar", "-all"}, true
	case shadow > 0 && (micronaut > 0 || plugins["application"] > 0):
		return gradleHow{"shadowJar", shadow, "jar", "-all"}, true
	case micronaut > 0:
		return gradleHow{"installDist", micronaut, "install", ""}, true
	case plugins["application"] > 0:
		return gradleHow{"installDist", plugins["application"], "install", ""}, true
	case p.script.mainClass > 0:
		return gradleHow{"jar", p.script.mainClass, "jar", ""}, true
	}
	return gradleHow{}, false
}

func (p gradleProject) start(how gradleHow, from aloft.Source, app *aloft.App) error {
	out := path.Join(p.place, "build")
	switch {
	case how.kind == "quarkus":
		app.Start = run(from, "java", "-jar", path.Join(out, "quarkus-app/quarkus-run.jar"))
	case how.kind == "jar" && how.add == "-all" && app.Framework.Value == "ktor":
		app.Start = shell("exec java -jar "+aloft.ShellWord(out)+"/libs/*-all.jar", from)
	case how.kind == "jar":
		jar := ""
		if p.name != "" && p.script.version != "" {
			jar = path.Join(out, "libs", p.name+"-"+p.script.version+how.add+".jar")
		}
		app.Start = startJar(jar, path.Join(out, "libs"), from)
	case p.name == "":
		return missingStart("write in "+p.folder.path("settings.gradle")+": rootProject.name = \"<name>\"",
			"cannot tell the name of the program that %s makes", p.folder.path(p.file))
	default:
		app.Start = run(from, path.Join(out, "install", p.name, "bin", p.name))
	}
	return nil
}

func (p gradleProject) framework() aloft.Setting {
	for _, rule := range [][2]string{
		{"org.springframework.boot", "spring-boot"}, {"io.quarkus", "quarkus"}, {"io.micronaut.application", "micronaut"},
		{"io.micronaut.minimal.application", "micronaut"}, {"io.ktor.plugin", "ktor"},
	} {
		if line := p.script.plugins[rule[0]]; line > 0 {
			return aloft.Setting{Value: rule[1], Source: p.folder.at(p.file, line, "")}
		}
	}
	for _, d := range p.script.dependencies {
		for _, rule := range [][2]string{{"io.micronaut:", "micronaut"}, {"io.ktor:", "ktor"}, {"io.javalin:", "javalin"}} {
			if strings.HasPrefix(d.text, rule[0]) {
				return aloft.Setting{Value: rule[1], Source: p.folder.at(p.file, d.number, "")}
			}
		}
	}
	return aloft.Setting{}
}

func chooseGradle(f *folder, file string, projects []gradleProject) (gradleProject, error) {
	var found []gradleProject
	for _, p := range projects {
		if _, ok := p.how(); ok {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1, len(found) > 1 && found[0].place == "":
		return found[0], nil
	case len(found) == 0:
		return gradleProject{}, missingStart("use the plugin \"application\" with a main class, or the plugin of your framework",
			"cannot tell how to start %s: no plugin of it makes a program", f.path(file))
	}
	var names []string
	for _, p := range found {
		names = append(names, p.place)
	}
	how, _ := found[0].how()
	return gradleProject{}, missingStart(manifestLines("build: ./gradlew :"+strings.ReplaceAll(found[0].place, "/", ":")+":"+how.task, "start: <program below "+found[0].place+"/build>"),
		"cannot choose the project of %s to start: there are %s", f.path(file), strings.Join(names, ", "))
}
