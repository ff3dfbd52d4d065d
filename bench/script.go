package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/aloft-dev/aloft"
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

// engineSettings let the script's engine install the provider without a registry.
const engineSettings = `provider_installation {
  filesystem_mirror {
    path = %q
  }
}
`

// mirror is a folder of providers as engines look for them: this program's is aloft
// itself under another name.
func (l *lab) mirror() (string, error) {
	dir := l.path("providers")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(dir, host, "aloft-dev", "aloft", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		err := os.Link(l.aloft, filepath.Join(folder, "terraform-provider-aloft_v0.0.1"))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return dir, nil
}

// script makes the clone and the bare repository. Its Terraform is the part of
// that name; what that asks of the local target goes to the server.
func (l *lab) script(ctx context.Context, name string, a app, terraform string, s *server) (*script, error) {
	x := &script{lab: l, server: s, program: l.path("baseline.sh"), folder: l.path(name, "environments"), app: a,
		bare: l.path(name, "repository.git"), settings: l.path("engine.rc")}
	var err error
	if x.clone, err = l.project(ctx, filepath.Join(name, "clone"), a.name, terraform); err != nil {
		return nil, err
	}
	mirror, err := l.mirror()
	err = errors.Join(err,
		os.WriteFile(x.program, baseline, 0o700),
		os.WriteFile(x.settings, fmt.Appendf(nil, engineSettings, mirror), 0o600),
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
	port, err := aloft.FreePort()
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
