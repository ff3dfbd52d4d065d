package blueprint

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// azure composes the modules of an Azure environment.
type azure struct {
	Choices
	document
	network bool     // there is a virtual network
	vault   bool     // there is a key vault
	guarded bool     // something admits the addresses of who deploys
	used    []string // folders of modules, in order of their first use
}

func newAzure(c Choices) *azure {
	_, closed := c.closed()
	_, addOn := c.AddOn(KeyVault)
	z := &azure{
		Choices:  c,
		document: newDocument(),
		network:  c.Network == NetworkPrivate || closed,
		vault:    addOn || c.Database.Kind == PostgreSQL || c.Database.Kind == MySQL,
	}
	z.guarded = z.vault || z.functionJoins() || z.hasImages() && c.Network == NetworkPrivate
	return z
}

// azureMain returns terraform/main.tf and the modules that it uses.
func azureMain(c Choices) (string, []string) {
	z := newAzure(c)
	z.foundation()
	if z.network {
		z.virtualNetwork()
	}
	if z.hasImages() {
		z.registry()
	}
	if z.vault {
		z.keyVault()
	}
	z.database()
	z.addOns()
	z.apps()
	return z.text(), z.used
}

// moduleName is the name of a service's module in the composition.
func moduleName(service string) string { return strings.ReplaceAll(service, "-", "_") }

// appModule is the name of an app's module; the prefix keeps an app named redis
// apart from the add-on.
func appModule(app string) string { return "app_" + strings.ReplaceAll(app, "-", "_") }

// moduleComments say what a newcomer would ask of a module.
var moduleComments = map[string][]string{
	"identity":      {"What the apps are to Azure: registry, vault, storage and databases know them by", "this identity, so that there are no keys to keep."},
	"log-workspace": {"Where every service writes its logs."},
	"network":       {"The way from the apps to their services. Nobody else gets in."},
	"registry":      {"Keeps the images of the apps."},
	"key-vault":     {"Keeps passwords: they stand neither here nor in Terraform's state."},
}

// module writes a call of a module with the inputs that all of them have.
func (z *azure) module(name, folder string, attributes ...attribute) {
	if !slices.Contains(z.used, folder) {
		z.used = append(z.used, folder)
	}
	z.space()
	z.comment(moduleComments[folder]...)
	all := []attribute{
		{"source", text("./modules/" + folder)},
		gap(),
		{"name", reference("local.name")},
		{"suffix", reference("local.suffix")},
		{"resource_group_name", reference("azurerm_resource_group.main.name")},
		{"location", reference("azurerm_resource_group.main.location")},
		{"tags", reference("local.tags")},
	}
	if folder == HostingStaticWebApp {
		all[5].value = text(regionOf(z.Region).static)
	}
	if len(attributes) > 0 {
		all = append(all, gap())
	}
	z.block("module", []string{name}, append(all, attributes...)...)
}

// foundation writes what every environment has: its names, its resource group,
// its identity and its logs.
func (z *azure) foundation() {
	z.comment(
		"All of an environment: one resource group, named and tagged with project and",
		"environment. Change what you like: `aloft upgrade` keeps your edits.")
	z.space()
	z.block("data", []string{"azurerm_client_config", "current"})
	z.space()
	z.block("locals", nil,
		attribute{"name", template("{project}-{environment}", map[string]expression{
			"{project}": reference("var.project"), "{environment}": reference("var.environment"),
		})},
		attribute{"suffix", suffix()},
		attribute{"tags", object(
			attribute{"project", reference("var.project")},
			attribute{"environment", reference("var.environment")},
			attribute{"managed-by", text("aloft")},
		)})
	z.space()
	z.block("resource", []string{"azurerm_resource_group", "main"},
		attribute{"name", template("rg-{name}", map[string]expression{"{name}": reference("local.name")})},
		attribute{"location", reference("var.region")},
		attribute{"tags", reference("local.tags")})
	z.module("identity", "identity")
	z.module("logs", "log-workspace")
}

// suffix is six digits that no other environment of the subscription has, for
// names that are global in Azure.
func suffix() expression {
	seed := template("{subscription}/{project}/{environment}", map[string]expression{
		"{subscription}": reference("data.azurerm_client_config.current.subscription_id"),
		"{project}":      reference("var.project"), "{environment}": reference("var.environment"),
	})
	return hclwrite.TokensForFunctionCall("substr", hclwrite.TokensForFunctionCall("sha256", seed), number(0), number(6))
}

func (z *azure) hasImages() bool {
	return slices.ContainsFunc(z.Apps, func(a App) bool { return a.Packaging == PackagingImage })
}

func (z *azure) hasHosting(hosting string) bool {
	return slices.ContainsFunc(z.Apps, func(a App) bool { return a.Hosting == hosting })
}

// functionJoins reports whether a function is in the virtual network: then so is
// the storage that it runs from.
func (z *azure) functionJoins() bool {
	return slices.ContainsFunc(z.Apps, func(a App) bool { return a.Hosting == HostingFunction && z.joins(a) })
}

// joins reports whether the app is in the virtual network.
func (z *azure) joins(a App) bool {
	host, _ := kindOf(a.Hosting)
	return z.network && !host.tier(a.Tier).isolated
}

// subnets lists the kinds of subnets that are needed, sorted.
func (z *azure) subnets() []string {
	var kinds []string
	for _, a := range z.Apps {
		if z.joins(a) && !slices.Contains(kinds, a.Hosting) {
			kinds = append(kinds, a.Hosting)
		}
	}
	if z.Database.Kind == PostgreSQL || z.Database.Kind == MySQL {
		kinds = append(kinds, z.Database.Kind)
	}
	if z.Network == NetworkPrivate {
		kinds = append(kinds, "endpoints")
	}
	slices.Sort(kinds)
	return kinds
}

// endpointZones are the private DNS zones of private endpoints, by service.
var endpointZones = map[string]string{
	"registry":  "privatelink.azurecr.io",
	KeyVault:    "privatelink.vaultcore.azure.net",
	SQLServer:   "privatelink.database.windows.net",
	Redis:       "privatelink.redis.azure.net",
	MongoDB:     "privatelink.mongocluster.cosmos.azure.com",
	BlobStorage: "privatelink.blob.core.windows.net",
	PostgreSQL:  "privatelink.postgres.database.azure.com",
	MySQL:       "privatelink.mysql.database.azure.com",
}

// serviceEndpoints are the doors in a subnet to services with public addresses.
var serviceEndpoints = map[string]string{
	KeyVault: "Microsoft.KeyVault", SQLServer: "Microsoft.Sql", BlobStorage: "Microsoft.Storage",
}

// behind lists the services that the virtual network leads to.
func (z *azure) behind() []string {
	var kinds []string
	if z.HasDatabase() {
		kinds = append(kinds, z.Database.Kind)
	}
	for _, s := range z.AddOns {
		kinds = append(kinds, s.Kind)
	}
	if z.vault && !slices.Contains(kinds, KeyVault) {
		kinds = append(kinds, KeyVault)
	}
	if z.hasImages() && z.Network == NetworkPrivate {
		kinds = append(kinds, "registry")
	}
	return kinds
}

func (z *azure) virtualNetwork() {
	var zones, endpoints []string
	for _, kind := range z.behind() {
		delegated := kind == PostgreSQL || kind == MySQL
		if zone, ok := endpointZones[kind]; ok && (delegated || z.Network == NetworkPrivate) {
			zones = append(zones, zone)
		}
		if endpoint, ok := serviceEndpoints[kind]; ok && z.Network == NetworkPublic {
			endpoints = append(endpoints, endpoint)
		}
	}
	if z.functionJoins() && !slices.Contains(endpoints, serviceEndpoints[BlobStorage]) {
		endpoints = append(endpoints, serviceEndpoints[BlobStorage])
	}
	slices.Sort(zones)
	slices.Sort(endpoints)
	attributes := []attribute{{"subnets", texts(z.subnets())}}
	if len(endpoints) > 0 {
		attributes = append(attributes, attribute{"service_endpoints", texts(endpoints)})
	}
	if len(zones) > 0 {
		attributes = append(attributes, attribute{"private_dns_zones", texts(zones)})
	}
	if first := slices.IndexFunc(z.Apps, func(a App) bool { return a.Hosting == HostingFunction && z.joins(a) }); first >= 0 {
		attributes = append(attributes, attribute{"flex_function", equal(reference("var."+appModule(z.Apps[first].Name)+"_tier"), text("flex"))})
	}
	z.module("network", "network", attributes...)
}

func subnet(kind string) expression { return reference(`module.network.subnet_ids["` + kind + `"]`) }

// door returns how a service is reached by the apps and by nobody else.
func (z *azure) door(service string) []attribute {
	if z.Network == NetworkPrivate {
		return []attribute{{"private_endpoint", object(
			attribute{"subnet_id", subnet("endpoints")},
			attribute{"dns_zone_id", reference(`module.network.private_dns_zone_ids["` + endpointZones[service] + `"]`)},
		)}}
	}
	var ids []expression
	for _, kind := range z.subnets() {
		if kind == HostingWebApp || kind == HostingFunction || kind == HostingContainerApp {
			ids = append(ids, subnet(kind))
		}
	}
	return []attribute{{"allowed_subnet_ids", list(ids...)}}
}

// appPrincipal admits the apps' identity.
func appPrincipal() expression {
	return object(attribute{"apps", reference("module.identity.principal_id")})
}

// identity describes the apps' identity to a module that takes those of its
// outputs.
func identity(outputs ...string) attribute {
	attributes := make([]attribute, len(outputs))
	for i, name := range outputs {
		attributes[i] = attribute{name, reference("module.identity." + name)}
	}
	return attribute{"identity", object(attributes...)}
}

func workspace() attribute { return attribute{"log_workspace_id", reference("module.logs.id")} }

func (z *azure) registry() {
	attributes := []attribute{{"pull_principal_ids", appPrincipal()}, workspace()}
	if z.Network == NetworkPrivate {
		attributes = append(attributes, z.door("registry")...)
		attributes = append(attributes, deployerAddresses())
	}
	z.module("registry", "registry", attributes...)
}

func (z *azure) keyVault() {
	tier := text("standard")
	if _, chosen := z.AddOn(KeyVault); chosen {
		tier = reference("var.key_vault_tier")
	}
	attributes := append([]attribute{{"tier", tier}}, z.door(KeyVault)...)
	z.module("key_vault", "key-vault", append(attributes,
		deployerAddresses(),
		attribute{"planner_ip_addresses", reference("var.planner_ip_addresses")},
		attribute{"deployer_principal_ids", reference("var.deployer_principal_ids")},
		attribute{"reader_principal_ids", appPrincipal()},
		workspace())...)
}

func deployerAddresses() attribute {
	return attribute{"deployer_ip_addresses", reference("var.deployer_ip_addresses")}
}

func (z *azure) database() {
	if !z.HasDatabase() {
		return
	}
	kind := z.Database.Kind
	attributes := []attribute{{"tier", reference("var.database_tier")}}
	if kind == SQLServer {
		attributes = append(attributes, z.door(SQLServer)...)
		attributes = append(attributes, identity("id", "client_id", "principal_id", "name"))
	} else {
		attributes = append(attributes,
			attribute{kind + "_version", reference("var.database_version")},
			attribute{"delegated_subnet_id", subnet(kind)},
			attribute{"private_dns_zone_id", reference(`module.network.private_dns_zone_ids["` + endpointZones[kind] + `"]`)},
			attribute{"key_vault_id", reference("module.key_vault.id")})
		if kind == PostgreSQL {
			attributes = append(attributes, identity("client_id", "principal_id", "name"))
		}
	}
	region := regionOf(z.Region)
	if !region.zones {
		name := "high_availability"
		if kind == SQLServer {
			name = "zone_redundant"
		}
		attributes = append(attributes, attribute{name, boolean(false)}) // the region has no zones
	}
	if !region.pair {
		attributes = append(attributes, attribute{"geo_redundant_backup", boolean(false)}) // nor a second region
	}
	z.module(moduleName(kind), kind, append(attributes, workspace())...)
}

func (z *azure) addOns() {
	for _, s := range z.AddOns {
		attributes := []attribute{{"tier", reference("var." + moduleName(s.Kind) + "_tier")}}
		switch s.Kind {
		case KeyVault:
			continue // written already: the database needs it too
		case ApplicationInsights:
			attributes = []attribute{{"workspace_id", reference("module.logs.id")}}
		case BlobStorage:
			attributes = append(attributes, z.door(BlobStorage)...)
			attributes = append(attributes, attribute{"writer_principal_ids", appPrincipal()}, workspace())
		case Redis:
			attributes = append(attributes, z.door(Redis)...)
			attributes = append(attributes, identity("principal_id"), workspace())
		case MongoDB:
			attributes = append(attributes, z.door(MongoDB)...)
			attributes = append(attributes, identity("client_id", "principal_id"), workspace())
		}
		z.module(moduleName(s.Kind), s.Kind, attributes...)
	}
}
