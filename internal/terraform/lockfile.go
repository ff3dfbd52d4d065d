package terraform

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft"
)

// registries are where engines look for providers that name no host.
var registries = map[string]string{
	KindTofu:      "registry.opentofu.org/",
	KindTerraform: "registry.terraform.io/",
}

// lockedProvider is what a lock file says of a provider, by a name that all
// engines share.
type lockedProvider struct {
	version string
	other   bool // another engine locked it
}

// takeOver runs init with the versions of providers that another engine has
// locked, and without them where they cannot be had. An engine by itself takes
// the newest instead, and does not say so.
func (e *Engine) takeOver(ctx context.Context, c aloft.Configuration, key string) error {
	path := filepath.Join(c.Dir, lockName)
	before, _ := os.ReadFile(path) // none counts as empty
	translated := e.translateLock(before)
	if len(translated) > len(before) {
		if err := os.WriteFile(path, translated, 0o644); err != nil {
			return fmt.Errorf("cannot write the lock file of %s: %w", c.Key, err)
		}
	}
	err := e.initialize(ctx, c, key)
	if len(translated) > len(before) && aloft.ErrorCode(err) == aloft.CodeFailed && ctx.Err() == nil {
		if writeErr := os.WriteFile(path, before, 0o644); writeErr != nil {
			return err
		}
		err = e.initialize(ctx, c, key)
	}
	return err
}

// translateLock adds what other engines have locked to a lock file, under the
// names that providers have for this one. Hashes are left out: packages of another
// registry may differ, and the engine adds those of what it installs.
func (e *Engine) translateLock(text []byte) []byte {
	file, diagnostics := hclwrite.ParseConfig(text, lockName, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return text // the engine says what is wrong with it
	}
	known := e.locked(text)
	for _, block := range file.Body().Blocks() {
		name, other := e.providerOf(block)
		version := block.Body().GetAttribute("version")
		if version == nil || !other || !known[name].other {
			continue
		}
		file.Body().AppendNewline()
		body := file.Body().AppendNewBlock("provider", []string{registries[e.Kind] + name}).Body()
		for _, attribute := range []string{"version", "constraints"} {
			if value := block.Body().GetAttribute(attribute); value != nil {
				body.SetAttributeRaw(attribute, value.Expr().BuildTokens(nil))
			}
		}
	}
	return file.Bytes()
}

// providerOf returns the name of a locked provider without the registry that an
// engine adds, and whether another engine added it. It is "" for what is none.
func (e *Engine) providerOf(block *hclwrite.Block) (name string, other bool) {
	labels := block.Labels()
	if block.Type() != "provider" || len(labels) != 1 {
		return "", false
	}
	for kind, registry := range registries {
		if name, ok := strings.CutPrefix(labels[0], registry); ok {
			return name, kind != e.Kind
		}
	}
	return labels[0], false
}

// locked reads a lock file. What this engine has locked comes first.
func (e *Engine) locked(text []byte) map[string]lockedProvider {
	file, diagnostics := hclwrite.ParseConfig(text, lockName, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return nil
	}
	providers := map[string]lockedProvider{}
	for _, block := range file.Body().Blocks() {
		name, other := e.providerOf(block)
		version := block.Body().GetAttribute("version")
		if known, twice := providers[name]; name == "" || version == nil || twice && !known.other {
			continue
		}
		providers[name] = lockedProvider{strings.Trim(string(version.Expr().BuildTokens(nil).Bytes()), ` "`), other}
	}
	return providers
}

// tellVersions tells which providers are not those that were locked before init.
func (e *Engine) tellVersions(c aloft.Configuration, before []byte) {
	lock, _ := os.ReadFile(filepath.Join(c.Dir, lockName))
	was, is := e.locked(before), e.locked(lock)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		old, known := was[name]
		why := ""
		if old.other {
			why = ", since the engine changed to " + e.Kind
		}
		switch now := is[name]; {
		case !known:
		case old.version != now.version:
			logLine(c.Log, fmt.Sprintf("provider %s: %s → %s%s", name, old.version, now.version, why))
		case old.other:
			logLine(c.Log, fmt.Sprintf("provider %s: %s is kept%s", name, now.version, why))
		}
	}
}
