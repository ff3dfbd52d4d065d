package detect

import (
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundNode(f *folder) bool { return f.has("package.json") }

// nodeApp is a package.json and what was found out about it.
type nodeApp struct {
	*folder
	pkg          *value
	manager      manager
	dependencies []dependency // that are there at run time
	development  []dependency
}

func readNode(f *folder) (*nodeApp, error) {
	pkg, err := f.readJSON("package.json")
	if err != nil {
		return nil, err
	}
	n := &nodeApp{folder: f, pkg: pkg}
	n.dependencies = n.packages("dependencies", "optionalDependencies")
	n.development = n.packages("devDependencies")
	n.manager, err = findManager(f, pkg)
	return n, err
}

func (n *nodeApp) packages(groups ...string) []dependency {
	var list []dependency
	for _, group := range groups {
		table := n.pkg.get(group)
		for _, name := range table.names() {
			list = append(list, dependency{name, n.path("package.json"), table.get(name).at()})
		}
	}
	return list
}

// all returns the dependencies of both kinds: build tools stand in either.
func (n *nodeApp) all() []dependency {
	return append(append([]dependency{}, n.dependencies...), n.development...)
}

// script returns the text and the source of a script of package.json.
func (n *nodeApp) script(name string) (string, aloft.Source) {
	v := n.pkg.get("scripts", name)
	return v.string(), n.at("package.json", v.at(), "")
}

func detectNode(f *folder) (aloft.App, error) {
	n, err := readNode(f)
	if err != nil {
		return aloft.App{}, err
	}
	f.dependencies = n.dependencies
	app := aloft.App{
		Runtime:    aloft.Setting{Source: f.at("package.json", 0, "")},
		Version:    n.version(),
		Package:    n.manager.setting,
		Toolchains: n.toolchains(),
		AddOns:     n.addOns(),
	}
	app.Build = n.build()
	app.Release = n.migrations(app.AddOns)
	return app, n.start(&app)
}

// build installs the dependencies and runs the script "build".
func (n *nodeApp) build() []aloft.Command {
	var build []aloft.Command
	if install := n.manager.install(); len(n.all()) > 0 || n.manager.locked != "" {
		build = append(build, install)
	}
	if text, from := n.script("build"); text != "" {
		build = append(build, run(from, n.manager.name, "run", "build"))
	}
	return build
}

func (n *nodeApp) version() aloft.Setting {
	if n.manager.name == "bun" {
		engine := n.pkg.get("engines", "bun")
		return n.folder.version(engine.string(), "package.json", engine.at())
	}
	if v := n.versionFile([]string{".nvmrc", ".node-version"}, "node", "nodejs"); v.Value != "" {
		return v
	}
	for _, field := range []*value{n.pkg.get("volta", "node"), n.pkg.get("engines", "node")} {
		if v := n.folder.version(field.string(), "package.json", field.at()); v.Value != "" {
			return v
		}
	}
	return aloft.Setting{}
}

// toolchains returns Node.js and the package manager; Bun is both. npm is not
// needed where nothing is installed and no script is run.
func (n *nodeApp) toolchains() []aloft.Toolchain {
	from := n.at("package.json", 0, "")
	if n.manager.name == "bun" {
		return []aloft.Toolchain{toolchain("bun", n.manager.setting.Source)}
	}
	tools := []aloft.Toolchain{toolchain("node", from)}
	if len(n.build()) > 0 {
		tools = append(tools, toolchain(n.manager.name, n.manager.setting.Source))
	}
	return tools
}

// start finds out how requests are answered: by files, by the server of a
// framework, or by what the package names.
func (n *nodeApp) start(app *aloft.App) error {
	for _, rule := range nodeFrameworks() {
		d, ok := first(n.all(), rule.packages...)
		if !ok || rule.unless != "" && depends(n.all(), rule.unless) {
			continue
		}
		app.Framework = aloft.Setting{Value: rule.name, Source: aloft.Source{File: d.file, Line: d.line}}
		if err := rule.serve(n, app); err != nil {
			return err
		}
		if !app.Start.Empty() || app.Static.Value != "" {
			return nil
		}
	}
	if app.Framework.Value == "" {
		app.Framework = n.server()
	}
	if command := n.command(app.Framework.Value); !command.Empty() {
		app.Start = command
		return nil
	}
	return n.noStart()
}

// server returns the library that answers requests, if there is one.
func (n *nodeApp) server() aloft.Setting {
	s := framework(n.dependencies, "@nestjs/core", "express", "fastify", "koa", "hono", "elysia", "@hapi/hapi", "@adonisjs/core",
		"@strapi/strapi", "@feathersjs/express", "restify", "polka", "h3")
	s.Value = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s.Value, "@"), "hapi/"), "/core")
	return s
}

// command returns the start command that the package itself names.
func (n *nodeApp) command(framework string) aloft.Command {
	scripts := []string{"start"}
	if framework == "nestjs" || n.isDevelopment("start") {
		scripts = []string{"start:prod", "start:production", "prod", "start"}
	}
	for _, name := range scripts {
		if text, from := n.script(name); text != "" {
			if name != "start" {
				from.Reason = name
			}
			return n.runScript(name, text, from)
		}
	}
	program := "node"
	if n.manager.name == "bun" {
		program = "bun"
	}
	if main := n.pkg.get("main"); main.string() != "" && n.has(strings.TrimPrefix(main.string(), "./")) {
		return run(n.at("package.json", main.at(), ""), program, main.string())
	}
	names := []string{"server.js", "app.js", "index.js", "main.js", "server.mjs", "app.mjs", "index.mjs", "src/server.js", "src/index.js", "src/app.js", "src/main.js"}
	if program == "bun" {
		names = append(names, "server.ts", "index.ts", "app.ts", "src/server.ts", "src/index.ts")
	}
	if name := n.first(names...); name != "" {
		return run(n.at(name, 0, ""), program, name)
	}
	return aloft.Command{}
}

// isDevelopment reports whether a script starts a watcher.
func (n *nodeApp) isDevelopment(name string) bool {
	text, _ := n.script(name)
	for _, watcher := range []string{"nodemon", "ts-node-dev", "tsx watch", "--watch", "nest start", "node-dev"} {
		if strings.Contains(text, watcher) {
			return true
		}
	}
	return false
}

// runScript runs a script by itself when it is only "node …": one process less
// stands between the supervisor and the app.
func (n *nodeApp) runScript(name, text string, from aloft.Source) aloft.Command {
	words := strings.Fields(text)
	hooked := n.pkg.get("scripts", "pre"+name) != nil || n.pkg.get("scripts", "post"+name) != nil
	if len(words) > 1 && words[0] == "node" && n.manager.name != "bun" && !hooked && !n.has(".pnp.cjs") && !strings.Contains(text, "npm_") {
		return shell(text, from)
	}
	return run(from, n.manager.name, "run", name)
}

func (n *nodeApp) noStart() error {
	file := n.path("package.json")
	if members := n.members(); len(members) > 0 {
		return missingStart(manifestLines("path: "+members[0]),
			"cannot start %s: it is a workspace without a script \"start\"; its packages are %s", file, strings.Join(members, ", "))
	}
	return missingStart("write in \"scripts\" of "+file+": \"start\": \"node <file that listens on process.env.PORT>\"",
		"cannot tell how to start %s: it has no script \"start\" and no \"main\", there is no server.js, app.js or index.js", file)
}

// migrations returns the command that brings the database up to date.
func (n *nodeApp) migrations(needs []aloft.AddOn) aloft.Command {
	if _, ok := relational(needs); ok && depends(n.all(), "prisma", "@prisma/client") && n.hasDir("prisma/migrations") {
		return run(n.at("prisma/migrations", 0, ""), n.manager.exec("prisma", "migrate", "deploy")...)
	}
	return aloft.Command{}
}

// addAssets builds the assets of an app in another language.
func addAssets(f *folder, app *aloft.App) error {
	if !f.has("package.json") || app.Framework.Value == "jekyll" {
		return nil
	}
	n, err := readNode(f)
	if err != nil {
		return err
	}
	commands := n.build()
	if text, _ := n.script("build"); text == "" && app.Framework.Value != "rails" || len(commands) == 0 {
		return nil
	}
	if app.Framework.Value == "rails" { // it runs the script itself
		commands = commands[:1]
	}
	at := 0
	if app.Package.Value == "composer" || app.Package.Value == "bundler" { // assets come from packages too
		at = min(len(app.Build), map[string]int{"composer": 1, "bundler": 2}[app.Package.Value])
	}
	app.Build = append(append(append([]aloft.Command{}, app.Build[:at]...), commands...), app.Build[at:]...)
	app.Toolchains = append(app.Toolchains, n.toolchains()...)
	return nil
}
