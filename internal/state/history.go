package state

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

// History shows and restores the versions of states.
type History struct {
	store  aloft.StateStore
	sealer *aloft.Sealer
}

// NewHistory returns the history of the states in store, which sealer sealed.
func NewHistory(store aloft.StateStore, sealer *aloft.Sealer) *History {
	return &History{store: store, sealer: sealer}
}

// Versions returns the versions that are kept of an environment's state, newest
// first.
func (h *History) Versions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return h.store.StateVersions(ctx, key)
}

// Aside returns the versions that were deleted or refused a while ago, newest
// first. They can be read and restored like the others.
func (h *History) Aside(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	return h.store.StatesAside(ctx, key)
}

// Lock returns the lock of a state. One that nobody has locked is CodeNotFound.
func (h *History) Lock(ctx context.Context, key aloft.EnvironmentKey) (aloft.Lock, error) {
	return h.store.StateLock(ctx, key)
}

// Read returns a version of a state as Terraform wrote it; 0 is the newest. A
// version that is not kept is CodeNotFound.
func (h *History) Read(ctx context.Context, key aloft.EnvironmentKey, version int64) ([]byte, error) {
	_, sealed, err := h.store.State(ctx, key, version)
	if err != nil {
		return nil, err
	}
	return h.sealer.Open(sealed, key.StateKey())
}

// Restore makes an earlier version, also one that is kept aside, the newest again, as a new version whose
// serial is higher than any before; nothing is lost. Only the state changes: what
// was made since then is not known to Terraform any more. A version that is not
// kept is CodeNotFound. While the state is locked it is CodeConflict.
func (h *History) Restore(ctx context.Context, key aloft.EnvironmentKey, version int64) (restored aloft.StateVersion, err error) {
	if version <= 0 {
		return restored, aloft.Errorf(aloft.CodeInvalid, "%d is not the number of a version", version)
	}
	lock := aloft.Lock{
		ID: rand.Text(), Operation: "restore", Info: fmt.Sprintf("version %d", version), Who: "aloft", Created: time.Now().UTC(), Path: key.StateKey(),
	}
	holder, err := h.store.LockState(ctx, key, lock)
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return restored, holder.Held(key)
	}
	if err != nil {
		return restored, err
	}
	defer func() {
		if _, unlockErr := h.store.UnlockState(context.WithoutCancel(ctx), key, lock.ID, 0); err == nil {
			err = unlockErr
		}
	}()
	return h.putAgain(ctx, key, version, lock.ID)
}

func (h *History) putAgain(ctx context.Context, key aloft.EnvironmentKey, version int64, lockID string) (aloft.StateVersion, error) {
	plain, err := h.Read(ctx, key, version)
	if err != nil {
		return aloft.StateVersion{}, err
	}
	again, err := parse(plain)
	if err != nil {
		return again, err
	}
	highest := again.Serial
	versions, err := h.store.StateVersions(ctx, key)
	if err != nil {
		return again, err
	}
	for _, kept := range versions {
		highest = max(highest, kept.Serial)
	}
	if plain, err = withSerial(plain, highest+1); err != nil {
		return again, err
	}
	if again, err = parse(plain); err != nil {
		return again, err
	}
	again.EnvironmentKey = key
	return h.store.RestoreState(ctx, again, h.sealer.Seal(plain, key.StateKey()), lockID)
}
