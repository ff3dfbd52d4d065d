package server

import (
	"context"
	"net"
	"net/netip"

	"github.com/aloft-dev/aloft"
)

// lookup finds the addresses of a host name.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// listen opens the address of --listen, as far as it may be opened.
func listen(ctx context.Context, o Options) (net.Listener, error) {
	address, err := listenAddress(ctx, o, net.DefaultResolver.LookupNetIP)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot listen on %s: %w", o.Address, err).
			WithHint("another program has the address; choose one with --listen 127.0.0.1:<port>")
	}
	return listener, nil
}

// listenAddress returns the address behind --listen, with its host name
// resolved. It refuses one that others can reach, unless there is TLS or the
// user insists.
func listenAddress(ctx context.Context, o Options, find lookup) (string, error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil {
		return "", aloft.Errorf(aloft.CodeInvalid, "--listen %s: %w", o.Address, err).WithHint("such as 127.0.0.1:8090")
	}
	if host == "" {
		return o.Address, o.checkReach(o.Address)
	}
	addresses, err := addressesOf(ctx, host, find)
	if err != nil {
		return "", aloft.Errorf(aloft.CodeInvalid, "--listen %s: %w", o.Address, err).WithHint("such as 127.0.0.1:8090")
	}
	chosen := addresses[0]
	for _, address := range addresses {
		if !address.Unmap().IsLoopback() {
			if err := o.checkReach(net.JoinHostPort(address.String(), port)); err != nil {
				return "", err
			}
		}
		if address.Is4() && !chosen.Is4() {
			chosen = address
		}
	}
	return net.JoinHostPort(chosen.String(), port), nil
}

// addressesOf returns at least one address of a host.
func addressesOf(ctx context.Context, host string, find lookup) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	addresses, err := find(ctx, "ip", host)
	switch {
	case len(addresses) > 0:
		return addresses, nil
	case host == "localhost":
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
	case err == nil:
		err = aloft.Errorf(aloft.CodeInvalid, "%s has no address", host)
	}
	return nil, err
}

// checkReach refuses an address that others can reach when nothing protects
// what goes over it.
func (o Options) checkReach(address string) error {
	if o.Insecure || o.TLSCert != "" {
		return nil
	}
	return aloft.Errorf(aloft.CodeInvalid, "%s can be reached from outside, and there is no TLS", address).
		WithHint("give a certificate with --tls-cert and --tls-key, listen on 127.0.0.1 behind a TLS proxy, or say --insecure")
}
