package blueprint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

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
		if c.Database.Kind == kind {
			return c, c.alreadyThere(kind, "database.tier", tier)
		}
		if c.HasDatabase() {
			return c, aloft.Errorf(aloft.CodeConflict, "there is a database already: %s", c.Database.Kind).
				WithHint("a blueprint has one database; to give that up with what is in it: aloft remove %s", c.Database.Kind)
		}
		c.Database = service
	case isKind(addOnKinds, kind):
		if _, there := c.AddOn(kind); there {
			return c, c.alreadyThere(kind, kind+".tier", tier)
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

// alreadyThere tells how the size of a service that is there is changed.
func (c Choices) alreadyThere(kind, key, tier string) error {
	err := aloft.Errorf(aloft.CodeConflict, "%s is there already", kind)
	if tiers := values(Tiers(kind)); c.Target == TargetAzure && len(tiers) > 1 {
		if !slices.Contains(tiers, tier) {
			tier = tiers[1]
		}
		return err.WithHint("its size is changed by: aloft set %s=%s", key, tier)
	}
	return err.WithHint("there is nothing to do")
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

// What Set takes: of the project by the names that Check has for it, of an app by
// those of its parameters.
var (
	projectKeys = []string{"engine", "region", "network", "database.tier", "database.version"}
	appKeys     = []string{"runtime", "version", "hosting", "tier", "packaging", "port", "health", "start", "build", "command", "static"}
)

// Keys lists what Set takes for these choices, as they stand in the file.
func (c Choices) Keys() []string {
	keys := slices.Clone(projectKeys)
	for _, s := range c.AddOns {
		keys = append(keys, s.Kind+".tier")
	}
	for _, a := range c.Apps {
		for _, field := range appKeys {
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
	if err := c.set(key, value); err != nil {
		return c, err
	}
	return c.valid()
}

// set changes the field that a key stands for.
func (c *Choices) set(key, value string) error {
	if i := slices.IndexFunc(projectSettings, func(s setting[Choices]) bool { return s.field == key }); i >= 0 && slices.Contains(projectKeys, key) {
		return projectSettings[i].set(c, value)
	}
	if kind, ok := strings.CutSuffix(key, ".tier"); ok {
		if i := slices.IndexFunc(c.AddOns, func(s Service) bool { return s.Kind == kind }); i >= 0 {
			c.AddOns[i].Tier = value
			return nil
		}
	}
	if i, name := c.appKey(key); i >= 0 {
		return c.Apps[i].set(name, value)
	}
	return aloft.Errorf(aloft.CodeInvalid, "%q cannot be set: one of %s", key, strings.Join(c.Keys(), ", "))
}

// appKey returns the index of the app that a key is of, and the name of its
// parameter; -1 for other keys. The only app needs no name.
func (c Choices) appKey(key string) (int, string) {
	owner, name, dotted := strings.Cut(key, ".")
	i := slices.IndexFunc(c.Apps, func(a App) bool { return a.Name == owner })
	if !dotted && len(c.Apps) == 1 {
		i, name = 0, owner
	}
	_, addOn := c.AddOn(owner)
	if slices.Contains(projectKeys, key) || addOn && name == "tier" || !slices.Contains(appKeys, name) {
		return -1, ""
	}
	return i, name
}

// set changes a field by the name of its parameter, and takes away what followed
// from the old value.
func (a *App) set(name, value string) error {
	switch name {
	case "runtime":
		*a = App{Name: a.Name, Path: a.Path, Health: a.Health}
	case "hosting":
		a.Tier, a.Packaging, a.Port, a.Start = "", "", 0, ""
	case "packaging":
		a.Port, a.Start = 0, ""
	}
	s, _ := settingOf(appSettings, name)
	if err := s.set(a, value); err != nil || name == "port" && fmt.Sprint(a.Port) != value {
		return aloft.Errorf(aloft.CodeInvalid, "%s: %q is no port: 1 to 65535", name, value)
	}
	return nil
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
	if i, field := c.appKey(key); i >= 0 && field == "tier" {
		name = appModule(c.Apps[i].Name) + "_tier"
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
	wrong := key + " is the same in every environment"
	if own := known[2:]; len(own) > 0 {
		wrong += "; one environment can have its own " + strings.Join(own, ", ")
	}
	return "", aloft.Errorf(aloft.CodeInvalid, "%s", wrong)
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

// Variable returns the value that a .tfvars file gives a variable; "" = none that is a
// plain text or number.
func Variable(name string, data []byte, variable string) string {
	file, diagnostics := hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return ""
	}
	attribute, there := file.Body.(*hclsyntax.Body).Attributes[variable]
	if !there {
		return ""
	}
	given, diagnostics := attribute.Expr.Value(nil)
	text, err := convert.Convert(given, cty.String)
	if diagnostics.HasErrors() || err != nil || text.IsNull() || !text.IsKnown() {
		return ""
	}
	return text.AsString()
}
