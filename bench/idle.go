package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	sites    = 100
	idleTime = 10 * time.Second // before it is measured
)

// measureIdle reads the resident memory of a server with environments of static
// sites, each of which was visited.
func measureIdle(ctx context.Context, l *lab) (map[string]reading, error) {
	s, err := l.serve(ctx, "idle")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	r, err := s.remote(ctx, "bench-idle", "static")
	if err != nil {
		return nil, err
	}
	names, err := r.branches(ctx, "s", sites)
	if err != nil {
		return nil, err
	}
	if err := r.pushAll(ctx, names); err != nil {
		return nil, err
	}
	for _, name := range names {
		if page := s.visit(r.name, name, name+"."); !page.answers(ctx) {
			return nil, fmt.Errorf("%s does not answer", page.host)
		}
	}
	busy, err := s.memory("VmHWM")
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(idleTime):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	resident, err := s.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	return map[string]reading{"server with 100 static sites": {
		Value: resident, Note: fmt.Sprintf("resident after %s; at most %s while it made them", idleTime, quantity(busy, "MB")),
	}}, nil
}

// memory reads a line of what the kernel says of the server's memory, in MB.
func (s *server) memory(name string) (float64, error) {
	file := fmt.Sprintf("/proc/%d/status", s.command.Process.Pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kibibytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kibibytes * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("%s has no line %s", file, name)
}
