package detect

import (
	"path"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// nodeFramework is a library that decides how requests are answered.
type nodeFramework struct {
	name     string
	packages []string // any of them
	unless   string   // a package beside which the rule does not hold
	serve    func(*nodeApp, *aloft.App) error
}

// nodeFrameworks are tried in this order; one that sets neither Start nor
// Static leaves that to the scripts.
func nodeFrameworks() []nodeFramework {
	return []nodeFramework{
		{"next", []string{"next"}, "", serveNext},
		{"nuxt", []string{"nuxt", "nuxt3"}, "", serveNuxt},
		{"sveltekit", []string{"@sveltejs/kit"}, "", serveSvelteKit},
		{"astro", []string{"astro"}, "", serveAstro},
		{"react-router", []string{"@react-router/serve"}, "", serveScript("react-router-serve ./build/server/index.js")},
		{"react-router", []string{"@react-router/dev"}, "", serveReactRouter},
		{"remix", []string{"@remix-run/serve"}, "", serveScript("remix-serve ./build/server/index.js")},
		{"solid-start", []string{"@solidjs/start"}, "", serveNitro},
		{"tanstack-start", []string{"@tanstack/react-start", "@tanstack/solid-start"}, "", serveNitro},
		{"angular", []string{"@angular/core"}, "", serveAngular},
		{"gatsby", []string{"gatsby"}, "", serveFiles("public")},
		{"docusaurus", []string{"@docusaurus/core"}, "", serveFiles("build")},
		{"vitepress", []string{"vitepress"}, "", serveVitePress},
		{"eleventy", []string{"@11ty/eleventy"}, "", serveFiles("_site")},
		{"create-react-app", []string{"react-scripts"}, "", serveFiles("build")},
		{"vue-cli", []string{"@vue/cli-service"}, "", serveFiles("dist")},
		{"vite", []string{"vite"}, "", serveVite},
		{"parcel", []string{"parcel"}, "", serveFiles("dist")},
		{"rsbuild", []string{"@rsbuild/core"}, "", serveFiles("dist")},
		{"preact-cli", []string{"preact-cli"}, "", serveFiles("build")},
		{"ember", []string{"ember-cli"}, "", serveFiles("dist")},
		{"hexo", []string{"hexo"}, "", serveFiles("public")},
	}
}

// servesItself reports whether the script "start" runs a server of the app's own.
func (n *nodeApp) servesItself() bool {
	text, _ := n.script("start")
	for _, word := range strings.Fields(text) {
		if strings.Contains(word, "=") || word == "cross-env" {
			continue
		}
		return strings.Contains(" node nodemon tsx ts-node bun ", " "+word+" ")
	}
	return false
}

// builds reports whether the script "build" runs a program.
func (n *nodeApp) builds(program string) bool {
	text, _ := n.script("build")
	return strings.Contains(text, program)
}

// serveFiles is for frameworks that only make files.
func serveFiles(folder string) func(*nodeApp, *aloft.App) error {
	return func(n *nodeApp, app *aloft.App) error {
		if text, from := n.script("build"); text != "" && !n.servesItself() {
			app.Static = aloft.Setting{Value: folder, Source: from}
		}
		return nil
	}
}

// serveScript is for frameworks that bring a server which honours PORT.
func serveScript(otherwise string) func(*nodeApp, *aloft.App) error {
	return func(n *nodeApp, app *aloft.App) error {
		if text, from := n.script("start"); text != "" {
			app.Start = n.runScript("start", text, from)
			return nil
		}
		words := strings.Fields(otherwise)
		app.Start = run(app.Framework.Source, n.manager.exec(words[0], words[1:]...)...)
		return nil
	}
}

// serveReactRouter is for apps without rendering on a server.
func serveReactRouter(n *nodeApp, app *aloft.App) error {
	if match, from := n.inConfig(withoutServer, "react-router.config"); match != "" && !n.servesItself() {
		app.Static = aloft.Setting{Value: "build/client", Source: from}
	}
	return nil
}

var (
	withoutServer = regexp.MustCompile(`\bssr\s*:\s*false\b`)
	exportOutput  = regexp.MustCompile(`output\s*:\s*["']export["']`)
	outDir        = regexp.MustCompile(`outDir\s*:\s*["']([^"']+)["']`)
)

// inConfig returns the first group, or the match, of a rule in one of a tool's
// configuration files, and where it stands.
func (n *nodeApp) inConfig(rule *regexp.Regexp, stem string) (string, aloft.Source) {
	for _, ending := range []string{".js", ".mjs", ".cjs", ".ts", ".mts"} {
		text := n.text(stem + ending)
		if match := rule.FindStringSubmatch(text); match != nil {
			return match[len(match)-1], n.at(stem+ending, lineOf(text, match[0]), "")
		}
	}
	return "", aloft.Source{}
}

func serveNext(n *nodeApp, app *aloft.App) error {
	if match, from := n.inConfig(exportOutput, "next.config"); match != "" {
		app.Static = aloft.Setting{Value: "out", Source: from}
		return nil
	}
	if text, _ := n.script("start"); text == "" || n.isDevelopment("start") || strings.HasPrefix(text, "next dev") {
		app.Start = run(app.Framework.Source, n.manager.exec("next", "start")...)
		return nil
	}
	return serveScript("next start")(n, app)
}

func serveNuxt(n *nodeApp, app *aloft.App) error {
	if n.builds("generate") {
		_, from := n.script("build")
		app.Static = aloft.Setting{Value: ".output/public", Source: from}
		return nil
	}
	return serveNitro(n, app)
}

// serveNitro starts the server that Nitro builds; it honours PORT.
func serveNitro(n *nodeApp, app *aloft.App) error {
	if text, from := n.script("start"); text != "" && n.servesItself() {
		app.Start = n.runScript("start", text, from)
		return nil
	}
	app.Start = run(app.Framework.Source, "node", ".output/server/index.mjs")
	return nil
}

func serveSvelteKit(n *nodeApp, app *aloft.App) error {
	switch adapter, _ := first(n.all(), "@sveltejs/adapter-node", "@sveltejs/adapter-static"); adapter.name {
	case "@sveltejs/adapter-node":
		app.Start = run(aloft.Source{File: adapter.file, Line: adapter.line}, "node", "build")
	case "@sveltejs/adapter-static":
		app.Static = aloft.Setting{Value: "build", Source: aloft.Source{File: adapter.file, Line: adapter.line}}
	default:
		if n.servesItself() {
			return nil
		}
		return missingPiece("add an adapter: npm install --save-dev @sveltejs/adapter-node, and name it in svelte.config.js",
			"cannot start the SvelteKit app of %s: it needs the adapter for Node.js or the one for static sites", n.path("package.json"))
	}
	return nil
}

func serveAstro(n *nodeApp, app *aloft.App) error {
	if d, ok := first(n.all(), "@astrojs/node"); ok {
		app.Start = shell("HOST="+bindHost+" exec node ./dist/server/entry.mjs", aloft.Source{File: d.file, Line: d.line})
		return nil
	}
	return serveFiles("dist")(n, app)
}

func serveVite(n *nodeApp, app *aloft.App) error {
	if !n.builds("vite") || n.servesItself() {
		return nil
	}
	folder := "dist"
	_, from := n.script("build")
	if dir, source := n.inConfig(outDir, "vite.config"); dir != "" && !strings.HasPrefix(path.Clean(dir), "..") && !path.IsAbs(dir) {
		folder, from = path.Clean(dir), source
	}
	app.Static = aloft.Setting{Value: folder, Source: from}
	return nil
}

func serveVitePress(n *nodeApp, app *aloft.App) error {
	for _, name := range []string{"build", "docs:build"} {
		text, from := n.script(name)
		_, after, ok := strings.Cut(text, "vitepress build")
		if !ok {
			continue
		}
		root := "."
		if words := strings.Fields(after); len(words) > 0 && !strings.HasPrefix(words[0], "-") && words[0] != "&&" {
			root = words[0]
		}
		if name != "build" {
			app.Build = append(app.Build, run(from, n.manager.name, "run", name))
		}
		app.Static = aloft.Setting{Value: path.Join(root, ".vitepress/dist"), Source: from}
		return nil
	}
	return nil
}

// serveAngular reads from angular.json where the build goes. With server-side
// rendering a script "serve:ssr:<project>" starts the server.
func serveAngular(n *nodeApp, app *aloft.App) error {
	scripts := n.pkg.get("scripts")
	for _, name := range scripts.names() {
		if strings.HasPrefix(name, "serve:ssr") {
			text, from := n.script(name)
			app.Start = n.runScript(name, text, from)
			return nil
		}
	}
	config, err := n.readJSON("angular.json")
	if err != nil || n.servesItself() {
		return err
	}
	projects := config.get("projects")
	for _, name := range projects.names() {
		build := projects.get(name, "architect", "build")
		if build == nil || projects.get(name, "projectType").string() == "library" {
			continue
		}
		output := build.get("options", "outputPath")
		folder, from := output.string(), n.at("angular.json", max(output.at(), build.at()), "")
		browser := "browser"
		if output.get("base") != nil {
			folder = output.get("base").string()
			if b := output.get("browser"); b != nil {
				browser = b.string()
			}
		}
		if folder == "" {
			folder = "dist/" + name
		}
		if strings.HasSuffix(build.get("builder").string(), ":application") {
			folder = path.Join(folder, browser)
		}
		app.Static = aloft.Setting{Value: folder, Source: from}
		return nil
	}
	return nil
}
