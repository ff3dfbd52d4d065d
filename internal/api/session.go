package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sessionLife = 30 * 24 * time.Hour
	linkLife    = 12 * time.Hour
)

// sessions is the logged-in browsers. A session is a signed cookie, so that it
// outlives a restart of the server; logging out is remembered until the
// session would have ended, or until a restart.
type sessions struct {
	now   func() time.Time
	mu    sync.Mutex
	key   []byte
	links map[[sha256.Size]byte]time.Time // digest of a link's token to its end
	ended map[string]time.Time            // logged-out sessions to their end
}

func newSessions(key []byte, now func() time.Time) *sessions {
	if len(key) == 0 {
		key = make([]byte, sha256.Size)
		rand.Read(key)
	}
	return &sessions{now: now, key: key, links: map[[sha256.Size]byte]time.Time{}, ended: map[string]time.Time{}}
}

// rekey ends all sessions and links.
func (s *sessions) rekey(key []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
	clear(s.links)
	clear(s.ended)
}

// link returns the token of a new login link.
func (s *sessions) link() string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	s.links[sha256.Sum256([]byte(token))] = s.now().Add(linkLife)
	return token
}

// redeem uses up a link's token and reports whether it was good.
func (s *sessions) redeem(token string) bool {
	digest := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	for known := range s.links {
		if subtle.ConstantTimeCompare(digest[:], known[:]) == 1 {
			delete(s.links, known)
			return true
		}
	}
	return false
}

// prune forgets what has ended. The caller holds mu.
func (s *sessions) prune() {
	for digest, end := range s.links {
		if !s.now().Before(end) {
			delete(s.links, digest)
		}
	}
	for value, end := range s.ended {
		if !s.now().Before(end) {
			delete(s.ended, value)
		}
	}
}

// start returns the cookie value of a new session: end, nonce, signature.
func (s *sessions) start() string {
	payload := strconv.FormatInt(s.now().Add(sessionLife).Unix(), 10) + "." + rand.Text()
	return payload + "." + s.sign(payload)
}

func (s *sessions) sign(payload string) string {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("aloft session " + payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// valid returns when the session of a cookie value ends, and whether it lasts.
func (s *sessions) valid(value string) (time.Time, bool) {
	cut := strings.LastIndexByte(value, '.')
	if cut < 0 || !hmac.Equal([]byte(value[cut+1:]), []byte(s.sign(value[:cut]))) {
		return time.Time{}, false
	}
	first, _, _ := strings.Cut(value, ".")
	seconds, err := strconv.ParseInt(first, 10, 64)
	end := time.Unix(seconds, 0)
	if err != nil || !s.now().Before(end) {
		return time.Time{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, over := s.ended[value]
	return end, !over
}

// end makes a session's cookie value worthless.
func (s *sessions) end(value string) {
	end, ok := s.valid(value)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	s.ended[value] = end
}

// cookieName tells the servers of one machine apart: cookies know no ports.
func cookieName(r *http.Request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return "aloft_session_" + port
	}
	return "aloft_session"
}

func sessionCookie(r *http.Request, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}

// EndSessions logs all browsers out and makes their login links worthless.
// Sessions that begin from now on are signed with key.
func (s *Server) EndSessions(key []byte) { s.sessions.rekey(key) }

// LoggedIn reports whether a request comes from a browser that is logged in.
func (s *Server) LoggedIn(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return false
	}
	_, ok := s.sessions.valid(cookie.Value)
	return ok
}

// LoginPath returns the path and query of a link that logs one browser in, once,
// within 12 hours.
func (s *Server) LoginPath() string {
	return "/login?" + url.Values{"token": {s.sessions.link()}}.Encode()
}

// followLink logs in the browser that visits a login link.
func (s *Server) followLink(w http.ResponseWriter, r *http.Request) {
	s.finishLogin(w, r, s.sessions.redeem(r.URL.Query().Get("token")), "expired")
}

// submitToken logs in a browser whose user pasted the server's token.
func (s *Server) submitToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	scope, ok := s.Authenticate(strings.TrimSpace(r.PostFormValue("token")))
	s.finishLogin(w, r, ok && scope.Admin, "failed")
}

func (s *Server) finishLogin(w http.ResponseWriter, r *http.Request, ok bool, reason string) {
	w.Header().Set("Cache-Control", "no-store")
	target := "/"
	switch {
	case ok:
		http.SetCookie(w, sessionCookie(r, s.sessions.start(), sessionLife))
	case !s.LoggedIn(r):
		target = "/?login=" + reason
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// logout ends the session of a browser.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName(r)); err == nil {
		s.sessions.end(cookie.Value)
	}
	http.SetCookie(w, sessionCookie(r, "", -time.Second))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
