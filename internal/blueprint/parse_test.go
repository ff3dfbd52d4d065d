package blueprint_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

func TestFromQuery(t *testing.T) {
	for _, test := range []struct {
		name, query string
		want        blueprint.Choices
	}{
		{"nothing", "", blueprint.Choices{}},
		{"empty values count as not given", "name=&runtime=&add-on=&app=", blueprint.Choices{}},
		{"a project and its only app", "name=shop&target=azure&engine=opentofu&region=westeurope&network=private&runtime=go&version=1.26&hosting=container-app&tier=always-on&packaging=image&port=9000&health=/up&path=web&database=mysql&database-tier=burstable&database-version=8.4",
			blueprint.Choices{Name: "shop", Target: "azure", Engine: "opentofu", Region: "westeurope", Network: "private",
				Database: blueprint.Service{Kind: "mysql", Tier: "burstable", Version: "8.4"},
				Apps:     []blueprint.App{{Path: "web", Runtime: "go", Version: "1.26", Hosting: "container-app", Tier: "always-on", Packaging: "image", Port: 9000, Health: "/up"}}}},
		{"add-ons, repeated and with commas", "add-on=redis%3Dstandard,key-vault&add-on=mongodb",
			blueprint.Choices{AddOns: []blueprint.Service{{Kind: "redis", Tier: "standard"}, {Kind: "key-vault"}, {Kind: "mongodb"}}}},
		{"several apps", "app=api:path%3Dservices/api,runtime%3Dgo&app=" + url.QueryEscape(`site:runtime=static,"start=a,b"`),
			blueprint.Choices{Apps: []blueprint.App{{Name: "api", Path: "services/api", Runtime: "go"}, {Name: "site", Runtime: "static", Start: "a,b"}}}},
		{"an app by its name", "app=api", blueprint.Choices{Apps: []blueprint.App{{Name: "api"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := blueprint.FromQuery(query)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func TestFromQueryRefuses(t *testing.T) {
	for query, want := range map[string]string{
		"runtme=go":               `runtme: "go" is no parameter; one of name, target, engine,`,
		"region=a&region=b":       `region: "a,b" is given more than once`,
		"port=high":               `apps[0].port: "high" is no port: 1 to 65535`,
		"port=70000":              `apps[0].port: "70000" is no port: 1 to 65535`,
		"add-on=redis%3D":         `add-on: "redis=" is no add-on`,
		"add-on=%3Dbasic":         `add-on: "=basic" is no add-on`,
		"app=api&runtime=go":      `app: "api" cannot be given beside parameters of an only app`,
		"app=:runtime%3Dgo":       `app: ":runtime=go" does not begin with the name of the app`,
		"app=runtime%3Dgo":        `app: "runtime=go" does not begin with the name of the app`,
		"app=a:size%3D3":          `app: "a:size=3" has "size=3", which is no name=value; one of path, runtime,`,
		"app=a:runtime":           `app: "a:runtime" has "runtime", which is no name=value`,
		"app=a:port%3D1,port%3D2": `app: "a:port=1,port=2" port is given more than once`,
		"app=a:port%3Dx":          `app: "a:port=x" has "port=x": is no port`,
		"app=a:%22x":              `is not one line of parameters`,
		"app=a:x%3D1%0Ay%3D2":     `is not one line of parameters`,
	} {
		t.Run(query, func(t *testing.T) {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = blueprint.FromQuery(values)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want %q in it", err, want)
			}
			if _, ok := errors.AsType[blueprint.Violations](err); !ok {
				t.Error("the error tells no violations")
			}
		})
	}
}

func TestFromJSON(t *testing.T) {
	got, err := blueprint.FromJSON([]byte(`{"name":"shop","apps":[{"runtime":"go","buildTool":"maven","port":1}],"addOns":[{"kind":"redis"}]}`))
	want := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Runtime: "go", BuildTool: "maven", Port: 1}}, AddOns: []blueprint.Service{{Kind: "redis"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for body, want := range map[string]string{
		``:                         `body: "" is not the JSON object that is wanted: there is none`,
		`[]`:                       `body: "[]" is not the JSON object that is wanted`,
		`null`:                     `body: "null" is not the JSON object`,
		`{`:                        `unexpected EOF`,
		`runtime=go`:               `body: "runtime=go" is not the JSON object`,
		`{}{}`:                     `there is something after the object`,
		`{"regoin":"x"}`:           `regoin: "\"x\"" is no field; one of name, target, engine, region, network, apps, database, addOns`,
		`{"apps":[{},{"size":1}]}`: `apps[1].size: "1" is no field; one of name, path, runtime,`,
		`{"region":7}`:             `region: "7" is no text`,
		`{"region":{"a":"` + strings.Repeat("ä", 90) + `"}}`: `ää…" is no text`,
		`{"apps":[{"port":"8080"}]}`:                         `apps[0].port: "\"8080\"" is no whole number`,
		`{"apps":[{"port":1.5}]}`:                            `apps[0].port: "1.5" is no whole number`,
		`{"apps":{}}`:                                        `apps: "{}" is no list`,
		`{"apps":["go"]}`:                                    `apps[0]: "\"go\"" is no object`,
		`{"database":"mysql"}`:                               `database: "\"mysql\"" is no object`,
		`{"addOns":[{"kind":[]}],"x":null}`:                  "addOns[0].kind: \"[]\" is no text\nx: \"null\" is no field",
	} {
		if _, err := blueprint.FromJSON([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q in it", body, err, want)
		}
	}
}

// commandChoices are choices that a command line and a query must tell apart.
var commandChoices = []struct {
	name    string
	choices blueprint.Choices
	command string
	query   string
}{
	{"a name", blueprint.Choices{Name: "shop"},
		"aloft init --name shop --target azure --database none --add-on none --runtime docker --hosting container-app --yes", "name=shop"},
	{"everything usual", blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: "postgresql", Tier: "burstable", Version: "17"}, Region: blueprint.DefaultRegion,
		Apps: []blueprint.App{{Name: "web", Path: ".", Runtime: "spring-boot", Version: "21", BuildTool: "maven", Hosting: "web-app", Packaging: "archive", Tier: "basic"}}},
		"aloft init --name shop --target azure --database postgresql --add-on none --runtime spring-boot --version 21 --build-tool maven --hosting web-app --yes",
		"database=postgresql&name=shop&runtime=spring-boot"},
	{"nothing usual", blueprint.Choices{Name: "shop", Engine: "terraform", Region: "eastus2", Network: "private",
		AddOns: []blueprint.Service{{Kind: "redis", Tier: "standard"}, {Kind: "key-vault"}},
		Apps:   []blueprint.App{{Runtime: "node", Version: "22", Hosting: "web-app", Tier: "premium", Health: "/up", Start: "node 'a b'.js"}}},
		`aloft init --name shop --target azure --engine terraform --region eastus2 --database none --add-on key-vault,redis=standard --runtime node --version 22 --hosting web-app --tier premium --health /up --start 'node '\''a b'\''.js' --yes`,
		"add-on=key-vault&add-on=redis%3Dstandard&engine=terraform&health=%2Fup&name=shop&region=eastus2&runtime=node&start=node+%27a+b%27.js&tier=premium&version=22"},
	{"local", blueprint.Choices{Name: "shop", Target: "local", Apps: []blueprint.App{{Runtime: "go"}}},
		"aloft init --name shop --target local --database none --add-on none --runtime go --version 1.27 --yes", "name=shop&runtime=go&target=local"},
	{"several apps", blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Name: "api", Path: "api", Runtime: "go"}, {Name: "site", Path: "site", Runtime: "static"}}},
		"aloft init --name shop --target azure --database none --add-on none --app api:path=api,runtime=go,version=1.27,hosting=container-app --app site:path=site,runtime=static,hosting=static-web-app --yes",
		"app=api%3Apath%3Dapi%2Cruntime%3Dgo&app=site%3Apath%3Dsite%2Cruntime%3Dstatic&name=shop"},
}

func TestCommandAndQuery(t *testing.T) {
	for _, test := range commandChoices {
		t.Run(test.name, func(t *testing.T) {
			if got := test.choices.InitCommand(); got != test.command {
				t.Errorf("command\n%s, want\n%s", got, test.command)
			}
			query := test.choices.Query()
			if got := query.Encode(); got != test.query {
				t.Errorf("query\n%s, want\n%s", got, test.query)
			}
			back, err := blueprint.FromQuery(query)
			if got, want := asJSON(t, back.Complete()), asJSON(t, test.choices.Complete()); err != nil || got != want {
				t.Errorf("the query gives %s, want %s (%v)", got, want, err)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// FuzzFromQuery: what is read can be written, and is then read as the same;
// nothing that is right on the way out was wrong on the way in.
func FuzzFromQuery(f *testing.F) {
	for _, test := range commandChoices {
		f.Add(test.query)
	}
	f.Add("app=a:%22start%3Dx,y%22&app=b:&do=add&at=7")
	f.Add("start=%00%0a%22&health=$%7Bx%7D&path=../..")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if d := blueprint.DraftOf(values); d.App >= len(d.Choices.Apps) {
			t.Errorf("app %d of %d is edited", d.App, len(d.Choices.Apps))
		}
		choices, err := blueprint.FromQuery(values)
		if err != nil || len(choices.Complete().Check()) > 0 {
			return
		}
		back, err := blueprint.FromQuery(choices.Query())
		if got, want := asJSON(t, back.Complete()), asJSON(t, choices.Complete()); err != nil || got != want {
			t.Errorf("%s became %s (%v)", want, got, err)
		}
	})
}

// FuzzFromJSON: what is accepted is the same as its own query.
func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"name":"shop","apps":[{"name":"a","runtime":"go","start":"x,y"},{"name":"b"}],"addOns":[{"kind":"redis","tier":"basic"}]}`))
	f.Add([]byte(`{"name":"shop","database":{"kind":"mysql"},"network":"private"}`))
	f.Add([]byte(`{"Name":null,"apps":[null,{"port":1e3}],"addOns":{"kind":[]}} x`))
	f.Fuzz(func(t *testing.T, body []byte) {
		choices, err := blueprint.FromJSON(body)
		if err != nil || len(choices.Complete().Check()) > 0 {
			return
		}
		back, err := blueprint.FromQuery(choices.Query())
		if got, want := asJSON(t, back.Complete()), asJSON(t, choices.Complete()); err != nil || got != want {
			t.Errorf("%s became %s (%v)", want, got, err)
		}
	})
}
