package detect

import (
	"strings"

	"github.com/aloft-dev/aloft"
)

// azureFunctions is the only kind of functions that is told apart.
const azureFunctions = "azure-functions"

// functionPackages are the libraries that functions are written with, as they are
// named in each language; for Java the artifact.
func functionPackages(runtime string) []string {
	switch runtime {
	case "java":
		return []string{
			"azure-functions-java-library", "azure-functions-java-core-library", "spring-cloud-function-adapter-azure", "spring-cloud-function-adapter-azure-web",
			"quarkus-azure-functions", "quarkus-azure-functions-http", "micronaut-azure-function", "micronaut-azure-function-http",
		}
	case "node":
		return []string{"@azure/functions", "azure-function-express"}
	case "python":
		return []string{"azure-functions", "azure-functions-durable"}
	case "dotnet":
		return []string{"Microsoft.Azure.Functions.Worker", "Microsoft.NET.Sdk.Functions"}
	}
	return nil
}

// function tells whether an app is made of functions: by a library, by the plugin
// that deploys them, or by the files of the functions host.
func (c *candidate) function() aloft.Setting {
	names := functionPackages(c.app.Runtime.Value)
	for _, d := range c.folder.dependencies {
		for _, name := range names {
			if d.name == name || c.app.Runtime.Value == "java" && artifact(d.name) == name {
				return aloft.Setting{Value: azureFunctions, Source: aloft.Source{File: d.file, Line: d.line, Reason: d.name}}
			}
		}
	}
	f := c.home
	for _, file := range []string{"pom.xml", "build.gradle", "build.gradle.kts"} {
		text := withoutMarkup(f.text(file))
		for _, plugin := range []string{"<artifactId>azure-functions-maven-plugin</artifactId>", "com.microsoft.azure.azurefunctions", "com.microsoft.azure-azurefunctions", "io.micronaut.azure-function"} {
			if line := lineOf(text, plugin); line > 0 {
				return aloft.Setting{Value: azureFunctions, Source: f.at(file, line, "")}
			}
		}
	}
	if text := f.text("function_app.py"); strings.Contains(text, "FunctionApp(") {
		return aloft.Setting{Value: azureFunctions, Source: f.at("function_app.py", lineOf(text, "FunctionApp("), "")}
	}
	if image, line := f.baseImage(); strings.Contains(image, "/azure-functions/") {
		return aloft.Setting{Value: azureFunctions, Source: f.at("Dockerfile", line, image)}
	}
	return f.functionHost()
}

// withoutMarkup blanks the comments of XML and keeps the lines.
func withoutMarkup(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "<!--")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		comment, after, _ := strings.Cut(rest, "-->")
		b.WriteString(strings.Repeat("\n", strings.Count(comment, "\n")))
		text = after
	}
}

// functionHost reads host.json, which functions in every language have.
func (f *folder) functionHost() aloft.Setting {
	root, _, err := parseJSON([]byte(f.text("host.json")))
	if err != nil {
		return aloft.Setting{}
	}
	for _, key := range []string{"version", "extensionBundle", "customHandler"} {
		if v := root.get(key); v != nil && (key != "version" || strings.HasPrefix(v.string(), "2")) {
			return aloft.Setting{Value: azureFunctions, Source: f.at("host.json", v.at(), "")}
		}
	}
	return aloft.Setting{}
}
