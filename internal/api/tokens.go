package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"

	"github.com/aloft-dev/aloft"
)

// Scope is what the bearer of a token may do.
type Scope struct {
	Admin bool                 // everything
	Key   aloft.EnvironmentKey // else: the local target's resources of this environment
	RunID int64                // the run the token was issued for
}

// Tokens is the tokens of a server: the one of its administrator, and one for
// each run that talks to it. It keeps and compares digests only. It is safe for
// concurrent use.
type Tokens struct {
	admin [sha256.Size]byte
	mu    sync.RWMutex
	runs  map[[sha256.Size]byte]Scope
}

// NewToken returns a new token of 128 random bits or more.
func NewToken() string { return "aloft_" + rand.Text() }

// NewTokens returns the tokens of a server whose administrator has the given one.
func NewTokens(admin string) *Tokens {
	return &Tokens{admin: sha256.Sum256([]byte(admin)), runs: map[[sha256.Size]byte]Scope{}}
}

// Issue returns a token for a run of an environment, valid until it is revoked.
func (t *Tokens) Issue(key aloft.EnvironmentKey, runID int64) string {
	token := NewToken()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs[sha256.Sum256([]byte(token))] = Scope{Key: key, RunID: runID}
	return token
}

// Revoke makes a token that Issue returned worthless.
func (t *Tokens) Revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.runs, sha256.Sum256([]byte(token)))
}

// Authenticate returns what the bearer of token may do, and false for an
// unknown token.
func (t *Tokens) Authenticate(token string) (Scope, bool) {
	if token == "" {
		return Scope{}, false
	}
	digest := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(digest[:], t.admin[:]) == 1 {
		return Scope{Admin: true}, true
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found Scope
	var ok bool
	for known, scope := range t.runs {
		if subtle.ConstantTimeCompare(digest[:], known[:]) == 1 {
			found, ok = scope, true
		}
	}
	return found, ok
}
