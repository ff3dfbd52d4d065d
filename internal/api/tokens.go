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
	mu    sync.RWMutex
	admin Digest
	runs  map[Digest]Scope
}

// Digest is what a server keeps of a token. It tells nothing of a token that
// NewToken made, for that cannot be guessed.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a token.
func DigestOf(token string) Digest { return sha256.Sum256([]byte(token)) }

// NewToken returns a new token of 128 random bits or more.
func NewToken() string { return "aloft_" + rand.Text() }

// NewTokens returns the tokens of a server whose administrator has the token
// with the given digest.
func NewTokens(admin Digest) *Tokens {
	return &Tokens{admin: admin, runs: map[Digest]Scope{}}
}

// SetAdmin makes another token the administrator's; the one before is worthless
// from now on.
func (t *Tokens) SetAdmin(admin Digest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.admin = admin
}

// Issue returns a token for a run of an environment, valid until it is revoked.
func (t *Tokens) Issue(key aloft.EnvironmentKey, runID int64) string {
	token := NewToken()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs[DigestOf(token)] = Scope{Key: key, RunID: runID}
	return token
}

// Revoke makes a token that Issue returned worthless.
func (t *Tokens) Revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.runs, DigestOf(token))
}

// Authenticate returns what the bearer of token may do, and false for an
// unknown token.
func (t *Tokens) Authenticate(token string) (Scope, bool) {
	if token == "" {
		return Scope{}, false
	}
	digest := DigestOf(token)
	t.mu.RLock()
	defer t.mu.RUnlock()
	if subtle.ConstantTimeCompare(digest[:], t.admin[:]) == 1 {
		return Scope{Admin: true}, true
	}
	var found Scope
	var ok bool
	for known, scope := range t.runs {
		if subtle.ConstantTimeCompare(digest[:], known[:]) == 1 {
			found, ok = scope, true
		}
	}
	return found, ok
}
