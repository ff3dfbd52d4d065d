// Package state is where Terraform keeps the state of each environment: the
// protocol of its "http" backend, with locks, over an aloft.StateStore. States are
// sealed before they reach the store, and every version is kept until the store
// prunes it, so that an earlier one can be shown and restored.
//
// It imports the root package only.
package state

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the protocol's checksum, not a defence
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

// DefaultMaxBytes is how large a state may be, in bytes.
const DefaultMaxBytes = 64 << 20

// Options tell Handler how to serve.
type Options struct {
	// Store keeps the sealed versions and the locks.
	Store aloft.StateStore
	// Sealer encrypts every state, for the context of its EnvironmentKey.StateKey.
	Sealer *aloft.Sealer
	// Authorize tells which run sends a request, 0 for a person. A CodeForbidden
	// error asks the client for a password (401).
	Authorize func(r *http.Request, key aloft.EnvironmentKey) (runID int64, err error)
	// MaxBytes is how large a state may be, in bytes. 0 = DefaultMaxBytes.
	MaxBytes int64
}

// Handler serves /state/{project}/{environment} to Terraform and OpenTofu: GET,
// POST (or PUT) and DELETE for the state, LOCK and UNLOCK for its lock.
func Handler(options Options) http.Handler {
	if options.MaxBytes == 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	s := &server{Options: options, history: NewHistory(options.Store, options.Sealer)}
	mux := http.NewServeMux()
	for method, serve := range map[string]handler{
		"GET": s.get, "POST": s.post, "PUT": s.post, "DELETE": s.delete, "LOCK": s.lock, "UNLOCK": s.unlock,
	} {
		mux.HandleFunc(method+" /state/{project}/{environment}", s.door(serve))
	}
	return mux
}

type server struct {
	Options
	history *History
}

// call is a request that has passed the door.
type call struct {
	*http.Request
	key   aloft.EnvironmentKey
	runID int64
}

type handler func(w http.ResponseWriter, c call) error

// door checks names and caller, and answers errors.
func (s *server) door(serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := call{Request: r, key: aloft.EnvironmentKey{Project: r.PathValue("project"), Environment: r.PathValue("environment")}}
		err := c.key.Validate()
		if err == nil {
			c.runID, err = s.Authorize(r, c.key)
		}
		if err == nil {
			err = serve(w, c)
		}
		if err != nil {
			refuse(w, err)
		}
	}
}

func (s *server) get(w http.ResponseWriter, c call) error {
	plain, err := s.history.Read(c.Context(), c.key, 0)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(plain)))
	w.Header().Set("Content-MD5", checksum(plain))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(plain) // a client that is gone needs no answer
	return nil
}

func (s *server) post(w http.ResponseWriter, c call) error {
	plain, err := s.body(w, c)
	if err != nil {
		return err
	}
	version, err := parse(plain)
	if err != nil {
		return err
	}
	version.EnvironmentKey, version.RunID = c.key, c.runID
	lockID := c.URL.Query().Get("ID")
	if same, err := s.same(c, plain, lockID); err != nil || same {
		return err
	}
	_, err = s.Store.PutState(c.Context(), version, s.Sealer.Seal(plain, c.key.StateKey()), lockID)
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return s.locked(c, err)
	}
	return err
}

// same tells whether the newest version is what the client sends: it sends again
// when it has missed the answer.
func (s *server) same(c call, plain []byte, lockID string) (bool, error) {
	newest, err := s.history.Read(c.Context(), c.key, 0)
	if err != nil || !bytes.Equal(newest, plain) {
		return false, nil // whatever is wrong with the newest version, the client's is better kept
	}
	lock, err := s.Store.StateLock(c.Context(), c.key)
	switch {
	case aloft.ErrorCode(err) == aloft.CodeNotFound:
		return true, nil
	case err != nil:
		return false, err
	case lock.ID != lockID:
		return false, s.locked(c, nil)
	}
	return true, nil
}

func (s *server) delete(w http.ResponseWriter, c call) error {
	lock, err := s.Store.StateLock(c.Context(), c.key)
	if err == nil && lock.ID != c.URL.Query().Get("ID") {
		return s.locked(c, nil)
	}
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	if err := s.Store.DeleteState(c.Context(), c.key); aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	return nil
}

// body reads a request's state and compares it with the checksum that came along.
func (s *server) body(w http.ResponseWriter, c call) ([]byte, error) {
	plain, err := io.ReadAll(http.MaxBytesReader(w, c.Body, s.MaxBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &tooLarge{fmt.Sprintf("the state of %s is larger than %d MiB", c.key, s.MaxBytes>>20)}
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "the state of %s did not arrive whole: %w", c.key, err)
	}
	if sum := c.Header.Get("Content-MD5"); sum != "" && sum != checksum(plain) {
		return nil, aloft.Errorf(aloft.CodeInvalid, "the state of %s was changed on its way: its checksum differs", c.key)
	}
	return plain, nil
}

func checksum(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

var statuses = map[aloft.Code]int{
	aloft.CodeInvalid:     http.StatusBadRequest,
	aloft.CodeNotFound:    http.StatusNotFound,
	aloft.CodeConflict:    http.StatusConflict,
	aloft.CodeForbidden:   http.StatusUnauthorized,
	aloft.CodeUnavailable: http.StatusServiceUnavailable,
}

type tooLarge struct{ text string }

func (e *tooLarge) Error() string { return e.text }

// refuse answers with an error as plain text.
func refuse(w http.ResponseWriter, err error) {
	status, ok := statuses[aloft.ErrorCode(err)]
	if !ok {
		status = http.StatusInternalServerError
	}
	if _, large := errors.AsType[*tooLarge](err); large {
		status = http.StatusRequestEntityTooLarge
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="aloft"`)
	}
	text := err.Error()
	if hint := aloft.ErrorHint(err); hint != "" {
		text += "\n" + hint
	}
	http.Error(w, strings.ToValidUTF8(text, "?"), status)
}
