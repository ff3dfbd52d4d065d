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
	creations map[string]string // by kind and id
	port      int
	fail      error // of every call that changes something
	changes   []string
}

func newWorld() *world {
	return &world{groups: map[string]bool{}, slots: map[string]aloft.Slot{}, databases: map[string]aloft.Database{},
		creations: map[string]string{}, port: 5432}
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

// claim makes something of a kind as a creation, or says whose it is.
func (w *world) claim(kind, id string, there bool, claim aloft.Claim) error {
	if there {
		if err := claim.Check(kind, id, w.creations[kind+id]); err != nil {
			return err
		}
	}
	w.creations[kind+id] = claim.Creation
	return nil
}

// has reports whether something is of a creation.
func (w *world) has(kind, id, creation string) bool {
	return aloft.SameCreation(w.creations[kind+id], creation)
}

// change notes a call that changes something.
func (w *world) change(what string) error {
	w.changes = append(w.changes, what)
	return w.fail
}

func (w *world) PutGroup(_ context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put group " + key.String()); err != nil {
		return aloft.Group{}, err
	}
	if err := w.claim("aloft_environment", key.String(), w.groups[key.String()], claim); err != nil {
		return aloft.Group{}, err
	}
	w.groups[key.String()] = true
	return aloft.Group{URL: groupURL(key), Creation: claim.Creation}, nil
}

func groupURL(key aloft.EnvironmentKey) string {
	return "http://" + key.Environment + "." + key.Project + ".localhost:8090"
}

func (w *world) Group(_ context.Context, key aloft.EnvironmentKey) (aloft.Group, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.groups[key.String()] {
		return aloft.Group{}, absent(key.String())
	}
	return aloft.Group{URL: groupURL(key), Creation: w.creations["aloft_environment"+key.String()]}, nil
}

func (w *world) DeleteGroup(_ context.Context, key aloft.EnvironmentKey, creation string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.has("aloft_environment", key.String(), creation) {
		return nil
	}
	delete(w.groups, key.String())
	return w.change("delete group " + key.String())
}

func (w *world) PutSlot(_ context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put app " + slot.EnvironmentKey.String() + "/" + slot.App); err != nil {
		return slot, err
	}
	if !w.groups[slot.EnvironmentKey.String()] {
		return slot, absent("environment " + slot.EnvironmentKey.String())
	}
	id := slot.EnvironmentKey.String() + "/" + slot.App
	_, there := w.slots[id]
	if err := w.claim("aloft_app", id, there, claim); err != nil {
		return slot, err
	}
	slot.Creation = claim.Creation
	slot.URL = "http://" + slot.App + "." + slot.Environment + "." + slot.Project + ".localhost:8090"
	slot.Variables = maps.Clone(slot.Variables)
	w.slots[id] = slot
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

func (w *world) DeleteSlot(_ context.Context, key aloft.EnvironmentKey, app, creation string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.has("aloft_app", key.String()+"/"+app, creation) {
		return nil
	}
	delete(w.slots, key.String()+"/"+app)
	return w.change("delete app " + key.String() + "/" + app)
}

const password = "s3cret-passw0rd"

func (w *world) PutDatabase(_ context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.change("put database " + key.String() + "/" + name); err != nil {
		return aloft.Database{}, err
	}
	_, there := w.databases[key.String()+"/"+name]
	if err := w.claim("aloft_postgresql", key.String()+"/"+name, there, claim); err != nil {
		return aloft.Database{}, err
	}
	w.databases[key.String()+"/"+name] = aloft.Database{
		EnvironmentKey: key, Name: name, Database: "db_" + name, Username: "u_" + name, Password: password, Host: "127.0.0.1",
		Creation: claim.Creation,
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

func (w *world) DeleteDatabase(_ context.Context, key aloft.EnvironmentKey, name, creation string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.has("aloft_postgresql", key.String()+"/"+name, creation) {
		return nil
	}
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
