package blueprint

import (
	"cmp"
	"fmt"
	"strconv"
)

// setting is a field of choices under the name that it has as a flag and as a
// parameter. Empty text is an empty field.
type setting[T any] struct {
	name  string
	field string // as Check names it
	get   func(*T) string
	set   func(*T, string) error
}

func textSetting[T any](name, field string, of func(*T) *string) setting[T] {
	return setting[T]{name, field,
		func(t *T) string { return *of(t) },
		func(t *T, text string) error { *of(t) = text; return nil }}
}

// projectSettings are the fields that a project has once, add-ons aside.
var projectSettings = []setting[Choices]{
	textSetting("name", "name", func(c *Choices) *string { return &c.Name }),
	textSetting("target", "target", func(c *Choices) *string { return &c.Target }),
	textSetting("engine", "engine", func(c *Choices) *string { return &c.Engine }),
	textSetting("region", "region", func(c *Choices) *string { return &c.Region }),
	textSetting("network", "network", func(c *Choices) *string { return &c.Network }),
	textSetting("database", "database.kind", func(c *Choices) *string { return &c.Database.Kind }),
	textSetting("database-tier", "database.tier", func(c *Choices) *string { return &c.Database.Tier }),
	textSetting("database-version", "database.version", func(c *Choices) *string { return &c.Database.Version }),
}

// appSettings are the fields of an app, its name aside.
var appSettings = []setting[App]{
	textSetting("path", "path", func(a *App) *string { return &a.Path }),
	textSetting("runtime", "runtime", func(a *App) *string { return &a.Runtime }),
	textSetting("version", "version", func(a *App) *string { return &a.Version }),
	textSetting("build-tool", "buildTool", func(a *App) *string { return &a.BuildTool }),
	textSetting("hosting", "hosting", func(a *App) *string { return &a.Hosting }),
	textSetting("tier", "tier", func(a *App) *string { return &a.Tier }),
	textSetting("packaging", "packaging", func(a *App) *string { return &a.Packaging }),
	{"port", "port", portText, setPort},
	textSetting("health", "health", func(a *App) *string { return &a.Health }),
	textSetting("start", "start", func(a *App) *string { return &a.Start }),
	textSetting("build", "build", func(a *App) *string { return &a.Build }),
	textSetting("command", "command", func(a *App) *string { return &a.Command }),
	textSetting("static", "static", func(a *App) *string { return &a.Static }),
}

func portText(a *App) string {
	if a.Port == 0 {
		return ""
	}
	return strconv.Itoa(a.Port)
}

func setPort(a *App, text string) error {
	port, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 16)
	if err != nil || port == 0 && text != "" {
		return fmt.Errorf("is no port: 1 to 65535")
	}
	a.Port = int(port)
	return nil
}

func settingOf[T any](list []setting[T], name string) (setting[T], bool) {
	for _, s := range list {
		if s.name == name {
			return s, true
		}
	}
	return setting[T]{}, false
}

func names[T any](list []setting[T]) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = s.name
	}
	return all
}

// The parameters that may be repeated.
const (
	parameterAddOn = "add-on"
	parameterApp   = "app"
)

// Parameters lists what a query may hold, which is what the flags of aloft init
// are as well.
func Parameters() []string {
	return append(append(names(projectSettings), parameterAddOn, parameterApp), names(appSettings)...)
}
