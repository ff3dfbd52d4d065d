package blueprint

import (
	"slices"
	"strconv"

	"github.com/aloft-dev/aloft"
)

// azureParts are the expressions that fill in the values of aloft.ServiceVariables on
// Azure: what the service's module puts out.
func azureParts(kind string) map[string]expression {
	output := func(name string) expression { return reference("module." + moduleName(kind) + "." + name) }
	switch kind {
	case PostgreSQL:
		return map[string]expression{
			"{host}": output("host"), "{port}": output("port"), "{database}": output("database"), "{user}": output("username"),
			"{query}": text("?sslmode=require"), "{sslmode}": text("require"),
		}
	case MySQL:
		return map[string]expression{
			"{host}": output("host"), "{port}": output("port"), "{database}": output("database"), "{user}": output("username"),
		}
	case SQLServer:
		return map[string]expression{
			"{host}": output("host"), "{port}": output("port"), "{database}": output("database"), "{client-id}": reference("module.identity.client_id"),
		}
	case Redis:
		return map[string]expression{"{host}": output("host"), "{port}": output("port"), "{user}": output("username")}
	case MongoDB:
		return map[string]expression{"{url}": output("url"), "{database}": output("database")}
	case BlobStorage:
		return map[string]expression{"{account}": output("account_name"), "{endpoint}": output("endpoint"), "{container}": output("container")}
	case KeyVault:
		return map[string]expression{"{endpoint}": output("uri")}
	case ApplicationInsights:
		return map[string]expression{"{connection}": output("connection_string")}
	default:
		return map[string]expression{"{client-id}": reference("module.identity.client_id")}
	}
}

// secretOutputs are the outputs of a database's module that name a secret of the
// vault, by the part that the secret is.
var secretOutputs = map[string]string{
	"{password}": "password_secret_id", "{url}": "url_secret_id", "{connection-string}": "connection_string_secret_id",
}

// keepers are the services that keep something, by their kinds.
func (c Choices) keepers() []string {
	return slices.DeleteFunc(c.services()[1:], func(service string) bool {
		k, _ := kindOf(service)
		return k.open
	})
}

// azureVariables returns what an app is told of itself and of the services: plain
// settings, and secrets by the vault's reference to them.
func azureVariables(c Choices, a App) (settings, secrets []attribute) {
	settings = append(settings,
		attribute{"ALOFT_PROJECT", reference("var.project")},
		attribute{"ALOFT_ENVIRONMENT", reference("var.environment")})
	add := func(kind string, parts map[string]expression, list []aloft.Variable) {
		for _, v := range aloft.VariablesFor(a.Runtime, list) {
			if v.Secret(kind) {
				secrets = append(secrets, attribute{v.Name, reference("module." + moduleName(kind) + "." + secretOutputs[v.Value])})
				continue
			}
			settings = append(settings, attribute{v.Name, template(v.Value, parts)})
		}
	}
	if port := a.toldPort(); port != 0 {
		add("", map[string]expression{"{port}": text(strconv.Itoa(port))}, aloft.PortVariables())
	}
	for _, kind := range c.services() {
		add(kind, azureParts(kind), aloft.ServiceVariables(kind))
	}
	return settings, secrets
}

// toldPort is the port that an app is told by its settings; 0 = the host tells it.
// For a jar App Service has its own port 80, which it tells Spring Boot alone, or
// the one in PORT.
func (a App) toldPort() int {
	if r, _ := runtimeOf(a.Runtime); r.java && a.Hosting == HostingWebApp && a.Packaging == PackagingArchive {
		return r.port
	}
	return a.Port
}

// services lists what apps are told of on Azure, in the order of the files: the
// identity, the database, the add-ons.
func (c Choices) services() []string {
	kinds := []string{"identity"}
	if c.HasDatabase() {
		kinds = append(kinds, c.Database.Kind)
	}
	for _, s := range c.AddOns {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}
