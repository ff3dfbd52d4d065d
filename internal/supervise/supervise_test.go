package supervise_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

var alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

func open(t *testing.T, options supervise.Options) *supervise.Supervisor {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	if options.Tag == "" {
		options.Tag = options.Dir
	}
	s, err := supervise.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func shell(t *testing.T, script string) supervise.Spec {
	t.Helper()
	return supervise.Spec{
		Key: alice, App: "web", Process: "web", Instance: 1,
		Args: []string{"sh", "-c", script}, Dir: t.TempDir(), Env: []string{"PATH=/usr/bin:/bin"},
	}
}

func TestStartStop(t *testing.T) {
	s := open(t, supervise.Options{})
	p, err := s.Start(shell(t, "echo hello; sleep 100 & wait"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.Processes(alice), s.Leftovers(alice))
	begin := time.Now()
	p.Stop(context.Background(), 5*time.Second)
	t.Log(time.Since(begin), p.Exit(), p.Tail(10), s.Leftovers(alice))
	var b bytes.Buffer
	s.Logs(context.Background(), alice, "web", supervise.LogOptions{}, &b)
	t.Log(b.String())
}
