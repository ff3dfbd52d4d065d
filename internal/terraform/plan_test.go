package terraform_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

const planned = `
variable "environment" {}
variable "instances" { default = "1" }
variable "password" {
  default   = "corr3ct-horse"
  sensitive = true
}
resource "terraform_data" "web" {
  input = { instances = var.instances, password = var.password, "odd key" = [1, var.instances] }
}
resource "terraform_data" "named" {
  triggers_replace = [var.instances]
}
resource "terraform_data" "gone" {
  count = var.instances == "1" ? 1 : 0
}
`

func TestPlan(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{"main.tf": planned})
		mustInit(t, e, c)
		fresh, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(fresh.Changes) != 3 || fresh.Empty() {
			t.Errorf("the plan is %+v", fresh)
		}
		mustApply(t, e, c)

		c.Vars["instances"] = "2"
		plan, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		terraform.WritePlan(&text, plan)
		want := `- destroy terraform_data.gone[0]
-/+ replace terraform_data.named (triggers_replace[0]: "1" → "2") (forced by triggers_replace[0])
~ update terraform_data.web (input.instances: "1" → "2", input["odd key"][1]: "1" → "2")
Plan: 1 to add, 1 to change, 2 to destroy.
`
		if text.String() != want {
			t.Errorf("the summary is\n%s\nwant\n%s", text.String(), want)
		}
		if strings.Contains(text.String(), "corr3ct") {
			t.Error("the summary tells a secret")
		}
		again, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
		if err != nil || again.Digest != plan.Digest || plan.Digest == fresh.Digest {
			t.Errorf("the digests are %s, %s and %s: %v", fresh.Digest, plan.Digest, again.Digest, err)
		}
		away, err := e.Plan(t.Context(), c, terraform.PlanOptions{Destroy: true})
		if err != nil || len(away.Changes) != 3 || away.Changes[0].Action != aloft.ActionDelete {
			t.Errorf("the plan to destroy is %+v: %v", away.Changes, err)
		}
	})
}

func TestParsePlan(t *testing.T) {
	t.Parallel()
	entry := func(address, kind, change string) string {
		return `{"address":"` + address + `","mode":"managed","type":"` + kind + `","change":` + change + `}`
	}
	for rule, test := range map[string]struct {
		changes, drift string
		want           string
	}{
		"a value that becomes sensitive is masked on both sides": {
			entry("x.a", "x", `{"actions":["update"],"before":{"p":"old-one"},"after":{"p":"new-one"},"after_unknown":{},"before_sensitive":{},"after_sensitive":{"p":true}}`), "",
			"~ update x.a (p: (sensitive) → (sensitive))\nPlan: 0 to add, 1 to change, 0 to destroy.\n",
		},
		"a sensitive text is masked where it is copied to": {
			entry("x.a", "x", `{"actions":["update"],"before":{"p":"s3cret-1","url":"u:s3cret-1@h"},"after":{"p":"s3cret-2","url":"u:s3cret-2@h"},"before_sensitive":{"p":true},"after_sensitive":{"p":true}}`), "",
			"~ update x.a (p: (sensitive) → (sensitive), url: \"u:(sensitive)@h\" → \"u:(sensitive)@h\")\nPlan: 0 to add, 1 to change, 0 to destroy.\n",
		},
		"a short sensitive value inside a changed shape is masked": {
			entry("x.a", "x", `{"actions":["update"],"before":{"p":"plain"},"after":{"p":{"q":7}},"after_sensitive":{"p":{"q":true}}}`), "",
			"~ update x.a (p: \"plain\" → (sensitive))\nPlan: 0 to add, 1 to change, 0 to destroy.\n",
		},
		"create before destroy is a replacement": {
			entry("x.a", "aws_db_instance", `{"actions":["create","delete"],"before":{"name":"a"},"after":{"name":"b"},"after_unknown":{"id":true},"replace_paths":[["name"]]}`), "",
			"-/+ replace x.a (name: \"a\" → \"b\") (forced by name): loses its data\nPlan: 1 to add, 0 to change, 1 to destroy.\n",
		},
		"forgetting, importing and reading": {
			entry("x.f", "x", `{"actions":["forget"]}`) + "," + entry("x.i", "x", `{"actions":["no-op"],"importing":{"id":"7"}}`) + "," +
				entry("x.n", "x", `{"actions":["no-op"]}`) + "," + `{"address":"data.x.r","mode":"data","type":"x","change":{"actions":["read"]}}`, "",
			"# forget x.f\n= import x.i\nPlan: 0 to add, 0 to change, 0 to destroy.\n",
		},
		"drift is told first": {
			"", entry("x.a", "x", `{"actions":["update"],"before":{"n":2},"after":{"n":1}}`) + "," + entry("x.b", "x", `{"actions":["delete"],"before":{"n":2},"after":null}`),
			"! drift x.a was changed (n: 2 → 1)\n! drift x.b was removed\nPlan: 0 to add, 0 to change, 0 to destroy.\n",
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			plan, err := terraform.ParsePlan([]byte(`{"format_version":"1.2","resource_changes":[` + test.changes + `],"resource_drift":[` + test.drift + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			terraform.WritePlan(&text, plan)
			if text.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", text.String(), test.want)
			}
		})
	}
}

func TestHoldsData(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"aloft_postgresql": true, "aloft_app": false, "aloft_environment": false,
		"azurerm_postgresql_flexible_server": true, "azurerm_postgresql_flexible_server_database": true,
		"azurerm_postgresql_flexible_server_firewall_rule": false, "azurerm_storage_account": true,
		"azurerm_storage_account_network_rules": false, "azurerm_key_vault": true, "azurerm_key_vault_access_policy": false,
		"azurerm_mssql_database": true, "azurerm_cosmosdb_account": true, "azurerm_app_configuration": true,
		"azurerm_linux_web_app": false, "azurerm_resource_group": false,
		"aws_db_instance": true, "aws_rds_cluster": true, "aws_s3_bucket": true, "aws_s3_bucket_versioning": false,
		"aws_dynamodb_table": true, "aws_lambda_function": false, "aws_db_subnet_group": false,
		"google_sql_database_instance": true, "google_sql_user": false, "google_storage_bucket_iam_member": false,
		"kubernetes_persistent_volume_claim": true, "kubernetes_deployment": false, "docker_volume": true, "terraform_data": false,
	} {
		if got := terraform.HoldsData(name); got != want {
			t.Errorf("%s holds data: %v, want %v", name, got, want)
		}
	}
}
