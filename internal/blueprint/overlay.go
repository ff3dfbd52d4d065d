package blueprint

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// With returns the proposal with given choices laid over it: what is given wins.
// Given add-ons take the place of those that were found. An only app without a
// name speaks for every app that was found, or for the one in its folder.
func (p Proposal) With(given Choices) Proposal {
	c := &p.Choices
	if given.Database.Kind != "" && given.Database.Kind != c.Database.Kind {
		c.Database = Service{}
	}
	lay(projectSettings, c, given)
	if given.AddOns != nil {
		c.AddOns = given.AddOns
	}
	given.Apps = slices.Clone(given.Apps)
	for i := range given.Apps {
		if a := &given.Apps[i]; a.Path != "" {
			a.Path = path.Clean(a.Path)
		}
	}
	switch {
	case len(given.Apps) == 0:
	case len(given.Apps) == 1 && given.Apps[0].Name == "":
		c.Apps = spoken(c.Apps, given.Apps[0])
	default:
		p.Findings, p.asked = slices.Clone(p.Findings), slices.Clone(p.asked)
		c.Apps = p.named(given.Apps)
	}
	return p.pruned()
}

// spoken lays an app without a name over those that were found.
func spoken(found []App, given App) []App {
	if given.Path != "" {
		i := slices.IndexFunc(found, func(a App) bool { return cmp.Or(a.Path, ".") == given.Path })
		if i < 0 {
			return []App{given}
		}
		found = found[i : i+1]
	}
	if len(found) == 0 {
		return []App{given}
	}
	apps := slices.Clone(found)
	for i := range apps {
		apps[i] = apps[i].with(given)
	}
	return apps
}

// named are the given apps, each over the one of its folder, or without one of its name.
// Nothing but a new name is for the app at the root.
func (p Proposal) named(given []App) []App {
	found, apps := p.Choices.Apps, slices.Clone(given)
	names := map[string]string{}
	for i, a := range apps {
		there := func(f App) bool { return cmp.Or(f.Path, ".") == cmp.Or(a.Path, ".") }
		j := slices.IndexFunc(found, func(f App) bool { return f.Name == a.Name && (a.Path == "" || there(f)) })
		if j < 0 && (a.Path != "" || a.Runtime == "") {
			j = slices.IndexFunc(found, there)
		}
		if j >= 0 {
			apps[i] = found[j].with(a)
			names[found[j].Name] = a.Name
		}
	}
	for _, list := range [][]Finding{p.Findings, p.asked} {
		for i := range list {
			if name, field, ok := strings.Cut(list[i].Field, "."); ok && names[name] != "" {
				list[i].Field = names[name] + "." + field
			}
		}
	}
	return apps
}

// with lays given fields over an app; another runtime or hosting takes what
// followed from the old one away.
func (a App) with(given App) App {
	if given.Runtime != "" && given.Runtime != a.Runtime {
		a = App{Name: a.Name, Path: a.Path}
	}
	usual := a.complete(Choices{Target: TargetAzure})
	if given.Hosting != "" && given.Hosting != usual.Hosting || given.Packaging != "" && given.Packaging != usual.Packaging {
		a.Tier, a.Packaging, a.Port, a.Start = "", "", 0, ""
		if given.Hosting == HostingFunction || given.Hosting == HostingStaticWebApp {
			a.Health = ""
		}
	}
	a.Name = cmp.Or(given.Name, a.Name)
	lay(appSettings, &a, given)
	return a
}

// lay gives every field that is given in the second to the first.
func lay[T any](settings []setting[T], to *T, given T) {
	for _, s := range settings {
		if value := s.get(&given); value != "" {
			_ = s.set(to, value) // it comes from where it was read
		}
	}
}

// pruned leaves out findings that the choices no longer hold.
func (p Proposal) pruned() Proposal {
	p.Findings = slices.DeleteFunc(slices.Clone(p.Findings), func(f Finding) bool { return !p.Choices.holds(f) })
	return p
}

// holds reports whether a finding is still what the choices say.
func (c Choices) holds(f Finding) bool {
	switch f.Field {
	case "database":
		return c.Database.Kind == f.Value
	case "database.version":
		return c.Database.Version == f.Value
	case "add-on":
		_, there := c.AddOn(f.Value)
		return there
	}
	return slices.ContainsFunc(c.Apps, func(a App) bool {
		return slices.ContainsFunc(appSettings, func(s setting[App]) bool { return f.Field == a.Name+"."+s.name && s.get(&a) == f.Value })
	})
}

// Hosted returns the proposal with what other Terraform says of the project, as
// NubesGen's does: it knows where the only app runs and what it needs, the
// source tree knows what the app is.
func (p Proposal) Hosted(m Mapping) Proposal {
	c := m.Choices
	if len(p.Choices.Apps) == 1 && len(c.Apps) == 1 {
		app := p.Choices.Apps[0]
		app.Hosting, app.Tier, app.Packaging = c.Apps[0].Hosting, c.Apps[0].Tier, c.Apps[0].Packaging
		c.Apps = []App{app}
	}
	p.Choices = c
	p.Notices = append(slices.Clone(m.Notices), p.Notices...)
	return p.pruned()
}
