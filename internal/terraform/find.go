package terraform

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft"
)

// FindOptions tell Find where to look for an engine.
type FindOptions struct {
	CacheDir string    // where engines are installed and providers shared; needed to install
	Kind     string    // KindTofu or KindTerraform; "" = any, OpenTofu first
	Path     string    // folders to look in, as in the PATH variable
	Install  bool      // install OpenTofu when there is no supported engine
	Progress io.Writer // what an installation does, line by line; nil = nobody looks
}

// Find returns the engine to use: a supported one on the path, else the one in
// the cache, else, when asked to install, a verified release of OpenTofu, or
// where releases cannot be reached one built from pinned sources with the Go
// toolchain. Having none is CodeUnavailable.
func Find(ctx context.Context, o FindOptions) (*Engine, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Kind != "" && o.Kind != KindTofu && o.Kind != KindTerraform {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot find the engine %q: there are %s and %s", o.Kind, KindTofu, KindTerraform)
	}
	engine, passed := findOnPath(ctx, o)
	if engine != nil {
		return engine, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, canceled("looking for an engine", err)
	}
	why := "no tofu or terraform is on the PATH"
	if o.Kind != "" {
		why = fmt.Sprintf("no %s is on the PATH", o.Kind)
	}
	if len(passed) > 0 {
		why = strings.Join(passed, " and ")
	}
	if o.Kind == KindTerraform || o.CacheDir == "" || !o.Install && !installed(o.CacheDir) {
		return nil, missing(o, why)
	}
	return o.cached(ctx, why)
}

func missing(o FindOptions, why string) error {
	err := aloft.Errorf(aloft.CodeUnavailable, "cannot find an engine: %s", why)
	if o.Kind == KindTerraform {
		return err.WithHint("install Terraform %s or newer, or take OpenTofu: engine: tofu in aloft.yaml", OldestTerraform)
	}
	return err.WithHint("install OpenTofu %s or newer (https://opentofu.org/docs/intro/install), or run aloft serve, which installs it", OldestTofu)
}

// findOnPath returns the engine on the path to use, or nil and why each program
// that looks like an engine was passed over.
func findOnPath(ctx context.Context, o FindOptions) (*Engine, []string) {
	var passed []string
	for _, kind := range []string{KindTofu, KindTerraform} {
		if o.Kind != "" && o.Kind != kind {
			continue
		}
		for _, path := range programs(o.Path, kind) {
			v, err := versionOf(ctx, path)
			switch {
			case err != nil:
				passed = append(passed, fmt.Sprintf("%s does not run", path))
			case !supported(kind, v):
				passed = append(passed, fmt.Sprintf("%s is version %s, older than %s", path, v, oldest(kind)))
			default:
				why := fmt.Sprintf("%s %s, found on the PATH as %s", engineName(kind), v, path)
				if len(passed) > 0 {
					why += "; passed over: " + strings.Join(passed, ", ")
				}
				return &Engine{Kind: kind, Path: path, Version: v, Why: why + ".", cacheDir: o.CacheDir, seeds: newSeeds()}, nil
			}
		}
	}
	return nil, passed
}

// programs returns the programs with that name in the folders of path, each once.
func programs(path, name string) []string {
	var list []string
	seen := map[string]bool{}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if !filepath.IsAbs(dir) || err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			continue
		}
		real, err := filepath.EvalSymlinks(file)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		list = append(list, file)
	}
	return list
}
