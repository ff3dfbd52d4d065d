package blueprint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/aloft-dev/aloft"
)

// Add returns the choices with a database or an add-on, written as kind or
// kind=tier. A database takes the place of none; another one must be removed
// first. The error is CodeInvalid or CodeConflict.
func (c Choices) Add(word string) (Choices, error) {
	kind, tier, _ := strings.Cut(word, "=")
	service := Service{Kind: kind, Tier: tier}
	switch {
	case isKind(databaseKinds, kind) && kind != None:
		if c.HasDatabase() {
			return c, aloft.Errorf(aloft.CodeConflict, "there is a database already: %s", c.Database.Kind).
				WithHint("aloft remove %s", c.Database.Kind)
		}
		c.Database = service
	case isKind(addOnKinds, kind):
		if _, there := c.AddOn(kind); there {
			return c, aloft.Errorf(aloft.CodeConflict, "%s is there already", kind).
				WithHint("its size is changed by: aloft set %s.tier=%s", kind, Tiers(kind)[0].Value)
		}
		c.AddOns = append(slices.Clone(c.AddOns), service)
	default:
		return c, unknownService(kind)
	}
	if service, needed := c.needsEndpoint(); needed && c.Network == NetworkPublic && service.Value == kind {
		c.Network = NetworkPrivate
	}
	return c.valid()
}

// Remove returns the choices without that database or add-on. The error is
// CodeInvalid for what is not known, CodeNotFound for what is not there.
func (c Choices) Remove(kind string) (Choices, error) {
	i := slices.IndexFunc(c.AddOns, func(s Service) bool { return s.Kind == kind })
	switch {
	case c.HasDatabase() && c.Database.Kind == kind:
		c.Database = Service{Kind: None}
	case i >= 0:
		c.AddOns = slices.Delete(slices.Clone(c.AddOns), i, i+1)
	case isKind(databaseKinds, kind) || isKind(addOnKinds, kind):
		return c, aloft.Errorf(aloft.CodeNotFound, "there is no %s in this project", kind).WithHint("there is: %s", strings.Join(c.serviceKinds(), ", "))
	default:
		return c, unknownService(kind)
	}
	return c.valid()
}

func isKind(list []kind, value string) bool {
	return slices.ContainsFunc(list, func(k kind) bool { return k.Value == value })
}

func (c Choices) serviceKinds() []string {
	if list := c.services()[1:]; len(list) > 0 {
		return list
	}
	return []string{"nothing"}
}

func unknownService(kind string) error {
	return aloft.Errorf(aloft.CodeInvalid, "%q is neither a database nor an add-on: one of %s", kind,
		strings.Join(append(values(Databases())[1:], values(AddOns())...), ", "))
}

func (c Choices) valid() (Choices, error) {
	c = c.Complete()
	return c, c.Check().Err()
}

// Keys lists what Set takes for these choices, sorted as they stand in the file.
func (c Choices) Keys() []string {
	keys := []string{"engine", "region", "network", "database.tier", "database.version"}
	for _, s := range c.AddOns {
		keys = append(keys, s.Kind+".tier")
	}
	for _, a := range c.Apps {
		for _, field := range []string{"runtime", "version", "hosting", "tier", "packaging", "port", "health", "start", "build", "command", "static"} {
			keys = append(keys, a.Name+"."+field)
		}
	}
	return keys
}

// Set returns the choices with another value under a key such as database.tier
// or web.health. What followed from the old value is chosen anew: a hosting
// brings its own tier. The error is CodeInvalid.
func (c Choices) Set(key, value string) (Choices, error) {
	c.Apps, c.AddOns = slices.Clone(c.Apps), slices.Clone(c.AddOns)
	field, err := c.field(key)
	if err != nil {
		return c, err
	}
	if err := field(&c, value); err != nil {
		return c, err
	}
	return c.valid()
}

// field finds what a key stands for.
func (c Choices) field(key string) (func(*Choices, string) error, error) {
	text := func(place func(*Choices) *string) func(*Choices, string) error {
		return func(c *Choices, value string) error { *place(c) = value; return nil }
	}
	switch key {
	case "engine":
		return text(func(c *Choices) *string { return &c.Engine }), nil
	case "region":
		return text(func(c *Choices) *string { return &c.Region }), nil
	case "network":
		return text(func(c *Choices) *string { return &c.Network }), nil
	case "database.tier":
		return text(func(c *Choices) *string { return &c.Database.Tier }), nil
	case "database.version":
		return text(func(c *Choices) *string { return &c.Database.Version }), nil
	}
	owner, name, _ := strings.Cut(key, ".")
	if i := slices.IndexFunc(c.AddOns, func(s Service) bool { return s.Kind == owner }); i >= 0 && name == "tier" {
		return text(func(c *Choices) *string { return &c.AddOns[i].Tier }), nil
	}
	if name == "" && len(c.Apps) == 1 { // the only app needs no name
		owner, name = c.Apps[0].Name, owner
	}
	if i := slices.IndexFunc(c.Apps, func(a App) bool { return a.Name == owner }); i >= 0 {
		if set, ok := appFields[name]; ok {
			return func(c *Choices, value string) error { return set(&c.Apps[i], value) }, nil
		}
	}
	return nil, aloft.Errorf(aloft.CodeInvalid, "%q cannot be set: one of %s", key, strings.Join(c.Keys(), ", "))
}

var appFields = map[string]func(*App, string) error{
	"runtime": func(a *App, v string) error {
		*a = App{Name: a.Name, Path: a.Path, Runtime: v, Health: a.Health}
		return nil
	},
	"version": func(a *App, v string) error { a.Version = v; return nil },
	"hosting": func(a *App, v string) error {
		*a = App{Name: a.Name, Path: a.Path, Runtime: a.Runtime, Version: a.Version, BuildTool: a.BuildTool, Health: a.Health, Hosting: v, Build: a.Build, Command: a.Command, Static: a.Static}
		return nil
	},
	"tier":      func(a *App, v string) error { a.Tier = v; return nil },
	"packaging": func(a *App, v string) error { a.Packaging, a.Port, a.Start = v, 0, ""; return nil },
	"health":    func(a *App, v string) error { a.Health = v; return nil },
	"start":     func(a *App, v string) error { a.Start = v; return nil },
	"build":     func(a *App, v string) error { a.Build = v; return nil },
	"command":   func(a *App, v string) error { a.Command = v; return nil },
	"static":    func(a *App, v string) error { a.Static = v; return nil },
	"port": func(a *App, v string) error {
		if _, err := fmt.Sscanf(v, "%d", &a.Port); err != nil || fmt.Sprint(a.Port) != v {
			return aloft.Errorf(aloft.CodeInvalid, "port: %q is no port: 1 to 65535", v)
		}
		return nil
	},
}

// Input returns the name of the Terraform variable that a key of Set gives its
// value to, and that environments/<environment>.tfvars may give another one. The
// error is CodeInvalid for what is the same in every environment, and for a
// region that main.tf, which they share, is not made for.
func (c Choices) Input(key, value string) (string, error) {
	if _, err := c.Set(key, value); err != nil {
		return "", err
	}
	if key == "region" {
		if err := c.Complete().elsewhere(value); err != nil {
			return "", err
		}
	}
	name := strings.NewReplacer(".", "_", "-", "_").Replace(key)
	if owner, field, _ := strings.Cut(key, "."); field == "tier" || field == "" && key == "tier" {
		for _, a := range c.Apps {
			if a.Name == owner || field == "" {
				name = appModule(a.Name) + "_tier"
			}
		}
	}
	inputs := commonInputs(c)
	if c.Target == TargetAzure {
		inputs = azureInputs(c)
	}
	var known []string
	for _, i := range inputs {
		if i.name == name && name != "project" && name != "environment" {
			return name, nil
		}
		known = append(known, i.name)
	}
	return "", aloft.Errorf(aloft.CodeInvalid, "%s is the same in every environment; one environment can have its own %s", key, strings.Join(known[2:], ", "))
}

// SetVariable gives a variable its value in the text of a .tfvars file, and leaves the rest
// as it is. The error is CodeInvalid when the file cannot be parsed; it names the
// line.
func SetVariable(name string, data []byte, variable, value string) (string, error) {
	file, diagnostics := hclwrite.ParseConfig(data, name, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return "", aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", name, diagnostics)
	}
	if last := bytes.TrimRight(data, " \t"); len(last) > 0 && last[len(last)-1] != '\n' {
		return SetVariable(name, append(bytes.Clone(data), '\n'), variable, value)
	}
	file.Body().SetAttributeValue(variable, cty.StringVal(value))
	return string(hclwrite.Format(file.Bytes())), nil
}
