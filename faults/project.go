package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/aloft-dev/aloft"
)

const (
	projectName = "shop"
	versionFile = "version.txt"
)

// commit is what the suite knows of a commit that it made.
type commit struct {
	id      string
	version int              // what the app answers with
	things  map[string]int64 // sizes of the things that the Terraform declares, by name
	broken  string           // what does not work in it; "" = all does
}

// The ways in which a commit can be broken.
const (
	brokenApp       = "app"       // it exits at once
	brokenTerraform = "terraform" // it is no valid configuration
	brokenCloud     = "cloud"     // the cloud refuses one of the things, after others were made
)

// project is the working tree of whoever pushes to one environment. Each
// environment has a history of its own.
type project struct {
	key     aloft.EnvironmentKey
	dir     string
	remote  string // URL of the repository
	token   string
	cloud   string // URL of the cloud
	commits map[string]commit
	last    commit // the newest commit that is not broken
	version int    // of the newest commit
	shape   shape  // of the Terraform of the commits to come
	newest  func() (int64, error)
	mu      sync.Mutex
	asked   []*ask // the times that somebody asked for its end
	life    int64  // the environment's, as in expectation
	born    string // what the database of that life says of itself; "" = nobody has looked
}

func newProject(dir string, environment string, s *server, newest func() (int64, error), cloud string) (*project, error) {
	p := &project{
		key: aloft.EnvironmentKey{Project: projectName, Environment: environment},
		dir: dir, remote: s.url() + "/" + projectName + ".git", token: s.token, cloud: cloud,
		commits: map[string]commit{}, last: commit{things: map[string]int64{}}, shape: usual(), newest: newest,
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	_, err := p.git(context.Background(), "init", "--quiet", "--initial-branch=main")
	return p, err
}

// git runs git in the working tree and returns what it wrote.
func (p *project) git(ctx context.Context, args ...string) (string, error) {
	var output bytes.Buffer
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = p.dir
	command.Env = append(os.Environ(),
		"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.com",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.com",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("alice:"+p.token)),
	)
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	err := command.Run()
	if err != nil {
		err = fmt.Errorf("git %s: %w\n%s", args[0], err, output.String())
	}
	return output.String(), err
}

// commit makes a commit with these things. A broken one is not built upon.
func (p *project) commit(things map[string]int64, broken string) (commit, error) {
	p.version++
	c := commit{version: p.version, things: maps.Clone(things), broken: broken}
	start, declared, extra := appProgram, maps.Clone(things), ""
	switch broken {
	case brokenApp:
		start += " broken"
	case brokenTerraform:
		extra = "resource \"cloud_thing\" \"nonsense\" {\n"
	case brokenCloud:
		declared["refused"] = -1
	}
	if declared == nil {
		declared = map[string]int64{}
	}
	list, err := json.Marshal(declared)
	if err != nil {
		return c, err
	}
	for name, text := range map[string]string{
		versionFile:             fmt.Sprint(c.version),
		"aloft.yaml":            p.shape.manifest() + fmt.Sprintf("apps:\n  web:\n    start: %s\n    release: %s migrate\n", start, appProgram),
		"terraform/things.json": string(list),
		"terraform/main.tf":     p.shape.configuration(p.cloud) + extra,
	} {
		path := filepath.Join(p.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return c, err
		}
	}
	subject := fmt.Sprintf("Version %d", c.version)
	for _, args := range [][]string{{"add", "--all"}, {"commit", "--quiet", "-m", subject}} {
		if _, err := p.git(context.Background(), args...); err != nil {
			return c, err
		}
	}
	id, err := p.git(context.Background(), "rev-parse", "HEAD")
	c.id = strings.TrimSpace(id)
	p.commits[c.id] = c
	if broken == "" {
		p.last = c
	}
	return c, err
}
