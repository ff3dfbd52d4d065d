package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// buildAct returns what builds act, which runs workflows without GitHub, into dir
// when it is first called: a minute the first time on a machine, then a second.
func buildAct(dir string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		program := filepath.Join(dir, "act")
		command := exec.Command("go", "build", "-o", program, "github.com/nektos/act")
		command.Dir = filepath.Join("..", "..", "tools", "act")
		if output, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("cannot build act: %w\n%s", err, output)
		}
		return program, nil
	})
}

// commandWorkflow: workflow NAME puts a golden workflow of the blueprint room into
// the current folder. act does not know environments without a deployment.
func commandWorkflow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: workflow NAME")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "blueprint", "testdata", "workflow", args[0]+".yml"))
	ts.Check(err)
	known := strings.ReplaceAll(string(text), "      deployment: false\n", "")
	ts.Check(os.MkdirAll(ts.MkAbs(".github/workflows"), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(".github/workflows/aloft.yml"), []byte(known), 0o644))
}

var usesAction = regexp.MustCompile(`uses: (\S+)`)

// commandAct: act EVENT PAYLOAD runs the workflow of the current folder for an
// event, on this machine. Actions are those in $WORK/actions/NAME, else nothing
// happens. Repository variables are the lines of $WORK/vars.
func commandAct(build func() (string, error)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) != 2 {
			ts.Fatalf("usage: act EVENT PAYLOAD")
		}
		program, err := build()
		ts.Check(err)
		err = ts.Exec(program, actFlags(ts, args[0], args[1])...)
		if (err != nil) != neg {
			ts.Fatalf("act %s: %v", args[0], err)
		}
	}
}

func actFlags(ts *testscript.TestScript, event, payload string) []string {
	const runner = "host"
	work := ts.Getenv("WORK")
	flags := []string{
		event, "--eventpath", ts.MkAbs(payload), "--workflows", ".github/workflows/aloft.yml", "--actor", "alice",
		"--platform", runner + "=-self-hosted", "--var", "ALOFT_RUNNER=" + runner, "--var", "ALOFT_SERVER=" + ts.Getenv("ALOFT_SERVER"),
		"--secret", "ALOFT_TOKEN=" + ts.Getenv("ALOFT_TOKEN"), "--secret", "GITHUB_TOKEN=token",
		"--action-cache-path", filepath.Join(work, "act"), "--action-offline-mode", "--no-cache-server",
		"--var-file", filepath.Join(work, "vars"), "--secret-file", os.DevNull, "--env-file", os.DevNull, "--input-file", os.DevNull,
	}
	flags = append(flags, "--env", "ACTIONS_ID_TOKEN_REQUEST_URL="+ts.Getenv("TEST_GITHUB")+"/identity?api=2", "--env", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=runner")
	for _, name := range []string{"TEST_GITHUB", "WORK", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GORACE"} {
		flags = append(flags, "--env", name+"="+ts.Getenv(name))
	}
	text, err := os.ReadFile(ts.MkAbs(".github/workflows/aloft.yml"))
	ts.Check(err)
	for _, match := range usesAction.FindAllStringSubmatch(string(text), -1) {
		name, _, _ := strings.Cut(match[1], "@")
		dir := filepath.Join(work, "actions", filepath.Base(name))
		if _, err := os.Stat(dir); err != nil {
			dir = filepath.Join(work, "actions", "nothing")
		}
		flags = append(flags, "--local-repository", match[1]+"="+dir)
	}
	return flags
}
