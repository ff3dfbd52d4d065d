package provider_test

import (
	"context"
	"maps"
	"sync"

	"github.com/aloft-dev/aloft"
)

// world is a server that keeps everything in memory.
type world struct {
	mu        sync.Mutex
	groups    map[string]bool
	slots     map[string]aloft.Slot
	databases map[string]aloft.Database
	port      int
	fail      error // of every call that changes something
	changes   []string
}

func newWorld() *world {
	return &world{groups: map[string]bool{}, slots: map[string]aloft.Slot{}, databases: map[string]aloft.Database{}, port: 5432}
}

// behind looks at or changes the world behind Terraform's back.
func (w *world) behind(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

func absent(what string) error {
	return aloft.Errorf(aloft.CodeNotFound, "%s does not exist", what)
}

// change notes a call that changes something.
func (w *world) change(what string) error {
	w.changes = append(w.changes, what)
	return w.fail
}

func (w *world) PutGroup(_ context.Context, key aloft.EnvironmentKey) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put group " + key.String()); err != nil {
		return "", err
	}
	w.groups[key.String()] = true
	return groupURL(key), nil
}

func groupURL(key aloft.EnvironmentKey) string {
	return "http://" + key.Environment + "." + key.Project + ".localhost:8090"
}

func (w *world) Group(_ context.Context, key aloft.EnvironmentKey) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.groups[key.String()] {
		return "", absent(key.String())
	}
	return groupURL(key), nil
}

func (w *world) DeleteGroup(_ context.Context, key aloft.EnvironmentKey) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.groups, key.String())
	return w.change("delete group " + key.String())
}

func (w *world) PutSlot(_ context.Context, slot aloft.Slot) (aloft.Slot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put app " + slot.EnvironmentKey.String() + "/" + slot.App); err != nil {
		return slot, err
	}
	if !w.groups[slot.EnvironmentKey.String()] {
		return slot, absent("environment " + slot.EnvironmentKey.String())
	}
	slot.URL = "http://" + slot.App + "." + slot.Environment + "." + slot.Project + ".localhost:8090"
	slot.Variables = maps.Clone(slot.Variables)
	w.slots[slot.EnvironmentKey.String()+"/"+slot.App] = slot
	return slot, nil
}

func (w *world) Slot(_ context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slot, ok := w.slots[key.String()+"/"+app]
	if !ok {
		return slot, absent(app)
	}
	return slot, nil
}

func (w *world) DeleteSlot(_ context.Context, key aloft.EnvironmentKey, app string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.slots, key.String()+"/"+app)
	return w.change("delete app " + key.String() + "/" + app)
}

const password = "s3cret-passw0rd"

func (w *world) PutDatabase(_ context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put database " + key.String() + "/" + name); err != nil {
		return aloft.Database{}, err
	}
	w.databases[key.String()+"/"+name] = aloft.Database{
		EnvironmentKey: key, Name: name, Database: "db_" + name, Username: "u_" + name, Password: password, Host: "127.0.0.1",
	}
	return w.database(key, name)
}

func (w *world) database(key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	d, ok := w.databases[key.String()+"/"+name]
	if !ok {
		return d, absent(name)
	}
	d.Port = w.port
	d.URL = "postgresql://" + d.Username + ":" + d.Password + "@127.0.0.1/" + d.Database
	return d, nil
}

func (w *world) Database(_ context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.database(key, name)
}

func (w *world) DeleteDatabase(_ context.Context, key aloft.EnvironmentKey, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.databases, key.String()+"/"+name)
	return w.change("delete database " + key.String() + "/" + name)
}

// done returns what was changed since the last call.
func (w *world) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.changes
	w.changes = nil
	return list
}
