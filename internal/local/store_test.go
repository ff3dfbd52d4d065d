package local_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/aloft-dev/aloft"
)

// memory keeps records as the store does, until the test ends.
type memory struct {
	mu       sync.Mutex
	releases []aloft.Release // oldest first
	groups   map[aloft.EnvironmentKey]string
	slots    map[aloft.EnvironmentKey]map[string]aloft.Slot
	refuse   bool // to add releases
}

func newMemory() *memory {
	return &memory{groups: map[aloft.EnvironmentKey]string{}, slots: map[aloft.EnvironmentKey]map[string]aloft.Slot{}}
}

func (m *memory) AddRelease(ctx context.Context, release aloft.Release) (aloft.Release, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse {
		return release, errors.New("the disk is full")
	}
	release.Number = 1
	for i, r := range m.releases {
		if r.EnvironmentKey != release.EnvironmentKey || r.App != release.App {
			continue
		}
		release.Number = r.Number + 1
		if release.Status == aloft.ReleaseActive && r.Status == aloft.ReleaseActive {
			m.releases[i].Status = aloft.ReleaseRetired
		}
	}
	m.releases = append(m.releases, release)
	return release, ctx.Err()
}

func (m *memory) WithdrawRelease(_ context.Context, key aloft.EnvironmentKey, app string, as aloft.ReleaseStatus, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, r := range m.releases {
		if r.EnvironmentKey == key && r.App == app && r.Status == aloft.ReleaseActive {
			m.releases[i].Status, m.releases[i].Reason = as, reason
		}
	}
	return nil
}

func (m *memory) Releases(_ context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []aloft.Release
	for _, r := range slices.Backward(m.releases) {
		if r.EnvironmentKey == key {
			list = append(list, r)
		}
	}
	return list, nil
}

func (m *memory) DeleteReleases(_ context.Context, key aloft.EnvironmentKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.releases = slices.DeleteFunc(m.releases, func(r aloft.Release) bool { return r.EnvironmentKey == key })
	return nil
}

func (m *memory) PutGroup(_ context.Context, key aloft.EnvironmentKey, creation string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups[key] = creation
	return nil
}

func (m *memory) GroupCreation(_ context.Context, key aloft.EnvironmentKey) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	creation, ok := m.groups[key]
	if !ok {
		return "", aloft.Errorf(aloft.CodeNotFound, "there is no group of %s", key)
	}
	return creation, nil
}

func (m *memory) DeleteGroup(_ context.Context, key aloft.EnvironmentKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, key)
	return nil
}

func (m *memory) PutSlot(_ context.Context, slot aloft.Slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.slots[slot.EnvironmentKey] == nil {
		m.slots[slot.EnvironmentKey] = map[string]aloft.Slot{}
	}
	m.slots[slot.EnvironmentKey][slot.App] = slot
	return nil
}

func (m *memory) Slot(_ context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slot, ok := m.slots[key][app]
	if !ok {
		return slot, aloft.Errorf(aloft.CodeNotFound, "there is no app %s in %s", app, key)
	}
	return slot, nil
}

func (m *memory) Slots(_ context.Context, key aloft.EnvironmentKey) ([]aloft.Slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []aloft.Slot
	for _, slot := range m.slots[key] {
		list = append(list, slot)
	}
	slices.SortFunc(list, func(a, b aloft.Slot) int { return strings.Compare(a.App, b.App) })
	return list, nil
}

func (m *memory) DeleteSlot(_ context.Context, key aloft.EnvironmentKey, app string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.slots[key][app]; !ok {
		return aloft.Errorf(aloft.CodeNotFound, "there is no app %s in %s", app, key)
	}
	delete(m.slots[key], app)
	return nil
}

func (m *memory) PutDatabase(context.Context, aloft.Database) error { return nil }

func (m *memory) Database(context.Context, aloft.EnvironmentKey, string) (aloft.Database, error) {
	return aloft.Database{}, aloft.Errorf(aloft.CodeNotFound, "there is no database")
}

func (m *memory) Databases(context.Context, aloft.EnvironmentKey) ([]aloft.Database, error) {
	return nil, nil
}

func (m *memory) DeleteDatabase(context.Context, aloft.EnvironmentKey, string) error { return nil }
