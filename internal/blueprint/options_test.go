package blueprint_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// reasons returns the options of a field that do not go, with their reasons.
func reasons(t *testing.T, c blueprint.Choices, field string) map[string]string {
	t.Helper()
	f, ok := c.Field(field)
	if !ok {
		t.Fatalf("there is no field %s", field)
	}
	found := map[string]string{}
	for _, o := range f.Options {
		if o.Reason != "" {
			found[o.Value] = o.Reason
		}
	}
	return found
}

func TestFieldsTellWhatDoesNotGo(t *testing.T) {
	app := func(a blueprint.App) blueprint.Choices {
		return blueprint.Choices{Name: "shop", Apps: []blueprint.App{a}}
	}
	free := app(blueprint.App{Runtime: "spring-boot", Hosting: "web-app", Tier: "free"})
	withDatabase := app(blueprint.App{Runtime: "spring-boot", Hosting: "web-app"})
	withDatabase.Database.Kind = "mysql"
	private := app(blueprint.App{})
	private.Network = "private"
	redis := private
	redis.AddOns = []blueprint.Service{{Kind: "redis"}}
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		field   string
		want    map[string]string // value to part of its reason
	}{
		{"hosting of Docker", app(blueprint.App{}), "apps[0].hosting", map[string]string{"function": "has no worker for Docker", "static-web-app": "Docker needs a server"}},
		{"hosting of Spring Boot as an archive", app(blueprint.App{Runtime: "spring-boot", Packaging: "archive"}), "apps[0].hosting", map[string]string{"static-web-app": "needs a server"}},
		{"packaging in a container app", app(blueprint.App{}), "apps[0].packaging", map[string]string{"archive": "does not go with a container app"}},
		{"a size of the same name that cannot join a network", func() blueprint.Choices {
			c := app(blueprint.App{Runtime: "go", Tier: "consumption"})
			c.Database.Kind = "mysql"
			return c
		}(), "apps[0].hosting", map[string]string{"static-web-app": "Go needs a server"}},
		{"runtimes of a function", app(blueprint.App{Runtime: "java", Hosting: "function"}), "apps[0].runtime",
			map[string]string{"docker": "hosting function has no worker for Docker", "php": "no worker for PHP", "ruby": "no worker for Ruby", "static": "no worker for Static files"}},
		{"the free tier beside a database", withDatabase, "apps[0].tier", map[string]string{"free": "cannot join a network, so MySQL would have to be open"}},
		{"databases beside the free tier", free, "database.kind", map[string]string{
			"postgresql": "tier free cannot join a network", "mysql": "tier free cannot join a network", "sql-server": "tier free cannot join a network"}},
		{"a private network beside the free tier", free, "network", map[string]string{"private": "tier free cannot join a network"}},
		{"Redis in public", app(blueprint.App{}), "addOns.redis", map[string]string{
			"redis=basic": "network public leaves Redis open", "redis=standard": "network public leaves Redis open", "redis=premium": "network public leaves Redis open"}},
		{"Redis in private", private, "addOns.redis", map[string]string{}},
		{"the network of Redis", redis, "network", map[string]string{"public": "leaves Redis open to the internet"}},
		{"targets", redis, "target", map[string]string{}},
		{"free text that is wrong does not count", blueprint.Choices{Name: "No Name", Apps: []blueprint.App{{Path: "../x", Start: "\n"}}}, "apps[0].hosting",
			map[string]string{"function": "has no worker for Docker", "static-web-app": "Docker needs a server"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reasons(t, test.choices, test.field)
			for value, reason := range got {
				if want, ok := test.want[value]; !ok || !strings.Contains(reason, want) {
					t.Errorf("%s: %q, want %q", value, reason, want)
				}
			}
			for value := range test.want {
				if got[value] == "" {
					t.Errorf("%s goes", value)
				}
			}
		})
	}
}

func TestClosedTellsWhatCannotBeFilledIn(t *testing.T) {
	for _, test := range []struct {
		name string
		app  blueprint.App
		want map[string]string // field to part of the reason
	}{
		{"an image of a Dockerfile", blueprint.App{}, map[string]string{
			"start": "only an archive in a web app", "build": "it stands in the Dockerfile", "command": "it stands in the Dockerfile", "static": "it stands in the Dockerfile"}},
		{"an archive in a web app", blueprint.App{Runtime: "node"}, map[string]string{"port": "the host tells an archive its port"}},
		{"files that are served", blueprint.App{Runtime: "node", Static: "dist"}, map[string]string{"port": "the host tells", "command": "static dist cannot be chosen"}},
		{"a process", blueprint.App{Runtime: "go", Command: "./x"}, map[string]string{"start": "only an archive", "static": "serves its files itself"}},
		{"text that is wrong", blueprint.App{Name: "No", Runtime: "go", Port: 70_000, Build: "\n"}, map[string]string{"start": "only an archive"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := blueprint.Choices{Apps: []blueprint.App{{Name: "other"}, test.app}}.Closed(1)
			if len(got) != len(test.want) {
				t.Errorf("closed are %v", got)
			}
			for field, reason := range test.want {
				if !strings.Contains(got[field], reason) {
					t.Errorf("%s: %q, want %q", field, got[field], reason)
				}
			}
		})
	}
	local := blueprint.Choices{Target: "local", Apps: []blueprint.App{{Runtime: "node"}}}.Closed(0)
	if len(local) != 2 || !strings.Contains(local["port"], "by PORT") || !strings.Contains(local["start"], "by command") {
		t.Errorf("on the local target closed are %v", local)
	}
}

// TestEveryOptionThatGoesGoes: choosing an option that has no reason against it
// gives choices that are right.
func TestEveryOptionThatGoesGoes(t *testing.T) {
	tried := 0
	for _, runtime := range blueprint.Runtimes() {
		for _, hosting := range append(blueprint.Hostings("azure"), blueprint.Hostings("local")...) {
			for _, network := range []string{"public", "private"} {
				for _, database := range []string{"none", "postgresql"} {
					c := blueprint.Choices{Name: "shop", Network: network, Database: blueprint.Service{Kind: database}, Apps: []blueprint.App{{Runtime: runtime.Value, Hosting: hosting.Value}}}
					if hosting.Value == "local" {
						c.Target, c.Network = "local", ""
					}
					if len(c.Complete().Check()) > 0 {
						continue
					}
					usualNetwork := ""
					if network == "public" && hosting.Value != "local" {
						usualNetwork = "public"
					}
					first := formOf(c)
					first.Set("usual-network", usualNetwork)
					shown := blueprint.DraftOf(first)
					for _, f := range shown.Fields() {
						for _, o := range f.Options {
							query := formOf(c)
							query.Set("was", blueprint.DraftOf(query).Was())
							query.Set("usual-network", usualNetwork)
							query.Set(f.Parameter, o.Value)
							d := blueprint.DraftOf(query)
							if goes := len(d.Problems) == 0; goes != (o.Reason == "") {
								// What is to follow is changed where a form says it, not refused.
								if !goes || !slices.ContainsFunc(d.Changed, func(v blueprint.Violation) bool { return v.Field == f.Name }) {
									t.Errorf("%s: %s = %s: reason %q, problems %v", c.Query().Encode(), f.Name, o.Value, o.Reason, d.Problems)
								}
							}
							tried++
						}
					}
				}
			}
		}
	}
	if tried < 5000 {
		t.Errorf("only %d options were tried", tried)
	}
}

// formOf is what a form of the choices sends: everything, whether usual or not.
func formOf(c blueprint.Choices) url.Values {
	c = c.Complete()
	a := c.Apps[0]
	query := url.Values{}
	for name, value := range map[string]string{
		"name": c.Name, "target": c.Target, "engine": c.Engine, "region": c.Region, "network": c.Network, "database": c.Database.Kind,
		"database-tier": c.Database.Tier, "database-version": c.Database.Version, "app-name": a.Name, "path": a.Path, "runtime": a.Runtime,
		"version": a.Version, "build-tool": a.BuildTool, "hosting": a.Hosting, "tier": a.Tier, "packaging": a.Packaging, "health": a.Health, "start": a.Start,
	} {
		query.Set(name, value)
	}
	for _, s := range c.AddOns {
		query.Add("add-on", s.Kind+"="+s.Tier)
	}
	return query
}

func TestDraft(t *testing.T) {
	for _, test := range []struct {
		name, query string
		want        string // the choices as a query
		app         int
		changed     string
		problem     string
	}{
		{"an empty form", "", "name=my-project", 0, "", ""},
		{"a form that was emptied", "name=", "", 0, "", `name: ""`},
		{"a hosting leaves its packaging behind", "name=x&runtime=spring-boot&hosting=container-app&packaging=archive&tier=basic",
			"hosting=container-app&name=x&runtime=spring-boot", 0, "packaging: \"archive\" does not go with a container app", ""},
		{"a runtime leaves version and build tool behind", "name=x&runtime=go&version=21&build-tool=maven&hosting=container-app&packaging=image",
			"name=x&runtime=go", 0, `version: "21" is not known`, ""},
		{"a target leaves nearly everything behind", "name=x&target=local&runtime=go&region=westeurope&network=private&hosting=web-app&tier=premium&packaging=image&port=80&database=postgresql&database-tier=burstable&database-version=17&add-on=redis%3Dbasic",
			"add-on=redis&database=postgresql&name=x&runtime=go&target=local", 0, "the local target has no regions", ""},
		{"what costs money is not changed", "name=x&runtime=spring-boot&tier=free&database=mysql", "database=mysql&name=x&runtime=spring-boot&tier=free", 0, "", "cannot join a network"},
		{"another runtime brings its own hosting", "name=x&was=was&runtime=static&path=.&hosting=container-app&tier=consumption&packaging=image&port=8080", "name=x&runtime=static", 0, "", ""},
		{"but not where a hosting was chosen", "name=x&was=was:hosting%3Dweb-app&runtime=go&path=.&hosting=web-app&tier=basic&packaging=image&port=8080", "hosting=web-app&name=x&runtime=go", 0, "", ""},
		{"another hosting brings its own size", "name=x&was=was:runtime%3Dgo&runtime=go&path=.&hosting=function&tier=consumption&packaging=image&port=8080&database=mysql", "database=mysql&hosting=function&name=x&runtime=go", 0, "", ""},
		{"and so it does where the size was chosen", "name=x&was=was:runtime%3Djava,tier%3Dpremium&runtime=java&path=.&hosting=function&tier=premium&packaging=archive", "hosting=function&name=x&runtime=java", 0, "", ""},
		{"what was chosen stays chosen", "name=x&was=was:port%3D9000&runtime=go&path=.&hosting=container-app&tier=consumption&packaging=image&port=9000", "name=x&port=9000&runtime=go", 0, "", ""},
		{"a hosting that is chosen now", "name=x&was=was:runtime%3Dspring-boot&runtime=spring-boot&version=21&build-tool=maven&path=.&hosting=container-app&tier=basic&packaging=archive", "hosting=container-app&name=x&runtime=spring-boot", 0, "", ""},
		{"an add-on brings the network that it needs", "name=x&network=public&usual-network=public&add-on=redis", "add-on=redis&name=x", 0, "", ""},
		{"and takes it away", "name=x&network=private&usual-network=private&add-on=", "name=x", 0, "", ""},
		{"a network that was chosen stays", "name=x&network=private&usual-network=public", "name=x&network=private", 0, "", ""},
		{"and stands against add-ons", "name=x&network=public&add-on=redis", "add-on=redis&name=x&network=public", 0, "", "leaves Redis open"},
		{"an app is added", "name=x&app-name=web&runtime=go&do=add", "app=web%3Aruntime%3Dgo&app=app-2%3Apath%3Dapp-2&name=x", 1, "", ""},
		{"another app is edited", "name=x&app-name=b&at=1&runtime=go&app=a&app=c&do=edit-2", "app=a&app=b%3Aruntime%3Dgo&app=c&name=x", 2, "", ""},
		{"an app is removed", "name=x&app-name=b&at=1&app=a&app=c&do=remove-1", "app=a&app=c&name=x", 1, "", ""},
		{"the last app is kept", "name=x&app-name=b&do=remove-0", "app=b&name=x", 0, "", ""},
		{"a link with apps alone", "name=x&app=a&app=c", "app=a&app=c&name=x", 0, "", ""},
		{"a link to one of several apps", "name=x&app=a&app=c&at=1", "app=a&app=c&name=x", 1, "", ""},
		{"a port that is none", "name=x&app-name=b&at=1&port=abc&app=a", "app=a&app=b&name=x", 1, "", `apps[1].port: "abc" is no port`},
		{"a hosting that Azure retires", "name=x&runtime=go&hosting=spring-apps&tier=standard&packaging=archive", "name=x&runtime=go", 0, "a container app takes its place", ""},
		{"an unknown parameter", "name=x&nonsense=1", "name=x", 0, "", `nonsense: "1" is no parameter`},
		{"places that there are none of", "name=x&app-name=b&at=-7&do=edit-99", "app=b&name=x", 0, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			d := blueprint.DraftOf(query)
			if got := d.Choices.Query().Encode(); got != test.want || d.App != test.app {
				t.Errorf("%s at %d, want %s at %d", got, d.App, test.want, test.app)
			}
			if got := d.Changed.Error(); !strings.Contains(got, test.changed) || (test.changed == "") != (got == "") {
				t.Errorf("changed %q, want %q", got, test.changed)
			}
			if got := d.Problems.Error(); !strings.Contains(got, test.problem) || (test.problem == "") != (got == "") {
				t.Errorf("problems %q, want %q", got, test.problem)
			}
		})
	}
}
