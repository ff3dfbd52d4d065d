package terraform

import (
	"context"
	"errors"
	"io"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// ParsePlan is parsePlan.
var ParsePlan = parsePlan

// HoldsData is holdsData.
var HoldsData = holdsData

// Pinned is pinned, and EngineModule the go.mod that builds it.
var (
	Pinned       = pinned
	EngineModule = string(engineModule)
)

// ReadStream feeds text to the parser of -json messages in pieces of n bytes
// and returns what it made of it.
func ReadStream(text []byte, n int, log io.Writer) (aloft.Plan, aloft.Outputs, int, error) {
	s := newStream(log)
	for len(text) > 0 {
		n := min(n, len(text))
		_, _ = s.Write(text[:n])
		text = text[n:]
	}
	s.Close()
	outputs, _, err := s.told(aloft.Configuration{})
	return s.plan(), outputs, len(s.errors), err
}

// WithGrace returns e with another time between the interrupt and the kill.
func WithGrace(e Engine, grace time.Duration) *Engine {
	e.grace = grace
	return &e
}

// ReadJournal returns what a journal tells: what was created, and whose creation
// told no end.
func ReadJournal(text []byte) (created []aloft.CreatedResource, begun []string) {
	j := parseJournal(text)
	for _, c := range j.created {
		created = append(created, c.CreatedResource)
	}
	return created, j.begun
}

// Failure is the error of a command that ended with a diagnostic.
func Failure(c aloft.Configuration, summary, detail string) error {
	diagnostics := []tfjson.Diagnostic{{Summary: summary, Detail: detail}}
	return new(Engine).failure(context.Background(), c, "apply", diagnostics, errors.New("exit status 1"))
}
