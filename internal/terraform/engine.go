// Package terraform drives an engine, OpenTofu or Terraform: it finds or
// installs one and runs init, plan, apply, destroy and output in a folder of
// the user's Terraform. It reads such folders by itself where no engine is
// needed, and turns plans and diagnostics into words for people, with sensitive
// values masked. Engines are driven as processes; see
// docs/decisions/0002-drive-the-engine-directly.md.
//
// It may import the root package.
package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"time"

	"github.com/hashicorp/go-version"
)

// The kinds of engines.
const (
	KindTofu      = "tofu"
	KindTerraform = "terraform"
)

// Oldest supported versions: the first Terraform that writes what init does as
// JSON, and the first OpenTofu that evaluates variables in init and takes a file
// of them there.
const (
	OldestTofu      = "1.8.0"
	OldestTerraform = "1.9.0"
)

const (
	sharedPluginCache = "1.10.0" // the first OpenTofu whose plugin cache is safe under concurrency
	versionTimeout    = 20 * time.Second
)

// Engine is a program that applies Terraform. Its methods may be used
// concurrently, for different environments.
type Engine struct {
	Kind    string // KindTofu or KindTerraform
	Path    string // absolute path of the program
	Version string // such as 1.12.6
	Why     string // why this one was chosen, as a sentence for people

	seeds    *seeds        // what init would make again; nil = nothing is remembered
	cacheDir string        // for the shared plugin cache; "" = none
	grace    time.Duration // between the interrupt and the kill; 0 = stopGrace
}

// Name returns the engine's name for people.
func (e *Engine) Name() string { return engineName(e.Kind) }

func engineName(kind string) string {
	if kind == KindTerraform {
		return "Terraform"
	}
	return "OpenTofu"
}

func oldest(kind string) string {
	if kind == KindTerraform {
		return OldestTerraform
	}
	return OldestTofu
}

// atLeast reports whether the version v, its pre-release mark aside, is min or newer.
func atLeast(v, min string) bool {
	got, err := version.NewVersion(v)
	return err == nil && got.Core().GreaterThanOrEqual(version.Must(version.NewVersion(min)))
}

func supported(kind, v string) bool { return atLeast(v, oldest(kind)) }

// versionOf asks the program at path for its version.
func versionOf(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version", "-json")
	cmd.Env = environ(nil)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask %s for its version: %w", path, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &answer); err != nil || answer.Version == "" {
		return "", fmt.Errorf("%s does not tell its version as OpenTofu and Terraform do", path)
	}
	return answer.Version, nil
}
