package blueprint

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Draft is choices on their way: what somebody has filled into a form so far.
type Draft struct {
	Choices  Choices    // complete and settled
	App      int        // index of the app that the form edits
	Changed  Violations // what was chosen before and no longer goes; it was chosen anew
	Problems Violations // what is wrong

	network bool // chosen by somebody
}

// The parameters that a form has besides those of FromQuery.
const (
	draftName = "app-name" // name of the edited app
	draftAt   = "at"       // its index among the others
	draftWas  = "was"      // the edited app as the form was shown with it, by Draft.Was
	draftDo   = "do"       // add, edit-<index> or remove-<index>

	draftNetwork = "usual-network" // what Draft.UsualNetwork was when the form was shown
)

// draftProject is the name of a project until somebody chooses one.
const draftProject = "my-project"

// DraftOf reads a form: the parameters of FromQuery, where those of an only app
// are of the app that is edited and each app is one of the others; app-name and
// at are the name and the place of the edited one, and was what Was returned
// before, and usual-network what UsualNetwork did; do is what a button says: add,
// edit-<index> or remove-<index>.
func DraftOf(query url.Values) Draft {
	query = maps.Clone(query)
	form := map[string]string{}
	for _, name := range []string{draftName, draftAt, draftWas, draftDo, draftNetwork} {
		form[name] = query.Get(name)
		delete(query, name)
	}
	r := &queryReader{query: query}
	r.known()
	d := Draft{Choices: r.project()}
	if !query.Has("name") {
		d.Choices.Name = draftProject
	}
	if d.Choices.Network == form[draftNetwork] {
		d.Choices.Network = ""
	}
	d.network = d.Choices.Network != ""
	edited := d.Choices.follow(r.app(), form[draftWas])
	d.Choices.Apps = append(d.Choices.Apps, r.apps()...)
	if edited.Name = form[draftName]; edited != (App{}) || len(d.Choices.Apps) == 0 {
		d.App = index(form[draftAt], len(d.Choices.Apps)+1)
		d.Choices.Apps = slices.Insert(d.Choices.Apps, d.App, edited)
	} else {
		d.App = index(form[draftAt], len(d.Choices.Apps))
	}
	for i := range r.found {
		if name, ok := strings.CutPrefix(r.found[i].Field, "apps[0]."); ok {
			r.found[i].Field = fmt.Sprintf("apps[%d].%s", d.App, name)
		}
	}
	d.do(form[draftDo])
	d.settle()
	d.Problems = append(r.found, d.Choices.Check()...)
	return d
}

// settle chooses anew what no longer goes, and what Azure retires.
func (d *Draft) settle() {
	retired := d.Choices.retired()
	c, _ := d.Choices.Current()
	d.Choices, d.Changed = c.Settle()
	d.Changed = append(retired, d.Changed...)
}

// Was tells what of the edited app is not usual. A form hands it back, so that
// what was usual stays usual: another runtime brings its own hosting.
func (d Draft) Was() string {
	app := d.Choices.shortest().Apps[d.App]
	app.Name = draftWas
	return app.String()
}

// UsualNetwork is the network where nobody has chosen it; "" = somebody has. A form
// hands it back, so that an add-on brings the network that it needs.
func (d Draft) UsualNetwork() string {
	if d.network {
		return ""
	}
	return d.Choices.Network
}

// follow empties what follows from the rest of an app, by what the form was
// shown with.
func (c Choices) follow(a App, was string) App {
	short, err := ParseApp(was)
	if was == "" || err != nil {
		return a
	}
	return short.choose(short.complete(c.Complete()), func(now *App) { *now = a })
}

// choose changes an app as it is shown, which is complete, while a has only what
// is not usual of it. What is usual and was not changed is empty then, and so are
// the size of another hosting and the version of another runtime.
func (a App) choose(shown App, change func(*App)) App {
	changed := shown
	change(&changed)
	for _, s := range appSettings {
		if s.get(&a) == "" && s.get(&changed) == s.get(&shown) {
			_ = s.set(&changed, "")
		}
	}
	if changed.Hosting != "" && changed.Hosting != shown.Hosting && changed.Tier == shown.Tier {
		changed.Tier = ""
	}
	if r, _ := runtimeOf(changed.Runtime); changed.Runtime != shown.Runtime && changed.Version == shown.Version && !slices.Contains(r.versions, changed.Version) {
		changed.Version = ""
	}
	return changed
}

// do carries out what a button says.
func (d *Draft) do(what string) {
	verb, at, _ := strings.Cut(what, "-")
	apps := d.Choices.Apps
	i := index(at, len(apps))
	switch {
	case verb == "add" && len(apps) < MaxApps:
		name := d.freeName()
		d.Choices.Apps = append(apps, App{Name: name, Path: name})
		d.App = len(apps)
	case verb == "edit":
		d.App = i
	case verb == "remove" && len(apps) > 1:
		d.Choices.Apps = slices.Delete(apps, i, i+1)
		d.App = max(0, min(i, len(apps)-2))
	}
}

func (d *Draft) freeName() string {
	for n := 2; ; n++ {
		name := fmt.Sprintf("app-%d", n)
		if !slices.ContainsFunc(d.Choices.Apps, func(a App) bool { return a.Name == name }) {
			return name
		}
	}
}

// index reads an index below n; 0 where it is none.
func index(text string, n int) int {
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= n {
		return 0
	}
	return i
}
