package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// example returns the manifest in testdata/valid/<name>.txtar.
func example(t *testing.T, name string) []byte {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "valid", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return archive.Files[0].Data
}

func parse(t *testing.T, data []byte) manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse(manifest.File, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParse(t *testing.T) {
	m := parse(t, example(t, "full"))
	if m.Project != "shop" || m.Engine != "tofu" || m.TerraformFolder() != "infrastructure" {
		t.Errorf("got %+v", m)
	}
	if got := m.AppNames(); !slices.Equal(got, []string{"docs", "web"}) {
		t.Errorf("names %q", got)
	}
	if m.AppPath("docs") != "docs" || m.AppPath("web") != "." || m.AppRuntime("web") != "node" {
		t.Errorf("paths %q %q", m.AppPath("docs"), m.AppPath("web"))
	}
	want := map[string]string{"LOG_LEVEL": "debug", "VERBOSE": "true", "RATIO": "3.10"}
	if got := m.Apps["web"].Variables; !reflect.DeepEqual(got, want) {
		t.Errorf("variables %v: text must stay as written", got)
	}
}

func TestParseMergesMappings(t *testing.T) {
	m := parse(t, example(t, "anchors"))
	two := m.Apps["two"]
	if two.Path != "two" || two.Variables["A"] != "1" || len(two.Build) != 1 || two.Build[0] != "set -e\nmake all\n" {
		t.Errorf("got %+v", two)
	}
}

func TestLoad(t *testing.T) {
	m, err := manifest.Load(fstest.MapFS{})
	if err != nil || !slices.Equal(m.AppNames(), []string{"web"}) || m.AppPath("web") != "." || m.TerraformFolder() != "terraform" {
		t.Errorf("without a file: %v %+v", err, m)
	}
	if got := m.Environment("prod"); got.Protected || got.TTLSet {
		t.Errorf("without a file: %+v", got)
	}
	m, err = manifest.Load(fstest.MapFS{manifest.File: {Data: []byte("project: shop\n")}})
	if err != nil || m.Project != "shop" {
		t.Errorf("with a file: %v %+v", err, m)
	}
	_, err = manifest.Load(fstest.MapFS{manifest.File + "/x": {}})
	if aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Errorf("a folder instead of a file: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	m := parse(t, []byte(`
protected: [prod, "release-*"]
ttl: 72h
environments:
  prod: {ttl: never, variables: {instances: 3}}
  release-test: {protected: false, ttl: 2h}
  demo: {protected: true}
`))
	tests := map[string]manifest.EnvironmentSettings{
		"prod":         {Protected: true, TTLSet: true, Variables: map[string]string{"instances": "3"}},
		"release-1":    {Protected: true, TTL: 72 * time.Hour, TTLSet: true},
		"release-test": {TTL: 2 * time.Hour, TTLSet: true},
		"demo":         {Protected: true, TTL: 72 * time.Hour, TTLSet: true},
		"alice":        {TTL: 72 * time.Hour, TTLSet: true},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			if got := m.Environment(name); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// schema compiles the embedded schema.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("aloft.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("aloft.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asJSON turns a manifest into what a schema is asked about.
func asJSON(t *testing.T, data []byte) any {
	t.Helper()
	text, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(text)) == 0 || string(bytes.TrimSpace(text)) == "null" {
		return map[string]any{}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchemaTakesEveryExample(t *testing.T) {
	files, err := filepath.Glob("testdata/valid/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	compiled := schema(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			data := example(t, name)
			parse(t, data)
			if err := compiled.Validate(asJSON(t, data)); err != nil {
				t.Error(err)
			}
		})
	}
}

// beyond are the rules that a JSON Schema cannot say, by file.
var beyond = []string{
	"app-path-out", "app-path-git", "static-out", "terraform-out", "pattern-syntax", "contradiction", "version-too-long",
	"duplicate-key", "not-yaml", "second-document", "alias-unknown", "alias-loop", "health-timeout", "ttl-zero", "duplicate-process", "key-not-text",
}

func TestInvalid(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatal("too few examples", len(files), err)
	}
	compiled := schema(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) { checkInvalid(t, file, name, compiled) })
	}
}

func checkInvalid(t *testing.T, file, name string, compiled *jsonschema.Schema) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source := archive.Files[0].Data
	_, err = manifest.Parse(manifest.File, source)
	if err == nil {
		t.Fatal("accepted")
	}
	if aloft.ErrorCode(err) != aloft.CodeInvalid || aloft.ErrorHint(err) == "" {
		t.Errorf("code %s, hint %q", aloft.ErrorCode(err), aloft.ErrorHint(err))
	}
	if *update {
		archive.Files = append(archive.Files[:1], txtar.File{Name: "error", Data: []byte(err.Error() + "\n")})
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(archive.Files) != 2 || string(archive.Files[1].Data) != err.Error()+"\n" {
		t.Errorf("got:\n%s", err)
	}
	if !slices.Contains(beyond, name) && compiled.Validate(asJSON(t, source)) == nil {
		t.Error("the schema accepts it")
	}
}

func TestParseIsQuickWithHostileFiles(t *testing.T) {
	for _, unit := range []string{"[", "{", "{a: ", "- ", "? ", "&a ", "!a ", "*a ", "a: ", "\"", "[]"} {
		for _, size := range []int{30 << 10, 1 << 20} {
			data := bytes.Repeat([]byte(unit), size/len(unit))
			if _, err := manifest.Parse(manifest.File, data); aloft.ErrorCode(err) != aloft.CodeInvalid {
				t.Errorf("%d bytes of %q: %v", size, unit, err)
			}
		}
	}
}

func TestSchemaAgreesWithTypes(t *testing.T) {
	var root struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(manifest.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		typ        reflect.Type
		properties map[string]any
	}{
		"root":        {reflect.TypeFor[manifest.Manifest](), root.Properties},
		"environment": {reflect.TypeFor[manifest.Environment](), root.Defs["environment"].Properties},
		"app":         {reflect.TypeFor[manifest.App](), root.Defs["app"].Properties},
		"health":      {reflect.TypeFor[manifest.Health](), root.Defs["health"].Properties},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var keys []string
			for i := range tt.typ.NumField() {
				if key := tt.typ.Field(i).Tag.Get("yaml"); key != "" {
					keys = append(keys, key)
				}
			}
			for _, key := range keys {
				property, _ := tt.properties[key].(map[string]any)
				if property["description"] == nil {
					t.Errorf("the schema does not describe %q", key)
				}
			}
			if len(keys) != len(tt.properties) {
				t.Errorf("types have %q, the schema has %d properties", keys, len(tt.properties))
			}
		})
	}
}

func TestReference(t *testing.T) {
	got := string(manifest.Reference())
	for _, want := range []string{"# aloft.yaml", "| `ttl` |", "## apps.&lt;name&gt;", "`health: \"/healthz\"`", "## environments."} {
		if !strings.Contains(got, strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(want)) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.txtar", "testdata/invalid/*.txtar"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if archive, err := txtar.ParseFile(file); err == nil && len(archive.Files[0].Data) < 4096 {
				f.Add(archive.Files[0].Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Parse(manifest.File, data)
		var expected *aloft.Error
		if err != nil && (!errors.As(err, &expected) || expected.Code != aloft.CodeInvalid) {
			t.Fatalf("not for people: %v", err)
		}
		if err != nil {
			checkPositions(t, data, err.Error())
			return
		}
		for _, name := range m.AppNames() {
			if err := aloft.ValidateAppName(name); err != nil {
				t.Fatal(err)
			}
			if app := m.Override(name, aloft.App{}); !filepath.IsLocal(app.Path) {
				t.Fatalf("path %q leads out", app.Path)
			}
		}
	})
}

var positioned = regexp.MustCompile(`(?m)^aloft\.yaml:(\d+):(\d+): `)

// checkPositions checks that an error says where, and that there is such a place.
func checkPositions(t *testing.T, data []byte, text string) {
	t.Helper()
	places := positioned.FindAllStringSubmatch(text, -1)
	if len(places) == 0 || !strings.HasPrefix(text, "aloft.yaml:") {
		t.Errorf("%q does not say where", text)
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r", "\n"), "\n")
	for _, place := range places {
		line, _ := strconv.Atoi(place[1])
		column, _ := strconv.Atoi(place[2])
		if line < 1 || line > len(lines) || column < 1 || column > len(lines[line-1])+2 {
			t.Errorf("there is no line %d, column %d in %q: %s", line, column, data, text)
		}
	}
}
