package blueprint_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// An engine is an OpenTofu or Terraform that finds the azurerm provider without
// a network.
type engine struct {
	kind     string // tofu or terraform
	path     string
	settings string // its configuration file
	data     string // its data folder; "" = .terraform where it runs
}

// engines returns the engines of this machine. The test is skipped when the
// provider is not there, which takes ten minutes to build.
func engines(t *testing.T) []engine {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	mirror := filepath.Join(cache, "aloft", "providers")
	programs, _ := filepath.Glob(filepath.Join(mirror, "*", "hashicorp", "azurerm", "5.2.0", // the pattern is valid
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-azurerm_v5.2.0"))
	if len(programs) < 2 {
		t.Skipf("azurerm 5.2.0 is not in %s: go run ./tools/azurerm gets it", mirror)
	}
	settings := filepath.Join(t.TempDir(), "cli.tfrc")
	write(t, settings, fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	var found []engine
	installed, _ := filepath.Glob(filepath.Join(cache, "aloft", "engines", "*", "tofu")) // the pattern is valid
	for _, kind := range []string{"tofu", "terraform"} {
		path, err := exec.LookPath(kind)
		if err != nil && kind == "tofu" && len(installed) > 0 {
			path, err = installed[len(installed)-1], nil
		}
		if err != nil {
			t.Logf("there is no %s: the other engine has to do", kind)
			continue
		}
		found = append(found, engine{kind: kind, path: path, settings: settings})
	}
	if len(found) == 0 {
		t.Skip("there is no engine: go run ./cmd/aloft demo --once gets one")
	}
	return found
}

// engineSlots bounds how many engines run at once: each runs a provider of 300 MB.
var engineSlots = make(chan struct{}, min(runtime.NumCPU(), 4))

// try runs the engine in a folder and returns all that it printed.
func (e engine) try(dir string, args ...string) (string, error) {
	engineSlots <- struct{}{}
	defer func() { <-engineSlots }()
	cmd := exec.Command(e.path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+e.settings, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_DATA_DIR="+e.data)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// run is try for what must go well.
func (e engine) run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	output, err := e.try(dir, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", e.kind, args[0], err, output)
	}
	return output
}

// mocked prepares a copy of a configuration for a test with a mocked provider,
// where no role takes a while to work. Terraform, unlike OpenTofu, has no mocks
// for ephemeral resources: there what they would give is made up, and validate
// alone checks the blocks themselves.
func (e engine) mocked(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("sleep ${var.role_wait_seconds}"), []byte("sleep 0"))
		if e.kind == "terraform" && bytes.Contains(text, []byte("ephemeral")) {
			file, diagnostics := hclwrite.ParseConfig(text, path, hcl.InitialPos)
			if diagnostics.HasErrors() {
				return diagnostics
			}
			for _, block := range file.Body().Blocks() {
				if block.Type() == "ephemeral" {
					file.Body().RemoveBlock(block)
				}
			}
			text = ephemeralValue.ReplaceAll(file.Bytes(), []byte(`"Made-up-1"`))
		}
		return os.WriteFile(path, text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

var ephemeralValue = regexp.MustCompile(`ephemeral\.\w+\.\w+\.value`)

// mocks returns what stands before every test file.
func mocks(t *testing.T) string {
	t.Helper()
	return read(t, filepath.Join("testdata", "modules", "mocks.hcl"))
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}
