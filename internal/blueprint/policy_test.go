package blueprint_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// planned is what a plan would make.
type planned struct {
	Changes []plannedResource `json:"resource_changes"`
	Outputs map[string]struct {
		After any `json:"after"`
	} `json:"output_changes"`
}

type plannedResource struct {
	Address string `json:"address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Change  struct {
		After        map[string]any `json:"after"`
		AfterUnknown map[string]any `json:"after_unknown"` // true where a value is known after the apply only
	} `json:"change"`
}

// readPlan finds the plan in what a test printed as JSON.
func readPlan(output string) (planned, bool) {
	for line := range strings.Lines(output) {
		var message struct {
			Type string  `json:"type"`
			Plan planned `json:"test_plan"`
		}
		if strings.Contains(line, `"test_plan"`) && json.Unmarshal([]byte(line), &message) == nil && message.Type == "test_plan" {
			return message.Plan, len(message.Plan.Changes) > 0
		}
	}
	return planned{}, false
}

func (r plannedResource) text(name string) string {
	value, _ := r.Change.After[name].(string)
	return value
}

// block returns the only block of that name.
func (r plannedResource) block(name string) map[string]any {
	list, _ := r.Change.After[name].([]any)
	if len(list) == 0 {
		return nil
	}
	block, _ := list[0].(map[string]any)
	return block
}

// violations are the rules that a plan breaks: ours for whatever we generate.
func (p planned) violations(choices blueprint.Choices) []string {
	var wrong []string
	names := map[string]string{}
	for _, r := range p.Changes {
		if r.Mode != "managed" {
			continue
		}
		for _, rule := range rules {
			if text := rule(r, choices); text != "" {
				wrong = append(wrong, r.Address+": "+text)
			}
		}
		if name := r.text("name"); name != "" && unique[r.Type] {
			key := r.Type + " " + name
			if other, taken := names[key]; taken {
				wrong = append(wrong, fmt.Sprintf("%s has the name of %s: %s", r.Address, other, name))
			}
			names[key] = r.Address
		}
	}
	return append(wrong, p.outputs(choices)...)
}

// outputs checks what deploy is given.
func (p planned) outputs(choices blueprint.Choices) []string {
	apps, _ := p.Outputs["apps"].After.(map[string]any)
	var wrong []string
	for _, a := range choices.Apps {
		output, _ := apps[a.Name].(map[string]any)
		if output["hosting"] != a.Hosting || output["packaging"] != a.Packaging {
			wrong = append(wrong, fmt.Sprintf("output apps says of %s: %v", a.Name, output))
		}
	}
	return wrong
}

// unique are the types whose names no two resources of an environment may share.
var unique = map[string]bool{
	"azurerm_linux_web_app": true, "azurerm_linux_function_app": true, "azurerm_function_app_flex_consumption": true, "azurerm_container_app": true,
	"azurerm_static_web_app": true, "azurerm_service_plan": true, "azurerm_storage_account": true, "azurerm_private_endpoint": true, "azurerm_subnet": true,
	"azurerm_key_vault": true, "azurerm_key_vault_secret": true,
}

// rules look at one resource; they return what is wrong with it.
var rules = []func(plannedResource, blueprint.Choices) string{
	tagged, notPublic, noFirewallHoles, modernTLS, identified, noSecrets, settings,
}

func tagged(r plannedResource, _ blueprint.Choices) string {
	tags, has := r.Change.After["tags"]
	if !has {
		return ""
	}
	given, _ := tags.(map[string]any)
	if given["project"] != "shop" || given["environment"] != "alice" || given["managed-by"] != "aloft" {
		return fmt.Sprintf("its tags are %v", given)
	}
	return ""
}

// notPublic: databases have no public door; what keeps one admits nobody unless
// told.
func notPublic(r plannedResource, choices blueprint.Choices) string {
	open := r.Change.After["public_network_access_enabled"] == true || r.text("public_network_access") == "Enabled"
	switch r.Type {
	case "azurerm_postgresql_flexible_server", "azurerm_managed_redis", "azurerm_mongo_cluster":
		if open {
			return "it is open to the internet"
		}
	case "azurerm_mysql_flexible_server":
		if r.text("public_network_access") != "Disabled" && r.Change.After["public_network_access_enabled"] != false && r.text("delegated_subnet_id") == "" && r.Change.AfterUnknown["delegated_subnet_id"] != true {
			return "it is open to the internet"
		}
	case "azurerm_mssql_server", "azurerm_container_registry":
		if open && choices.Network == blueprint.NetworkPrivate {
			return "it is open in a private network"
		}
	case "azurerm_key_vault":
		if r.block("network_acls")["default_action"] != "Deny" {
			return "it admits everybody"
		}
	}
	return ""
}

func noFirewallHoles(r plannedResource, _ blueprint.Choices) string {
	if strings.HasSuffix(r.Type, "_firewall_rule") {
		return fmt.Sprintf("a hole in a firewall from %s", r.text("start_ip_address"))
	}
	return ""
}

func modernTLS(r plannedResource, _ blueprint.Choices) string {
	for name, value := range r.Change.After {
		version, ok := value.(string)
		if ok && strings.Contains(name, "tls") && strings.Contains(name, "min") && strings.ContainsAny(version, "0123456789") &&
			!slices.Contains([]string{"1.2", "1.3", "TLS1_2", "TLS1_3", "TLSv1.2", "Tls12"}, version) {
			return name + " is " + version
		}
	}
	if site := r.block("site_config"); site != nil {
		if r.Change.After["https_only"] != true {
			return "it takes plain HTTP"
		}
		for _, name := range []string{"minimum_tls_version", "scm_minimum_tls_version"} {
			if version, given := site[name].(string); given && version < "1.2" {
				return name + " is " + version
			}
		}
		if ftps, given := site["ftps_state"].(string); given && ftps != "Disabled" {
			return "it takes files by FTP"
		}
	}
	return ""
}

func identified(r plannedResource, _ blueprint.Choices) string {
	switch r.Type {
	case "azurerm_linux_web_app", "azurerm_linux_function_app", "azurerm_function_app_flex_consumption", "azurerm_container_app":
		if kind, _ := r.block("identity")["type"].(string); !strings.Contains(kind, "UserAssigned") {
			return "it has no identity of the environment"
		}
	case "azurerm_container_registry":
		if r.Change.After["admin_enabled"] == true || r.Change.After["anonymous_pull_enabled"] == true {
			return "it can be used without an identity"
		}
	case "azurerm_storage_account":
		if r.Change.After["shared_access_key_enabled"] != false {
			return "it can be used with a key"
		}
	case "azurerm_key_vault":
		if r.Change.After["rbac_authorization_enabled"] != true {
			return "its rights are not roles"
		}
	}
	return ""
}

var secretName = regexp.MustCompile(`password|access_key|^value(_wo)?$|connection_string$`)

// noSecrets: nothing that lets anybody in stands in the plan.
func noSecrets(r plannedResource, _ blueprint.Choices) string {
	if r.Type == "azurerm_container_registry" {
		return "" // its password is Azure's, and off
	}
	for name, value := range r.Change.After {
		text, ok := value.(string)
		if ok && text != "" && secretName.MatchString(name) && (strings.Contains(r.Type, "secret") || strings.Contains(name, "password")) {
			return name + " stands in the plan"
		}
	}
	return ""
}

// settings: apps are told of the database under its usual name, and secrets come
// from the vault.
func settings(r plannedResource, choices blueprint.Choices) string {
	list, ok := r.Change.After["app_settings"].(map[string]any)
	if !ok || r.Type == "azurerm_static_web_app" || strings.HasSuffix(r.Type, "_slot") {
		return ""
	}
	address := fmt.Sprintf("https://%s.azurewebsites.net", r.Change.After["name"])
	if list["ALOFT_PROJECT"] != "shop" || list["ALOFT_ENVIRONMENT"] != "alice" || list["ALOFT_URL"] != address || list["AZURE_CLIENT_ID"] == "" {
		return fmt.Sprintf("its settings are %v", list)
	}
	unknown, _ := r.Change.AfterUnknown["app_settings"].(map[string]any)
	if r.Change.AfterUnknown["app_settings"] == true || unknown["DATABASE_URL"] == true {
		return ""
	}
	database, _ := list["DATABASE_URL"].(string)
	switch choices.Database.Kind {
	case blueprint.PostgreSQL, blueprint.MySQL:
		if !strings.HasPrefix(database, "@Microsoft.KeyVault(") {
			return "DATABASE_URL is " + database
		}
	case blueprint.SQLServer:
		if !strings.HasPrefix(database, "sqlserver://") {
			return "DATABASE_URL is " + database
		}
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if value, _ := list[name].(string); strings.Contains(strings.ToLower(name), "password") && value != "true" && !strings.HasPrefix(value, "@Microsoft.KeyVault(") {
			return name + " is no reference to the vault"
		}
	}
	return ""
}

// TestPoliciesFind breaks each rule.
func TestPoliciesFind(t *testing.T) {
	choices := blueprint.Choices{Name: "shop", Network: blueprint.NetworkPrivate, Database: blueprint.Service{Kind: blueprint.PostgreSQL}}
	for _, test := range []struct{ name, resource, want string }{
		{"no tags", `{"type":"azurerm_resource_group","change":{"after":{"tags":{"project":"shop"}}}}`, "its tags are"},
		{"a public database", `{"type":"azurerm_postgresql_flexible_server","change":{"after":{"public_network_access_enabled":true}}}`, "open to the internet"},
		{"a public MySQL", `{"type":"azurerm_mysql_flexible_server","change":{"after":{"public_network_access":"Enabled"}}}`, "open to the internet"},
		{"a vault for everybody", `{"type":"azurerm_key_vault","change":{"after":{"rbac_authorization_enabled":true,"network_acls":[{"default_action":"Allow"}]}}}`, "admits everybody"},
		{"a registry in the open", `{"type":"azurerm_container_registry","change":{"after":{"public_network_access_enabled":true}}}`, "open in a private network"},
		{"all of Azure", `{"type":"azurerm_mssql_firewall_rule","change":{"after":{"start_ip_address":"0.0.0.0"}}}`, "from 0.0.0.0"},
		{"old TLS", `{"type":"azurerm_storage_account","change":{"after":{"shared_access_key_enabled":false,"min_tls_version":"TLS1_0"}}}`, "min_tls_version is TLS1_0"},
		{"plain HTTP", `{"type":"azurerm_linux_web_app","change":{"after":{"site_config":[{}],"identity":[{"type":"UserAssigned"}]}}}`, "plain HTTP"},
		{"no identity", `{"type":"azurerm_container_app","change":{"after":{}}}`, "no identity"},
		{"keys", `{"type":"azurerm_storage_account","change":{"after":{}}}`, "with a key"},
		{"a password", `{"type":"azurerm_mssql_server","change":{"after":{"administrator_login_password":"x"}}}`, "stands in the plan"},
		{"a secret", `{"type":"azurerm_key_vault_secret","change":{"after":{"value":"x"}}}`, "value stands in the plan"},
		{"a password in the settings", `{"type":"azurerm_linux_web_app","change":{"after":{"name":"x","app_settings":{"ALOFT_PROJECT":"shop","ALOFT_ENVIRONMENT":"alice","ALOFT_URL":"https://x.azurewebsites.net","DATABASE_URL":"@Microsoft.KeyVault(x)","PGPASSWORD":"x"},"identity":[{"type":"UserAssigned"}]}}}`, "PGPASSWORD is no reference"},
		{"an address with a password", `{"type":"azurerm_linux_web_app","change":{"after":{"name":"x","app_settings":{"ALOFT_PROJECT":"shop","ALOFT_ENVIRONMENT":"alice","ALOFT_URL":"https://x.azurewebsites.net","DATABASE_URL":"postgresql://"},"identity":[{"type":"UserAssigned"}]}}}`, "DATABASE_URL is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r plannedResource
			if err := json.Unmarshal([]byte(test.resource), &r); err != nil {
				t.Fatal(err)
			}
			r.Mode = "managed"
			found := strings.Join(planned{Changes: []plannedResource{r}}.violations(choices), "\n")
			if !strings.Contains(found, test.want) {
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
}
