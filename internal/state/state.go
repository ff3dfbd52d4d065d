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
	"sync"

	aloft "github.com/aloft-dev/aloft"
)

// DefaultMaxBytes is how large a state may be, in bytes: 60 times the state of
// ten thousand resources, and less than a record can hold.
const DefaultMaxBytes = 512 << 20

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
	// TooLarge tells how to raise MaxBytes.
	TooLarge string
	// Tell says what the engines do not show: why a write was refused, who holds a
	// lock. runID is the run that it is about, 0 = none. nil = nobody hears of it.
	Tell func(key aloft.EnvironmentKey, runID int64, text string)
}

// Handler serves /state/{project}/{environment} to Terraform and OpenTofu: GET,
// POST (or PUT) and DELETE for the state, LOCK and UNLOCK for its lock.
func Handler(options Options) http.Handler {
	if options.MaxBytes == 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	if options.Tell == nil {
		options.Tell = func(aloft.EnvironmentKey, int64, string) {}
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
	refused sync.Map // EnvironmentKey → the lock that was refused last, and the one that is held
}

// call is a request that has passed the door.
type call struct {
	*http.Request
	key   aloft.EnvironmentKey
	runID int64
}

// who names the caller.
func (c call) who() string {
	if c.runID != 0 {
		return fmt.Sprintf("run %d", c.runID)
	}
	return "a person"
}

type handler func(w http.ResponseWriter, c call) error

// door checks names and caller, and answers errors.
func (s *server) door(serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := call{Request: r, key: aloft.EnvironmentKey{Project: r.PathValue("project"), Environment: r.PathValue("environment")}}
		err := c.key.Validate()
		if err == nil {
			if c.runID, err = s.Authorize(r, c.key); aloft.ErrorCode(err) == aloft.CodeForbidden {
				w.Header().Set("WWW-Authenticate", `Basic realm="aloft"`)
				refuse(w, err, http.StatusUnauthorized)
				return
			}
		}
		if err == nil {
			err = serve(w, c)
		}
		if err != nil {
			refuse(w, err, statusOf(err))
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
	err := s.put(c)
	if code := aloft.ErrorCode(err); code == aloft.CodeConflict || code == aloft.CodeInvalid || code == aloft.CodeNotFound {
		text := "the state is not taken: " + err.Error()
		if hint := aloft.ErrorHint(err); hint != "" {
			text += "; " + hint
		}
		s.Tell(c.key, c.runID, text)
	}
	return err
}

func (s *server) put(c call) error {
	plain, err := s.body(c)
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
		return false, lock.Held(c.key)
	}
	return true, nil
}

// delete lets a person delete a state that holds nothing. A run's is deleted by
// Aloft, once all of it is destroyed.
func (s *server) delete(_ http.ResponseWriter, c call) error {
	if c.runID != 0 {
		return aloft.Errorf(aloft.CodeForbidden, "run %d may not delete the state of %s", c.runID, c.key).
			WithHint("Aloft deletes it when the environment is destroyed")
	}
	lock, err := s.Store.StateLock(c.Context(), c.key)
	if err == nil && lock.ID != c.URL.Query().Get("ID") {
		return lock.Held(c.key)
	}
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	newest, _, err := s.Store.State(c.Context(), c.key, 0)
	switch {
	case aloft.ErrorCode(err) == aloft.CodeNotFound:
		return nil
	case err != nil:
		return err
	case newest.Resources == aloft.UnknownResources:
		return aloft.Errorf(aloft.CodeConflict, "the state of %s is encrypted: nobody here knows what it holds", c.key).
			WithHint("destroy the environment: aloft destroy %s", c.key.Environment)
	}
	return s.Store.DeleteState(c.Context(), c.key)
}

// body reads a request's state and compares it with the checksum that came along.
func (s *server) body(c call) ([]byte, error) {
	plain, err := io.ReadAll(io.LimitReader(c.Body, s.MaxBytes+1))
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "the state of %s did not arrive whole: %w", c.key, err)
	}
	if int64(len(plain)) > s.MaxBytes {
		_, _ = io.CopyN(io.Discard, c.Body, s.MaxBytes) // who is still sending would not hear the answer
		return nil, &tooLarge{aloft.Errorf(aloft.CodeInvalid, "the state of %s is larger than %d MiB", c.key, s.MaxBytes>>20).
			WithHint("%s", s.TooLarge)}
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
	aloft.CodeForbidden:   http.StatusForbidden,
	aloft.CodeUnavailable: http.StatusServiceUnavailable,
}

// tooLarge is the error of a state above the limit.
type tooLarge struct{ cause *aloft.Error }

func (e *tooLarge) Error() string { return e.cause.Error() }

// Unwrap returns what the error says.
func (e *tooLarge) Unwrap() error { return e.cause }

func statusOf(err error) int {
	if _, large := errors.AsType[*tooLarge](err); large {
		return http.StatusRequestEntityTooLarge
	}
	if status, ok := statuses[aloft.ErrorCode(err)]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// refuse answers with an error as plain text.
func refuse(w http.ResponseWriter, err error, status int) {
	text := err.Error()
	if hint := aloft.ErrorHint(err); hint != "" {
		text += "\n" + hint
	}
	http.Error(w, strings.ToValidUTF8(text, "?"), status)
}
