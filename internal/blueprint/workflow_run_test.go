package blueprint_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// runStep runs the script of a step as a runner does, with nothing on
// the PATH but the named programs (name to shell script) and what the system has.
// Files that steps hand on are in the returned folder.
func runStep(t *testing.T, workflow, name string, programs map[string]string, env ...string) (dir, output string, code int) {
	t.Helper()
	script := ""
	for _, job := range parse(t, workflow).Jobs {
		for _, step := range job.Steps {
			if step.Name == name {
				script = step.Run
			}
		}
	}
	if script == "" {
		t.Fatalf("there is no step %q", name)
	}
	dir = t.TempDir()
	for program, text := range programs {
		path := filepath.Join(dir, "bin", program)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	command.Dir = dir
	command.Env = append([]string{
		"PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:/bin", "HOME=" + dir, "RUNNER_TEMP=" + dir,
		"GITHUB_PATH=" + filepath.Join(dir, "path"), "GITHUB_ENV=" + filepath.Join(dir, "env"),
		"GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"),
	}, env...)
	text, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return dir, string(text), exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return dir, string(text), 0
}

func handedOn(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func TestGettingAloft(t *testing.T) {
	const sum = "h1:8nNhm4fdHvOZZ0b2hqYMWYEpHp9lQBfwQpSnyxGHNyk="
	goTool := func(sum string) string {
		return `case "$1 $2" in
"mod download") printf '{\n\t"Path": "github.com/aloft-dev/aloft",\n\t"Sum": "` + sum + `"\n}\n' ;;
"install "*) [ "$2" = github.com/aloft-dev/aloft/cmd/aloft@v0.4.0 ] && mkdir -p "$GOBIN" && echo built > "$GOBIN/aloft" && chmod +x "$GOBIN/aloft" ;;
*) exit 9 ;;
esac`
	}
	for _, test := range []struct {
		name     string
		programs map[string]string
		code     int
		says     string
		installs bool
	}{
		{"the version is there", map[string]string{"aloft": "echo aloft v0.4.0 abc go1.26", "go": "exit 9"}, 0, "", false},
		{"another version is there", map[string]string{"aloft": "echo aloft v0.3.9 abc go1.26", "go": goTool(sum)}, 0, "", true},
		{"none is there", map[string]string{"go": goTool(sum)}, 0, "", true},
		{"its checksum differs", map[string]string{"go": goTool("h1:other=")}, 1, "its checksum is not " + sum, false},
		{"it cannot be downloaded", map[string]string{"go": "echo no network >&2; exit 7"}, 7, "no network", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := released.Workflow(blueprint.Choices{Name: "shop"}).Text
			dir, output, code := runStep(t, text, "Get Aloft v0.4.0", test.programs, "ALOFT_VERSION=v0.4.0", "ALOFT_SUM="+sum)
			if code != test.code || !strings.Contains(output, test.says) {
				t.Errorf("code %d, output %s", code, output)
			}
			want, bin := "", filepath.Join(dir, ".aloft", "v0.4.0")
			if test.installs {
				want = bin
			}
			if got := handedOn(t, filepath.Join(dir, "path")); got != want {
				t.Errorf("on the PATH: %q, want %q", got, want)
			}
			if built := handedOn(t, filepath.Join(bin, "aloft")); (built == "built") != test.installs {
				t.Errorf("installed: %q", built)
			}
		})
	}
}

func TestAnUnreleasedAloftMustBeThere(t *testing.T) {
	text := unreleased.Workflow(blueprint.Choices{Name: "shop"}).Text
	if _, output, code := runStep(t, text, "Find Aloft", map[string]string{"aloft": "exit 0"}); code != 0 {
		t.Errorf("it is there: %s", output)
	}
	if _, output, code := runStep(t, text, "Find Aloft", nil); code != 1 || !strings.Contains(output, "::error::aloft is not on this runner's PATH; put it there") {
		t.Errorf("code %d, output %s", code, output)
	}
}

func TestPackageManagersComeWhereTheirFilesAre(t *testing.T) {
	for _, test := range []struct {
		name, runtime string
		files         map[string]string
		brings        string
	}{
		{"npm alone", "node", map[string]string{"package-lock.json": ""}, "corepack enable"},
		{"bun in a folder", "node", map[string]string{"apps/api/bun.lock": ""}, "corepack enable; npm install --global bun"},
		{"pip alone", "python", map[string]string{"requirements.txt": "", "pyproject.toml": "[project]\n"}, ""},
		{"uv", "python", map[string]string{"uv.lock": ""}, "pip install uv"},
		{"uv, told by its table", "python", map[string]string{"api/pyproject.toml": "[project]\n[tool.uv]\n"}, "pip install uv"},
		{"poetry and pipenv", "python", map[string]string{"pyproject.toml": "[tool.poetry.dependencies]\n", "jobs/Pipfile": ""}, "pip install poetry; pip install pipenv"},
		{"a file that is no lock", "python", map[string]string{"docs/my-uv.lock": ""}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			repository := t.TempDir()
			for path, text := range test.files {
				write(t, filepath.Join(repository, path), text)
			}
			for _, args := range [][]string{{"init", "-q"}, {"add", "--all"}} {
				if out, err := exec.Command("git", append([]string{"-C", repository}, args...)...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			note := func(program string) string { return `echo "` + program + ` $*" >> "$HOME/brought"` }
			choices := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Name: "web", Runtime: test.runtime}}}
			dir, output, code := runStep(t, released.Workflow(choices.Complete()).Text, "Bring package managers", map[string]string{
				"corepack": note("corepack"), "npm": note("npm"), "pip": note("pip"), "git": `exec /usr/bin/git -C "` + repository + `" "$@"`,
			})
			if got := strings.ReplaceAll(handedOn(t, filepath.Join(dir, "brought")), "\n", "; "); code != 0 || got != test.brings {
				t.Errorf("brought %q, want %q; code %d, %s", got, test.brings, code, output)
			}
		})
	}
}

// az stands for Azure's command line: there is a group of env-alice with a vault,
// which lets nobody in at once. It writes down what changes something.
const az = `case "$1 $2 $3" in
"group exists --name") [ "$4" = rg-shop-alice ] && echo true || echo false ;;
"keyvault list --resource-group") [ "$4" = rg-shop-alice ] && echo kv-shop-alice-1a2b3c ;;
"keyvault network-rule list") cat "$HOME/rules" 2> /dev/null || true ;;
"keyvault network-rule "*) echo "$*" >> "$HOME/changes" ;;
"keyvault secret list") [ -e "$HOME/asked" ] || { touch "$HOME/asked"; exit 1; } ;;
*) exit 9 ;;
esac`

func TestTheAddressOfARunner(t *testing.T) {
	const added = "keyvault network-rule add --name kv-shop-alice-1a2b3c --resource-group rg-shop-alice --ip-address "
	for _, test := range []struct {
		name, branch, told, answer string
		variable, changes          string
		code                       int
	}{
		{"asked outside", "env-alice", "", "echo 203.0.113.7", `["203.0.113.7"]`, added + "203.0.113.7 --output none", 0},
		{"told by the repository", "env-alice", `["198.51.100.0/28", "203.0.113.7"]`, "exit 9", `["198.51.100.0/28", "203.0.113.7"]`, added + "198.51.100.0/28 203.0.113.7 --output none", 0},
		{"a new environment", "env-bob", "", "echo 203.0.113.7", `["203.0.113.7"]`, "", 0},
		{"a page instead of an address", "env-alice", "", "echo '<html>'", "", "", 1},
		{"more than an address", "env-alice", "", `printf '1.2.3.4\nPATH=/tmp\n'`, "", "", 1},
		{"no answer", "env-alice", "", "exit 22", "", "", 22},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := unreleased.Workflow(blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: "postgresql"}}).Text
			dir, output, code := runStep(t, text, "Let this runner into the key vault",
				map[string]string{"curl": test.answer, "az": az, "sleep": "exit 0"},
				"ADDRESSES="+test.told, "BRANCH="+test.branch, "ALOFT_PROJECT=shop")
			want := ""
			if test.variable != "" {
				want = "TF_VAR_deployer_ip_addresses=" + test.variable
			}
			if got := handedOn(t, filepath.Join(dir, "env")); code != test.code || got != want {
				t.Errorf("code %d, handed on %q, output %s", code, got, output)
			}
			if got := handedOn(t, filepath.Join(dir, "changes")); got != test.changes {
				t.Errorf("changed %q, want %q", got, test.changes)
			}
		})
	}
}

func TestAPlanFindsTheAddressOfItsRunner(t *testing.T) {
	for _, test := range []struct {
		name, told, answer, want string
		code                     int
	}{
		{"asked outside", "", "echo 203.0.113.7", "RUNNER_ADDRESS=203.0.113.7\nTF_VAR_deployer_ip_addresses=[\"203.0.113.7\"]", 0},
		{"told by the repository", `["198.51.100.0/28"]`, "exit 9", `TF_VAR_deployer_ip_addresses=["198.51.100.0/28"]`, 0},
		{"more than an address", "", `printf '1.2.3.4\nPATH=/tmp\n'`, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, output, code := runStep(t, vaultWorkflow(), "Find this runner's address", map[string]string{"curl": test.answer}, "ADDRESSES="+test.told)
			if got := handedOn(t, filepath.Join(dir, "env")); code != test.code || got != test.want {
				t.Errorf("code %d, handed on %q, output %s", code, got, output)
			}
		})
	}
}

// vaultWorkflow is a workflow of choices that have a vault.
func vaultWorkflow() string {
	return unreleased.Workflow(blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: "postgresql"}}).Text
}

// The plan is told the addresses that the vault has, and is made again when an
// apply has shut it out.
func TestAGuardedPlan(t *testing.T) {
	const (
		added = "keyvault network-rule add --name kv-shop-alice-1a2b3c --resource-group rg-shop-alice --ip-address 203.0.113.7 --output none"
		tell  = `echo "$TF_VAR_deployer_ip_addresses $TF_VAR_planner_ip_addresses" >> "$HOME/told"; echo "plan $#" >> "$RUNNER_TEMP/plan.md"; `
		up    = `if ! [ -e "$HOME/up" ]; then touch "$HOME/up"; echo 192.0.2.9/32 > "$HOME/rules"; exit 1; fi; echo 203.0.113.7 >> "$HOME/rules"; `
		ours  = `["198.51.100.1","198.51.100.2"] ["203.0.113.7"]`
	)
	for _, test := range []struct {
		name, branch, address, plan string
		told, changes               []string
		code                        int
	}{
		{"nothing changes", "env-alice", "203.0.113.7", "exit 0", []string{ours}, []string{added}, 0},
		{"shut out once", "env-alice", "203.0.113.7", up, []string{ours, `["192.0.2.9"] ["203.0.113.7"]`}, []string{added, added}, 0},
		{"shut out each time", "env-alice", "203.0.113.7", "exit 1", []string{ours, ours, ours}, []string{added, added, added}, 1},
		{"wrong by itself", "env-alice", "203.0.113.7", `echo 203.0.113.7/32 >> "$HOME/rules"; exit 5`, []string{ours}, []string{added}, 5},
		{"told by the repository", "env-alice", "", "exit 0", []string{`["203.0.113.7"] `}, []string{added}, 0},
		{"a new environment", "env-bob", "203.0.113.7", "exit 2", []string{`["203.0.113.7"] `}, nil, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, output, code := runStep(t, vaultWorkflow(), "Plan", map[string]string{
				"aloft": tell + test.plan, "sleep": "exit 0",
				"az": `[ -e "$HOME/rules" ] || printf '198.51.100.1/32\n198.51.100.2\n' > "$HOME/rules"` + "\n" + az,
			}, "TF_VAR_deployer_ip_addresses=[\"203.0.113.7\"]", "RUNNER_ADDRESS="+test.address, "BRANCH="+test.branch, "ALOFT_PROJECT=shop")
			if got := handedOn(t, filepath.Join(dir, "told")); code != test.code || got != strings.Join(test.told, "\n") {
				t.Errorf("code %d, told %q, want %q, output %s", code, got, test.told, output)
			}
			if got := handedOn(t, filepath.Join(dir, "changes")); got != strings.Join(test.changes, "\n") {
				t.Errorf("changed %q, want %q", got, test.changes)
			}
			if got := handedOn(t, filepath.Join(dir, "summary")); got != "plan 5" {
				t.Errorf("the summary is %q, want the last plan alone", got)
			}
		})
	}
}

func TestAPlanLeavesNoAddressBehind(t *testing.T) {
	text := unreleased.Workflow(blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: "postgresql"}}).Text
	for address, want := range map[string]string{
		"":            "",
		"203.0.113.7": "keyvault network-rule remove --name kv-shop-alice-1a2b3c --resource-group rg-shop-alice --ip-address 203.0.113.7 --output none",
	} {
		dir, output, code := runStep(t, text, "Shut this runner out again", map[string]string{"az": az},
			"RUNNER_ADDRESS="+address, "BRANCH=env-alice", "ALOFT_PROJECT=shop")
		if got := handedOn(t, filepath.Join(dir, "changes")); code != 0 || got != want {
			t.Errorf("address %q: code %d, changed %q, output %s", address, code, got, output)
		}
	}
}
