package git

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// session is one push on its way. It gives the hook that git starts for it the
// right to speak for it, once.
type session struct {
	project string
	actor   string
	began   time.Time
	ctx     context.Context // ends when the pusher goes away
}

// sessions are the pushes on their way by the digest of their secret token: how
// long it takes to find one tells nothing of the token. They live in memory
// only. The zero value is ready.
type sessions struct {
	mu       sync.Mutex
	byDigest map[[sha256.Size]byte]*session
}

func (s *sessions) open(push *session) (token string) {
	token = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byDigest == nil {
		s.byDigest = make(map[[sha256.Size]byte]*session)
	}
	s.byDigest[sha256.Sum256([]byte(token))] = push
	return token
}

// take returns the session of a token and forgets the token.
func (s *sessions) take(token string) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	digest := sha256.Sum256([]byte(token))
	push, ok := s.byDigest[digest]
	delete(s.byDigest, digest)
	return push, ok
}

func (s *sessions) close(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byDigest, sha256.Sum256([]byte(token)))
}

// hookURL returns the address where a hook reaches this server: the end of the
// pusher's own connection, unless the options say otherwise.
func (r *Remote) hookURL(req *http.Request) string {
	if r.options.HookURL != "" {
		return r.options.HookURL
	}
	if address, ok := req.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return (&url.URL{Scheme: "http", Host: address.String()}).String()
	}
	return "http://" + req.Host
}
