package blueprint

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Query returns the shortest parameters that FromQuery and Complete make these
// choices from, such as they are after Complete.
func (c Choices) Query() url.Values {
	c = c.shortest()
	query := url.Values{}
	add := func(name, value string) {
		if value != "" {
			query.Add(name, value)
		}
	}
	for _, s := range projectSettings {
		add(s.name, s.get(&c))
	}
	for _, s := range c.AddOns {
		add(parameterAddOn, s.addOnText())
	}
	if app, only := c.onlyApp(); only {
		for _, s := range appSettings {
			add(s.name, s.get(&app))
		}
		return query
	}
	for _, a := range c.Apps {
		add(parameterApp, a.String())
	}
	return query
}

// InitCommand returns the command line that makes these choices. It names what
// aloft init would else take from the source tree, and of the rest what is not
// usual.
func (c Choices) InitCommand() string {
	full, short := c.Complete(), c.shortest()
	short.Target, short.Database.Kind = full.Target, full.Database.Kind
	args := []string{"aloft", "init"}
	add := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name, aloft.ShellWord(value))
		}
	}
	for _, s := range projectSettings {
		add(s.name, s.get(&short))
	}
	var addOns []string
	for _, s := range short.AddOns {
		addOns = append(addOns, s.addOnText())
	}
	add(parameterAddOn, cmp.Or(strings.Join(addOns, ","), None))
	for i := range short.Apps {
		from, to := full.Apps[i], &short.Apps[i]
		to.Runtime, to.Version, to.BuildTool = from.Runtime, from.Version, from.BuildTool
		if full.Target == TargetAzure {
			to.Hosting = from.Hosting
		}
	}
	if app, only := short.onlyApp(); only {
		for _, s := range appSettings {
			add(s.name, s.get(&app))
		}
	} else {
		for _, a := range short.Apps {
			add(parameterApp, a.String())
		}
	}
	return strings.Join(append(args, "--yes"), " ")
}

// onlyApp returns the app that needs no name: the only one, of the usual name.
func (c Choices) onlyApp() (App, bool) {
	if len(c.Apps) != 1 || c.Apps[0].Name != "" && c.Apps[0].Name != DefaultApp {
		return App{}, false
	}
	return c.Apps[0], true
}

func (s Service) addOnText() string {
	if s.Tier == "" {
		return s.Kind
	}
	return s.Kind + "=" + s.Tier
}

// shortest returns the choices with every field empty that Complete fills in
// the same way.
func (c Choices) shortest() Choices {
	c = c.Complete()
	want := c.key()
	try := func(field *string) {
		kept := *field
		if *field = ""; c.Complete().key() != want {
			*field = kept
		}
	}
	for i := range c.Apps {
		a := &c.Apps[i]
		if port := a.Port; port != 0 {
			if a.Port = 0; c.Complete().key() != want {
				a.Port = port
			}
		}
		for _, field := range []*string{&a.Tier, &a.Packaging, &a.Hosting, &a.Version, &a.BuildTool, &a.Runtime, &a.Path} {
			try(field)
		}
	}
	for i := range c.AddOns {
		try(&c.AddOns[i].Tier)
		try(&c.AddOns[i].Version)
	}
	for _, field := range []*string{&c.Database.Tier, &c.Database.Version, &c.Database.Kind, &c.Network, &c.Region, &c.Engine, &c.Target} {
		try(field)
	}
	return c
}

// Equal reports whether all fields are the same.
func (c Choices) Equal(other Choices) bool { return c.key() == other.key() }

// key writes all fields, for comparison.
func (c Choices) key() string {
	var text strings.Builder
	write := func(value string) {
		text.WriteString(value)
		text.WriteByte(0)
	}
	for _, s := range projectSettings {
		write(s.get(&c))
	}
	for _, s := range c.AddOns {
		write(s.Kind + "=" + s.Tier + "=" + s.Version)
	}
	for _, a := range c.Apps {
		write(a.Name)
		for _, s := range appSettings {
			write(s.get(&a))
		}
	}
	return text.String()
}
