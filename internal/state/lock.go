package state

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"unicode"

	aloft "github.com/aloft-dev/aloft"
)

// Limits of what describes a lock, in bytes.
const (
	maxLock = 64 << 10
	maxID   = 200
)

func (s *server) lock(w http.ResponseWriter, c call) error {
	lock, err := readLock(w, c)
	if err != nil {
		return err
	}
	if lock.ID == "" || len(lock.ID) > maxID || strings.ContainsFunc(lock.ID, unicode.IsControl) {
		return aloft.Errorf(aloft.CodeInvalid, "the lock of %s needs an ID of 1 to %d printable bytes", c.key, maxID)
	}
	lock.RunID = c.runID
	holder, err := s.Store.LockState(c.Context(), c.key, lock)
	if aloft.ErrorCode(err) != aloft.CodeConflict {
		return err
	}
	if holder.ID == lock.ID {
		return nil // the client asks again when it has missed the answer
	}
	return tell(w, holder)
}

// unlock releases the lock that the body describes. Terraform's force-unlock sends
// no body: that releases any.
func (s *server) unlock(w http.ResponseWriter, c call) error {
	lock, err := readLock(w, c)
	if err != nil {
		return err
	}
	err = s.Store.UnlockState(c.Context(), c.key, lock.ID)
	switch aloft.ErrorCode(err) {
	case aloft.CodeNotFound:
		return nil
	case aloft.CodeConflict:
		return s.locked(c, err)
	}
	return err
}

// readLock reads a lock as the engines describe it; an empty body is a zero Lock.
func readLock(w http.ResponseWriter, c call) (aloft.Lock, error) {
	var lock aloft.Lock
	body, err := io.ReadAll(http.MaxBytesReader(w, c.Body, maxLock))
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &lock)
	}
	if err != nil {
		return lock, aloft.Errorf(aloft.CodeInvalid, "the lock of %s is not understood: %w", c.key, err)
	}
	return lock, nil
}

// tell answers 423 with the lock that is held, which the engines show.
func tell(w http.ResponseWriter, holder aloft.Lock) error {
	body, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusLocked)
	_, _ = w.Write(body) // a client that is gone needs no answer
	return nil
}

// locked explains that somebody else holds the lock.
func (s *server) locked(c call, cause error) error {
	holder, err := s.Store.StateLock(c.Context(), c.key)
	if err == nil {
		return heldBy(c.key, holder)
	}
	if cause != nil {
		return cause
	}
	return err
}

func heldBy(key aloft.EnvironmentKey, holder aloft.Lock) error {
	return aloft.Errorf(aloft.CodeConflict, "the state of %s is locked by %s since %s (%s, ID %s)",
		key, holder.Who, holder.Created.UTC().Format("2006-01-02 15:04:05 MST"), holder.Operation, holder.ID).
		WithHint("wait for it to end; if it cannot, aloft terraform %s -- force-unlock %s", key.Environment, holder.ID)
}
