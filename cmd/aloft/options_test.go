package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft"
)

// A command means the same project in every folder of a repository.
func TestProjectNameInASubfolder(t *testing.T) {
	t.Setenv("ALOFT_PROJECT", "")
	root := t.TempDir()
	folder := filepath.Join(root, "docs", "images")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "aloft.yaml"), []byte("project: shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "git", "init", "-q", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, dir := range []string{root, folder} {
		t.Chdir(dir)
		if name, err := (&options{}).projectName(t.Context()); name != "shop" || err != nil {
			t.Errorf("in %s: project %q, %v", dir, name, err)
		}
	}
}

// What NubesGen has made is found again, whatever the folder is called.
func TestProjectNameOfNubesGens(t *testing.T) {
	t.Setenv("ALOFT_PROJECT", "")
	files := map[string]string{
		"terraform/main.tf":      "# NubesGen\nmodule \"application\" {\n  source = \"./modules/app-service\"\n}\n",
		"terraform/variables.tf": "variable \"application_name\" {\n  default = \"old-shop\"\n}\n",
		"terraform/modules/app-service/main.tf": "resource \"azurerm_service_plan\" \"application\" {\n  sku_name = \"S1\"\n}\n" +
			"resource \"azurerm_linux_web_app\" \"application\" {\n  site_config {\n    application_stack {\n      python_version = \"3.11\"\n    }\n  }\n}\n",
	}
	for _, test := range []struct {
		manifest, want string
	}{
		{"", "old-shop"},
		{"project: shop\n", "shop"},
	} {
		root := filepath.Join(t.TempDir(), "checkout")
		all := map[string]string{"aloft.yaml": test.manifest}
		maps.Copy(all, files)
		for name, text := range all {
			file := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Chdir(root)
		key, err := (&options{}).keyIn(t.Context(), tree{root: root, summary: aloft.ConfigurationSummary{Backend: "azurerm"}}, "alice")
		if key.Project != test.want || err != nil {
			t.Errorf("with %q: project %q, %v; want %q", test.manifest, key.Project, err, test.want)
		}
	}
}
