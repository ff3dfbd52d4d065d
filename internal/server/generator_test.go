package server

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/nubesgen"
)

// generatorAPI is the API with nothing but the generator.
func generatorAPI() http.Handler {
	return api.New(api.Options{Generator: generator{blueprint.Generator{Version: "v1.0.0"}}})
}

func ask(t testing.TB, handler http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// TestGenerateByQueryAndByJSON: the two are the same, when right and when wrong.
func TestGenerateByQueryAndByJSON(t *testing.T) {
	t.Parallel()
	handler := generatorAPI()
	for _, c := range []struct {
		name, query, body string
		status            int
		wrong             []string // fields
	}{
		{"a name alone", "", `{}`, 200, nil},
		{"an app", "runtime=spring-boot&hosting=web-app&tier=premium&region=westeurope&network=private&database=postgresql&database-tier=general-purpose&add-on=redis%3Dstandard,key-vault",
			`{"name":"shop","region":"westeurope","network":"private","apps":[{"runtime":"spring-boot","hosting":"web-app","tier":"premium"}],
			"database":{"kind":"postgresql","tier":"general-purpose"},"addOns":[{"kind":"redis","tier":"standard"},{"kind":"key-vault"}]}`, 200, nil},
		{"several apps", "app=api:path%3Dapi,runtime%3Dgo&app=site:path%3Dsite,runtime%3Dstatic",
			`{"apps":[{"name":"api","path":"api","runtime":"go"},{"name":"site","path":"site","runtime":"static"}]}`, 200, nil},
		{"what is seldom told of apps", "app=web:%22start=node%20a.js%20--hosts%20a,b%22,runtime=node,health=/up,build=npm%20ci,command=node%20a.js&app=site:runtime=static,static=dist&app=api:runtime=go,port=9090",
			`{"apps":[{"name":"web","runtime":"node","start":"node a.js --hosts a,b","health":"/up","build":"npm ci","command":"node a.js"},{"name":"site","runtime":"static","static":"dist"},{"name":"api","runtime":"go","port":9090}]}`, 200, nil},
		{"what cannot be told of an app", "app=web:command=x&app=b:runtime=node,static=dist,command=x,port=80,health=up", `{"apps":[{"name":"web","command":"x"},{"name":"b","runtime":"node","static":"dist","command":"x","port":80,"health":"up"}]}`, 422,
			[]string{"apps[0].command", "apps[1].health", "apps[1].static", "apps[1].port"}},
		{"names that are none", "app=Web", `{"apps":[{"name":"Web"}]}`, 422, []string{"apps[0].name"}},
		{"local", "target=local&runtime=go&database=postgresql", `{"target":"local","apps":[{"runtime":"go"}],"database":{"kind":"postgresql"}}`, 200, nil},
		{"values that there are none of", "region=mars&runtime=cobol", `{"region":"mars","apps":[{"runtime":"cobol"}]}`, 422, []string{"region", "apps[0].runtime"}},
		{"what does not go together", "runtime=java&hosting=web-app&tier=free&database=mysql", `{"apps":[{"runtime":"java","hosting":"web-app","tier":"free"}],"database":{"kind":"mysql"}}`, 422, []string{"apps[0].tier"}},
		{"another name than in the path", "name=warehouse", `{"name":"warehouse"}`, 422, []string{"name"}},
		{"text that could break out", "start=a%0Ab&health=%22%7D&path=../x&runtime=node", `{"apps":[{"runtime":"node","start":"a\nb","health":"\"}","path":"../x"}]}`, 422,
			[]string{"apps[0].path", "apps[0].health", "apps[0].start"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range blueprint.Formats() {
				path := "/generate/shop." + format
				get, post := ask(t, handler, "GET", path+"?"+c.query, ""), ask(t, handler, "POST", path, c.body)
				if get.Code != c.status || post.Code != c.status {
					t.Fatalf("%d and %d, want %d: %s %s", get.Code, post.Code, c.status, get.Body, post.Body)
				}
				if !bytes.Equal(get.Body.Bytes(), post.Body.Bytes()) {
					t.Errorf("GET and POST answer differently:\n%q\n%q", get.Body, post.Body)
				}
				if got := wrongFields(t, get); !slices.Equal(got, c.wrong) {
					t.Errorf("wrong are %v, want %v", got, c.wrong)
				}
			}
		})
	}
	wrong := problemIn(t, ask(t, handler, "POST", "/generate/shop.zip", `{"apps":[{"name":"web"},{"name":"api","runtim":"go"}]}`))
	if len(wrong.Errors) != 1 || wrong.Errors[0].Field != "apps[1].runtim" || wrong.Errors[0].Value != "go" || !slices.Contains(wrong.Errors[0].Allowed, "runtime") {
		t.Errorf("errors are %+v", wrong.Errors)
	}
	for method, answer := range map[string]*httptest.ResponseRecorder{
		"GET":  ask(t, handler, "GET", "/generate/shop.zip?colour=red&network=mesh&runtime=node&port=zero&database=pg", ""),
		"POST": ask(t, handler, "POST", "/generate/shop.zip", `{"colour":"red","network":"mesh","apps":[{"runtime":"node","port":"zero"}],"database":{"kind":"pg"}}`),
	} {
		told := problemIn(t, answer).Errors
		if fields := wrongFields(t, answer); len(told) != 4 || !slices.Contains(fields, "network") || !slices.Contains(fields, "apps[0].port") || !slices.Contains(fields, "database.kind") {
			t.Errorf("%s: not all that is wrong is told at once: %+v", method, told)
		}
		if i := slices.IndexFunc(told, func(e api.FieldError) bool { return e.Field == "colour" }); i < 0 || told[i].Value != "red" {
			t.Errorf("%s: colour is told as %+v", method, told)
		}
	}
	problem := problemIn(t, ask(t, handler, "GET", "/generate/shop.zip?network=mesh", ""))
	want := api.FieldErrors{{Field: "network", Value: "mesh", Rule: "is not known", Allowed: []string{"public", "private"}}}
	if !reflect.DeepEqual(problem.Errors, want) {
		t.Errorf("errors are %+v", problem.Errors)
	}
}

func problemIn(t *testing.T, answer *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func wrongFields(t *testing.T, answer *httptest.ResponseRecorder) []string {
	t.Helper()
	if answer.Code == http.StatusOK {
		return nil
	}
	var fields []string
	for _, e := range problemIn(t, answer).Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

// filesIn returns the files of a zip archive by path.
func filesIn(t *testing.T, data []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name] = string(text)
	}
	return files
}

// TestScriptsForNubesGen: its URLs and bodies answer with our files, and say
// what is another than was asked for.
func TestScriptsForNubesGen(t *testing.T) {
	t.Parallel()
	handler := generatorAPI()
	const query = "/my-app.zip?region=westeurope&runtime=spring&database=MYSQL&addons=STORAGE_BLOB,REDIS&gitops=true"
	const body = `{ "region": "westeurope", "runtime": "spring", "gitops": "true", "database": { "type": "MYSQL", "tier": "BASIC"}, "addons": [{ "type": "STORAGE_BLOB", "tier": "BASIC"}, { "type": "REDIS", "tier": "BASIC"}]}`
	get, post := ask(t, handler, "GET", query, ""), ask(t, handler, "POST", "/my-app.zip", body)
	if get.Code != 200 || !bytes.Equal(get.Body.Bytes(), post.Body.Bytes()) {
		t.Fatalf("%d and %d, or other bytes", get.Code, post.Code)
	}
	notices := get.Header()["Aloft-Notice"]
	if len(notices) != 3 || !strings.HasPrefix(notices[0], "The network is private") {
		t.Errorf("notices are %q", notices)
	}
	files := filesIn(t, get.Body.Bytes())
	for _, notice := range notices {
		if !strings.Contains(files["terraform/README.md"], notice) {
			t.Errorf("the README lacks %q", notice)
		}
	}
	var record struct{ Choices blueprint.Choices }
	if err := yaml.Unmarshal([]byte(files[blueprint.RecordFile]), &record); err != nil {
		t.Fatal(err)
	}
	if c := record.Choices; c.Name != "my-app" || c.Network != "private" || c.Database.Kind != "mysql" || len(c.AddOns) != 2 || c.Apps[0].Runtime != "spring-boot" {
		t.Errorf("chosen were %+v", c)
	}
	if answer := ask(t, handler, "GET", "/demo.tgz?iactool=bicep", ""); answer.Code != 422 || wrongFields(t, answer)[0] != "iactool" {
		t.Errorf("Bicep: %d %s", answer.Code, answer.Body)
	}
}

func TestOptionsOfTheAPI(t *testing.T) {
	t.Parallel()
	answer := ask(t, generatorAPI(), "GET", api.Base+"/options?name=shop&runtime=docker&hosting=container-app", "")
	var choosing api.Choosing
	if err := json.Unmarshal(answer.Body.Bytes(), &choosing); err != nil || answer.Code != 200 {
		t.Fatalf("%d %v", answer.Code, err)
	}
	i := slices.IndexFunc(choosing.Fields, func(f api.ChoiceField) bool { return f.Name == "apps[0].hosting" })
	if i < 0 || choosing.Fields[i].Value != "container-app" {
		t.Fatalf("fields are %+v", choosing.Fields)
	}
	for _, o := range choosing.Fields[i].Options {
		if wrong := o.Value == "function" || o.Value == "static-web-app"; wrong != (o.Reason != "") {
			t.Errorf("%s: %q", o.Value, o.Reason)
		}
	}
	if choosing.Query != "" || !strings.HasPrefix(choosing.Command, "aloft init --name shop ") || choosing.Problems != nil {
		t.Errorf("%+v", choosing)
	}
	answer = ask(t, generatorAPI(), "GET", api.Base+"/options?name=No", "")
	if err := json.Unmarshal(answer.Body.Bytes(), &choosing); err != nil || len(choosing.Problems) != 1 || choosing.Problems[0].Field != "name" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// TestChoicesOfTheAPI holds the API's own words for choices and those of the
// blueprints together.
func TestChoicesOfTheAPI(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[api.Choices]():       reflect.TypeFor[blueprint.Choices](),
		reflect.TypeFor[api.ChosenApp]():     reflect.TypeFor[blueprint.App](),
		reflect.TypeFor[api.ChosenService](): reflect.TypeFor[blueprint.Service](),
	} {
		if a, b := jsonNames(ours), jsonNames(theirs); !slices.Equal(a, b) {
			t.Errorf("%v has %v, %v has %v", ours, a, theirs, b)
		}
	}
	var document struct {
		Paths map[string]struct {
			Get struct {
				Parameters []struct {
					Name, In string
					Schema   struct{ Enum []string }
				}
			}
		}
	}
	if err := yaml.Unmarshal(api.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/options":                     blueprint.Parameters(),
		"/generate/{project}.{format}": slices.DeleteFunc(blueprint.Parameters(), func(name string) bool { return name == "name" }),
		"/{project}.{format}":          nubesgen.Parameters(),
	} {
		values := map[string][]blueprint.Option{
			"target": blueprint.Targets(), "engine": blueprint.Engines(), "network": blueprint.Networks(), "database": blueprint.Databases(),
			"runtime": blueprint.Runtimes(), "build-tool": blueprint.BuildTools("java"), "packaging": blueprint.Packagings(),
			"hosting": append(blueprint.Hostings("azure"), blueprint.Hostings("local")...),
		}
		var got []string
		for _, p := range document.Paths[path].Get.Parameters {
			if p.In == "query" {
				got = append(got, p.Name)
			}
			if options := values[p.Name]; p.Schema.Enum != nil && p.In == "query" {
				var all []string
				for _, o := range options {
					all = append(all, o.Value)
				}
				if !slices.Equal(p.Schema.Enum, all) {
					t.Errorf("%s %s may be %v, want %v", path, p.Name, p.Schema.Enum, all)
				}
			}
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
	}
}

func jsonNames(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestGeneratorNeedsNoToken: nor does it open anything else.
func TestGeneratorNeedsNoToken(t *testing.T) {
	t.Parallel()
	s, client := secureServer(t, Options{Token: testToken})
	for path, want := range map[string]int{
		"/generate/shop.zip": 200, "/shop.tgz": 200, api.Base + "/options": 200, "/new": 200,
		"/": 401, "/shop": 401, "/runs/1.zip": 401, api.Base + "/projects": 401, "/shop.git/info/refs?service=git-upload-pack": 401,
	} {
		if got := status(t, client, s.URL()+path, ""); got != want {
			t.Errorf("%s is answered %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/generate/shop.zip", "/shop.zip"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, strings.NewReader("{}"))
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s is answered %d to another site", path, response.StatusCode)
		}
	}
}

// BenchmarkGenerate is an archive through the API, of other choices each time.
func BenchmarkGenerate(b *testing.B) {
	handler := generatorAPI()
	var paths []string
	for _, runtime := range []string{"spring-boot", "node", "go", "python"} {
		for _, database := range []string{"none", "postgresql", "mysql"} {
			for i, format := range blueprint.Formats() {
				paths = append(paths, fmt.Sprintf("/generate/shop-%d.%s?runtime=%s&database=%s&add-on=key-vault", len(paths)+i, format, runtime, database))
			}
		}
	}
	var turn atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if answer := ask(b, handler, "GET", paths[int(turn.Add(1))%len(paths)], ""); answer.Code != 200 {
				b.Fatal(answer.Body)
			}
		}
	})
}
