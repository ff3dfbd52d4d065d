package blueprint_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// freeText are choices whose text may be anything that is not refused; harmless is such
// text, by the same fields.
type freeText struct {
	name, region, app, folder, health, start, build, command, tier, version, database string
}

var harmless = freeText{name: "shop", app: "web", folder: "services/web", health: "/healthz", start: "node server.js", build: "npm ci", command: "node server.js"}

func (f freeText) choices(target string) blueprint.Choices {
	app := blueprint.App{Name: f.app, Path: f.folder, Runtime: "node", Tier: f.tier, Version: f.version, Health: f.health, Build: f.build, Command: f.command}
	if target != blueprint.TargetLocal {
		app.Hosting, app.Start = blueprint.HostingWebApp, f.start
	}
	return blueprint.Choices{Name: f.name, Target: target, Region: f.region, Database: blueprint.Service{Kind: f.database}, Apps: []blueprint.App{app}}
}

// FuzzRender: text is refused, or it stands where it belongs and changes nothing of
// what the files are made of.
func FuzzRender(f *testing.F) {
	add := func(t freeText) {
		f.Add(t.name, t.region, t.app, t.folder, t.health, t.start, t.build, t.command, t.tier, t.version, t.database)
	}
	add(harmless)
	for _, text := range []string{
		"${path.module}", "%{ if true }", `" }`, "\"\nresource \"x\" \"y\" {}", "a\nb: c", "'\"'", "# x", "- x", "{{ x }}", "${{ secrets.X }}", "*a", "&a", "!!binary x", "| x", "> x",
		"null", "true", "1e3", "0x1f", "~", "<<EOT", `\u0000`, "\u2028", "a: b", "[a]", "@x", "`id`", "$(id)", "a #b", "%{x", "$${x}", "/$${x}", "/a:b", "/#", "/%41", "/?a=${b}", "..", "../x", "/x", "-x", ": x", "=", "", " x", "x ",
	} {
		add(freeText{text, text, text, text, text, text, text, text, text, text, text})
		for i := range 11 {
			t := harmless
			*[]*string{&t.name, &t.region, &t.app, &t.folder, &t.health, &t.start, &t.build, &t.command, &t.tier, &t.version, &t.database}[i] = text
			add(t)
		}
	}
	f.Fuzz(func(t *testing.T, name, region, app, folder, health, start, build, command, tier, version, database string) {
		text := freeText{name, region, app, folder, health, start, build, command, tier, version, database}
		for _, target := range []string{blueprint.TargetAzure, blueprint.TargetLocal} {
			checkRendered(t, text, target)
		}
	})
}

func checkRendered(t *testing.T, text freeText, target string) {
	t.Helper()
	choices := text.choices(target).Complete()
	files, err := blueprint.Generator{Version: "v1.2.3"}.Render(choices)
	if err != nil {
		if len(choices.Check()) == 0 {
			t.Fatalf("right choices are not rendered: %v", err)
		}
		return
	}
	// The same choices with harmless text where text is free: what is made of
	// blocks and keys must not differ.
	other := choices
	other.Name = harmless.name
	other.Apps = slices.Clone(choices.Apps)
	a := &other.Apps[0]
	for _, field := range []struct {
		place *string
		text  string
	}{{&a.Path, "a/b"}, {&a.Health, "/a"}, {&a.Start, "a"}, {&a.Build, "a"}, {&a.Command, "a"}} {
		if *field.place != "" && *field.place != "." {
			*field.place = field.text
		}
	}
	plain, err := blueprint.Generator{Version: "v1.2.3"}.Render(other)
	if err != nil {
		t.Fatal(err)
	}
	if len(plain) != len(files) {
		t.Fatalf("%d files, with harmless text %d", len(files), len(plain))
	}
	for i, f := range files {
		if f.Path != plain[i].Path || strings.HasPrefix(f.Path, "terraform/modules/") && f.Text != plain[i].Text {
			t.Errorf("%s, with harmless text %s", f.Path, plain[i].Path)
		}
		if got, want := shapeOf(t, f), shapeOf(t, plain[i]); got != want {
			t.Errorf("%s is made of\n%s\nwith harmless text of\n%s", f.Path, got, want)
		}
		checkPlaces(t, f, choices)
	}
}

// shapeOf writes what a file is made of: blocks and arguments, or keys.
func shapeOf(t *testing.T, f blueprint.File) string {
	t.Helper()
	switch path.Ext(f.Path) {
	case ".tf":
		return strings.Join(hclShape(t, f), "\n")
	case ".yaml", ".yml":
		var document any
		if err := yaml.Unmarshal([]byte(f.Text), &document); err != nil {
			t.Fatalf("%s is no YAML: %v\n%s", f.Path, err, f.Text)
		}
		return strings.Join(yamlShape("", document), "\n")
	}
	return ""
}

func hclShape(t *testing.T, f blueprint.File) []string {
	t.Helper()
	file, diagnostics := hclsyntax.ParseConfig([]byte(f.Text), f.Path, hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatalf("%s is no HCL: %v\n%s", f.Path, diagnostics, f.Text)
	}
	var shape []string
	var walk func(place string, body *hclsyntax.Body)
	walk = func(place string, body *hclsyntax.Body) {
		for name, attribute := range body.Attributes {
			var references []string
			for _, traversal := range attribute.Expr.Variables() {
				references = append(references, traversal.RootName())
			}
			shape = append(shape, fmt.Sprintf("%s.%s %T %v", place, name, attribute.Expr, references))
		}
		for _, block := range body.Blocks {
			walk(place+"/"+block.Type+" "+strings.Join(block.Labels, " "), block.Body)
		}
	}
	walk("", file.Body.(*hclsyntax.Body))
	slices.Sort(shape)
	return shape
}

func yamlShape(place string, v any) []string {
	shape := []string{fmt.Sprintf("%s %T", place, v)}
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			shape = append(shape, yamlShape(place+"/"+key, value)...)
		}
	case []any:
		for i, value := range v {
			shape = append(shape, yamlShape(fmt.Sprintf("%s/%d", place, i), value)...)
		}
	}
	slices.Sort(shape)
	return shape
}

// checkPlaces finds the texts where they belong.
func checkPlaces(t *testing.T, f blueprint.File, c blueprint.Choices) {
	t.Helper()
	app := c.Apps[0]
	switch f.Path {
	case blueprint.ManifestFile:
		var m struct {
			Project string
			Apps    map[string]struct{ Path, Build, Start, Health string }
		}
		if err := yaml.Unmarshal([]byte(f.Text), &m); err != nil {
			t.Fatal(err)
		}
		got := m.Apps[app.Name]
		if got.Path == "" {
			got.Path = "."
		}
		if len(m.Apps) != 1 || m.Project != c.Name || got.Path != app.Path || got.Build != app.Build || got.Start != app.Command || got.Health != app.Health {
			t.Errorf("%+v is written as\n%s", app, f.Text)
		}
	case blueprint.RecordFile:
		record, err := blueprint.ParseRecord([]byte(f.Text))
		if err != nil || asJSON(t, record.Choices.Complete()) != asJSON(t, c) {
			t.Errorf("%+v is recorded as\n%s (%v)", c, f.Text, err)
		}
	case ".github/workflows/aloft.yml":
		var w struct{ Env map[string]string }
		if err := yaml.Unmarshal([]byte(f.Text), &w); err != nil || w.Env["ALOFT_PROJECT"] != c.Name {
			t.Errorf("project %q is %q in the workflow (%v)", c.Name, w.Env["ALOFT_PROJECT"], err)
		}
	case "terraform/main.tf":
		want := map[string]string{"health_check_path": app.Health, "start_command": app.Start, "health_path": app.Health}
		for name, value := range appArguments(t, f, app.Name) {
			if text, known := want[name]; known && value != text {
				t.Errorf("%s is %q, want %q", name, value, text)
			}
		}
	}
}

// appArguments returns the texts among the arguments of the app's block.
func appArguments(t *testing.T, f blueprint.File, app string) map[string]string {
	t.Helper()
	file, diagnostics := hclsyntax.ParseConfig([]byte(f.Text), f.Path, hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	texts := map[string]string{}
	found := false
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		if last := block.Labels; len(last) == 0 || last[len(last)-1] != "app_"+strings.ReplaceAll(app, "-", "_") {
			continue
		}
		found = true
		for name, attribute := range block.Body.Attributes {
			if v, diagnostics := attribute.Expr.Value(nil); !diagnostics.HasErrors() && v.Type() == cty.String {
				texts[name] = v.AsString()
			}
		}
	}
	if !found {
		t.Errorf("there is no block of app %s", app)
	}
	return texts
}

// FuzzParseRecord: a record is refused, or can be written and read as the same.
func FuzzParseRecord(f *testing.F) {
	files, err := blueprint.Generator{Version: "v1.2.3"}.Render(harmless.choices(blueprint.TargetAzure))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if file.Path == blueprint.RecordFile {
			f.Add([]byte(file.Text))
		}
	}
	for _, hostile := range []string{"../../x", "/etc/passwd", "a/../../x", ".git/config", ".git/hooks/pre-commit", "a/.GIT/config", `..\x`, "", ".", "terraform", "terraform/../../x", "terraform/.git/config", "README.md", "C:/x", "a\x00b", "-x"} {
		f.Add(fmt.Appendf(nil, "aloft: v1\nchoices: {name: shop, target: local, engine: opentofu, apps: []}\nfiles: {%q: 0123456789012345678901234567890123456789}\n", hostile))
	}
	f.Add([]byte("aloft: v1\nfiles: {a: --help}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := blueprint.ParseRecord(data)
		if err != nil {
			return
		}
		for name, id := range record.Files {
			if name != path.Clean(name) || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsAny(name, "\\\x00") {
				t.Errorf("the path %q is admitted", name)
			}
			for _, part := range strings.Split(name, "/") {
				if strings.EqualFold(part, ".git") {
					t.Errorf("the path %q is admitted", name)
				}
			}
			if len(id) != 40 || strings.Trim(id, "0123456789abcdef") != "" {
				t.Errorf("the id %q is admitted", id)
			}
		}
		written, err := record.File()
		if err != nil {
			t.Fatal(err)
		}
		again, err := blueprint.ParseRecord([]byte(written.Text))
		if err != nil || asJSON(t, again) != asJSON(t, record) {
			t.Errorf("%q became %q (%v)", data, written.Text, err)
		}
	})
}

// FuzzSetVariable: the value is set, and all others stay.
func FuzzSetVariable(f *testing.F) {
	for _, text := range []string{"", "database_tier = \"a\"", "# mine\nx = 1 # one", "a = {\n  database_tier = 1\n}\n", "a = <<EOT\ndatabase_tier = 1\nEOT", "\ufeffa = 1\r\n", "x = 1 /* */", "database_tier {\n}\n"} {
		f.Add([]byte(text), `${x}"`)
	}
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		const variable = "database_tier"
		before, diagnostics := hclsyntax.ParseConfig(data, "x.tfvars", hcl.InitialPos)
		text, err := blueprint.SetVariable("x.tfvars", data, variable, value)
		if err != nil || diagnostics.HasErrors() {
			if (err == nil) == diagnostics.HasErrors() {
				t.Errorf("%q: %v, %v", data, err, diagnostics)
			}
			return
		}
		after, diagnostics := hclsyntax.ParseConfig([]byte(text), "x.tfvars", hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatalf("%q became %q: %v", data, text, diagnostics)
		}
		old, attributes := before.Body.(*hclsyntax.Body), after.Body.(*hclsyntax.Body).Attributes
		if got := valueOf(attributes[variable]); got != cty.StringVal(value).GoString() {
			t.Errorf("%q became %q: the value is %s", data, text, got)
		}
		for name, attribute := range old.Attributes {
			if name != variable && valueOf(attribute) != valueOf(attributes[name]) {
				t.Errorf("%q became %q: %s is another", data, text, name)
			}
			delete(attributes, name)
		}
		if delete(attributes, variable); len(attributes) > 0 || len(old.Blocks) != len(after.Body.(*hclsyntax.Body).Blocks) {
			t.Errorf("%q became %q: there is more", data, text)
		}
	})
}

func valueOf(a *hclsyntax.Attribute) string {
	if a == nil {
		return "none"
	}
	v, diagnostics := a.Expr.Value(nil)
	if diagnostics.HasErrors() {
		return fmt.Sprintf("%T", a.Expr)
	}
	return v.GoString()
}
