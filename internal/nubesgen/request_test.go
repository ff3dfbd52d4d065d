package nubesgen_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/nubesgen"
)

// noWorkflow is the notice of every request without gitops.
const noWorkflow = "although gitops is not true"

// requests are URLs of NubesGen's and what they choose here.
var requests = []struct {
	name, query string
	want        string   // the choices as a query, less what they all have
	notices     []string // parts, in order, noWorkflow aside
}{
	{"nothing", "", "hosting=web-app&tier=free", nil},
	{"region and database", "region=westeurope&database=mysql", "database=mysql&hosting=web-app&region=westeurope", []string{"Free (F1) cannot join a network, and so could not reach MySQL"}},
	{"java", "runtime=java", "runtime=java&tier=free", nil},
	{"a function without a runtime", "application=function", "hosting=function&runtime=spring-boot&tier=consumption", []string{"No runtime was given, so it is Spring Boot"}},
	{"network", "network=VIRTUAL_NETWORK", "hosting=web-app&network=private", []string{"could not reach a private network"}},
	{"gitops", "gitops=true", "hosting=web-app&tier=free", nil},
	{"standard", "application=app_service.standard", "hosting=web-app&tier=standard", nil},
	{"premium function", "application=function.premium&runtime=nodejs", "hosting=function&runtime=node&tier=premium", nil},
	{"container apps", "application=container_apps&runtime=dotnet", "hosting=container-app&runtime=dotnet", nil},
	{"spring apps", "application=spring_apps.standard", "hosting=container-app&runtime=spring-boot&tier=always-on", []string{"No runtime was given", "Azure retires Spring Apps"}},
	{"spring apps, basic", "application=spring_apps.basic&runtime=spring_gradle", "build-tool=gradle&hosting=container-app&runtime=spring-boot", []string{"Azure retires Spring Apps"}},
	{"SQL Server", "database=sql_server.general_purpose&application=app_service.basic", "database=sql-server&database-tier=general-purpose&hosting=web-app", nil},
	{"SQL Server by itself", "database=sql_server&application=app_service.basic", "database=sql-server&hosting=web-app", nil},
	{"PostgreSQL", "database=postgresql.general_purpose&application=app_service.basic", "database=postgresql&database-tier=general-purpose&hosting=web-app", nil},
	{"application insights", "addons=application_insights", "add-on=application-insights&hosting=web-app&tier=free", nil},
	{"key vault", "addons=key_vault", "add-on=key-vault&hosting=web-app", []string{"could not reach Key vault"}},
	{"blob storage", "addons=storage_blob&application=app_service.basic", "add-on=blob-storage&hosting=web-app", nil},
	{"Redis", "addons=redis&application=app_service.basic", "add-on=redis&hosting=web-app", []string{"The network is private: in a public one Redis would be open"}},
	{"MongoDB", "addons=cosmosdb_mongodb&application=app_service.basic", "add-on=mongodb&hosting=web-app", []string{"MongoDB is Azure DocumentDB", "The network is private"}},
	{"all add-ons", "addons=storage_blob,redis,STORAGE_BLOB,,application_insights&application=app_service.standard", "add-on=application-insights&add-on=blob-storage&add-on=redis&hosting=web-app&tier=standard", []string{"The network is private"}},
	{"the whole example", "region=westeurope&runtime=spring&database=MYSQL&addons=STORAGE_BLOB,REDIS", "add-on=blob-storage&add-on=redis&database=mysql&region=westeurope&runtime=spring-boot", []string{"The network is private", "could not reach MySQL"}},
	{"a function and a database", "application=FUNCTION.CONSUMPTION&runtime=python&database=postgresql", "database=postgresql&hosting=function&runtime=python", []string{"The tier of the app is Flex consumption (FC1)"}},
	{"Docker as a function", "application=function&runtime=docker", "runtime=docker", []string{"A function runs no Docker image of your own here"}},
	{"Spring in Docker as a function", "application=function&runtime=docker_spring", "hosting=container-app&runtime=spring-boot", []string{"A function runs no Docker image"}},
	{"native Quarkus", "runtime=quarkus_native&application=function", "hosting=function&runtime=quarkus-native&tier=consumption", nil},
	{"Micronaut in Docker", "runtime=docker_micronaut_gradle&application=app_service.basic", "build-tool=gradle&hosting=web-app&packaging=image&runtime=micronaut", nil},
	{"what NubesGen did not know either", "iactool=cdk&runtime=cobol&application=mainframe.big&database=oracle&addons=kafka&network=mesh", "hosting=web-app&tier=free",
		[]string{"network MESH is not known", "database ORACLE is not known, so there is none", "iactool CDK is not known", "add-on KAFKA is not known", "application MAINFRAME.BIG is not known", "runtime COBOL is not known, so it is Docker"}},
	{"tiers that there are none of", "application=app_service.premium&database=mysql.free&addons=redis.premium&network=public", "add-on=redis&database=mysql&hosting=web-app",
		[]string{"MYSQL has no tier FREE, so it is BASIC", "REDIS has no tier PREMIUM", "APP_SERVICE has no tier PREMIUM, so it is FREE", "The network is private", "could not reach MySQL"}},
	{"a region by its title", "region=West%20Europe", "hosting=web-app&region=westeurope&tier=free", nil},
	{"a parameter that there is none of", "colour=red%0d%0aX:y", "hosting=web-app&tier=free", []string{"Not used: colour. NubesGen knows no such parameter."}},
	{"many parameters that there are none of", "a&b&c&d&e&f&g&h&i&j&k&l", "hosting=web-app&tier=free", []string{"Not used: a, b, c, d, e, f, g, h, i, j, 2 more. NubesGen knows no such parameter."}},
	{"values that are not fit for a header", "runtime=a%0d%0ab%C3%BC", "hosting=web-app&tier=free", []string{"runtime A??B? is not known"}},
}

func TestFromQuery(t *testing.T) {
	for _, test := range requests {
		t.Run(test.name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			m, err := nubesgen.FromQuery("demo", query)
			if err != nil {
				t.Fatal(err)
			}
			same(t, m, test.want)
			notices := slices.DeleteFunc(m.Notices, func(n string) bool { return strings.Contains(n, noWorkflow) })
			if gitOps := query.Get("gitops") == "true"; gitOps != (len(notices) == len(m.Notices)) {
				t.Errorf("notices are %q", m.Notices)
			}
			hasNotices(t, notices, test.notices)
		})
	}
}

// same checks the choices, which want tells as a query without what all of them have.
func same(t *testing.T, m blueprint.Mapping, want string) {
	t.Helper()
	query, err := url.ParseQuery(want)
	if err != nil {
		t.Fatal(err)
	}
	query.Set("name", "demo")
	query.Set("engine", "terraform")
	if query.Get("region") == "" {
		query.Set("region", "eastus")
	}
	choices, err := blueprint.FromQuery(query)
	if got, want := asJSON(t, m.Choices.Complete()), asJSON(t, choices.Complete()); err != nil || got != want {
		t.Errorf("%s\nwant %s (%v)", got, want, err)
	}
	if found := m.Choices.Complete().Check(); len(found) > 0 {
		t.Error(found)
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

func hasNotices(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("notices are %q, want %q", got, want)
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("notice %q, want %q in it", got[i], want[i])
		}
		if strings.ContainsFunc(got[i], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("notice %q is not fit for a header", got[i])
		}
	}
}

func TestFromJSON(t *testing.T) {
	for _, test := range []struct {
		name, body, want string
		notices          []string
	}{
		{"nothing", `{"gitops":true}`, "hosting=web-app&tier=free", nil},
		{"region and database", `{ "region": "westeurope", "database": { "type": "MYSQL", "tier": "BASIC"}, "gitops": "true"}`, "database=mysql&hosting=web-app&region=westeurope", []string{"could not reach MySQL"}},
		{"a function", `{"application": { "type": "FUNCTION", "tier": "CONSUMPTION"}, "runtime": "JAVA", "gitops": true}`, "hosting=function&runtime=java&tier=consumption", nil},
		{"the whole example", `{ "region": "westeurope", "runtime": "spring", "gitops": true, "database": { "type": "MYSQL", "tier": "BASIC"}, "addons": [{ "type": "STORAGE_BLOB", "tier": "BASIC"}, { "type": "REDIS", "tier": "BASIC"}]}`,
			"add-on=blob-storage&add-on=redis&database=mysql&region=westeurope&runtime=spring-boot", []string{"The network is private", "could not reach MySQL"}},
		{"a network as an object", `{"network":{"network":"VIRTUAL_NETWORK"},"application":{"type":"APP_SERVICE","tier":"STANDARD"},"gitops":true}`, "hosting=web-app&network=private&tier=standard", nil},
		{"a network as a text", `{"network":"virtual_network","application":{"type":"APP_SERVICE","tier":"STANDARD"},"gitops":true}`, "hosting=web-app&network=private&tier=standard", nil},
		{"nulls", `{"network":null,"addons":null,"database":null,"runtime":null,"gitops":true}`, "hosting=web-app&tier=free", nil},
		{"a field that there is none of", `{"colour":1,"gitops":true}`, "hosting=web-app&tier=free", []string{"Not used: colour. NubesGen knows no such field."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := nubesgen.FromJSON("demo", []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			same(t, m, test.want)
			hasNotices(t, m.Notices, test.notices)
		})
	}
}

func TestRequestsAreRefused(t *testing.T) {
	query := func(name, text string) func() error {
		return func() error {
			values, err := url.ParseQuery(text)
			if err == nil {
				_, err = nubesgen.FromQuery(name, values)
			}
			return err
		}
	}
	body := func(text string) func() error {
		return func() error {
			_, err := nubesgen.FromJSON("demo", []byte(text))
			return err
		}
	}
	for _, test := range []struct {
		ask  func() error
		want string
	}{
		{query("demo", "iactool=bicep"), `iactool: "BICEP" is not written: Aloft writes Terraform; one of TERRAFORM`},
		{query("demo", "iactool=PULUMI"), `iactool: "PULUMI" is not written`},
		{query("demo", "region=atlantis"), `region: "atlantis" is not known; one of`},
		{query("demo", "gitops=maybe"), `gitops: "maybe" is neither true nor false`},
		{query("demo", "database=POSTGRESQL&database=MYSQL"), `database: "POSTGRESQL,MYSQL" is given more than once`},
		{query("demo", "gitops=maybe&region=westeurope&region=eastus"), "region: \"westeurope,eastus\" is given more than once\ngitops: \"maybe\" is neither true nor false"},
		{query("---", ""), `name: "---" is no name`},
		{body(`[]`), "is not the JSON object that is wanted"},
		{body(`{"runtime":"COBOL"}`), `runtime: "COBOL" is not known; one of DOCKER,`},
		{body(`{"runtime":7}`), `runtime: "7" is no text`},
		{body(`{"iactool":"BICEP"}`), `iactool: "BICEP" is not written`},
		{body(`{"application":{"type":"LAPTOP"}}`), `application.type: "LAPTOP" is not known; one of APP_SERVICE, FUNCTION`},
		{body(`{"application":"FUNCTION"}`), `application: "FUNCTION" is no object`},
		{body(`{"database":{"type":"MYSQL","tier":"HUGE"}}`), `database.tier: "HUGE" is not known; one of FREE,`},
		{body(`{"addons":{}}`), `addons: "{}" is no list`},
		{body(`{"addons":[{"type":"KAFKA"}]}`), `addons.type: "KAFKA" is not known`},
		{body(`{"network":{"network":"MESH"}}`), `network: "MESH" is not known; one of PUBLIC, VIRTUAL_NETWORK`},
	} {
		t.Run(test.want, func(t *testing.T) {
			err := test.ask()
			if _, ok := errors.AsType[blueprint.Violations](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// Anybody may ask, so what is too much is refused before it is looked at.
func TestTooManyAddOnsAreRefusedEarly(t *testing.T) {
	_, byQuery := nubesgen.FromQuery("shop", url.Values{"addons": {strings.Repeat("x,", 1000)}})
	_, byBody := nubesgen.FromJSON("shop", []byte(`{"addons":[`+strings.Repeat(`{"type":"x"},`, 1000)+`{}]}`))
	for _, test := range []struct {
		err  error
		want string
	}{{byQuery, `addons: "1000" are more than 20`}, {byBody, `addons: "1001" are more than 20`}} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Fatalf("error %.200v, want %q in it", test.err, test.want)
		}
		if n := len(test.err.Error()); n > 5000 {
			t.Errorf("the error has %d bytes", n)
		}
	}
}

func TestNames(t *testing.T) {
	for asked, want := range map[string]string{
		"my-wonderful-application": "my-wonderful-application", "My_App": "my-app", "a.b": "a-b", "--x--": "x",
		strings.Repeat("ab", 30): strings.Repeat("ab", 20),
	} {
		m, err := nubesgen.FromQuery(asked, url.Values{"gitops": {"true"}})
		if err != nil || m.Choices.Name != want || (asked == want) != (len(m.Notices) == 0) {
			t.Errorf("%s: %s %q %v", asked, m.Choices.Name, m.Notices, err)
		}
	}
}

// FuzzRequests: whatever is asked for is refused, or right.
func FuzzRequests(f *testing.F) {
	for _, test := range requests {
		f.Add("demo", test.query, `{}`)
	}
	f.Add("X y", "", `{"addons":[{"type":"REDIS","tier":"FREE"},null],"network":{"network":null}}`)
	f.Fuzz(func(t *testing.T, name, query, body string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		byQuery, queryErr := nubesgen.FromQuery(name, values)
		byBody, bodyErr := nubesgen.FromJSON(name, []byte(body))
		for _, m := range []struct {
			blueprint.Mapping
			err error
		}{{byQuery, queryErr}, {byBody, bodyErr}} {
			if m.err != nil {
				continue
			}
			if found := m.Choices.Complete().Check(); len(found) > 0 {
				t.Error(found)
			}
			for _, notice := range m.Notices {
				if strings.ContainsFunc(notice, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("notice %q is not fit for a header", notice)
				}
			}
		}
	})
}
