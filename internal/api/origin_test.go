package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/api"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for host, status := range map[string]int{
		"localhost":                   200,
		"localhost:8090":              200,
		"LOCALHOST.:8090":             200,
		"127.0.0.1:8090":              200,
		"[::1]:8090":                  200,
		"[::1]":                       200,
		"alice.shop.localhost:8090":   200,
		"aloft.example":               200,
		"aloft.example:8090":          200,
		"evil.example":                421,
		"localhost.evil.example:8090": 421,
		"notlocalhost":                421,
		"192.168.0.7:8090":            421,
		"0.0.0.0:8090":                421,
		"":                            421,
	} {
		request := httptest.NewRequest("GET", "/healthz", nil)
		request.Host = host
		answer := httptest.NewRecorder()
		h.server.ServeHTTP(answer, request)
		if answer.Code != status {
			t.Errorf("host %q is answered %d, want %d", host, answer.Code, status)
		}
	}
}

func TestCrossSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cases := []struct {
		name, method, header, value string
		status                      int
	}{
		{"the same origin may change", "POST", "Sec-Fetch-Site", "same-origin", 200},
		{"git and the CLI may change", "POST", "", "", 200},
		{"another site may not change", "POST", "Sec-Fetch-Site", "cross-site", 403},
		{"an app of an environment may not change", "POST", "Sec-Fetch-Site", "same-site", 403},
		{"an old browser on another site may not change", "POST", "Origin", "http://evil.example", 403},
		{"an app of an environment may not delete", "DELETE", "Origin", "http://alice.shop.localhost:8090", 403},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			target := api.Base + "/projects/shop/environments/alice"
			if c.method == "POST" {
				target += "/retry"
			}
			request := httptest.NewRequest(c.method, "http://localhost:8090"+target, nil)
			request.AddCookie(login(h))
			request.Header.Set("Authorization", "Bearer "+adminToken)
			if c.header != "" {
				request.Header.Set(c.header, c.value)
			}
			answer := httptest.NewRecorder()
			h.server.ServeHTTP(answer, request)
			if answer.Code != c.status {
				t.Errorf("answered %d, want %d: %s", answer.Code, c.status, answer.Body)
			}
		})
	}
}

// FuzzHosts checks that whatever is let in ends in a name of this machine.
func FuzzHosts(f *testing.F) {
	for _, host := range []string{"localhost", "a.localhost.:1", "[::1]:80", "127.9.9.9", "[::ffff:127.0.0.1]", "localhost:80:90", "evil.example#.localhost", "[fe80::1%25lo]"} {
		f.Add(host)
	}
	guarded := api.Guard(nil, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	f.Fuzz(func(t *testing.T, host string) {
		request := httptest.NewRequest("GET", "/", nil)
		request.Host = host
		answer := httptest.NewRecorder()
		guarded.ServeHTTP(answer, request)
		lower := strings.ToLower(host)
		if answer.Code != 421 && !strings.Contains(lower, "localhost") && !strings.Contains(lower, "127.") && !strings.Contains(lower, ":") {
			t.Errorf("%q is let in", host)
		}
	})
}
