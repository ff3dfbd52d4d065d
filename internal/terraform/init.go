package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aloft-dev/aloft"
)

// OverrideFile is what Init adds to the configuration's folder for Aloft's own
// backend: it stands in the place of the configuration's.
const OverrideFile = "aloft_backend_override.tf"

const (
	backendHTTP = "http"
	lockName    = ".terraform.lock.hcl" // beside the configuration: the versions of providers
	keptLock    = "aloft.lock.hcl"      // our copy of it in the data folder
	keyFile     = "aloft.key"           // in the data folder: what it was initialized for
)

const backendOverride = `terraform {
  backend "http" {}
}
`

// Init makes c.Dir ready for the other commands: backend, modules, providers.
// It is skipped when the data folder, or that of another environment which can be
// copied, was made for the same backend, modules, providers and engine. A data folder that is broken is made anew. In c.Dir,
// which must not be the user's own working tree, it may write the override that
// selects Aloft's backend and the lock file of the providers.
func (e *Engine) Init(ctx context.Context, c aloft.Configuration) (skipped bool, err error) {
	key, err := e.prepare(c)
	if err != nil {
		return false, err
	}
	if initializedFor(c, key) {
		return true, restoreLock(c)
	}
	if e.seeds.plant(c, key) {
		return true, nil
	}
	return false, e.initAnew(ctx, c, key)
}

// initAnew runs init in the data folder as it is, and if that fails, in an empty
// one and without a lock file that the commit does not have. It tells which
// providers are others than those that were locked.
func (e *Engine) initAnew(ctx context.Context, c aloft.Configuration, key string) error {
	lock := filepath.Join(c.Dir, lockName)
	seeded := c.Restored
	if !exists(lock) {
		if err := restoreLock(c); err != nil {
			return err
		}
		seeded = exists(lock)
	}
	before, _ := os.ReadFile(lock) // none counts as empty
	err := e.takeOver(ctx, c, key)
	if err != nil && aloft.ErrorCode(err) == aloft.CodeFailed && (seeded || forgettable(c)) {
		if seeded {
			_ = os.Remove(lock)
		}
		if err := forget(c); err != nil {
			return err
		}
		err = e.takeOver(ctx, c, key)
	}
	if err == nil {
		e.tellVersions(c, before)
	}
	return err
}

// prepare writes what init needs into the folders of c and returns the key of
// what init depends on.
func (e *Engine) prepare(c aloft.Configuration) (key string, err error) {
	if err := os.MkdirAll(dataDir(c), 0o700); err != nil {
		return "", fmt.Errorf("cannot initialize %s: %w", c.Key, err)
	}
	if c.Backend.Type == backendHTTP {
		if err := os.WriteFile(filepath.Join(c.Dir, OverrideFile), []byte(backendOverride), 0o644); err != nil {
			return "", fmt.Errorf("cannot initialize %s: %w", c.Key, err)
		}
	}
	tree, err := readTree(c.Dir, c.Folder)
	if err != nil {
		return "", err
	}
	return e.initKey(c, tree), nil
}

// initKey digests what init depends on.
func (e *Engine) initKey(c aloft.Configuration, t *tree) string {
	lock, _ := os.ReadFile(filepath.Join(c.Dir, lockName)) // none counts as empty
	inputs := map[string]any{
		"engine":       []string{e.Kind, e.Version},
		"backend":      []any{c.Backend.Type, c.Backend.Config, t.backend},
		"requirements": t.requirements,
		"lock":         string(lock),
		"reattach":     reattached(c.Reattach),
	}
	if t.dynamic {
		file, _ := os.ReadFile(c.VarFile)
		inputs["variables"] = []any{c.Vars, string(file)}
	}
	text, err := json.Marshal(inputs)
	if err != nil {
		panic(err) // nothing but text
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// initialize runs init and notes what for.
func (e *Engine) initialize(ctx context.Context, c aloft.Configuration, key string) error {
	_ = os.Remove(filepath.Join(dataDir(c), keyFile))
	s := newStream(nil)
	err := e.exec(ctx, c, s, e.initArgs(c)...)
	s.Close()
	if err != nil {
		told := configurationErrors(s.errors)
		err = e.failure(ctx, c, "initialize", told, err)
		if blamesConfiguration(told) {
			return invalid(err)
		}
		return err
	}
	if err := e.keep(c, key); err != nil {
		return err
	}
	e.seeds.learn(c, key)
	return nil
}

func (e *Engine) initArgs(c aloft.Configuration) []string {
	args := []string{"init", "-json", "-input=false", "-reconfigure"}
	if c.Backend.Type != backendHTTP {
		for _, name := range slices.Sorted(maps.Keys(c.Backend.Config)) {
			args = append(args, "-backend-config="+name+"="+c.Backend.Config[name])
		}
	}
	return append(args, e.earlyVarFile(c)...)
}

// earlyVarFile is the variables file for commands in which OpenTofu, and only
// it, evaluates variables: they may stand in backends and module sources.
func (e *Engine) earlyVarFile(c aloft.Configuration) []string {
	if e.Kind != KindTofu || c.VarFile == "" {
		return nil
	}
	return []string{"-var-file=" + absolute(c.VarFile)}
}
