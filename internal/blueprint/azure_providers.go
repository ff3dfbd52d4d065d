package blueprint

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// azureProvider is the version of the azurerm provider that the modules are
// written for and checked with.
const azureProvider = "~> 5.2"

// azureNamespaces are the resource providers that a subscription must have
// registered for a module, by its folder: those of its resources, and those that
// Azure asks for besides. They are written as Azure lists them, capitals
// included, since the provider passes over a name that it does not find there.
var azureNamespaces = map[string][]string{
	"application-insights":      {"microsoft.insights"},
	"blob-storage":              {"Microsoft.Network", "Microsoft.Storage", "microsoft.insights"},
	"container-app":             {"Microsoft.App"},
	"container-app-environment": {"Microsoft.App", "Microsoft.ContainerService", "microsoft.insights"},         // a network of its own wants the second
	"function":                  {"Microsoft.App", "Microsoft.Storage", "Microsoft.Web", "microsoft.insights"}, // the subnet of flex is for the first
	"identity":                  {"Microsoft.ManagedIdentity"},
	"key-vault":                 {"Microsoft.KeyVault", "Microsoft.Network", "microsoft.insights"},
	"log-workspace":             {"Microsoft.OperationalInsights"},
	"mongodb":                   {"Microsoft.DocumentDB", "Microsoft.Network", "microsoft.insights"},
	"mysql":                     {"Microsoft.DBforMySQL", "Microsoft.KeyVault", "microsoft.insights"},
	"network":                   {"Microsoft.Network"},
	"postgresql":                {"Microsoft.DBforPostgreSQL", "Microsoft.KeyVault", "microsoft.insights"},
	"redis":                     {"Microsoft.Cache", "Microsoft.Network", "microsoft.insights"},
	"registry":                  {"Microsoft.ContainerRegistry", "Microsoft.Network", "microsoft.insights"},
	"sql-server":                {"Microsoft.Network", "Microsoft.Sql", "microsoft.insights"},
	"static-web-app":            {"Microsoft.Web"},
	"web-app":                   {"Microsoft.Web", "microsoft.insights"},
}

// namespaces lists what a subscription must have registered for some modules.
func namespaces(modules []string) []string {
	var all []string
	for _, module := range modules {
		all = append(all, azureNamespaces[module]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// azureProviders returns terraform/providers.tf of a composition of some modules.
func azureProviders(modules []string) string {
	d := newDocument()
	d.nested("azurerm", "terraform", nil, func(body *hclwrite.Body) {
		body.SetAttributeRaw("required_version", text(">= 1.11"))
		body.AppendNewline()
		body.AppendNewBlock("required_providers", nil).Body().SetAttributeRaw("azurerm", fresh(object(
			attribute{"source", text("hashicorp/azurerm")}, attribute{"version", text(azureProvider)})...))
	})
	d.space()
	d.comment(
		"The subscription and who you are come from the environment: ARM_SUBSCRIPTION_ID",
		"and `az login`, or the workflow's identity.")
	used := namespaces(modules)
	d.nested("azurerm of "+strings.Join(used, " "), "provider", []string{"azurerm"}, func(body *hclwrite.Body) { azureProviderBody(body, used) })
	return d.text()
}

// azureFeatures are what the provider shall do otherwise than it would.
var azureFeatures = []struct {
	name  string
	flags []string
	value bool
}{
	{"key_vault", []string{
		"purge_soft_delete_on_destroy", "purge_soft_deleted_secrets_on_destroy",
		"recover_soft_deleted_key_vaults", "recover_soft_deleted_secrets",
	}, true},
	{"log_analytics_workspace", []string{"permanently_delete_on_destroy"}, true},
	{"resource_group", []string{"prevent_deletion_if_contains_resources"}, false},
}

func azureProviderBody(provider *hclwrite.Body, used []string) {
	provider.SetAttributeRaw("storage_use_azuread", boolean(true))
	provider.AppendNewline()
	provider.AppendUnstructuredTokens(commentTokens([]string{
		"A new subscription knows none of these services until they are registered, once.",
		"The provider does that for those that are not. It takes the role Contributor on",
		"the subscription; whoever has less asks its owner to run, for each of them,",
		"`az provider register --wait --namespace <name>`: then nothing is left to do here.",
	}))
	provider.SetAttributeRaw("resource_providers_to_register", lines(used))
	provider.AppendNewline()
	features := provider.AppendNewBlock("features", nil).Body()
	features.AppendUnstructuredTokens(commentTokens([]string{"An environment that is destroyed shall be gone, so that one of the same name", "can be made again."}))
	for i, feature := range azureFeatures {
		if i > 0 {
			features.AppendNewline()
		}
		block := features.AppendNewBlock(feature.name, nil).Body()
		for _, flag := range feature.flags {
			block.SetAttributeRaw(flag, boolean(feature.value))
		}
	}
}
