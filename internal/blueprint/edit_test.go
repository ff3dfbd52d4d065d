package blueprint_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// One environment may have another region where main.tf, which all share, would
// be the same.
func TestARegionForOneEnvironment(t *testing.T) {
	container := []blueprint.App{{Runtime: "docker", Hosting: "container-app"}}
	database := blueprint.Service{Kind: "postgresql"}
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		region  string
		want    string // part of the error; "" = none
		hint    string
	}{
		{"zones and a pair as well", blueprint.Choices{Apps: container, Database: database}, "eastus", "", ""},
		{"nothing depends on the region", blueprint.Choices{Apps: container}, "westindia", "", ""},
		{"no zones", blueprint.Choices{Apps: container, Database: database}, "westindia",
			"West India cannot be the region of one environment: terraform/main.tf is that of all, and made for West Europe; West Europe has availability zones, West India has no availability zones", "westeurope, northeurope"},
		{"no zones for a web app", blueprint.Choices{Apps: []blueprint.App{{Runtime: "node", Hosting: "web-app"}}}, "westus", "has no availability zones", "polandcentral"},
		{"no pair", blueprint.Choices{Apps: container, Database: database}, "polandcentral", "West Europe has a paired region, Poland Central has no paired region", "eastus2"},
		{"static web apps are elsewhere", blueprint.Choices{Apps: []blueprint.App{{Runtime: "static"}}}, "eastus", "static web apps near East US are in East US 2", "francecentral, uksouth, ukwest"},
		{"an add-on that must have zones", blueprint.Choices{Apps: container, AddOns: []blueprint.Service{{Kind: "blob-storage", Tier: "zone-redundant"}}}, "westindia", "has no availability zones", ""},
		{"an unknown one", blueprint.Choices{Apps: container}, "atlantis", `"atlantis" is not known`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.choices.Name = "shop"
			input, err := test.choices.Complete().Input("region", test.region)
			if test.want == "" {
				if err != nil || input != "region" {
					t.Errorf("%q, %v", input, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q in it", err, test.want)
			}
			wrong, ok := errors.AsType[*aloft.Error](err)
			if !ok || wrong.Code != aloft.CodeInvalid || !strings.Contains(wrong.Hint, test.hint) {
				t.Errorf("error %+v, want the hint %q", wrong, test.hint)
			}
			if slices.Contains(strings.Split(wrong.Hint, ", "), test.region) {
				t.Errorf("it hints at the region that it refuses: %s", wrong.Hint)
			}
		})
	}
}

func TestSizesThatGoNoLonger(t *testing.T) {
	c := blueprint.Choices{
		Name: "shop", Apps: []blueprint.App{{Runtime: "node", Hosting: "container-app"}},
		Database: blueprint.Service{Kind: "postgresql"}, AddOns: []blueprint.Service{{Kind: "redis"}},
	}.Complete()
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"app_web_tier = \"always-on\"\ndatabase_tier = \"burstable\"\nredis_tier = \"premium\"\nmine = \"basic\"\n", ""},
		{"# Mine.\napp_web_tier = \"basic\"\n", `prod.tfvars:2: app_web_tier = "basic" goes no longer: one of consumption, always-on`},
		{"database_tier = \"serverless\"\n", `prod.tfvars:1: database_tier = "serverless" goes no longer: one of burstable, general-purpose, memory-optimized`},
		{"redis_tier = \"huge\"\n", `prod.tfvars:1: redis_tier = "huge" goes no longer: one of basic, standard, premium`},
		{"redis_tier = 1\n", ""},
		{"redis_tier = true ? null : \"basic\"\n", ""},
		{"redis_tier =\n", ""},
	} {
		if got := strings.Join(c.StaleSizes("prod.tfvars", []byte(test.text)), "\n"); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// An app may be named as a service is.
func TestInputsOfEqualNames(t *testing.T) {
	c := blueprint.Choices{
		Name: "shop", Database: blueprint.Service{Kind: "postgresql"}, AddOns: []blueprint.Service{{Kind: "redis"}},
		Apps: []blueprint.App{{Name: "redis", Runtime: "go"}, {Name: "database", Runtime: "go"}, {Name: "web", Runtime: "go"}},
	}.Complete()
	for _, test := range []struct{ key, value, want string }{
		{"redis.tier", "standard", "redis_tier"}, {"database.tier", "general-purpose", "database_tier"}, {"web.tier", "always-on", "app_web_tier"},
		{"database.version", "18", "database_version"},
	} {
		if got, err := c.Input(test.key, test.value); err != nil || got != test.want {
			t.Errorf("%s is given by %q, want %q (%v)", test.key, got, test.want, err)
		}
	}
	for _, key := range []string{"redis.size", "tier", "web.", ".tier", "name"} {
		if _, err := c.Set(key, "standard"); aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Errorf("%s was set: %v", key, err)
		}
	}
	only := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Name: "web", Runtime: "go"}}}.Complete()
	if got, err := only.Input("tier", "always-on"); err != nil || got != "app_web_tier" {
		t.Errorf("tier of the only app is given by %q (%v)", got, err)
	}
}
