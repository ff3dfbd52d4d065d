package detect_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/aloft-dev/aloft"
)

// fuzzApps is the body of the fuzz tests of Apps: whatever stands in the files, apps
// have valid and unique names and sources that exist.
func fuzzApps(t *testing.T, files fstest.MapFS) {
	apps, err := appsOf(files)
	var expected *aloft.Error
	if err != nil && (!errors.As(err, &expected) || !forPeople(expected)) {
		t.Fatalf("not for people: %v", err)
	}
	names := map[string]bool{}
	for _, app := range apps {
		if err == nil {
			checkSources(t, files, app)
		}
		if aloft.ValidateAppName(app.Name) != nil || names[app.Name] {
			t.Errorf("name %q is not valid, or not the only one", app.Name)
		}
		names[app.Name] = true
	}
}

func FuzzCompose(f *testing.F) {
	f.Add([]byte("x: &a\n  b: c\nservices:\n  db: { image: \"postgres:17\", <<: *a }\n  app:\n    build: {context: ., dockerfile: app/Dockerfile}\n    depends_on: [db]\n    ports: [\"1:2\"]\n    environment: [\"A=db:5\"]\n"))
	f.Add([]byte("services:\n  a: &a\n    b: *a\n---\n- x\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzApps(t, fstest.MapFS{"compose.yaml": {Data: data}, "app/Dockerfile": {Data: []byte("FROM x\n")}, "package.json": {Data: []byte(server)}})
	})
}

func FuzzDockerfile(f *testing.F) {
	f.Add([]byte("FROM --platform=x a:1 AS b\nRUN a \\\n # c\n b\nFROM c\nCOPY [\"a\", \"b\"]\nCOPY . .\nEXPOSE 80/tcp 81\nHEALTHCHECK CMD curl http://localhost:1/x\nENV PORT=1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzApps(t, fstest.MapFS{"Dockerfile": {Data: data}, "b/package.json": {Data: []byte(server)}, "b/Dockerfile": {Data: data}})
	})
}

func FuzzConfiguration(f *testing.F) {
	f.Add([]byte("server.port=${PORT:8080}\n%prod.quarkus.http.port=1\nspring.datasource.url=jdbc:postgresql://x\n"), []byte("server:\n  port: 1\nmanagement.endpoints.web.base-path: /x\n---\nspring.config.activate.on-profile: x\n"))
	pom := "<project><artifactId>a</artifactId><version>1</version><parent><groupId>org.springframework.boot</groupId></parent><dependencies><dependency><artifactId>spring-boot-starter-actuator</artifactId></dependency></dependencies><build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>"
	f.Fuzz(func(t *testing.T, properties, yaml []byte) {
		fuzzApps(t, fstest.MapFS{
			"pom.xml": {Data: []byte(pom)}, "src/main/resources/application.properties": {Data: properties}, "src/main/resources/application.yml": {Data: yaml},
		})
	})
}

func FuzzMembers(f *testing.F) {
	f.Add([]byte("<project><artifactId>a</artifactId><version>1</version><packaging>pom</packaging><modules><module>a</module><module>../b</module><module>.</module></modules></project>"),
		[]byte("Project(\"{1}\") = \"a\", \"a\\a.csproj\", \"{2}\"\n"), []byte(`{"version":"2.0","profiles":{"a":{"applicationUrl":"http://x:1"}},"Urls":"http://x:1"}`))
	f.Fuzz(func(t *testing.T, xml, solution, json []byte) {
		fuzzApps(t, fstest.MapFS{"pom.xml": {Data: xml}, "a/pom.xml": {Data: xml}, "b/pom.xml": {Data: xml}})
		fuzzApps(t, fstest.MapFS{"build.gradle": {Data: solution}, "settings.gradle": {Data: solution}, "a/build.gradle": {Data: solution}})
		fuzzApps(t, fstest.MapFS{
			"a.sln": {Data: solution}, "b.slnx": {Data: xml}, "a/a.csproj": {Data: xml}, "a/host.json": {Data: json}, "a/appsettings.json": {Data: json},
			"a/Properties/launchSettings.json": {Data: json}, "b/b.csproj": {Data: []byte(`<Project Sdk="Microsoft.NET.Sdk.Web"/>`)},
			"Directory.Build.props": {Data: xml},
		})
		fuzzApps(t, fstest.MapFS{"package.json": {Data: json}, "a/package.json": {Data: json}, "a/index.html": {}, "pnpm-workspace.yaml": {Data: solution}})
	})
}

func FuzzSources(f *testing.F) {
	f.Add([]byte("app.listen(process.env.PORT || 3000)\nbind = \"x:80\"\n@app.get(\"/health\")\nhttp.ListenAndServe(\":80\", nil)\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzApps(t, fstest.MapFS{
			"a/package.json": {Data: []byte(server)}, "a/server.js": {Data: data}, "b/requirements.txt": {Data: []byte("django\ngunicorn\n")}, "b/main.py": {Data: data},
			"b/urls.py": {Data: data}, "b/settings.py": {Data: data}, "c/go.mod": {Data: []byte("module c\n")}, "c/main.go": {Data: append([]byte("package main\n"), data...)},
			"d/Gemfile": {Data: []byte("gem 'rails'\n")}, "d/config/puma.rb": {Data: data}, "d/config/database.yml": {Data: data},
		})
	})
}

// TestRepeatedMembersAreReadOnce names a part of a build over and over.
func TestRepeatedMembersAreReadOnce(t *testing.T) {
	again := func(text string) []byte { return bytes.Repeat([]byte(text), (64<<10)/len(text)) }
	pom := append([]byte("<project><packaging>pom</packaging><modules>"), append(again("<module>a</module>"), "</modules></project>"...)...)
	fuzzApps(t, fstest.MapFS{"pom.xml": {Data: pom}, "a/pom.xml": {Data: pom}, "a/a/pom.xml": {Data: pom}, "a/a/a/pom.xml": {Data: pom}, "a/a/a/a/pom.xml": {Data: pom}})
	fuzzApps(t, fstest.MapFS{
		"Cargo.toml":   {Data: append([]byte("[workspace]\nmembers = ["), append(again("'a',"), ']')...)},
		"a/Cargo.toml": {Data: append([]byte("[package]\nname = 'a'\n[dependencies]\n# "), again("x")...)}, "a/src/main.rs": {},
	})
	fuzzApps(t, fstest.MapFS{"settings.gradle": {Data: again("include 'a'\n")}, "a/build.gradle": {Data: again("implementation project(':a')\n")}})
	fuzzApps(t, fstest.MapFS{"a.sln": {Data: again("Project(\"x\") = \"a\", \"a\\b\\c\\d.csproj\"\n")}, "a/b/c/d.csproj": {Data: []byte(`<Project Sdk="Microsoft.NET.Sdk.Web"/>`)}})
}

// TestHostileTrees repeats a text in every file that Apps reads: it must neither
// crash nor take more than a moment.
func TestHostileTrees(t *testing.T) {
	files := []string{
		"compose.yaml", "Dockerfile", "src/main/resources/application.yml", "src/main/resources/application.properties", "host.json", "appsettings.json",
		"a.sln", "a.slnx", "Directory.Build.props", "server.js", "main.py", "config/database.yml", "prisma/schema/a.prisma", "gradle.properties",
	}
	for _, unit := range []string{"[", "{\"a\":", "a: &a [*a,", "- ", "a:\n ", "<a>", "<!--", "x\n", "\"", "COPY \\\n", "${a:", "Project(\"", "&a *a ", "? ", "|\n"} {
		for _, name := range files {
			data := bytes.Repeat([]byte(unit), (64<<10)/len(unit))
			fuzzApps(t, fstest.MapFS{
				name: {Data: data}, "pom.xml": {Data: []byte("<project/>")}, "b/package.json": {Data: []byte(server)}, "package.json": {Data: []byte(server)},
				"b/Dockerfile": {Data: data[:min(len(data), 20<<10)]},
			})
			fuzzApps(t, fstest.MapFS{name: {Data: data[:min(len(data), 4<<10)]}, "pom.xml": {Data: []byte("<project/>")}, "package.json": {Data: []byte(server)}})
		}
	}
}
