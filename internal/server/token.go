package server

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

const (
	digestFile = "token.sha256" // in the data folder: what the server keeps of its token
	plainFile  = "token"        // in the data folder of earlier versions: the token itself
)

// minToken is how long a token must be that somebody else made, in characters.
// One that cannot be guessed needs no limit of tries.
const minToken = 16

// keptToken is the file that says what the server's token is. A change of it
// counts at once.
type keptToken struct {
	path    string
	plain   bool             // the token itself, of --token-file; else its digest
	changed func(api.Digest) // told of another token

	mu   sync.Mutex
	seen fileMark
}

// read returns the digest of the token.
func (k *keptToken) read() (api.Digest, error) {
	var digest api.Digest
	text, err := os.ReadFile(k.path)
	if err != nil {
		return digest, aloft.Errorf(aloft.CodeUnavailable, "cannot read the server's token: %w", err)
	}
	content := strings.TrimSpace(string(text))
	if k.plain {
		if len(content) < minToken {
			return digest, aloft.Errorf(aloft.CodeInvalid, "the token in %s is shorter than %d characters", k.path, minToken).
				WithHint("make one with: openssl rand -hex 20 > %s", k.path)
		}
		return api.DigestOf(content), nil
	}
	decoded, err := hex.DecodeString(content)
	if err != nil || copy(digest[:], decoded) != len(digest) || len(decoded) != len(digest) {
		return digest, aloft.Errorf(aloft.CodeUnavailable, "%s does not hold the digest of a token", k.path).
			WithHint("make a new token: aloft token reset --data %s", filepath.Dir(k.path))
	}
	return digest, nil
}

// refresh looks whether there is another token. One that cannot be read leaves
// the token as it is.
func (k *keptToken) refresh() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	mark := markOf(k.path)
	if mark.same(k.seen) {
		return nil
	}
	k.seen = mark
	digest, err := k.read()
	if err == nil {
		k.changed(digest)
	}
	return err
}

// openToken finds out what the server's token is: the one that was handed over,
// or its own, which it makes where its data folder has none: at the first start. Its
// own is remembered for the user who starts it, and kept as a digest only.
func (s *Server) openToken() (err error) {
	if s.options.Token != "" {
		s.setToken(api.DigestOf(s.options.Token))
		return nil
	}
	s.kept = &keptToken{path: s.options.TokenFile, plain: true, changed: s.setToken}
	if s.options.TokenFile == "" {
		s.kept.path, s.kept.plain = s.path(digestFile), false
		if s.fresh, err = s.freshToken(); err != nil {
			return err
		}
		if s.fresh == "" {
			s.recallToken()
		}
	}
	return s.kept.refresh()
}

// refreshToken takes another token over as soon as there is one.
func (s *Server) refreshToken() {
	if s.kept != nil {
		s.logError("take the new token", s.kept.refresh())
	}
}

// setToken makes another token the server's, and logs all browsers out.
func (s *Server) setToken(digest api.Digest) {
	if s.tokens == nil {
		s.tokens = api.NewTokens(digest)
	}
	s.tokens.SetAdmin(digest)
	// Logins outlive a restart, and end with the token.
	s.sessionKey = s.sealer.Derive("sessions of " + hex.EncodeToString(digest[:]))
	if s.api != nil {
		s.api.EndSessions(s.sessionKey)
	}
}

// freshToken makes the token of a data folder that has none, and returns it. One
// that an earlier version kept as it is gives way to its digest.
func (s *Server) freshToken() (string, error) {
	data := s.options.Data
	if _, err := os.Stat(filepath.Join(data, digestFile)); err == nil {
		return "", nil
	}
	old := filepath.Join(data, plainFile)
	text, err := os.ReadFile(old)
	token := strings.TrimSpace(string(text))
	if errors.Is(err, os.ErrNotExist) {
		token, err = api.NewToken(), nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	if s.aside, err = keepToken(s.place(), token, api.Digest{}, s.options.Keyring); err != nil {
		return "", err
	}
	if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("cannot remove the token that lies open: %w", err)
	}
	return token, nil
}

// keepToken lets this user's aloft know a token, and the server its digest. before is
// the digest of the one that is worthless from now on.
func keepToken(at Place, token string, before api.Digest, keyring Keyring) (aside bool, err error) {
	if keyring != nil {
		if aside, err = keyring.Keep(at, token, before); err != nil {
			return false, aloft.Errorf(aloft.CodeUnavailable, "cannot keep the server's token for you: %w", err).
				WithHint("set HOME or XDG_CONFIG_HOME, or hand the server its token with --token-file")
		}
	}
	digest := api.DigestOf(token)
	return aside, aloft.ReplaceFile(filepath.Join(at.Data, digestFile), []byte(hex.EncodeToString(digest[:])+"\n"), 0o600)
}

// ShowToken prints a new token where only a person can see it, and reports whether it
// did: what is not a terminal may be a log.
func ShowToken(w io.Writer, format, token string) bool {
	file, ok := w.(*os.File)
	if !ok || token == "" || !term.IsTerminal(int(file.Fd())) {
		return false
	}
	_, _ = fmt.Fprintf(w, format, token)
	return true
}

// ResetToken makes another token for the server with this data folder, whether it
// runs or not, and returns it. The keyring keeps it for the user.
func ResetToken(at Place, keyring Keyring) (string, error) {
	note, err := NoteOf(at.Data)
	if err != nil {
		return "", err
	}
	if note.TokenFile != "" {
		return "", aloft.Errorf(aloft.CodeConflict, "the server of %s takes its token from %s, not from its data folder", at.Data, note.TokenFile).
			WithHint("write another token into that file; it counts at once: openssl rand -hex 20 > %s", note.TokenFile)
	}
	before, err := (&keptToken{path: filepath.Join(at.Data, digestFile)}).read()
	if err != nil {
		before = api.Digest{} // it has none, or none that counts
	}
	token := api.NewToken()
	if _, err := keepToken(at, token, before, keyring); err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(at.Data, plainFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("cannot remove the token that lies open: %w", err)
	}
	return token, nil
}
