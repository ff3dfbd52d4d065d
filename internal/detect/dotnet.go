package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundDotnet(f *folder) bool {
	return len(projectFiles(f)) > 0 || len(f.glob("*.sln")) > 0 || len(f.glob("*.slnx")) > 0
}

func projectFiles(f *folder) []string {
	return slices.Concat(f.glob("*.csproj"), f.glob("*.fsproj"), f.glob("*.vbproj"))
}

// dotnetProject is a project file.
type dotnetProject struct {
	file string // from the app's folder
	root *element
}

// workerSDK is that of programs without a server.
const workerSDK = "Microsoft.NET.Sdk.Worker"

func (p dotnetProject) sdk() string { return p.root.attrs["Sdk"] }

func (p dotnetProject) property(name string) *element {
	for _, group := range p.root.all("PropertyGroup") {
		if e := group.get(name); e != nil {
			return e
		}
	}
	return nil
}

func (p dotnetProject) assembly() string {
	if name := p.property("AssemblyName").string(); name != "" && !strings.Contains(name, "$(") {
		return name
	}
	base := path.Base(p.file)
	return strings.TrimSuffix(base, path.Ext(base))
}

// rank orders projects: a site first, then a server, then any program.
func (p dotnetProject) rank() int {
	switch {
	case depends(p.packages(""), "Microsoft.NET.Test.Sdk"):
		return 0
	case strings.HasPrefix(p.sdk(), "Microsoft.NET.Sdk.Web"):
		return 3
	case strings.HasPrefix(p.sdk(), "Microsoft.NET.Sdk.BlazorWebAssembly"):
		return 2
	case strings.HasPrefix(p.sdk(), workerSDK), strings.EqualFold(p.property("OutputType").string(), "Exe"):
		return 1
	}
	return 0
}

// packages returns the packages that the project names.
func (p dotnetProject) packages(file string) []dependency {
	var list []dependency
	for _, group := range p.root.all("ItemGroup") {
		for _, reference := range group.all("PackageReference") {
			list = append(list, dependency{reference.attrs["Include"], file, reference.line})
		}
	}
	return list
}

func detectDotnet(f *folder) (aloft.App, error) {
	projects, err := dotnetProjects(f)
	if err != nil {
		return aloft.App{}, err
	}
	file := append(append(projectFiles(f), f.glob("*.sln")...), f.glob("*.slnx")...)[0]
	from := f.at(file, 0, "")
	app := aloft.App{Runtime: aloft.Setting{Source: from}, Toolchains: []aloft.Toolchain{toolchain("dotnet", from)}}
	project, err := chooseProject(f, projects, file)
	if err != nil {
		return app, err
	}
	project.build(f, &app)
	return app, nil
}

// build publishes and starts one project.
func (p dotnetProject) build(f *folder, app *aloft.App) {
	from := f.at(p.file, 0, "")
	f.home, f.dependencies = f.sub(path.Dir(p.file)), p.packages(from.File)
	app.Version = dotnetVersion(f, p)
	app.AddOns = addOns(f.dependencies, dotnetAddOn)
	app.Build = []aloft.Command{run(from, "dotnet", "publish", p.file, "--configuration", "Release", "--output", ".aloft/app")}
	at := f.at(p.file, p.root.line, "")
	switch p.rank() {
	case 3:
		app.Framework = aloft.Setting{Value: "aspnet", Source: at}
	case 2:
		app.Framework = aloft.Setting{Value: "blazor", Source: at}
		app.Static = aloft.Setting{Value: ".aloft/app/wwwroot", Source: at}
		return
	}
	app.Start = run(at, "dotnet", ".aloft/app/"+p.assembly()+".dll")
}

// dotnetProjects returns the project files of the folder, or, where there are
// none, those up to two folders below.
func dotnetProjects(f *folder) ([]dotnetProject, error) {
	var projects []dotnetProject
	add := func(at *folder, prefix string) error {
		for _, name := range projectFiles(at) {
			root, err := at.readXML(name)
			if err != nil {
				return err
			}
			projects = append(projects, dotnetProject{path.Join(prefix, name), root})
		}
		return nil
	}
	if err := add(f, ""); err != nil || len(projects) > 0 {
		return projects, err
	}
	for _, name := range f.dirs() {
		sub := f.sub(name)
		if sub == nil {
			continue
		}
		if err := add(sub, name); err != nil {
			return nil, err
		}
		for _, below := range sub.dirs() {
			if at := sub.sub(below); at != nil {
				if err := add(at, path.Join(name, below)); err != nil {
					return nil, err
				}
			}
		}
	}
	return projects, nil
}

func chooseProject(f *folder, projects []dotnetProject, file string) (dotnetProject, error) {
	best := 0
	var candidates []dotnetProject
	for _, p := range projects {
		switch rank := p.rank(); {
		case rank == 0 || rank < best:
		case rank > best:
			best, candidates = rank, []dotnetProject{p}
		default:
			candidates = append(candidates, p)
		}
	}
	if len(candidates) == 1 {
		return candidates[0], nil
	}
	if len(candidates) == 0 {
		return dotnetProject{}, missingStart(manifestLines("path: <folder of the project>"),
			"cannot start %s: it has no project of Microsoft.NET.Sdk.Web, and none with <OutputType>Exe</OutputType>", f.path(file))
	}
	var names []string
	for _, p := range candidates {
		names = append(names, p.file)
	}
	return dotnetProject{}, missingStart(manifestLines("path: "+path.Dir(f.path(names[0]))),
		"cannot choose the project of %s to start: there are %s", f.path(file), strings.Join(names, ", "))
}

var frameworkVersion = regexp.MustCompile(`^net(?:coreapp)?([0-9]+\.[0-9]+)`)

func dotnetVersion(f *folder, p dotnetProject) aloft.Setting {
	for _, name := range []string{"TargetFramework", "TargetFrameworks"} {
		e := p.property(name)
		if match := frameworkVersion.FindStringSubmatch(e.string()); match != nil {
			return f.version(match[1], p.file, e.at())
		}
	}
	if root, _, err := parseJSON([]byte(f.text("global.json"))); err == nil {
		return f.version(root.get("sdk", "version").string(), "global.json", root.get("sdk", "version").at())
	}
	return aloft.Setting{}
}

func dotnetAddOn(name string) string {
	switch strings.ToLower(name) {
	case "npgsql", "npgsql.entityframeworkcore.postgresql", "aspire.npgsql", "aspire.npgsql.entityframeworkcore.postgresql",
		"marten", "hangfire.postgresql", "npgsql.dependencyinjection", "npgsql.opentelemetry", "aspire.azure.npgsql", "aspire.azure.npgsql.entityframeworkcore.postgresql", "wolverinefx.postgresql":
		return postgresql
	case "mysqlconnector", "mysql.data", "pomelo.entityframeworkcore.mysql", "mysql.entityframeworkcore", "aspire.mysqlconnector", "aspire.pomelo.entityframeworkcore.mysql", "microting.entityframeworkcore.mysql":
		return mysql
	case "microsoft.data.sqlclient", "system.data.sqlclient", "microsoft.entityframeworkcore.sqlserver", "aspire.microsoft.data.sqlclient",
		"aspire.microsoft.entityframeworkcore.sqlserver", "hangfire.sqlserver", "microsoft.extensions.caching.sqlserver":
		return sqlserver
	case "mongodb.driver", "mongodb.entityframeworkcore", "aspire.mongodb.driver", "aspire.mongodb.entityframeworkcore":
		return mongodb
	case "stackexchange.redis", "microsoft.extensions.caching.stackexchangeredis", "hangfire.redis.stackexchange", "aspire.stackexchange.redis", "aspire.stackexchange.redis.distributedcaching",
		"aspire.stackexchange.redis.outputcaching", "microsoft.aspnetcore.signalr.stackexchangeredis", "microsoft.aspnetcore.dataprotection.stackexchangeredis",
		"microsoft.aspnetcore.outputcaching.stackexchangeredis", "nredisstack", "valkey.glide", "freeredis":
		return redis
	case "rabbitmq.client", "masstransit.rabbitmq", "easynetq", "aspire.rabbitmq.client":
		return rabbitmq
	case "confluent.kafka", "masstransit.kafka", "aspire.confluent.kafka":
		return kafka
	case "elastic.clients.elasticsearch", "nest":
		return elasticsearch
	case "enyimmemcachedcore":
		return memcached
	case "awssdk.s3", "azure.storage.blobs", "google.cloud.storage.v1", "minio", "aspire.azure.storage.blobs", "azure.extensions.aspnetcore.dataprotection.blobs":
		return bucket
	case "azure.security.keyvault.secrets", "azure.security.keyvault.keys", "azure.security.keyvault.certificates",
		"azure.extensions.aspnetcore.configuration.secrets", "aspire.azure.security.keyvault", "azure.extensions.aspnetcore.dataprotection.keys":
		return keyVault
	case "microsoft.applicationinsights.aspnetcore", "microsoft.applicationinsights.workerservice", "microsoft.applicationinsights",
		"azure.monitor.opentelemetry.aspnetcore", "azure.monitor.opentelemetry.exporter", "microsoft.azure.functions.worker.applicationinsights",
		"serilog.sinks.applicationinsights":
		return insights
	}
	return ""
}
