package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

const (
	providerName    = "terraform-provider-azurerm"
	providerVersion = "5.2.0"
)

var errMissing = errors.New("azurerm " + providerVersion + " is not there")

// registries are the hosts under which the engines look for hashicorp/azurerm:
// OpenTofu under the first, Terraform under the second.
var registries = []string{"registry.opentofu.org", "registry.terraform.io"}

// mirror is a folder in which engines find providers without a network.
type mirror struct {
	dir   string
	cache string // Aloft's cache folder, which may hold an engine
}

// folder returns where the files of the provider are for one registry.
func (m mirror) folder(registry string) string {
	return filepath.Join(m.dir, registry, "hashicorp", "azurerm", providerVersion, runtime.GOOS+"_"+runtime.GOARCH)
}

// programName is the name that engines expect of the provider's program.
const programName = providerName + "_v" + providerVersion

func (m mirror) complete() bool {
	for _, registry := range registries {
		info, err := os.Stat(filepath.Join(m.folder(registry), programName))
		if err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// fill gets the provider and puts it in its place, whole or not at all. Two
// processes never do so at once.
func (m mirror) fill(ctx context.Context) error {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the mirror: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(m.dir, ".lock"))
	if err != nil {
		return fmt.Errorf("cannot lock the mirror: %w", err)
	}
	defer unlock()
	if m.complete() {
		return nil
	}
	leftovers, _ := filepath.Glob(filepath.Join(m.dir, ".new-*")) // the pattern is valid
	for _, dir := range leftovers {
		_ = os.RemoveAll(dir)
	}
	work, err := os.MkdirTemp(m.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("cannot make the mirror: %w", err)
	}
	defer os.RemoveAll(work)
	program := filepath.Join(work, programName)
	if err := m.download(ctx, work, program); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say("no release of azurerm %s: %v", providerVersion, err)
		if err := build(ctx, work, program); err != nil {
			return err
		}
	}
	return m.install(work, program)
}

// install links the program under every registry, since engines do not follow
// links that are symbolic.
func (m mirror) install(work, program string) error {
	for _, registry := range registries {
		ready := filepath.Join(work, registry)
		target := m.folder(registry)
		err := errors.Join(
			os.Mkdir(ready, 0o755),
			os.MkdirAll(filepath.Dir(target), 0o755),
			os.RemoveAll(target),
		)
		if err == nil {
			err = os.Link(program, filepath.Join(ready, programName))
		}
		if err == nil {
			err = os.Rename(ready, target)
		}
		if err != nil {
			return fmt.Errorf("cannot put the provider in its place: %w", err)
		}
	}
	return nil
}

// lock waits until no other process fills the mirror.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	unlock = func() { _ = file.Close() }
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return unlock, nil
	}
	say("waiting for another process that is getting the provider")
	locked := make(chan error, 1)
	go func() { locked <- syscall.Flock(int(file.Fd()), syscall.LOCK_EX) }()
	select {
	case err := <-locked:
		if err != nil {
			unlock()
			return nil, err
		}
		return unlock, nil
	case <-ctx.Done():
		return nil, ctx.Err() // the process ends, and the lock with it
	}
}
