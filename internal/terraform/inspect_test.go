package terraform_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		files map[string]string
		want  aloft.ConfigurationSummary
	}{
		"all that a folder declares": {
			map[string]string{
				"main.tf": `
terraform {
  required_version = ">= 1.8"
  required_providers {
    aloft = { source = "aloft-dev/aloft" }
    aws   = { source = "registry.terraform.io/hashicorp/aws", version = "~> 5.0" }
    other = "~> 1.0"
  }
  backend "http" {}
}
variable "environment" {}
resource "aloft_app" "web" {}
resource "random_pet" "name" {}
resource "odd_thing" "x" { provider = aws.west }
resource "terraform_data" "x" {}
data "external" "x" {}
`,
				"more.tf.json":   `{"variable":{"project":{}},"output":{"apps":{"value":{}}}}`,
				"outputs.tofu":   `output "url" { value = 1 }`,
				".hidden.tf":     `nonsense {`,
				"notes.md":       `nonsense {`,
				"a_test.tftest":  `nonsense {`,
				"backup.tf~":     `nonsense {`,
				"inner/extra.tf": `variable "inner" {}`,
			},
			aloft.ConfigurationSummary{
				Backend:   "http",
				Providers: []string{"aloft-dev/aloft", "hashicorp/aws", "hashicorp/external", "hashicorp/other", "hashicorp/random"},
				Variables: []string{"environment", "project"},
				Outputs:   []string{"apps", "url"},
				Local:     true,
			},
		},
		"a provisioner may make anything": {
			map[string]string{"main.tf": "resource \"terraform_data\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \"true\"\n  }\n}\n"},
			aloft.ConfigurationSummary{Outside: true},
		},
		"providers of local modules count, their variables do not": {
			map[string]string{
				"main.tf":           "module \"a\" {\n  source = \"./modules/a\"\n}\nmodule \"r\" {\n  source = \"hashicorp/consul/aws\"\n  version = \"1\"\n}\n",
				"modules/a/main.tf": "terraform {\n  required_providers {\n    aloft = {\n      source = \"aloft-dev/aloft\"\n      configuration_aliases = [aloft.x]\n    }\n  }\n  backend \"s3\" {}\n}\nvariable \"inner\" {}\nmodule \"again\" {\n  source = \"../a\"\n}\n",
			},
			aloft.ConfigurationSummary{Providers: []string{"aloft-dev/aloft"}, Local: true, Outside: true},
		},
		"a cloud block is a backend": {
			map[string]string{"main.tf": "terraform {\n  cloud {\n    organization = \"x\"\n  }\n}\n"},
			aloft.ConfigurationSummary{Backend: "cloud"},
		},
		"our override does not count": {
			map[string]string{"main.tf": "", "aloft_backend_override.tf": "terraform {\n  backend \"http\" {}\n}\n"},
			aloft.ConfigurationSummary{},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			got, err := terraform.Inspect(folder(t, test.files), "")
			if err != nil {
				t.Fatal(err)
			}
			if (got.Settings != "") != (got.Backend != "") {
				t.Errorf("backend %q has the settings %q", got.Backend, got.Settings)
			}
			got.Settings = ""
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// TestSettingsOfABackend: layout and comments are none of them.
func TestSettingsOfABackend(t *testing.T) {
	t.Parallel()
	settings := func(block string) string {
		summary, err := terraform.Inspect(folder(t, map[string]string{"main.tf": "terraform {\n" + block + "\n}\n"}), "")
		if err != nil {
			t.Fatal(err)
		}
		return summary.Settings
	}
	first := settings("backend \"s3\" {\n  bucket = \"a\"\n  region = \"x\"\n  assume_role {\n    role_arn = \"r\"\n  }\n}")
	if same := settings("backend \"s3\" {\n  region   = \"x\" # here\n\n  bucket = \"a\"\n  assume_role { role_arn = \"r\" }\n}"); same != first {
		t.Error("another layout is other settings")
	}
	for _, other := range []string{
		"backend \"s3\" {\n  bucket = \"b\"\n  region = \"x\"\n  assume_role {\n    role_arn = \"r\"\n  }\n}",
		"backend \"s3\" {\n  bucket = \"a\"\n  region = \"x\"\n  assume_role {\n    role_arn = \"q\"\n  }\n}",
		"backend \"s3\" {}",
	} {
		if settings(other) == first {
			t.Errorf("the same settings as of %s", other)
		}
	}
}

func TestInspectErrors(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		files map[string]string
		code  aloft.Code
		says  []string
	}{
		"a syntax error names its place":   {map[string]string{"main.tf": "variable \"a\" {}\nresource \"x\" {\n"}, aloft.CodeInvalid, []string{"main.tf:2:14", "line 2"}},
		"a missing label names its place":  {map[string]string{"main.tf": "\nvariable {}\n"}, aloft.CodeInvalid, []string{"main.tf:2:"}},
		"broken JSON names its place":      {map[string]string{"main.tf.json": "{\n \"variable\": }\n"}, aloft.CodeInvalid, []string{"main.tf.json:2:"}},
		"a broken module names its place":  {map[string]string{"main.tf": "module \"a\" {\n  source = \"./b\"\n}\n", "b/c.tf": "x = = 1"}, aloft.CodeInvalid, []string{"b/c.tf:1:"}},
		"an empty folder is not found":     {map[string]string{"README.md": "hello"}, aloft.CodeNotFound, []string{"there is no Terraform", "main.tf"}},
		"a folder of folders is not found": {map[string]string{"inner/main.tf": ""}, aloft.CodeNotFound, nil},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, err := terraform.Inspect(folder(t, test.files), "")
			wantError(t, err, test.code, test.says...)
		})
	}
	t.Run("a folder that is not there is not found", func(t *testing.T) {
		t.Parallel()
		_, err := terraform.Inspect(filepath.Join(t.TempDir(), "terraform"), "")
		wantError(t, err, aloft.CodeNotFound, "no Terraform in terraform")
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"terraform/main.tf":            "variable \"environment\" {}\nmodule \"m\" {\n  source = \"../shared\"\n}\n",
		"terraform/files/settings.txt": "a",
		"shared/main.tf":               "variable \"x\" { default = 1 }\n",
		"alice.tfvars":                 "size = 1\n",
	}
	engine := &terraform.Engine{Kind: "tofu", Version: "1.12.6"}
	vars := map[string]string{"environment": "alice", "revision": "1"}
	digest := func(t *testing.T, root string, vars map[string]string, engine *terraform.Engine) string {
		t.Helper()
		dir := filepath.Join(root, "terraform")
		summary, err := terraform.Inspect(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		key, err := terraform.Digest(dir, summary, vars, filepath.Join(root, "alice.tfvars"), engine)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	base := digest(t, folder(t, files), vars, engine)
	if base == "" {
		t.Fatal("there is no key")
	}
	for rule, test := range map[string]struct {
		name, text string // a file to write
		vars       map[string]string
		engine     *terraform.Engine
		same       bool
	}{
		"another checkout":               {same: true},
		"an undeclared variable changed": {vars: map[string]string{"environment": "alice", "revision": "2"}, same: true},
		"the engine's own folder":        {name: "terraform/.terraform/x", text: "x", same: true},
		"our override":                   {name: "terraform/aloft_backend_override.tf", text: "x", same: true},
		"a file outside":                 {name: "main.go", text: "x", same: true},
		"a declared variable changed":    {vars: map[string]string{"environment": "bob", "revision": "1"}},
		"the engine changed":             {engine: &terraform.Engine{Kind: "terraform", Version: "1.12.6"}},
		"a file of the folder changed":   {name: "terraform/files/settings.txt", text: "b"},
		"a module outside changed":       {name: "shared/main.tf", text: "variable \"x\" { default = 2 }\n"},
		"the variables file changed":     {name: "alice.tfvars", text: "size = 2\n"},
		"the lock file changed":          {name: "terraform/.terraform.lock.hcl", text: "# x"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			root, set, with := folder(t, files), vars, engine
			if test.name != "" {
				write(t, root, map[string]string{test.name: test.text})
			}
			if test.vars != nil {
				set = test.vars
			}
			if test.engine != nil {
				with = test.engine
			}
			if got := digest(t, root, set, with); (got == base) != test.same {
				t.Errorf("same is %v, want %v", got == base, test.same)
			}
		})
	}
	t.Run("there is none when a file outside is read", func(t *testing.T) {
		t.Parallel()
		more := maps.Clone(files)
		more["terraform/local.tf"] = "locals {\n  app = file(\"${path.module}/../app.json\")\n}\n"
		if got := digest(t, folder(t, more), vars, engine); got != "" {
			t.Errorf("the key is %q", got)
		}
	})
	t.Run("a missing variables file is an error", func(t *testing.T) {
		t.Parallel()
		dir := folder(t, map[string]string{"main.tf": ""})
		if _, err := terraform.Digest(dir, aloft.ConfigurationSummary{}, nil, filepath.Join(dir, "no.tfvars"), engine); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the error is %v", err)
		}
	})
}
