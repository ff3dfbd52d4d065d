package main

import (
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// install puts a program into the plugin folder of a home, under the name by
// which engines find the provider of the fake cloud. The binary is linked, not
// copied.
func install(program, home string) error {
	folder := filepath.Join(home, ".terraform.d", "plugins", providerSource, providerVersion, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.Symlink(program, filepath.Join(folder, providerProgram+"_v"+providerVersion))
}

// showCloud serves a cloud by itself, for somebody who wants to play with it,
// with the provider in a HOME of its own.
func showCloud() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp("", "aloft-cloud-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	if err := install(program, home); err != nil {
		return err
	}
	c, err := openCloud(mathrand.New(mathrand.NewPCG(1, 1)))
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }()
	fmt.Printf("HOME=%s\n%s\n", home, providerBlock(c.url))
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	<-interrupted
	return nil
}

// providerBlock is what a configuration needs to use the cloud.
func providerBlock(url string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    cloud = { source = %q }
  }
}
provider "cloud" {
  endpoint = %q
}
`, providerSource, url)
}
