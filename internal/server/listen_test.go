package server

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestListenAddress: the server refuses an address that others can reach, unless
// there is TLS or the user insists. Nothing is bound here.
func TestListenAddress(t *testing.T) {
	t.Parallel()
	names := map[string][]string{
		"localhost": {"::1", "127.0.0.1"}, "inner.example": {"127.0.0.9"},
		"outer.example": {"192.0.2.7"}, "both.example": {"127.0.0.1", "192.0.2.7"}, "six.example": {"2001:db8::7"},
	}
	find := func(_ context.Context, _, host string) (found []netip.Addr, err error) {
		for _, text := range names[host] {
			found = append(found, netip.MustParseAddr(text))
		}
		if found == nil {
			err = errors.New("no such host")
		}
		return found, err
	}
	const reach = "can be reached from outside"
	for _, c := range []struct{ listen, want, refused string }{
		{"127.0.0.1:8090", "127.0.0.1:8090", ""},
		{"127.0.0.2:8090", "127.0.0.2:8090", ""},
		{"localhost:8090", "127.0.0.1:8090", ""},
		{"[::1]:8090", "[::1]:8090", ""},
		{"[::ffff:127.0.0.1]:8090", "[::ffff:127.0.0.1]:8090", ""},
		{"inner.example:8090", "127.0.0.9:8090", ""},
		{":8090", ":8090", reach},
		{"0.0.0.0:8090", "0.0.0.0:8090", reach},
		{"[::]:8090", "[::]:8090", reach},
		{"[::ffff:0.0.0.0]:8090", "[::ffff:0.0.0.0]:8090", reach},
		{"192.0.2.7:8090", "192.0.2.7:8090", reach},
		{"outer.example:8090", "192.0.2.7:8090", reach},
		{"both.example:8090", "127.0.0.1:8090", reach},
		{"six.example:8090", "[2001:db8::7]:8090", reach},
	} {
		t.Run(c.listen, func(t *testing.T) {
			got, err := listenAddress(t.Context(), Options{Address: c.listen}, find)
			switch {
			case c.refused == "" && (err != nil || got != c.want):
				t.Errorf("%q, %v, want %q", got, err, c.want)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused) || aloft.ErrorCode(err) != aloft.CodeInvalid):
				t.Errorf("%v, want %q", err, c.refused)
			}
			for _, o := range []Options{{Address: c.listen, Insecure: true}, {Address: c.listen, TLSCert: "server.pem"}} {
				if got, err := listenAddress(t.Context(), o, find); err != nil || got != c.want {
					t.Errorf("with TLS or --insecure: %q, %v, want %q", got, err, c.want)
				}
			}
		})
	}
	for _, listen := range []string{"", "8090", "127.0.0.1", "nowhere.example:8090", "[::1:8090"} {
		if got, err := listenAddress(t.Context(), Options{Address: listen, Insecure: true}, find); err == nil || aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Errorf("%q is %q, %v", listen, got, err)
		}
	}
}
