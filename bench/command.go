package main

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft"
)

const (
	helpRounds = 20
	demoRounds = 3
)

func measureCommand(ctx context.Context, l *lab) (map[string]reading, error) {
	readings := map[string]reading{}
	var help []float64
	for range helpRounds {
		began := time.Now()
		if _, err := l.run(ctx, "", "aloft", "--help"); err != nil {
			return readings, err
		}
		help = append(help, since(began)*1000)
	}
	readings["aloft --help"] = alone(help, "ms")
	var first []float64
	for round := range demoRounds + 1 {
		took, err := demo(ctx, l)
		if err != nil {
			return readings, err
		}
		if round > 0 { // the first one warms the cache
			first = append(first, took)
		}
	}
	readings["demo to its first URL"] = alone(first, "s")
	return readings, nil
}

// demo lets the demo run to its end, and returns after how many seconds its first
// URL answered.
func demo(ctx context.Context, l *lab) (float64, error) {
	port, err := aloft.FreePort()
	if err != nil {
		return 0, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	command := l.command(ctx, "", nil, "aloft", "demo", "--once", "--listen", address)
	return untilAnswer(ctx, command, visit{address: address, host: "alice.shop.localhost", path: "/", want: "Hello"})
}
