package detect_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/detect"
)

func TestErrors(t *testing.T) {
	huge := bytes.Repeat([]byte(" "), 2<<20)
	tests := map[string]struct {
		files fstest.MapFS
		dir   string
		want  string
	}{
		"a folder outside of the repository":  {fstest.MapFS{}, "../x", "it is not inside the repository"},
		"an absolute folder":                  {fstest.MapFS{}, "/etc", "it is not inside the repository"},
		"a folder that is a file":             {fstest.MapFS{"web": {}}, "web", "cannot look at folder web"},
		"an empty repository":                 {fstest.MapFS{}, ".", "there is nothing"},
		"a folder in the place of a file":     {fstest.MapFS{"package.json/x": {}}, ".", "there is package.json/"},
		"a file of a size that nobody writes": {fstest.MapFS{"package.json": {Data: huge}}, ".", "it has 2097152 bytes"},
		"XML that nests without end":          {fstest.MapFS{"pom.xml": {Data: bytes.Repeat([]byte("<a>"), 300)}}, ".", "more than 200 elements nest"},
		"XML of an unknown encoding":          {fstest.MapFS{"pom.xml": {Data: []byte(`<?xml version="1.0" encoding="EBCDIC"?><a/>`)}}, ".", `encoding "EBCDIC"`},
		"go.mod without a module":             {fstest.MapFS{"go.mod": {Data: []byte("go 1.23\n")}}, ".", `no line "module"`},
		"an included file that is broken":     {fstest.MapFS{"gradle/libs.versions.toml": {Data: []byte("[libraries\n")}, "build.gradle": {}}, ".", "gradle/libs.versions.toml:1"},
		"a module that is broken":             {fstest.MapFS{"pom.xml": {Data: []byte("<p><modules><module>a</module></modules></p>")}, "a/pom.xml": {Data: []byte("<p>\n<x")}}, ".", "a/pom.xml:2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := detect.App(tt.files, tt.dir)
			code := aloft.CodeInvalid
			if strings.HasPrefix(tt.want, "there is ") {
				code = aloft.CodeNotFound // nothing was recognised
			}
			if aloft.ErrorCode(err) != code || aloft.ErrorHint(err) == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v (%s), want %q", err, aloft.ErrorHint(err), tt.want)
			}
		})
	}
}

func TestAppIsGivenAsFarAsItIsKnown(t *testing.T) {
	app, err := detect.App(fstest.MapFS{
		"requirements.txt": {Data: []byte("psycopg\n")}, "Procfile": {Data: []byte("worker: w\n")},
	}, ".")
	if err == nil || app.Runtime.Value != "python" || len(app.Build) != 2 || len(app.AddOns) != 1 || len(app.Processes) != 1 || !app.Start.Empty() {
		t.Errorf("%v, %+v", err, app)
	}
}

func TestOldEncodings(t *testing.T) {
	text := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><AssemblyName>K\xe4se</AssemblyName></PropertyGroup></Project>"
	app, err := detect.App(fstest.MapFS{"a.csproj": {Data: []byte(text)}}, ".")
	if err != nil || app.Start.String() != "dotnet .aloft/app/Käse.dll" {
		t.Errorf("%v %v", app.Start, err)
	}
}

// TestHostileFiles repeats a text in every file that is parsed: it must neither crash nor
// take more than a moment.
func TestHostileFiles(t *testing.T) {
	files := []string{
		"package.json", "Cargo.toml", "pom.xml", "Gemfile", "build.gradle", "requirements.txt", "Procfile", "go.mod",
		"pyproject.toml", "composer.json", "a.csproj",
	}
	for _, unit := range []string{"[", "{\"a\":", "a=[", "a={a=", "<a>", "[a]\n", "x\n", "/*", "\"", "gem 'a'\n", "group do\n", "x=1\\\n", "a: b\n"} {
		for _, name := range files {
			data := bytes.Repeat([]byte(unit), (64<<10)/len(unit))
			if _, err := detect.App(fstest.MapFS{name: {Data: data}}, "."); err != nil && !forPeople(err) {
				t.Errorf("%s of %q: %v", name, unit, err)
			}
		}
	}
}

// fuzz is the body of the fuzz tests: whatever stands in the files, an app has
// sources that exist, and an error is one for people.
func fuzz(t *testing.T, files fstest.MapFS) {
	app, err := detect.App(files, ".")
	var expected *aloft.Error
	if err != nil && (!errors.As(err, &expected) || !forPeople(expected)) {
		t.Fatalf("not for people: %v", err)
	}
	if err == nil {
		checkSources(t, files, app)
	}
}

// checkSources holds every source to the files.
func checkSources(t *testing.T, files fs.FS, app aloft.App) {
	t.Helper()
	sources := []aloft.Source{app.Runtime.Source, app.Version.Source, app.Framework.Source, app.Package.Source, app.Start.Source, app.Release.Source, app.Static.Source, app.Health.Source,
		app.Function.Source, app.Native.Source, app.Port.Source, app.HealthHint.Source, app.Dockerfile.Source}
	for _, c := range app.Build {
		sources = append(sources, c.Source)
	}
	for _, c := range app.Processes {
		sources = append(sources, c.Source)
	}
	for _, a := range app.AddOns {
		sources = append(sources, a.Source)
	}
	for _, tool := range app.Toolchains {
		sources = append(sources, tool.Source)
		if tool.Remedy == "" || tool.Source.File == "" {
			t.Errorf("toolchain %s lacks its remedy or its source", tool.Name)
		}
	}
	for _, s := range sources {
		if s == (aloft.Source{}) {
			continue
		}
		if _, err := fs.Stat(files, s.File); err != nil {
			t.Errorf("source %v: %v", s, err)
		}
		data, _ := fs.ReadFile(files, s.File)
		if lines := 1 + bytes.Count(data, []byte("\n")); s.Line < 0 || s.Line > lines {
			t.Errorf("source %v: the file has %d lines", s, lines)
		}
	}
	if app.Start.Empty() == (app.Static.Value == "") && app.Runtime.Value != "docker" && app.Function.Value == "" {
		t.Errorf("an app is started or served: %q, %q", app.Start, app.Static.Value)
	}
}

func FuzzProcfile(f *testing.F) {
	f.Add([]byte("web: x\n# c\nWork_Er:y\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, fstest.MapFS{"Procfile": {Data: data}}) })
}

func FuzzRequirements(f *testing.F) {
	f.Add([]byte("Flask[async]==1 ; x # y\n-r b.txt\n--requirement=c.txt\npsycopg2 \\\n  --hash=a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzz(t, fstest.MapFS{"requirements.txt": {Data: data}, "b.txt": {Data: data}, "main.py": {Data: data}})
	})
}

func FuzzGemfile(f *testing.F) {
	f.Add([]byte("ruby '3.3'\ngroup :test do\n gem 'a', group: [:x] # c\nend\nif x\nend\ngem \"rails\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzz(t, fstest.MapFS{"Gemfile": {Data: data}, "config.ru": {}, "config/routes.rb": {Data: data}})
	})
}

func FuzzGradle(f *testing.F) {
	f.Add([]byte("plugins { id 'application' }\n/* c */ id(\"org.springframework.boot\") // d\nimplementation 'a:b:1'\nlibs.x.y\n"), []byte("rootProject.name='x'\ninclude 'a:b', \"c\"\n"))
	f.Fuzz(func(t *testing.T, build, settings []byte) {
		fuzz(t, fstest.MapFS{"build.gradle": {Data: build}, "settings.gradle": {Data: settings}, "c/build.gradle": {Data: build}})
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"scripts":{"start":"x","build":"y"},"dependencies":{"a":"1"},"workspaces":["a/*"],"main":1.5e3,"x":[null,true]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzz(t, fstest.MapFS{"package.json": {Data: data}, "angular.json": {Data: data}, "index.js": {}, "prisma/schema.prisma": {Data: data}})
	})
}

func FuzzTOML(f *testing.F) {
	f.Add([]byte("[project]\ndependencies = [\n \"a\",\n \"b[c]\"]\n[[bin]]\nname='x'\n[bin.y]\nz.w={a=1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzz(t, fstest.MapFS{"pyproject.toml": {Data: data}, "main.py": {}})
		fuzz(t, fstest.MapFS{"Cargo.toml": {Data: data}, "src/main.rs": {}})
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte("<project><artifactId>x</artifactId><version>${v}</version><properties><v>${v}</v></properties><build><plugins><plugin><artifactId>maven-jar-plugin</artifactId><mainClass>x</mainClass></plugin></plugins></build></project>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzz(t, fstest.MapFS{"pom.xml": {Data: data}})
		fuzz(t, fstest.MapFS{"a.csproj": {Data: data}})
	})
}
