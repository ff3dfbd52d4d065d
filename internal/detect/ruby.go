package detect

import (
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundRuby(f *folder) bool {
	return f.first("Gemfile", "config.ru", "app.rb", "main.rb", "server.rb") != ""
}

func detectRuby(f *folder) (aloft.App, error) {
	from := f.at(f.first("Gemfile", "config.ru", "app.rb", "main.rb", "server.rb"), 0, "")
	app := aloft.App{Runtime: aloft.Setting{Source: from}, Toolchains: []aloft.Toolchain{toolchain("ruby", from)}}
	var gems []dependency
	if f.has("Gemfile") {
		data, err := f.read("Gemfile")
		if err != nil {
			return app, err
		}
		file := scanGemfile(string(data))
		for _, gem := range file.gems {
			gems = append(gems, dependency{gem.text, f.path("Gemfile"), gem.number})
		}
		app.Version = f.version(file.ruby.text, "Gemfile", file.ruby.number)
		app.Package = aloft.Setting{Value: "bundler", Source: from}
		app.Toolchains = append(app.Toolchains, toolchain("bundle", from))
		app.Build = []aloft.Command{
			run(from, "bundle", "config", "set", "--local", "without", "development:test"),
			run(from, "bundle", "install"),
		}
	}
	if app.Version.Value == "" {
		app.Version = f.versionFile([]string{".ruby-version"}, "ruby")
	}
	f.dependencies = gems
	app.AddOns = addOns(gems, rubyAddOn)
	app.Framework = framework(gems, "rails", "hanami", "sinatra", "roda", "grape", "jekyll", "padrino", "cuba", "rack")
	switch app.Framework.Value {
	case "rails":
		startRails(f, &app, gems)
		return app, nil
	case "jekyll":
		app.Build = append(app.Build, run(app.Framework.Source, "bundle", "exec", "jekyll", "build"))
		app.Static = aloft.Setting{Value: "_site", Source: app.Framework.Source}
		return app, nil
	}
	return app, startRack(f, &app, gems)
}

// bundled prefixes a program with Bundler when there is a Gemfile.
func bundled(f *folder, text string) string {
	if f.has("Gemfile") {
		return "bundle exec " + text
	}
	return text
}

const railsEnvironment = "RAILS_ENV=${RAILS_ENV:-production} "

// startRails starts Puma by itself, since `rails server` refuses to run twice
// from one folder, as the old and the new release of a swap do.
func startRails(f *folder, app *aloft.App, gems []dependency) {
	from := app.Framework.Source
	if f.hasDir("app/assets") || f.hasDir("app/javascript") {
		app.Build = append(app.Build, run(from, "env", "RAILS_ENV=production", "SECRET_KEY_BASE_DUMMY=1", "bundle", "exec", "rails", "assets:precompile"))
	}
	app.Start = shell(railsEnvironment+"exec "+rackServer(f, gems), from)
	if need, ok := relational(app.AddOns); ok {
		app.Release = shell(railsEnvironment+"exec bundle exec rails db:migrate", need.Source)
	}
	text := f.text("config/routes.rb")
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "get" && strings.Contains(line, "rails/health#show") {
			path := "/" + strings.Trim(words[1], `"',/`)
			app.Health = aloft.Setting{Value: path, Source: f.at("config/routes.rb", i+1, "")}
		}
	}
}

// rackServer returns the command of the server among the gems.
func rackServer(f *folder, gems []dependency) string {
	switch server, _ := first(gems, "puma", "falcon", "thin", "unicorn"); server.name {
	case "puma":
		return bundled(f, "puma --bind tcp://"+bindHost+":$PORT")
	case "falcon":
		return bundled(f, "falcon serve --bind http://"+bindHost+":$PORT")
	case "thin":
		return bundled(f, "thin start --address "+bindHost+" --port $PORT")
	case "unicorn":
		return bundled(f, "unicorn --host "+bindHost+" --port $PORT")
	}
	return bundled(f, "rackup --host "+bindHost+" --port $PORT")
}

func startRack(f *folder, app *aloft.App, gems []dependency) error {
	if f.has("config.ru") {
		app.Start = shell(rackServer(f, gems), f.at("config.ru", 0, ""))
		return nil
	}
	name := f.first("app.rb", "main.rb", "server.rb")
	if name == "" {
		return missingStart("add a config.ru, or write the line \"web: <command that listens on $PORT>\" into a Procfile",
			"cannot tell how to start the Ruby app of %s: there is no config.ru, app.rb, main.rb or server.rb", app.Runtime.Source.File)
	}
	text := bundled(f, "ruby "+name)
	if app.Framework.Value == "sinatra" {
		text += " -o " + bindHost + " -p $PORT"
	}
	app.Start = shell(text, f.at(name, 0, ""))
	return nil
}

func rubyAddOn(name string) string {
	switch name {
	case "pg":
		return postgresql
	case "mysql2", "trilogy":
		return mysql
	case "tiny_tds", "activerecord-sqlserver-adapter":
		return sqlserver
	case "mongoid", "mongo":
		return mongodb
	case "redis", "redis-client", "sidekiq", "resque", "hiredis-client", "redis-rails", "kredis", "redis-store":
		return redis
	case "bunny", "sneakers":
		return rabbitmq
	case "ruby-kafka", "rdkafka", "karafka":
		return kafka
	case "elasticsearch", "elasticsearch-model", "searchkick":
		return elasticsearch
	case "dalli":
		return memcached
	case "aws-sdk-s3", "azure-storage-blob", "azure-blob", "google-cloud-storage":
		return bucket
	case "azure_key_vault":
		return keyVault
	case "application_insights":
		return insights
	}
	return ""
}

// moreRubyAddOn knows drivers that only init looks at: with one, the pipeline
// would begin to run migrations.
func moreRubyAddOn(name string) string {
	switch name {
	case "sequel_pg", "activerecord-postgis-adapter":
		return postgresql
	case "activerecord-trilogy-adapter", "ruby-mysql":
		return mysql
	}
	return ""
}
