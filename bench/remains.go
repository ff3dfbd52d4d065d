package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// destroyFleet deletes all branches in one push and counts what is left.
func destroyFleet(ctx context.Context, r *remote, names []string) (reading, error) {
	began := time.Now()
	if err := r.destroyAll(ctx, names); err != nil {
		return reading{}, err
	}
	took := since(began)
	left, err := r.left(ctx, names)
	for _, thing := range left {
		r.server.lab.say("left: %s", thing)
	}
	return reading{Value: float64(len(left)), Note: fmt.Sprintf("%d destroyed in %s", len(names), quantity(took, "s"))}, err
}

// left lists what is left of destroyed environments. The records of runs (their logs
// and journals) stay, and so do artifacts for an hour, for whoever builds the same.
func (r *remote) left(ctx context.Context, names []string) ([]string, error) {
	left := r.server.processesLeft()
	listed, err := r.server.aloft(ctx, "env", "list", "--json")
	if err != nil {
		return left, err
	}
	if text := strings.TrimSpace(listed); text != "[]" {
		left = append(left, "environments: "+text)
	}
	refs, err := finish(r.server.lab.command(ctx, "", nil, "git",
		"--git-dir="+filepath.Join(r.server.data, "repositories", r.name+".git"), "for-each-ref", "--format=%(refname)"))
	if err != nil {
		return left, err
	}
	for _, ref := range strings.Fields(refs) {
		left = append(left, "ref "+ref)
	}
	for _, pattern := range []string{"environments/*/*", "processes/*/*", "runs/*/source"} {
		files, err := filepath.Glob(filepath.Join(r.server.data, pattern))
		if err != nil {
			return left, err
		}
		left = append(left, files...)
	}
	return append(left, r.recordsLeft(ctx, names)...), nil
}

// recordsLeft looks for states, and for URLs that lead anywhere.
func (r *remote) recordsLeft(ctx context.Context, names []string) []string {
	var left []string
	client := r.server.client()
	for _, name := range names {
		key := aloft.EnvironmentKey{Project: r.name, Environment: name}
		if versions, err := client.StateVersions(ctx, key); err != nil || len(versions) > 0 {
			left = append(left, fmt.Sprintf("state of %s: %d versions (%v)", key, len(versions), err))
		}
		if status, _, err := r.server.visit(r.name, name, "").get(ctx); err != nil || status != http.StatusGone {
			left = append(left, fmt.Sprintf("an answer for %s: %d (%v)", key, status, err))
		}
	}
	return left
}

// processesLeft lists processes that work in the data folder or know of it,
// besides the server itself.
func (s *server) processesLeft() []string {
	var left []string
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		dir, _ := os.Readlink(filepath.Join(folder, "cwd"))
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		if pid != s.command.Process.Pid && (strings.HasPrefix(dir, s.data) || bytes.Contains(environment, []byte(s.data))) {
			line, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
			left = append(left, fmt.Sprintf("process %d: %s", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return left
}
