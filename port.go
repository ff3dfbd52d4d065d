package aloft

import (
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports that FreePort chooses from: below those that Linux and macOS give to
// whoever asks for any, connections included, and those of Kubernetes' services.
const (
	firstFreePort = 20_000
	freePorts     = 10_000
)

// FreePort returns a port of 127.0.0.1 at which nobody listens, for a program that
// is about to listen there. Nothing else comes by it meanwhile but who asks for
// just that port, or calls FreePort as well and draws the same of 10,000.
func FreePort() (int, error) {
	var err error
	for range 100 {
		port := firstFreePort + rand.IntN(freePorts)
		var listener net.Listener
		if listener, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	return 0, err
}
