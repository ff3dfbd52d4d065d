package blueprint

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// azureBackend returns terraform/backend.tf.
func azureBackend(c Choices) string {
	d := newDocument()
	d.comment(
		"Where the state is kept. The workflow names the storage account; by hand:",
		"",
		"  terraform init \\",
		"    -backend-config=resource_group_name=<group> \\",
		"    -backend-config=storage_account_name=<account> \\",
		fmt.Sprintf("    -backend-config=key=%s/<environment>.tfstate", c.Name))
	d.nested("backend azurerm", "terraform", nil, func(body *hclwrite.Body) {
		backend := body.AppendNewBlock("backend", []string{"azurerm"}).Body()
		backend.SetAttributeRaw("container_name", text("tfstate"))
		backend.SetAttributeRaw("use_azuread_auth", boolean(true))
	})
	return strings.ReplaceAll(d.text(), "  terraform init", "  "+EngineCommand(c.Engine)+" init")
}

// EngineCommand returns the program of an engine: tofu or terraform.
func EngineCommand(engine string) string {
	if engine == "terraform" {
		return "terraform"
	}
	return "tofu"
}

// input is a variable of the root.
type input struct {
	name, description string
	kind              string     // its type, such as string, list:string, map:string
	value             expression // default; nil = required
	allowed           []string   // of a size: the tiers that it may be
}

func variablesFile(inputs []input) string {
	d := newDocument()
	for i, v := range inputs {
		if i > 0 {
			d.space()
		}
		kind := reference(v.kind)
		if collection, element, ok := strings.Cut(v.kind, ":"); ok {
			kind = callOf(collection, element)
		}
		attributes := []attribute{{"description", text(v.description)}, {"type", kind}}
		if v.value != nil {
			attributes = append(attributes, attribute{"default", v.value})
		}
		d.block("variable", []string{v.name}, attributes...)
	}
	return d.text()
}

// commonInputs are the inputs that Aloft gives to every project's Terraform.
func commonInputs(c Choices) []input {
	return []input{
		{name: "project", kind: "string", description: "Name of the project.", value: text(c.Name)},
		{name: "environment", kind: "string", description: "Name of the environment: that of its branch without env-."},
	}
}

// azureInputs are the inputs of an Azure composition. Tiers are inputs, so that
// environments/<environment>.tfvars can give an environment a size of its own.
func azureInputs(c Choices) []input {
	z := newAzure(c)
	inputs := append(commonInputs(c), input{name: "region", kind: "string", description: "Azure region of every resource.", value: text(c.Region)})
	tierInput := func(name, kind, what, value string) {
		allowed := values(Tiers(kind))
		inputs = append(inputs, input{
			name: name, kind: "string", value: text(value), allowed: allowed,
			description: fmt.Sprintf("Size of %s: %s.", what, strings.Join(allowed, ", ")),
		})
	}
	plans := map[string]bool{}
	for _, a := range c.Apps {
		if a.Hosting == HostingWebApp {
			if plans[a.Tier] {
				continue
			}
			plans[a.Tier] = true
		}
		tierInput(appModule(a.Name)+"_tier", a.Hosting, "app "+a.Name, a.Tier)
	}
	if c.HasDatabase() {
		tierInput("database_tier", c.Database.Kind, "the database", c.Database.Tier)
		if c.Database.Version != "" {
			inputs = append(inputs, input{name: "database_version", kind: "string", description: "Version of the database's server: it can be raised, never lowered.", value: text(c.Database.Version)})
		}
	}
	for _, s := range c.AddOns {
		if s.Kind != ApplicationInsights {
			tierInput(moduleName(s.Kind)+"_tier", s.Kind, title(s.Kind), s.Tier)
		}
	}
	if z.guarded {
		inputs = append(inputs, input{
			name: "deployer_ip_addresses", kind: "list:string", value: list(),
			description: "Public addresses from which Terraform is run: vault, registry and storage admit them besides the apps. The workflow fills in its runner's; by hand, add yours.",
		})
	}
	if z.vault {
		inputs = append(inputs, input{
			name: "planner_ip_addresses", kind: "list:string", value: list(),
			description: "Public addresses that the vault admits while a plan is made. The workflow's plans fill in their runner's; leave it empty.",
		}, input{
			name: "deployer_principal_ids", kind: "map:string", value: object(),
			description: "Object ids of identities that may write secrets besides the one that made the vault, by a name of your choice. Where a workflow and people run Terraform for the same environment, name all of them.",
		})
	}
	return inputs
}

func title(kind string) string {
	k, _ := kindOf(kind)
	return k.Title
}

// azureOutputs returns terraform/outputs.tf: what deploy needs of each app.
func azureOutputs(c Choices) string {
	d := newDocument()
	apps := make([]attribute, len(c.Apps))
	for i, a := range c.Apps {
		module := "module." + appModule(a.Name)
		fields := []attribute{
			{"hosting", text(a.Hosting)},
			{"id", reference(module + ".id")},
			{"name", reference(module + ".name")},
			{"url", reference(module + ".url")},
			{"resource_group", reference("azurerm_resource_group.main.name")},
			{"packaging", text(a.Packaging)},
		}
		if a.Hosting == HostingWebApp {
			fields = append(fields, attribute{"slot", reference(module + ".slot")})
		}
		if a.Packaging == PackagingImage {
			fields = append(fields,
				attribute{"registry", reference("module.registry.name")},
				attribute{"registry_server", reference("module.registry.login_server")})
		}
		apps[i] = attribute{a.Name, object(fields...)}
	}
	d.comment("What Aloft deploys to, and where the apps answer.")
	d.block("output", []string{"apps"},
		attribute{"description", text("The apps of the environment: their hosting, name, URL and what a deployment needs.")},
		attribute{"value", object(apps...)})
	d.space()
	d.block("output", []string{"resource_group"},
		attribute{"description", text("The group that holds all of the environment.")},
		attribute{"value", reference("azurerm_resource_group.main.name")})
	return d.text()
}
