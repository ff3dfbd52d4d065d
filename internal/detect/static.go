package detect

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundStatic(f *folder) bool {
	return !f.procfile.has("web") && (f.has("index.html") || publicFolder(f) != "" || hugoFile(f) != "")
}

// publicFolder returns the folder below that holds a site, or "".
func publicFolder(f *folder) string {
	for _, name := range []string{"public", "site", "www", "static", "dist", "docs"} {
		if f.has(name + "/index.html") {
			return name
		}
	}
	return ""
}

func hugoFile(f *folder) string {
	if name := f.first("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json"); name != "" {
		return name
	}
	if f.has("config.toml") && f.hasDir("content") && (f.hasDir("themes") || f.hasDir("layouts")) {
		return "config.toml"
	}
	return ""
}

func detectStatic(f *folder) (aloft.App, error) {
	if name := hugoFile(f); name != "" {
		from := f.at(name, 0, "")
		return aloft.App{
			Runtime: aloft.Setting{Source: from}, Framework: aloft.Setting{Value: "hugo", Source: from},
			Build:  []aloft.Command{run(from, "hugo", "--minify", "--destination", "public")},
			Static: aloft.Setting{Value: "public", Source: from}, Toolchains: []aloft.Toolchain{toolchain("hugo", from)},
		}, nil
	}
	if !f.has("index.html") {
		name := publicFolder(f)
		from := f.at(name+"/index.html", 0, "")
		return aloft.App{Runtime: aloft.Setting{Source: from}, Static: aloft.Setting{Value: name, Source: from}}, nil
	}
	from := f.at("index.html", 0, "")
	app := aloft.App{Runtime: aloft.Setting{Source: from}}
	if f.dir != "." {
		app.Static = aloft.Setting{Value: ".", Source: from}
		return app, nil
	}
	from.Reason = withoutPrivate
	app.Static = aloft.Setting{Value: site, Source: from}
	app.Build = []aloft.Command{
		run(from, "mkdir", "-p", site),
		run(from, append([]string{"cp", "-R", "--"}, append(visible(f), site)...)...),
	}
	return app, nil
}

// site is where a build gathers what visitors may see of a folder that holds
// more than that.
const (
	site           = ".aloft/site"
	withoutPrivate = "without what visitors need not see"
)

// visible returns what belongs to a site.
func visible(f *folder) []string {
	var names []string
	for _, e := range f.entries {
		if !f.private(e) {
			names = append(names, e.Name())
		}
	}
	return names
}

// private reports whether visitors need not see an entry: hidden files, the
// manifest and its like, the Terraform.
func (f *folder) private(e fs.DirEntry) bool {
	name := e.Name()
	if e.IsDir() {
		sub := f.sub(name)
		return strings.HasPrefix(name, ".") && name != ".well-known" || name == "terraform" || sub != nil && len(sub.glob("*.tf")) > 0
	}
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tfvars") ||
		slices.Contains([]string{"aloft.yaml", "Dockerfile", "Procfile", "Makefile"}, name)
}

func foundDocker(f *folder) bool { return f.has("Dockerfile") }

// detectDocker leaves build and start to the Dockerfile.
func detectDocker(f *folder) (aloft.App, error) {
	text := f.text("Dockerfile")
	line := 0
	for i, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(l)), "FROM ") {
			line = i + 1
		}
	}
	if line == 0 {
		return aloft.App{}, aloft.Errorf(aloft.CodeInvalid, "cannot understand %s: it has no line FROM", f.path("Dockerfile")).
			WithHint("begin it with FROM and the name of an image")
	}
	from := f.at("Dockerfile", line, "")
	return aloft.App{Runtime: aloft.Setting{Source: from}, Toolchains: []aloft.Toolchain{toolchain("docker", from)}}, nil
}
