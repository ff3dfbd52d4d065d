package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// entryNames are where an app's object is looked for, in this order.
func entryNames() []string {
	return []string{"main.py", "app.py", "wsgi.py", "asgi.py", "server.py", "application.py", "api.py", "run.py", "__init__.py"}
}

// findEntry looks for the object that a rule describes, or for a factory: in
// the folder, in src, and in the packages of both.
func (p *pythonApp) findEntry(rule *regexp.Regexp) (entry, bool) {
	for _, look := range []func(*folder, string, *regexp.Regexp) (entry, bool){p.objectIn, p.factoryIn} {
		for _, within := range []string{"", "src"} {
			root := p.folder
			if within != "" {
				if root = p.sub(within); root == nil {
					continue
				}
			}
			places := []string{""}
			if within == "" || !root.has("__init__.py") {
				places = append(places, root.packages()...)
			}
			for _, place := range places {
				at := root
				if place != "" {
					at = root.sub(place)
				}
				if e, ok := look(at, strings.ReplaceAll(place, "/", "."), rule); ok {
					e.within = within
					return e, true
				}
			}
		}
	}
	return entry{}, false
}

// packages returns the folders that may be packages, at most two deep.
func (f *folder) packages() []string {
	var list []string
	for _, name := range f.dirs() {
		sub := f.sub(name)
		if sub == nil || len(sub.glob("*.py")) == 0 || slices.Contains([]string{"tests", "test", "docs", "migrations", "alembic", "scripts", "src"}, name) || !isDotted(name) {
			continue
		}
		list = append(list, name)
		for _, below := range sub.dirs() {
			if at := sub.sub(below); at != nil && len(at.glob("*.py")) > 0 && isDotted(below) && below != "tests" {
				list = append(list, name+"/"+below)
			}
		}
	}
	return list
}

func (p *pythonApp) objectIn(at *folder, module string, rule *regexp.Regexp) (entry, bool) {
	for _, name := range entryNames() {
		text := at.text(name)
		if match := rule.FindStringSubmatch(text); match != nil {
			return entry{module: moduleOf(module, name), object: match[1], source: at.at(name, lineOf(text, match[0]), "")}, moduleOf(module, name) != ""
		}
	}
	return entry{}, false
}

func (p *pythonApp) factoryIn(at *folder, module string, rule *regexp.Regexp) (entry, bool) {
	for _, name := range entryNames() {
		text := at.text(name)
		if match := anyFactory.FindStringSubmatch(text); match != nil {
			return entry{
				module: moduleOf(module, name), object: match[1], call: true,
				isAsync: asyncMaker.MatchString(text), source: at.at(name, lineOf(text, match[0]), ""),
			}, moduleOf(module, name) != ""
		}
	}
	return entry{}, false
}

// moduleOf returns the dotted name of a file in a package; "" for the
// __init__.py of no package.
func moduleOf(module, file string) string {
	stem := strings.TrimSuffix(path.Base(file), ".py")
	switch {
	case stem == "__init__":
		return module
	case module == "":
		return stem
	}
	return module + "." + stem
}
