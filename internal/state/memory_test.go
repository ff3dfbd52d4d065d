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
	aside    map[aloft.EnvironmentKey][]kept
	running  map[int64]bool  // runs that are running
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

// runs tells whether a run is running.
func (m *memory) runs(id int64, running bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[id] = running
}

func newMemory() *memory {
	return &memory{
		versions: map[aloft.EnvironmentKey][]kept{}, aside: map[aloft.EnvironmentKey][]kept{},
		locks: map[aloft.EnvironmentKey]aloft.Lock{}, running: map[int64]bool{},
	}
}

var errMissing = aloft.Errorf(aloft.CodeNotFound, "there is none")

func (m *memory) PutState(_ context.Context, version aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest aloft.StateVersion
	if list := m.versions[version.EnvironmentKey]; len(list) > 0 {
		newest = list[len(list)-1].StateVersion
	}
	if err := version.CheckWrite(lockID, m.locks[version.EnvironmentKey], newest); err != nil {
		version.Version, version.Aside = m.next(version.EnvironmentKey), err.Error()
		m.aside[version.EnvironmentKey] = append(m.aside[version.EnvironmentKey], kept{version, slices.Clone(sealed)})
		return version, err
	}
	return m.add(version, sealed), nil
}

func (m *memory) RestoreState(_ context.Context, version aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := version.CheckWrite(lockID, m.locks[version.EnvironmentKey], aloft.StateVersion{}); err != nil {
		return version, err
	}
	return m.add(version, sealed), nil
}

func (m *memory) next(key aloft.EnvironmentKey) int64 {
	return int64(len(m.versions[key]) + len(m.aside[key]) + 1)
}

func (m *memory) add(version aloft.StateVersion, sealed []byte) aloft.StateVersion {
	version.Version = m.next(version.EnvironmentKey)
	m.versions[version.EnvironmentKey] = append(m.versions[version.EnvironmentKey], kept{version, slices.Clone(sealed)})
	return version
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
	for _, k := range m.aside[key] {
		if k.Version == version {
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

func (m *memory) StatesAside(_ context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var versions []aloft.StateVersion
	for _, k := range slices.Backward(m.aside[key]) {
		versions = append(versions, k.StateVersion)
	}
	return versions, nil
}

func (m *memory) DeleteState(ctx context.Context, key aloft.EnvironmentKey) error {
	if newest, _, err := m.State(ctx, key, 0); err == nil && newest.Resources > 0 {
		return aloft.Errorf(aloft.CodeConflict, "it holds %d resources", newest.Resources)
	}
	return m.DiscardState(ctx, key)
}

func (m *memory) DiscardState(_ context.Context, key aloft.EnvironmentKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.versions[key] {
		k.Aside = aloft.StateDeleted
		m.aside[key] = append(m.aside[key], k)
	}
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

func (m *memory) UnlockState(_ context.Context, key aloft.EnvironmentKey, id string, runID int64) (aloft.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lock, ok := m.locks[key]
	switch {
	case !ok:
		return lock, errMissing
	case id != "" && lock.ID != id, runID != 0 && lock.RunID != runID, runID != lock.RunID && m.running[lock.RunID]:
		return lock, lock.Held(key)
	}
	delete(m.locks, key)
	return lock, nil
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
