package blueprint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// namespaceOf is the resource provider behind each kind of resource, by the
// beginning of its type; "" = every subscription has it.
var namespaceOf = map[string]string{
	"azurerm_application_insights":   "microsoft.insights",
	"azurerm_monitor_":               "microsoft.insights",
	"azurerm_storage_":               "Microsoft.Storage",
	"azurerm_container_app":          "Microsoft.App",
	"azurerm_container_registry":     "Microsoft.ContainerRegistry",
	"azurerm_function_app_":          "Microsoft.Web",
	"azurerm_linux_":                 "Microsoft.Web",
	"azurerm_service_plan":           "Microsoft.Web",
	"azurerm_static_web_app":         "Microsoft.Web",
	"azurerm_user_assigned_identity": "Microsoft.ManagedIdentity",
	"azurerm_key_vault":              "Microsoft.KeyVault",
	"azurerm_log_analytics_":         "Microsoft.OperationalInsights",
	"azurerm_mongo_cluster":          "Microsoft.DocumentDB",
	"azurerm_mysql_":                 "Microsoft.DBforMySQL",
	"azurerm_postgresql_":            "Microsoft.DBforPostgreSQL",
	"azurerm_mssql_":                 "Microsoft.Sql",
	"azurerm_managed_redis":          "Microsoft.Cache",
	"azurerm_private_":               "Microsoft.Network",
	"azurerm_subnet":                 "Microsoft.Network",
	"azurerm_virtual_network":        "Microsoft.Network",
	"azurerm_role_assignment":        "",
	"terraform_data":                 "",
}

func TestEveryModuleHasItsNamespaces(t *testing.T) {
	// What Azure asks for besides the resources of a module.
	besides := map[string]string{"container-app-environment": "Microsoft.ContainerService", "function": "Microsoft.App"}
	for _, module := range moduleNames(t) {
		t.Run(module, func(t *testing.T) {
			want := map[string]bool{}
			if name, ok := besides[module]; ok {
				want[name] = true
			}
			for _, block := range blocks(t, module, "main.tf") {
				if block.Type != "resource" {
					continue
				}
				prefix := ""
				for p := range namespaceOf {
					if strings.HasPrefix(block.Labels[0], p) && len(p) > len(prefix) {
						prefix = p
					}
				}
				if prefix == "" {
					t.Errorf("whose is %s?", block.Labels[0])
				}
				if namespace := namespaceOf[prefix]; namespace != "" {
					want[namespace] = true
				}
			}
			if got := blueprint.Namespaces(module); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Errorf("it has %q registered, and needs %q", got, slices.Sorted(maps.Keys(want)))
			}
		})
	}
}

func TestProvidersRegisterWhatIsUsed(t *testing.T) {
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		want    []string
	}{
		{"a static web app", blueprint.Choices{Apps: []blueprint.App{{Runtime: "static"}}},
			[]string{"Microsoft.ManagedIdentity", "Microsoft.OperationalInsights", "Microsoft.Web"}},
		{"a container with PostgreSQL", blueprint.Choices{Apps: []blueprint.App{{Runtime: "docker"}}, Database: blueprint.Service{Kind: blueprint.PostgreSQL}},
			[]string{"Microsoft.App", "Microsoft.ContainerRegistry", "Microsoft.ContainerService", "Microsoft.DBforPostgreSQL", "Microsoft.KeyVault",
				"Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.OperationalInsights", "microsoft.insights"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.choices.Name = "shop"
			files, err := blueprint.Generator{}.Render(test.choices)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(files, func(f blueprint.File) bool { return f.Path == "terraform/providers.tf" })
			file, diagnostics := hclsyntax.ParseConfig([]byte(files[i].Text), "providers.tf", hcl.InitialPos)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			blocks := file.Body.(*hclsyntax.Body).Blocks
			value, diagnostics := blocks[len(blocks)-1].Body.Attributes["resource_providers_to_register"].Expr.Value(nil)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			var got []string
			for _, v := range value.AsValueSlice() {
				got = append(got, v.AsString())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("registers %q, want %q", got, test.want)
			}
		})
	}
}
