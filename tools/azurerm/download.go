package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	answerTimeout   = 3 * time.Second // for a registry to answer
	downloadTimeout = 10 * time.Minute
)

// required asks for the provider, for an engine to get it or to tell of it.
const required = `terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "` + providerVersion + `"
    }
  }
}
`

// engine is an OpenTofu or Terraform, and the registry that it asks.
type engine struct{ path, registry string }

// engine returns that of the PATH, or the one that Aloft installed.
func (m mirror) engine() (engine, error) {
	for i, name := range []string{"tofu", "terraform"} {
		if found, err := exec.LookPath(name); err == nil {
			return engine{path: found, registry: registries[i]}, nil
		}
	}
	installed, _ := filepath.Glob(filepath.Join(m.cache, "engines", "*", "tofu")) // the pattern is valid
	if len(installed) == 0 {
		return engine{}, errors.New("there is no tofu and no terraform, on the PATH or in the cache")
	}
	return engine{path: installed[len(installed)-1], registry: registries[0]}, nil
}

// download gets the release, which the engine checks against its signature.
func (m mirror) download(ctx context.Context, work, program string) error {
	e, err := m.engine()
	if err != nil {
		return err
	}
	if err := answers(ctx, "https://"+e.registry+"/.well-known/terraform.json"); err != nil {
		return err
	}
	say("downloading azurerm %s from %s", providerVersion, e.registry)
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	asked, got := filepath.Join(work, "asked"), filepath.Join(work, "got")
	if err := errors.Join(os.Mkdir(asked, 0o755), os.WriteFile(filepath.Join(asked, "main.tf"), []byte(required), 0o644)); err != nil {
		return err
	}
	platform := runtime.GOOS + "_" + runtime.GOARCH
	cmd := exec.CommandContext(ctx, e.path, "providers", "mirror", "-platform="+platform, got)
	cmd.Dir = asked
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return unpack(filepath.Join(got, e.registry, "hashicorp", "azurerm", fmt.Sprintf("%s_%s_%s.zip", providerName, providerVersion, platform)), program)
}

// answers reports what keeps a host from answering soon.
func answers(ctx context.Context, url string) error {
	client := http.Client{Timeout: answerTimeout, Transport: &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: answerTimeout}).DialContext,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// unpack writes the provider's program out of its release.
func unpack(release, program string) error {
	archive, err := zip.OpenReader(release)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, file := range archive.File {
		if !strings.HasPrefix(path.Base(file.Name), providerName) {
			continue
		}
		in, err := file.Open()
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	}
	return fmt.Errorf("%s holds no %s", filepath.Base(release), providerName)
}
