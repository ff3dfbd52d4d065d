package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/api"
)

// login follows a login link and returns the cookie it was given, or nil.
func login(h *house) *http.Cookie { return visit(h, h.server.LoginPath()) }

func visit(h *house, path string) *http.Cookie {
	request := httptest.NewRequest("GET", h.url+path, nil)
	answer := httptest.NewRecorder()
	h.server.ServeHTTP(answer, request)
	return cookieOf(answer.Result())
}

func cookieOf(response *http.Response) *http.Cookie {
	for _, c := range response.Cookies() {
		if c.MaxAge > 0 {
			return c
		}
	}
	return nil
}

func (h *house) loggedIn(cookie *http.Cookie) bool {
	request := httptest.NewRequest("GET", h.url+"/", nil)
	if cookie != nil {
		request.AddCookie(cookie)
	}
	return h.server.LoggedIn(request)
}

func TestLoginLink(t *testing.T) {
	t.Parallel()
	t.Run("logs in and drops the token from the URL", func(t *testing.T) {
		h := newHouse(t)
		request, _ := http.NewRequest("GET", h.url+h.server.LoginPath(), nil)
		response := do(t, request)
		if response.StatusCode != 303 || response.Header.Get("Location") != "/" {
			t.Errorf("%d to %q", response.StatusCode, response.Header.Get("Location"))
		}
		cookie := cookieOf(response)
		if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Domain != "" {
			t.Fatalf("cookie %+v", cookie)
		}
		if !h.loggedIn(cookie) {
			t.Error("not logged in")
		}
	})
	t.Run("works once", func(t *testing.T) {
		h := newHouse(t)
		path := h.server.LoginPath()
		if visit(h, path) == nil {
			t.Error("no session the first time")
		}
		if visit(h, path) != nil {
			t.Error("a session the second time")
		}
	})
	t.Run("ends after twelve hours", func(t *testing.T) {
		h := newHouse(t)
		path := h.server.LoginPath()
		h.pass(12 * time.Hour)
		if visit(h, path) != nil {
			t.Error("still good")
		}
	})
	t.Run("a wrong token leads to the explanation", func(t *testing.T) {
		h := newHouse(t)
		request, _ := http.NewRequest("GET", h.url+"/login?token=wrong", nil)
		if response := do(t, request); response.Header.Get("Location") != "/?login=expired" || cookieOf(response) != nil {
			t.Errorf("leads to %q", response.Header.Get("Location"))
		}
	})
	t.Run("can be asked for by the CLI", func(t *testing.T) {
		h := newHouse(t)
		link, err := h.client().LoginURL(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if path := strings.TrimPrefix(link, h.url); visit(h, path) == nil {
			t.Errorf("%s does not log in", link)
		}
	})
}

func TestLoginForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	post := func(token string) *http.Response {
		form := url.Values{"token": {token}}.Encode()
		request, _ := http.NewRequest("POST", h.url+"/login", strings.NewReader(form))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return do(t, request)
	}
	if cookie := cookieOf(post(" " + adminToken + "\n")); !h.loggedIn(cookie) {
		t.Error("the administrator's token does not log in")
	}
	for name, token := range map[string]string{"wrong": "nope", "empty": "", "of a run": h.tokens.Issue(alice, 1)} {
		if response := post(token); cookieOf(response) != nil || response.Header.Get("Location") != "/?login=failed" {
			t.Errorf("a token that is %s logs in", name)
		}
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookie := login(h)
	t.Run("is of no use when changed", func(t *testing.T) {
		changed := *cookie
		changed.Value = "9" + changed.Value
		if h.loggedIn(&changed) {
			t.Error("logged in")
		}
	})
	t.Run("outlives a restart with the same key", func(t *testing.T) {
		other := newHouse(t)
		cookie := *cookie
		cookie.Name = login(other).Name
		if !other.loggedIn(&cookie) {
			t.Error("logged out")
		}
	})
	t.Run("does not outweigh wrong credentials", func(t *testing.T) {
		request, _ := http.NewRequest("GET", h.url+api.Base+"/projects", nil)
		request.AddCookie(cookie)
		request.Header.Set("Authorization", "Bearer wrong")
		if response := do(t, request); response.StatusCode != 401 {
			t.Errorf("answered %d", response.StatusCode)
		}
	})
	t.Run("ends with logging out", func(t *testing.T) {
		mine := login(h)
		request, _ := http.NewRequest("POST", h.url+"/logout", nil)
		request.AddCookie(mine)
		do(t, request)
		if h.loggedIn(mine) || !h.loggedIn(cookie) {
			t.Error("the wrong session ended")
		}
	})
	t.Run("ends after thirty days", func(t *testing.T) {
		h := newHouse(t)
		cookie := login(h)
		h.pass(30 * 24 * time.Hour)
		if h.loggedIn(cookie) {
			t.Error("still logged in")
		}
	})
}

func TestCookieIsSecureUnderTLS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, scheme := range []string{"http", "https"} {
		request := httptest.NewRequest("GET", scheme+"://localhost:8090"+h.server.LoginPath(), nil)
		answer := httptest.NewRecorder()
		h.server.ServeHTTP(answer, request)
		if cookie := cookieOf(answer.Result()); cookie == nil || cookie.Secure != (scheme == "https") {
			t.Errorf("over %s the cookie is %+v", scheme, cookie)
		}
	}
}

func TestANewTokenEndsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookie, link := login(h), h.server.LoginPath()
	h.tokens.SetAdmin(api.DigestOf("another-token"))
	h.server.EndSessions([]byte("another key"))
	if h.loggedIn(cookie) || visit(h, link) != nil {
		t.Error("a login of the token before is still good")
	}
	if _, ok := h.tokens.Authenticate(adminToken); ok {
		t.Error("the token before is still good")
	}
	if scope, ok := h.tokens.Authenticate("another-token"); !ok || !scope.Admin || !h.loggedIn(login(h)) {
		t.Error("the new token does not count")
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/healthz", "/login?token=x", api.Base + "/version", api.Base + "/nowhere", api.Base + "/openapi.json"} {
		request, _ := http.NewRequest("GET", h.url+path, nil)
		header := do(t, request).Header
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" ||
			header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s has the headers %v", path, header)
		}
	}
}

// FuzzSession checks that no cookie but the one that was given logs in.
func FuzzSession(f *testing.F) {
	for _, value := range []string{"", ".", "..", "9999999999.A.", "9999999999.A.x", "-1.B.C", "9999999999"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		h := newHouse(t)
		cookie := login(h)
		genuine := cookie.Value
		cookie.Value = value
		if value != genuine && h.loggedIn(cookie) {
			t.Errorf("%q logs in", value)
		}
	})
}
