package detect

import (
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundPHP(f *folder) bool {
	return f.first("composer.json", "index.php", "public/index.php") != ""
}

func detectPHP(f *folder) (aloft.App, error) {
	composer, err := f.readJSON("composer.json")
	if err != nil {
		return aloft.App{}, err
	}
	from := f.at(f.first("composer.json", "index.php", "public/index.php"), 0, "")
	app := aloft.App{
		Runtime:    aloft.Setting{Source: from},
		Version:    phpVersion(f, composer),
		Toolchains: []aloft.Toolchain{toolchain("php", from)},
	}
	var dependencies []dependency
	require := composer.get("require")
	for _, name := range require.names() {
		dependencies = append(dependencies, dependency{strings.ToLower(name), f.path("composer.json"), require.get(name).at()})
	}
	f.dependencies = dependencies
	app.AddOns = phpSettings(f, addOns(dependencies, phpAddOn))
	app.Framework = phpFramework(dependencies)
	if composer != nil {
		phpInstall(f, &app)
	}
	switch app.Framework.Value {
	case "laravel":
		startLaravel(f, &app)
		return app, nil
	case "symfony":
		if need, ok := relational(app.AddOns); ok && depends(dependencies, "doctrine/doctrine-migrations-bundle") {
			app.Release = run(need.Source, "php", "bin/console", "doctrine:migrations:migrate", "--no-interaction", "--allow-no-migration")
		}
	}
	for _, root := range []string{"public", "web"} {
		if name := root + "/index.php"; f.has(name) {
			app.Start = shell(phpServer+root, f.at(name, 0, ""))
			return app, nil
		}
	}
	if f.has("index.php") {
		startPHPRoot(f, &app)
		return app, nil
	}
	return app, missingStart(manifestLines("start: php -S 0.0.0.0:$PORT -t <folder of index.php>"),
		"cannot tell how to start the PHP app of %s: there is no index.php, public/index.php or web/index.php", from.File)
}

// phpServer is PHP's own server; the folder that it serves follows.
const phpServer = "php -S " + bindHost + ":$PORT -t "

// startPHPRoot serves an index.php beside everything else. PHP's own server hands
// out every file below its folder, hidden ones too, so it is given a folder of
// links to what visitors may see. PHP resolves the links: scripts find their
// neighbours, those that are not linked as well.
func startPHPRoot(f *folder, app *aloft.App) {
	from := f.at("index.php", 0, "")
	app.Start = shell(phpServer+site, from)
	if f.procfile.has("web") {
		return
	}
	hidden := []string{"composer.*", "node_modules", "*.tf", "*.tfvars"}
	if !f.hasDir("vendor") { // then Composer makes it
		hidden = append(hidden, "vendor")
	}
	for _, e := range f.entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && f.private(e) && !strings.HasSuffix(name, ".tf") && !strings.HasSuffix(name, ".tfvars") {
			hidden = append(hidden, aloft.ShellWord(name))
		}
	}
	names := "*"
	if f.hasDir(".well-known") {
		names = ".well-known *"
	}
	from.Reason = withoutPrivate
	app.Build = append(app.Build, shell("mkdir -p "+site+"; for name in "+names+"; do case \"$name\" in "+
		strings.Join(hidden, " | ")+") ;; *) ln -s \"../../$name\" "+site+" ;; esac; done", from))
}

// phpInstall installs the packages, with the Composer of the repository if it
// has one.
func phpInstall(f *folder, app *aloft.App) {
	from := f.at("composer.json", 0, "")
	app.Package = aloft.Setting{Value: "composer", Source: from}
	if f.has("composer.lock") {
		from = f.at("composer.lock", 0, "")
	}
	args := []string{"install", "--no-dev", "--no-interaction", "--optimize-autoloader"}
	if f.has("composer.phar") {
		app.Build = append(app.Build, run(from, append([]string{"php", "composer.phar"}, args...)...))
		return
	}
	app.Build = append(app.Build, run(from, append([]string{"composer"}, args...)...))
	app.Toolchains = append(app.Toolchains, toolchain("composer", app.Package.Source))
}

func phpFramework(dependencies []dependency) aloft.Setting {
	s := framework(dependencies, "laravel/framework", "symfony/framework-bundle", "slim/slim", "cakephp/cakephp", "codeigniter4/framework",
		"yiisoft/yii2", "laminas/laminas-mvc", "drupal/core-recommended", "laravel/lumen-framework")
	if s.Value != "" {
		s.Value, _, _ = strings.Cut(s.Value, "/")
	}
	return s
}

var laravelHealth = regexp.MustCompile(`health:\s*['"](/[\w/-]*)['"]`)

func startLaravel(f *folder, app *aloft.App) {
	from := f.at("artisan", 0, "")
	app.Start = shell("php artisan serve --no-reload --host="+bindHost+" --port=$PORT", from)
	if _, ok := relational(app.AddOns); ok {
		app.Release = run(from, "php", "artisan", "migrate", "--force")
	}
	text := f.text("bootstrap/app.php")
	if match := laravelHealth.FindStringSubmatch(text); match != nil {
		app.Health = aloft.Setting{Value: match[1], Source: f.at("bootstrap/app.php", lineOf(text, match[0]), "")}
	}
}

func phpVersion(f *folder, composer *value) aloft.Setting {
	for _, field := range []*value{composer.get("config", "platform", "php"), composer.get("require", "php")} {
		if v := f.version(field.string(), "composer.json", field.at()); v.Value != "" {
			return v
		}
	}
	return f.versionFile([]string{".php-version"}, "php")
}

// databaseLine is a line of an example of the environment.
var databaseLine = regexp.MustCompile(`(?m)^(DB_CONNECTION|DATABASE_URL|CACHE_STORE|CACHE_DRIVER|QUEUE_CONNECTION|SESSION_DRIVER)\s*=\s*["']?([a-z0-9]+)`)

// phpSettings adds what the settings say that come with the source: PHP's
// drivers are part of PHP, so no package names them.
func phpSettings(f *folder, list []aloft.AddOn) []aloft.AddOn {
	name := f.first(".env.example", ".env")
	text := f.text(name)
	for _, match := range databaseLine.FindAllStringSubmatch(text, -1) {
		kind := map[string]string{
			"pgsql": postgresql, "postgresql": postgresql, "postgres": postgresql, "mysql": mysql, "mariadb": mysql,
			"sqlsrv": sqlserver, "mongodb": mongodb, "redis": redis, "memcached": memcached,
		}[match[2]]
		list = addOn(list, kind, f.at(name, lineOf(text, match[0]), match[1]))
	}
	return list
}

func phpAddOn(name string) string {
	switch name {
	case "ext-pgsql", "ext-pdo_pgsql":
		return postgresql
	case "ext-mysqli", "ext-pdo_mysql":
		return mysql
	case "ext-sqlsrv", "ext-pdo_sqlsrv":
		return sqlserver
	case "ext-mongodb", "mongodb/mongodb", "mongodb/laravel-mongodb", "doctrine/mongodb-odm", "doctrine/mongodb-odm-bundle":
		return mongodb
	case "ext-redis", "predis/predis":
		return redis
	case "php-amqplib/php-amqplib", "symfony/amqp-messenger":
		return rabbitmq
	case "ext-rdkafka":
		return kafka
	case "elasticsearch/elasticsearch":
		return elasticsearch
	case "ext-memcached":
		return memcached
	case "league/flysystem-aws-s3-v3", "aws/aws-sdk-php", "league/flysystem-azure-blob-storage", "microsoft/azure-storage-blob", "azure-oss/storage",
		"azure-oss/storage-blob", "azure-oss/storage-blob-laravel":
		return bucket
	case "microsoft/application-insights":
		return insights
	}
	return ""
}
