package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

const (
	connections = 16
	loadRounds  = 9
	loadTime    = 2 * time.Second // of one side in a round
	swaps       = 100
)

func measureProxy(ctx context.Context, l *lab) (map[string]reading, error) {
	readings := map[string]reading{}
	s, err := l.serve(ctx, "proxy")
	if err != nil {
		return readings, err
	}
	defer s.stop()
	r, err := s.remote(ctx, "bench-proxy", plainApp.name)
	if err != nil {
		return readings, err
	}
	if _, err := r.push(ctx, "app", pad("first")); err != nil {
		return readings, err
	}
	throughput, err := proxyThroughput(ctx, s, s.visit(r.name, "app", ""))
	if err != nil {
		return readings, err
	}
	readings["requests/s at 16 connections"] = throughput
	readings["100 swaps under load: failed requests"], err = swapsUnderLoad(ctx, r)
	return readings, err
}

// pad makes a version 100 bytes long, the size of a small answer.
func pad(version string) string { return version + strings.Repeat(".", 100-len(version)) }

// proxyThroughput asks the same process through the whole server, and through a
// bare ReverseProxy in a process of its own.
func proxyThroughput(ctx context.Context, s *server, page visit) (reading, error) {
	page.path = "/port"
	status, appPort, err := page.get(ctx)
	if err != nil || status != 200 {
		return reading{}, fmt.Errorf("the app does not tell its port: %d %w", status, err)
	}
	page.path = "/"
	port, err := aloft.FreePort()
	if err != nil {
		return reading{}, err
	}
	bare := page
	bare.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	command := s.lab.command(ctx, "", nil, "bareproxy", bare.address, net.JoinHostPort("127.0.0.1", appPort))
	if err := command.Start(); err != nil {
		return reading{}, err
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	if err := bare.await(ctx); err != nil {
		return reading{}, err
	}
	p, err := alternate(loadRounds, throughput(ctx, page), throughput(ctx, bare))
	if err != nil {
		return reading{}, err
	}
	return p.ratio("requests/s"), nil
}

// throughput makes a round of load, which must not fail once.
func throughput(ctx context.Context, page visit) func(int) (float64, error) {
	return func(int) (float64, error) {
		ctx, cancel := context.WithTimeout(ctx, loadTime)
		defer cancel()
		began := time.Now()
		done := load(ctx, page, connections)
		if done.failed > 0 {
			return 0, fmt.Errorf("%d of %d requests failed: %w", done.failed, done.requests, done.first)
		}
		return float64(done.requests) / since(began), nil
	}
}

// swapsUnderLoad deploys new versions with real pushes while requests come in.
func swapsUnderLoad(ctx context.Context, r *remote) (reading, error) {
	loaded, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan loadResult, 1)
	go func() { finished <- load(loaded, r.server.visit(r.name, "app", ""), connections) }()
	began := time.Now()
	for i := range swaps {
		if _, err := r.push(ctx, "app", pad(fmt.Sprintf("swap-%d-", i))); err != nil {
			return reading{}, err
		}
	}
	took := since(began)
	cancel()
	done := <-finished
	if done.failed > 0 {
		r.server.lab.say("first failed request: %v", done.first)
	}
	return reading{
		Value: float64(done.failed),
		Note:  fmt.Sprintf("%d requests during %d pushes in %s", done.requests, swaps, quantity(took, "s")),
	}, nil
}
