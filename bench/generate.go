package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	generateTime        = 10 * time.Second
	generateConnections = 4 // for each of generatePaths
)

// generatePaths ask for archives of different projects.
var generatePaths = []string{
	"/generate/shop.zip?runtime=spring-boot&database=postgresql&add-on=key-vault",
	"/generate/shop.tgz?runtime=node&hosting=web-app&tier=premium&database=mysql",
	"/generate/shop.zip?runtime=go&network=private&add-on=redis",
	"/demo.tgz?runtime=DOTNET&application=APP_SERVICE.STANDARD&database=SQL_SERVER&region=westeurope",
}

// measureGenerate counts the archives that a server makes a second.
func measureGenerate(ctx context.Context, l *lab) (map[string]reading, error) {
	s, err := l.serve(ctx, "generate")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if _, err := s.archives(ctx, time.Second); err != nil { // warms it up
		return nil, err
	}
	made, err := s.archives(ctx, generateTime)
	if err != nil {
		return nil, err
	}
	connections := generateConnections * len(generatePaths)
	return map[string]reading{"archives/s through the API": {
		Value: float64(made) / generateTime.Seconds(), Note: fmt.Sprintf("%d archives of %d projects in %s, over %d connections", made, len(generatePaths), generateTime, connections),
	}}, nil
}

// archives asks for archives for some time and returns how many came.
func (s *server) archives(ctx context.Context, time time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time)
	defer cancel()
	var group sync.WaitGroup
	results := make([]loadResult, len(generatePaths))
	for i, path := range generatePaths {
		group.Go(func() {
			results[i] = load(ctx, visit{address: s.address, host: "localhost", path: path}, generateConnections)
		})
	}
	group.Wait()
	made := 0
	for _, r := range results {
		if r.failed > 0 {
			return 0, fmt.Errorf("%d of %d requests failed: %w", r.failed, r.requests, r.first)
		}
		made += r.requests
	}
	return made, nil
}
