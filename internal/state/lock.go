package state

import (
	"encoding/json"
	"fmt"
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
	if err == nil {
		s.refused.Delete(c.key)
	}
	if aloft.ErrorCode(err) != aloft.CodeConflict {
		return err
	}
	if holder.ID == lock.ID {
		return nil // the client asks again when it has missed the answer
	}
	refusal := [2]string{lock.ID, holder.ID}
	if before, _ := s.refused.Swap(c.key, refusal); before != refusal { // engines ask again and again
		s.Tell(c.key, c.runID, fmt.Sprintf("no lock for %s: %v", c.who(), holder.Held(c.key)))
	}
	return tell(w, holder)
}

// unlock releases the lock that the body describes. Terraform's force-unlock sends
// no body: that releases any which is not a living run's.
func (s *server) unlock(w http.ResponseWriter, c call) error {
	lock, err := readLock(w, c)
	if err != nil {
		return err
	}
	released, err := s.Store.UnlockState(c.Context(), c.key, lock.ID, c.runID)
	switch {
	case aloft.ErrorCode(err) == aloft.CodeNotFound:
		return nil
	case err != nil:
		s.Tell(c.key, c.runID, fmt.Sprintf("the lock is not opened for %s: %v", c.who(), err))
		return err
	case lock.Who == "": // an engine that opens its own lock tells all of it
		text := fmt.Sprintf("the lock of %s was opened by force: %v", c.key, released.Held(c.key))
		s.Tell(c.key, released.RunID, text)
		_, _ = fmt.Fprintln(w, text) // a client that is gone needs no answer
	}
	return nil
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
