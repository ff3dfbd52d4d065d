package detect

import (
	"bytes"
	"errors"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/aloft-dev/aloft"
)

// goDepth is how deep main packages are looked for when there is none in the
// root and none in cmd.
const goDepth = 3

func foundGo(f *folder) bool {
	return f.has("go.mod") || len(f.glob("*.go")) > 0 && goModule(f) != nil
}

// goModule returns the folder of the go.mod that an app's folder belongs to.
func goModule(f *folder) *folder {
	for _, at := range append([]*folder{f}, f.parents()...) {
		if at.has("go.mod") {
			return at
		}
	}
	return nil
}

func detectGo(f *folder) (aloft.App, error) {
	module := goModule(f)
	mod, err := readGoMod(module)
	if err != nil {
		return aloft.App{}, err
	}
	from, app := module.at("go.mod", 0, ""), goApp(f, module, mod)
	mains := mainPackages(f)
	f.mains = mains
	if f.procfile.has("web") && len(mains) > 0 {
		folder := ".aloft/bin/"
		if f.procfile.mentions("bin/") {
			folder = "bin/"
		}
		app.Build = []aloft.Command{run(from, append([]string{"go", "build", "-o", folder}, mains...)...)}
		return app, nil
	}
	main, err := chooseMain(f, mod, mains)
	if err != nil {
		return app, err
	}
	buildMain(f, module, main, &app)
	return app, nil
}

// buildMain builds and starts a main package of a module.
func buildMain(f, module *folder, main string, app *aloft.App) {
	f.home = f.sub(main)
	from := module.at("go.mod", 0, "main package "+main)
	app.Build = []aloft.Command{run(from, "go", "build", "-o", ".aloft/app", main)}
	app.Start = run(from, ".aloft/app")
}

// goApp returns what all programs of a module have in common.
func goApp(f, module *folder, mod *modfile.File) aloft.App {
	from := module.at("go.mod", 0, "")
	app := aloft.App{
		Runtime:    aloft.Setting{Source: from},
		Version:    goVersion(module, mod),
		Toolchains: []aloft.Toolchain{toolchain("go", from)},
	}
	var dependencies []dependency
	for _, r := range mod.Require {
		if !r.Indirect {
			dependencies = append(dependencies, dependency{majorless(r.Mod.Path), from.File, r.Syntax.Start.Line})
		}
	}
	f.dependencies = dependencies
	app.AddOns = addOns(dependencies, goAddOn)
	app.Framework = goFramework(dependencies)
	return app
}

func readGoMod(f *folder) (*modfile.File, error) {
	data, err := f.read("go.mod")
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err == nil && mod.Module == nil {
		err = errors.New("there is no line \"module\"")
	}
	if err == nil {
		return mod, nil
	}
	var list modfile.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		return nil, f.malformed("go.mod", list[0].Pos.Line, list[0].Err)
	}
	return nil, f.malformed("go.mod", 1, err)
}

func goVersion(f *folder, mod *modfile.File) aloft.Setting {
	switch {
	case mod.Toolchain != nil && mod.Toolchain.Name != "default":
		return f.version(strings.TrimPrefix(mod.Toolchain.Name, "go"), "go.mod", mod.Toolchain.Syntax.Start.Line)
	case mod.Go != nil:
		return f.version(mod.Go.Version, "go.mod", mod.Go.Syntax.Start.Line)
	}
	return aloft.Setting{}
}

// mainPackages returns the packages that can be built and started: that of the
// folder itself, else those in cmd, else all others.
func mainPackages(f *folder) []string {
	if isMain(f) {
		return []string{"."}
	}
	var mains []string
	if cmd := f.sub("cmd"); cmd != nil {
		mains = mainsBelow(cmd, "./cmd", 1)
	}
	if len(mains) == 0 {
		mains = mainsBelow(f, ".", goDepth)
	}
	return mains
}

func mainsBelow(f *folder, prefix string, depth int) []string {
	var mains []string
	if f.has("go.mod") && prefix != "." { // another module
		return nil
	}
	for _, name := range f.dirs() {
		sub := f.sub(name)
		if sub == nil || sub.has("go.mod") {
			continue
		}
		if isMain(sub) {
			mains = append(mains, prefix+"/"+name)
		}
		if depth > 1 {
			mains = append(mains, mainsBelow(sub, prefix+"/"+name, depth-1)...)
		}
	}
	return mains
}

// isMain reports whether a folder holds a main package that builds on a server.
func isMain(f *folder) bool {
	system := build.Default
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "amd64", true
	system.JoinPath = path.Join
	system.OpenFile = func(name string) (io.ReadCloser, error) {
		data, err := f.read(path.Base(name))
		return io.NopCloser(bytes.NewReader(data)), err
	}
	for _, name := range f.glob("*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := system.MatchFile(f.dir, name); err != nil || !match {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, f.text(name), parser.PackageClauseOnly)
		if err == nil && file.Name != nil && file.Name.Name != "documentation" { // which is left out of builds
			return file.Name.Name == "main"
		}
	}
	return false
}

// chooseMain returns the only main package, or that of cmd/<module name>.
func chooseMain(f *folder, mod *modfile.File, mains []string) (string, error) {
	own := "./cmd/" + path.Base(majorless(mod.Module.Mod.Path))
	switch {
	case len(mains) == 1:
		return mains[0], nil
	case slices.Contains(mains, own):
		return own, nil
	case len(mains) == 0:
		return "", missingStart(manifestLines("path: <folder of the main package>"),
			"cannot build %s: there is no main package in its root, in cmd/ or below", f.path("go.mod"))
	}
	return "", missingStart(manifestLines("build: go build -o .aloft/app "+mains[0], "start: .aloft/app"),
		"cannot choose the main package of %s: there are %s", f.path("go.mod"), strings.Join(mains, ", "))
}

// majorless takes the major version off a module's path.
func majorless(modulePath string) string {
	base := path.Base(modulePath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		return path.Dir(modulePath)
	}
	return modulePath
}

func goFramework(dependencies []dependency) aloft.Setting {
	s := framework(dependencies, "github.com/gin-gonic/gin", "github.com/labstack/echo", "github.com/gofiber/fiber",
		"github.com/go-chi/chi", "github.com/beego/beego", "github.com/gobuffalo/buffalo", "github.com/kataras/iris",
		"github.com/danielgtaylor/huma", "github.com/gorilla/mux")
	if s.Value != "" {
		s.Value = path.Base(s.Value)
	}
	return s
}

func goAddOn(module string) string {
	switch module {
	case "github.com/lib/pq", "github.com/jackc/pgx", "github.com/go-pg/pg", "gorm.io/driver/postgres", "github.com/uptrace/bun/driver/pgdriver", "github.com/riverqueue/river/riverdriver/riverpgxv5":
		return postgresql
	case "github.com/go-sql-driver/mysql", "gorm.io/driver/mysql", "github.com/go-mysql-org/go-mysql":
		return mysql
	case "github.com/microsoft/go-mssqldb", "github.com/denisenkom/go-mssqldb", "gorm.io/driver/sqlserver":
		return sqlserver
	case "go.mongodb.org/mongo-driver":
		return mongodb
	case "github.com/redis/go-redis", "github.com/go-redis/redis", "github.com/gomodule/redigo", "github.com/redis/rueidis", "github.com/hibiken/asynq", "github.com/valkey-io/valkey-go",
		"github.com/valkey-io/valkey-glide/go", "github.com/mediocregopher/radix":
		return redis
	case "github.com/rabbitmq/amqp091-go", "github.com/streadway/amqp":
		return rabbitmq
	case "github.com/segmentio/kafka-go", "github.com/IBM/sarama", "github.com/Shopify/sarama", "github.com/twmb/franz-go", "github.com/confluentinc/confluent-kafka-go":
		return kafka
	case "github.com/elastic/go-elasticsearch":
		return elasticsearch
	case "github.com/bradfitz/gomemcache":
		return memcached
	case "github.com/aws/aws-sdk-go-v2/service/s3", "github.com/minio/minio-go", "cloud.google.com/go/storage", "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob":
		return bucket
	case "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets", "github.com/Azure/azure-sdk-for-go/sdk/keyvault/azsecrets",
		"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys":
		return keyVault
	case "github.com/microsoft/ApplicationInsights-Go":
		return insights
	}
	return ""
}
