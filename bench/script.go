package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

//go:embed baseline.sh
var baseline []byte

// script is the other side: baseline.sh and what it works on.
type script struct {
	lab      *lab
	server   *server
	clone    *project
	app      app
	program  string
	bare     string
	folder   string // one folder below for each environment
	settings string // of the engine
}

// app is one of the apps that are pushed.
type app struct {
	name  string // and the part of its sources
	build string // what Aloft detects as build and start commands, for the script
	start string
}

var (
	plainApp = app{"plain", "", "benchapp"}
	goApp    = app{"go", "go build -o .aloft/app .", ".aloft/app"}
)

// engineSettings let the script's engine find the provider without a registry.
const engineSettings = `provider_installation {
  dev_overrides {
    "aloft-dev/aloft" = %q
  }
}
`

// script makes the clone and the bare repository. Its Terraform is the part of
// that name; what that asks of the local target goes to the server.
func (l *lab) script(ctx context.Context, name string, a app, terraform string, s *server) (*script, error) {
	x := &script{lab: l, server: s, program: l.path("baseline.sh"), folder: l.path(name, "environments"), app: a,
		bare: l.path(name, "repository.git"), settings: l.path("engine.rc")}
	var err error
	if x.clone, err = l.project(ctx, filepath.Join(name, "clone"), a.name, terraform); err != nil {
		return nil, err
	}
	err = errors.Join(
		os.WriteFile(x.program, baseline, 0o700),
		os.WriteFile(x.settings, fmt.Appendf(nil, engineSettings, l.path("bin")), 0o600),
	)
	if err != nil {
		return nil, err
	}
	_, err = l.run(ctx, "", "git", "init", "--quiet", "--bare", x.bare)
	return x, err
}

// push runs the script for a new version and returns after how many seconds that
// answered.
func (s *script) push(ctx context.Context, environment, version string) (float64, error) {
	if err := s.clone.commit(ctx, version); err != nil {
		return 0, err
	}
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	folder := filepath.Join(s.folder, environment)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	variables := append(s.server.variables(),
		"ENGINE="+s.lab.engine.Path, "BUILD="+s.app.build, "START="+s.app.start,
		"TF_CLI_CONFIG_FILE="+s.settings, "TF_VAR_project=script", "TF_VAR_environment="+environment)
	command := s.lab.command(ctx, s.clone.dir, variables, s.program, s.bare, folder, "env-"+environment, strconv.Itoa(port))
	address := fmt.Sprintf("127.0.0.1:%d", port)
	return untilAnswer(ctx, command, visit{address: address, host: "localhost", path: "/", want: version})
}

// stop ends the processes that the script has started.
func (s *script) stop() {
	files, _ := filepath.Glob(filepath.Join(s.folder, "*", "process"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
		_ = os.Remove(file)
	}
}
