package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

const applyRounds = 7

const thousand = `terraform {
  backend "http" {}
}

resource "terraform_data" "one" {
  count = 1000
  input = "resource ${count.index}"
}
`

// measureApply applies 1,000 resources with the state at the server, and at a
// backend that keeps it in memory.
func measureApply(ctx context.Context, s *server) (reading, error) {
	memory := httptest.NewServer(&memoryBackend{})
	defer memory.Close()
	ours := func(round int) (float64, error) {
		key := aloft.EnvironmentKey{Project: "bench-apply", Environment: fmt.Sprintf("r%d", round)}
		return applyThousand(ctx, s.lab, fmt.Sprintf("apply-ours-%d", round), s.stateURL(key), s.token)
	}
	theirs := func(round int) (float64, error) {
		return applyThousand(ctx, s.lab, fmt.Sprintf("apply-theirs-%d", round), fmt.Sprintf("%s/%d", memory.URL, round), "none")
	}
	p, err := alternate(applyRounds, ours, theirs)
	if err != nil {
		return reading{}, err
	}
	return p.ratio("s"), nil
}

// applyThousand returns how many seconds the apply takes; init is not part of it.
func applyThousand(ctx context.Context, l *lab, folder, state, password string) (float64, error) {
	dir := l.path(folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	if err := os.WriteFile(l.path(folder, "main.tf"), []byte(thousand), 0o644); err != nil {
		return 0, err
	}
	variables := []string{
		"TF_HTTP_ADDRESS=" + state, "TF_HTTP_LOCK_ADDRESS=" + state, "TF_HTTP_UNLOCK_ADDRESS=" + state,
		"TF_HTTP_LOCK_METHOD=LOCK", "TF_HTTP_UNLOCK_METHOD=UNLOCK", "TF_HTTP_USERNAME=aloft", "TF_HTTP_PASSWORD=" + password,
	}
	if _, err := finish(l.command(ctx, dir, variables, l.engine.Path, "init", "-input=false")); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err := finish(l.command(ctx, dir, variables, l.engine.Path, "apply", "-input=false", "-auto-approve", "-json"))
	return since(began), err
}

// memoryBackend is the least that the engine's http backend works with. It keeps
// the newest state of each path, and locks for nobody.
type memoryBackend struct {
	mu     sync.Mutex
	states map[string][]byte
}

func (m *memoryBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch r.Method {
	case http.MethodGet:
		state, ok := m.states[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(state)
	case http.MethodPost:
		if m.states == nil {
			m.states = map[string][]byte{}
		}
		m.states[r.URL.Path] = body
	}
}
