package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The module that builds the provider. Its checksums stand in our tree, so that
// what is built is what was reviewed, whatever a proxy serves. The pseudo-version
// is the commit of release 5.2.0: Go's module proxy has no 5.x of a module whose
// path does not end in /v5. For another one, run go get with it in an empty
// module, copy go.mod and go.sum here, and change providerVersion.
//
//go:embed module/go.mod.txt
var moduleFile []byte

//go:embed module/go.sum.txt
var moduleSums []byte

const (
	providerPackage  = "github.com/hashicorp/terraform-provider-azurerm"
	providerPackages = 2300 // about how many packages are compiled
	progressInterval = 20 * time.Second
)

// build makes the provider with the Go toolchain. Its build cache, some 6 GB,
// goes with the work folder; modules stay in Go's own cache.
func build(ctx context.Context, work, program string) error {
	module, cache := filepath.Join(work, "module"), filepath.Join(work, "cache")
	err := errors.Join(os.Mkdir(module, 0o755), os.Mkdir(cache, 0o755))
	if err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(module, "go.mod"), moduleFile, 0o644),
			os.WriteFile(filepath.Join(module, "go.sum"), moduleSums, 0o644))
	}
	if err != nil {
		return fmt.Errorf("cannot build azurerm: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", program, providerPackage)
	cmd.Dir = module
	cmd.Env = append(os.Environ(),
		"GOCACHE="+cache, "GOTMPDIR="+work, "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "CGO_ENABLED=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	say("building azurerm %s, once: about ten minutes and 6 GB of disk, which are free again afterwards", providerVersion)
	if err := watch(cmd); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("cannot build azurerm: %w", err)
	}
	return nil
}

// watch runs a verbose go build, tells how far it is, and what it says last when
// it fails.
func watch(cmd *exec.Cmd) error {
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var compiled atomic.Int64
	var reading sync.WaitGroup
	var last []string
	reading.Go(func() {
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			line := lines.Text()
			if !strings.ContainsAny(line, " :") { // the name of a package, which is being compiled
				compiled.Add(1)
				continue
			}
			if last = append(last, line); len(last) > 20 {
				last = last[1:]
			}
		}
	})
	start, ended := time.Now(), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		tick := time.NewTicker(progressInterval)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				say("%d of about %d packages (%s)", compiled.Load(), providerPackages, time.Since(start).Round(time.Second))
			}
		}
	})
	reading.Wait()
	err = cmd.Wait()
	close(ended)
	telling.Wait()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(last, "\n"))
	}
	return nil
}
