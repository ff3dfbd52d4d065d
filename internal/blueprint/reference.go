package blueprint

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Reference returns every option as Markdown: values, defaults, costs, and what
// does not go with what. It is made from the catalog and the rules.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString(`# Options

Made by ` + "`aloft reference options`" + `. The first value of a list is the usual one. The same
names are flags of ` + "`aloft init`" + `, parameters of ` + "`/generate`" + ` and, in the second column,
fields of its JSON. A cost is what the smallest size costs a month when it runs all the
time, in round figures:

`)
	writeTable(&b, "cost", "means", costMeanings)
	b.WriteString("\n## Of the project\n\n")
	writeSettings(&b, projectSettings, Choices{}, projectValues)
	b.WriteString("| `add-on` | `addOns` | Further services, `KIND` or `KIND=TIER`, with commas or repeated; `none` for none | [below](#add-ons) | what the apps depend on |\n")
	b.WriteString("\n## Of an app\n\n`app` describes one of several and may be repeated: `--app web:path=services/web,runtime=node`.\nWithout it the settings are those of the only app.\n\n")
	writeSettings(&b, appSettings, App{}, appValues)
	b.WriteString("\n## Runtimes\n\nHow each hosting takes a runtime; – where it does not. The versions listed are those of\n" +
		"archives in a web app and of functions. Any will do, such as `1.26` or `1.26.3`, in an\n" +
		"image, on the local target, and where a version is only built with: for a `static-web-app`\n" +
		"and for functions of `go` and `quarkus-native`.\n\n")
	writeRuntimes(&b)
	b.WriteString("\n## Hostings\n\n")
	writeKinds(&b, hostingKinds)
	b.WriteString("\n## Databases\n\n")
	writeKinds(&b, databaseKinds[1:])
	b.WriteString("\n## Add-ons\n\n")
	writeKinds(&b, addOnKinds)
	b.WriteString("\n## Targets, engines, networks, packagings\n\n| option | value | what it is |\n|---|---|---|\n")
	for _, list := range []struct {
		name    string
		options []Option
	}{{"target", Targets()}, {"engine", Engines()}, {"network", Networks()}, {"packaging", Packagings()}} {
		for _, o := range list.options {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", list.name, o.Value, o.Detail)
		}
	}
	b.WriteString("\nThe local target has neither regions, networks, tiers, versions of services nor\npackagings, of databases PostgreSQL only, and no add-ons: choices of those are answered\nwith a notice, or refused.\n")
	b.WriteString("\n## Regions\n\nWithout zones a database has no standby; without a second region its backups stay.\nBlob storage is refused a tier that the region cannot keep.\n\n| region | | zones | second region | static web apps are managed in |\n|---|---|---|---|---|\n")
	for _, r := range azureRegions {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.Value, r.Title, yesNo(r.zones), yesNo(r.pair), r.static)
	}
	return b.Bytes()
}

var costMeanings = [][2]string{
	{string(CostFree), "nothing"},
	{string(CostUsage), "by what is used: next to nothing when idle"},
	{string(CostLow), "up to 30 USD"},
	{string(CostMedium), "up to 150 USD"},
	{string(CostHigh), "up to 600 USD"},
	{string(CostTop), "more than that"},
}

func writeTable(b *bytes.Buffer, left, right string, rows [][2]string) {
	fmt.Fprintf(b, "| %s | %s |\n|---|---|\n", left, right)
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", row[0], row[1])
	}
}

// valuesOf are what a setting takes, and what it is when nobody chooses.
type valuesOf map[string]struct{ values, usual string }

var projectValues = valuesOf{
	"name":             {"", "that of the git remote `aloft`, else that of the folder"},
	"target":           {quotedAll(Targets()), ""},
	"engine":           {quotedAll(Engines()), ""},
	"region":           {"[below](#regions)", ""},
	"network":          {quotedAll(Networks()), "`private` where Redis or MongoDB is chosen, else `public`"},
	"database":         {quotedAll(Databases()), "what the apps depend on"},
	"database-tier":    {"[below](#databases)", "the first of its database"},
	"database-version": {"[below](#databases)", "the first of its database"},
}

var appValues = valuesOf{
	"path":       {"", "the root"},
	"runtime":    {"[below](#runtimes)", "what the files say"},
	"version":    {"[below](#runtimes)", "what the files say, else the first"},
	"build-tool": {quotedAll(BuildTools("java")), "what the files say"},
	"hosting":    {quotedAll(Hostings(TargetAzure)), "the bold one [below](#runtimes)"},
	"tier":       {"[below](#hostings)", "the first of its hosting"},
	"packaging":  {quotedAll(Packagings()), "what the hosting takes, `archive` first"},
	"port":       {"1 to 65535, of an image", "[below](#runtimes)"},
	"health":     {"", "what the files say, else `/`"},
	"start":      {"one line of ASCII, for an archive in a web app", "what the host finds"},
}

func writeSettings[T any](b *bytes.Buffer, list []setting[T], empty T, about valuesOf) {
	b.WriteString("| name | JSON | what it is | values | default |\n|---|---|---|---|---|\n")
	usual := any(empty)
	if c, ok := usual.(Choices); ok {
		usual = c.Complete()
	}
	known := usual.(T)
	for _, s := range list {
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", s.name, s.field, meaning(reflect.TypeFor[T](), s.field),
			about[s.name].values, cmp.Or(about[s.name].usual, quoted(s.get(&known))))
	}
}

// meaning is what a field's tag tells of it.
func meaning(of reflect.Type, field string) string {
	name, rest, inside := strings.Cut(field, ".")
	for i := range of.NumField() {
		f := of.Field(i)
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != name {
			continue
		}
		if inside && rest != "kind" {
			return meaning(f.Type, rest)
		}
		return f.Tag.Get("doc")
	}
	return ""
}

// writeRuntimes writes how each hosting takes each runtime, by asking the rules.
func writeRuntimes(b *bytes.Buffer) {
	b.WriteString("| runtime | | versions | port |")
	for _, h := range hostingKinds {
		fmt.Fprintf(b, " %s |", h.Value)
	}
	b.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(hostingKinds)) + "\n")
	for _, r := range runtimeKinds {
		versions := quotedAll(plain(r.versions))
		if versions == "" {
			versions = "in its own files"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %d |", r.Value, r.Title, versions, r.port)
		for _, h := range hostingKinds {
			var ways []string
			for _, p := range Packagings() {
				if c := trying(App{Runtime: r.Value, Hosting: h.Value, Packaging: p.Value}); len(c.Check()) == 0 {
					ways = append(ways, p.Value)
				}
			}
			text := cmp.Or(strings.Join(ways, ", "), "–")
			if r.hosting("") == h.Value {
				text = "**" + text + "**"
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
}

func trying(a App) Choices { return Choices{Name: "x", Apps: []App{a}}.Complete() }

// writeKinds writes the tiers of hostings, databases or add-ons.
func writeKinds(b *bytes.Buffer, kinds []kind) {
	b.WriteString("| value | tier | size | cost | what it is | does not go with |\n|---|---|---|---|---|---|\n")
	for _, k := range kinds {
		about := k.Title + "."
		if k.Detail != "" {
			about = k.Title + ": " + k.Detail
		}
		if len(k.versions) > 0 {
			about += " Versions " + quotedAll(plain(k.versions)) + "."
		}
		for i, t := range k.tiers {
			value, detail := "", t.Detail
			if i == 0 {
				value, detail = quoted(k.Value), strings.TrimSpace(about+" "+t.Detail)
			}
			fmt.Fprintf(b, "| %s | `%s` | %s | %s | %s | %s |\n", value, t.Value, t.Title, t.Cost, detail, cmp.Or(strings.Join(k.excluded(t), "; "), "–"))
		}
	}
}

// excluded lists what does not go with a tier, by asking the rules.
func (k kind) excluded(t tier) []string {
	if isKind(hostingKinds, k.Value) {
		return excludedByHost(k, t)
	}
	base := Choices{Name: "x", AddOns: []Service{{Kind: k.Value, Tier: t.Value}}}
	if isKind(databaseKinds, k.Value) {
		base = Choices{Name: "x", Database: Service{Kind: k.Value, Tier: t.Value}}
	}
	var list []string
	public := base
	public.Network = NetworkPublic
	if len(public.Complete().Check()) > 0 {
		list = append(list, "network "+quoted(NetworkPublic))
	}
	for _, h := range hostingKinds {
		for _, host := range h.tiers {
			if r, ok := h.runtime(); ok && len(base.with(App{Runtime: r, Hosting: h.Value, Tier: host.Value})) > 0 {
				list = append(list, quoted(h.Value)+" "+quoted(host.Value))
			}
		}
	}
	return append(list, base.excludedRegions()...)
}

// with returns what is wrong with the choices for that app.
func (c Choices) with(a App) Violations {
	c.Apps = []App{a}
	return c.Complete().Check()
}

// excludedRegions words the regions that are refused by what they lack.
func (c Choices) excludedRegions() []string {
	var list []string
	for _, lack := range []struct {
		name        string
		zones, pair bool
	}{{"regions without zones", false, true}, {"regions without a second one", true, false}} {
		i := slices.IndexFunc(azureRegions, func(r region) bool { return r.zones == lack.zones && r.pair == lack.pair })
		c.Region = azureRegions[i].Value
		if len(c.Complete().Check()) > 0 {
			list = append(list, lack.name)
		}
	}
	return list
}

// runtime is the first runtime that a hosting takes.
func (k kind) runtime() (string, bool) {
	i := slices.IndexFunc(runtimeKinds, func(r runtimeKind) bool {
		return len(trying(App{Runtime: r.Value, Hosting: k.Value}).Check()) == 0
	})
	if i < 0 {
		return "", false
	}
	return runtimeKinds[i].Value, true
}

func excludedByHost(k kind, t tier) []string {
	runtime, _ := k.runtime()
	app := App{Runtime: runtime, Hosting: k.Value, Tier: t.Value}
	var list []string
	if len(Choices{Name: "x", Network: NetworkPrivate}.with(app)) > 0 {
		list = append(list, "network "+quoted(NetworkPrivate))
	}
	var services []string
	for _, database := range databaseKinds[1:] {
		if len(Choices{Name: "x", Database: Service{Kind: database.Value}}.with(app)) > 0 {
			services = append(services, quoted(database.Value))
		}
	}
	for _, addOn := range addOnKinds {
		if len(Choices{Name: "x", AddOns: []Service{{Kind: addOn.Value}}}.with(app)) > 0 {
			services = append(services, quoted(addOn.Value))
		}
	}
	if len(services) > 0 {
		list = append(list, strings.Join(services, ", "))
	}
	return append(list, excludedVersions(k, t)...)
}

// excludedVersions lists versions of runtimes that the hosting takes elsewhere.
func excludedVersions(k kind, t tier) []string {
	var list []string
	for _, r := range runtimeKinds {
		var refused []string
		for _, version := range r.versions {
			a := App{Runtime: r.Value, Version: version, Hosting: k.Value}
			if len(trying(a).Check()) > 0 {
				continue
			}
			if a.Tier = t.Value; len(trying(a).Check()) > 0 {
				refused = append(refused, version)
			}
		}
		if len(refused) > 0 {
			list = append(list, quoted(r.Value)+" "+strings.Join(refused, ", "))
		}
	}
	return list
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func quotedAll(list []Option) string {
	words := make([]string, len(list))
	for i, o := range list {
		words[i] = quoted(o.Value)
	}
	return strings.Join(words, ", ")
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
