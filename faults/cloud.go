package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// thing is what the fake cloud holds. The cloud chooses its ID, anew for each
// that is created. A name is good for one thing of an environment, as in a
// resource group of Azure: whoever creates it again is told the ID of the one
// that is there.
type thing struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Environment string `json:"environment"`
	Size        int64  `json:"size"`
}

// cloud is a fake cloud. Its things take time to be created, changed and
// deleted. A creation whose caller has gone away before it is done is not
// carried out, so that what exists has been told to somebody. With twins, it is
// a cloud in which a name is good for many: what is made twice is there twice.
type cloud struct {
	url  string
	http *http.Server

	mu       sync.Mutex
	things   map[string]thing
	random   *mathrand.Rand
	fastest  time.Duration
	slowest  time.Duration
	twins    bool
	frozen   chan struct{}  // closed by thaw; nil = not frozen
	until    map[string]int // by environment: how many more creations freeze it by themselves
	turns    int            // how often it was frozen or thawed
	watchers []chan<- thing
}

// openCloud starts a cloud on a free port of loopback.
func openCloud(random *mathrand.Rand) (*cloud, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cloud{
		url: "http://" + listener.Addr().String(), things: map[string]thing{}, random: random,
		fastest: time.Millisecond, slowest: 10 * time.Millisecond,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /things", c.create)
	mux.HandleFunc("GET /things", c.list)
	mux.HandleFunc("GET /things/{id}", c.read)
	mux.HandleFunc("PUT /things/{id}", c.update)
	mux.HandleFunc("DELETE /things/{id}", c.delete)
	c.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = c.http.Serve(listener) }()
	return c, nil
}

func (c *cloud) close() error { return c.http.Close() }

// pace sets how long a creation takes: at random between the two.
func (c *cloud) pace(fastest, slowest time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fastest, c.slowest = fastest, slowest
}

// allowTwins sets whether a name is good for more than one thing.
func (c *cloud) allowTwins(allow bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.twins = allow
}

// freeze holds back the changes that are not done yet, until thaw: then their
// callers are cut off, and they are not carried out. So there is a moment in
// which a killed caller leaves nothing that it was not told of.
func (c *cloud) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.freezeNow()
}

// freezeAfter freezes as soon as that many more things of an environment have
// been created, or freeze is called.
func (c *cloud) freezeAfter(environment string, many int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = map[string]int{environment: many}
}

func (c *cloud) isFrozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen != nil
}

func (c *cloud) freezeNow() {
	c.until = nil
	if c.frozen == nil {
		c.frozen = make(chan struct{})
		c.turns++
	}
}

func (c *cloud) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
		c.turns++
	}
}

// watch sends each thing that is created from now on, until ctx ends.
func (c *cloud) watch(ctx context.Context) <-chan thing {
	created := make(chan thing, 1000)
	c.mu.Lock()
	c.watchers = append(c.watchers, created)
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.watchers = slices.DeleteFunc(c.watchers, func(w chan<- thing) bool { return w == created })
	})
	return created
}

// of returns the things of an environment ("" = of all), by name.
func (c *cloud) of(environment string) []thing {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []thing{}
	for _, t := range c.things {
		if environment == "" || t.Environment == environment {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b thing) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return list
}

// forget removes things, as a person would by hand.
func (c *cloud) forget(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.things, id)
	}
}

// work takes the time that a change takes; it fails when the caller goes away.
func (c *cloud) work(ctx context.Context) error {
	c.mu.Lock()
	took, turns := c.fastest, c.turns
	if spread := c.slowest - c.fastest; spread > 0 {
		took += time.Duration(c.random.Int64N(int64(spread)))
	}
	c.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	frozen, cut := c.frozen, c.turns != turns
	c.mu.Unlock()
	if frozen != nil {
		select {
		case <-frozen:
		case <-ctx.Done():
		}
	}
	if frozen != nil || cut {
		return errCutOff
	}
	return ctx.Err()
}

var errCutOff = errors.New("the cloud was frozen")

func (c *cloud) create(w http.ResponseWriter, r *http.Request) {
	var t thing
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if t.Size < 0 {
		http.Error(w, "a thing has no negative size", http.StatusUnprocessableEntity)
		return
	}
	if c.work(r.Context()) != nil {
		panic(http.ErrAbortHandler) // no answer
	}
	c.mu.Lock()
	for _, other := range c.things {
		if other.Name == t.Name && other.Environment == t.Environment && !c.twins {
			c.mu.Unlock()
			answer(w, http.StatusConflict, other)
			return
		}
	}
	t.ID = "thing-" + strings.ToLower(rand.Text()[:12])
	c.things[t.ID] = t
	if many, counted := c.until[t.Environment]; counted && many <= 1 {
		c.freezeNow()
	} else if counted {
		c.until[t.Environment]--
	}
	for _, watcher := range c.watchers {
		select {
		case watcher <- t:
		default: // who does not look any more needs no word
		}
	}
	c.mu.Unlock()
	answer(w, http.StatusCreated, t)
}

func (c *cloud) list(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, c.of(r.URL.Query().Get("environment")))
}

func (c *cloud) find(id string) (thing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.things[id]
	if !ok {
		return t, errors.New("there is no " + id)
	}
	return t, nil
}

func (c *cloud) read(w http.ResponseWriter, r *http.Request) {
	t, err := c.find(r.PathValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, t)
}

func (c *cloud) update(w http.ResponseWriter, r *http.Request) {
	var wanted thing
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if c.work(r.Context()) != nil {
		panic(http.ErrAbortHandler) // no answer
	}
	wanted.ID = r.PathValue("id")
	c.mu.Lock()
	_, ok := c.things[wanted.ID]
	if ok {
		c.things[wanted.ID] = wanted
	}
	c.mu.Unlock()
	if !ok {
		http.Error(w, "there is no "+wanted.ID, http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, wanted)
}

func (c *cloud) delete(w http.ResponseWriter, r *http.Request) {
	if c.work(r.Context()) != nil {
		panic(http.ErrAbortHandler) // no answer
	}
	c.forget(r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that is gone needs no answer
}
