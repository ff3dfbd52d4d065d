package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// Whoever presses Ctrl-C at a question has not pressed Enter.
func TestCtrlCEndsAQuestion(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	terminal, keys := io.Pipe()
	defer func() { _ = keys.Close() }()
	var screen bytes.Buffer
	q := questions{terminal: true, interrupted: ctx.Done(), in: bufio.NewReader(terminal), out: &screen}
	go func() {
		_, _ = keys.Write([]byte("half an ans"))
		interrupt()
	}()
	answer, err := q.line("Azure region", "westeurope")
	if answer != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("answer %q, error %v", answer, err)
	}
	if !strings.Contains(screen.String(), "nothing is written") {
		t.Errorf("the screen shows %q", &screen)
	}
}
