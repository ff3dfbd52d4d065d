package state_test

import (
	"cmp"
	"context"
	"slices"
	"sync"

	aloft "github.com/aloft-dev/aloft"
)

// memory is an aloft.StateStore without a disk.
type memory struct {
	mu       sync.Mutex
	versions map[aloft.EnvironmentKey][]kept // oldest first
	locks    map[aloft.EnvironmentKey]aloft.Lock
	locked   chan aloft.Lock // see listen
}

type kept struct {
	aloft.StateVersion
	sealed []byte
}

// listen returns a channel that hears of each lock that is taken from now on.
func (m *memory) listen() <-chan aloft.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.locked = make(chan aloft.Lock, 10)
	return m.locked
}

func newMemory() *memory {
	return &memory{versions: map[aloft.EnvironmentKey][]kept{}, locks: map[aloft.EnvironmentKey]aloft.Lock{}}
}

var errMissing = aloft.Errorf(aloft.CodeNotFound, "there is none")

func (m *memory) PutState(_ context.Context, version aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lock, ok := m.locks[version.EnvironmentKey]; ok && lock.ID != lockID {
		return version, aloft.Errorf(aloft.CodeConflict, "locked")
	}
	list := m.versions[version.EnvironmentKey]
	version.Version = 1
	if n := len(list); n > 0 {
		version.Version = list[n-1].Version + 1
	}
	list = append(list, kept{version, slices.Clone(sealed)})
	m.versions[version.EnvironmentKey] = list[max(0, len(list)-aloft.StateVersionsKept):]
	return version, nil
}

func (m *memory) State(_ context.Context, key aloft.EnvironmentKey, version int64) (aloft.StateVersion, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.versions[key]
	for _, k := range slices.Backward(list) {
		if version == 0 || k.Version == version {
			return k.StateVersion, k.sealed, nil
		}
	}
	return aloft.StateVersion{}, nil, errMissing
}

func (m *memory) StateVersions(_ context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var versions []aloft.StateVersion
	for _, k := range m.versions[key] {
		versions = append(versions, k.StateVersion)
	}
	slices.SortFunc(versions, func(a, b aloft.StateVersion) int { return cmp.Compare(b.Version, a.Version) })
	return versions, nil
}

func (m *memory) DeleteState(_ context.Context, key aloft.EnvironmentKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.versions, key)
	delete(m.locks, key)
	return nil
}

func (m *memory) LockState(_ context.Context, key aloft.EnvironmentKey, lock aloft.Lock) (aloft.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if holder, ok := m.locks[key]; ok {
		return holder, aloft.Errorf(aloft.CodeConflict, "locked")
	}
	m.locks[key] = lock
	if m.locked != nil {
		m.locked <- lock
	}
	return lock, nil
}

func (m *memory) UnlockState(_ context.Context, key aloft.EnvironmentKey, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch lock, ok := m.locks[key]; {
	case !ok:
		return errMissing
	case id != "" && lock.ID != id:
		return aloft.Errorf(aloft.CodeConflict, "another lock")
	}
	delete(m.locks, key)
	return nil
}

func (m *memory) StateLock(_ context.Context, key aloft.EnvironmentKey) (aloft.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lock, ok := m.locks[key]; ok {
		return lock, nil
	}
	return aloft.Lock{}, errMissing
}

func (m *memory) UnlockRun(_ context.Context, runID int64) ([]aloft.EnvironmentKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []aloft.EnvironmentKey
	for key, lock := range m.locks {
		if lock.RunID == runID {
			keys = append(keys, key)
			delete(m.locks, key)
		}
	}
	return keys, nil
}
