package detect

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// cargoTarget keeps what Cargo has compiled with the other caches of a build:
// below HOME, which builds of a project share.
const cargoTarget = `"${CARGO_TARGET_DIR:-$HOME/.cache/cargo-target}"`

func foundRust(f *folder) bool { return f.has("Cargo.toml") }

// crate is a package of Cargo and the programs it yields.
type crate struct {
	folder  *folder
	path    string // from the app's folder
	cargo   *value
	program string
	others  []string
}

func detectRust(f *folder) (aloft.App, error) {
	cargo, err := f.readTOML("Cargo.toml")
	if err != nil {
		return aloft.App{}, err
	}
	from := f.at("Cargo.toml", 0, "")
	app := aloft.App{Runtime: aloft.Setting{Source: from}, Toolchains: []aloft.Toolchain{toolchain("cargo", from)}}
	app.Version = rustVersion(f, cargo)
	crates, err := f.crates(cargo)
	if err != nil {
		return app, err
	}
	c, err := chooseCrate(f, crates)
	if err != nil {
		return app, err
	}
	dependencies := c.dependencies(cargo)
	f.home, f.dependencies = c.folder, dependencies
	app.AddOns = addOns(dependencies, rustAddOn)
	app.Framework = framework(dependencies, "axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "loco-rs", "hyper")
	locked := ""
	for _, at := range append([]*folder{f}, f.parents()...) {
		if at.has("Cargo.lock") {
			locked = "--locked "
			break
		}
	}
	text := fmt.Sprintf("cargo install %s--no-track --path %s --root .aloft --target-dir %s", locked, aloft.ShellWord(c.path), cargoTarget)
	if f.procfile.mentions("target/release") {
		text = "cargo build " + locked + "--release"
	}
	app.Build = []aloft.Command{shell(text, c.folder.at("Cargo.toml", 0, ""))}
	source := c.folder.at("Cargo.toml", c.cargo.get("package", "name").at(), "")
	program := ".aloft/bin/" + c.program
	app.Start = run(source, program)
	if app.Framework.Value == "rocket" {
		app.Start = shell("ROCKET_ADDRESS="+bindHost+" ROCKET_PORT=$PORT exec "+aloft.ShellWord(program), source)
	}
	return app, nil
}

// crates returns the packages with programs: of the folder and of its workspace.
func (f *folder) crates(cargo *value) ([]crate, error) {
	var crates []crate
	add := func(at *folder, place string, cargo *value) {
		if cargo.get("package") == nil {
			return
		}
		if programs := at.programs(cargo); len(programs) > 0 {
			crates = append(crates, crate{at, place, cargo, programs[0], programs[1:]})
		}
	}
	add(f, ".", cargo)
	if len(crates) > 0 {
		return crates, nil
	}
	seen := map[string]bool{}
	for _, member := range cargo.get("workspace", "members").list() {
		for _, place := range f.expand(member.string()) {
			if seen[place] {
				continue
			}
			seen[place] = true
			at := f.sub(place)
			if at == nil || !at.has("Cargo.toml") {
				continue
			}
			memberCargo, err := at.readTOML("Cargo.toml")
			if err != nil {
				return nil, err
			}
			add(at, place, memberCargo)
		}
	}
	return crates, nil
}

// expand returns the folders that a pattern such as crates/* names.
func (f *folder) expand(pattern string) []string {
	pattern = path.Clean(pattern)
	parent, last := path.Split(pattern)
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}
	}
	at := f.sub(path.Clean(parent))
	if at == nil || strings.ContainsAny(parent, "*?[") {
		return nil
	}
	var places []string
	for _, name := range at.dirs() {
		if match, err := path.Match(strings.ReplaceAll(last, "**", "*"), name); err == nil && match {
			places = append(places, path.Join(parent, name))
		}
	}
	return places
}

// programs returns the names of a crate's programs, the one to start first.
func (f *folder) programs(cargo *value) []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	name := cargo.get("package", "name").string()
	add(cargo.get("package", "default-run").string())
	if f.has("src/main.rs") {
		add(name)
	}
	for _, bin := range cargo.get("bin").list() {
		add(bin.get("name").string())
	}
	if bins := f.sub("src/bin"); bins != nil {
		for _, file := range bins.glob("*.rs") {
			add(strings.TrimSuffix(file, ".rs"))
		}
	}
	if cargo.get("package", "default-run") == nil {
		if i := slices.Index(names, name); i > 0 {
			names[0], names[i] = names[i], names[0]
		}
	}
	return names
}

func chooseCrate(f *folder, crates []crate) (crate, error) {
	if len(crates) == 0 {
		return crate{}, missingStart(manifestLines("path: <folder of the crate>"),
			"cannot start %s: it has no program, there is no src/main.rs and no [[bin]]", f.path("Cargo.toml"))
	}
	first := crates[0]
	if len(crates) > 1 {
		var places []string
		for _, c := range crates {
			places = append(places, c.path)
		}
		return crate{}, missingStart(manifestLines("path: "+path.Join(f.dir, places[0])),
			"cannot choose the crate of %s to start: there are %s", f.path("Cargo.toml"), strings.Join(places, ", "))
	}
	name, main := first.cargo.get("package", "name").string(), first.cargo.get("package", "default-run") != nil
	if len(first.others) > 0 && !main && first.program != name {
		return crate{}, missingStart("write in [package] of "+first.folder.path("Cargo.toml")+": default-run = \""+first.program+"\"",
			"cannot choose the program of %s to start: there are %s", first.folder.path("Cargo.toml"),
			strings.Join(append([]string{first.program}, first.others...), ", "))
	}
	return first, nil
}

// dependencies returns the crates that a crate needs; features that choose a
// driver count as crates named name/feature.
func (c crate) dependencies(root *value) []dependency {
	var list []dependency
	table := c.cargo.get("dependencies")
	for _, name := range table.names() {
		v := table.get(name)
		list = append(list, dependency{name, c.folder.path("Cargo.toml"), v.at()})
		features := v.get("features").list()
		if v.get("workspace").string() == "true" {
			features = append(features, root.get("workspace", "dependencies", name, "features").list()...)
		}
		for _, feature := range features {
			list = append(list, dependency{name + "/" + feature.string(), c.folder.path("Cargo.toml"), v.at()})
		}
	}
	return list
}

func rustVersion(f *folder, cargo *value) aloft.Setting {
	for _, name := range []string{"rust-toolchain.toml", "rust-toolchain"} {
		text := f.text(name)
		if root, _, err := parseTOML([]byte(text)); err == nil && text != "" {
			if channel := root.get("toolchain", "channel"); channel != nil {
				return f.version(channel.string(), name, channel.at())
			}
		} else if line, number := firstLine(text); line != "" {
			return f.version(line, name, number)
		}
	}
	if v := f.versionFile(nil, "rust"); v.Value != "" {
		return v
	}
	version := cargo.get("package", "rust-version")
	return f.version(version.string(), "Cargo.toml", version.at())
}

func rustAddOn(name string) string {
	switch name {
	case "tokio-postgres", "postgres", "sqlx/postgres", "diesel/postgres", "sea-orm/sqlx-postgres", "diesel-async/postgres", "deadpool-postgres", "bb8-postgres",
		"sqlx-postgres", "r2d2_postgres":
		return postgresql
	case "mysql", "mysql_async", "sqlx/mysql", "diesel/mysql", "sea-orm/sqlx-mysql":
		return mysql
	case "tiberius":
		return sqlserver
	case "mongodb":
		return mongodb
	case "redis", "fred", "deadpool-redis", "bb8-redis", "redis-async", "apalis-redis":
		return redis
	case "lapin":
		return rabbitmq
	case "rdkafka":
		return kafka
	case "elasticsearch":
		return elasticsearch
	case "aws-sdk-s3", "rust-s3", "azure_storage_blobs", "azure_storage_blob", "object_store/azure", "object_store/aws":
		return bucket
	case "azure_security_keyvault_secrets", "azure_security_keyvault":
		return keyVault
	case "opentelemetry-application-insights", "appinsights":
		return insights
	}
	return ""
}
