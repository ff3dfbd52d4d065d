package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Guard refuses, before next, what a web site could make a visitor's browser
// send: requests under a foreign host name (DNS rebinding) and cross-site
// requests that change something. Loopback names are always allowed, and so
// are the given hosts (without ports).
func Guard(hosts []string, next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problemOf(aloft.Errorf(aloft.CodeForbidden, "requests from other web sites are refused")))
	}))
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := hostName(r.Host); !ownHost(name, hosts) {
			writeProblem(w, problemWith(http.StatusMisdirectedRequest, aloft.Errorf(aloft.CodeForbidden,
				"this server does not answer to the host name %q", name).
				WithHint("use localhost, or name the host when starting the server: aloft serve --host %s", name)))
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// hostName returns the name in a Host header: lower case, without port,
// brackets and the trailing dot.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

func ownHost(name string, hosts []string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(hosts, name) {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback()
}
