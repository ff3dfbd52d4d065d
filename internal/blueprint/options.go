package blueprint

import (
	"fmt"
	"slices"
	"strings"
)

// Field is a field of choices with what it may be.
type Field struct {
	Name      string   `json:"name"`      // as Check names it: apps[0].hosting, addOns.redis
	Parameter string   `json:"parameter"` // as a query names it: hosting, add-on
	Value     string   `json:"value"`     // what it is; "" = nothing
	Options   []Choice `json:"options"`
}

// Choice is an option of a field, as things are.
type Choice struct {
	Option
	Reason string `json:"reason,omitempty"` // why it does not go with the other choices; "" = it does
}

// Fields returns every field that has options, each option with the reason why
// it does not go with the other choices. What is free text is not asked about,
// and need not be right. Of add-ons there is one field for each kind, whose
// values are tiers. What is only usual of an app, and fields that only follow from
// an option (versions, packaging, tiers that it does not have), do not stand
// against it: a Draft changes them.
func (c Choices) Fields() []Field { return newTrial(c.Complete().withoutText()).fields() }

// Fields is that of the choices, where a network that is only usual follows from
// add-ons.
func (d Draft) Fields() []Field {
	t := newTrial(d.Choices.Complete().withoutText())
	if d.UsualNetwork() != "" {
		t.network = ""
	}
	return t.fields()
}

func (t trial) fields() []Field {
	fields := []Field{
		t.field("target", "target", Targets(), func(c *Choices) *string { return &c.Target }),
		t.field("engine", "engine", Engines(), func(c *Choices) *string { return &c.Engine }),
	}
	if t.base.Target == TargetAzure {
		fields = append(fields,
			t.field("region", "region", Regions(t.base.Target), func(c *Choices) *string { return &c.Region }),
			t.field("network", "network", Networks(), func(c *Choices) *string { return &c.Network }))
	}
	fields = append(fields, t.field("database.kind", "database", Databases(), func(c *Choices) *string { return &c.Database.Kind }))
	if t.base.Target == TargetAzure {
		kind := t.base.Database.Kind
		fields = append(fields,
			t.field("database.tier", "database-tier", Tiers(kind), func(c *Choices) *string { return &c.Database.Tier }),
			t.field("database.version", "database-version", ServiceVersions(kind), func(c *Choices) *string { return &c.Database.Version }))
	}
	for _, kind := range AddOns() {
		fields = append(fields, t.addOn(kind))
	}
	for i := range t.base.Apps {
		fields = append(fields, t.app(i)...)
	}
	return slices.DeleteFunc(fields, func(f Field) bool { return len(f.Options) == 0 })
}

// Field returns one of Fields by its name.
func (c Choices) Field(name string) (Field, bool) {
	fields := c.Fields()
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// Closed tells which fields of free text of an app cannot be filled in beside the
// other choices, and why; the fields are named as in App.
func (c Choices) Closed(app int) map[string]string {
	t := newTrial(c.Complete())
	closed := map[string]string{}
	for name, fill := range map[string]func(*App){
		"port":    func(a *App) { a.Port = 80 },
		"start":   func(a *App) { a.Start = "x" },
		"build":   func(a *App) { a.Build = "x" },
		"command": func(a *App) { a.Command = "x" },
		"static":  func(a *App) { a.Static = "x" },
	} {
		if reason := t.reason(fmt.Sprintf("apps[%d].%s", app, name), func(c *Choices) { fill(&c.Apps[app]) }); reason != "" {
			closed[name] = strings.TrimPrefix(reason, notToBeChosen)
		}
	}
	return closed
}

// withoutText returns the choices with fields of free text that are right.
func (c Choices) withoutText() Choices {
	c.Name = "x"
	c.Apps = slices.Clone(c.Apps)
	for i := range c.Apps {
		a := &c.Apps[i]
		a.Name, a.Path, a.Health, a.Start, a.Port = fmt.Sprintf("a%d", i), ".", "", "", 0
		a.Build, a.Command, a.Static = "", "", ""
	}
	return c.Complete()
}

// trial tries values out.
type trial struct {
	base    Choices
	wrong   Violations // what is wrong as things are
	short   []App      // the apps without what is usual
	network string     // beside an add-on; "" = what it needs
}

func newTrial(c Choices) trial { return trial{c, c.Check(), c.shortest().Apps, c.Network} }

func (t trial) field(name, parameter string, options []Option, of func(*Choices) *string) Field {
	base := t.base
	f := Field{Name: name, Parameter: parameter, Value: *of(&base)}
	for _, o := range options {
		f.Options = append(f.Options, Choice{o, t.reason(name, func(c *Choices) { *of(c) = o.Value })})
	}
	return f
}

func (t trial) app(i int) []Field {
	a := t.base.Apps[i]
	field := func(name, parameter string, options []Option, of func(*App) *string) Field {
		f := Field{Name: fmt.Sprintf("apps[%d].%s", i, name), Parameter: parameter, Value: *of(&a)}
		for _, o := range options {
			f.Options = append(f.Options, Choice{o, t.reason(f.Name, func(c *Choices) {
				c.Apps[i] = t.short[i].choose(a, func(a *App) { *of(a) = o.Value })
			})})
		}
		return f
	}
	fields := []Field{
		field("runtime", "runtime", Runtimes(), func(a *App) *string { return &a.Runtime }),
		field("version", "version", a.versions(), func(a *App) *string { return &a.Version }),
		field("buildTool", "build-tool", BuildTools(a.Runtime), func(a *App) *string { return &a.BuildTool }),
		field("hosting", "hosting", Hostings(t.base.Target), func(a *App) *string { return &a.Hosting }),
	}
	if t.base.Target == TargetAzure {
		fields = append(fields,
			field("tier", "tier", Tiers(a.Hosting), func(a *App) *string { return &a.Tier }),
			field("packaging", "packaging", Packagings(), func(a *App) *string { return &a.Packaging }))
	}
	return fields
}

// addOn is the field of a kind of add-on: its tiers where the target has them.
func (t trial) addOn(kind Option) Field {
	name := "addOns." + kind.Value
	f := Field{Name: name, Parameter: parameterAddOn}
	if s, ok := t.base.AddOn(kind.Value); ok {
		f.Value = s.addOnText()
	}
	tiers := []Option{{Title: kind.Title, Detail: kind.Detail}}
	if t.base.Target == TargetAzure {
		tiers = Tiers(kind.Value)
	}
	for _, o := range tiers {
		service := Service{Kind: kind.Value, Tier: o.Value}
		o.Value = service.addOnText()
		f.Options = append(f.Options, Choice{o, t.reason(name, func(c *Choices) {
			c.Network = t.network
			c.AddOns = append(slices.DeleteFunc(slices.Clone(c.AddOns), func(s Service) bool { return s.Kind == kind.Value }), service)
		})})
	}
	return f
}

// reason tells what a change would break that is right now.
func (t trial) reason(field string, change func(*Choices)) string {
	c := t.base
	c.Apps = slices.Clone(c.Apps)
	change(&c)
	c, _ = c.settle(field)
	for _, v := range c.Check() {
		if v.Field != field && slices.ContainsFunc(t.wrong, func(old Violation) bool { return old.Field == v.Field && old.Rule == v.Rule }) {
			continue
		}
		return v.reason(field)
	}
	return ""
}

// reason words a violation for somebody who is about to choose a field.
func (v Violation) reason(field string) string {
	if v.Field == field {
		return v.Rule
	}
	name := v.Field
	if _, last, ok := strings.Cut(name, "]."); ok {
		name = last
	}
	text := fmt.Sprintf("%s %s %s", name, v.Value, v.Rule)
	if len(v.Allowed) > 0 {
		text += "; it goes with " + name + " " + strings.Join(v.Allowed, ", ")
	}
	return text
}

// Settle returns complete choices in which what follows from others goes with
// them: a version, a packaging or a tier that an earlier choice left behind is
// chosen anew. It tells what was changed so.
func (c Choices) Settle() (Choices, Violations) { return c.settle("") }

// settle leaves the named field as it is.
func (c Choices) settle(keep string) (Choices, Violations) {
	c = c.Complete()
	var changed Violations
	for range 4 { // what one change brings may be changed again: target, hosting, packaging, port
		moved := false
		for _, v := range c.Check() {
			if v.Field == keep {
				continue
			}
			if field := c.following(v); field != nil {
				field()
				changed, moved = append(changed, v), true
			}
		}
		if !moved {
			break
		}
		c = c.Complete()
	}
	return c, changed
}

// following returns what empties the field of a violation, if that is one that
// only follows from others.
func (c *Choices) following(v Violation) func() {
	empty := func(field *string) func() { return func() { *field = "" } }
	unknown := func(options []Option) bool { return !slices.Contains(values(options), v.Value) }
	switch v.Field {
	case "region", "network":
		if c.Target != TargetAzure {
			return map[string]func(){"region": empty(&c.Region), "network": empty(&c.Network)}[v.Field]
		}
	case "database.tier":
		return empty(&c.Database.Tier)
	case "database.version":
		return empty(&c.Database.Version)
	}
	var i int
	if n, _ := fmt.Sscanf(v.Field, "addOns[%d]", &i); n == 1 && strings.HasSuffix(v.Field, ".tier") {
		return empty(&c.AddOns[i].Tier)
	}
	if n, _ := fmt.Sscanf(v.Field, "apps[%d]", &i); n != 1 || i >= len(c.Apps) {
		return nil
	}
	a := &c.Apps[i]
	_, name, _ := strings.Cut(v.Field, ".")
	switch {
	case name == "version":
		return empty(&a.Version)
	case name == "buildTool":
		return empty(&a.BuildTool)
	case name == "packaging":
		return empty(&a.Packaging)
	case name == "start":
		return empty(&a.Start)
	case name == "build" && a.Runtime == "docker":
		return empty(&a.Build)
	case name == "command" && a.Runtime == "docker":
		return empty(&a.Command)
	case name == "static" && a.Runtime == "docker":
		return empty(&a.Static)
	case name == "port" && a.Packaging != PackagingImage:
		return func() { a.Port = 0 }
	case name == "hosting" && unknown(Hostings(c.Target)):
		return empty(&a.Hosting)
	case name == "tier" && (c.Target != TargetAzure || unknown(Tiers(a.Hosting))):
		return empty(&a.Tier)
	}
	return nil
}
